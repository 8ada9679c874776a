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

use super::super::filter::{Conditions, sql_limit};
use super::super::register;
use super::files::{conditions, require_place};
use super::who::{Toucher, Visit};

/// Up to so many files, those who accessed them are looked for.
const MANY: u64 = 1000;

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
    let wanted = conditions(tx, filter)?;
    for (toucher, visit) in &mut all {
        let files = of(tx, wanted.clone(), toucher)?;
        if files.files > 0 {
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
    let mut files = Conditions::default();
    require_place(&mut files, tx, filter)?;
    let distinct = "(SELECT key AS file FROM file) a";
    // No touch of a directory tells of what is done to files alone.
    let is_of_files = filter.how.as_deref().is_some_and(|how| OF_FILES.contains(&how));
    if !is_of_files && files.count(tx, distinct, MANY)? == MANY {
        return Ok(Vec::new());
    }
    let wanted = conditions(tx, filter)?;
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

/// Returns what one did to files, of accesses `a` that are wanted.
fn of(
    tx: &Connection,
    mut wanted: Conditions,
    (launch, session): &Toucher,
) -> rusqlite::Result<Accesses> {
    match *launch {
        0 => wanted.require_that("a.launch = 0"),
        // Said twice, for the index that has only these.
        launch => wanted.require("a.launch = ? AND a.launch <> 0", [launch]),
    }
    if session.is_empty() {
        wanted.require_that("a.session = 0");
    } else {
        let sql = "a.session IN (SELECT key FROM session WHERE id = ?)";
        wanted.require(sql, [session.clone()]);
    }
    let sql = format!(
        "SELECT a.file, f.path, a.how, a.first_at, a.last_at, a.evidence
         FROM file_access a CROSS JOIN file f ON f.key = a.file{}",
        wanted.clause()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(wanted.into_values()))?;
    let (mut accesses, mut files) = (Accesses::default(), HashSet::<i64>::new());
    while let Some(row) = rows.next()? {
        files.insert(row.get(0)?);
        accesses.add(row)?;
    }
    accesses.files = files.len() as u64;
    Ok(accesses)
}

impl Accesses {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        self.hows.insert(row.get(2)?);
        let first_at = Timestamp::from_ms(row.get(3)?);
        self.first_at = Some(self.first_at.map_or(first_at, |other| other.min(first_at)));
        let last = Some((Timestamp::from_ms(row.get(4)?), row.get(1)?));
        self.last = self.last.take().max(last);
        self.evidence = self.evidence.max(Some(register::evidence(row.get(5)?)));
        Ok(())
    }
}
