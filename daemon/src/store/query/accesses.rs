//! Who accessed files of a place, beside who touched its directories.
//!
//! A session that accesses a file touches its directory as well. So where a place has many files,
//! those who were there are found by their touches alone; a single file has no others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Evidence;

use super::super::filter::{Conditions, Repos, require_below, sql_limit};
use super::super::register;
use super::files;
use super::who::{Toucher, Visit};

/// Up to so many files, those who accessed them are looked for.
const MANY: u64 = 1000;

/// The accesses `a` of a toucher `w` that is a launch; said twice, for the index that has only these.
const OF_LAUNCHES: &str = "CROSS JOIN file_access a
    ON a.launch = w.value ->> 0 AND a.launch <> 0 AND a.session = 0";

/// Those of one that is a session.
const OF_SESSIONS: &str = "CROSS JOIN session s ON s.id = w.value ->> 1
    CROSS JOIN file_access a ON a.session = s.key AND +a.launch = 0";

/// What is done to files and to no directory.
const OF_FILES: [&str; 3] = ["create", "delete", "rename"];

/// What one of them did to files of the place.
#[derive(Default)]
pub(super) struct Accesses {
    pub(super) files: u64,
    pub(super) hows: BTreeSet<String>,
    pub(super) first_at: Option<Timestamp>,
    pub(super) last: Option<(Timestamp, String)>,
    pub(super) evidence: Option<Evidence>,
}

/// Adds to visits, the newest that pass `filter`, what was done to files, and those who did nothing
/// else; `visits` tells what some did to directories. Also returns whether there are none of these.
pub(super) fn add(
    tx: &Connection,
    filter: &Filter,
    touches: Vec<(Toucher, Visit)>,
    visits: impl FnOnce(&[Toucher]) -> rusqlite::Result<BTreeMap<Toucher, Visit>>,
) -> rusqlite::Result<(Vec<(Toucher, Visit)>, bool)> {
    let known: HashSet<&Toucher> = touches.iter().map(|(toucher, _)| toucher).collect();
    let mut new = newest(tx, filter)?;
    new.retain(|toucher| !known.contains(toucher));
    let (mut touched, are_all_touches) = (visits(&new)?, new.is_empty());
    let new = new.into_iter().map(|toucher| {
        let visit = touched.remove(&toucher).unwrap_or_default();
        (toucher, visit)
    });
    let mut all: Vec<(Toucher, Visit)> = touches.into_iter().chain(new).collect();
    let touchers: Vec<&Toucher> = all.iter().map(|(toucher, _)| toucher).collect();
    let mut accesses = of(tx, filter, &touchers)?;
    for (toucher, visit) in &mut all {
        if let Some(files) = accesses.remove(toucher) {
            visit.add_files(files);
        }
    }
    all.sort_by_key(|(_, visit)| Reverse(visit.last().map(|(at, _)| *at)));
    let limit = filter.limit.and_then(|limit| usize::try_from(limit).ok());
    all.truncate(limit.unwrap_or(usize::MAX));
    Ok((all, are_all_touches))
}

/// Returns who accessed files of a place that has few, the last first.
fn newest(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Toucher>> {
    let place = Place::find(tx, filter)?;
    // No touch of a directory tells of what is done to files alone.
    let is_of_files = filter.how.as_deref().is_some_and(|how| OF_FILES.contains(&how));
    if !is_of_files && place.count(tx)? == MANY {
        return Ok(Vec::new());
    }
    let wanted = files::conditions(tx, filter)?;
    let sql = format!(
        "SELECT a.launch, ifnull(s.id, '') AS id FROM file_access a
            LEFT JOIN session s ON s.key = a.session{}
         GROUP BY a.launch, id ORDER BY max(a.last_at) DESC, a.launch DESC, id DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(filter.limit)]);
    let toucher = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    tx.prepare_cached(&sql)?.query_map(params_from_iter(values), toucher)?.collect()
}

