//! The user's scope: of what lies outside of it nothing is kept but a count, and nothing is claimed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use trackway_protocol::ids::LaunchId;
use trackway_protocol::report::{Absence, Report};
use trackway_protocol::row::{FileRow, ScopeStatus};
use trackway_tests::harness::Tests;
use trackway_tests::transcript::Transcript;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use crate::stub;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn all(tests: &mut Tests) {
    tests.add(of_what_lies_outside_nothing_is_kept_but_a_count);
    tests.add(a_repository_is_left_out_by_its_remote);
    tests.add(only_what_is_included_is_kept);
    tests.add(no_absence_is_claimed_of_what_lies_outside);
    tests.add(a_scope_counts_for_what_comes_after_it);
}

/// Starts a daemon that has this scope from the beginning.
fn watch_with(scope: &str, furnish: impl FnOnce(&World)) -> Watch {
    stub::watch_in(|world| {
        furnish(world);
        set(world, scope);
    })
}

fn set(world: &World, scope: &str) {
    let config = world.root().join("config.toml");
    fs::write(config, world.tell(scope)).expect("the world is ours");
}

fn of_what_lies_outside_nothing_is_kept_but_a_count() {
    const OUTSIDE: [&str; 4] = ["planted-dir", "planted-file", "planted-model", "planted-prompt"];
    let dir = |world: &World| world.root().join("private/planted-dir");
    let watch = watch_with("[scope]\nexclude = [\"{root}/private\"]\n", |world| {
        let settings = dir(world).join(".claude/settings.json");
        fs::create_dir_all(settings.parent().expect("it is in a directory")).expect("it is ours");
        fs::write(settings, r#"{"model": "planted-model", "permissions": {"allow": ["Bash"]}}"#)
            .expect("the world is ours");
    });
    let (world, outside) = (&watch.world, dir(&watch.world));
    // More than are watched for changes, which would be told with where they are.
    for number in 0..4200 {
        fs::create_dir(outside.join(number.to_string())).expect("the world is ours");
    }
    let mut private = Transcript::begin(world, &world.root().join("private"), 1);
    private.read(&outside.join("planted-file.txt"));
    let before = left_out(&watch);
    launch_in(&watch, &outside);
    let inside = launch_in(&watch, &world.repo());
    watch.wait_for_start(inside);
    let mut session = Transcript::begin(world, &world.repo(), 2);
    session.read(&outside.join("planted-file.txt"));
    session.read(&world.repo().join("a.txt"));
    wait_for_file(&watch, &world.repo().join("a.txt"));
    // The launch's start and end, and what was read there by both sessions.
    let counted = || (left_out(&watch) >= before + 4).then_some(());
    wait::until(PATIENCE, counted).unwrap_or_else(|| panic!("{:#?}", watch.daemon.status().scope));
    assert_eq!(watch.launches().len(), 1, "{:#?}", watch.launches());
    let sessions: Vec<_> = watch.sessions().into_iter().map(|row| row.id).collect();
    assert_eq!(sessions, [session.id]);
    let said = text(&watch, &["status"]);
    assert!(said.contains("everywhere, not ") && said.contains("records left out"), "{said}");
    watch.no_trace_of(&OUTSIDE);
    // What was left out stands in the ledger as well, at the latest when the daemon stops.
    let counted = left_out(&watch);
    watch.daemon.stop();
    watch.daemon.start_again();
    assert!(left_out(&watch) >= counted);
    let gaps = watch.daemon.gaps();
    let gap = gaps.iter().find(|gap| gap.source == "scope");
    assert!(gap.is_some_and(|gap| gap.missed >= Some(counted)), "{gaps:#?}");
    watch.no_trace_of(&OUTSIDE);
}

fn a_repository_is_left_out_by_its_remote() {
    let watch = watch_with("[scope]\nexclude = [\"remote:git.example.com/team/*\"]\n", |_| {});
    launch_in(&watch, &watch.world.repo());
    launched_in(&watch, &watch.world.other());
    assert_eq!(watch.launches().len(), 1, "{:#?}", watch.launches());
    assert!(left_out(&watch) >= 1);
    let export = text(&watch, &["export", "--bare"]);
    assert!(!export.contains("team/widget"), "{export}");
}

fn only_what_is_included_is_kept() {
    let watch = watch_with("[scope]\ninclude = [\"{other}\"]\n", |_| {});
    let (world, repo) = (&watch.world, watch.world.repo());
    launch_in(&watch, &repo);
    launched_in(&watch, &world.other());
    let mut session = Transcript::begin(world, &world.other(), 1);
    session.read(&repo.join("a.txt"));
    session.read(&world.other().join("b.txt"));
    wait_for_file(&watch, &world.other().join("b.txt"));
    assert_eq!(files(&watch), [world.other().join("b.txt")]);
    assert_eq!(watch.launches().len(), 1, "{:#?}", watch.launches());
    // The user's own settings hold everywhere, and claude's name the projects that are trusted.
    let export = text(&watch, &["export", "--bare"]);
    let told = export.lines().filter(|line| !line.contains("\"config.changed\""));
    let told: Vec<_> = told.filter(|line| line.contains(&*repo.to_string_lossy())).collect();
    assert_eq!(told, [""; 0]);
}

fn no_absence_is_claimed_of_what_lies_outside() {
    let remote = "git.example.com/team/widget";
    let scope = "[scope]\nexclude = [\"{root}/private\", \"remote:git.example.com/team/*\"]\n";
    let watch = watch_with(scope, |world| {
        fs::create_dir(world.root().join("private")).expect("the world is ours");
    });
    let repo = watch.world.tell("{repo}");
    launched_in(&watch, &watch.world.other());
    let private = watch.world.tell("{root}/private");
    for place in [["--dir", &*private], ["--dir", &repo], ["--repo", remote]] {
        let ask = ["report", "--absence", place[0], place[1]];
        let output = watch.daemon.ctl(ask);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{place:?}: {said}");
        assert!(said.contains("lies outside of the scope that is set"), "{place:?}: {said}");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("lies outside of the scope"), "{place:?}: {told}");
        let output = watch.daemon.ctl(ask.iter().chain(&["--json"]));
        let absence: Absence = serde_json::from_slice(&output.stdout).expect("it is one row");
        assert_eq!((output.status.code(), absence.outside_scope), (Some(1), Some(true)));
    }
    let who = text(&watch, &["who", &private]);
    assert!(
        who.contains("A scope is set: of what lies outside of it, nothing is recorded"),
        "{who}"
    );
    let inside = watch.daemon.ctl(["report", "--absence", "--dir", &watch.world.tell("{home}")]);
    assert_eq!(inside.status.code(), Some(0), "{inside:?}");
    let told = String::from_utf8_lossy(&inside.stdout).into_owned();
    assert!(told.contains("scope that is set") || told.contains("A scope is set"), "{told}");
    let report = text(&watch, &["report", "--since", "1h", "--time-zone", "UTC"]);
    assert!(report.contains("A scope is set") || report.contains("scope that is set"), "{report}");
    launch_in(&watch, &watch.world.root().join("private"));
    let known = || {
        let output = watch.daemon.ctl(["report", "--json", "--since", "1h", "--time-zone", "UTC"]);
        let report: Report = serde_json::from_slice(&output.stdout).expect("it is one row");
        report.unknown.out_of_scope.filter(|left_out| *left_out > 0)
    };
    wait::until(PATIENCE, known).expect("a report counts what was just left out");
}

