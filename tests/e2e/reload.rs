//! The configuration while the daemon runs, and which one a daemon has: several run side by side.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use trackway_protocol::row::{Check, Status};
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, program};

const PATIENCE: Duration = Duration::from_secs(20);
const FORBIDDEN: &str = "[pause]\nmax = \"0\"\n";

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_file_that_is_wrong_changes_nothing_until_it_is_mended);
    tests.add(a_hangup_has_a_file_read_again);
    tests.add(what_counts_from_the_next_start_on_says_so);
    tests.add(two_daemons_run_side_by_side_by_their_environment);
}

fn save(watch: &Watch, text: &str) {
    fs::write(watch.world.root().join("config.toml"), text).expect("the world is ours");
}

fn wait_for_note(watch: &Watch, note: &str) {
    let notes = || watch.daemon.status().config_notes;
    let told = || notes().iter().any(|told| told.contains(note)).then_some(());
    wait::until(PATIENCE, told).unwrap_or_else(|| panic!("{note}: {:#?}", notes()));
}

/// Whether a pause is forbidden: a key whose effect is seen at once.
fn is_forbidden(watch: &Watch) -> bool {
    let output = watch.daemon.ctl(["pause", "1h"]);
    if output.status.success() {
        assert!(watch.daemon.ctl(["resume"]).status.success());
        return false;
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("the configuration forbids pauses"), "{told}");
    true
}

fn wait_until_forbidden(watch: &Watch, forbidden: bool) {
    let is_so = || (is_forbidden(watch) == forbidden).then_some(());
    wait::until(PATIENCE, is_so).unwrap_or_else(|| panic!("{}", watch.daemon.log()));
}

fn checks(watch: &Watch) -> (Output, Vec<Check>) {
    let output = watch.daemon.ctl(["doctor", "--json"]);
    let text = String::from_utf8(output.stdout.clone()).expect("it is text");
    let check = |line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    let mut checks: Vec<Check> = text.lines().map(check).collect();
    checks.retain(|check| check.name == "configuration");
    (output, checks)
}

fn a_file_that_is_wrong_changes_nothing_until_it_is_mended() {
    let watch = Watch::start(&[]);
    assert!(!is_forbidden(&watch));
    save(&watch, FORBIDDEN);
    wait_until_forbidden(&watch, true);
    let file = watch.world.tell("{root}/config.toml");
    for (text, line, why) in [
        ("[pause]\nmax = \"1h\"\nmin = \"1m\"\n", 3, "unknown field `min`"),
        ("[pause]\nmax = \"100h\"\n", 2, "pause.max"),
        ("[pause\nmax = \"1h\"\n", 1, "is not valid"),
    ] {
        save(&watch, text);
        let place = format!("{file}, line {line}");
        wait_for_note(&watch, &place);
        assert!(is_forbidden(&watch), "what was before is in force");
        let (doctor, checks) = checks(&watch);
        assert_eq!(doctor.status.code(), Some(1));
        let failed = checks.iter().find(|check| check.state == "failed");
        let found = failed.map(|check| check.found.clone()).unwrap_or_default();
        assert!(found.contains(&place) && found.contains(why), "{checks:#?}");
        let check = watch.daemon.trackwayd(["check-config"]);
        let said = String::from_utf8_lossy(&check.stderr).into_owned();
        assert_eq!(check.status.code(), Some(1), "{said}");
        assert!(said.contains(&place), "{said}");
    }
    save(&watch, "[pause]\nmax = \"1h\"\n");
    wait_until_forbidden(&watch, false);
    assert_eq!(watch.daemon.status().config_notes, [""; 0]);
    assert_eq!(checks(&watch).1[0].state, "ok");
}

