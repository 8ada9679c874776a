//! The tables of directories: who touched them when, and in which repositories they lay.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{DirTouched, Repo};

use super::super::register::{Grounds, Register, Statement, strength};
use super::launch::unreadable;
use super::pending::Pending;
use super::sums::{self, Before, For, Touch};
use super::{Seen, how, key, launch_key, repo};

/// Writes the register of a directory's repository.
pub(super) const PUT_REPO: &str = "UPDATE dir SET repo = ? WHERE key = ?";

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
pub(super) fn touched(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    body: &DirTouched,
) -> rusqlite::Result<()> {
    let launch = body.launch.map(|id| launch_key(tx, id)).transpose()?.unwrap_or(0);
    let dir = dir_key(tx, body)?;
    let repo = match (&body.repo, &body.repo_unknown) {
        (Some(repo), _) => repo::seen(tx, pending, seen, repo)?,
        (None, Some(_)) => repo::UNKNOWN,
        (None, None) => repo::NONE,
    };
    let touch = Touch {
        launch,
        kind: kind_of(tx, launch)?,
        how: how::key(tx, &body.how)?,
        at_ms: seen.at.ms(),
        evidence: strength(seen.evidence),
        day: quarter_hour(seen.at).div_euclid(sums::QUARTERS),
    };
    For::Dirs.add(tx, &mut pending.sums, dir, touch, dir_before(tx, dir, touch)?)?;
    if body.repo.is_some() {
        For::Repos.add(tx, &mut pending.sums, repo, touch, repo_before(tx, repo, touch)?)?;
        note_repo(tx, seen, dir, repo)?;
        note_visit(tx, repo, touch)?;
    }
    note_touch(tx, seen, dir, repo, touch, body)?;
    let fact = RepoFact { repo: body.repo.clone(), repo_unknown: body.repo_unknown.clone() };
    pending.dirs.hear(tx, "SELECT repo FROM dir WHERE key = ?", dir, (seen, &fact))
}

/// Moves what a launch did from the sums of one kind to those of another.
///
/// The kind is known when a launch starts; this serves records that arrive in another order.
pub(super) fn kind_changed(
    tx: &Connection,
    pending: &mut Pending,
    launch: i64,
    kinds: [i64; 2],
) -> rusqlite::Result<()> {
    // Shifted, since a division rounds towards zero and there are quarters before 1970.
    let dirs = "SELECT DISTINCT dir, (quarter + 96000000) / 96 - 1000000 FROM dir_touch
        WHERE launch = ?";
    let dirs = days_by_place(tx, dirs, launch)?;
    if dirs.is_empty() {
        return Ok(());
    }
    pending.write(tx)?;
    for (dir, days) in dirs {
        For::Dirs.sum_up(tx, dir, &days, kinds)?;
    }
    let repos = "SELECT repo, day FROM repo_visit WHERE launch = ?";
    for (repo, days) in days_by_place(tx, repos, launch)? {
        For::Repos.sum_up(tx, repo, &days, kinds)?;
    }
    Ok(())
}

