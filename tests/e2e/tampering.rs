//! The attacker: everything that somebody with this account may do to a ledger or an export, and the
//! verdict on each, with a checkpoint that was kept elsewhere and without.
//!
//! What cannot be seen without one stands in `SECURITY.md`, and nothing else does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use trackway_protocol::log::{Verdict, Verification};
use trackway_protocol::record::{Body, Record};
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;

use crate::stub;

mod attacks;
mod exports;

use attacks::ATTACKS;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(every_attack_on_a_ledger_has_its_verdict);
    tests.add(every_attack_on_an_export_has_its_verdict);
    tests.add(a_ledger_that_was_truncated_says_so_when_it_goes_on);
    // Every world's repository is the same one, by its remote.
    tests.add_alone(what_is_forgotten_is_gone_and_the_rest_still_verifies);
    tests.add(checkpoints_are_copied_by_themselves_and_a_copy_that_fails_is_told);
}

/// A ledger of two runs of a daemon, and the checkpoints that were kept elsewhere after each.
pub(crate) struct Victim {
    pub(crate) watch: Watch,
    /// An older copy of the state directory.
    pub(crate) older: PathBuf,
    /// The newest checkpoint, and the key.
    pub(crate) outside: PathBuf,
    pub(crate) key: String,
}

impl Victim {
    fn new() -> Self {
        let watch = stub::watch();
        launches(&watch);
        watch.daemon.stop();
        let older = watch.world.root().join("older");
        copy(&watch.daemon.state_dir(), &older);
        watch.daemon.start_again();
        launches(&watch);
        let outside = watch.world.root().join("elsewhere");
        let kept = watch.daemon.ctl(["checkpoint".as_ref(), "--to".as_ref(), outside.as_os_str()]);
        assert!(kept.status.success(), "{kept:?}");
        let key = watch.daemon.ctl(["checkpoint", "--key"]);
        let key = String::from_utf8(key.stdout).expect("a key is text").trim().to_owned();
        watch.daemon.stop();
        Self { watch, older, outside, key }
    }

    /// Verifies a copy of the state directory, without a daemon.
    fn verify(&self, state_dir: &Path, args: &[&str]) -> Verification {
        let state_dir = state_dir.to_str().expect("the world's paths are text");
        let args =
            ["verify", "--json", "--state-dir", state_dir].into_iter().chain(args.iter().copied());
        let output = std::process::Command::new(trackway_tests::world::program("trackwayd"))
            .args(args)
            .env_clear()
            .output();
        verdict(&output.expect("trackwayd was built"))
    }

    fn outside(&self) -> &str {
        self.outside.to_str().expect("the world's paths are text")
    }
}

fn launches(watch: &Watch) {
    for _ in 0..3 {
        let mut child = stub::call(&watch.world, 60).spawn().expect("the stub is there");
        let launch = watch.wait_for_start(child.id());
        child.wait().expect("it is our child");
        watch.wait_for_end(launch);
    }
}

/// Reads a verdict, and makes sure that the exit code is of the same opinion.
pub(crate) fn verdict(output: &Output) -> Verification {
    let found: Verification = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let code = if found.verdict.is_good() { 0 } else { 5 };
    assert_eq!(output.status.code(), Some(code), "{found:#?}");
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("the world is ours");
    for file in fs::read_dir(from).expect("it is there").flatten() {
        if file.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::copy(file.path(), to.join(file.file_name())).expect("the world is ours");
        }
    }
}

fn every_attack_on_a_ledger_has_its_verdict() {
    let victim = Victim::new();
    let state_dir = victim.watch.daemon.state_dir();
    let found = victim.verify(&state_dir, &["--checkpoint", victim.outside()]);
    assert_eq!((found.verdict, found.outside), (Verdict::Ok, 1), "{found:#?}");
    let found = victim.verify(&state_dir, &["--key", &victim.key]);
    assert_eq!((found.verdict, &*found.key), (Verdict::Ok, "checked"), "{found:#?}");

    let mut unseen = BTreeSet::new();
    for attack in ATTACKS {
        let dir = victim.watch.world.root().join(attack.name.replace(' ', "-"));
        copy(&state_dir, &dir);
        let bad = (attack.run)(&dir, &victim);
        let alone = victim.verify(&dir, &[]);
        let anchored = victim.verify(&dir, &["--checkpoint", victim.outside()]);
        let verdicts = (alone.verdict, anchored.verdict);
        assert_eq!(verdicts, attack.verdicts, "{}: {alone:#?} {anchored:#?}", attack.name);
        if let (Some(bad), false) = (bad, alone.verdict.is_good()) {
            let fault = &alone.faults[0];
            let first = fault.seq.expect("the record is named");
            let last = fault.until.unwrap_or(first);
            assert!((first..=last).contains(&bad), "{}: not {bad}: {fault:?}", attack.name);
        }
        if alone.verdict.is_good() {
            unseen.insert(attack.name.to_owned());
        }
        fs::remove_dir_all(dir).expect("the world is ours");
    }
    assert_eq!(unseen, listed(), "SECURITY.md lists what cannot be seen without a checkpoint");
}

