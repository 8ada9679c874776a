//! Processes that are not as one expects them: the daemon records what it can, and stays well.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use trackway_protocol::row::LaunchRow;
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;
use trackway_tests::world::{copy_program, program};

use crate::stub;

/// A stub lives this long in milliseconds: long enough to be read.
const MS: u32 = 60;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(an_argument_of_128_kib_is_a_length);
    tests.add(arguments_that_are_no_text_reach_no_terminal);
    tests.add(a_directory_that_is_no_text_keeps_its_bytes);
    tests.add(a_name_with_brackets_and_spaces_is_read_right);
    tests.add(a_deleted_executable_is_a_launch);
    tests.add(a_deleted_directory_is_no_known_directory);
    tests.add(a_script_by_that_name_is_no_launch);
}

fn an_argument_of_128_kib_is_a_length() {
    let watch = stub::watch();
    let long = "s".repeat(128 * 1024 - 1);
    let row = run(&watch, stub::call(&watch.world, MS).args(["-p", &long]).arg(&long));
    let argv = row.argv.expect("the command line was read");
    assert_eq!(argv, ["claude", "-p", "<131071 bytes>", "<131071 bytes>"]);
    watch.no_trace_of(&["ssssssssssssssss"]);
}

fn arguments_that_are_no_text_reach_no_terminal() {
    let watch = stub::watch();
    let args: [&[u8]; 5] =
        [b"--model", b"\x1b]0;owned\x07\x1b[2J", b"--add-dir", b"/tmp/\xff\n\x1b[31m", b"\r\n\0"];
    let args = args.map(|arg| OsStr::from_bytes(arg.strip_suffix(b"\0").unwrap_or(arg)));
    run(&watch, stub::call(&watch.world, MS).args(args));
    for query in [&["launches"][..], &["dirs", "--all"], &["export"], &["launches", "--json"]] {
        let output = watch.daemon.ctl(query);
        let control = |byte: &&u8| byte.is_ascii_control() && **byte != b'\n';
        assert!(output.status.success(), "{query:?}");
        assert_eq!(output.stdout.iter().find(control), None, "{query:?}");
    }
}

fn a_directory_that_is_no_text_keeps_its_bytes() {
    let watch = stub::watch();
    let dir = watch.world.root().join(OsStr::from_bytes(b"a\xff\n\x1b[31m (deleted)"));
    fs::create_dir(&dir).expect("the world is ours");
    let stub = stub::path(&watch.world);
    let row = run(&watch, &mut stub::call_as(&stub, &dir, MS));
    let cwd = row.cwd.expect("the directory was read");
    assert!(cwd.ends_with("a\u{fffd}\n\u{1b}[31m (deleted)"), "{cwd:?}");
    let dirs = watch.dirs(row.id, "launch");
    assert_eq!(dirs, [std::path::PathBuf::from(cwd)]);
}

fn a_name_with_brackets_and_spaces_is_read_right() {
    let watch = stub::watch();
    let odd = watch.world.root().join("a) R 1 (claude");
    fs::create_dir(&odd).expect("the world is ours");
    // The name of the process is the name that it was called by, and stat has it in brackets.
    let link = odd.join("x) R 1 (y");
    trackway_tests::world::link(stub::path(&watch.world), &link);
    let row = run(&watch, stub::call_as(&link, &odd, MS).env("STUB_CODE", "7"));
    assert_eq!((row.exit_code, row.agent_version.as_deref()), (Some(7), Some(stub::VERSION)));
    let ours = std::process::id();
    assert_ne!(row.launcher.map(|launcher| launcher.pid), Some(1), "our pid is {ours}");
}

fn a_deleted_executable_is_a_launch() {
    let watch = stub::watch();
    let path = stub::path(&watch.world);
    let mut child = stub::call(&watch.world, 500).spawn().expect("the stub is there");
    fs::remove_file(&path).expect("the home is ours");
    child.wait().expect("it is our child");
    let launch = watch.wait_for_start(child.id());
    watch.wait_for_end(launch);
    let rows = watch.launches();
    assert_eq!(rows[0].exe.as_deref().map(str::as_bytes), Some(path.as_os_str().as_bytes()));
    assert_eq!(rows[0].exit_code, Some(0));
}

fn a_deleted_directory_is_no_known_directory() {
    let watch = stub::watch();
    let gone = watch.world.fresh("gone-");
    let script = r#"cd "$1" && rmdir "$1" && exec "$0" --continue"#;
    let mut shell = Command::new("/bin/sh");
    shell.args([OsStr::new("-c"), OsStr::new(script)]).arg(stub::path(&watch.world)).arg(&gone);
    let row = run(&watch, shell.env("STUB_MS", MS.to_string()));
    assert!(row.repo.is_none(), "{row:#?}");
    assert_eq!((row.exit_code, row.mode.as_deref()), (Some(0), Some("interactive")));
}

fn a_script_by_that_name_is_no_launch() {
    let watch = stub::watch();
    let fake = watch.world.home().join("claude");
    copy_program(&program("stub"), &fake);
    let status = stub::call_as(&fake, &watch.world.repo(), MS).status();
    assert!(status.expect("the copy is there").success());
    // The daemon takes events in order: when it has told of a later one, it would have told of this.
    run(&watch, &mut stub::call(&watch.world, MS));
    assert_eq!(watch.launches().len(), 1);
}

/// Runs a command to its end and returns the launch that it was.
fn run(watch: &Watch, command: &mut Command) -> LaunchRow {
    let mut child = command.spawn().expect("the stub is there");
    child.wait().expect("it is our child");
    let launch = watch.wait_for_start(child.id());
    watch.wait_for_end(launch);
    let rows = watch.daemon.launches();
    rows.into_iter().find(|row| row.id == launch).expect("it was recorded")
}
