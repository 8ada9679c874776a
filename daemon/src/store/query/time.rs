//! How a range of time divides: recorded, blind or off.
//!
//! Pure but for [`time`], which fetches what it needs. Each millisecond of a range is one of five
//! things; where several could be said of it, the first of these counts:
//!
//! 1. *unrecorded*: no daemon had ever been started;
//! 2. *off*: the daemon had stopped in order and another boot came: nothing of the user's ran;
//! 3. *blind*: something could have happened that nobody saw;
//! 4. *degraded*: recorded, but less than everything was seen;
//! 5. *recorded*.
//!
//! What the daemon and the ledger missed, every source missed. While the machine was suspended
//! nothing ran either, and nothing was lost: that time counts as it would have otherwise.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::{GapRow, TimeRow};

use super::gaps;
use crate::pipeline::LAUNCHES;

/// What is said of a range, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    Degraded,
    Blind,
    Off,
}

/// A range of which something is said, in milliseconds since the epoch. One that ends before it
/// begins, because the clock was set back, says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    sight: Sight,
    from: i64,
    until: i64,
}

/// The parts of a range, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parts {
    recorded: u64,
    degraded: u64,
    blind: u64,
    off: u64,
    unrecorded: u64,
    /// How many separate stretches `blind` is made of.
    blind_gaps: u64,
}

/// Divides `from..until`; `first` is when the first daemon ever began.
fn divide(from: i64, until: i64, first: Option<i64>, spans: &[Span]) -> Parts {
    let mut parts = Parts::default();
    let begin = first.map_or(until, |first| first.clamp(from, until.max(from)));
    parts.unrecorded = length(from, begin);
    // At each edge, how many ranges of each kind begin there, or end.
    let mut edges: BTreeMap<i64, [i64; 3]> = BTreeMap::new();
    for span in spans {
        let (start, end) = (span.from.max(begin), span.until.min(until));
        if start < end {
            edges.entry(start).or_default()[span.sight as usize] += 1;
            edges.entry(end).or_default()[span.sight as usize] -= 1;
        }
    }
    let (mut at, mut open, mut was_blind) = (begin, [0_i64; 3], false);
    for (edge, changes) in edges.into_iter().chain([(until, [0; 3])]) {
        let stretch = length(at, edge);
        let [degraded, blind, off] = open.map(|many| many > 0);
        let part = match () {
            () if off => &mut parts.off,
            () if blind => &mut parts.blind,
            () if degraded => &mut parts.degraded,
            () => &mut parts.recorded,
        };
        *part += stretch;
        let is_blind = blind && !off;
        if stretch > 0 {
            parts.blind_gaps += u64::from(is_blind && !was_blind);
            was_blind = is_blind;
        }
        at = at.max(edge);
        for (many, change) in open.iter_mut().zip(changes) {
            *many += change;
        }
    }
    parts
}

fn length(from: i64, until: i64) -> u64 {
    if until > from { until.abs_diff(from) } else { 0 }
}

/// Returns how the filter's range divides, of launches first; the range ends now at the latest.
pub(super) fn time(
    tx: &Connection,
    filter: &Filter,
    now: Timestamp,
) -> rusqlite::Result<Vec<TimeRow>> {
    let first = first_start(tx)?;
    let until = filter.until_ms.map_or(now.ms(), |until| until.min(now.ms()));
    let from = filter.since_ms.or(first).unwrap_or(until).min(until);
    let range = Filter { since_ms: Some(from), until_ms: Some(until), ..Filter::default() };
    let gaps = gaps::gaps(tx, &range)?.rows;
    let mut sources = sources(tx)?;
    sources.remove(LAUNCHES);
    let all = std::iter::once(LAUNCHES.to_owned()).chain(sources);
    Ok(all.map(|source| row(source, from, until, first, &gaps, now)).collect())
}

/// Returns when the first daemon began.
pub(super) fn first_start(tx: &Connection) -> rusqlite::Result<Option<i64>> {
    let first = "SELECT min(at_ms) FROM daemon_run WHERE kind = 'daemon.started'";
    tx.query_row(first, [], |row| row.get(0))
}

fn row(
    source: String,
    from: i64,
    until: i64,
    first: Option<i64>,
    gaps: &[GapRow],
    now: Timestamp,
) -> TimeRow {
    let spans: Vec<Span> = gaps.iter().filter_map(|gap| span(gap, &source, now)).collect();
    let parts = divide(from, until, first, &spans);
    TimeRow {
        source,
        from: Timestamp::from_ms(from),
        until: Timestamp::from_ms(until),
        recorded_ms: parts.recorded,
        degraded_ms: parts.degraded,
        blind_ms: parts.blind,
        off_ms: parts.off,
        unrecorded_ms: parts.unrecorded,
        blind_gaps: parts.blind_gaps,
    }
}

