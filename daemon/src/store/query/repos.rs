//! Repositories: all clones and working trees of one together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::message::Filter;
use trackway_protocol::record::Repo;
use trackway_protocol::row::RepoRow;

use super::super::filter::{Conditions, Repos, is_below, require_below};
use super::super::project::launch::unreadable;
use super::Found;
use super::kinds::Names;
use super::sessions;
use super::sums::{Done, Places, Question};
use super::touches::dirs_below;

/// From so many directories on, those of every repository are looked at.
const MANY: u64 = 1000;

/// Returns the repositories that pass `filter`, last touched first.
pub(super) fn repos(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<RepoRow>> {
    let keys = filter.repo.as_deref().map(|repo| Repos::find(tx, repo)).transpose()?;
    let keys = keys.map(|repos| repos.keys());
    let (mut rows, all) = match &filter.dir {
        None => ask(tx, filter, keys, Conditions::default())?,
        Some(dir) => {
            let (whole, parts) = in_dir(tx, dir, keys)?;
            let (mut rows, whole) = ask(tx, filter, Some(whole), Conditions::default())?;
            // A part of a repository has no sums.
            let mut touches = Conditions::default();
            let (select, values) = dirs_below(dir);
            touches.require(&format!("t.dir IN ({select})"), values);
            let (others, parts) = ask(tx, filter, Some(parts), touches)?;
            rows.extend(others);
            (rows, whole.zip(parts).map(|(whole, parts)| whole + parts))
        }
    };
    rows.sort_by_key(|row| Reverse(row.last_at));
    let limit = filter.limit.and_then(|limit| usize::try_from(limit).ok());
    rows.truncate(limit.unwrap_or(usize::MAX));
    Ok(Found::of_all(rows, filter, all))
}

fn ask(
    tx: &Connection,
    filter: &Filter,
    keys: Option<String>,
    touches: Conditions,
) -> rusqlite::Result<(Vec<RepoRow>, Option<u64>)> {
    if keys.as_deref() == Some("[]") {
        return Ok((Vec::new(), Some(0)));
    }
    let question = Question::new(tx, filter, Places::Repos(keys), touches)?;
    let shown = question.newest(tx)?;
    let repos: Vec<i64> = shown.places.iter().map(|(repo, _)| *repo).collect();
    let (dirs, names) = (question.dirs_in(tx, &repos)?, Names::read(tx)?);
    let row = |(repo, done): &(i64, Done)| {
        row(tx, filter, *repo, &names, dirs.get(repo).copied().unwrap_or_default(), done)
    };
    let rows = shown.places.iter().map(row).collect::<rusqlite::Result<_>>()?;
    Ok((rows, shown.all))
}

/// Returns which repositories lie in `dir` as a whole, and which in part.
fn in_dir(tx: &Connection, dir: &str, keys: Option<String>) -> rusqlite::Result<(String, String)> {
    let mut wanted = Conditions::default();
    wanted.require_some("r.repo IN (SELECT value FROM json_each(?))", keys);
    let mut below = Conditions::default();
    require_below(&mut below, "e.path", dir);
    if below.clone().count(tx, "dir e", MANY)? < MANY {
        // Of the others, which are most then, nothing need be looked at.
        let sql = format!(
            "r.repo IN (SELECT o.repo FROM dir e CROSS JOIN dir_repo o ON o.dir = e.key{})",
            below.clause()
        );
        wanted.require(&sql, below.into_values());
    }
    let sql = format!(
        "SELECT r.repo, d.path FROM dir_repo r JOIN dir d ON d.key = r.dir{}",
        wanted.clause()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(wanted.into_values()))?;
    let mut lies = BTreeMap::<i64, (bool, bool)>::new();
    while let Some(row) = rows.next()? {
        let is_below = is_below(row.get_ref(1)?.as_str()?, dir);
        let (some, all) = lies.entry(row.get(0)?).or_insert((false, true));
        (*some, *all) = (*some || is_below, *all && is_below);
    }
    let list = |wanted| {
        let keys = lies.iter().filter(|(_, lies)| **lies == wanted).map(|(key, _)| *key);
        serde_json::to_string(&keys.collect::<Vec<_>>()).expect("numbers always serialise")
    };
    Ok((list((true, true)), list((true, false))))
}

fn row(
    tx: &Connection,
    filter: &Filter,
    key: i64,
    names: &Names,
    dirs: u64,
    done: &Done,
) -> rusqlite::Result<RepoRow> {
    let (clones, there) = (clones(tx, key)?, sessions::in_repo(tx, filter, key)?);
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
