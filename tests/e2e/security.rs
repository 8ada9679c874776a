//! Who may read what the daemon keeps, who may ask it, and what it refuses to trust.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, program};

use crate::stub;

/// Who is nobody else in these tests: as every Linux has it, and never a person.
const NOBODY: u32 = 65_534;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_directory_that_others_can_write_to_is_refused);
    tests.add(a_directory_that_is_none_of_its_own_is_refused);
    tests.add(a_configuration_that_others_can_write_is_refused);
    tests.add(whatever_umask_it_has_its_files_are_the_users_alone);
    tests.add(what_a_directory_is_called_forges_no_line_of_the_log);
    tests.add_as_root(what_belongs_to_another_user_is_refused);
    tests.add_as_root(another_user_is_not_answered);
    tests.add_as_root(a_socket_of_another_user_is_not_believed);
}

/// A daemon that is to refuse, and the places that it is given.
struct Refusal {
    world: World,
    state_dir: PathBuf,
    run_dir: PathBuf,
    config: PathBuf,
}

impl Refusal {
    fn new() -> Self {
        let world = World::new();
        let [above, state_dir, run_dir] =
            ["above", "above/state", "run"].map(|name| world.root().join(name));
        for dir in [&above, &state_dir, &run_dir] {
            fs::create_dir(dir).expect("the world is ours");
            set_mode(dir, 0o700);
        }
        let config = world.root().join("config.toml");
        fs::write(&config, "").expect("the world is ours");
        set_mode(&config, 0o600);
        Self { world, state_dir, run_dir, config }
    }

