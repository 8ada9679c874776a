//! Where there is no boottime clock, time since the first reading stands for it: a suspend is then
//! not told apart from a set clock.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::Clocks;

/// Reads the clocks.
pub(crate) fn read() -> Clocks {
    static START: OnceLock<Instant> = OnceLock::new();
    let running = START.get_or_init(Instant::now).elapsed();
    let running = u64::try_from(running.as_nanos()).unwrap_or(u64::MAX);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Clocks {
        realtime_ns: i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX),
        boottime_ns: running,
        monotonic_ns: running,
    }
}