fn days_by_place(
    tx: &Connection,
    select: &str,
    launch: i64,
) -> rusqlite::Result<BTreeMap<i64, Vec<i64>>> {
    let mut statement = tx.prepare_cached(select)?;
    let mut rows = statement.query([launch])?;
    let mut days = BTreeMap::<_, Vec<_>>::new();
    while let Some(row) = rows.next()? {
        days.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(days)
}

fn kind_of(tx: &Connection, launch: i64) -> rusqlite::Result<i64> {
    let mut statement = tx.prepare_cached("SELECT kind FROM launch WHERE key = ?")?;
    Ok(statement.query_row([launch], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Returns on which days the launch of a touch was in its directory before.
fn dir_before(tx: &Connection, dir: i64, touch: Touch) -> rusqlite::Result<Before> {
    const LAST: &str = "SELECT quarter FROM dir_touch WHERE launch = ? AND dir = ?
        ORDER BY quarter DESC LIMIT 1";
    const FIRST: &str = "SELECT quarter FROM dir_touch WHERE launch = ? AND dir = ?
        ORDER BY quarter LIMIT 1";
    const WITHIN: &str = "SELECT 1 FROM dir_touch
        WHERE launch = ? AND dir = ? AND quarter BETWEEN ? AND ?";
    let one = |sql: &str| -> rusqlite::Result<Option<i64>> {
        let mut statement = tx.prepare_cached(sql)?;
        let quarter = statement.query_row([touch.launch, dir], |row| row.get::<_, i64>(0));
        Ok(quarter.optional()?.map(|quarter| quarter.div_euclid(sums::QUARTERS)))
    };
    let begin = touch.day * sums::QUARTERS;
    let was_that_day = || {
        let values = [touch.launch, dir, begin, begin + sums::QUARTERS - 1];
        tx.prepare_cached(WITHIN)?.exists(values)
    };
    before(touch, || one(LAST), || one(FIRST), was_that_day)
}

/// Returns on which days the launch of a touch was in its repository before.
fn repo_before(tx: &Connection, repo: i64, touch: Touch) -> rusqlite::Result<Before> {
    const LAST: &str =
        "SELECT day FROM repo_visit WHERE launch = ? AND repo = ? ORDER BY day DESC LIMIT 1";
    const FIRST: &str =
        "SELECT day FROM repo_visit WHERE launch = ? AND repo = ? ORDER BY day LIMIT 1";
    const WITHIN: &str = "SELECT 1 FROM repo_visit WHERE launch = ? AND repo = ? AND day = ?";
    let one = |sql: &str| -> rusqlite::Result<Option<i64>> {
        let mut statement = tx.prepare_cached(sql)?;
        statement.query_row([touch.launch, repo], |row| row.get(0)).optional()
    };
    let was_that_day = || tx.prepare_cached(WITHIN)?.exists([touch.launch, repo, touch.day]);
    before(touch, || one(LAST), || one(FIRST), was_that_day)
}

/// Asks no more than it takes: mostly the last day is the one in question.
fn before(
    touch: Touch,
    last: impl FnOnce() -> rusqlite::Result<Option<i64>>,
    first: impl FnOnce() -> rusqlite::Result<Option<i64>>,
    was_that_day: impl FnOnce() -> rusqlite::Result<bool>,
) -> rusqlite::Result<Before> {
    if touch.launch == 0 {
        // A session is none of the launches that are counted.
        return Ok(Before::ThatDay);
    }
    let Some(last) = last()? else { return Ok(Before::Never) };
    if last == touch.day {
        return Ok(Before::ThatDay);
    }
    let first = first()?.unwrap_or(last);
    let is_within = (first..last).contains(&touch.day);
    Ok(match first {
        _ if is_within && was_that_day()? => Before::ThatDay,
        _ if first == last => Before::Once(first),
        _ => Before::Often,
    })
}

fn note_visit(tx: &Connection, repo: i64, touch: Touch) -> rusqlite::Result<()> {
    if touch.launch != 0 {
        tx.prepare_cached("INSERT OR IGNORE INTO repo_visit (launch, repo, day) VALUES (?, ?, ?)")?
            .execute([touch.launch, repo, touch.day])?;
    }
    Ok(())
}

fn dir_key(tx: &Connection, body: &DirTouched) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO dir (path, path_b64, repo) VALUES (?, ?, 'null')";
    let path = [body.dir.as_str(), body.dir_b64.as_deref().unwrap_or("")];
    key(tx, "SELECT key FROM dir WHERE path = ? AND path_b64 = ?", insert, path)
}

fn note_touch(
    tx: &Connection,
    seen: Seen,
    dir: i64,
    repo: i64,
    touch: Touch,
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
        touch.launch,
        body.session.as_deref().unwrap_or(""),
        touch.how,
        repo,
        touch.at_ms,
        touch.evidence,
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

/// Has a register hear of a repository; returns whether that changed it.
pub(super) fn hear(register: &mut Register, seen: Seen, fact: &RepoFact) -> bool {
    let grounds = Grounds { known: fact.repo_unknown.is_none(), ..seen.grounds(false) };
    if register.best().is_some_and(|best| best.grounds > grounds) {
        return false;
    }
    let value = serde_json::to_value(fact).expect("a repository has plain fields");
    register.hear(Statement { grounds, value })
}

/// Returns what a register's text holds.
pub(in super::super) fn repo_fact(text: &str) -> rusqlite::Result<RepoFact> {
    let register: Register = serde_json::from_str(text).map_err(unreadable)?;
    let best = register.best().map(|best| RepoFact::deserialize(&best.value));
    best.transpose().map(Option::unwrap_or_default).map_err(unreadable)
}
