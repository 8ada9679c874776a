//! The daemon stands still while programs are started, and goes on: what it missed is counted, or
//! said to be unknown.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::GapRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use super::{SOON, size, told};
use crate::load::launch;
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_alone(what_a_stalled_reader_missed_is_counted_or_said_to_be_unknown);
}

const RATE: u32 = 500;

fn what_a_stalled_reader_missed_is_counted_or_said_to_be_unknown() {
    for seconds in size(&[1, 5][..], &[1, 5, 30]) {
        let watch = stub::watch();
        let from = Timestamp::now();
        watch.daemon.signal(Signal::STOP);
        let begin = Instant::now();
        launch(&watch, RATE * seconds, 0, Some(RATE));
        let rest = Duration::from_secs(u64::from(*seconds)).saturating_sub(begin.elapsed());
        thread::sleep(rest);
        watch.daemon.signal(Signal::CONT);
        let until = Timestamp::now();
        let count = u64::from(RATE * seconds);
        let seen = |is_well: fn(&Seen, u64) -> bool| {
            let seen = || Some(Seen::of(&watch, from, until)).filter(|seen| is_well(seen, count));
            wait::until(SOON / 4, seen)
        };
        // Exact where it can be, which the second witness tells a little later.
        let seen = seen(Seen::is_exact).or_else(|| seen(Seen::accounts_for)).unwrap_or_else(|| {
            let seen = Seen::of(&watch, from, until);
            panic!("of {count}: {seen:?}\n{:#?}", watch.daemon.gaps())
        });
        told(&format!("stalled for {seconds} s at {RATE} launches/s: {count} launches, {seen:?}"));
        assert!(seen.named + seen.missed <= count, "more than there were: {seen:?}");
    }
}

/// What became of the launches.
#[derive(Debug)]
struct Seen {
    named: u64,
    /// Counted by the second witness, and not named.
    missed: u64,
    /// Programs that were told by the kernel and gone before they could be read.
    unnamed: u64,
    /// Events that the kernel could not queue.
    events: u64,
    /// Whether a count is said to be unknown for all of the time.
    is_unknown: bool,
}

impl Seen {
    fn of(watch: &Watch, from: Timestamp, until: Timestamp) -> Self {
        let gaps = watch.daemon.gaps();
        let during = |gap: &&GapRow| gap.until.is_some_and(|end| end >= from) && gap.from <= until;
        let sum = |of: fn(&GapRow) -> Option<u64>| gaps.iter().filter(during).filter_map(of).sum();
        let is_unknown =
            |gap: &GapRow| gap.missed.is_none() && gap.unnamed.is_none() && gap.source != "daemon";
        Self {
            named: watch.launches().len() as u64,
            missed: watch.missed(),
            unnamed: sum(|gap| gap.unnamed),
            events: sum(|gap| gap.missed.filter(|_| gap.unit.as_deref() == Some("kernel-events"))),
            is_unknown: gaps.iter().filter(during).any(is_unknown),
        }
    }

    /// Whether each launch was named or counted.
    fn is_exact(&self, count: u64) -> bool {
        self.named + self.missed == count
    }

    /// Whether so much is said to be missing that it may be all the rest, or that it is not known.
    fn accounts_for(&self, count: u64) -> bool {
        self.named + self.missed + self.unnamed + self.events >= count || self.is_unknown
    }
}
