//! Repositories: all clones and working trees of one together.

use rusqlite::{Connection, Row};
use trackway_protocol::message::Filter;
use trackway_protocol::record::Repo;
use trackway_protocol::row::RepoRow;

use super::super::filter::{Conditions, Repos};
use super::super::project::launch::unreadable;
use super::Found;
use super::kinds::Names;
use super::sums::{Done, Places, Question};
use super::touches::dirs_below;

/// Returns the repositories that pass `filter`, last touched first.
pub(super) fn repos(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<RepoRow>> {
    let keys = filter.repo.as_deref().map(|repo| Repos::find(tx, repo)).transpose()?;
    let places = Places::Repos(keys.map(|repos| repos.keys()));
    // A part of a repository has no sums.
    let mut touches = Conditions::default();
    if let Some((select, values)) = filter.dir.as_deref().map(dirs_below) {
        touches.require(&format!("t.dir IN ({select})"), values);
    }
    let question = Question::new(tx, filter, places, touches)?;
    let shown = question.newest(tx)?;
    let repos: Vec<i64> = shown.places.iter().map(|(repo, _)| *repo).collect();
    let (dirs, names) = (question.dirs_in(tx, &repos)?, Names::read(tx)?);
    let row = |(repo, done): &(i64, Done)| {
        row(tx, *repo, &names, dirs.get(repo).copied().unwrap_or_default(), done)
    };
    let rows = shown.places.iter().map(row).collect::<rusqlite::Result<_>>()?;
    Ok(Found::of_all(rows, filter, shown.all))
}

fn row(
    tx: &Connection,
    key: i64,
    names: &Names,
    dirs: u64,
    done: &Done,
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
        agents: names.agents(&done.kinds),
        how: names.hows(done.hows),
        first_at: done.first_at(),
        last_at: done.last_at(),
        dirs,
        launches: done.launches,
        sessions: None,
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
