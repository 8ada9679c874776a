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

use super::super::filter::Conditions;
use super::super::register;
use super::file_place::FilePlace;
use super::files;
use super::who::{Toucher, Visit};

/// Up to so many files, those who accessed them are looked for.
const MANY: usize = 1000;

/// The accesses `a` of a toucher `w` that is a launch; said twice, for the index that has only these.
const OF_LAUNCHES: &str = "CROSS JOIN file_access a INDEXED BY file_access_by_launch
    ON a.launch = w.value ->> 0 AND a.launch <> 0 AND a.session = 0";

/// Those of one that is a session.
const OF_SESSIONS: &str = "CROSS JOIN session s ON s.id = w.value ->> 1
    CROSS JOIN file_access a INDEXED BY file_access_by_session ON a.session = s.key AND a.launch = 0";

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
    let (place, mut wanted) = (FilePlace::find(tx, filter)?, files::anywhere(tx, filter)?);
    place.require(&mut wanted);
    // No touch of a directory tells of what is done to files alone.
    let is_of_files = filter.how.as_deref().is_some_and(|how| OF_FILES.contains(&how));
    let are_few = place.number().is_some_and(|number| number < MANY);
    let mut new = match is_of_files || are_few {
        true => newest(tx, place.from(), &wanted, filter.limit)?,
        false => Vec::new(),
    };
    new.retain(|toucher| !known.contains(toucher));
    let (mut touched, are_all_touches) = (visits(&new)?, new.is_empty());
    let new = new.into_iter().map(|toucher| {
        let visit = touched.remove(&toucher).unwrap_or_default();
        (toucher, visit)
    });
    let mut all: Vec<(Toucher, Visit)> = touches.into_iter().chain(new).collect();
    let touchers: Vec<&Toucher> = all.iter().map(|(toucher, _)| toucher).collect();
    let mut accesses = of(tx, &wanted, &touchers)?;
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

/// Returns whose the accesses are that are wanted, the last first.
fn newest(
    tx: &Connection,
    from: &str,
    wanted: &Conditions,
    limit: Option<u64>,
) -> rusqlite::Result<Vec<Toucher>> {
    let sql = format!(
        "SELECT a.launch, ifnull(s.id, '') AS id FROM {from} LEFT JOIN session s ON s.key = a.session{}
         ORDER BY a.last_at DESC, a.launch DESC, id DESC",
        wanted.clause()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(wanted.clone().into_values()))?;
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let toucher: Toucher = (row.get(0)?, row.get(1)?);
        if known.insert(toucher.clone()) {
            found.push(toucher);
        }
    }
    Ok(found)
}

/// Returns which of the wanted accesses are by these.
fn of(
    tx: &Connection,
    wanted: &Conditions,
    touchers: &[&Toucher],
) -> rusqlite::Result<BTreeMap<Toucher, Accesses>> {
    let (launches, sessions): (Vec<&Toucher>, Vec<&Toucher>) =
        touchers.iter().partition(|(_, session)| session.is_empty());
    let mut found = BTreeMap::<Toucher, (Accesses, HashSet<i64>)>::new();
    for (these, of_these) in [(launches, OF_LAUNCHES), (sessions, OF_SESSIONS)] {
        let sql = format!(
            "SELECT w.value ->> 0, w.value ->> 1, a.file, f.path, a.how, a.first_at, a.last_at, a.evidence
             FROM json_each(?) w {of_these} CROSS JOIN file f ON f.key = a.file{}",
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
