//! What a daemon that starts must know of those that ran before it.

use rusqlite::{Connection, OptionalExtension as _};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Launch, PathText};

use super::project::launch::{parse, unreadable};
use super::query::launch_id;

/// The state that outlives a daemon.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recovered {
    /// Launches that have not ended as far as is recorded.
    pub(crate) open_launches: Vec<Launch>,
    /// What those launches are recorded to have touched.
    pub(crate) touched: Vec<TouchKey>,
    /// The sessions that those launches are linked to, and how that is known.
    pub(crate) linked: Vec<(LaunchId, String, String)>,
    /// Agent and id of the sessions of which it was told last that they have no launch.
    pub(crate) lonely: Vec<(String, String)>,
    /// The newest start or stop of a daemon.
    pub(crate) last_run: Option<LastRun>,
    /// From when on the user has paused, where no end of that is recorded.
    pub(crate) paused_since: Option<Timestamp>,
}

/// What makes one `dir.touched` the repetition of another, which is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TouchKey {
    pub(crate) launch: LaunchId,
    pub(crate) dir: PathText,
    pub(crate) how: String,
    /// Quarter-hours since 1970.
    pub(crate) quarter: i64,
}

/// The newest `daemon.started` or `daemon.stopped`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastRun {
    /// The record's kind.
    pub(crate) kind: String,
    pub(crate) at: Timestamp,
    pub(crate) boot_id: String,
    /// When the newest record of all was written down; `at` where that cannot be read. When it
    /// happened would not do: a session file says that, and may say anything.
    pub(crate) last_written_at: Timestamp,
}

/// Reads it from the projections.
pub(super) fn recover(connection: &Connection) -> rusqlite::Result<Recovered> {
    Ok(Recovered {
        open_launches: open_launches(connection)?,
        touched: touched(connection)?,
        linked: linked(connection)?,
        lonely: lonely(connection)?,
        last_run: last_run(connection)?,
        paused_since: paused_since(connection)?,
    })
}

fn open_launches(connection: &Connection) -> rusqlite::Result<Vec<Launch>> {
    let mut statement = connection.prepare(
        "SELECT id, facts FROM launch WHERE ended_at IS NULL AND started_at IS NOT NULL
         ORDER BY started_at, id",
    )?;
    let open = statement.query_map([], |row| {
        let facts = parse(row.get_ref(1)?.as_str()?)?;
        facts.launch(launch_id(row.get_ref(0)?.as_str()?)?).map_err(unreadable)
    })?;
    open.collect()
}

fn touched(connection: &Connection) -> rusqlite::Result<Vec<TouchKey>> {
    let mut statement = connection.prepare(
        "SELECT l.id, d.path, nullif(d.path_b64, ''), h.name, t.quarter
         FROM launch l JOIN dir_touch t ON t.launch = l.key JOIN dir d ON d.key = t.dir
            JOIN how h ON h.key = t.how
         WHERE l.ended_at IS NULL AND l.started_at IS NOT NULL",
    )?;
    let touched = statement.query_map([], |row| {
        Ok(TouchKey {
            launch: launch_id(row.get_ref(0)?.as_str()?)?,
            dir: PathText { text: row.get(1)?, b64: row.get(2)? },
            how: row.get(3)?,
            quarter: row.get(4)?,
        })
    })?;
    touched.collect()
}

fn linked(connection: &Connection) -> rusqlite::Result<Vec<(LaunchId, String, String)>> {
    let mut statement = connection.prepare(
        "SELECT l.id, s.id, n.how FROM launch l JOIN session_launch n ON n.launch = l.key
            JOIN session s ON s.key = n.session
         WHERE l.ended_at IS NULL AND l.started_at IS NOT NULL",
    )?;
    let linked = statement.query_map([], |row| {
        Ok((launch_id(row.get_ref(0)?.as_str()?)?, row.get(1)?, row.get(2)?))
    })?;
    linked.collect()
}

fn lonely(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT agent, session FROM finding WHERE code = 'session-without-launch'
         ORDER BY at_ms DESC LIMIT 1000",
    )?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Only a pause leaves a range of the daemon's own open.
fn paused_since(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let open = "SELECT from_ms FROM coverage g
        WHERE source = 'daemon' AND state = 'lost' AND until_ms IS NULL AND NOT EXISTS (
            SELECT 1 FROM coverage c
            WHERE c.source = g.source AND (c.closes_ms, c.seq) > (g.from_ms, g.seq))
        ORDER BY from_ms DESC LIMIT 1";
    let since = |row: &rusqlite::Row<'_>| row.get(0).map(Timestamp::from_ms);
    connection.query_row(open, [], since).optional()
}

fn last_run(connection: &Connection) -> rusqlite::Result<Option<LastRun>> {
    let newest = "SELECT kind, at_ms, boot_id,
            (SELECT body FROM record WHERE body IS NOT NULL ORDER BY seq DESC LIMIT 1)
        FROM daemon_run ORDER BY seq DESC LIMIT 1";
    let run = |row: &rusqlite::Row<'_>| {
        let (at, body) = (Timestamp::from_ms(row.get(1)?), row.get_ref(3)?.as_bytes());
        let last_written_at = body.ok().and_then(written_at).unwrap_or(at);
        Ok(LastRun { kind: row.get(0)?, at, boot_id: row.get(2)?, last_written_at })
    };
    connection.query_row(newest, [], run).optional()
}

/// Returns when a record was written down, of its body.
fn written_at(body: &[u8]) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Written {
        recorded_at: Timestamp,
    }
    serde_json::from_slice(body).ok().map(|Written { recorded_at }| recorded_at)
}
