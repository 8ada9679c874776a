//! The tables of repositories: what their clones have in common, and each clone as it was seen last.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::MAIN_SEPARATOR;

use rusqlite::{Connection, params};
use trackway_protocol::record::Repo;

use super::pending::Pending;
use super::{Seen, key};

/// Stands in a touch for a repository that could not be looked up.
pub(in super::super) const UNKNOWN: i64 = -1;

/// Stands in a touch for no repository.
pub(in super::super) const NONE: i64 = 0;

/// Clones as they were seen, still to be written.
#[derive(Default)]
pub(super) struct Clones(HashMap<String, Sighting>);

/// See [`Clones`], which have them by the text that is kept.
struct Sighting {
    names: [String; 4],
    repo: i64,
    seen_at: i64,
}

/// Makes a repository known as it was seen, and returns the key of its identity.
pub(super) fn seen(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    repo: &Repo,
) -> rusqlite::Result<i64> {
    let json = serde_json::to_string(repo).expect("a repository has plain fields");
    let clone = match pending.clones.0.entry(json) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let Repo { root, main, remote, upstream, .. } = repo;
            let names = [root.clone(), text(main), text(remote), text(upstream)];
            new.insert(Sighting { names, repo: identity_key(tx, repo)?, seen_at: seen.at.ms() })
        }
    };
    clone.seen_at = clone.seen_at.max(seen.at.ms());
    Ok(clone.repo)
}

impl Clones {
    pub(super) fn write(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        let mut put = tx.prepare_cached(
            "INSERT INTO clone (root, main, remote, upstream, repo, seen_at, seen)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at, seen = excluded.seen
             WHERE (excluded.seen_at, excluded.seen) > (seen_at, seen)",
        )?;
        for (json, Sighting { names: [root, main, remote, upstream], repo, seen_at }) in
            self.0.drain()
        {
            put.execute(params![root, main, remote, upstream, repo, seen_at, json])?;
        }
        Ok(())
    }
}

/// Returns the key of what all clones of a repository have in common.
pub(super) fn identity_key(tx: &Connection, repo: &Repo) -> rusqlite::Result<i64> {
    let (select, insert) =
        ("SELECT key FROM repo WHERE identity = ?", "INSERT INTO repo (identity) VALUES (?)");
    key(tx, select, insert, [&repo.identity()])
}

/// Makes known that a directory was in a repository.
pub(super) fn has_dir(tx: &Connection, repo: i64, dir: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE repo SET first_dir = min(ifnull(first_dir, ?2), ?2),
            last_dir = max(ifnull(last_dir, ?2), ?2)
         WHERE key = ?1",
    )?
    .execute(params![repo, sorted(dir)])?;
    Ok(())
}

/// Returns a path so that what lies below a directory comes right after it, before all else. Then
/// of several paths all lie below where the first and the last do.
fn sorted(path: &str) -> String {
    let first = |char| match char {
        MAIN_SEPARATOR => '\u{1}',
        // Not to be taken for a separator.
        '\u{1}' => '\u{2}',
        other => other,
    };
    path.chars().map(first).collect()
}

/// Whether a path, as [`sorted`] has it, is `dir` or lies below it.
pub(in super::super) fn is_sorted_below(path: &str, dir: &str) -> bool {
    let rest = path.strip_prefix(&sorted(dir.trim_end_matches(MAIN_SEPARATOR)));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\u{1}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_directory_comes_right_after_it() {
        let mut paths = ["/a", "/a b", "/a-b", "/a/b", "/a/b/c", "/a.b", "/ab", "/"].map(sorted);
        paths.sort_unstable();
        let below = paths.map(|path| is_sorted_below(&path, "/a"));
        assert_eq!(below, [false, true, true, true, false, false, false, false]);
        assert!(is_sorted_below(&sorted("/a/b"), "/a/") && is_sorted_below(&sorted("/a"), "/"));
        assert!(!is_sorted_below(&sorted("/a\u{1}b"), "/a"));
    }
}
