//! Three clocks and what their differences tell.
//!
//! The kernel stamps events with the monotonic clock, records carry realtime, and durations are
//! taken from boottime. Two offsets between them are constant as long as nothing odd happens:
//! *boottime − monotonic* grows by the length of every suspend, and *realtime − boottime* changes
//! only where somebody sets the clock.

use std::time::Duration;

use trackway_protocol::ids::Timestamp;

use crate::event::Moment;

/// A change of an offset below this is drift and slewing, not an event.
const NOTEWORTHY: Duration = Duration::from_millis(500);

/// The three clocks, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    pub(crate) realtime_ns: i64,
    pub(crate) boottime_ns: u64,
    pub(crate) monotonic_ns: u64,
}

/// What happened between two readings of the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The machine slept for so long.
    Suspended(Duration),
    /// The realtime clock was set by so many milliseconds.
    Stepped(i64),
}

impl Clocks {
    /// Converts an event's monotonic time, in nanoseconds, by the offsets of this reading.
    pub(crate) fn moment(&self, monotonic_ns: u64) -> Moment {
        let ago = self.monotonic_ns.saturating_sub(monotonic_ns);
        Moment {
            at: Timestamp::from_ms((self.realtime_ns - signed(ago)).div_euclid(1_000_000)),
            boot_ns: self.boottime_ns.saturating_sub(ago),
        }
    }

    /// Returns the moment of this reading.
    pub(crate) fn now(&self) -> Moment {
        self.moment(self.monotonic_ns)
    }

    /// Returns when, by today's realtime clock, the boottime clock showed `boot_ns`.
    pub(crate) fn at_boottime(&self, boot_ns: u64) -> Moment {
        let ago = self.boottime_ns.saturating_sub(boot_ns);
        Moment {
            at: Timestamp::from_ms((self.realtime_ns - signed(ago)).div_euclid(1_000_000)),
            boot_ns,
        }
    }

    /// Returns what happened since an earlier reading.
    pub(crate) fn changes_since(&self, earlier: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let asleep = (self.boottime_ns - self.monotonic_ns.min(self.boottime_ns))
            .saturating_sub(earlier.boottime_ns - earlier.monotonic_ns.min(earlier.boottime_ns));
        if Duration::from_nanos(asleep) >= NOTEWORTHY {
            changes.push(Change::Suspended(Duration::from_nanos(asleep)));
        }
        let offset =
            |clocks: &Self| i128::from(clocks.realtime_ns) - i128::from(clocks.boottime_ns);
        let step_ms = (offset(self) - offset(earlier)) / 1_000_000;
        if step_ms.unsigned_abs() >= NOTEWORTHY.as_millis() {
            changes.push(Change::Stepped(i64::try_from(step_ms).unwrap_or(i64::MAX)));
        }
        changes
    }
}

fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

#[cfg(target_os = "linux")]
#[path = "clock/linux.rs"]
mod imp;
#[cfg(not(target_os = "linux"))]
#[path = "clock/other.rs"]
mod imp;

pub(crate) use imp::read;

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn clocks(realtime_s: i64, boottime_s: u64, monotonic_s: u64) -> Clocks {
        Clocks {
            realtime_ns: realtime_s * 1_000_000_000,
            boottime_ns: boottime_s * S,
            monotonic_ns: monotonic_s * S,
        }
    }

    #[test]
    fn an_event_happened_as_long_ago_as_the_monotonic_clock_says() {
        let moment = clocks(1_000, 50, 40).moment(38 * S);
        assert_eq!(moment.at, Timestamp::from_ms(998_000));
        assert_eq!(moment.boot_ns, 48 * S);
    }

    #[test]
    fn an_event_from_the_future_happened_now() {
        assert_eq!(clocks(1_000, 50, 40).moment(41 * S), clocks(1_000, 50, 40).now());
    }

    #[test]
    fn suspend_and_a_set_clock_are_told_apart() {
        let before = clocks(1_000, 50, 40);
        assert_eq!(clocks(1_030, 80, 70).changes_since(&before), []);
        assert_eq!(
            clocks(1_630, 680, 70).changes_since(&before),
            [Change::Suspended(Duration::from_secs(600))]
        );
        assert_eq!(clocks(4_630, 80, 70).changes_since(&before), [Change::Stepped(3_600_000)]);
        assert_eq!(clocks(-2_570, 80, 70).changes_since(&before), [Change::Stepped(-3_600_000)]);
        assert_eq!(clocks(4_630, 680, 70).changes_since(&before).len(), 2);
    }

    #[test]
    fn this_machine_has_clocks() {
        let earlier = read();
        assert_eq!(read().changes_since(&earlier), []);
    }
}