/// The sources that ever said something, without those that speak of the recorder as a whole.
fn sources(tx: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT source FROM coverage WHERE source NOT IN ('clock', 'daemon', 'ledger')",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Returns what a gap means for a source.
fn span(gap: &GapRow, source: &str, now: Timestamp) -> Option<Span> {
    let is_everybody_s = matches!(gap.source.as_str(), "daemon" | "ledger");
    if !is_everybody_s && gap.source != source {
        return None;
    }
    if gap.source == "ledger" && gap.missed == Some(0) {
        // All of it waited in memory and was written in the end.
        return None;
    }
    let sight = match gap.state.as_str() {
        "off" => Sight::Off,
        // A range that was blind and is over.
        "lost" | "restored" => Sight::Blind,
        _ => Sight::Degraded,
    };
    let until = gap.until.map_or(now.ms(), Timestamp::ms);
    Some(Span { sight, from: gap.from.ms(), until })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(sight: Sight, from: i64, until: i64) -> Span {
        Span { sight, from, until }
    }

    fn sum(parts: &Parts) -> u64 {
        parts.recorded + parts.degraded + parts.blind + parts.off + parts.unrecorded
    }

    #[test]
    fn overlapping_gaps_count_once_and_the_graver_word_counts() {
        let spans = [
            span(Sight::Blind, 10, 30),
            span(Sight::Blind, 20, 40),
            span(Sight::Degraded, 35, 50),
            span(Sight::Off, 25, 30),
        ];
        let parts = divide(0, 100, Some(5), &spans);
        let expected =
            Parts { unrecorded: 5, blind: 25, off: 5, degraded: 10, recorded: 55, blind_gaps: 2 };
        assert_eq!(parts, expected);
    }

    #[test]
    fn before_the_first_daemon_nothing_is_recorded_and_nothing_is_blind() {
        let spans = [span(Sight::Blind, 0, 100)];
        let parts = divide(0, 100, None, &spans);
        assert_eq!(parts, Parts { unrecorded: 100, ..Parts::default() });
        assert_eq!(divide(0, 100, Some(200), &spans).unrecorded, 100);
    }

    #[test]
    fn what_ends_before_it_begins_is_nothing() {
        let spans = [span(Sight::Off, 60, 20)];
        assert_eq!(divide(0, 100, Some(-5), &spans).recorded, 100);
        assert_eq!(divide(100, 0, Some(50), &spans), Parts::default());
    }

    #[test]
    fn two_gaps_that_touch_are_one() {
        let spans = [span(Sight::Blind, 10, 20), span(Sight::Blind, 20, 30)];
        assert_eq!(divide(0, 100, Some(0), &spans).blind_gaps, 1);
    }

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let sight = prop_oneof![Just(Sight::Degraded), Just(Sight::Blind), Just(Sight::Off)];
        // Some of them end before they begin: the clock was set back.
        let one = (sight, -50..250_i64, -50..250_i64);
        prop::collection::vec(
            one.prop_map(|(sight, from, until)| Span { sight, from, until }),
            0..12,
        )
    }

    /// What is true of one millisecond, by the list at the top of this file.
    fn slowly(from: i64, until: i64, first: Option<i64>, spans: &[Span]) -> Parts {
        let mut parts = Parts::default();
        let mut was_blind = false;
        for at in from..until {
            let sight = spans.iter().filter(|it| it.from <= at && at < it.until);
            let sight = sight.map(|it| it.sight).max();
            let is_unrecorded = first.is_none_or(|first| at < first);
            let part = match sight {
                _ if is_unrecorded => &mut parts.unrecorded,
                Some(Sight::Off) => &mut parts.off,
                Some(Sight::Blind) => &mut parts.blind,
                Some(Sight::Degraded) => &mut parts.degraded,
                None => &mut parts.recorded,
            };
            *part += 1;
            let is_blind = sight == Some(Sight::Blind) && !is_unrecorded;
            parts.blind_gaps += u64::from(is_blind && !was_blind);
            was_blind = is_blind;
        }
        parts
    }

    proptest! {
        #[test]
        fn the_parts_add_up_and_are_what_each_millisecond_is(
            from in -20..220_i64, until in -20..220_i64,
            first in prop::option::of(-20..220_i64), spans in spans(),
        ) {
            let parts = divide(from, until, first, &spans);
            prop_assert_eq!(sum(&parts), length(from, until));
            prop_assert_eq!(parts, slowly(from, until, first, &spans));
        }

        #[test]
        fn order_and_repetition_change_nothing(
            first in prop::option::of(-20..220_i64), spans in spans(), by in 0..12_usize,
        ) {
            let parts = divide(0, 200, first, &spans);
            let mut others = spans.clone();
            others.rotate_left(by % spans.len().max(1));
            others.extend_from_slice(&spans);
            prop_assert_eq!(divide(0, 200, first, &others), parts);
        }

        #[test]
        fn a_range_that_is_split_adds_up(
            at in 0..200_i64, first in prop::option::of(-20..220_i64), spans in spans(),
        ) {
            let whole = divide(0, 200, first, &spans);
            let (left, right) = (divide(0, at, first, &spans), divide(at, 200, first, &spans));
            let both = Parts {
                recorded: left.recorded + right.recorded,
                degraded: left.degraded + right.degraded,
                blind: left.blind + right.blind,
                off: left.off + right.off,
                unrecorded: left.unrecorded + right.unrecorded,
                // A gap that is split is in both.
                blind_gaps: whole.blind_gaps,
            };
            prop_assert_eq!(both, whole);
            prop_assert!((left.blind_gaps + right.blind_gaps).abs_diff(whole.blind_gaps) <= 1);
        }

        #[test]
        fn no_clock_makes_a_part_negative_or_larger_than_the_range(
            first in any::<Option<i64>>(), from in any::<i64>(), until in any::<i64>(),
            edges in prop::collection::vec(any::<(i64, i64)>(), 0..4),
        ) {
            let spans: Vec<_> =
                edges.into_iter().map(|(from, until)| span(Sight::Blind, from, until)).collect();
            prop_assert_eq!(sum(&divide(from, until, first, &spans)), length(from, until));
        }
    }
}
