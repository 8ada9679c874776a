//! Launches, from the table that holds all that was said of each.

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use trackway_protocol::ids::LaunchId;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Launch;
use trackway_protocol::row::{LaunchRow, Link};

use super::super::filter::{Conditions, Repos, require_below, require_prefix, sql_limit};
use super::super::project::launch::{Facts, parse, unreadable};
use super::Found;
use super::kinds::Kinds;
use super::links;
use super::spans::require_range;
use super::touches::{require_manner, require_touched_place};

/// From so many launches in a directory on, going through them newest first finds enough of them
/// sooner than sorting them all.
const MANY: u64 = 10_000;

/// Returns the launches that pass `filter`, newest first.
pub(super) fn launches(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<LaunchRow>> {
    // The plus keeps the index from being used.
    let is_big = filter.dir.as_ref().map(|dir| are_many_below(tx, dir)).transpose()?;
    let cwd = if is_big == Some(true) { "+l.cwd" } else { "l.cwd" };
    let mut rows = Vec::new();
    for wanted in questions(tx, filter, cwd)? {
        let room = filter.limit.map(|limit| limit.saturating_sub(rows.len() as u64));
        rows.extend(newest(tx, wanted, room)?);
    }
    Found::counted(rows, filter, |bound| count(tx, filter, bound))
}

/// Counts the launches that pass `filter`, whatever its limit, up to `bound`.
fn count(tx: &Connection, filter: &Filter, bound: u64) -> rusqlite::Result<u64> {
    let mut found = 0;
    for wanted in questions(tx, filter, "l.cwd")? {
        found += wanted.count(tx, "launch l", bound - found)?;
    }
    Ok(found)
}

/// Returns conditions of which no two let the same launch pass, those on newer launches first.
fn questions(tx: &Connection, filter: &Filter, cwd: &str) -> rusqlite::Result<Vec<Conditions>> {
    let mut wanted = Conditions::default();
    if let Some(prefix) = &filter.session {
        require_linked(&mut wanted, prefix);
    }
    wanted.require_some("l.agent = ?", filter.agent.clone());
    if filter.mode.is_some() || filter.endpoint.is_some() {
        Kinds::find(tx, filter)?.require(&mut wanted, "l.kind");
    }
    require_launch(&mut wanted, filter);
    if filter.how.is_some() {
        require_touching(&mut wanted, tx, filter)?;
    } else {
        require_place(&mut wanted, tx, filter, cwd)?;
    }
    wanted.require_some("l.started_at < ?", filter.until_ms);
    let Some(since) = filter.since_ms else {
        wanted.require_that("l.started_at IS NOT NULL");
        return Ok(vec![wanted]);
    };
    // Those that began before the range and ran into it are older than any that began in it, and
    // another index finds them: two questions, each with an answer near the end of its index.
    let mut earlier = wanted.clone();
    wanted.require("l.started_at >= ?", [since]);
    earlier.require(
        "l.key IN (SELECT key FROM launch WHERE ended_at >= ? AND started_at < ?
            UNION ALL SELECT key FROM launch WHERE ended_at IS NULL AND started_at < ?)",
        [since; 3],
    );
    Ok(vec![wanted, earlier])
}

/// Adds that launch `l` is known to have worked on a session whose id begins with `prefix`.
fn require_linked(wanted: &mut Conditions, prefix: &str) {
    let mut sessions = Conditions::default();
    require_prefix(&mut sessions, "s.id", prefix);
    let sql = format!(
        "l.key IN (SELECT n.launch FROM session s JOIN session_launch n ON n.session = s.key{})",
        sessions.clause()
    );
    wanted.require(&sql, sessions.into_values());
}

/// Adds which launch `l` is wanted, whatever its agent, wherever and whenever it was.
pub(super) fn require_launch(wanted: &mut Conditions, filter: &Filter) {
    if let Some(prefix) = &filter.launch {
        require_prefix(wanted, "l.id", prefix);
    }
    if filter.running {
        wanted.require_that("l.started_at IS NOT NULL AND l.ended_at IS NULL");
    }
    if let Some(flag) = &filter.flag {
        // As it is typed with its value, or its name alone.
        let flag = flag.replacen(' ', "=", 1);
        wanted.require(
            "EXISTS (SELECT 1 FROM json_each(l.flags)
                WHERE value = ? OR substr(value, 1, length(?) + 1) = ? || '=')",
            [flag.clone(), flag.clone(), flag],
        );
    }
}

/// Returns of which sessions a touch `t` must be to be of such a launch: what a session did may have
/// been the work of any launch that is linked to it.
pub(super) fn of_linked_sessions(launches: &Conditions) -> Conditions {
    let mut wanted = Conditions::default();
    wanted.require_that("t.launch = 0 AND t.session <> ''");
    let sql = format!(
        "t.session IN (SELECT s.id FROM launch l JOIN session_launch n ON n.launch = l.key
            JOIN session s ON s.key = n.session{})",
        launches.clause()
    );
    wanted.require(&sql, launches.clone().into_values());
    wanted
}

