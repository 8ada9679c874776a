//! Points in time as people type them: `7d`, `monday`, `2026-11-16`, RFC 3339.
//!
//! Every form names one instant. A day is its first moment in the local time zone, so that
//! `--until 2026-11-23` ends with the 22nd.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _, Zoned};

/// What can be typed, for an error's hint.
pub(super) const EXAMPLES: &str = "examples: 7d, 36h, today, yesterday, monday, 2026-11-16, '2026-11-16 14:30', \
     2026-11-16T14:30:00+01:00; a day means its first moment, here and now";

/// Returns the instant that `text` names, seen from `now`.
pub(super) fn parse(text: &str, now: &Zoned) -> Option<jiff::Timestamp> {
    let word = text.trim().to_ascii_lowercase();
    let zone = now.time_zone();
    match word.as_str() {
        "now" => return Some(now.timestamp()),
        "today" => return midnight(now.date(), zone),
        "yesterday" => return midnight(now.date().yesterday().ok()?, zone),
        _ => {}
    }
    if let Some(weekday) = weekday(&word) {
        let back = now.weekday().since(weekday);
        return midnight(now.date().checked_sub(i64::from(back).days()).ok()?, zone);
    }
    absolute(text.trim(), zone).or_else(|| before(&word, now))
}

/// Reads RFC 3339, a local date and time, or a date.
fn absolute(text: &str, zone: &TimeZone) -> Option<jiff::Timestamp> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time);
    }
    // A day first: jiff reads `2026-11-16` as a date and time as well, but midnight may not exist.
    if let Ok(date) = Date::strptime("%Y-%m-%d", text) {
        return midnight(date, zone);
    }
    let civil: DateTime = text.parse().ok()?;
    Some(zone.to_zoned(civil).ok()?.timestamp())
}

/// Reads a span of time and steps back by it.
fn before(text: &str, now: &Zoned) -> Option<jiff::Timestamp> {
    let span: Span = text.parse().ok()?;
    let then = now.checked_sub(span.abs()).ok()?;
    Some(then.timestamp())
}

fn midnight(date: Date, zone: &TimeZone) -> Option<jiff::Timestamp> {
    Some(date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?.timestamp())
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::{berlin, noon};

    /// A Monday, in a zone whose clocks were set back on October 25.
    fn now() -> Zoned {
        noon(berlin())
    }

    fn read(text: &str) -> String {
        parse(text, &now()).map_or("error".into(), |time| time.to_string())
    }

    #[test]
    fn days_are_their_first_local_moment() {
        assert_eq!(read("today"), "2026-11-22T23:00:00Z");
        assert_eq!(read("yesterday"), "2026-11-21T23:00:00Z");
        assert_eq!(read("2026-11-16"), "2026-11-15T23:00:00Z");
        assert_eq!(read("2026-07-01"), "2026-06-30T22:00:00Z");
    }

    #[test]
    fn a_weekday_is_its_latest_beginning() {
        assert_eq!(read("monday"), read("today"));
        assert_eq!(read("Sunday"), read("yesterday"));
        assert_eq!(read("tue"), read("2026-11-17"));
    }

    #[test]
    fn spans_count_back_from_now() {
        assert_eq!(read("36h"), "2026-11-22T00:00:00Z");
        assert_eq!(read("1h30m"), "2026-11-23T10:30:00Z");
        assert_eq!(read("7 days"), read("7d"));
        assert_eq!(read("2h ago"), read("2h"));
    }

    #[test]
    fn days_in_a_span_are_calendar_days() {
        // 30 days back summer time ruled: one o'clock stays one o'clock.
        assert_eq!(read("30d"), "2026-10-24T11:00:00Z");
    }

    #[test]
    fn full_times_may_name_their_zone_or_be_local() {
        assert_eq!(read("2026-11-16T14:30:00Z"), "2026-11-16T14:30:00Z");
        assert_eq!(read("2026-11-16T14:30:00.5-05:00"), "2026-11-16T19:30:00.5Z");
        assert_eq!(read("2026-11-16 14:30"), "2026-11-16T13:30:00Z");
        assert_eq!(read("2026-11-16T14:30:05"), "2026-11-16T13:30:05Z");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "soon", "7", "2026-13-01", "16.11.2026", "9999999y", "--", "mondayy"] {
            assert_eq!(read(text), "error", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            parse(&text, &now());
        }

        #[test]
        fn no_span_makes_it_panic(text in "-?[0-9]{1,20} ?(ns|s|m|h|d|w|mo|y)") {
            parse(&text, &now());
        }
    }
}
