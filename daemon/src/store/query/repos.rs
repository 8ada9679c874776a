//! Repositories: all clones and working trees of one together.

use std::cmp::Reverse;

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::message::Filter;
use trackway_protocol::record::Repo;
use trackway_protocol::row::RepoRow;

use super::super::filter::{Conditions, Repos, require_below};
use super::super::project::launch::unreadable;
use super::super::project::repo::is_sorted_below;
use super::Found;
use super::kinds::Names;
use super::sessions::{self, There};
use super::sums::{Done, Places, Question};
use super::touches::dirs_below;

/// From so many directories on, those of every repository are looked at.
const MANY: u64 = 1000;

/// Returns the repositories that pass `filter`, last touched first.
pub(super) fn repos(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<RepoRow>> {
    let keys = filter.repo.as_deref().map(|repo| Repos::find(tx, repo)).transpose()?;
    let keys = keys.map(|repos| repos.list());
    let (mut rows, all) = match &filter.dir {
        None => ask(tx, filter, keys, None)?,
        Some(dir) => {
            let is_any = keys.is_none();
            let Within { whole, parts, are_all } = in_dir(tx, dir, keys)?;
            // All of them are found by fewer pages than each.
            let whole = Some(whole).filter(|_| !(is_any && are_all));
            let (mut rows, whole) = ask(tx, filter, whole, None)?;
            let (others, parts) = ask(tx, filter, Some(parts), Some(dir))?;
            rows.extend(others);
            (rows, whole.zip(parts).map(|(whole, parts)| whole + parts))
        }
    };
    rows.sort_by_key(|row| Reverse(row.last_at));
    let limit = filter.limit.and_then(|limit| usize::try_from(limit).ok());
    rows.truncate(limit.unwrap_or(usize::MAX));
    Ok(Found::of_all(rows, filter, all))
}

/// Returns what was done in repositories, or in the `part` of them that lies in a directory.
fn ask(
    tx: &Connection,
    filter: &Filter,
    keys: Option<Vec<i64>>,
    part: Option<&str>,
) -> rusqlite::Result<(Vec<RepoRow>, Option<u64>)> {
    if keys.as_ref().is_some_and(Vec::is_empty) {
        return Ok((Vec::new(), Some(0)));
    }
    let mut touches = Conditions::default();
    if let Some(dir) = part {
        // A part of a repository has no sums.
        let (select, values) = dirs_below(dir);
        touches.require(&format!("t.dir IN ({select})"), values);
    }
    let keys = keys.map(|keys| (list(&keys), keys.len()));
    let question = Question::new(tx, filter, Places::Repos(keys), touches)?;
    let shown = question.newest(tx)?;
    let repos: Vec<i64> = shown.places.iter().map(|(repo, _)| *repo).collect();
    let (dirs, names) = (question.dirs_in(tx, &repos)?, Names::read(tx)?);
    let row = |(repo, done): &(i64, Done)| {
        let there = sessions::in_repo(tx, filter, *repo, part)?;
        row(tx, *repo, &names, dirs.get(repo).copied().unwrap_or_default(), done, &there)
    };
    let rows = shown.places.iter().map(row).collect::<rusqlite::Result<_>>()?;
    Ok((rows, shown.all))
}

/// Repositories that lie in a directory.
struct Within {
    /// With all of their directories.
    whole: Vec<i64>,
    /// With some of them.
    parts: Vec<i64>,
    /// Whether none lies elsewhere, not even in part.
    are_all: bool,
}

/// Returns which of some repositories, or of all, lie in `dir`.
fn in_dir(tx: &Connection, dir: &str, keys: Option<Vec<i64>>) -> rusqlite::Result<Within> {
    let mut wanted = Conditions::default();
    wanted.require_that("first_dir IS NOT NULL");
    if let Some(keys) = keys {
        wanted.require("key IN (SELECT value FROM json_each(?))", [list(&keys)]);
    }
    let sql = format!("SELECT key, first_dir, last_dir FROM repo{}", wanted.clause());
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(wanted.into_values()))?;
    let (mut whole, mut others) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let ends = [row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?];
        match ends.map(|end| is_sorted_below(end, dir)) {
            [true, true] => whole.push(row.get(0)?),
            _ => others.push(row.get(0)?),
        }
    }
    let are_all = others.is_empty();
    Ok(Within { whole, parts: with_dirs_below(tx, dir, &others)?, are_all })
}

/// Returns those of some repositories that have directories which are `dir` or lie below it.
fn with_dirs_below(tx: &Connection, dir: &str, repos: &[i64]) -> rusqlite::Result<Vec<i64>> {
    let mut below = Conditions::default();
    require_below(&mut below, "e.path", dir);
    let mut wanted = Conditions::default();
    wanted.require("r.repo IN (SELECT value FROM json_each(?))", [list(repos)]);
    let from = if below.clone().count(tx, "dir e", MANY)? < MANY {
        "dir e CROSS JOIN dir_repo r ON r.dir = e.key"
    } else {
        "dir_repo r CROSS JOIN dir e ON e.key = r.dir"
    };
    wanted.and(&below);
    let sql = format!("SELECT DISTINCT r.repo FROM {from}{}", wanted.clause());
    let mut statement = tx.prepare_cached(&sql)?;
    let repos = statement.query_map(params_from_iter(wanted.into_values()), |row| row.get(0))?;
    repos.collect()
}

fn list(keys: &[i64]) -> String {
    serde_json::to_string(keys).expect("numbers always serialise")
}

fn row(
    tx: &Connection,
    key: i64,
    names: &Names,
    dirs: u64,
    done: &Done,
    there: &There,
) -> rusqlite::Result<RepoRow> {
    let clones = clones(tx, key)?;
    let id = tx
        .prepare_cached("SELECT identity FROM repo WHERE key = ?")?
        .query_row([key], |row| row.get(0))?;
    let mut roots: Vec<String> = Vec::new();
    for clone in &clones {
        if !roots.contains(&clone.root) {
            roots.push(clone.root.clone());
        }
    }
    Ok(RepoRow {
        id,
        repo: clones.into_iter().next().unwrap_or_default(),
        roots,
        agents: there.agents_and(names.agents(&done.kinds)),
        how: names.hows(done.hows),
        first_at: done.first_at(),
        last_at: done.last_at(),
        dirs,
        launches: done.launches,
        sessions: Some(there.count()),
        evidence: done.evidence(),
    })
}

/// Returns the clones of a repository, each as it was seen last, the last seen first.
fn clones(tx: &Connection, repo: i64) -> rusqlite::Result<Vec<Repo>> {
    let mut statement = tx
        .prepare_cached("SELECT seen FROM clone WHERE repo = ? ORDER BY seen_at DESC, seen DESC")?;
    let clone = |row: &Row<'_>| serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(unreadable);
    statement.query_map([repo], clone)?.collect()
}
