//! What a filter means to the tables.

use std::collections::BTreeMap;
use std::path::MAIN_SEPARATOR;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::record::Repo;
use trackway_protocol::remote;

/// Conditions that all must hold, with the values of their parameters.
#[derive(Clone, Default)]
pub(super) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition; each `?` in it takes one of `values`.
    pub(super) fn require<V: Into<Value>>(
        &mut self,
        sql: &str,
        values: impl IntoIterator<Item = V>,
    ) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.append(sql, values);
    }

    /// Adds what follows the last condition, with one of `values` for each `?`.
    pub(super) fn append<V: Into<Value>>(
        &mut self,
        sql: &str,
        values: impl IntoIterator<Item = V>,
    ) {
        self.sql.push_str(sql);
        self.values.extend(values.into_iter().map(Into::into));
    }

    /// Adds all conditions of another.
    pub(super) fn and(&mut self, other: &Self) {
        if let Some(sql) = other.sql.strip_prefix(" WHERE ") {
            self.require(sql, other.values.clone());
        }
    }

    /// Adds a condition without parameters.
    pub(super) fn require_that(&mut self, sql: &str) {
        self.require(sql, None::<Value>);
    }

    /// Adds a condition with one parameter, where the filter has a value for it.
    pub(super) fn require_some<V: Into<Value>>(&mut self, sql: &str, value: Option<V>) {
        if value.is_some() {
            self.require(sql, value);
        }
    }

    /// Returns the WHERE clause; empty where everything is wanted.
    pub(super) fn clause(&self) -> &str {
        &self.sql
    }

    /// Returns how many rows of `from` pass; counts up to `bound`.
    pub(super) fn count(self, tx: &Connection, from: &str, bound: u64) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {from}{} LIMIT ?)", self.sql);
        let values = self.into_values().into_iter().chain([sql_limit(Some(bound))]);
        let count = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::cast_unsigned);
        tx.prepare_cached(&sql)?.query_row(params_from_iter(values), count)
    }

    /// Returns the values of the clause's parameters.
    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// Returns a limit as SQL has it: -1 is none.
pub(super) fn sql_limit(limit: Option<u64>) -> Value {
    limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(-1)).into()
}

/// Adds that the text in `column` is `dir` or lies below it.
pub(super) fn require_below(conditions: &mut Conditions, column: &str, dir: &str) {
    let (dir, below) = (dir.to_owned(), below(dir));
    let sql = format!("({column} = ? OR ({column} >= ? AND {column} < ?))");
    conditions.require(&sql, [dir, below.start, below.end]);
}

/// Whether `path` is `dir` or lies below it.
pub(super) fn is_below(path: &str, dir: &str) -> bool {
    let rest = path.strip_prefix(dir.trim_end_matches(MAIN_SEPARATOR));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(MAIN_SEPARATOR))
}

/// Adds that the text in `column` begins with `prefix`, which is one of ids.
pub(super) fn require_prefix(conditions: &mut Conditions, column: &str, prefix: &str) {
    let prefix = prefix.to_lowercase();
    let end = format!("{prefix}{}", char::MAX);
    conditions.require(&format!("({column} >= ? AND {column} < ?)"), [prefix, end]);
}

/// Repositories that a filter names.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Repos(BTreeMap<i64, String>);

/// A clone of a repository that records speak of; '' stands for what it has not.
struct Known {
    repo: i64,
    identity: String,
    root: String,
    main: String,
    upstream: String,
}

impl Repos {
    /// Returns what the ledger knows under `wanted`: the top directory of a clone, a path below
    /// it, a remote, or that of which it is a fork.
    pub(super) fn find(tx: &Connection, wanted: &str) -> rusqlite::Result<Self> {
        let mut all = tx.prepare_cached(
            "SELECT c.repo, r.identity, c.root, c.main, c.upstream
             FROM clone c JOIN repo r ON r.key = c.repo",
        )?;
        let all = all.query_map([], |row| {
            Ok(Known {
                repo: row.get(0)?,
                identity: row.get(1)?,
                root: row.get(2)?,
                main: row.get(3)?,
                upstream: row.get(4)?,
            })
        })?;
        Ok(Self::among(&all.collect::<Result<Vec<_>, _>>()?, wanted))
    }

    /// Returns the keys.
    pub(super) fn list(&self) -> Vec<i64> {
        self.0.keys().copied().collect()
    }

