//! Zones: what an agent does where none may be is an entry, once for each witness and way; what it
//! does elsewhere is none.
//!
//! There are other tests' agents in each daemon's sight. So every rule is about this world only: by
//! paths in it, or by remotes that no other world has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;
use trackway_protocol::ids::LaunchId;
use trackway_protocol::row::{ZoneCheckedRow, ZoneEntryRow, ZoneFile, ZoneTouchRow, ZonesStatus};
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{COMMIT, World, repository};

use crate::stub;

mod agents;
mod asking;
mod broken;
mod managed;
mod narrow;
mod places;

/// How long the daemon may take to notice a file, or to read what was written, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a program lives that only has to be somewhere, in milliseconds.
const MS: u32 = 200;

pub(crate) fn all(tests: &mut Tests) {
    agents::all(tests);
    places::all(tests);
    narrow::all(tests);
    managed::all(tests);
    broken::all(tests);
    asking::all(tests);
}

/// A rule with this name, and these keys besides.
fn zone(name: &str, keys: &str) -> String {
    format!("[[zone]]\nname = \"{name}\"\n{keys}\n")
}

/// Whose rules are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Machine,
    User,
}

impl Whose {
    fn path(self, world: &World) -> PathBuf {
        world.root().join(match self {
            Self::Machine => "managed/zones.toml",
            Self::User => "zones.toml",
        })
    }
}

/// A daemon with the stub and without rules, and a world that `furnish` changes first.
fn watch_without(furnish: impl FnOnce(&World)) -> Watch {
    let watch = stub::watch_in(furnish);
    assert_eq!(file(&watch, Whose::User).state, "missing");
    watch
}

/// The same with these rules of the user's, from the beginning.
fn watch_with(rules: &str, furnish: impl FnOnce(&World)) -> Watch {
    let watch = stub::watch_in(|world| {
        furnish(world);
        fs::write(Whose::User.path(world), world.tell(rules)).expect("the world is ours");
    });
    assert_eq!(file(&watch, Whose::User).state, "in-force");
    watch
}

/// How it is with zones.
fn status(watch: &Watch) -> ZonesStatus {
    watch.daemon.status().zones.expect("a daemon that knows zones says so")
}

fn file(watch: &Watch, whose: Whose) -> ZoneFile {
    let files = status(watch).files;
    let file = files.iter().find(|file| file.managed == (whose == Whose::Machine)).cloned();
    let file = file.unwrap_or_else(|| panic!("no such file: {files:#?}"));
    assert_eq!(Path::new(&file.path), whose.path(&watch.world));
    file
}

/// Waits until it is so with a file of rules.
#[track_caller]
fn settled(watch: &Watch, whose: Whose, is_so: impl Fn(&ZoneFile) -> bool) -> ZoneFile {
    let settled = || Some(file(watch, whose)).filter(&is_so);
    wait::until(PATIENCE, settled)
        .unwrap_or_else(|| panic!("{:#?}\n{}", file(watch, whose), watch.daemon.log()))
}

/// Has somebody's rules be these, and waits until they are in force.
#[track_caller]
fn put_rules(watch: &Watch, whose: Whose, rules: &str) {
    let before = file(watch, whose).since;
    save(&whose.path(&watch.world), watch.world.tell(rules));
    settled(watch, whose, |file| file.state == "in-force" && file.since > before);
}

/// Writes a file as editors save it: nobody ever sees half of it, nor that there is none.
fn save(path: &Path, text: impl AsRef<[u8]>) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("the world is ours");
    replace(path, &new);
}

/// Puts something in the place of another thing at one blow.
fn replace(path: &Path, by: &Path) {
    if path.symlink_metadata().is_err() {
        return fs::rename(by, path).expect("the world is ours");
    }
    renameat_with(CWD, by, CWD, path, RenameFlags::EXCHANGE).expect("both are there");
    let removed = if by.is_dir() { fs::remove_dir(by) } else { fs::remove_file(by) };
    removed.expect("it was ours");
}

/// Makes a directory, and returns it.
fn dir(path: impl AsRef<Path>) -> PathBuf {
    fs::create_dir_all(&path).expect("the world is ours");
    path.as_ref().to_owned()
}

/// A part of remotes that no other world's repository has.
fn id(world: &World) -> String {
    let name = world.root().file_name().expect("it has a name");
    name.to_string_lossy().to_lowercase().replace('.', "-")
}

/// Makes a repository at `root` with these remotes.
fn clone(root: &Path, remotes: &[(&str, &str)]) {
    repository(root);
    let remotes = remotes.iter();
    let remotes = remotes.map(|(name, url)| format!("[remote \"{name}\"]\n\turl = {url}\n"));
    let config = format!("[core]\n\trepositoryformatversion = 0\n{}", remotes.collect::<String>());
    fs::write(root.join(".git/config"), config).expect("the world is ours");
}

