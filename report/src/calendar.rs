//! ISO weeks and days in a time zone. A week has 167 or 169 hours where the clock changes in it.

use std::fmt;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use trackway_protocol::ids::Timestamp;

/// A week by ISO 8601: from Monday on; the first of a year is that with its first Thursday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week {
    monday: Date,
}

impl Week {
    /// Reads a week such as `2026-W47`; nothing where there is none of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, week) = text.trim().split_once(['-'])?;
        let week = week.strip_prefix(['W', 'w'])?;
        let is_plain =
            |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !is_plain(year, 4) || !is_plain(week, 2) {
            return None;
        }
        let (year, week) = (year.parse().ok()?, week.parse().ok()?);
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).ok()?;
        Some(Self { monday: monday.date() })
    }

    /// Returns the week that a moment lies in.
    #[must_use]
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let date = zoned(at, zone).date();
        let monday = date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
        Self { monday: monday.unwrap_or(date) }
    }

    /// Returns the last week that was over at a moment.
    #[must_use]
    pub fn last_full(now: Timestamp, zone: &TimeZone) -> Self {
        Self::of(now, zone).before()
    }

    /// Returns the week before.
    #[must_use]
    pub fn before(self) -> Self {
        Self { monday: self.monday.checked_sub(7.days()).unwrap_or(self.monday) }
    }

    /// Returns its begin and its end, which is the begin of the next.
    #[must_use]
    pub fn range(self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let next = self.monday.checked_add(7.days()).unwrap_or(self.monday);
        (start_of(self.monday, zone), start_of(next, zone))
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

/// One day, or what of it lies in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which day.
    pub date: Date,
    /// Where it begins, or the range does.
    pub from: Timestamp,
    /// Where it ends, or the range does.
    pub until: Timestamp,
}

/// At most so many days are told apart, which is some more than ten years.
pub const MAX_DAYS: usize = 4000;

/// Returns the days of a range in order, [`MAX_DAYS`] at most. A day that does not exist in the time
/// zone, because the clock skipped it, is none of them.
#[must_use]
pub fn days(from: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<Day> {
    let mut days = Vec::new();
    let mut date = zoned(from, zone).date();
    while days.len() < MAX_DAYS {
        let Ok(next) = date.tomorrow() else { break };
        let day = Day {
            date,
            from: start_of(date, zone).max(from),
            until: start_of(next, zone).min(until),
        };
        if day.from >= until {
            break;
        }
        if day.from < day.until {
            days.push(day);
        }
        date = next;
    }
    days
}

/// Returns the weekday, 0 being Monday, and the hour of the day of a moment.
#[must_use]
pub fn weekday_and_hour(at: Timestamp, zone: &TimeZone) -> (usize, usize) {
    let at = zoned(at, zone);
    let weekday = at.weekday().to_monday_zero_offset();
    (usize::try_from(weekday).unwrap_or(0), usize::try_from(at.hour()).unwrap_or(0))
}

/// Returns a moment as a time zone's clocks show it.
#[must_use]
pub fn zoned(at: Timestamp, zone: &TimeZone) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    at.to_zoned(zone.clone())
}

fn start_of(date: Date, zone: &TimeZone) -> Timestamp {
    let start = date.to_zoned(zone.clone()).and_then(|day| day.start_of_day());
    start.map_or_else(
        |_| Timestamp::default(),
        |start| Timestamp::from_ms(start.timestamp().as_millisecond()),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn hours(week: &str, zone: &TimeZone) -> i64 {
        let (from, until) = Week::parse(week).unwrap().range(zone);
        (until.ms() - from.ms()) / HOUR
    }

    #[test]
    fn weeks_have_168_hours_and_one_less_or_more_where_the_clock_changes() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(hours("2026-W47", &berlin), 168);
        assert_eq!(hours("2026-W13", &berlin), 167);
        assert_eq!(hours("2026-W43", &berlin), 169);
        assert_eq!(hours("2026-W43", &TimeZone::UTC), 168);
    }

    #[test]
    fn a_week_is_named_as_iso_names_it() {
        for (day, week) in [
            ("2026-01-01T00:00:00Z", "2026-W01"),
            ("2027-01-03T23:00:00Z", "2026-W53"),
            ("2024-12-30T00:00:00Z", "2025-W01"),
            ("2026-11-29T23:59:59Z", "2026-W48"),
        ] {
            let week_of = Week::of(day.parse().unwrap(), &TimeZone::UTC);
            assert_eq!(week_of.to_string(), week);
            assert_eq!(Week::parse(week), Some(week_of));
        }
        let now = "2026-11-30T00:00:00Z".parse().unwrap();
        assert_eq!(Week::last_full(now, &TimeZone::UTC).to_string(), "2026-W48");
        assert_eq!(Week::last_full(now, &zone("America/New_York")).to_string(), "2026-W47");
    }

    #[test]
    fn what_is_no_week_is_refused() {
        for text in
            ["", "2026-W54", "2025-W53", "2026-W00", "2026-47", "W47", "2026-W7", "-026-W01"]
        {
            assert_eq!(Week::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_that_the_clock_skipped_is_none() {
        // Samoa went over the date line at the end of 2011-12-29.
        let apia = zone("Pacific/Apia");
        let (from, until) =
            ("2011-12-29T12:00:00Z".parse().unwrap(), "2012-01-01T00:00:00Z".parse().unwrap());
        let dates: Vec<_> =
            days(from, until, &apia).iter().map(|day| day.date.to_string()).collect();
        assert_eq!(dates, ["2011-12-29", "2011-12-31", "2012-01-01"]);
    }

    proptest! {
        #[test]
        fn days_fill_the_range_without_a_gap(
            from in 0..2_000_000_000_000_i64, length in 1..40 * 24 * HOUR,
            name in prop::sample::select(&["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"]),
        ) {
            let (from, until) = (Timestamp::from_ms(from), Timestamp::from_ms(from + length));
            let days = days(from, until, &zone(name));
            prop_assert_eq!(days.first().map(|day| day.from), Some(from));
            prop_assert_eq!(days.last().map(|day| day.until), Some(until));
            for pair in days.windows(2) {
                prop_assert_eq!(pair[0].until, pair[1].from);
            }
        }
    }
}
