//! Directories and files that were ever touched, with the repositories in which they lay.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::record::{PathText, Repo};

use super::super::super::filter::{Conditions, is_below};
use super::super::super::project::dir::repo_fact;
use crate::event::os_string;
use crate::zones::{InForce, Place};

/// A directory or a file.
pub(super) struct Touched {
    pub(super) key: i64,
    pub(super) text: String,
    pub(super) path: PathBuf,
    /// By the keys of the repositories in which it lay: as which clones.
    pub(super) repos: BTreeMap<i64, Vec<Repo>>,
    /// Whether some time a repository could not be looked up.
    pub(super) is_unknown: bool,
}

/// What is known of clones, by the keys of their repositories.
#[derive(Default)]
pub(super) struct Clones(HashMap<i64, Vec<Repo>>);

impl Clones {
    pub(super) fn read(tx: &Connection) -> rusqlite::Result<Self> {
        let mut statement = tx.prepare_cached("SELECT repo, seen FROM clone")?;
        let mut rows = statement.query([])?;
        let mut clones = HashMap::<_, Vec<Repo>>::new();
        while let Some(row) = rows.next()? {
            if let Ok(seen) = serde_json::from_str(row.get_ref(1)?.as_str()?) {
                clones.entry(row.get(0)?).or_default().push(seen);
            }
        }
        Ok(Self(clones))
    }

    /// Returns as what clones a path lay in a repository; of one that was moved away since, what all
    /// of them have in common.
    fn around(&self, repo: i64, path: &str) -> Vec<Repo> {
        let all = self.0.get(&repo).map_or(&[][..], Vec::as_slice);
        let around: Vec<Repo> =
            all.iter().filter(|clone| is_below(path, &clone.root)).cloned().collect();
        if !around.is_empty() {
            return around;
        }
        let common = |clone: &Repo| Repo {
            root: path.to_owned(),
            remote: clone.remote.clone(),
            upstream: clone.upstream.clone(),
            ..Repo::default()
        };
        all.iter().map(common).collect()
    }
}

impl Touched {
    /// Calls `with` for each directory that passes.
    pub(super) fn each_dir(
        tx: &Connection,
        clones: &Clones,
        wanted: &Conditions,
        mut with: impl FnMut(Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let sql = format!("SELECT d.key, d.path, d.path_b64 FROM dir d{}", wanted.clause());
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(wanted.clone().into_values()))?;
        let mut repos = tx.prepare_cached("SELECT repo FROM dir_repo WHERE dir = ?")?;
        let unknown = "SELECT EXISTS (SELECT 1 FROM dir_touch WHERE dir = ? AND repo = -1)";
        let mut unknown = tx.prepare_cached(unknown)?;
        while let Some(row) = rows.next()? {
            let (key, text): (i64, String) = (row.get(0)?, row.get(1)?);
            let b64: String = row.get(2)?;
            let b64 = Some(b64).filter(|b64| !b64.is_empty());
            let keys = repos.query_map([key], |row| row.get(0))?;
            let keys: Vec<i64> = keys.collect::<rusqlite::Result<_>>()?;
            with(Self {
                key,
                path: os_string(&PathText::bytes(&text, b64.as_deref())).into(),
                repos: keys.into_iter().map(|repo| (repo, clones.around(repo, &text))).collect(),
                is_unknown: unknown.query_row([key], |row: &Row<'_>| row.get(0))?,
                text,
            })?;
        }
        Ok(())
    }

    /// Calls `with` for each file that passes.
    pub(super) fn each_file(
        tx: &Connection,
        wanted: &Conditions,
        mut with: impl FnMut(Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let sql = format!("SELECT f.key, f.path, f.repo FROM file f{}", wanted.clause());
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(wanted.clone().into_values()))?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(1)?;
            let fact = repo_fact(row.get_ref(2)?.as_str()?)?;
            with(Self {
                key: row.get(0)?,
                path: PathBuf::from(&text),
                // Of a file only one is known: it counts for whatever was done to it.
                repos: fact.repo.into_iter().map(|repo| (0, vec![repo])).collect(),
                is_unknown: fact.repo_unknown.is_some(),
                text,
            })?;
        }
        Ok(())
    }

    /// Returns as what it is to be judged: in the repository with that key or, where it is not known which,
    /// in all in which it ever lay.
    pub(super) fn lain_in(&self, repo: Option<i64>) -> Vec<Place<'_>> {
        let repos = self.repos.iter().filter(|(key, _)| repo.is_none_or(|repo| repo == **key));
        let repos = repos.flat_map(|(_, repos)| repos);
        let places = repos.map(|repo| Place { path: &self.path, repo: Some(repo) });
        let mut places: Vec<_> = places.collect();
        if places.is_empty() || repo.is_none() && self.is_unknown {
            places.push(Place { path: &self.path, repo: None });
        }
        places
    }
}

/// Returns of each zone where it applies of what was ever touched, whoever did.
pub(super) fn places(
    tx: &Connection,
    in_force: &InForce,
) -> rusqlite::Result<BTreeMap<(bool, String), BTreeSet<String>>> {
    let mut places = BTreeMap::<_, BTreeSet<String>>::new();
    if in_force.is_empty() {
        return Ok(places);
    }
    let clones = Clones::read(tx)?;
    let mut note = |touched: Touched| {
        for (managed, rules) in in_force.sets() {
            for place in touched.lain_in(None) {
                // The first is the one that counts.
                if let Some(hit) = rules.all(&place).first() {
                    let zone = (managed, hit.zone.name.clone());
                    places.entry(zone).or_default().insert(touched.text.clone());
                }
            }
        }
        Ok(())
    };
    Touched::each_dir(tx, &clones, &Conditions::default(), &mut note)?;
    Touched::each_file(tx, &Conditions::default(), note)?;
    Ok(places)
}
