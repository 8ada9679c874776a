//! What a report does not know.

use rusqlite::{Connection, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::report::Unknown;
use trackway_protocol::row::GapRow;

use super::super::super::scope;
use super::super::{gaps, time};
use super::sums::Sums;
use super::{among, cut};

/// Returns what is not known of a range, but for what only its sessions tell.
pub(super) fn lacks(tx: &Connection, filter: &Filter, now: Timestamp) -> rusqlite::Result<Unknown> {
    let (since_ms, until_ms) = (filter.since_ms, filter.until_ms);
    let range = Filter { since_ms, until_ms, ..Filter::default() };
    let mut found = gaps::gaps(tx, &range)?.rows;
    let unnamed_launches = gaps::missed_launches(&found);
    let out_of_scope = out_of_scope(tx, &found, filter)?;
    // The newest are kept; in their order.
    found.reverse();
    let (mut gaps, more_gaps) = cut(found);
    gaps.reverse();
    Ok(Unknown {
        time: time::time(tx, filter, now)?,
        gaps,
        more_gaps,
        unnamed_launches,
        launches_without_session: findings(tx, filter, "launch-without-session")?,
        launches_without_transcript: findings(tx, filter, "transcripts-off")?,
        session_files_gone: gone(tx, filter)?,
        pruned: pruned(tx, filter)?,
        out_of_scope,
        ..Unknown::default()
    })
}

/// Adds what is not known of the sessions of a range.
pub(super) fn add_sessions(
    tx: &Connection,
    sums: &Sums,
    unknown: &mut Unknown,
) -> rusqlite::Result<()> {
    let sessions = || sums.sessions();
    let count = |sql: &str| -> rusqlite::Result<u64> {
        Ok(among(tx, sql, sessions(), |row| row.get::<_, i64>(0))?
            .first()
            .map_or(0, |it| it.cast_unsigned()))
    };
    unknown.sessions_without_launch = count(
        "SELECT count(*) FROM json_each(?) w
         WHERE NOT EXISTS (SELECT 1 FROM session_launch n WHERE n.session = w.value)",
    )?;
    unknown.sessions_without_file = count(
        "SELECT count(*) FROM session WHERE key IN (SELECT value FROM json_each(?))
            AND (facts IS NULL OR facts ->> '$.present' IS NULL)",
    )?;
    let calls = "SELECT ifnull(sum(calls), 0), ifnull(sum(unresolved), 0) FROM session_calls
        WHERE session IN (SELECT value FROM json_each(?))";
    let calls = among(tx, calls, sessions(), |row| Ok([row.get::<_, i64>(0)?, row.get(1)?]))?;
    let calls = calls.first().map_or([0; 2], |calls| calls.map(i64::cast_unsigned));
    [unknown.shell_calls, unknown.unresolved_calls] = calls;
    unknown.unpriced = sums.models().unpriced();
    Ok(())
}

/// Counts what was concluded in the range about launches.
pub(super) fn findings(tx: &Connection, filter: &Filter, code: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT count(DISTINCT launch) FROM finding
        WHERE code = ?1 AND at_ms >= ?2 AND at_ms < ?3 AND (?4 IS NULL OR agent = ?4)";
    let values = params![code, filter.since_ms, filter.until_ms, filter.agent];
    count(tx, sql, values)
}

fn gone(tx: &Connection, filter: &Filter) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM session
        WHERE gone_at >= ?1 AND gone_at < ?2 AND (?3 IS NULL OR agent = ?3)";
    count(tx, sql, params![filter.since_ms, filter.until_ms, filter.agent])
}

/// Counts the records that were left out for where they lay; none where nothing tells of any.
pub(super) fn out_of_scope(
    tx: &Connection,
    gaps: &[GapRow],
    range: &Filter,
) -> rusqlite::Result<Option<u64>> {
    let told = gaps.iter().filter(|gap| gap.source == "scope").filter_map(|gap| gap.missed);
    // They lie between that time and now.
    let is_over = |since: Timestamp| range.until_ms.is_some_and(|until| until <= since.ms());
    let untold = scope::untold(tx)?.filter(|(_, since)| !is_over(*since));
    let untold = untold.map(|(records, _)| records);
    Ok(told.chain(untold).reduce(u64::saturating_add))
}

/// Counts the records of a range that lost their bodies.
pub(super) fn pruned(tx: &Connection, filter: &Filter) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM record WHERE body IS NULL AND at_ms >= ? AND at_ms < ?";
    count(tx, sql, params![filter.since_ms, filter.until_ms])
}

fn count(tx: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<u64> {
    let count: i64 = tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(count.cast_unsigned())
}
