//! Ranges of time as they are typed, and what files about them are named.

use jiff::tz::TimeZone;

use super::*;
use crate::render::{berlin, noon};

const HOUR: i64 = 60 * 60 * 1000;

fn in_berlin() -> Zoned {
    noon(berlin())
}

fn in_utc() -> Zoned {
    noon(TimeZone::UTC)
}

fn typed(since: Option<&str>, until: Option<&str>) -> Range {
    Range { since: since.map(Into::into), until: until.map(Into::into) }
}

fn week(text: Option<&str>, now: Zoned) -> Result<Span, Error> {
    Span::of_report(text, &Range::default(), now)
}

fn hours(span: &Span) -> i64 {
    (span.until.unwrap().ms() - span.from.unwrap().ms()) / HOUR
}

fn refused(span: Result<Span, Error>) -> String {
    let error = span.unwrap_err();
    assert_eq!(error.exit_code(), crate::exit::USAGE);
    error.to_string()
}

#[test]
fn without_a_range_it_is_the_last_week_that_is_over() {
    let span = week(None, in_utc()).unwrap();
    assert_eq!(span.week_name().as_deref(), Some("2026-W47"));
    let mut filter = Filter::default();
    span.apply(&mut filter);
    let expected = (Some(1_794_787_200_000), Some(1_795_392_000_000));
    assert_eq!((filter.since_ms, filter.until_ms), expected);
}

#[test]
fn weeks_are_those_of_the_time_zone_also_where_its_clock_changes() {
    for (name, expected) in [("2026-W47", 168), ("2026-W13", 167), ("2026-W43", 169)] {
        assert_eq!(hours(&week(Some(name), in_berlin()).unwrap()), expected, "{name}");
        assert_eq!(hours(&week(Some(name), in_utc()).unwrap()), 168, "{name}");
    }
    let begin = week(Some("2026-W47"), in_berlin()).unwrap().from.unwrap();
    assert_eq!(begin.to_string(), "2026-11-15T23:00:00.000Z");
}

#[test]
fn the_week_before_and_the_current_one_have_words() {
    for (text, name) in [("last", "2026-W47"), ("this", "2026-W48"), ("This", "2026-W48")] {
        assert_eq!(week(Some(text), in_utc()).unwrap().week_name().as_deref(), Some(name));
    }
}

#[test]
fn a_week_that_has_not_begun_is_refused_and_the_current_one_is_not() {
    assert_eq!(refused(week(Some("2027-W01"), in_utc())), "2027-W01 has not begun");
    assert_eq!(refused(week(Some("9999-W52"), in_utc())), "9999-W52 has not begun");
    assert!(week(Some("2026-W48"), in_utc()).is_ok());
    // A Monday begins in the east: in Berlin an hour before UTC.
    let late = "2026-11-22T23:30:00Z".parse::<jiff::Timestamp>().unwrap();
    assert!(week(Some("2026-W48"), late.to_zoned(berlin())).is_ok());
    assert!(week(Some("2026-W48"), late.to_zoned(TimeZone::UTC)).is_err());
}

#[test]
fn what_is_no_week_is_refused_with_examples() {
    for text in ["2026-47", "2025-W53", "W47", "next", "2026-11-16"] {
        let told = refused(week(Some(text), in_utc()));
        assert_eq!(told, format!("'{text}' for --week is no ISO week"));
    }
}

#[test]
fn a_range_without_an_end_ends_now_and_is_no_week() {
    let span = Span::of_report(None, &typed(Some("7d"), None), in_utc()).unwrap();
    assert_eq!((hours(&span), span.week_name()), (168, None));
    assert_eq!(span.until.unwrap().to_string(), "2026-11-23T12:00:00.000Z");
}

#[test]
fn days_are_those_of_the_time_zone_that_is_named() {
    let range = typed(Some("2026-11-16"), Some("2026-11-23"));
    let span = Span::of_report(None, &range, in_berlin()).unwrap();
    assert_eq!(span.from.unwrap().to_string(), "2026-11-15T23:00:00.000Z");
}

