//! The files that a filter is about.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use trackway_protocol::message::Filter;

use super::super::filter::{Conditions, Repos, require_below};

/// From so many files on, each access is looked at when it comes up, instead of looking up those of each
/// file.
const MANY: usize = 10_000;

/// The files that are asked about.
pub(super) struct FilePlace {
    /// Them, a JSON array, and how many they are, unless they are many.
    few: Option<(String, usize)>,
    /// What one, `f`, must be otherwise.
    files: Conditions,
}

impl FilePlace {
    /// Finds the files that a filter names, by where they lie or have lain.
    pub(super) fn find(tx: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let mut files = Conditions::default();
        if let Some(dir) = &filter.dir {
            require_below(&mut files, "f.path", dir);
        }
        let Some(repo) = &filter.repo else {
            let is_asked = filter.dir.is_some();
            let few = is_asked.then(|| few(tx, "file f", &files)).transpose()?;
            return Ok(Self { few: few.flatten(), files });
        };
        let keys = Repos::find(tx, repo)?.keys();
        let mut in_repos = files.clone();
        in_repos.require("r.repo IN (SELECT value FROM json_each(?))", [keys.clone()]);
        let few = few(tx, "file_repo r CROSS JOIN file f ON f.key = r.file", &in_repos)?;
        let sql = "EXISTS (SELECT 1 FROM file_repo r
            WHERE r.file = f.key AND r.repo IN (SELECT value FROM json_each(?)))";
        files.require(sql, [keys]);
        Ok(Self { few, files })
    }

    /// Returns how many these are; nothing where they are many, or all.
    pub(super) fn number(&self) -> Option<usize> {
        self.few.as_ref().map(|(_, number)| *number)
    }

    /// Adds which file an access `a` must be of, joined as in [`Self::from`].
    pub(super) fn require(&self, wanted: &mut Conditions) {
        match &self.few {
            None => wanted.and(&self.files),
            Some((few, _)) => {
                wanted.require("a.file IN (SELECT value FROM json_each(?))", [few.clone()]);
            }
        }
    }

    /// Returns accesses `a`, with the file of each where that is looked at.
    pub(super) fn from(&self) -> &'static str {
        if self.few.is_some() || self.files.clause().is_empty() {
            "file_access a"
        } else {
            "file_access a CROSS JOIN file f ON f.key = a.file"
        }
    }
}

/// Returns the files `f` of `from` that are wanted; none where they are many.
fn few(
    tx: &Connection,
    from: &str,
    wanted: &Conditions,
) -> rusqlite::Result<Option<(String, usize)>> {
    let sql = format!("SELECT DISTINCT f.key FROM {from}{} LIMIT ?", wanted.clause());
    let values = wanted.clone().into_values().into_iter().chain([Value::from(MANY as i64)]);
    let mut statement = tx.prepare_cached(&sql)?;
    let keys = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let keys: Vec<i64> = keys.collect::<rusqlite::Result<_>>()?;
    let list = || serde_json::to_string(&keys).expect("numbers always serialise");
    Ok((keys.len() < MANY).then(|| (list(), keys.len())))
}
