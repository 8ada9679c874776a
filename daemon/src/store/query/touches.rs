//! What a filter asks of touches, which are called `t` here.

use rusqlite::Connection;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;

use super::super::filter::{Conditions, Repos, require_below, require_prefix};
use super::super::project::dir::quarter_hour;

/// Adds when, how and in which session a touch must have been.
pub(super) fn require_touch(wanted: &mut Conditions, filter: &Filter) {
    wanted.require_some("t.how = ?", filter.how.clone());
    if let Some(prefix) = &filter.session {
        require_prefix(wanted, "t.session", prefix);
    }
    // The quarter-hour is what the index has; the rest makes the edges exact.
    let quarter = |ms| quarter_hour(Timestamp::from_ms(ms));
    if let Some(since) = filter.since_ms {
        wanted.require("t.quarter >= ? AND t.last_at >= ?", [quarter(since), since]);
    }
    if let Some(until) = filter.until_ms {
        wanted.require("t.quarter <= ? AND t.first_at < ?", [quarter(until), until]);
    }
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
        let mut below = Conditions::default();
        require_below(&mut below, "path", dir);
        let sql = format!("t.dir IN (SELECT key FROM dir{})", below.clause());
        wanted.require(&sql, below.into_values());
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
