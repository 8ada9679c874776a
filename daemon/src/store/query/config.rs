//! The configuration of agents: what changed in it, and what it said at a time.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use serde_json::Value;
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Repo, Risk};
use trackway_protocol::row::{ConfigRow, FindingRow, SessionRow, SettingRow};

use super::super::filter::{Conditions, Repos, is_below, require_below, require_prefix, sql_limit};
use super::super::register::evidence;
use super::launches::{launch_id, launches, said_of};
use super::sessions::sessions;
use super::{Found, LookupError};
use crate::agents::{self, Agent};
use crate::configuration::force::{self, Layer, Told};
use crate::configuration::{compare, entry, file_scope};

/// So long before or after a file was modified who wrote it says that it did.
const CLOSE_MS: i64 = 3000;
/// How many launches and sessions one change names.
const MOST_NAMED: usize = 10;

/// That access `a` wrote a file when `c` happened.
fn wrote() -> String {
    format!(
        "a.how <> 'read' AND c.at_ms BETWEEN a.first_at - {CLOSE_MS} AND a.last_at + {CLOSE_MS}"
    )
}

const CHANGES: &str = "config_change c JOIN config_file f ON f.key = c.file";

/// Returns the changes that pass `filter`, newest first.
pub(super) fn changes(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<ConfigRow>> {
    let wanted = question(tx, filter)?;
    let sql = format!(
        "SELECT c.seq, c.at_ms, c.since_ms, c.found, c.repo, c.key, c.what, c.before, c.after,
            c.risk, c.why, c.evidence, f.agent, f.path, f.scope, f.kind, f.dir
         FROM {CHANGES}{} ORDER BY c.at_ms DESC, c.seq DESC, c.number LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(filter.limit)]);
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok((change_row(row)?, row.get::<_, i64>(2)?, row.get::<_, i64>(4)?))
    })?;
    let (mut found, mut who, mut repos) = (Vec::new(), None, BTreeMap::new());
    for row in rows {
        let (mut row, since, repo) = row?;
        row.repo = repo_of(tx, repo, &mut repos)?;
        // The changes of one record, which come together, have the same ones.
        let key = (row.seq, row.path.clone());
        let (launches, written_by) = match &who {
            Some((known, named)) if *known == key => named,
            _ => {
                let at = if row.found { since } else { row.at.ms() };
                &who.insert((key, (active(tx, &row)?, writers(tx, &row.path, at)?))).1
            }
        };
        (row.launches, row.written_by) = (launches.clone(), written_by.clone());
        found.push(row);
    }
    Found::counted(found, filter, |bound| question(tx, filter)?.count(tx, CHANGES, bound))
}

/// Counts the changes that pass `filter` by their risk, the greatest first.
pub(super) fn count_by_risk(
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<Vec<(Risk, u64)>> {
    let wanted = question(tx, filter)?;
    let sql = format!(
        "SELECT c.risk, count(*) FROM {CHANGES}{} GROUP BY c.risk ORDER BY c.risk DESC",
        wanted.clause()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(wanted.into_values()), |row| {
        Ok((risk(row.get(0)?), row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    rows.collect()
}

fn question(tx: &Connection, filter: &Filter) -> rusqlite::Result<Conditions> {
    let mut wanted = Conditions::default();
    wanted.require_some("c.at_ms >= ?", filter.since_ms);
    wanted.require_some("c.at_ms < ?", filter.until_ms);
    wanted.require_some("f.agent = ?", filter.agent.clone());
    wanted.require_some("c.risk >= ?", filter.risk.map(|risk| risk as i64));
    if !filter.found {
        wanted.require_that("c.found = 0");
    }
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("c.repo IN (SELECT value FROM json_each(?))", [keys]);
    }
    if let Some(dir) = &filter.dir {
        require_below(&mut wanted, "f.path", dir);
    }
    if let Some(launch) = &filter.launch {
        let mut launches = Conditions::default();
        require_prefix(&mut launches, "l.id", launch);
        let sql = format!(
            "EXISTS (SELECT 1 FROM launch l{} AND l.started_at <= c.at_ms
                AND (l.ended_at IS NULL OR l.ended_at >= c.at_ms) AND {})",
            launches.clause(),
            concerns("l", "f.agent", "f.dir")
        );
        wanted.require(&sql, launches.into_values());
    }
    if let Some(session) = &filter.session {
        let mut sessions = Conditions::default();
        require_prefix(&mut sessions, "s.id", session);
        // In its time, or written by it.
        let sql = format!(
            "(EXISTS (SELECT 1 FROM session s{of} AND s.agent <> ''
                AND c.at_ms BETWEEN s.first_at AND s.last_at + {CLOSE_MS} AND {concerns})
             OR EXISTS (SELECT 1 FROM session s JOIN file_access a ON a.session = s.key
                JOIN file e ON e.key = a.file{of} AND e.path = f.path AND {wrote}))",
            wrote = wrote(),
            of = sessions.clause(),
            concerns = concerns("s", "f.agent", "f.dir"),
        );
        let values = sessions.into_values();
        wanted.require(&sql, [values.clone(), values].concat());
    }
    Ok(wanted)
}

/// That who has an agent and a directory has to do with a file: it is of everywhere and of that agent,
/// or it configures where they are, below or above.
fn concerns(who: &str, agent: &str, dir: &str) -> String {
    format!(
        "(CASE {dir} WHEN '' THEN {who}.agent = {agent}
            ELSE {who}.cwd = {dir} OR substr({who}.cwd, 1, length({dir}) + 1) = {dir} || '/'
                OR substr({dir}, 1, length({who}.cwd) + 1) = {who}.cwd || '/' END)"
    )
}

