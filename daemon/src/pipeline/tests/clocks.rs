//! Clocks that are set, a machine that sleeps, and pids that are given away again.

use trackway_protocol::record::LaunchEnded;

use super::*;
use crate::source::Order;

/// A day in nanoseconds.
const DAY_NS: i64 = 24 * 60 * 60 * 1_000_000_000;

/// Moves the realtime clock, as somebody does who sets it.
fn set(clocks: Clocks, by_ns: i64) -> Clocks {
    Clocks { realtime_ns: clocks.realtime_ns + by_ns, ..clocks }
}

/// Moves on by seconds, for so many of which the machine slept.
fn later(clocks: Clocks, seconds: u64, asleep: u64) -> Clocks {
    let ns = |seconds: u64| seconds * 1_000_000_000;
    Clocks {
        realtime_ns: clocks.realtime_ns + ns(seconds).cast_signed(),
        boottime_ns: clocks.boottime_ns + ns(seconds),
        monotonic_ns: clocks.monotonic_ns + ns(seconds - asleep),
    }
}

/// Lets a pipeline compare its clocks with others; returns the coverage that it records, and what it
/// orders of the source of launches.
async fn after(change: impl Fn(Clocks) -> Clocks) -> (Vec<Coverage>, Vec<Order>) {
    let ledger = Ledger::new();
    let writer = store::open(ledger.0.path()).unwrap().start(Sealing::default());
    let (launches, orders) = Control::new(None);
    let outside = Outside { launches: Some(launches), ..ledger.outside(&writer) };
    let mut pipeline = Pipeline::new(outside, &Recovered::default(), None);
    let now = change(pipeline.clocks);
    pipeline.compare_clocks(|| now);
    pipeline.compare_clocks(|| later(now, 30, 0));
    let told = std::mem::take(&mut pipeline.drafts).into_iter().map(|draft| match draft.body {
        Body::Coverage(coverage) => coverage,
        other => panic!("{}", other.kind()),
    });
    let told = told.collect();
    drop(pipeline);
    writer.close().await;
    (told, orders.try_iter().collect())
}

#[tokio::test]
async fn a_clock_that_goes_on_as_it_did_is_no_news() {
    let (told, orders) = after(|clocks| later(clocks, 30, 0)).await;
    assert_eq!((told.len(), orders.len()), (0, 0));
}

#[tokio::test]
async fn after_a_sleep_the_process_table_is_looked_at_and_the_sleep_is_recorded_once() {
    let (told, orders) = after(|clocks| later(clocks, 630, 600)).await;
    let [slept] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((&*slept.source, &*slept.reason), ("clock", "the machine was suspended for 600 s"));
    let range = slept.until.unwrap().ms() - slept.from.ms();
    assert_eq!(range, 630_000, "the sleep lies in it");
    assert!(matches!(orders[..], [Order::Sweep]));
}

#[tokio::test]
async fn a_clock_that_is_set_by_a_day_is_recorded_and_the_range_goes_forward() {
    for (by, reason) in [
        (DAY_NS, "the clock was set by 86400.000 s"),
        (-DAY_NS, "the clock was set by -86400.000 s"),
    ] {
        let (told, orders) = after(|clocks| set(later(clocks, 30, 0), by)).await;
        let [stepped] = &told[..] else { panic!("{told:#?}") };
        assert_eq!((&*stepped.source, &*stepped.reason), ("clock", reason));
        assert!(stepped.from <= stepped.until.unwrap(), "{stepped:?}");
        assert!(matches!(orders[..], [Order::Sweep]));
    }
}

#[tokio::test]
async fn a_thread_that_waits_between_two_clocks_is_no_change() {
    let ledger = Ledger::new();
    let writer = store::open(ledger.0.path()).unwrap().start(Sealing::default());
    let mut pipeline = Pipeline::new(ledger.outside(&writer), &Recovered::default(), None);
    let known = pipeline.clocks;
    let readings = std::cell::Cell::new(0);
    pipeline.compare_clocks(|| {
        readings.set(readings.get() + 1);
        // Two seconds pass after the first of the three was read.
        let torn = Clocks { realtime_ns: known.realtime_ns, ..later(known, 2, 0) };
        if readings.get() == 1 { torn } else { later(known, 3, 0) }
    });
    assert_eq!((pipeline.drafts.len(), readings.get()), (0, 2));
    drop(pipeline);
    writer.close().await;
}

/// The ends that are recorded.
fn ends(ledger: &Ledger) -> Vec<LaunchEnded> {
    let page = ledger.reader().page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
    let lines = page.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let records = lines.map(|line| serde_json::from_slice::<Record>(line).unwrap());
    let ends = records.filter_map(|record| match record.body {
        Body::LaunchEnded(ended) => Some(ended),
        _ => None,
    });
    ends.collect()
}

#[tokio::test]
async fn a_launch_lasts_as_long_as_it_did_whatever_the_clock_is_set_to() {
    for by_ms in [-86_400_000, 86_400_000] {
        let ledger = Ledger::new();
        let began = moment();
        let agent = process(10, CLAUDE).argv(&["claude"]);
        let ended = Moment {
            at: Timestamp::from_ms(began.at.ms() + 5000 + by_ms),
            boot_ns: began.boot_ns + 5_000_000_000,
        };
        let events = vec![
            Event::Exec(Box::new(agent.0.clone()), began),
            Event::Exited { pid: 10, status: Some(0), moment: ended },
        ];
        ledger.run(events).await;
        let durations: Vec<_> = ends(&ledger).iter().map(|ended| ended.duration_ms).collect();
        assert_eq!(durations, [Some(5000)], "{by_ms}");
    }
}

#[tokio::test]
async fn a_pid_that_comes_round_again_is_another_launch() {
    let ledger = Ledger::new();
    let first = process(10, CLAUDE).argv(&["claude"]).started(1000);
    let again = process(10, CLAUDE).argv(&["claude"]).started(900_000);
    // Nobody saw the first one end: pids went round once, and here it is again.
    ledger.run(vec![first.exec(), fork(1, 10), again.exec(), exit(10, 0)]).await;
    let launches = ledger.launches();
    assert_eq!(launches.len(), 2);
    assert_ne!(launches[0].id, launches[1].id);
    let ended: Vec<_> =
        ends(&ledger).into_iter().map(|ended| (ended.launch, ended.unknown)).collect();
    assert_eq!(ended.len(), 2, "each ends once: {ended:?}");
    assert!(ends(&ledger).iter().all(|ended| ended.duration_ms.is_none_or(|ms| ms < 86_400_000)));
}
