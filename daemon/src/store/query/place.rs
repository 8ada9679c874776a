//! The directories that a filter is about.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use trackway_protocol::message::Filter;

use super::super::filter::{Conditions, Repos, require_below};

/// From so many directories on, each is looked at when it comes up, instead of all beforehand.
const MANY: usize = 1000;

/// The directories that are asked about.
pub(super) struct Place {
    /// Them, a JSON array, and how many they are, unless they are many.
    dirs: Option<(String, usize)>,
    /// What the path of one, `d`, must be.
    paths: Conditions,
    /// In which repository a touch `t` must have been.
    repos: Conditions,
}

impl Place {
    /// Finds the directories that a filter names.
    pub(super) fn find(tx: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let (mut paths, mut repos) = (Conditions::default(), Conditions::default());
        if let Some(dir) = &filter.dir {
            require_below(&mut paths, "d.path", dir);
        }
        if let Some(repo) = &filter.repo {
            let keys = Repos::find(tx, repo)?.keys();
            let (select, values) = dirs_in(&keys, filter);
            paths.require(&format!("d.key IN ({select})"), values);
            let sql = "(t.repo = -1 OR t.repo IN (SELECT value FROM json_each(?)))";
            repos.require(sql, [keys]);
        }
        let sql = format!("SELECT d.key FROM dir d{} LIMIT ?", paths.clause());
        let values = paths.clone().into_values().into_iter().chain([Value::from(MANY as i64)]);
        let mut dirs = tx.prepare_cached(&sql)?;
        let dirs = dirs.query_map(params_from_iter(values), |row| row.get(0))?;
        let dirs: Vec<i64> = dirs.collect::<Result<_, _>>()?;
        let list = serde_json::to_string(&dirs).expect("numbers always serialise");
        Ok(Self { dirs: (dirs.len() < MANY).then_some((list, dirs.len())), paths, repos })
    }

    /// Returns what the column `dir` of a table must be.
    pub(super) fn dirs(&self, table: &str) -> Conditions {
        let Some((dirs, _)) = &self.dirs else { return self.paths.clone() };
        let mut wanted = Conditions::default();
        let sql = format!("{table}.dir IN (SELECT value FROM json_each(?))");
        wanted.require(&sql, [dirs.clone()]);
        wanted
    }

    /// Returns what a touch must be to be of the place.
    pub(super) fn conditions(&self, table: &str) -> Conditions {
        let mut wanted = self.dirs(table);
        wanted.and(&self.repos);
        wanted
    }

    /// Returns them, a JSON array, and their number, where they are so few that each is looked up.
    pub(super) fn few(&self) -> Option<(&str, usize)> {
        self.dirs.as_ref().map(|(dirs, count)| (dirs.as_str(), *count))
    }

    /// Returns those of some directories that are asked about, in their order. Where [`Self::few`]
    /// has them, there must be no others.
    pub(super) fn among(&self, tx: &Connection, dirs: Vec<i64>) -> rusqlite::Result<Vec<i64>> {
        if self.dirs.is_some() || self.paths.clause().is_empty() {
            return Ok(dirs);
        }
        let sql = format!(
            "SELECT w.value FROM json_each(?) w CROSS JOIN dir d ON d.key = w.value{}",
            self.paths.clause()
        );
        let list = serde_json::to_string(&dirs).expect("numbers always serialise");
        let values = [Value::from(list)].into_iter().chain(self.paths.clone().into_values());
        tx.prepare_cached(&sql)?.query_map(params_from_iter(values), |row| row.get(0))?.collect()
    }

    /// Returns what a touch must be to be of the place, as far as that can be told without its path.
    pub(super) fn few_conditions(&self, table: &str) -> Conditions {
        if self.dirs.is_some() { self.conditions(table) } else { self.repos.clone() }
    }

    /// Returns touches `t` for [`Self::few_conditions`].
    pub(super) fn few_from(&self) -> &'static str {
        if self.dirs.is_some() { self.from() } else { "dir_touch t" }
    }

    /// Returns what is to be joined to a table `t` for [`Self::dirs`].
    pub(super) fn join(&self) -> &'static str {
        // In this order: a range has fewer rows than the place.
        if self.dirs.is_some() { "" } else { "CROSS JOIN dir d ON d.key = t.dir" }
    }

    /// Returns touches `t`, with what is to be joined to them.
    pub(super) fn from(&self) -> &'static str {
        if self.dirs.is_some() {
            "dir_touch t INDEXED BY dir_touch_by_dir"
        } else {
            "dir_touch t CROSS JOIN dir d ON d.key = t.dir"
        }
    }
}

/// Selects the directories that lay in one of these repositories during the filter's range, or may
/// have: where it could not be looked up, each in which a directory ever lay counts.
fn dirs_in(repos: &str, filter: &Filter) -> (String, Vec<Value>) {
    let mut then = Conditions::default();
    then.require_some("r.last_at >= ?", filter.since_ms);
    then.require_some("r.first_at < ?", filter.until_ms);
    let mut in_them = Conditions::default();
    in_them.require("r.repo IN (SELECT value FROM json_each(?))", [repos.to_owned()]);
    if let Some(then_sql) = then.clause().strip_prefix(" WHERE ") {
        let sql = format!("({then_sql} OR r.dir IN (SELECT dir FROM dir_touch WHERE repo = -1))");
        in_them.require(&sql, then.clone().into_values());
    }
    (format!("SELECT r.dir FROM dir_repo r{}", in_them.clause()), in_them.into_values())
}
