//! Directories in which something was done.

use rusqlite::Connection;
use trackway_protocol::message::Filter;
use trackway_protocol::row::DirRow;

use super::super::filter::{Conditions, Repos};
use super::super::project::dir::repo_fact;
use super::Found;
use super::kinds::Names;
use super::sums::{Done, Of, Question};
use super::touches::{dirs_below, dirs_in};

/// Returns the directories that pass `filter`, last touched first.
pub(super) fn dirs(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<DirRow>> {
    let mut places = Vec::new();
    places.extend(filter.dir.as_deref().map(dirs_below));
    if let Some(repo) = &filter.repo {
        places.push(dirs_in(&Repos::find(tx, repo)?, filter));
    }
    let question = Question::new(tx, Of::Dirs, filter, places, Conditions::default())?;
    let (dirs, all) = question.newest(tx)?;
    let (mut done, names) = (question.done(tx, &dirs)?, Names::read(tx)?);
    let row = |dir: &i64| row(tx, *dir, &names, &done.remove(dir).unwrap_or_default());
    let rows = dirs.iter().map(row).collect::<rusqlite::Result<_>>()?;
    Ok(Found::of_all(rows, filter, all))
}

fn row(tx: &Connection, dir: i64, names: &Names, done: &Done) -> rusqlite::Result<DirRow> {
    let mut statement = tx.prepare_cached("SELECT path, repo FROM dir WHERE key = ?")?;
    let (path, fact) = statement
        .query_row([dir], |row| Ok((row.get(0)?, repo_fact(row.get_ref(1)?.as_str()?)?)))?;
    Ok(DirRow {
        dir: path,
        repo: fact.repo,
        repo_unknown: fact.repo_unknown,
        agents: names.agents(&done.kinds),
        how: names.hows(done.hows),
        first_at: done.first_at(),
        last_at: done.last_at(),
        launches: done.launches,
        sessions: None,
        evidence: done.evidence(),
    })
}
