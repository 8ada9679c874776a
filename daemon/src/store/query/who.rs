//! Who touched a place: one row per launch, or per session where only its file tells.
//!
//! A place may have seen any number of launches, and the newest are wanted: so the days are gone
//! through from the last on, by the sums, until there are enough of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Evidence, Launch};
use trackway_protocol::row::WhoRow;

use super::super::filter::{Conditions, Repos, require_below};
use super::super::project::how::{HELPER, bit};
use super::super::project::sums::{DAY, DAYS, WEEK};
use super::super::register;
use super::Found;
use super::kinds::{Kinds, Names};
use super::launches::{require_launch, said_of};
use super::spans::{DAY_MS, quarters, require_range};
use super::touches::require_manner;

/// From so many directories on, each is looked at when it comes up, instead of all beforehand.
const MANY: usize = 1000;

/// Touches that are looked at to count who made them.
const LOOKED_AT: u64 = 10_000;

/// A launch's key, and the session where there is no launch.
type Toucher = (i64, String);

/// Returns those who touched what `filter` names, the last to touch it first.
pub(super) fn who(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<WhoRow>> {
    let search = Search::new(tx, filter)?;
    let names = Names::read(tx)?;
    let visits = search.newest(tx)?.into_iter();
    let rows = visits.map(|(toucher, visit)| row(tx, toucher, visit, &names));
    let rows = rows.collect::<rusqlite::Result<_>>()?;
    Found::counted(rows, filter, |bound| search.count(tx, bound))
}

/// What is searched for.
struct Search<'a> {
    filter: &'a Filter,
    place: Place,
    /// What a touch `t` of a launch `l` must be, wherever it was.
    wanted: Conditions,
}

/// The directories that are asked about.
struct Place {
    /// Them, unless they are many.
    dirs: Option<String>,
    /// What the path of one, `d`, must be.
    paths: Conditions,
    /// In which repository a touch `t` must have been.
    repos: Conditions,
}

/// What one of them did there.
#[derive(Default)]
struct Visit {
    dirs: BTreeSet<i64>,
    hows: i64,
    first_at: Option<Timestamp>,
    last: Option<(Timestamp, String)>,
    evidence: Option<Evidence>,
}

impl<'a> Search<'a> {
    fn new(tx: &Connection, filter: &'a Filter) -> rusqlite::Result<Self> {
        let mut wanted = Conditions::default();
        require_range(&mut wanted, (filter.since_ms, filter.until_ms));
        require_manner(&mut wanted, tx, filter)?;
        require_launch(&mut wanted, filter);
        Kinds::find(tx, filter)?.require(&mut wanted, "+l.kind");
        Ok(Self { filter, place: Place::find(tx, filter)?, wanted })
    }

