//! How much of a range of time was recorded: in a sentence, and by source.

use std::io::{self, Write};

use trackway_protocol::row::TimeRow;

use super::table::{Fit, Table};
use super::text::{NOT_APPLICABLE, count};
use super::time::duration;
use super::{View, clean};

/// Returns it in a sentence: how much of the time that the machine was on, how much was missed, and
/// how much does not count.
pub(crate) fn summary(row: &TimeRow) -> String {
    let seen = row.recorded_ms.saturating_add(row.degraded_ms);
    let on = seen.saturating_add(row.blind_ms);
    let mut parts = Vec::new();
    if on > 0 {
        // Rounded down: where anything was missed it is never all.
        let tenths = u128::from(seen) * 1000 / u128::from(on);
        let mut part = format!("recorded {}.{} % of {}", tenths / 10, tenths % 10, duration(on));
        if row.degraded_ms > 0 {
            part += &format!(", {} of it with less than full sight", duration(row.degraded_ms));
        }
        parts.push(part);
    } else {
        parts.push("nothing was recorded".to_owned());
    }
    if row.blind_ms > 0 {
        let gaps = count(row.blind_gaps, "gap", "gaps");
        parts.push(format!("blind {} in {gaps}", duration(row.blind_ms)));
    }
    if row.off_ms > 0 {
        parts.push(format!("off {}", duration(row.off_ms)));
    }
    if row.unrecorded_ms > 0 {
        let before = duration(row.unrecorded_ms);
        parts.push(format!("nothing is known of the {before} before the first start"));
    }
    parts.join("; ")
}

/// Writes a table of the sources.
pub(crate) fn write(rows: &[TimeRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    if let Some(first) = rows.first() {
        let (from, until) = (view.minute(first.from), view.minute(first.until));
        writeln!(out, "{from} to {until}\n")?;
    }
    let mut table = Table::new(&[
        ("SOURCE", Fit::Left),
        ("RECORDED", Fit::Right),
        ("DEGRADED", Fit::Right),
        ("BLIND", Fit::Right),
        ("GAPS", Fit::Right),
        ("OFF", Fit::Right),
        ("NOT YET", Fit::Right),
    ]);
    let time = |ms: u64| if ms == 0 { NOT_APPLICABLE.to_owned() } else { duration(ms) };
    for row in rows {
        table.row([
            clean(&row.source).into_owned().into(),
            time(row.recorded_ms).into(),
            time(row.degraded_ms).into(),
            time(row.blind_ms).into(),
            row.blind_gaps.to_string().into(),
            time(row.off_ms).into(),
            time(row.unrecorded_ms).into(),
        ]);
    }
    table.write(view, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    const HOUR: u64 = 3_600_000;

    fn row() -> TimeRow {
        TimeRow {
            source: "launches".into(),
            from: "2026-11-16T12:00:00Z".parse().unwrap(),
            until: "2026-11-23T12:00:00Z".parse().unwrap(),
            recorded_ms: 168 * HOUR,
            ..TimeRow::default()
        }
    }

    #[test]
    fn a_week_is_told_in_a_sentence() {
        assert_eq!(summary(&row()), "recorded 100.0 % of 7d 0h");
        let week = TimeRow {
            recorded_ms: 138 * HOUR - 720_000,
            blind_ms: 720_000,
            blind_gaps: 2,
            off_ms: 30 * HOUR,
            ..row()
        };
        assert_eq!(summary(&week), "recorded 99.8 % of 5d 18h; blind 12m 0s in 2 gaps; off 1d 6h");
    }

    #[test]
    fn where_anything_was_missed_it_is_never_all_of_it() {
        let almost = TimeRow { blind_ms: 1, blind_gaps: 1, ..row() };
        assert!(summary(&almost).starts_with("recorded 99.9 % of 7d 0h; blind 1ms in 1 gap"));
    }

    #[test]
    fn what_was_seen_in_part_is_not_silently_all() {
        let polled = TimeRow { recorded_ms: 0, degraded_ms: 2 * HOUR, ..row() };
        assert_eq!(
            summary(&polled),
            "recorded 100.0 % of 2h 0m, 2h 0m of it with less than full sight"
        );
        let never = TimeRow { recorded_ms: 0, unrecorded_ms: HOUR, ..row() };
        assert_eq!(
            summary(&never),
            "nothing was recorded; nothing is known of the 1h 0m before the first start"
        );
    }

    #[test]
    fn each_source_has_a_line() {
        let other = TimeRow { source: "sessions".into(), blind_ms: 5000, blind_gaps: 1, ..row() };
        assert_eq!(
            written(|out| write(&[row(), other], &View::plain(), out)),
            "\
Nov 16 12:00 to Nov 23 12:00

SOURCE    RECORDED  DEGRADED  BLIND  GAPS  OFF  NOT YET
launches     7d 0h         -      -     0    -        -
sessions     7d 0h         -   5.0s     1    -        -
"
        );
    }
}