fn a_scope_counts_for_what_comes_after_it() {
    let watch = stub::watch();
    let repo = watch.world.repo();
    let first = launched_in(&watch, &repo);
    set(&watch.world, "[scope]\nexclude = [\"{repo}\"]\n");
    wait_for_scope(&watch, |scope| scope.exclude.len() == 1);
    launch_in(&watch, &repo);
    launched_in(&watch, &watch.world.other());
    set(&watch.world, "");
    wait_for_scope(&watch, |scope| scope.exclude.is_empty());
    let last = launched_in(&watch, &repo);
    let repo = repo.display().to_string();
    let launches = watch.launches().into_iter().filter(|row| row.cwd.as_ref() == Some(&repo));
    assert_eq!(launches.map(|row| row.id).collect::<Vec<_>>(), [first, last]);
}

fn wait_for_scope(watch: &Watch, is_it: impl Fn(&ScopeStatus) -> bool) {
    let told = || watch.daemon.status().scope.unwrap_or_default();
    wait::until(PATIENCE, || Some(told()).filter(&is_it))
        .unwrap_or_else(|| panic!("{:#?}\n{}", told(), watch.daemon.log()));
}

fn left_out(watch: &Watch) -> u64 {
    watch.daemon.status().scope.unwrap_or_default().left_out
}

/// Runs a stub in a directory to its end; returns its pid.
fn launch_in(watch: &Watch, dir: &Path) -> u32 {
    let mut stub = stub::call(&watch.world, 300);
    let mut child = stub.current_dir(dir).spawn().expect("the stub runs");
    child.wait().expect("it is our child");
    child.id()
}

fn launched_in(watch: &Watch, dir: &Path) -> LaunchId {
    watch.wait_for_start(launch_in(watch, dir))
}

/// The files of this world that were told, sorted.
fn files(watch: &Watch) -> Vec<PathBuf> {
    let rows: Vec<FileRow> = watch.daemon.rows(&["files"]);
    let ours = rows.into_iter().filter(|row| watch.is_ours(Some(&row.path)));
    let mut files: Vec<_> = ours.map(|row| PathBuf::from(row.path)).collect();
    files.sort();
    files
}

fn wait_for_file(watch: &Watch, file: &Path) {
    let told = || files(watch).iter().any(|told| told == file).then_some(());
    wait::until(PATIENCE, told)
        .unwrap_or_else(|| panic!("{:#?}\n{}", files(watch), watch.daemon.log()));
}

fn text(watch: &Watch, words: &[&str]) -> String {
    let output = watch.daemon.ctl(words);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it is text")
}
