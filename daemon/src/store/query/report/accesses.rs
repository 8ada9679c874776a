//! The accesses of files that may have happened in a range.
//!
//! Of one file, by one session in one way, only the first and the last time is known: what lasted across
//! the range counts. It is found without a look at all that was accessed after the range: what lasted
//! for more than a day has an index of its own, and of the rest nothing ended later than a day after it.

use rusqlite::types::Value;
use trackway_protocol::ids::Timestamp;

use super::super::super::filter::{Conditions, require_below};

/// In milliseconds; the index has the same.
pub(super) const DAY: i64 = 86_400_000;

/// Stands for the repositories of a file that lay in several: see [`REPOS`].
pub(super) const SEVERAL: i64 = -1;

/// The query for the repositories in which a file lay.
pub(super) const REPOS: &str = "SELECT repo FROM file_repo WHERE file = ?";

/// Returns the query for file, session, launch, whether it was read, repository and agent of each, with its
/// values; 0 stands for no repository. A text of each row costs as much as several numbers: the agent is told
/// only where that is wanted.
pub(super) fn query(
    (from, until): (Timestamp, Timestamp),
    dir: Option<&str>,
    with_agent: bool,
) -> (String, Vec<Value>) {
    let later = until.ms().saturating_add(DAY);
    let mut ended = Conditions::default();
    let sql = "a.last_at >= ? AND a.last_at < ? AND a.first_at < ?";
    ended.require(sql, [from.ms(), later, until.ms()]);
    let mut long = Conditions::default();
    let sql = "a.last_at - a.first_at > 86400000 AND a.last_at >= ? AND a.first_at < ?";
    long.require(sql, [later.max(from.ms()), until.ms()]);
    let mut values = Vec::new();
    let parts = [ended, long].map(|mut wanted| {
        if let Some(dir) = dir {
            let mut below = Conditions::default();
            require_below(&mut below, "f.path", dir);
            let sql = format!("a.file IN (SELECT f.key FROM file f{})", below.clause());
            wanted.require(&sql, below.into_values());
        }
        let sql = format!(
            "SELECT a.file, a.session, a.launch, a.how = 'read', a.repo{} FROM file_access a{}",
            if with_agent { ", a.agent" } else { "" },
            wanted.clause()
        );
        values.extend(wanted.into_values());
        sql
    });
    (parts.join(" UNION ALL "), values)
}
