//! Directories in which something was done.

use rusqlite::Connection;
use trackway_protocol::message::Filter;
use trackway_protocol::row::DirRow;

use super::super::filter::Conditions;
use super::super::project::dir::repo_fact;
use super::Found;
use super::kinds::Names;
use super::place::Place;
use super::sessions;
use super::sums::{Done, Places, Question};

/// Returns the directories that pass `filter`, last touched first.
pub(super) fn dirs(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<DirRow>> {
    let places = Places::Dirs(Place::find(tx, filter)?);
    let shown = Question::new(tx, filter, places, Conditions::default())?.newest(tx)?;
    let names = Names::read(tx)?;
    let rows = shown.places.iter().map(|(dir, done)| row(tx, filter, *dir, &names, done));
    Ok(Found::of_all(rows.collect::<rusqlite::Result<_>>()?, filter, shown.all))
}

fn row(
    tx: &Connection,
    filter: &Filter,
    dir: i64,
    names: &Names,
    done: &Done,
) -> rusqlite::Result<DirRow> {
    let there = sessions::in_dir(tx, filter, dir)?;
    let mut statement = tx.prepare_cached("SELECT path, repo FROM dir WHERE key = ?")?;
    let (path, fact) = statement
        .query_row([dir], |row| Ok((row.get(0)?, repo_fact(row.get_ref(1)?.as_str()?)?)))?;
    Ok(DirRow {
        dir: path,
        repo: fact.repo,
        repo_unknown: fact.repo_unknown,
        agents: there.agents_and(names.agents(&done.kinds)),
        how: names.hows(done.hows),
        first_at: done.first_at(),
        last_at: done.last_at(),
        launches: done.launches,
        sessions: Some(there.count()),
        evidence: done.evidence(),
    })
}
