//! What a filter asks of touches, which are called `t` here.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _};
use trackway_protocol::message::Filter;

use super::super::filter::{Conditions, Repos, require_below, require_prefix};

/// Adds how and in which session a touch must have been.
pub(super) fn require_manner(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    if let Some(how) = &filter.how {
        let mut key = tx.prepare_cached("SELECT key FROM how WHERE name = ?")?;
        // Where nothing was ever touched so, nothing passes.
        let key = key.query_row([how], |row| row.get(0)).optional()?;
        wanted.require("t.how = ?", [key.unwrap_or(0_i64)]);
    }
    if let Some(prefix) = &filter.session {
        require_prefix(wanted, "t.session", prefix);
    }
    Ok(())
}

/// Selects the directories that are `dir` or lie below it.
pub(super) fn dirs_below(dir: &str) -> (String, Vec<Value>) {
    let mut below = Conditions::default();
    require_below(&mut below, "path", dir);
    (format!("SELECT key FROM dir{}", below.clause()), below.into_values())
}

/// Adds which directory or repository a touch must be of.
///
/// Where the repository could not be looked up, each in which the directory ever lay counts: what
/// may have happened there must not be left out.
pub(super) fn require_touched_place(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    if let Some(dir) = &filter.dir {
        let (select, values) = dirs_below(dir);
        wanted.require(&format!("t.dir IN ({select})"), values);
    }
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require(
            "t.dir IN (SELECT dir FROM dir_repo WHERE repo IN (SELECT value FROM json_each(?)))
             AND (t.repo = -1 OR t.repo IN (SELECT value FROM json_each(?)))",
            [keys.clone(), keys],
        );
    }
    Ok(())
}
