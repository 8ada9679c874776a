//! Times and durations in words, in the reader's time zone.

use jiff::Zoned;
use trackway_protocol::ids::Timestamp;

use super::View;

const DAY: i64 = 24 * 60 * 60 * 1000;

impl View {
    /// Returns how long ago `time` was; beyond a day, and for times to come, when it was.
    pub(crate) fn ago(&self, time: Timestamp) -> String {
        match self.age(time) {
            Some(age) if age < 2_000 => "now".into(),
            Some(age) => format!("{} ago", words(age)),
            None => self.minute(time),
        }
    }

    /// Returns for how long something is so since `time`: `for 3 min`, `since Nov 16 14:03`.
    pub(crate) fn since(&self, time: Timestamp) -> String {
        match self.age(time) {
            Some(age) => format!("for {}", words(age)),
            None => format!("since {}", self.minute(time)),
        }
    }

    /// Returns the local time to the minute: `Nov 16 14:03`, with the year where it is another.
    pub(crate) fn minute(&self, time: Timestamp) -> String {
        self.local(time, "%H:%M")
    }

    /// Returns the local time to the second: `Nov 16 14:03:22`, with the year where it is another.
    pub(crate) fn second(&self, time: Timestamp) -> String {
        self.local(time, "%H:%M:%S")
    }

    /// Returns the time of day to the second where `time` is on the day of `other`, else all of it.
    pub(crate) fn second_after(&self, other: Timestamp, time: Timestamp) -> String {
        let zoned = self.zoned(time);
        if zoned.date() == self.zoned(other).date() {
            zoned.strftime("%H:%M:%S").to_string()
        } else {
            self.second(time)
        }
    }

    fn local(&self, time: Timestamp, clock: &str) -> String {
        let zoned = self.zoned(time);
        let day = if zoned.year() == self.now.year() { "%b %d" } else { "%Y-%m-%d" };
        zoned.strftime(&format!("{day} {clock}")).to_string()
    }

    fn zoned(&self, time: Timestamp) -> Zoned {
        jiff::Timestamp::from_millisecond(time.ms())
            .expect("a Timestamp is clamped to jiff's range")
            .to_zoned(self.now.time_zone().clone())
    }

    /// Returns the milliseconds since `time` where that is less than a day.
    fn age(&self, time: Timestamp) -> Option<i64> {
        let age = self.now.timestamp().as_millisecond() - time.ms();
        // A clock that was set back by a moment is no reason to print a date.
        (-2_000..DAY).contains(&age).then(|| age.max(0))
    }
}

fn words(ms: i64) -> String {
    match ms / 1000 {
        s if s < 60 => format!("{s} s"),
        s if s < 3600 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

/// Returns a duration in its greatest unit: `380ms`, `12s`, `4m`, `2h`, `3d`.
pub(crate) fn roughly(ms: u64) -> String {
    match ms / 1000 {
        0 => format!("{ms}ms"),
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 86_400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// Returns a duration in its two greatest units: `380ms`, `12.3s`, `4m 12s`, `2h 5m`, `3d 4h`.
pub(crate) fn duration(ms: u64) -> String {
    match ms / 1000 {
        0 => format!("{ms}ms"),
        s if s < 60 => format!("{s}.{}s", ms % 1000 / 100),
        s if s < 3600 => format!("{}m {}s", s / 60, s % 60),
        s if s < 86_400 => format!("{}h {}m", s / 3600, s % 3600 / 60),
        s => format!("{}d {}h", s / 86_400, s % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{berlin, noon};

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_of_the_last_day_are_relative() {
        let view = View::plain();
        for (at, words) in [
            ("2026-11-23T12:00:01Z", "now"),
            ("2026-11-23T11:59:48Z", "12 s ago"),
            ("2026-11-23T11:56:30Z", "3 min ago"),
            ("2026-11-22T12:00:01Z", "23 h ago"),
        ] {
            assert_eq!(view.ago(time(at)), words);
        }
        assert_eq!(view.since(time("2026-11-23T11:56:30Z")), "for 3 min");
    }

    #[test]
    fn older_and_future_times_are_absolute() {
        let view = View::plain();
        assert_eq!(view.ago(time("2026-11-22T12:00:00Z")), "Nov 22 12:00");
        assert_eq!(view.ago(time("2026-11-23T13:00:00Z")), "Nov 23 13:00");
        assert_eq!(view.ago(time("2025-11-22T12:00:00Z")), "2025-11-22 12:00");
        assert_eq!(view.since(time("2026-11-16T14:03:00Z")), "since Nov 16 14:03");
    }

    #[test]
    fn absolute_times_are_local() {
        let view = View { now: noon(berlin()), ..View::plain() };
        assert_eq!(view.second(time("2026-11-16T23:30:05Z")), "Nov 17 00:30:05");
    }

    #[test]
    fn the_day_is_left_out_where_it_is_the_same() {
        let view = View::plain();
        let from = time("2026-11-16T14:00:00Z");
        assert_eq!(view.second_after(from, time("2026-11-16T15:00:00Z")), "15:00:00");
        assert_eq!(view.second_after(from, time("2026-11-17T15:00:00Z")), "Nov 17 15:00:00");
    }

    #[test]
    fn durations_have_one_or_two_units() {
        for (ms, rough, exact) in [
            (0, "0ms", "0ms"),
            (999, "999ms", "999ms"),
            (12_345, "12s", "12.3s"),
            (252_000, "4m", "4m 12s"),
            (7_500_000, "2h", "2h 5m"),
            (273_600_000, "3d", "3d 4h"),
        ] {
            assert_eq!((roughly(ms).as_str(), duration(ms).as_str()), (rough, exact));
        }
    }

    #[test]
    fn the_ends_of_time_can_be_shown() {
        for ms in [i64::MIN, i64::MAX] {
            assert!(!View::plain().second(Timestamp::from_ms(ms)).is_empty());
        }
    }
}