    /// Returns the keys as a JSON array, for `json_each`.
    pub(super) fn keys(&self) -> String {
        serde_json::to_string(&self.list()).expect("numbers always serialise")
    }

    /// Whether `repo` is one of them.
    pub(super) fn contains(&self, repo: &Repo) -> bool {
        let identity = repo.identity();
        self.0.values().any(|each| *each == identity)
    }

    fn among(all: &[Known], wanted: &str) -> Self {
        // The innermost: a path in a submodule is not one of the repository around it.
        let tops = all.iter().flat_map(|clone| [&clone.root, &clone.main]);
        let around = tops.filter(|top| !top.is_empty() && is_below(wanted, top));
        let top = around.max_by_key(|top| top.len());
        let identity = remote::identity(wanted);
        let is_wanted = |clone: &&Known| {
            top.is_some_and(|top| [&clone.root, &clone.main].contains(&top))
                || clone.identity == identity
                || (!clone.upstream.is_empty() && remote::identity(&clone.upstream) == identity)
        };
        let found = all.iter().filter(is_wanted);
        Self(found.map(|clone| (clone.repo, clone.identity.clone())).collect())
    }
}

fn below(dir: &str) -> std::ops::Range<String> {
    let dir = dir.trim_end_matches(MAIN_SEPARATOR);
    // The least text that is greater than any that begins with the directory and a separator.
    let next = char::from(MAIN_SEPARATOR as u8 + 1);
    format!("{dir}{MAIN_SEPARATOR}")..format!("{dir}{next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known((repo, (root, remote)): (i64, &(&str, &str))) -> Known {
        let remote = Some((*remote).to_owned()).filter(|remote| !remote.is_empty());
        let seen = Repo { root: (*root).to_owned(), remote, ..Repo::default() };
        let (main, upstream) = Default::default();
        Known { repo, identity: seen.identity(), root: seen.root, main, upstream }
    }

    fn keys(repos: &[(&str, &str)], wanted: &str) -> String {
        let known: Vec<Known> = (1..).zip(repos).map(known).collect();
        Repos::among(&known, wanted).keys()
    }

    #[test]
    fn a_repository_is_found_by_root_by_a_path_in_it_and_by_remote() {
        let repos = [("/src/a", "https://github.com/o/a.git"), ("/src/b", ""), ("/src/ab", "")];
        assert_eq!(keys(&repos, "/src/a"), "[1]");
        assert_eq!(keys(&repos, "/src/a/deep/down"), "[1]");
        assert_eq!(keys(&repos, "git@github.com:o/a"), "[1]");
        assert_eq!(keys(&repos, "/src"), "[]");
        assert_eq!(keys(&repos, "github.com/o/abc"), "[]");
    }

    #[test]
    fn a_fork_is_found_by_its_upstream_and_a_working_tree_by_the_main_one() {
        let fork = Known { upstream: "https://h/up/r".into(), ..known((1, &("/f", "h:me/r"))) };
        let tree = Known { main: "/main".into(), ..known((2, &("/tree", ""))) };
        let both = [fork, tree];
        assert_eq!(Repos::among(&both, "git@h:up/r.git").keys(), "[1]");
        assert_eq!(Repos::among(&both, "/main/x").keys(), "[2]");
        assert_eq!(Repos::among(&both, "/tree").keys(), "[2]");
    }

    #[test]
    fn a_path_in_an_inner_repository_is_not_one_of_the_outer() {
        let repos = [("/src/a", ""), ("/src/a/vendor/b", "")];
        assert_eq!(keys(&repos, "/src/a/vendor/b/x"), "[2]");
        assert_eq!(keys(&repos, "/src/a/vendor"), "[1]");
    }

    #[test]
    fn every_clone_of_a_remote_is_found() {
        let repos = [("/a", "ssh://git@Host.example/p/q.git"), ("/b", "host.example:p/q")];
        assert_eq!(keys(&repos, "https://me@host.example/p/q/"), "[1,2]");
    }

    #[test]
    fn a_repository_without_remote_is_not_found_by_an_empty_one() {
        assert_eq!(keys(&[("/a", "")], "/elsewhere"), "[]");
    }

    #[test]
    fn a_name_that_begins_alike_is_not_below() {
        assert!(is_below("/a/b", "/a/b") && is_below("/a/b/c", "/a/b") && is_below("/a/b", "/a/"));
        assert!(is_below("/a", "/"));
        assert!(!is_below("/a/bc", "/a/b") && !is_below("/a", "/a/b"));
    }
}