/// Adds a linked working tree at `root` to the repository at `main`.
fn worktree(main: &Path, root: &Path) {
    let name = root.file_name().expect("it has a name");
    let git = dir(main.join(".git/worktrees").join(name));
    dir(root);
    let files = [
        (git.join("HEAD"), format!("{COMMIT}\n")),
        (git.join("commondir"), "../..\n".to_owned()),
        (git.join("gitdir"), format!("{}\n", root.join(".git").display())),
        (root.join(".git"), format!("gitdir: {}\n", git.display())),
        (root.join("a.txt"), "one\ntwo\nthree\n".to_owned()),
    ];
    for (path, text) in files {
        fs::write(path, text).expect("the world is ours");
    }
}

/// Starts the stub in each of these directories, and waits until all is recorded.
fn launches_in(watch: &Watch, dirs: &[PathBuf]) -> Vec<LaunchId> {
    let call = |dir: &PathBuf| {
        let mut call = stub::call_as(&stub::path(&watch.world), dir, MS);
        call.spawn().expect("the stub is there")
    };
    let mut children: Vec<_> = dirs.iter().map(call).collect();
    let launches: Vec<_> = children.iter().map(|child| watch.wait_for_start(child.id())).collect();
    for (child, launch) in children.iter_mut().zip(&launches) {
        child.wait().expect("it is our child");
        watch.wait_for_end(*launch);
    }
    launches
}

/// Starts the stub in a directory, and waits until all is recorded.
fn launch_in(watch: &Watch, dir: &str) -> LaunchId {
    launches_in(watch, &[watch.world.tell(dir).into()])[0]
}

/// All entries, the first one first.
fn entries(watch: &Watch) -> Vec<ZoneEntryRow> {
    narrowed(watch, &[])
}

fn narrowed(watch: &Watch, args: &[&str]) -> Vec<ZoneEntryRow> {
    let mut rows: Vec<ZoneEntryRow> = watch.daemon.rows(&[&["zones", "entries"], args].concat());
    rows.sort_by_key(|row| row.seq);
    rows
}

/// The entries of a launch.
fn entries_of(watch: &Watch, launch: LaunchId) -> Vec<ZoneEntryRow> {
    let mut rows = entries(watch);
    rows.retain(|row| row.launch == Some(launch));
    rows
}

/// Starts the stub in each of these directories, and claims which zone that was an entry into, if
/// any, and that there was no other entry.
#[track_caller]
fn claim_zones(watch: &Watch, expected: &[(PathBuf, Option<&str>)]) -> Vec<ZoneEntryRow> {
    let before = entries(watch).len();
    let dirs: Vec<_> = expected.iter().map(|(dir, _)| dir.clone()).collect();
    let launches = launches_in(watch, &dirs);
    let rows = entries(watch).split_off(before);
    let told: BTreeSet<_> = rows
        .iter()
        .map(|row| (row.launch, row.zone.as_str(), row.how.as_str(), Path::new(&row.path)))
        .collect();
    // Of a path that is no UTF-8, rows have what can be shown.
    let shown: Vec<_> = dirs.iter().map(|dir| PathBuf::from(&*dir.to_string_lossy())).collect();
    let wanted = launches.iter().zip(expected).zip(&shown);
    let wanted: BTreeSet<_> = wanted
        .filter_map(|((launch, (_, zone)), dir)| Some((Some(*launch), (*zone)?, "launch", &**dir)))
        .collect();
    assert_eq!(told, wanted, "{rows:#?}\n{}", watch.daemon.log());
    assert_eq!(rows.len(), wanted.len(), "{rows:#?}");
    rows
}

/// What a check says.
#[derive(Debug)]
struct Check {
    code: Option<i32>,
    touches: Vec<ZoneTouchRow>,
    checked: ZoneCheckedRow,
    /// What it says to a person about its failure.
    said: String,
}

/// Asks for a check.
#[track_caller]
fn check(watch: &Watch, args: &[&str]) -> Check {
    let output = watch.daemon.ctl([&["zones", "check", "--json"], args].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let row =
        |line| serde_json::from_str::<Value>(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    let mut rows: Vec<Value> = text.lines().map(row).collect();
    let last = rows.pop().unwrap_or_else(|| panic!("it says nothing: {said}"));
    let touch = |row| serde_json::from_value(row).expect("it is a touch");
    let touches = rows.into_iter().map(touch).collect();
    let checked: ZoneCheckedRow =
        serde_json::from_value(last).expect("the last row says how it was");
    assert!(checked.checked, "{checked:#?}");
    Check { code: output.status.code(), touches, checked, said }
}