fn change_row(row: &Row<'_>) -> rusqlite::Result<ConfigRow> {
    let text = |column| row.get::<_, String>(column);
    Ok(ConfigRow {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        at: Timestamp::from_ms(row.get(1)?),
        agent: text(12)?,
        scope: text(14)?,
        file: text(15)?,
        path: text(13)?,
        dir: Some(text(16)?).filter(|dir| !dir.is_empty()),
        repo: None,
        found: row.get(3)?,
        key: text(5)?,
        what: text(6)?,
        before: value(row, 7)?,
        after: value(row, 8)?,
        risk: risk(row.get(9)?),
        why: row.get(10)?,
        launches: Vec::new(),
        written_by: Vec::new(),
        evidence: evidence(row.get(11)?),
    })
}

fn value(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Value>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(super) fn risk(number: i64) -> Risk {
    match number {
        1 => Risk::Low,
        2 => Risk::Medium,
        3 => Risk::High,
        _ => Risk::None,
    }
}

fn repo_of(
    tx: &Connection,
    key: i64,
    known: &mut BTreeMap<i64, Option<Repo>>,
) -> rusqlite::Result<Option<Repo>> {
    if let Some(repo) = known.get(&key) {
        return Ok(repo.clone());
    }
    let select = "SELECT seen FROM clone WHERE repo = ? ORDER BY seen_at DESC LIMIT 1";
    let mut statement = tx.prepare_cached(select)?;
    let seen: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
    let repo = seen.and_then(|seen| serde_json::from_str(&seen).ok());
    known.insert(key, repo.clone());
    Ok(repo)
}

/// Returns the launches that ran when a file changed, the last ones first: of those that have ended
/// the ones that began within two days before.
fn active(tx: &Connection, row: &ConfigRow) -> rusqlite::Result<Vec<LaunchId>> {
    let concerns = concerns("l", "?2", "?3");
    let of = |which: &str| {
        format!(
            "SELECT l.id FROM launch l WHERE {which} AND {concerns}
             ORDER BY l.started_at DESC LIMIT {MOST_NAMED}"
        )
    };
    let running = of("l.ended_at IS NULL AND l.started_at <= ?1");
    let over = of("l.started_at BETWEEN ?1 - 172800000 AND ?1 AND l.ended_at >= ?1");
    let dir = row.dir.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    for sql in [running, over] {
        let mut statement = tx.prepare_cached(&sql)?;
        let values = params![row.at.ms(), row.agent, dir];
        let ids = statement.query_map(values, |row| launch_id(row.get_ref(0)?.as_str()?))?;
        found.extend(ids.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    found.truncate(MOST_NAMED);
    Ok(found)
}

/// Returns the sessions that wrote a file about this time.
fn writers(tx: &Connection, path: &str, at: i64) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "SELECT DISTINCT s.id FROM (SELECT ?2 AS at_ms) c, file e
            JOIN file_access a ON a.file = e.key JOIN session s ON s.key = a.session
         WHERE e.path = ?1 AND {} ORDER BY s.id LIMIT {MOST_NAMED}",
        wrote()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    statement.query_map(params![path, at], |row| row.get(0))?.collect()
}

/// What a filter asks for the settings of.
struct Asked {
    told: Told,
    agent: Option<String>,
    dir: Option<String>,
    at: Timestamp,
}

/// Returns what was in force, for what the filter names.
pub(super) fn settings(
    tx: &Connection,
    filter: &Filter,
    at: Option<Timestamp>,
) -> Result<Vec<SettingRow>, LookupError> {
    let mut asked = asked(tx, filter, at)?;
    let first = "SELECT min(at_ms) FROM daemon_run WHERE kind = 'daemon.started'";
    let first: Option<i64> = tx.query_row(first, [], |row| row.get(0)).map_err(sqlite)?;
    asked.told.is_before = first.is_some_and(|first| asked.at.ms() < first);
    let mut rows = Vec::new();
    for agent in agents::CATALOGUE {
        if asked.agent.as_ref().is_some_and(|wanted| wanted != agent.name()) {
            continue;
        }
        let layers = layers(tx, *agent, Some(asked.at)).map_err(sqlite)?;
        rows.extend(force::in_force(*agent, &layers, &asked.told, asked.dir.as_deref()));
    }
    Ok(rows)
}

fn asked(tx: &Connection, filter: &Filter, at: Option<Timestamp>) -> Result<Asked, LookupError> {
    let now = Timestamp::now();
    let (dir, agent) = (filter.dir.clone(), filter.agent.clone());
    let mut asked = Asked { told: Told::default(), agent, dir, at: at.unwrap_or(now) };
    let few = Filter { limit: Some(2), ..Filter::default() };
    let mut launch = None;
    if let Some(prefix) = &filter.session {
        let filter = Filter { session: Some(prefix.clone()), ..few.clone() };
        let mut rows = sessions(tx, &filter, None).map_err(sqlite)?.rows;
        if rows.len() > 1 {
            return Err(LookupError::Ambiguous(rows.into_iter().map(|row| row.id).collect()));
        }
        let session = rows.pop().ok_or(LookupError::NotFound)?;
        asked.at = at.unwrap_or(session.last_at);
        launch = session.launch.map(|launch| launch.to_string());
        hear_session(&mut asked, session);
    }
    if let Some(prefix) = filter.launch.clone().or(launch) {
        let filter = Filter { launch: Some(prefix), ..few };
        let mut rows = launches(tx, &filter).map_err(sqlite)?.rows;
        if rows.len() > 1 {
            let ids = rows.into_iter().map(|row| row.id.to_string());
            return Err(LookupError::Ambiguous(ids.collect()));
        }
        let row = rows.pop().ok_or(LookupError::NotFound)?;
        if asked.told.session.is_none() {
            asked.at = at.unwrap_or_else(|| row.ended_at.unwrap_or(now));
        }
        let key = "SELECT key FROM launch WHERE id = ?";
        let key = tx.query_row(key, [row.id.to_string()], |row| row.get(0)).map_err(sqlite)?;
        let said = said_of(tx, key).map_err(sqlite)?;
        let told = &mut asked.told;
        told.is_launch = true;
        told.flags = row.flags.unwrap_or_default();
        told.env = row.env.unwrap_or_default();
        told.endpoint = row.endpoint;
        told.home = told.home.take().or_else(|| said.and_then(|(_, launch)| launch.home));
        told.version = told.version.take().or(row.agent_version);
        asked.agent = asked.agent.or(Some(row.agent));
        asked.dir = asked.dir.or(row.cwd);
    }
    Ok(asked)
}

/// Takes what a session's own file tells.
fn hear_session(asked: &mut Asked, session: SessionRow) {
    asked.agent = Some(session.agent);
    asked.dir = asked.dir.take().or(session.cwd);
    let told = &mut asked.told;
    told.home = session.transcript.as_deref().and_then(force::home_of);
    told.session = Some(session.id);
    told.version = session.agent_version;
    told.permission_mode = session.permission_mode;
    told.sandbox = session.sandbox;
    told.provider = session.provider;
    told.models = session.models;
}

fn sqlite(error: rusqlite::Error) -> LookupError {
    LookupError::Store(error.into())
}

/// Returns the files of an agent as they were at a time, or are now.
fn layers(
    tx: &Connection,
    agent: &dyn Agent,
    at: Option<Timestamp>,
) -> rusqlite::Result<Vec<Layer>> {
    let mut statement = tx.prepare_cached(
        "SELECT f.key, f.path, f.scope, f.kind, f.dir, c.since_ms, c.key, c.what, c.before, c.after,
            c.repo
         FROM config_file f JOIN config_change c ON c.file = f.key
         WHERE f.agent = ? AND c.since_ms <= ? ORDER BY f.key, c.at_ms, c.seq, c.number",
    )?;
    let until = at.map_or(i64::MAX, Timestamp::ms);
    let mut rows = statement.query(params![agent.name(), until])?;
    let (mut layers, mut last): (Vec<Layer>, _) = (Vec::new(), None);
    let mut tops = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let file: i64 = row.get(0)?;
        if last.replace(file) != Some(file) {
            let scope = file_scope(row.get_ref(2)?.as_str()?);
            let dir = Some(row.get::<_, String>(4)?).filter(|dir| !dir.is_empty());
            layers.push(Layer::new(scope, row.get(1)?, row.get(3)?, dir));
        }
        let layer = layers.last_mut().expect("one was pushed for the first row");
        let repo: i64 = row.get(10)?;
        if repo != 0 && !tops.contains_key(&repo) {
            tops.insert(repo, tops_of(tx, repo)?);
        }
        layer.tops =
            tops.get(&repo).map(|tops| around(tops, layer.dir.as_deref())).unwrap_or_default();
        let since = Timestamp::from_ms(row.get(5)?);
        let (key, what) = (row.get_ref(6)?.as_str()?, row.get_ref(7)?.as_str()?);
        layer.hear(key, what, value(row, 8)?, value(row, 9)?, since);
    }
    Ok(layers)
}

/// Returns the top directories of a repository's working trees, each with that of its main one.
fn tops_of(tx: &Connection, repo: i64) -> rusqlite::Result<Vec<[String; 2]>> {
    let mut statement =
        tx.prepare_cached("SELECT DISTINCT root, main FROM clone WHERE repo = ?")?;
    statement.query_map([repo], |row| Ok([row.get(0)?, row.get(1)?]))?.collect()
}

/// Returns the innermost of them that a directory lies in.
fn around(tops: &[[String; 2]], dir: Option<&str>) -> Vec<String> {
    let Some(dir) = dir else { return Vec::new() };
    let around = tops.iter().filter(|[root, _]| is_below(dir, root));
    let innermost = around.max_by_key(|[root, _]| root.len());
    let names = innermost.into_iter().flatten().filter(|top| !top.is_empty());
    names.cloned().collect()
}

/// Returns what is a risk now, the greatest first.
pub(super) fn findings(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<FindingRow>> {
    let repo = filter.repo.as_ref().map(|repo| files_of(tx, repo)).transpose()?;
    let mut found = Vec::new();
    for agent in agents::CATALOGUE {
        if filter.agent.as_ref().is_some_and(|wanted| wanted != agent.name()) {
            continue;
        }
        for layer in layers(tx, *agent, None)? {
            if let Some(files) = &repo
                && !files.contains(&layer.path)
            {
                continue;
            }
            if let Some(dir) = &filter.dir
                && !is_below(&layer.path, dir)
            {
                continue;
            }
            let risks = agent.configuration().risks;
            for (key, setting) in layer.settings() {
                let parts = entry::parts(key);
                let value = setting.value.as_ref();
                let rule = compare::risk_of(risks, layer.scope, &parts, value);
                let Some(rule) = rule.filter(|rule| !rule.fix.is_empty()) else { continue };
                if filter.risk.is_some_and(|least| rule.risk < least) {
                    continue;
                }
                found.push(FindingRow {
                    risk: rule.risk,
                    agent: agent.name().to_owned(),
                    scope: layer.scope.as_str().to_owned(),
                    dir: layer.dir.clone(),
                    path: layer.path.clone(),
                    key: key.to_owned(),
                    value: setting.value.clone(),
                    why: rule.why.to_owned(),
                    fix: rule.fix.to_owned(),
                    since: setting.since,
                });
            }
        }
    }
    found.sort_by(|a, b| {
        b.risk.cmp(&a.risk).then_with(|| (&a.path, &a.key).cmp(&(&b.path, &b.key)))
    });
    let all = found.len() as u64;
    found.truncate(filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0)));
    Ok(Found::of_all(found, filter, Some(all)))
}

/// Returns the files that configure a repository.
fn files_of(tx: &Connection, repo: &str) -> rusqlite::Result<HashSet<String>> {
    let keys = Repos::find(tx, repo)?.keys();
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT f.path FROM config_file f JOIN config_change c ON c.file = f.key
         WHERE c.repo IN (SELECT value FROM json_each(?))",
    )?;
    statement.query_map([keys], |row| row.get(0))?.collect()
}
