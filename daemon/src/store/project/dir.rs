//! The tables of directories: who touched them when, and in which repositories they lay.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{DirTouched, Repo};

use super::super::register::{Grounds, Register, Statement, strength};
use super::launch::unreadable;
use super::{Seen, key, launch_key, repo};

/// Selects touches (`t`, with their launch `l`) summed up per directory and agent, as `dir_use` has
/// them, once conditions and `GROUP BY 1, 2` are appended.
pub(in super::super) const SUMMED_UP: &str = "SELECT t.dir AS dir, ifnull(l.agent, '') AS agent,
        json_group_array(DISTINCT t.how ORDER BY t.how) AS hows, min(t.first_at) AS first_at,
        max(t.last_at) AS last_at, count(DISTINCT nullif(t.launch, 0)) AS launches,
        max(t.evidence) AS evidence
     FROM dir_touch t LEFT JOIN launch l ON l.key = t.launch";

/// What is known of the repository of a directory: nothing is said of one that lies in none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct RepoFact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) repo: Option<Repo>,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) repo_unknown: Option<String>,
}

/// Returns the quarter-hour that `at` lies in, counted from 1970: a directory is recorded as
/// touched once in each.
pub(crate) fn quarter_hour(at: Timestamp) -> i64 {
    const MS: i64 = 15 * 60 * 1000;
    at.ms().div_euclid(MS)
}

/// Projects `dir.touched`.
pub(super) fn touched(tx: &Connection, seen: Seen, body: &DirTouched) -> rusqlite::Result<()> {
    let launch = body.launch.map(|id| launch_key(tx, id)).transpose()?;
    let dir = dir_key(tx, body)?;
    let is_new_to_it = match launch {
        Some(launch) => !has_touched(tx, launch, dir)?,
        None => false,
    };
    let repo = match (&body.repo, &body.repo_unknown) {
        (Some(repo), _) => repo::seen(tx, seen, repo)?,
        (None, Some(_)) => repo::UNKNOWN,
        (None, None) => repo::NONE,
    };
    note_touch(tx, seen, dir, launch, repo, body)?;
    note_use(tx, seen, dir, launch, &body.how, is_new_to_it)?;
    if body.repo.is_some() {
        note_repo(tx, seen, dir, repo)?;
    }
    hear_repo(tx, seen, dir, body)
}

/// Moves what a launch did from one agent's sums to another's.
///
/// Agents are known when a launch starts; this serves records that arrive in another order.
pub(super) fn agent_changed(
    tx: &Connection,
    launch: i64,
    before: Option<&str>,
    after: Option<&str>,
) -> rusqlite::Result<()> {
    let agents = [before.unwrap_or(""), after.unwrap_or("")];
    let mut dirs = tx.prepare_cached("SELECT DISTINCT dir FROM dir_touch WHERE launch = ?")?;
    let dirs: Vec<i64> = dirs.query_map([launch], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let sum_up = format!(
        "INSERT INTO dir_use (dir, agent, hows, first_at, last_at, launches, evidence) {SUMMED_UP}
         WHERE t.dir = ?1 AND ifnull(l.agent, '') IN (?2, ?3) GROUP BY 1, 2"
    );
    for dir in dirs {
        let each = params![dir, agents[0], agents[1]];
        tx.prepare_cached("DELETE FROM dir_use WHERE dir = ?1 AND agent IN (?2, ?3)")?
            .execute(each)?;
        tx.prepare_cached(&sum_up)?.execute(each)?;
    }
    Ok(())
}

fn dir_key(tx: &Connection, body: &DirTouched) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO dir (path, path_b64, repo) VALUES (?, ?, 'null')";
    let path = [body.dir.as_str(), body.dir_b64.as_deref().unwrap_or("")];
    key(tx, "SELECT key FROM dir WHERE path = ? AND path_b64 = ?", insert, path)
}

fn has_touched(tx: &Connection, launch: i64, dir: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM dir_touch WHERE launch = ? AND dir = ?")?.exists([launch, dir])
}

fn note_touch(
    tx: &Connection,
    seen: Seen,
    dir: i64,
    launch: Option<i64>,
    repo: i64,
    body: &DirTouched,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO dir_touch (quarter, dir, launch, session, how, repo, first_at, last_at,
            evidence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)
         ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at), evidence = max(evidence, excluded.evidence)",
    )?
    .execute(params![
        quarter_hour(seen.at),
        dir,
        launch.unwrap_or(0),
        body.session.as_deref().unwrap_or(""),
        body.how,
        repo,
        seen.at.ms(),
        strength(seen.evidence),
    ])?;
    Ok(())
}

fn note_use(
    tx: &Connection,
    seen: Seen,
    dir: i64,
    launch: Option<i64>,
    how: &str,
    is_new_to_it: bool,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO dir_use (dir, agent, hows, first_at, last_at, launches, evidence)
         VALUES (?1, ifnull((SELECT agent FROM launch WHERE key = ?2), ''), json_array(?3),
            ?4, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at), evidence = max(evidence, excluded.evidence),
            launches = launches + excluded.launches,
            hows = (SELECT json_group_array(value ORDER BY value) FROM
                (SELECT value FROM json_each(hows) UNION SELECT ?3))",
    )?
    .execute(params![
        dir,
        launch,
        how,
        seen.at.ms(),
        is_new_to_it,
        strength(seen.evidence)
    ])?;
    Ok(())
}

fn note_repo(tx: &Connection, seen: Seen, dir: i64, repo: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO dir_repo (dir, repo, first_at, last_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at)",
    )?
    .execute([dir, repo, seen.at.ms()])?;
    Ok(())
}

fn hear_repo(tx: &Connection, seen: Seen, dir: i64, body: &DirTouched) -> rusqlite::Result<()> {
    let text: String = tx
        .prepare_cached("SELECT repo FROM dir WHERE key = ?")?
        .query_row([dir], |row| row.get(0))?;
    let mut register: Register = serde_json::from_str(&text).map_err(unreadable)?;
    let (repo, repo_unknown) = (body.repo.clone(), body.repo_unknown.clone());
    let grounds = Grounds { known: repo_unknown.is_none(), ..seen.grounds(false) };
    let value = serde_json::to_value(RepoFact { repo, repo_unknown });
    let value = value.expect("a repository has plain fields");
    register.hear(Statement { grounds, value });
    let best = serde_json::to_string(&register).expect("a register has string keys");
    if best != text {
        tx.prepare_cached("UPDATE dir SET repo = ? WHERE key = ?")?.execute(params![best, dir])?;
    }
    Ok(())
}

/// Returns what a register's text holds.
pub(in super::super) fn repo_fact(text: &str) -> rusqlite::Result<RepoFact> {
    let register: Register = serde_json::from_str(text).map_err(unreadable)?;
    let best = register.best().map(|best| RepoFact::deserialize(&best.value));
    best.transpose().map(Option::unwrap_or_default).map_err(unreadable)
}