/// Returns what `SECURITY.md` says cannot be seen without a checkpoint that was kept elsewhere.
fn listed() -> BTreeSet<String> {
    const SECURITY: &str = include_str!("../../SECURITY.md");
    let (_, list) = SECURITY.split_once("<!-- unseen -->").expect("the list has a beginning");
    let (list, _) = list.split_once("<!-- /unseen -->").expect("the list has an end");
    let names = list.lines().filter_map(|line| line.strip_prefix("* **")?.split_once("**"));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn every_attack_on_an_export_has_its_verdict() {
    let victim = Victim::new();
    victim.watch.daemon.start_again();
    exports::attack(&victim);
}

fn a_ledger_that_was_truncated_says_so_when_it_goes_on() {
    let victim = Victim::new();
    attacks::truncate(&victim.watch.daemon.state_dir(), &victim);
    victim.watch.daemon.start_again();
    let told = |record: &Record| match &record.body {
        Body::Coverage(gap) if gap.source == "ledger" => Some(gap.reason.clone()),
        _ => None,
    };
    let told = victim.watch.daemon.wait_for("the damage", told);
    assert!(told.contains("was changed by somebody else"), "{told:?}");
    let found = verdict(&victim.watch.daemon.ctl(["verify", "--json"]));
    assert!(!found.verdict.is_good(), "{found:#?}");
}

fn what_is_forgotten_is_gone_and_the_rest_still_verifies() {
    let victim = Victim::new();
    let daemon = &victim.watch.daemon;
    daemon.start_again();
    let repo = victim.watch.world.repo();
    let repo = repo.to_str().expect("the world's paths are text");
    let forget = |more: &[&str]| {
        let args = ["forget", "--repo", repo, "--json"].into_iter().chain(more.iter().copied());
        let output = daemon.ctl(args);
        assert!(output.status.success(), "{output:?}");
        let row: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a row");
        row["records"].as_u64().expect("a number")
    };
    let records = forget(&["--dry-run"]);
    assert!(records > 6, "{records}");
    assert!(!victim.watch.launches().is_empty());
    assert_eq!(forget(&[]), records);
    assert_eq!(forget(&[]), 0, "what is gone is not removed again");

    assert!(victim.watch.launches().iter().all(|row| row.repo.is_none()));
    let found = verdict(&daemon.ctl(["verify", "--json", "--checkpoint", victim.outside()]));
    let expected = (Verdict::Pruned, records, 1);
    assert_eq!((found.verdict, found.pruned, found.outside), expected, "{found:#?}");
    // Nor is it in any file of the ledger, once it was closed.
    daemon.stop();
    for file in fs::read_dir(daemon.state_dir()).expect("it is there").flatten() {
        let Ok(bytes) = fs::read(file.path()) else { continue };
        let mark = format!("\"cwd\":\"{repo}\"");
        let is_there = bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
        assert!(!is_there, "{} is in {}", mark, file.path().display());
    }
    // A rebuild gives the same tables.
    daemon.start_again();
    let before = victim.watch.launches().len();
    daemon.stop();
    assert!(daemon.trackwayd(["rebuild"]).status.success());
    daemon.start_again();
    assert_eq!(victim.watch.launches().len(), before);
}

fn checkpoints_are_copied_by_themselves_and_a_copy_that_fails_is_told() {
    let watch = stub::watch_in(|world| {
        let copies = world.root().join("share");
        let config = format!("[checkpoint]\ncopy-to = {:?}\n", copies.join("mine"));
        fs::write(world.root().join("config.toml"), config).expect("the world is ours");
    });
    let check = || -> serde_json::Value {
        let rows: Vec<serde_json::Value> =
            serde_json::Deserializer::from_slice(&watch.daemon.ctl(["doctor", "--json"]).stdout)
                .into_iter()
                .map(|row| row.expect("a check is JSON"))
                .collect();
        rows.into_iter().find(|row| row["name"] == "copies").expect("copies are checked")
    };
    let until = |state: &str| {
        let patience = std::time::Duration::from_secs(15);
        let seal = || {
            assert!(watch.daemon.ctl(["checkpoint"]).status.success());
            (check()["state"] == state).then_some(())
        };
        trackway_tests::wait::until(patience, seal).unwrap_or_else(|| panic!("{}", check()));
    };
    until("failed");
    let findings: Vec<serde_json::Value> = watch.daemon.rows(&["findings"]);
    assert_eq!(findings[0]["code"], "checkpoint-not-copied", "{findings:#?}");
    fs::create_dir(watch.world.root().join("share")).expect("the world is ours");
    until("ok");
    let copies = watch.world.root().join("share/mine");
    let copies = copies.to_str().expect("the world's paths are text");
    let found = verdict(&watch.daemon.ctl(["verify", "--json", "--checkpoint", copies]));
    assert!(found.outside > 0, "{found:#?}");
}