/// Adds where launch `l` must have been started; `cwd` is the column that tells.
pub(super) fn require_place(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
    cwd: &str,
) -> rusqlite::Result<()> {
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("l.repo IN (SELECT value FROM json_each(?))", [keys]);
    }
    if let Some(dir) = &filter.dir {
        require_below(wanted, cwd, dir);
    }
    Ok(())
}

/// Adds that launch `l` has touched what the filter names in the way that it names.
fn require_touching(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    let mut touches = Conditions::default();
    touches.require_that("t.launch = l.key");
    require_touched_place(&mut touches, tx, filter)?;
    // Its processes did that, and know of no session.
    require_manner(&mut touches, tx, &Filter { session: None, ..filter.clone() })?;
    require_range(&mut touches, (filter.since_ms, filter.until_ms));
    let sql = format!("EXISTS (SELECT 1 FROM dir_touch t{})", touches.clause());
    wanted.require(&sql, touches.into_values());
    Ok(())
}

fn are_many_below(tx: &Connection, dir: &str) -> rusqlite::Result<bool> {
    let mut below = Conditions::default();
    require_below(&mut below, "cwd", dir);
    Ok(below.count(tx, "launch", MANY)? == MANY)
}

fn newest(
    tx: &Connection,
    wanted: Conditions,
    limit: Option<u64>,
) -> rusqlite::Result<Vec<LaunchRow>> {
    // Chosen by indexes alone; the facts are fetched for what is shown.
    let sql = format!(
        "SELECT id, facts, key FROM launch WHERE key IN
            (SELECT l.key FROM launch l{} ORDER BY l.started_at DESC, l.key DESC LIMIT ?)
         ORDER BY started_at DESC, key DESC",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(limit)]);
    tx.prepare_cached(&sql)?.query_map(params_from_iter(values), |each| row(tx, each))?.collect()
}

fn row(tx: &Connection, row: &Row<'_>) -> rusqlite::Result<LaunchRow> {
    let id = launch_id(row.get_ref(0)?.as_str()?)?;
    let facts = parse(row.get_ref(1)?.as_str()?)?;
    launch_row(id, &facts, links::of_launch(tx, row.get(2)?)?)
}

/// Returns the launch with this key and the best that was said of it.
pub(super) fn said_of(tx: &Connection, key: i64) -> rusqlite::Result<Option<(LaunchId, Launch)>> {
    let mut statement = tx.prepare_cached("SELECT id, facts FROM launch WHERE key = ?")?;
    let said = |row: &Row<'_>| {
        let id = launch_id(row.get_ref(0)?.as_str()?)?;
        let facts = row.get_ref(1)?.as_str_or_null()?.map(parse).transpose()?;
        let launch = facts.map(|facts| facts.launch(id)).transpose().map_err(unreadable)?;
        Ok((id, launch.unwrap_or_default()))
    };
    statement.query_row([key], said).optional()
}

/// Reads a launch id out of a column.
pub(in super::super) fn launch_id(text: &str) -> rusqlite::Result<LaunchId> {
    serde_json::from_value(text.into()).map_err(unreadable)
}

fn launch_row(id: LaunchId, facts: &Facts, links: Vec<Link>) -> rusqlite::Result<LaunchRow> {
    let launch = facts.launch(id).map_err(unreadable)?;
    let (ended_at, end) = facts.end().unzip();
    Ok(LaunchRow {
        id,
        // Known from the end alone where the start was lost.
        agent: launch.agent.unwrap_or_else(|| "unknown".to_owned()),
        agent_version: launch.agent_version,
        layout: launch.layout,
        mode: launch.mode,
        pid: launch.pid,
        started_at: facts.started_at(),
        ended_at,
        end_seen: end.as_ref().map(|end| !end.unknown),
        exit_code: end.as_ref().and_then(|end| end.exit_code),
        signal: end.as_ref().and_then(|end| end.signal),
        duration_ms: end.as_ref().and_then(|end| end.duration_ms),
        cwd: launch.cwd,
        repo: launch.repo,
        repo_unknown: launch.repo_unknown,
        argv: launch.argv,
        flags: launch.flags,
        env: launch.env,
        exe: launch.exe,
        tty: launch.tty,
        launcher: launch.launcher,
        parent_launch: launch.parent_launch,
        endpoint: launch.endpoint,
        namespace: launch.namespace,
        found_running: launch.found_running.unwrap_or(false),
        sessions: Some(links.iter().map(|link| link.session.clone()).collect()),
        links,
        unread_execs: end.map(|end| end.unread_execs),
        evidence: facts.evidence,
    })
}
