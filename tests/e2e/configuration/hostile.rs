//! Files that are not as one expects them in the place of configuration: what cannot be read is said,
//! nothing waits for it, and when it can be read again it is.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use trackway_protocol::record::ConfigChanged;
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;
use trackway_tests::world::link;

use super::known::{FILES, Form, Known, PROFILE, SECOND, watch, watch_in};
use super::{last, put, rows, wait_for_change};

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_file_of_100_mib_is_unreadable);
    tests.add(a_file_of_brackets_is_unreadable);
    tests.add(a_file_with_nul_bytes_is_unreadable);
    tests.add(a_file_that_breaks_off_is_unreadable);
    tests.add(a_file_that_is_no_utf_8_is_unreadable);
    tests.add(a_key_that_is_there_twice_is_no_harm);
    tests.add(a_directory_is_unreadable);
    tests.add(a_pipe_is_unreadable);
    tests.add(a_device_is_unreadable);
    tests.add(a_link_to_itself_is_unreadable);
    tests.add(a_file_that_is_forbidden_is_unreadable);
    tests.add(what_is_unreadable_from_the_start_is_said);
}

/// How long a question may take, whatever lies in the files' place.
const AT_ONCE: Duration = Duration::from_secs(1);

fn is_parsed(form: Form) -> bool {
    matches!(form, Form::Json | Form::Toml)
}

/// Puts something else in the place of each file, and claims which of them are unreadable then.
fn spoil(put: impl Fn(&Path, Form), is_unreadable: impl Fn(Form) -> bool) {
    let watch = watch();
    let after = last(&watch);
    for known in &FILES {
        let path = known.place(&watch.world);
        fs::remove_file(&path).expect("it was written");
        put(&path, known.form);
    }
    answers_at_once(&watch);
    let unreadable: Vec<&Known> = FILES
        .iter()
        .filter(|known| is_unreadable(known.form))
        .filter(|it| is_there(&watch, it))
        .collect();
    for known in &unreadable {
        claim_unreadable(&watch, after, known);
    }
    answers_at_once(&watch);
    // The same when all of it is there at the start: what was said is not said again.
    watch.daemon.stop();
    watch.daemon.start_again();
    answers_at_once(&watch);
    let after = last(&watch);
    for known in &FILES {
        remove(&known.place(&watch.world));
        known.write(&watch.world, SECOND);
    }
    for known in unreadable {
        let changed = healed(&watch, after, known);
        assert!(changed.unreadable.is_none(), "{changed:#?}");
    }
}

#[track_caller]
fn answers_at_once(watch: &Watch) {
    let begin = Instant::now();
    assert!(watch.daemon.status().recording);
    let took = begin.elapsed();
    assert!(took < AT_ONCE, "{took:?}\n{}", watch.daemon.log());
}

/// A profile is whatever file has such a name: a directory is none.
fn is_there(watch: &Watch, known: &Known) -> bool {
    known.path != PROFILE || !known.place(&watch.world).is_dir()
}

#[track_caller]
fn claim_unreadable(watch: &Watch, after: u64, known: &Known) {
    let changed = wait_for_change(watch, after, known.path, |it| it.state == "unreadable");
    assert!(changed.unreadable.as_ref().is_some_and(|why| !why.is_empty()), "{changed:#?}");
    let rows = rows(watch, known.path);
    let is_said =
        rows.iter().any(|row| row.key == "@file" && row.after == Some("unreadable".into()));
    assert!(is_said, "{rows:#?}");
}

#[track_caller]
fn healed(watch: &Watch, after: u64, known: &Known) -> ConfigChanged {
    wait_for_change(watch, after, known.path, |changed| changed.state == "present")
}

fn remove(path: &Path) {
    let meta = fs::symlink_metadata(path).expect("it was put there");
    let removed = if meta.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
    removed.expect("the world is ours");
}

fn a_file_of_100_mib_is_unreadable() {
    // A hole takes no room on the disk.
    let hole = |path: &Path, _| {
        let file = File::create(path).expect("the world is ours");
        file.set_len(100 << 20).expect("a file may have holes");
    };
    spoil(hole, |form| form != Form::Secret);
}

fn a_file_of_brackets_is_unreadable() {
    let brackets = |path: &Path, form| {
        let begin = if form == Form::Toml { "a = " } else { "" };
        put(path, &format!("{begin}{}", "[".repeat(100_000)));
    };
    spoil(brackets, is_parsed);
}

fn a_file_with_nul_bytes_is_unreadable() {
    let text = |form| if form == Form::Toml { "a = \"b\"\n\0\0\n" } else { "{\"a\": \"b\"}\0\0\n" };
    spoil(|path, form| put(path, text(form)), is_parsed);
}

fn a_file_that_breaks_off_is_unreadable() {
    let text = |form| if form == Form::Toml { "a = [\n" } else { "{\"env\": {\"A\": \"" };
    spoil(|path, form| put(path, text(form)), is_parsed);
}

fn a_file_that_is_no_utf_8_is_unreadable() {
    let bytes: &[u8] = b"{\"a\": \"\xff\xfe\"}\na = \"\xff\"\n";
    let write = |path: &Path, _| fs::write(path, bytes).expect("the world is ours");
    spoil(write, is_parsed);
}

fn a_key_that_is_there_twice_is_no_harm() {
    let twice = |path: &Path, form| {
        let text = match form {
            Form::Toml => "model = \"a\"\nmodel = \"b\"\n",
            _ => r#"{"model": "a", "model": "b", "env": {"A": "a"}, "env": {"A": "b"}}"#,
        };
        put(path, text);
    };
    // Of JSON the last one counts, as it does for the agents; TOML has no such thing.
    spoil(twice, |form| form == Form::Toml);
}

fn a_directory_is_unreadable() {
    spoil(|path, _| fs::create_dir(path).expect("the world is ours"), |_| true);
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("coreutils has it").success());
}

fn a_pipe_is_unreadable() {
    spoil(|path, _| pipe(path), |_| true);
}

fn a_device_is_unreadable() {
    spoil(|path, _| link("/dev/zero", path), |_| true);
}

fn a_link_to_itself_is_unreadable() {
    spoil(|path, _| link(path, path), |_| true);
}

fn a_file_that_is_forbidden_is_unreadable() {
    let shut = |path: &Path, _| {
        put(path, "");
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("it is ours");
    };
    // Nothing is forbidden to root. What is never opened needs no permission.
    let is_root = rustix::process::geteuid().is_root();
    spoil(shut, |form| !is_root && form != Form::Secret);
}

fn what_is_unreadable_from_the_start_is_said() {
    let watch = watch_in(|world| {
        for (number, known) in FILES.iter().enumerate() {
            let path = known.place(world);
            fs::create_dir_all(path.parent().expect("it is below the root")).expect("it is ours");
            fs::remove_file(&path).ok();
            match number % 3 {
                0 => pipe(&path),
                1 => link("/dev/zero", &path),
                _ => link(&path, &path),
            }
        }
    });
    for known in &FILES {
        claim_unreadable(&watch, 0, known);
    }
    answers_at_once(&watch);
}
