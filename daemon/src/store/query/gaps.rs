//! Gaps: coverage records that tell of less than full sight.

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::GapRow;

use super::super::filter::{Conditions, sql_limit};
use super::Found;

/// Coverage records with the end of their range.
///
/// A range that was left open ends where a later record of the same source says that it sees again,
/// or begins another one that lasts; of two in the same millisecond, the one that came later is the later one.
const RANGES: &str = "SELECT seq, source, state, from_ms, coalesce(until_ms, CASE state WHEN 'restored' THEN closes_ms END,
        (SELECT c.closes_ms FROM coverage c
         WHERE c.source = g.source AND (c.closes_ms, c.seq) > (g.from_ms, g.seq)
         ORDER BY c.closes_ms, c.seq LIMIT 1)) AS until_ms, reason, missed, unit, unnamed
    FROM coverage g WHERE state IN ('degraded', 'lost', 'restored', 'off')";

/// Returns the gaps that overlap the filter's range, oldest first.
pub(super) fn gaps(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<GapRow>> {
    let wanted = question(filter);
    let sql = format!(
        "SELECT * FROM ({RANGES}){} ORDER BY from_ms DESC, seq DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(filter.limit)]);
    let mut statement = tx.prepare_cached(&sql)?;
    let newest_first = statement.query_map(params_from_iter(values), row)?;
    let mut gaps: Vec<GapRow> = newest_first.collect::<Result<_, _>>()?;
    gaps.reverse();
    Found::counted(gaps, filter, |bound| count(tx, filter, bound))
}

/// Returns how many launches were counted in gaps and not named; none where that is not known.
pub(super) fn missed_launches(gaps: &[GapRow]) -> Option<u64> {
    let of_launches =
        gaps.iter().filter(|gap| gap.source == "launches" || gap.source == "open-exec");
    let counted = of_launches.map(|gap| match (&gap.unit, gap.missed, &gap.state[..]) {
        (Some(unit), Some(missed), _) if unit == "launches" => Some(missed),
        // Programs without a name may have been anything, and so may lost events.
        (Some(_), Some(_), _) | (_, None, "lost") => None,
        _ if gap.unnamed.is_some() => None,
        _ => Some(0),
    });
    counted.sum()
}

/// Counts the gaps that overlap the filter's range, whatever its limit, up to `bound`.
fn count(tx: &Connection, filter: &Filter, bound: u64) -> rusqlite::Result<u64> {
    question(filter).count(tx, &format!("({RANGES})"), bound)
}

fn question(filter: &Filter) -> Conditions {
    let mut wanted = Conditions::default();
    if let Some(since) = filter.since_ms {
        // What the index finds, and then what is left once open ranges have their end.
        wanted.require(
            "seq IN (SELECT seq FROM coverage WHERE until_ms >= ?
                UNION ALL SELECT seq FROM coverage WHERE until_ms IS NULL)
             AND (until_ms IS NULL OR until_ms >= ?)",
            [since; 2],
        );
    }
    wanted.require_some("from_ms < ?", filter.until_ms);
    wanted
}

fn row(row: &Row<'_>) -> rusqlite::Result<GapRow> {
    let number = |column| row.get::<_, Option<i64>>(column).map(|it| it.map(i64::cast_unsigned));
    Ok(GapRow {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        source: row.get(1)?,
        state: row.get(2)?,
        from: Timestamp::from_ms(row.get(3)?),
        until: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_ms),
        reason: row.get(5)?,
        missed: number(6)?,
        unit: row.get(7)?,
        unnamed: number(8)?,
    })
}
