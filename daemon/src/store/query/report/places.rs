//! Repositories with their names, and what lies in none.

use std::cmp::Reverse;
use std::collections::HashMap;

use rusqlite::Connection;
use trackway_protocol::report::{ReadUnder, RepoUse};

use super::super::kinds::Names;
use super::among;
use super::keys::Keyed;
use super::sums::{ELSEWHERE, Place, Sums};

/// So many directories of a repository are named.
const DIRS: usize = 10;

/// Returns the repositories, those with the most activity first, and what was elsewhere.
pub(super) fn places(
    tx: &Connection,
    sums: &Sums,
    unders: &[ReadUnder],
) -> rusqlite::Result<(Vec<RepoUse>, RepoUse)> {
    let (names, repos) = (Names::read(tx)?, sums.repos());
    let identities = "SELECT key, identity FROM repo WHERE key IN (SELECT value FROM json_each(?))";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let identities: HashMap<i64, String> =
        among(tx, identities, repos.keys().copied(), read)?.into_iter().collect();
    let roots = "SELECT DISTINCT repo, root FROM clone
        WHERE repo IN (SELECT value FROM json_each(?)) ORDER BY seen_at DESC, root";
    let mut roots_of = HashMap::<i64, Vec<String>>::new();
    for (repo, root) in
        among(tx, roots, repos.keys().copied(), |row| Ok((row.get(0)?, row.get(1)?)))?
    {
        roots_of.entry(repo).or_default().push(root);
    }
    let dirs: Keyed<Vec<(u64, i64)>> =
        repos.iter().map(|(key, place)| (*key, most_touched(place))).collect();
    let paths = "SELECT key, path FROM dir WHERE key IN (SELECT value FROM json_each(?))";
    let named = dirs.values().flatten().map(|(_, dir)| *dir);
    let paths: HashMap<i64, String> =
        among(tx, paths, named, |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect();
    let (mut rows, mut elsewhere) = (Vec::new(), RepoUse::default());
    for (key, place) in repos {
        let id = identities.get(key).cloned().unwrap_or_default();
        let roots = roots_of.remove(key).unwrap_or_default();
        let dirs = dirs.get(key).map_or_else(Vec::new, |most| by_name(most, &paths));
        let row = row(place, (id, roots, dirs), &names, unders);
        if *key == ELSEWHERE {
            elsewhere = row;
        } else {
            rows.push(row);
        }
    }
    rows.sort_by(|one, other| {
        let rank =
            |row: &RepoUse| Reverse((row.active_quarters, row.use_.responses, row.files_read));
        rank(one).cmp(&rank(other)).then_with(|| one.id.cmp(&other.id))
    });
    Ok((rows, elsewhere))
}

fn row(
    place: &Place,
    (id, roots, dirs): (String, Vec<String>, Vec<String>),
    names: &Names,
    unders: &[ReadUnder],
) -> RepoUse {
    let under = place.read_under.iter();
    let mut read_under: Vec<ReadUnder> = under
        .map(|(under, files)| ReadUnder { files: files.count(), ..unders[*under].clone() })
        .collect();
    // By their names where as many files were read: numbers are given in the order of arrival.
    read_under.sort_by(|one, other| other.files.cmp(&one.files).then_with(|| one.cmp(other)));
    RepoUse {
        id,
        roots,
        more_dirs: (place.dirs.len() - dirs.len()) as u64,
        dirs,
        agents: place.agents.iter().cloned().collect(),
        how: names.hows(place.hows),
        launches: place.launches.len() as u64,
        sessions: place.sessions.len() as u64,
        active_quarters: place.quarters.len() as u64,
        files_read: place.read.count(),
        files_written: place.written.count(),
        read_under,
        use_: place.spent.total(),
    }
}

/// Returns the directories that were touched most, and how often.
fn most_touched(place: &Place) -> Vec<(u64, i64)> {
    let mut most: Vec<(u64, i64)> =
        place.dirs.iter().map(|(dir, touches)| (*touches, *dir)).collect();
    most.sort_unstable_by_key(|(touches, dir)| (Reverse(*touches), *dir));
    most.truncate(DIRS);
    most
}

/// Returns the names of directories, those that were touched most first. Numbers of directories are given
/// in the order of arrival: of equals the names decide.
fn by_name(most: &[(u64, i64)], paths: &HashMap<i64, String>) -> Vec<String> {
    let mut dirs: Vec<(Reverse<u64>, String)> = most
        .iter()
        .filter_map(|(touches, dir)| Some((Reverse(*touches), paths.get(dir)?.clone())))
        .collect();
    dirs.sort_unstable();
    dirs.into_iter().map(|(_, path)| path).collect()
}
