//! A daemon that comes to what already runs.

use super::*;

#[tokio::test]
async fn a_killed_daemon_finds_its_launches_again_and_writes_nothing_twice() {
    let ledger = Ledger::new();
    let (stays, goes) = (process(10, CLAUDE).argv(&["claude"]), process(20, CLAUDE));
    ledger.run(vec![swept(&[]), stays.exec(), goes.exec()]).await;
    let before = ledger.records();
    ledger.run(vec![swept(&[&stays]), exit(10, 0)]).await;
    let launches = ledger.launches();
    assert_eq!(launches.len(), 2);
    assert_eq!((launches[0].exit_code, launches[0].end_seen), (Some(0), Some(true)));
    assert_eq!((launches[1].exit_code, launches[1].end_seen), (None, Some(false)));
    assert_eq!(ledger.records(), before + 2, "two ends and nothing else");
}

#[tokio::test]
async fn what_already_runs_is_found_and_marked_so() {
    let ledger = Ledger::new();
    let agent = process(10, CLAUDE).argv(&["claude"]);
    ledger.run(vec![swept(&[&agent]), swept(&[&agent]), swept(&[])]).await;
    let launch = ledger.the_launch();
    assert!(launch.found_running);
    assert_eq!(launch.evidence, Evidence::Polled);
    assert_eq!((launch.end_seen, launch.exit_code), (Some(false), None));
}

#[tokio::test]
async fn a_launch_was_last_seen_when_it_was_not_when_the_daemon_began() {
    let ledger = Ledger::new();
    let before = Timestamp::now();
    ledger.run(vec![process(10, CLAUDE).exec(), swept(&[])]).await;
    let records = ledger.reader().records_of(ledger.the_launch().id).unwrap();
    let last = records.last().map(|record| serde_json::from_slice(record).unwrap());
    let Some(trackway_protocol::record::Record { body: Body::LaunchEnded(ended), .. }) = last
    else {
        panic!("the last record is the end")
    };
    assert!(ended.last_seen.unwrap() >= before);
}