    /// Claims that the daemon does not start, and names `path` and all of `words`.
    fn names(&self, path: &Path, words: &[&str]) {
        let mut command = Command::new(program("trackwayd"));
        command.arg("run").arg("--state-dir").arg(&self.state_dir);
        command.arg("--socket").arg(self.run_dir.join("s")).arg("--config").arg(&self.config);
        command.env_clear().env("HOME", self.world.home());
        let output = ended(command);
        let said = String::from_utf8(output.stderr).expect("it is text");
        assert!(!output.status.success(), "{said}");
        let path = path.display().to_string();
        for word in [&[path.as_str(), "is not used: "], words].concat() {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
        assert_eq!(said.lines().count(), 1, "{said}");
        let ledger = self.state_dir.join("ledger.db");
        assert!(!ledger.exists() || said.contains(&self.run_dir.display().to_string()), "{said}");
    }
}

/// Runs a program that is to end by itself.
fn ended(mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it was built");
    let over = wait::until(Duration::from_secs(15), || child.try_wait().expect("it is our child"));
    if over.is_none() {
        child.kill().expect("it is our child");
    }
    let output = child.wait_with_output().expect("it is our child");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(over.is_some(), "it does not end by itself:\n{said}");
    output
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn own_uid() -> String {
    format!("its owner is user {}", rustix::process::geteuid().as_raw())
}

fn a_directory_that_others_can_write_to_is_refused() {
    for mode in [0o777, 0o770, 0o1777, 0o702] {
        let refusal = Refusal::new();
        set_mode(&refusal.state_dir, mode);
        let (owner, mode) = (own_uid(), format!("its mode {mode:04o}"));
        refusal.names(&refusal.state_dir, &[&owner, &mode, "run `chmod go-w` on it"]);
    }
    let refusal = Refusal::new();
    set_mode(&refusal.run_dir, 0o777);
    refusal.names(&refusal.run_dir, &["its mode 0777", "chmod go-w"]);
    let refusal = Refusal::new();
    let above = refusal.world.root().join("above");
    set_mode(&above, 0o777);
    refusal.names(&above, &["its mode 0777", "chmod go-w"]);
}

fn a_directory_that_is_none_of_its_own_is_refused() {
    let mut refusal = Refusal::new();
    let link = refusal.world.root().join("link");
    symlink(&refusal.state_dir, &link).expect("the world is ours");
    refusal.state_dir.clone_from(&link);
    refusal.names(&link, &["it is a link; name the directory that it leads to"]);
    let mut refusal = Refusal::new();
    let link = refusal.world.root().join("link");
    symlink(&refusal.run_dir, &link).expect("the world is ours");
    refusal.run_dir.clone_from(&link);
    refusal.names(&link, &["it is a link"]);
}

fn a_configuration_that_others_can_write_is_refused() {
    let refusal = Refusal::new();
    set_mode(&refusal.config, 0o646);
    refusal.names(&refusal.config, &[&own_uid(), "its mode 0646", "chmod go-w"]);
}

fn what_belongs_to_another_user_is_refused() {
    let give = |path: &Path| chown(path, Some(NOBODY), None).expect("we are root");
    let words = ["it belongs to user 65534, and this is user 0"];
    let refusal = Refusal::new();
    give(&refusal.state_dir);
    refusal.names(&refusal.state_dir, &words);
    let refusal = Refusal::new();
    give(&refusal.run_dir);
    refusal.names(&refusal.run_dir, &words);
    let refusal = Refusal::new();
    give(&refusal.config);
    refusal.names(&refusal.config, &words);
    let refusal = Refusal::new();
    let above = refusal.world.root().join("above");
    chown(&above, Some(12_345), None).expect("we are root");
    refusal.names(&above, &["it belongs to user 12345, and this is user 0"]);
}

fn whatever_umask_it_has_its_files_are_the_users_alone() {
    for umask in ["000", "777"] {
        let watch = Watch::start_with_umask(umask);
        let mut looked_at = 0;
        let socket = watch.daemon.socket();
        let run_dir = socket.parent().expect("it is in a directory");
        let mut open = vec![watch.daemon.state_dir(), run_dir.to_owned()];
        while let Some(path) = open.pop() {
            let meta = fs::symlink_metadata(&path).expect("it was just listed");
            let expected = if meta.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(meta.mode() & 0o7777, expected, "{umask} {}", path.display());
            looked_at += 1;
            if meta.is_dir() {
                let entries = fs::read_dir(&path).expect("it is ours");
                open.extend(entries.map(|entry| entry.expect("it is ours").path()));
            }
        }
        assert!(looked_at >= 6, "both directories, the ledger, its log, the lock and the socket");
        if umask == "000" {
            let export = watch.world.root().join("export.ndjson");
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", r#"umask 000; exec "$@""#, "sh"]).arg(program("trackwayctl"));
            shell.arg("--socket").arg(&socket).args(["export", "-o"]).arg(&export);
            assert!(shell.env_clear().status().expect("a shell is there").success());
            let mode = fs::metadata(&export).expect("it was written").mode() & 0o7777;
            assert_eq!(mode, 0o600);
        }
    }
}

fn what_a_directory_is_called_forges_no_line_of_the_log() {
    const FORGED: &str = "2026-11-20T09:00:00.000000Z ERROR forged";
    let watch = Watch::start_in(&[], |world| {
        let slug = format!("a\n{FORGED}\r\x1b[2J\u{9b}2J\u{202e}");
        let dir = world.home().join(".claude/projects").join(slug);
        fs::create_dir_all(&dir).expect("the home is ours");
        let file = dir.join("11111111-2222-4333-8444-555555555555.jsonl");
        fs::write(file, "this is no JSON\n").expect("the home is ours");
    });
    let told = || watch.daemon.log().contains("cannot be read").then_some(());
    wait::until(Duration::from_secs(15), told).expect("it tells of the line");
    let log = watch.daemon.log();
    assert!(log.contains(FORGED), "the path is named:\n{log}");
    assert!(!log.lines().any(|line| line.starts_with(FORGED)), "{log}");
    let acts = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
    assert!(!log.contains(acts), "{log:?}");
}

/// Returns a copy of `trackwayctl` that everybody can run, to be run as another user.
fn as_nobody(world: &World) -> Command {
    set_mode(world.root(), 0o755);
    let copy = world.root().join("trackwayctl");
    // By another program: what this one has open for writing, another test's child may have open still.
    let installed =
        Command::new("install").args(["-m", "755"]).arg(program("trackwayctl")).arg(&copy).status();
    assert!(installed.is_ok_and(|status| status.success()), "the world is ours");
    let mut command = Command::new("setpriv");
    let nobody = NOBODY.to_string();
    command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]).arg(copy);
    command
}

fn another_user_is_not_answered() {
    let watch = stub::watch();
    let socket = watch.daemon.socket();
    let run_dir = socket.parent().expect("it is in a directory");
    let status = || {
        let mut command = as_nobody(&watch.world);
        command.arg("--socket").arg(&socket).args(["status", "--json"]);
        ended(command)
    };
    let output = status();
    assert!(!output.status.success() && output.stdout.is_empty(), "the directory keeps them out");
    // Even where the administrator has opened what keeps them out, the kernel says who asks.
    set_mode(run_dir, 0o755);
    set_mode(&socket, 0o666);
    let output = status();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("served by another user (uid 0)"), "{said}");
    let told = || watch.daemon.log().contains("a client of another user was refused").then_some(());
    wait::until(Duration::from_secs(10), told).expect("the refusal is in the log");
    assert!(watch.daemon.status().recording, "and the user is answered as before");
}

fn a_socket_of_another_user_is_not_believed() {
    let world = World::new();
    let socket = world.root().join("s");
    let _listener = UnixListener::bind(&socket).expect("the world is ours");
    let mut command = as_nobody(&world);
    set_mode(&socket, 0o666);
    command.arg("--socket").arg(&socket).args(["status", "--json"]);
    let output = ended(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("served by another user (uid 0)"), "{said}");
}
