//! The tables of repositories: what their clones have in common, and each clone as it was seen last.

use rusqlite::{Connection, params};
use trackway_protocol::record::Repo;

use super::{Seen, key};

/// Stands in a touch for a repository that could not be looked up.
pub(in super::super) const UNKNOWN: i64 = -1;

/// Stands in a touch for no repository.
pub(in super::super) const NONE: i64 = 0;

/// Makes a repository known as it was seen, and returns the key of its identity.
pub(super) fn seen(tx: &Connection, seen: Seen, repo: &Repo) -> rusqlite::Result<i64> {
    let repo_key = identity_key(tx, repo)?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let json = serde_json::to_string(repo).expect("a repository has plain fields");
    tx.prepare_cached(
        "INSERT INTO clone (root, main, remote, upstream, repo, seen_at, seen)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at, seen = excluded.seen
         WHERE (excluded.seen_at, excluded.seen) > (seen_at, seen)",
    )?
    .execute(params![
        repo.root,
        text(&repo.main),
        text(&repo.remote),
        text(&repo.upstream),
        repo_key,
        seen.at.ms(),
        json,
    ])?;
    Ok(repo_key)
}

/// Returns the key of what all clones of a repository have in common.
pub(super) fn identity_key(tx: &Connection, repo: &Repo) -> rusqlite::Result<i64> {
    let (select, insert) =
        ("SELECT key FROM repo WHERE identity = ?", "INSERT INTO repo (identity) VALUES (?)");
    key(tx, select, insert, [&repo.identity()])
}