    fn newest(&self, tx: &Connection) -> rusqlite::Result<Vec<(Toucher, Visit)>> {
        let limit =
            self.filter.limit.map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX));
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        let (first, last) = day_range(self.filter);
        for week in self.spans(tx, WEEK, first.div_euclid(DAYS), last.div_euclid(DAYS))? {
            let (first, last) = (first.max(week * DAYS), last.min(week * DAYS + DAYS - 1));
            for day in self.spans(tx, DAY, first, last)? {
                let mut new = self.of_day(tx, day)?;
                new.retain(|toucher| known.insert(toucher.clone()));
                // In parts, since many may have come, and few are wanted.
                for part in new.chunks(limit.clamp(1, MANY)) {
                    self.add(tx, part, limit, &mut found)?;
                }
                if found.len() >= limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// Adds what some did there, in their order, unless nobody is to see it.
    fn add(
        &self,
        tx: &Connection,
        touchers: &[Toucher],
        limit: usize,
        found: &mut Vec<(Toucher, Visit)>,
    ) -> rusqlite::Result<()> {
        if found.len() >= limit {
            return Ok(());
        }
        let shows_all = self.filter.helpers || self.filter.how.is_some();
        let mut visits = self.visits(tx, touchers)?;
        let visits = touchers.iter().filter_map(|toucher| visits.remove_entry(toucher));
        found.extend(visits.filter(|(_, visit)| shows_all || visit.hows != bit(HELPER)));
        found.truncate(limit);
        Ok(())
    }

    /// Counts up to `bound` who touched the place, whatever the limit; says `bound` as well where
    /// too much was done there to be looked through quickly.
    fn count(&self, tx: &Connection, bound: u64) -> rusqlite::Result<u64> {
        let mut touches = self.place.conditions("t");
        require_range(&mut touches, (self.filter.since_ms, self.filter.until_ms));
        if touches.count(tx, self.place.from(), LOOKED_AT)? == LOOKED_AT {
            return Ok(bound);
        }
        let mut wanted = self.place.conditions("t");
        wanted.and(&self.wanted);
        let sql = " GROUP BY t.launch, t.session HAVING ? OR max(t.how <> 1)";
        wanted.append(sql, [self.filter.helpers || self.filter.how.is_some()]);
        wanted.count(
            tx,
            &format!("{} LEFT JOIN launch l ON l.key = t.launch", self.place.from()),
            bound,
        )
    }

    /// Returns the weeks or days between two in which the place was touched, the last first.
    fn spans(
        &self,
        tx: &Connection,
        level: i64,
        first: i64,
        last: i64,
    ) -> rusqlite::Result<Vec<i64>> {
        let mut wanted = self.place.dirs("t");
        wanted.require("t.level = ? AND t.span BETWEEN ? AND ?", [level, first, last]);
        let sql = format!(
            "SELECT DISTINCT t.span FROM dir_sum t {}{} ORDER BY t.span DESC",
            self.place.join(),
            wanted.clause()
        );
        let values = params_from_iter(wanted.into_values());
        tx.prepare_cached(&sql)?.query_map(values, |row| row.get(0))?.collect()
    }

    /// Returns who touched the place on a day, the last to touch it first.
    fn of_day(&self, tx: &Connection, day: i64) -> rusqlite::Result<Vec<Toucher>> {
        let (first, last) = quarters(day);
        let mut wanted = self.place.conditions("t");
        wanted.require("t.quarter BETWEEN ? AND ?", [first, last]);
        wanted.and(&self.wanted);
        let sql = format!(
            "SELECT t.launch, t.session FROM {} LEFT JOIN launch l ON l.key = t.launch{}
             GROUP BY t.launch, t.session
             ORDER BY max(t.last_at) DESC, t.launch DESC, t.session DESC",
            self.place.from(),
            wanted.clause()
        );
        let toucher = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        tx.prepare_cached(&sql)?
            .query_map(params_from_iter(wanted.into_values()), toucher)?
            .collect()
    }

    fn visits(
        &self,
        tx: &Connection,
        touchers: &[Toucher],
    ) -> rusqlite::Result<BTreeMap<Toucher, Visit>> {
        let mut wanted = self.place.conditions("t");
        wanted.and(&self.wanted);
        let sql = format!(
            "SELECT t.launch, t.session, t.dir, d.path, t.how, t.first_at, t.last_at, t.evidence
             FROM json_each(?) w CROSS JOIN dir_touch t
                ON t.launch = w.value ->> 0 AND t.session = w.value ->> 1
             CROSS JOIN dir d ON d.key = t.dir LEFT JOIN launch l ON l.key = t.launch{}",
            wanted.clause()
        );
        let touchers = serde_json::to_string(touchers).expect("texts and numbers always serialise");
        let values = [touchers.into()].into_iter().chain(wanted.into_values());
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut visits = BTreeMap::<Toucher, Visit>::new();
        while let Some(row) = rows.next()? {
            visits.entry((row.get(0)?, row.get(1)?)).or_default().add(row)?;
        }
        Ok(visits)
    }
}

impl Place {
    fn find(tx: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let (mut paths, mut repos) = (Conditions::default(), Conditions::default());
        if let Some(dir) = &filter.dir {
            require_below(&mut paths, "d.path", dir);
        }
        if let Some(repo) = &filter.repo {
            // Where it could not be looked up, each in which the directory ever lay counts.
            let keys = Repos::find(tx, repo)?.keys();
            paths.require(
                "d.key IN (SELECT dir FROM dir_repo
                    WHERE repo IN (SELECT value FROM json_each(?)))",
                [keys.clone()],
            );
            let sql = "(t.repo = -1 OR t.repo IN (SELECT value FROM json_each(?)))";
            repos.require(sql, [keys]);
        }
        let sql = format!("SELECT d.key FROM dir d{} LIMIT ?", paths.clause());
        let values = paths.clone().into_values().into_iter().chain([Value::from(MANY as i64)]);
        let mut dirs = tx.prepare_cached(&sql)?;
        let dirs = dirs.query_map(params_from_iter(values), |row| row.get(0))?;
        let dirs: Vec<i64> = dirs.collect::<Result<_, _>>()?;
        let list = serde_json::to_string(&dirs).expect("numbers always serialise");
        Ok(Self { dirs: (dirs.len() < MANY).then_some(list), paths, repos })
    }

    /// Returns what the column `dir` of a table must be.
    fn dirs(&self, table: &str) -> Conditions {
        let Some(dirs) = &self.dirs else { return self.paths.clone() };
        let mut wanted = Conditions::default();
        let sql = format!("{table}.dir IN (SELECT value FROM json_each(?))");
        wanted.require(&sql, [dirs.clone()]);
        wanted
    }

    /// Returns what a touch must be to be of the place.
    fn conditions(&self, table: &str) -> Conditions {
        let mut wanted = self.dirs(table);
        wanted.and(&self.repos);
        wanted
    }

    /// Returns what is to be joined to a table `t` for [`Self::dirs`].
    fn join(&self) -> &'static str {
        // In this order: a range has fewer rows than the place.
        if self.dirs.is_some() { "" } else { "CROSS JOIN dir d ON d.key = t.dir" }
    }

    fn from(&self) -> &'static str {
        if self.dirs.is_some() {
            "dir_touch t"
        } else {
            "dir_touch t CROSS JOIN dir d ON d.key = t.dir"
        }
    }
}