/// Returns what these did to files of the place.
fn of(
    tx: &Connection,
    filter: &Filter,
    touchers: &[&Toucher],
) -> rusqlite::Result<BTreeMap<Toucher, Accesses>> {
    let (place, mut wanted) = (Place::find(tx, filter)?, files::anywhere(tx, filter)?);
    wanted.and(&place.files);
    let (launches, sessions): (Vec<&Toucher>, Vec<&Toucher>) =
        touchers.iter().partition(|(_, session)| session.is_empty());
    let mut found = BTreeMap::<Toucher, (Accesses, HashSet<i64>)>::new();
    for (these, of_these) in [(launches, OF_LAUNCHES), (sessions, OF_SESSIONS)] {
        let sql = format!(
            "SELECT w.value ->> 0, w.value ->> 1, a.file, f.path, a.how, a.first_at, a.last_at, a.evidence
             FROM json_each(?) w {of_these} CROSS JOIN file f ON f.key = a.file {}{}",
            place.join(),
            wanted.clause()
        );
        let these = serde_json::to_string(&these).expect("texts and numbers always serialise");
        let values = [these.into()].into_iter().chain(wanted.clone().into_values());
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let (accesses, files) = found.entry((row.get(0)?, row.get(1)?)).or_default();
            accesses.add(row)?;
            files.insert(row.get(2)?);
            accesses.files = files.len() as u64;
        }
    }
    Ok(found.into_iter().map(|(toucher, (accesses, _))| (toucher, accesses)).collect())
}

/// Which files are asked about; each is looked at when it comes up, since there may be many.
struct Place {
    /// What a file `f` must be, and its repository `r` where that is asked about.
    files: Conditions,
    is_by_repo: bool,
}

impl Place {
    fn find(tx: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let mut files = Conditions::default();
        if let Some(repo) = &filter.repo {
            let keys = Repos::find(tx, repo)?.keys();
            files.require("r.repo IN (SELECT value FROM json_each(?))", [keys]);
        }
        if let Some(dir) = &filter.dir {
            require_below(&mut files, "f.path", dir);
        }
        Ok(Self { files, is_by_repo: filter.repo.is_some() })
    }

    /// Returns what is to be joined to a file.
    fn join(&self) -> &'static str {
        if self.is_by_repo { "CROSS JOIN file_repo r ON r.file = f.key" } else { "" }
    }

    /// Counts its files, up to [`MANY`]; one that lay in several of its repositories may count for more.
    fn count(self, tx: &Connection) -> rusqlite::Result<u64> {
        let of_repos = "file_repo r CROSS JOIN file f ON f.key = r.file";
        let from = if self.is_by_repo { of_repos } else { "file f" };
        self.files.count(tx, from, MANY)
    }
}

impl Accesses {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        self.hows.insert(row.get(4)?);
        let first_at = Timestamp::from_ms(row.get(5)?);
        self.first_at = Some(self.first_at.map_or(first_at, |other| other.min(first_at)));
        let last = Some((Timestamp::from_ms(row.get(6)?), row.get(3)?));
        self.last = self.last.take().max(last);
        self.evidence = self.evidence.max(Some(register::evidence(row.get(7)?)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::schema;
    use super::*;

    #[test]
    fn accesses_of_one_are_found_among_those_of_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.db");
        let mut connection = schema::open_writing(&path).unwrap();
        schema::migrate(&mut connection, &path).unwrap();
        let filter = Filter { since_ms: Some(0), ..Filter::default() };
        let wanted = files::anywhere(&connection, &filter).unwrap();
        for (these, index) in
            [(OF_LAUNCHES, "file_access_by_launch"), (OF_SESSIONS, "file_access_by_session")]
        {
            let from = format!("SELECT * FROM json_each('[]') w {these}{}", wanted.clause());
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {from}")).unwrap();
            let steps = statement.query_map([0], |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(plan.last().is_some_and(|step| step.contains(index)), "{plan:?}");
        }
    }
}
