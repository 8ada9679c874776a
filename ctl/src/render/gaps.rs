//! The table of gaps.

use std::io::{self, Write};

use trackway_protocol::row::GapRow;

use super::table::{Cell, Fit, Table, Tone};
use super::text::count;
use super::time::duration;
use super::{View, clean};

/// Writes the table.
pub(crate) fn write(rows: &[GapRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&[
        ("FROM", Fit::Left),
        ("UNTIL", Fit::Left),
        ("HOW LONG", Fit::Left),
        ("SOURCE", Fit::Left),
        ("WHAT", Fit::Wrap),
    ]);
    for row in rows {
        let until = row.until.map_or("lasts".into(), |until| view.second_after(row.from, until));
        table.row([
            view.second(row.from).into(),
            until.into(),
            how_long(row, view).into(),
            clean(&row.source).into_owned().into(),
            Cell::toned(what(row), tone(row)),
        ]);
    }
    table.write(view, out)
}

fn how_long(row: &GapRow, view: &View) -> String {
    let until = row.until.map_or_else(|| view.now.timestamp().as_millisecond(), |time| time.ms());
    // A clock that was set back makes a range end before it begins.
    u64::try_from(until - row.from.ms()).map_or("?".into(), duration)
}

/// Returns state, reason and what was lost.
fn what(row: &GapRow) -> String {
    let mut what = format!("{}: {}", clean(&row.state), clean(&row.reason));
    match (row.missed, row.unit.as_deref()) {
        (Some(missed), Some("launches")) => {
            what += &format!("; {} missed", count(missed, "launch", "launches"));
        }
        (Some(missed), Some("kernel-events")) => {
            what += &format!("; {} missed", count(missed, "kernel event", "kernel events"));
        }
        (Some(missed), unit) => {
            what += &format!("; {missed} {} missed", clean(unit.unwrap_or("(of what is unknown)")));
        }
        (None, _) if is_uncounted(row) => what += "; how much was missed is unknown",
        (None, _) => {}
    }
    if let Some(unnamed) = row.unnamed.filter(|unnamed| *unnamed > 0) {
        what += &format!("; {} of unknown programs", count(unnamed, "exec", "execs"));
    }
    what
}

/// Whether something was missed that could have been counted and was not. Of time without daemon or
/// machine there is no count, and the open-exec counter's reason says what it counted.
fn is_uncounted(row: &GapRow) -> bool {
    row.state != "off"
        && row.unnamed.is_none()
        && !["clock", "daemon", "open-exec"].contains(&row.source.as_str())
}

fn tone(row: &GapRow) -> Tone {
    match row.state.as_str() {
        "lost" => Tone::Bad,
        "degraded" => Tone::Warning,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    fn lost() -> GapRow {
        GapRow {
            seq: 7,
            source: "proc-connector".into(),
            state: "lost".into(),
            from: "2026-11-16T14:03:22Z".parse().unwrap(),
            until: Some("2026-11-16T14:05:01Z".parse().unwrap()),
            reason: "the kernel dropped events".into(),
            missed: None,
            unit: None,
            unnamed: None,
        }
    }

    #[test]
    fn the_table_fits_80_columns_and_wraps_what_happened() {
        let lasting = GapRow {
            from: "2026-11-23T09:00:00Z".parse().unwrap(),
            until: None,
            source: "poll".into(),
            state: "degraded".into(),
            ..lost()
        };
        assert_eq!(
            written(|out| write(&[lost(), lasting], &View::plain(), out)),
            "\
FROM             UNTIL     HOW LONG  SOURCE          WHAT
Nov 16 14:03:22  14:05:01  1m 39s    proc-connector  lost: the kernel dropped
                                                     events; how much was missed
                                                     is unknown
Nov 23 09:00:00  lasts     3h 0m     poll            degraded: the kernel
                                                     dropped events; how much
                                                     was missed is unknown
"
        );
    }

    #[test]
    fn what_was_missed_is_counted_in_its_unit() {
        let missed =
            |missed, unit: &str| GapRow { missed: Some(missed), unit: Some(unit.into()), ..lost() };
        assert!(what(&missed(1, "launches")).ends_with("; 1 launch missed"));
        assert!(what(&missed(2000, "kernel-events")).ends_with("; 2,000 kernel events missed"));
        assert!(what(&missed(3, "\x07s")).ends_with("; 3 \\x07s missed"));
        let unnamed = GapRow { unnamed: Some(4), ..missed(0, "launches") };
        assert!(what(&unnamed).ends_with("; 0 launches missed; 4 execs of unknown programs"));
    }

    #[test]
    fn time_that_was_off_misses_nothing() {
        let off = GapRow { state: "off".into(), reason: "switched off".into(), ..lost() };
        assert_eq!(what(&off), "off: switched off");
    }

    #[test]
    fn where_no_count_applies_none_is_called_unknown() {
        for source in ["clock", "daemon", "open-exec"] {
            let gap = GapRow { source: source.into(), reason: "r".into(), ..lost() };
            assert_eq!(what(&gap), "lost: r");
        }
        let unnamed = GapRow { reason: "r".into(), unnamed: Some(4), ..lost() };
        assert_eq!(what(&unnamed), "lost: r; 4 execs of unknown programs");
        let short = GapRow {
            source: "open-exec".into(),
            reason: "/x was run 5 times, 3 of them were named".into(),
            missed: Some(2),
            unit: Some("launches".into()),
            ..lost()
        };
        assert_eq!(
            what(&short),
            "lost: /x was run 5 times, 3 of them were named; 2 launches missed"
        );
    }

    #[test]
    fn a_range_that_ends_before_it_begins_has_no_length() {
        let back = GapRow { until: Some("2026-11-16T14:00:00Z".parse().unwrap()), ..lost() };
        assert_eq!(how_long(&back, &View::plain()), "?");
    }
}