impl Visit {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        self.dirs.insert(row.get(2)?);
        self.hows |= bit(row.get(4)?);
        let first_at = Timestamp::from_ms(row.get(5)?);
        self.first_at = Some(self.first_at.map_or(first_at, |other| other.min(first_at)));
        let last = Some((Timestamp::from_ms(row.get(6)?), row.get(3)?));
        if last > self.last {
            self.last = last;
        }
        self.evidence = self.evidence.max(Some(register::evidence(row.get(7)?)));
        Ok(())
    }
}

/// Returns the first and the last day that a filter's range touches.
fn day_range(filter: &Filter) -> (i64, i64) {
    // Far beyond what is recorded, and near enough to be counted with.
    const OPEN: i64 = 1 << 40;
    let day = |ms: i64| ms.div_euclid(DAY_MS);
    (filter.since_ms.map_or(-OPEN, day), filter.until_ms.map_or(OPEN, day))
}

fn row(
    tx: &Connection,
    (key, session): Toucher,
    visit: Visit,
    names: &Names,
) -> rusqlite::Result<WhoRow> {
    let (launch, said): (Option<LaunchId>, Option<Launch>) = said_of(tx, key)?.unzip();
    let said = said.unwrap_or_default();
    let (last_at, path) = visit.last.unwrap_or_default();
    Ok(WhoRow {
        launch,
        session: Some(session).filter(|session| !session.is_empty()),
        agent: said.agent,
        agent_version: said.agent_version,
        mode: said.mode,
        flags: said.flags,
        endpoint: said.endpoint,
        cwd: said.cwd,
        path,
        paths: visit.dirs.len() as u64,
        how: names.hows(visit.hows),
        first_at: visit.first_at.unwrap_or_default(),
        last_at,
        evidence: visit.evidence.unwrap_or(Evidence::Inferred),
    })
}