#[test]
fn a_range_without_a_begin_or_without_anything_in_it_is_refused() {
    let report = |since, until| refused(Span::of_report(None, &typed(since, until), in_utc()));
    assert!(report(None, Some("today")).contains("--until needs --since"));
    assert!(report(Some("today"), Some("today")).contains("is empty"));
    assert!(report(Some("2026-12-01"), None).contains("has not begun"));
    assert!(report(Some("2026-12-01"), Some("2026-12-02")).contains("has not begun"));
}

#[test]
fn an_absence_is_about_all_that_is_recorded_unless_a_range_is_named() {
    let absence = |week, since, until| {
        let span = Span::of_absence(week, &typed(since, until), in_utc()).unwrap();
        (span.from.is_some(), span.until.is_some())
    };
    assert_eq!(absence(None, None, None), (false, false));
    assert_eq!(absence(None, Some("7d"), None), (true, false));
    assert_eq!(absence(None, None, Some("7d")), (false, true));
    assert_eq!(absence(None, Some("7d"), Some("1d")), (true, true));
    assert_eq!(absence(Some("last"), None, None), (true, true));
    let future = Span::of_absence(None, &typed(Some("2026-12-01"), None), in_utc());
    assert!(refused(future).contains("has not begun"));
}

#[test]
fn a_time_zone_without_a_name_has_to_be_named() {
    let named = week(None, now(Some("europe/berlin"), &in_utc()).unwrap()).unwrap();
    assert_eq!(named.zone_name().unwrap(), "Europe/Berlin");
    assert_eq!(week(None, in_utc()).unwrap().zone_name().unwrap(), "UTC");
    // A system that has nothing to say about it.
    assert_eq!(week(None, noon(TimeZone::unknown())).unwrap().zone_name().unwrap(), "UTC");
    for nameless in [berlin(), TimeZone::fixed(jiff::tz::offset(1))] {
        let error = week(None, noon(nameless)).unwrap().zone_name().unwrap_err();
        assert_eq!(error.exit_code(), crate::exit::USAGE);
        assert!(error.to_string().contains("--time-zone"), "{error}");
    }
    for none in ["Europe/Atlantis", "CET-1CEST", "Etc/Unknown", ".."] {
        let error = now(Some(none), &in_utc()).unwrap_err();
        assert_eq!(error.exit_code(), crate::exit::USAGE, "{none}");
    }
}

#[test]
fn a_file_is_named_for_its_week_or_its_days_and_for_what_it_is_narrowed_to() {
    let all = Filter::default();
    let named = |span: &Span, filter: &Filter| span.stem("trackway", filter);
    let week = week(None, in_berlin()).unwrap();
    assert_eq!(named(&week, &all), "trackway-2026-W47");
    let range = typed(Some("2026-11-16"), Some("2026-11-23"));
    let range = Span::of_report(None, &range, in_berlin()).unwrap();
    assert_eq!(named(&range, &all), "trackway-2026-11-16--2026-11-23");
    let ever = Span::of_absence(None, &Range::default(), in_berlin()).unwrap();
    assert_eq!(ever.stem("trackway-absence", &all), "trackway-absence-until-2026-11-23");

    for (agent, repo, dir, end) in [
        (Some("codex"), None, None, "codex"),
        (None, Some("https://github.com/o/widget.git"), None, "widget"),
        (Some("codex"), Some("git@host:widget"), Some("/src/a b/"), "codex-widget-a-b"),
        (None, None, Some("/src/\u{202e}\x1b../x.."), "x.."),
        (None, None, Some("/"), ""),
    ] {
        let [agent, repo, dir] = [agent, repo, dir].map(|text| text.map(str::to_owned));
        let filter = Filter { agent, repo, dir, ..Filter::default() };
        let dash = if end.is_empty() { "" } else { "-" };
        assert_eq!(named(&week, &filter), format!("trackway-2026-W47{dash}{end}"));
    }
}
