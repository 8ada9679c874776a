//! What was not named, or lost: the second witness and the gaps.

use super::*;
use crate::event::{FileId, Opens};

#[tokio::test]
async fn executions_that_nobody_named_are_a_gap() {
    let ledger = Ledger::new();
    let binary = FileId { device: 7, inode: 8 };
    let mut agent = process(10, CLAUDE);
    agent.0.exe_id = Some(binary);
    let mut again = agent.clone();
    (again.0.pid, again.0.start_ticks) = (11, Some(77));
    let first = agent.exec();
    let counting = Event::Counting { binary, since: moment() };
    let opened = Event::Opened { binary, count: Opens::Counted(3) };
    // The first exec makes the binary known, and happened before it was counted.
    ledger.run(vec![first, counting, opened, again.exec()]).await;
    let gaps = ledger.gaps();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((gaps[0].missed, gaps[0].unit.as_deref()), (Some(2), Some("launches")));
}

#[tokio::test]
async fn what_a_source_lost_is_a_gap_with_its_count() {
    let ledger = Ledger::new();
    let report = SourceReport {
        name: LAUNCHES,
        tier: "proc-connector",
        state: State::Restored,
        reason: "the kernel's queue ran over".into(),
        from: Timestamp::from_ms(1000),
        until: Some(Timestamp::from_ms(2000)),
        missed: Some(1236),
    };
    let unnamed = Event::Unnamed {
        count: 5,
        from: Timestamp::from_ms(1000),
        until: Timestamp::from_ms(61_000),
    };
    ledger.run(vec![Event::Source(report), unnamed]).await;
    let gaps = ledger.gaps();
    assert_eq!(gaps.len(), 2);
    assert!(gaps.iter().any(|gap| gap.missed == Some(1236)));
    assert!(gaps.iter().any(|gap| gap.unnamed == Some(5) && gap.missed.is_none()));
}

#[tokio::test]
async fn an_exec_from_before_a_look_at_the_table_is_counted_once() {
    let ledger = Ledger::new();
    let binary = FileId { device: 7, inode: 8 };
    let mut first = process(9, CLAUDE);
    first.0.exe_id = Some(binary);
    let mut agent = process(10, CLAUDE).started(u64::MAX / 100_000_000);
    agent.0.exe_id = Some(binary);
    let earlier = agent.exec();
    let events = vec![
        first.exec(),
        Event::Counting { binary, since: Moment::default() },
        swept(&[&first, &agent]),
        earlier,
        Event::Opened { binary, count: Opens::Counted(3) },
    ];
    ledger.run(events).await;
    assert_eq!(ledger.launches().len(), 2);
    assert_eq!(ledger.gaps().first().and_then(|gap| gap.missed), Some(1));
}
