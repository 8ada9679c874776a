//! Whether a place was touched at all.

use rusqlite::{Connection, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::report::{Absence, AbsenceTouch, Reach, VERSION};
use trackway_protocol::row::WhoRow;

use super::super::super::append;
use super::super::super::filter::{Conditions, Repos, require_below};
use super::super::{gaps, time, who};
use super::{SHOWN, lacks};

/// Returns whether anybody touched the filter's place in its range, without what the ledger does not
/// tell. What an agent's helpers did counts, too.
pub(in super::super) fn absence(
    tx: &Connection,
    filter: &Filter,
    now: Timestamp,
) -> rusqlite::Result<Absence> {
    let asked = Filter { helpers: true, limit: Some(SHOWN as u64), ..filter.clone() };
    let found = who::who(tx, &asked)?;
    let (since_ms, until_ms) = (filter.since_ms, filter.until_ms);
    let range = Filter { since_ms, until_ms, ..Filter::default() };
    let time = time::time(tx, &range, now)?;
    let (from, until) = time.first().map(|time| (time.from, time.until)).unwrap_or_default();
    let end = until_ms.map_or(until, Timestamp::from_ms);
    let range = Filter { since_ms: Some(from.ms()), until_ms: Some(end.ms()), ..range };
    let gaps = gaps::gaps(tx, &range)?.rows;
    let [sessions, shell_calls, unresolved_calls] = sessions(tx, from, end)?;
    Ok(Absence {
        report: VERSION,
        seq: append::last_seq(tx)?,
        made_at: now,
        repo: filter.repo.clone(),
        dir: filter.dir.clone(),
        from,
        until: end,
        complete: end <= now,
        known: is_known(tx, filter)?,
        absent: found.rows.is_empty(),
        more_touches: found.more.unwrap_or_default(),
        touches: found.rows.into_iter().map(touch).collect(),
        unnamed_launches: gaps::missed_launches(&gaps),
        out_of_scope: lacks::out_of_scope(tx, &gaps, &range)?,
        time,
        launches: launches(tx, from, end)?,
        launches_without_session: lacks::findings(tx, &range, "launch-without-session")?,
        sessions,
        shell_calls,
        unresolved_calls,
        pruned: lacks::pruned(tx, &range)?,
        out_of_sight: vec![
            Reach::OtherUsers,
            Reach::Containers,
            Reach::OtherHosts,
            Reach::Cloud,
            Reach::OtherPrograms,
        ],
        ..Absence::default()
    })
}

fn touch(row: WhoRow) -> AbsenceTouch {
    let WhoRow { launch, session, agent, path, how, first_at, last_at, evidence, .. } = row;
    AbsenceTouch { launch, session, agent, path, how, first_at, last_at, evidence }
}

/// Whether the ledger has ever heard of the place.
fn is_known(tx: &Connection, filter: &Filter) -> rusqlite::Result<bool> {
    if let Some(repo) = &filter.repo {
        return Ok(!Repos::find(tx, repo)?.list().is_empty());
    }
    let Some(dir) = &filter.dir else { return Ok(true) };
    let mut below = Conditions::default();
    require_below(&mut below, "path", dir);
    Ok(below.clone().count(tx, "dir", 1)? + below.count(tx, "file", 1)? > 0)
}

fn launches(tx: &Connection, from: Timestamp, until: Timestamp) -> rusqlite::Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM launch WHERE started_at >= ?1 AND started_at < ?2)
        + (SELECT count(*) FROM launch WHERE ended_at >= ?1 AND started_at < ?1)
        + (SELECT count(*) FROM launch WHERE ended_at IS NULL AND started_at < ?1)";
    let count = tx
        .prepare_cached(sql)?
        .query_row(params![from.ms(), until.ms()], |row| row.get::<_, i64>(0))?;
    Ok(count.cast_unsigned())
}

/// Counts the sessions that were open, their shell calls, and those of which not everything could be
/// told.
fn sessions(tx: &Connection, from: Timestamp, until: Timestamp) -> rusqlite::Result<[u64; 3]> {
    let sql = "SELECT count(DISTINCT s.key), ifnull(sum(c.calls), 0), ifnull(sum(c.unresolved), 0)
        FROM session s LEFT JOIN session_calls c ON c.session = s.key
        WHERE s.agent <> '' AND s.last_at >= ? AND s.first_at < ?";
    tx.prepare_cached(sql)?.query_row(params![from.ms(), until.ms()], |row| {
        Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?].map(i64::cast_unsigned))
    })
}
