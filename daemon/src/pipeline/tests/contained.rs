//! Launches in containers: seen from here, and never mistaken for what lies here under the same names.

use super::*;

/// A program in a container.
fn contained(pid: u32, exe: &str) -> Process {
    let mut process = process(pid, exe);
    process.0.other_namespace = Some(true);
    process
}

#[tokio::test]
async fn a_container_s_directory_is_not_looked_up_here() {
    // The repository of this very source has the path that the container's process has.
    let here = env!("CARGO_MANIFEST_DIR");
    let ledger = Ledger::new();
    let add = ["claude", "--add-dir", "../daemon"];
    let there = contained(10, CLAUDE).argv(&add).cwd(here);
    ledger.run(vec![there.exec(), exit(10, 0)]).await;
    let launch = ledger.the_launch();
    assert_eq!((launch.namespace.as_deref(), launch.cwd.as_deref()), (Some("other"), Some(here)));
    assert_eq!(launch.repo, None);
    let why = Some("the directory lies in a container");
    assert_eq!(launch.repo_unknown.as_deref(), why);
    let added = Path::new("/opt/openai").join(here.trim_start_matches('/')).join("../daemon");
    let dirs = ledger.dirs();
    assert!(dirs.iter().any(|(dir, _)| Path::new(dir) == added), "as it is in there: {dirs:?}");
}

#[tokio::test]
async fn a_script_in_a_container_is_resolved_in_there() {
    let ledger = Ledger::new();
    let script = "/node_modules/@openai/codex/bin/codex.js";
    let node = contained(10, "/usr/bin/node").argv(&["node", script]);
    ledger.run(vec![node.exec(), exit(10, 0)]).await;
    assert_eq!(ledger.the_launch().agent, "codex");
}

#[tokio::test]
async fn what_launches_hide_is_told_once() {
    let ledger = Ledger::new();
    let mut events = Vec::new();
    for pid in 10..20 {
        let mut there = contained(pid, CLAUDE);
        there.0.cwd = None;
        events.extend([there.exec(), exit(pid, 0)]);
    }
    ledger.run(events).await;
    assert_eq!(ledger.launches().len(), 10);
    let gaps = ledger.gaps();
    // Unless the hour has just changed.
    assert!(gaps.len() == 2 || gaps.len() == 4, "{gaps:#?}");
    assert!(gaps.iter().any(|gap| gap.reason.contains("could not be read")));
    assert!(gaps.iter().any(|gap| gap.reason.contains("in a container")));
}

#[tokio::test]
async fn what_was_told_before_begins_nothing() {
    let ledger = Ledger::new();
    let agent = process(10, CLAUDE);
    let (mut again, mut stranger) = (process(10, CLAUDE).cwd("/nowhere/else"), process(11, CLAUDE));
    (again.0.exe, again.0.argv) = (None, None);
    (again.0.told, stranger.0.told) = (Some(true), Some(true));
    ledger.run(vec![swept(&[&agent]), swept(&[&again, &stranger]), swept(&[])]).await;
    assert!(ledger.dirs().contains(&dir("/nowhere/else", &["chdir"])));
    assert_eq!(ledger.the_launch().end_seen, Some(false));
}

#[test]
fn blind_time_that_is_over_leaves_polling_as_limited_as_it_is() {
    let mut snapshot = Snapshot::default();
    let at = Timestamp::now();
    let report = |reason: &str, until| SourceReport {
        name: LAUNCHES,
        tier: "poll",
        state: State::Degraded,
        reason: reason.into(),
        from: at,
        until,
        missed: None,
    };
    snapshot.apply(&report("looks every 1 s", None));
    snapshot.apply(&report("no look for 9 s", Some(at)));
    let [row] = &snapshot.sources[..] else { panic!("one source") };
    assert_eq!((row.state.as_str(), row.reason.as_str()), ("degraded", "looks every 1 s"));
}
