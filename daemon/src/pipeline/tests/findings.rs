//! What the witnesses disagree about, from events to records.

use trackway_protocol::record::{Finding, Risk};

use super::*;
use crate::pipeline::finding::Downtime;

impl Ledger {
    fn findings(&self) -> Vec<Finding> {
        let page = self.reader().page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
        let lines = page.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let records = lines.map(|line| serde_json::from_slice::<Record>(line).unwrap());
        let findings = records.filter_map(|record| match record.body {
            Body::Finding(finding) => Some(*finding),
            _ => None,
        });
        findings.collect()
    }

    fn codes(&self) -> Vec<String> {
        self.findings().into_iter().map(|finding| finding.code).collect()
    }
}

fn ago(ms: i64) -> Timestamp {
    Timestamp::from_ms(moment().at.ms() - ms)
}

/// A process that was started so many seconds ago.
fn since(pid: u32, seconds: u64) -> Process {
    let ticks = (moment().boot_ns / 10_000_000).saturating_sub(seconds * 100);
    process(pid, CLAUDE).argv(&["claude"]).started(ticks)
}

#[tokio::test]
async fn a_recorder_that_was_away_while_agents_ran_says_so_of_each() {
    let ledger = Ledger::new();
    let (stays, leaves) = (since(10, 100), since(11, 100));
    ledger.run(vec![stays.exec(), leaves.exec()]).await;
    let (came, after) = (since(12, 5), since(13, 0));
    let downtime = Downtime { from: ago(10_000), until: ago(2000) };
    ledger.run_after(Some(downtime), vec![swept(&[&stays, &came]), after.exec()]).await;
    let findings = ledger.findings();
    let ids: Vec<_> = ledger.launches().iter().map(|row| (row.pid.unwrap(), row.id)).collect();
    let mut pids: Vec<_> = findings
        .iter()
        .map(|finding| ids.iter().find(|(_, id)| Some(*id) == finding.launch).unwrap().0)
        .collect();
    pids.sort_unstable();
    assert_eq!(pids, [10, 11, 12], "{findings:#?}");
    for finding in &findings {
        assert_eq!(finding.code, "recorder-stopped-while-agent-ran");
        assert_eq!((finding.agent.as_str(), finding.since), ("claude", downtime.from));
        assert_eq!(finding.risk, Risk::Low, "it was short");
    }
    // The next look at the table is not the first one.
    let again = ledger.run_after(None, vec![swept(&[&stays, &came])]).await.findings();
    assert_eq!(again.len(), 3);
}

#[tokio::test]
async fn a_recorder_that_was_away_while_none_ran_says_nothing() {
    let ledger = Ledger::new();
    ledger.run(vec![since(10, 100).exec(), exit(10, 0)]).await;
    let downtime = Downtime { from: ago(600_000), until: ago(2000) };
    ledger.run_after(Some(downtime), vec![swept(&[]), since(11, 0).exec()]).await;
    assert_eq!(ledger.codes(), [""; 0]);
    // The machine was off, or was started anew.
    let other = Ledger::new();
    other.run(vec![since(10, 100).exec()]).await;
    other.run_after(None, vec![swept(&[])]).await;
    assert_eq!(other.codes(), [""; 0]);
}

#[tokio::test]
async fn a_launch_that_is_told_to_run_no_hooks_or_keep_no_history_is_a_finding_once() {
    let ledger = Ledger::new();
    let codex =
        |pid, args: &[&str]| process(pid, super::links::CODEX).argv(&[&["codex"], args].concat());
    let events = vec![
        codex(10, &["--disable", "hooks"]).exec(),
        codex(11, &["-c", "history.persistence=none"]).exec(),
        codex(12, &["exec", "--ephemeral", "x"]).exec(),
        codex(13, &["--enable", "hooks"]).exec(),
    ];
    let count = events.len();
    ledger.run(events).await;
    assert_eq!(ledger.launches().len(), count);
    assert_eq!(ledger.codes(), ["hooks-off", "transcripts-off"]);
    ledger.run(vec![swept(&[&codex(10, &["--disable", "hooks"])])]).await;
    assert_eq!(ledger.codes().len(), 2);
}

#[tokio::test]
async fn a_daemon_that_stops_misses_nothing_that_may_still_come() {
    let ledger = Ledger::new();
    let events = vec![since(10, 5).argv(&["claude", "-p", "x"]).exec(), exit(10, 0)];
    ledger.run(events).await;
    assert_eq!(ledger.codes(), [""; 0]);
}
