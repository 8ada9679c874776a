//! Launches, from the table that holds all that was said of each.

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::LaunchId;
use trackway_protocol::message::Filter;
use trackway_protocol::row::LaunchRow;

use super::super::filter::{Conditions, Repos, limit, require_below, require_prefix};
use super::super::project::launch::{Facts, parse, unreadable};

/// Returns the launches that pass `filter`, newest first.
pub(super) fn launches(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<LaunchRow>> {
    let mut wanted = Conditions::default();
    wanted.require_that("started_at IS NOT NULL");
    if filter.session.is_some() {
        // No session file is read yet: no launch is known to belong to one.
        wanted.require_that("false");
    }
    require_range(&mut wanted, filter);
    require_launch(&mut wanted, filter);
    require_place(&mut wanted, tx, filter)?;
    let sql = format!(
        "SELECT id, facts FROM launch l{} ORDER BY started_at DESC, id DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([limit(filter)]);
    tx.prepare_cached(&sql)?.query_map(params_from_iter(values), row)?.collect()
}

/// Adds which launch `l` is wanted, wherever and whenever it was.
pub(super) fn require_launch(wanted: &mut Conditions, filter: &Filter) {
    wanted.require_some("l.agent = ?", filter.agent.clone());
    if let Some(prefix) = &filter.launch {
        require_prefix(wanted, "l.id", prefix);
    }
    if filter.running {
        wanted.require_that("l.started_at IS NOT NULL AND l.ended_at IS NULL");
    }
}

/// Adds where launch `l` must have been started.
pub(super) fn require_place(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("l.repo IN (SELECT value FROM json_each(?))", [keys]);
    }
    if let Some(dir) = &filter.dir {
        require_below(wanted, "l.cwd", dir);
    }
    Ok(())
}

/// Adds that a launch was running at some time in the filter's range.
fn require_range(wanted: &mut Conditions, filter: &Filter) {
    wanted.require_some("(ended_at IS NULL OR ended_at >= ?)", filter.since_ms);
    wanted.require_some("started_at < ?", filter.until_ms);
}

fn row(row: &Row<'_>) -> rusqlite::Result<LaunchRow> {
    let id = launch_id(row.get_ref(0)?.as_str()?)?;
    let facts = parse(row.get_ref(1)?.as_str()?)?;
    launch_row(id, &facts)
}

/// Reads a launch id out of a column.
pub(in super::super) fn launch_id(text: &str) -> rusqlite::Result<LaunchId> {
    serde_json::from_value(text.into()).map_err(unreadable)
}

fn launch_row(id: LaunchId, facts: &Facts) -> rusqlite::Result<LaunchRow> {
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
        exe: launch.exe,
        tty: launch.tty,
        launcher: launch.launcher,
        parent_launch: launch.parent_launch,
        endpoint: launch.endpoint,
        namespace: launch.namespace,
        found_running: launch.found_running.unwrap_or(false),
        sessions: None,
        unread_execs: end.map(|end| end.unread_execs),
        evidence: facts.evidence,
    })
}