fn a_hangup_has_a_file_read_again() {
    let watch = Watch::start_in(&[], |world| {
        let elsewhere = world.other().join("same.toml");
        fs::write(&elsewhere, FORBIDDEN).expect("the world is ours");
        fs::hard_link(elsewhere, world.root().join("config.toml")).expect("the world is ours");
    });
    assert!(is_forbidden(&watch));
    // What is written by the file's other name, no watch on its directory tells.
    fs::write(watch.world.other().join("same.toml"), "").expect("the world is ours");
    watch.daemon.signal(Signal::HUP);
    wait_until_forbidden(&watch, false);
}

fn what_counts_from_the_next_start_on_says_so() {
    let watch = Watch::start(&[]);
    let tier = || watch.daemon.status().sources[0].tier.clone();
    let before = tier();
    save(&watch, "[launches]\ntier = \"poll\"\npoll-interval = \"300ms\"\n");
    wait_for_note(&watch, "launches.tier counts from the next start on");
    wait_for_note(&watch, "launches.poll-interval counts from the next start on");
    assert_eq!(tier(), before);
    let (_, checks) = checks(&watch);
    let warned = checks.iter().find(|check| check.state == "warning");
    assert!(warned.is_some_and(|check| check.found.contains("next start")), "{checks:#?}");
    watch.daemon.stop();
    watch.daemon.start_again();
    assert_eq!((&*tier(), watch.daemon.status().config_notes), ("poll", vec![]));
}

/// A daemon that knows its places by its environment alone. Dropping it ends it.
struct ByEnvironment {
    world: World,
    child: Child,
}

impl ByEnvironment {
    fn start(config: &str) -> Self {
        let world = World::new();
        fs::write(world.root().join("own.toml"), config).expect("the world is ours");
        let log = fs::File::create(world.root().join("log")).expect("the world is ours");
        let mut command = Self::command(&world, "trackwayd");
        command.arg("run").arg("--managed-dir").arg(world.root().join("managed"));
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("trackwayd was built");
        Self { world, child }
    }

    fn command(world: &World, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.env_clear().env("HOME", world.home()).env("PATH", "/usr/bin:/bin");
        for (variable, place) in [
            ("TRACKWAY_CONFIG", "own.toml"),
            ("TRACKWAY_STATE_DIR", "own-state"),
            ("TRACKWAY_SOCKET", "own-run/s"),
        ] {
            command.env(variable, world.root().join(place));
        }
        command.stdin(Stdio::null());
        command
    }

    fn ctl(&self, words: &[&str]) -> Output {
        let mut command = Self::command(&self.world, "trackwayctl");
        command.args(words).output().expect("trackwayctl was built")
    }

    fn status(&self) -> Status {
        let told = || serde_json::from_slice(&self.ctl(&["status", "--json"]).stdout).ok();
        let log = || fs::read_to_string(self.world.root().join("log")).unwrap_or_default();
        wait::until(PATIENCE, told).unwrap_or_else(|| panic!("{}", log()))
    }
}

impl Drop for ByEnvironment {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.map(|pid| kill_process(pid, Signal::TERM));
        self.child.wait().ok();
    }
}

fn two_daemons_run_side_by_side_by_their_environment() {
    let both = [FORBIDDEN, ""].map(ByEnvironment::start);
    for daemon in &both {
        let (status, world) = (daemon.status(), &daemon.world);
        assert_eq!(status.pid, daemon.child.id());
        let paths = [status.paths.config, status.paths.state_dir, status.paths.socket];
        let expected = ["own.toml", "own-state", "own-run/s"].map(|name| world.root().join(name));
        assert_eq!(paths.map(PathBuf::from), expected);
        assert!(world.root().join("own-state/ledger.db").exists());
        assert!(!world.home().join(".local/state/trackway").exists());
    }
    let codes = both.each_ref().map(|daemon| daemon.ctl(&["pause", "1h"]).status.code());
    assert_eq!(codes, [Some(1), Some(0)], "each has its own configuration");
    assert!(both[0].status().paused_until.is_none());
    assert!(both[1].status().paused_until.is_some());
}
