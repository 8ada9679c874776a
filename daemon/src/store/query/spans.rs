//! A range of time in parts: whole weeks and days, which are summed up, and the touches at its edges.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;

use super::super::filter::Conditions;
use super::super::project::dir::quarter_hour;
use super::super::project::sums::{ALL, DAY, DAYS, QUARTERS, WEEK};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The parts of a range; none overlaps another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    /// Sums: a level, and its first and last span.
    pub(super) sums: Vec<(i64, i64, i64)>,
    /// The days that the sums cover, first and last.
    pub(super) days: Option<(i64, i64)>,
    /// Touches: from when, and before when.
    pub(super) touches: Vec<(Option<i64>, Option<i64>)>,
}

impl Spans {
    /// Divides the filter's range.
    pub(super) fn of(filter: &Filter) -> Self {
        let Filter { since_ms, until_ms, .. } = *filter;
        if since_ms.is_none() && until_ms.is_none() {
            return Self { sums: vec![(ALL, 0, 0)], ..Self::default() };
        }
        let first = since_ms.map(|since| -(-since).div_euclid(DAY_MS));
        let end = until_ms.map(|until| until.div_euclid(DAY_MS));
        if first.zip(end).is_some_and(|(first, end)| first >= end) {
            return Self::touches(filter);
        }
        let begin_edge = first.filter(|first| Some(first * DAY_MS) != since_ms);
        let end_edge = end.filter(|end| Some(end * DAY_MS) != until_ms);
        let begin_edge = begin_edge.map(|day| (since_ms, Some(day * DAY_MS)));
        let end_edge = end_edge.map(|day| (Some(day * DAY_MS), until_ms));
        // A year that nobody records stands for what is open.
        const OPEN: i64 = 1 << 40;
        let (first, last) = (first.unwrap_or(-OPEN), end.unwrap_or(OPEN) - 1);
        Self {
            sums: weeks_and_days(first, last),
            days: Some((first, last)),
            touches: begin_edge.into_iter().chain(end_edge).collect(),
        }
    }

    /// Takes the whole range by its touches.
    pub(super) fn touches(filter: &Filter) -> Self {
        let whole = (filter.since_ms, filter.until_ms);
        Self { sums: Vec::new(), days: None, touches: vec![whole] }
    }
}

fn weeks_and_days(first: i64, last: i64) -> Vec<(i64, i64, i64)> {
    let (first_week, end_week) = (-(-first).div_euclid(DAYS), (last + 1).div_euclid(DAYS));
    if first_week >= end_week {
        return vec![(DAY, first, last)];
    }
    let days = [(DAY, first, first_week * DAYS - 1), (DAY, end_week * DAYS, last)];
    let days = days.into_iter().filter(|(_, first, last)| first <= last);
    [(WEEK, first_week, end_week - 1)].into_iter().chain(days).collect()
}

/// Returns the first and the last day that a filter's range touches.
pub(super) fn day_range(filter: &Filter) -> (i64, i64) {
    // Far beyond what is recorded, and near enough to be counted with.
    const OPEN: i64 = 1 << 40;
    let day = |ms: i64| ms.div_euclid(DAY_MS);
    (filter.since_ms.map_or(-OPEN, day), filter.until_ms.map_or(OPEN, day))
}

/// Narrows a filter's range to some days, first and last.
pub(super) fn on_days(filter: &Filter, (first, last): (i64, i64)) -> Filter {
    let (begin, end) = (first * DAY_MS, (last + 1) * DAY_MS);
    Filter {
        since_ms: Some(filter.since_ms.map_or(begin, |since| since.max(begin))),
        until_ms: Some(filter.until_ms.map_or(end, |until| until.min(end))),
        ..filter.clone()
    }
}

/// Adds when a touch `t` must have been: what overlaps the range counts.
pub(super) fn require_range(wanted: &mut Conditions, (since, until): (Option<i64>, Option<i64>)) {
    // The quarter-hour is what the index has; the rest makes the edges exact.
    let quarter = |ms| quarter_hour(Timestamp::from_ms(ms));
    if let Some(since) = since {
        wanted.require("t.quarter >= ? AND t.last_at >= ?", [quarter(since), since]);
    }
    if let Some(until) = until {
        wanted.require("t.quarter <= ? AND t.first_at < ?", [quarter(until), until]);
    }
}

/// Returns the quarter-hours of days, first and last.
pub(super) fn quarters((first, last): (i64, i64)) -> (i64, i64) {
    (first * QUARTERS, last * QUARTERS + QUARTERS - 1)
}

/// Divides days, first and last, into ranges of quarter-hours: the last hour, and before it ranges
/// of which each is as long as all that come after it.
pub(super) fn backwards((first, last): (i64, i64)) -> impl Iterator<Item = (i64, i64)> {
    const HOUR: i64 = 4;
    let (first, last) = quarters((first, last));
    let (mut begin, end) = (last + 1, last + 1);
    std::iter::from_fn(move || {
        let last = begin - 1;
        begin = (end - ((end - begin) * 2).max(HOUR)).max(first);
        (begin <= last).then_some((begin, last))
    })
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    fn range(since_ms: Option<i64>, until_ms: Option<i64>) -> Spans {
        Spans::of(&Filter { since_ms, until_ms, ..Filter::default() })
    }

    #[test]
    fn a_long_range_is_mostly_weeks() {
        let spans = range(Some(DAY_MS * 8 + 1), Some(DAY_MS * 30));
        assert_eq!(spans.sums, [(WEEK, 2, 3), (DAY, 9, 13), (DAY, 28, 29)]);
        assert_eq!(spans.touches, [(Some(DAY_MS * 8 + 1), Some(DAY_MS * 9))]);
        assert_eq!(range(None, None).sums, [(ALL, 0, 0)]);
        let within_a_day = range(Some(1), Some(DAY_MS - 1));
        assert_eq!(within_a_day.touches, [(Some(1), Some(DAY_MS - 1))]);
        assert!(within_a_day.sums.is_empty());
    }

    #[test]
    fn a_day_is_gone_through_from_its_last_hour_on() {
        let day: Vec<_> = backwards((2, 2)).collect();
        assert_eq!(day, [(284, 287), (280, 283), (272, 279), (256, 271), (224, 255), (192, 223)]);
    }

    proptest! {
        #[test]
        fn every_moment_of_a_range_is_in_one_part_and_no_other(
            since in option::of(-40 * DAY_MS..40 * DAY_MS),
            until in option::of(-40 * DAY_MS..40 * DAY_MS),
            at in -50 * DAY_MS..50 * DAY_MS,
        ) {
            prop_assume!(since.or(until).is_some());
            let spans = range(since, until);
            let day = at.div_euclid(DAY_MS);
            let span = |level| if level == WEEK { day.div_euclid(DAYS) } else { day };
            let in_sums = spans.sums.iter().filter(|(level, first, last)| {
                (first..=last).contains(&&span(*level))
            });
            let in_touches = spans.touches.iter().filter(|(since, until)| {
                since.is_none_or(|since| since <= at) && until.is_none_or(|until| at < until)
            });
            let is_in = since.is_none_or(|since| since <= at) && until.is_none_or(|until| at < until);
            prop_assert_eq!(in_sums.count() + in_touches.count(), usize::from(is_in));
            let in_days = spans.days.is_some_and(|(first, last)| (first..=last).contains(&day));
            let in_some_sum = spans.sums.iter().any(|(level, first, last)| {
                (first..=last).contains(&&span(*level))
            });
            prop_assert_eq!(in_days, in_some_sum);
        }
    }
}
