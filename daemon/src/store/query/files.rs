//! Files, by who accessed them and how.

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::FileRow;

use super::super::filter::{Conditions, require_prefix, sql_limit};
use super::super::project::dir::repo_fact;
use super::super::register;
use super::Found;
use super::file_place::FilePlace;
use super::launches::launch_id;
use super::sessions;

/// Accesses that are looked at to count those that pass.
const LOOKED_AT: u64 = 20_000;

/// Returns the accesses that pass `filter`, the last first.
pub(super) fn files(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<FileRow>> {
    let (place, mut wanted) = (FilePlace::find(tx, filter)?, anywhere(tx, filter)?);
    place.require(&mut wanted);
    let rows = newest(tx, wanted.clone(), filter.limit)?;
    Found::counted(rows, filter, |bound| {
        // Of many files it takes a look at every access.
        let looked_at = || anywhere(tx, filter)?.count(tx, "file_access a", LOOKED_AT);
        if place.number().is_none() && looked_at()? == LOOKED_AT {
            return Ok(bound);
        }
        wanted.count(tx, place.from(), bound)
    })
}

/// Returns what an access `a` must be, wherever it was.
pub(super) fn anywhere(tx: &Connection, filter: &Filter) -> rusqlite::Result<Conditions> {
    let mut wanted = Conditions::default();
    require_accessor(&mut wanted, tx, filter)?;
    wanted.require_some("a.how = ?", filter.how.clone());
    wanted.require_some("a.last_at >= ?", filter.since_ms);
    wanted.require_some("a.first_at < ?", filter.until_ms);
    Ok(wanted)
}

/// Adds whose an access `a` must be.
fn require_accessor(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    wanted.require_some("a.agent = ?", filter.agent.clone());
    if let Some(prefix) = &filter.session {
        let mut sessions = Conditions::default();
        require_prefix(&mut sessions, "s.id", prefix);
        let sql = format!("a.session IN (SELECT s.key FROM session s{})", sessions.clause());
        wanted.require(&sql, sessions.into_values());
    }
    if let Some(launches) = sessions::launches(tx, filter)? {
        // What a session did may have been the work of any launch that is linked to it.
        let sql = format!(
            "(a.launch IN (SELECT l.key FROM launch l{0}) OR a.session IN
                (SELECT n.session FROM launch l JOIN session_launch n ON n.launch = l.key{0}))",
            launches.clause()
        );
        let values = launches.into_values();
        wanted.require(&sql, [values.clone(), values].concat());
    }
    Ok(())
}

fn newest(
    tx: &Connection,
    wanted: Conditions,
    limit: Option<u64>,
) -> rusqlite::Result<Vec<FileRow>> {
    let sql = format!(
        "SELECT f.path, a.how, a.tool, a.agent, s.id, l.id, f.repo, a.last_at, a.first_at, a.times,
            a.lines_added, a.lines_removed, a.evidence, a.changed
         FROM file_access a CROSS JOIN file f ON f.key = a.file
            LEFT JOIN session s ON s.key = a.session LEFT JOIN launch l ON l.key = a.launch{}
         ORDER BY a.last_at DESC, a.file DESC, a.session DESC, a.launch DESC, a.how LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(limit)]);
    tx.prepare_cached(&sql)?.query_map(params_from_iter(values), file_row)?.collect()
}

fn file_row(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    let fact = repo_fact(row.get_ref(6)?.as_str()?)?;
    let count = |column| -> rusqlite::Result<Option<u64>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned))
    };
    Ok(FileRow {
        path: row.get(0)?,
        how: row.get(1)?,
        tool: row.get(2)?,
        agent: row.get(3)?,
        session: row.get(4)?,
        launch: row.get_ref(5)?.as_str_or_null()?.map(launch_id).transpose()?,
        repo: fact.repo,
        repo_unknown: fact.repo_unknown,
        at: Timestamp::from_ms(row.get(7)?),
        first_at: Timestamp::from_ms(row.get(8)?),
        times: count(9)?.max(count(13)?).unwrap_or_default(),
        changed: count(13)?.unwrap_or_default(),
        lines_added: count(10)?,
        lines_removed: count(11)?,
        evidence: register::evidence(row.get(12)?),
    })
}
