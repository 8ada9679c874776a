//! The machine's configuration: what it sets is so, whatever the user's own says, and is told.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, program};

use crate::stub;

const PATIENCE: Duration = Duration::from_secs(20);
/// Whom no file of root's belongs to.
const SOMEBODY: u32 = 12_345;

const MACHINE: &str = "[ledger]\nkeep = \"30d\"\n[scope]\nexclude = [\"{root}/private\"]\n\
    [checkpoint]\ncopy-to = \"{root}/copies\"\n";
const USER: &str = "[ledger]\nkeep = \"forever\"\n[scope]\nexclude = [\"{other}\"]\n\
    [log]\nlevel = \"debug\"\n";

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_file_of_the_machine_that_others_can_write_is_refused);
    tests.add_as_root(what_the_machine_decides_counts_and_is_told);
    tests.add_as_root(a_file_that_turns_out_to_be_another_s_changes_nothing);
    tests.add_as_root(a_key_of_the_machine_that_is_misspelt_is_named);
}

/// Writes the machine's file.
fn install(world: &World, text: &str) {
    let dir = world.root().join("managed");
    fs::create_dir_all(&dir).expect("the world is ours");
    set_mode(&dir, 0o755);
    let path = dir.join("config.toml");
    fs::write(&path, world.tell(text)).expect("the world is ours");
    set_mode(&path, 0o644);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn save_user(world: &World, text: &str) {
    fs::write(world.root().join("config.toml"), world.tell(text)).expect("the world is ours");
}

/// Runs `trackwayd` without one that serves: `run` is to refuse.
fn trackwayd(world: &World, order: &str) -> Output {
    let at = |name: &str| world.root().join(name);
    let mut command = Command::new("timeout");
    command.arg("30").arg(program("trackwayd")).arg(order);
    command.arg("--managed-dir").arg(at("managed")).arg("--config").arg(at("config.toml"));
    command.arg("--state-dir").arg(at("state")).arg("--socket").arg(at("run/s"));
    command.env_clear().env("HOME", world.home()).env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::null()).output().expect("timeout is part of coreutils")
}

/// Claims that neither a check nor a start gets past the machine's file, and that both say why.
#[track_caller]
fn claim_refused(world: &World, words: &[&str]) {
    let path = world.root().join("managed/config.toml").display().to_string();
    for order in ["check-config", "run"] {
        let output = trackwayd(world, order);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{order}: {output:?}");
        for word in [&[&*path], words].concat() {
            assert!(said.contains(word), "{order}: {word:?} is not in: {said}");
        }
        assert_eq!(said.lines().count(), 1, "{order}: {said}");
    }
    assert!(!world.root().join("state/ledger.db").exists());
}

fn a_file_of_the_machine_that_others_can_write_is_refused() {
    let world = World::new();
    install(&world, MACHINE);
    let path = world.root().join("managed/config.toml");
    let uid = rustix::process::geteuid();
    if !uid.is_root() {
        // Whatever its mode, who is watched could change it.
        let owner = format!("it belongs to user {} and not to root", uid.as_raw());
        return claim_refused(&world, &[&owner]);
    }
    set_mode(&path, 0o666);
    claim_refused(&world, &["others than root (mode 0666)", "chmod go-w"]);
    set_mode(&path, 0o644);
    set_mode(&world.root().join("managed"), 0o777);
    claim_refused(&world, &["its directory can be written to", "mode 0777"]);
    set_mode(&world.root().join("managed"), 0o755);
    chown(&path, Some(SOMEBODY), None).expect("we are root");
    claim_refused(&world, &["it belongs to user 12345 and not to root"]);
}

fn what_the_machine_decides_counts_and_is_told() {
    let watch = stub::watch_in(|world| {
        fs::create_dir(world.root().join("private")).expect("the world is ours");
        fs::create_dir(world.root().join("copies")).expect("the world is ours");
        install(world, MACHINE);
        save_user(world, USER);
    });
    let status = watch.daemon.status();
    let by = watch.world.tell("({root}/managed/config.toml)");
    for key in ["ledger.keep", "scope.exclude", "checkpoint.copy-to"] {
        let told = status.managed.iter().find(|told| told.starts_with(key));
        assert!(told.is_some_and(|told| told.ends_with(&by)), "{key}: {:#?}", status.managed);
    }
    assert_eq!(status.managed.len(), 3, "{:#?}", status.managed);
    let ignored = ["line 2: ledger.keep", "line 4: scope.exclude"]
        .map(|key| watch.world.tell(&format!("{{root}}/config.toml, {key} does not count: ")));
    assert_eq!(status.config_notes.len(), 2, "{:#?}", status.config_notes);
    let check = text(&trackwayd(&watch.world, "check-config"));
    let doctor = watch.daemon.ctl(["doctor", "--json"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    for ignored in ignored {
        let is_told = status.config_notes.iter().any(|note| note.starts_with(&ignored));
        assert!(is_told, "{ignored}: {:#?}", status.config_notes);
        assert!(check.contains(&ignored), "{ignored}: {check}");
        assert!(doctor.contains(&ignored), "{ignored}: {doctor}");
    }
    // And it is so: what the user would leave out is kept, and what the machine does is not.
    let scope = status.scope.expect("one is set");
    assert_eq!(scope.exclude, [watch.world.tell("{root}/private")]);
    launch_in(&watch, "{root}/private");
    let kept = launch_in(&watch, "{other}");
    watch.wait_for_start(kept);
    assert_eq!(watch.launches().len(), 1, "{:#?}", watch.launches());
    let copied = || fs::read_dir(watch.world.root().join("copies")).ok()?.flatten().next();
    assert!(wait::until(PATIENCE, copied).is_some(), "it copies to where the machine wants it");
}

fn a_file_that_turns_out_to_be_another_s_changes_nothing() {
    let watch = stub::watch_in(|world| install(world, "[pause]\nmax = \"0\"\n"));
    let path = watch.world.root().join("managed/config.toml");
    chown(&path, Some(SOMEBODY), None).expect("we are root");
    let words = "it belongs to user 12345 and not to root";
    let said = || {
        let notes = watch.daemon.status().config_notes;
        notes.iter().any(|note| note.contains(words)).then_some(())
    };
    wait::until(PATIENCE, said)
        .unwrap_or_else(|| panic!("{:#?}", watch.daemon.status().config_notes));
    let doctor = watch.daemon.ctl(["doctor"]);
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    let pause = watch.daemon.ctl(["pause", "1h"]);
    let told = String::from_utf8_lossy(&pause.stderr).into_owned();
    assert_eq!(pause.status.code(), Some(1), "{told}");
    assert!(told.contains("the configuration forbids pauses (pause.max)"), "{told}");
}

fn a_key_of_the_machine_that_is_misspelt_is_named() {
    let world = World::new();
    install(&world, "[ledger]\nkep = \"30d\"\n");
    claim_refused(&world, &["line 2", "`kep`", "`keep`"]);
    install(&world, "[scop]\nexclude = []\n");
    claim_refused(&world, &["line 1", "`scop`", "`scope`"]);
    install(&world, "[scope]\nexclude = [\"private\"]\n");
    claim_refused(&world, &["line 2: scope.exclude[0] begins neither with / nor with ~/"]);
}

/// Runs a stub in a directory to its end; returns its pid.
fn launch_in(watch: &Watch, dir: &str) -> u32 {
    let mut stub = stub::call(&watch.world, 300);
    let mut child = stub.current_dir(watch.world.tell(dir)).spawn().expect("the stub runs");
    child.wait().expect("it is our child");
    child.id()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("it is text")
}
