//! The user's pauses: a gap, and nothing else.

use super::*;
use crate::source::Order;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A pause that has just begun.
fn paused() -> Pauses {
    let (pauses, now) = (Pauses::default(), Timestamp::now());
    pauses.begin(now, Timestamp::from_ms(now.ms() + HOUR_MS)).unwrap();
    pauses
}

async fn run(ledger: &Ledger, pauses: &Pauses, events: Vec<Event>) {
    let pauses = pauses.clone();
    ledger.run_with(|outside| Outside { pauses, ..outside }, events).await;
}

/// Source, state, reason and whether it is over, of each gap.
fn gaps(ledger: &Ledger) -> Vec<(String, String, String, bool)> {
    let told = |gap: GapRow| {
        let (reason, _) = gap.reason.split_once(" until").unwrap_or((&gap.reason, ""));
        (gap.source, gap.state, reason.to_owned(), gap.until.is_some())
    };
    ledger.gaps().into_iter().map(told).collect()
}

#[tokio::test]
async fn what_agents_do_in_a_pause_leaves_a_gap_and_nothing_else() {
    let (ledger, pauses) = (Ledger::new(), paused());
    let agent = process(10, CLAUDE);
    run(&ledger, &pauses, vec![agent.exec(), swept(&[&agent]), exit(10, 0)]).await;
    assert_eq!(ledger.launches().len(), 0);
    let lost = |is_over| ("daemon".into(), "lost".into(), "paused by the user".into(), is_over);
    assert_eq!(gaps(&ledger), [lost(false)]);
    // It outlives a restart, and is recorded once.
    run(&ledger, &pauses, vec![agent.exec(), exit(10, 0)]).await;
    assert_eq!((ledger.launches().len(), gaps(&ledger)), (0, vec![lost(false)]));
    // It is over while no daemon runs.
    pauses.end(Timestamp::now()).unwrap();
    run(&ledger, &pauses, vec![agent.exec(), exit(10, 0)]).await;
    assert_eq!(ledger.launches().len(), 1);
    let restored = ("daemon".into(), "restored".into(), "paused by the user".into(), true);
    assert_eq!(gaps(&ledger), [lost(true), restored]);
}

#[tokio::test]
async fn who_still_runs_after_a_pause_is_known_by_a_look_whatever_was_told_before() {
    let ledger = Ledger::new();
    let writer = store::open(ledger.0.path()).unwrap().start(Sealing::default());
    let (launches, orders) = Control::new(None);
    let pauses = paused();
    let (told, given) = (Some(launches), pauses.clone());
    let outside = Outside { launches: told, pauses: given, ..ledger.outside(&writer) };
    let mut pipeline = Pipeline::new(outside, &Recovered::default(), None);
    pipeline.mind_pause(Timestamp::now());
    let mut agent = process(10, CLAUDE);
    agent.0.told = Some(true);
    pipeline.handle(agent.exec()).await;
    assert!(!pipeline.wants_tick() && pipeline.live.is_empty());
    pauses.end(Timestamp::now()).unwrap();
    pipeline.mind_pause(Timestamp::now());
    assert!(matches!(orders.try_iter().collect::<Vec<_>>()[..], [Order::Sweep]));
    pipeline.handle(swept(&[&agent])).await;
    assert_eq!(pipeline.live.len(), 1);
    let drafts = std::mem::take(&mut pipeline.drafts);
    let kinds: Vec<_> = drafts.iter().map(|draft| draft.body.kind()).collect();
    assert_eq!(kinds[..3], ["coverage", "coverage", "launch.started"]);
    drop(pipeline);
    writer.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_by_itself() {
    let ledger = Ledger::new();
    let writer = store::open(ledger.0.path()).unwrap().start(Sealing::default());
    let (pauses, now) = (Pauses::default(), Timestamp::now());
    pauses.begin(now, Timestamp::from_ms(now.ms() + 20)).unwrap();
    let outside = Outside { pauses, ..ledger.outside(&writer) };
    let mut pipeline = Pipeline::new(outside, &Recovered::default(), None);
    pipeline.mind_pause(now);
    assert!(pipeline.pausing.is_some());
    while pipeline.pausing.is_some() {
        pipeline.until_pause_ends().await;
        pipeline.mind_pause(Timestamp::now());
    }
    assert_eq!(pipeline.drafts.len(), 2);
    drop(pipeline);
    writer.close().await;
}
