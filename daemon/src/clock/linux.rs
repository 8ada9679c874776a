//! Linux has all three clocks.

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::Clocks;

/// Reads the clocks. Calls no kernel: the vDSO answers.
pub(crate) fn read() -> Clocks {
    Clocks {
        realtime_ns: ns(clock_gettime(ClockId::Realtime)),
        boottime_ns: ns(clock_gettime(ClockId::Boottime)).unsigned_abs(),
        monotonic_ns: ns(clock_gettime(ClockId::Monotonic)).unsigned_abs(),
    }
}

fn ns(time: Timespec) -> i64 {
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}
