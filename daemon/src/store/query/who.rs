//! Who touched a place: one row per launch, or per session where only its file tells.
//!
//! A place may have seen any number of launches, and the newest are wanted: so the days are gone
//! through from the last on, by the sums, until there are enough of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Evidence, Launch, Session};
use trackway_protocol::row::WhoRow;

use super::super::filter::Conditions;
use super::super::project::how::{HELPER, bit};
use super::super::register;
use super::Found;
use super::accesses::{self, Accesses};
use super::kinds::{Kinds, Names};
use super::launches::{of_linked_sessions, require_launch, said_of};
use super::place::Place;
use super::sessions;
use super::spans::{backwards, day_range, quarters, require_range};
use super::touches::require_manner;
use super::walk::Walk;

/// Touchers that are looked at together.
const MANY: usize = 1000;

/// Touches that are looked at to count who made them.
const LOOKED_AT: u64 = 10_000;

/// The touches `t` of a toucher `w` that is a launch.
const OF_LAUNCHES: &str = "dir_touch t INDEXED BY dir_touch_by_launch
    ON t.launch = w.value ->> 0 AND t.session = ''";

/// Those of one that is a session. What sessions touched is the touch of no launch, of which there are as
/// many as there are sessions' touches in all: only this index finds one's among them.
const OF_SESSIONS: &str = "dir_touch t INDEXED BY dir_touch_by_session
    ON t.session = w.value ->> 1 AND t.session <> '' AND t.launch = 0";

/// A launch's key, and the session where there is no launch.
pub(super) type Toucher = (i64, String);

/// Returns those who touched what `filter` names, the last to touch it first.
pub(super) fn who(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<WhoRow>> {
    let search = Search::new(tx, filter)?;
    let names = Names::read(tx)?;
    let visits = search.newest(tx)?;
    let (visits, are_all_touches) =
        accesses::add(tx, filter, visits, |new| search.visits(tx, new))?;
    let rows = visits.into_iter().map(|(toucher, visit)| row(tx, toucher, visit, &names));
    let rows = rows.collect::<rusqlite::Result<_>>()?;
    Found::counted(rows, filter, |bound| match are_all_touches {
        true => search.count(tx, bound),
        // Those that only files tell of are not among the touches that are counted.
        false => Ok(bound),
    })
}

/// What is searched for.
struct Search<'a> {
    filter: &'a Filter,
    place: Place,
    /// What a touch `t` of a launch `l` must be, wherever it was.
    wanted: Conditions,
}

/// What one of them did there.
#[derive(Default)]
pub(super) struct Visit {
    dirs: BTreeSet<i64>,
    hows: i64,
    first_at: Option<Timestamp>,
    last: Option<(Timestamp, String)>,
    evidence: Option<Evidence>,
    files: Accesses,
}

impl<'a> Search<'a> {
    fn new(tx: &Connection, filter: &'a Filter) -> rusqlite::Result<Self> {
        let mut wanted = Conditions::default();
        require_range(&mut wanted, (filter.since_ms, filter.until_ms));
        require_manner(&mut wanted, tx, filter)?;
        require_work(&mut wanted, filter);
        require_kind(&mut wanted, tx, filter)?;
        Ok(Self { filter, place: Place::find(tx, filter)?, wanted })
    }

    fn newest(&self, tx: &Connection) -> rusqlite::Result<Vec<(Toucher, Visit)>> {
        let limit = self.filter.limit.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.unwrap_or(usize::MAX);
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        let mut walk = Walk::new(&self.place, day_range(self.filter), limit);
        while let Some(days) = walk.next(tx, found.len())? {
            // Of few directories a day is soon gone through.
            let ranges = match self.place.few() {
                Some(_) => vec![quarters(days)],
                None => backwards(days).collect(),
            };
            for range in ranges {
                if found.len() >= limit {
                    break;
                }
                let mut new = self.between(tx, range)?;
                new.retain(|toucher| known.insert(toucher.clone()));
                // In parts, since many may have come, and few are wanted.
                for part in new.chunks(limit.clamp(1, MANY)) {
                    self.add(tx, part, limit, &mut found)?;
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
        let mut touches = self.place.few_conditions("t");
        require_range(&mut touches, (self.filter.since_ms, self.filter.until_ms));
        if touches.count(tx, self.place.few_from(), LOOKED_AT)? == LOOKED_AT {
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

    /// Returns who touched the place in some quarter-hours, the last to touch it first.
    fn between(
        &self,
        tx: &Connection,
        (first, last): (i64, i64),
    ) -> rusqlite::Result<Vec<Toucher>> {
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
        let (launches, sessions): (Vec<&Toucher>, Vec<&Toucher>) =
            touchers.iter().partition(|(_, session)| session.is_empty());
        let mut visits = BTreeMap::new();
        self.add_visits(tx, &launches, OF_LAUNCHES, &mut visits)?;
        self.add_visits(tx, &sessions, OF_SESSIONS, &mut visits)?;
        Ok(visits)
    }

    /// Adds what some did there, found as `these` says.
    fn add_visits(
        &self,
        tx: &Connection,
        touchers: &[&Toucher],
        these: &str,
        visits: &mut BTreeMap<Toucher, Visit>,
    ) -> rusqlite::Result<()> {
        if touchers.is_empty() {
            return Ok(());
        }
        let mut wanted = self.place.conditions("t");
        wanted.and(&self.wanted);
        let sql = format!(
            "SELECT t.launch, t.session, t.dir, d.path, t.how, t.first_at, t.last_at, t.evidence
             FROM json_each(?) w CROSS JOIN {these}
             CROSS JOIN dir d ON d.key = t.dir LEFT JOIN launch l ON l.key = t.launch{}",
            wanted.clause()
        );
        let touchers = serde_json::to_string(touchers).expect("texts and numbers always serialise");
        let values = [touchers.into()].into_iter().chain(wanted.into_values());
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            visits.entry((row.get(0)?, row.get(1)?)).or_default().add(row)?;
        }
        Ok(())
    }
}

/// Adds of which launches a touch must be, or of sessions that are linked to these.
fn require_work(wanted: &mut Conditions, filter: &Filter) {
    let mut launches = Conditions::default();
    require_launch(&mut launches, filter);
    if let Some(of_launches) = launches.clause().strip_prefix(" WHERE ") {
        let of_sessions = of_linked_sessions(&launches);
        let sessions = of_sessions.clause().strip_prefix(" WHERE ").unwrap_or_default();
        let sql = format!("({of_launches} OR {sessions})");
        let values = launches.clone().into_values().into_iter().chain(of_sessions.into_values());
        wanted.require(&sql, values.collect::<Vec<_>>());
    }
}

/// Adds which kind of launch a touch must be of, or which agent's session.
fn require_kind(wanted: &mut Conditions, tx: &Connection, filter: &Filter) -> rusqlite::Result<()> {
    let mut kinds = Conditions::default();
    Kinds::find(tx, filter)?.require(&mut kinds, "+l.kind");
    match (kinds.clause().strip_prefix(" WHERE "), &filter.agent) {
        (Some(sql), Some(agent)) if filter.mode.is_none() && filter.endpoint.is_none() => {
            // One by one: a busy agent has more sessions than the place has touches.
            let session = "SELECT 1 FROM session s WHERE s.id = t.session AND s.agent = ?";
            let sql = format!("({sql} OR EXISTS ({session}))");
            let values = kinds.clone().into_values();
            wanted.require(&sql, values.into_iter().chain([agent.clone().into()]));
        }
        _ => wanted.and(&kinds),
    }
    Ok(())
}

impl Visit {
    /// Adds what was done to files of the place.
    pub(super) fn add_files(&mut self, files: Accesses) {
        self.first_at = self.first_at.into_iter().chain(files.first_at).min();
        if files.last > self.last {
            self.last.clone_from(&files.last);
        }
        self.evidence = self.evidence.max(files.evidence);
        self.files = files;
    }

    /// When the place was touched last, and where.
    pub(super) fn last(&self) -> Option<&(Timestamp, String)> {
        self.last.as_ref()
    }

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

fn row(
    tx: &Connection,
    (key, session): Toucher,
    visit: Visit,
    names: &Names,
) -> rusqlite::Result<WhoRow> {
    let (launch, said): (Option<LaunchId>, Option<Launch>) = said_of(tx, key)?.unzip();
    let told = match &launch {
        None => sessions::said_of(tx, &session)?.unwrap_or_default(),
        Some(_) => Session::default(),
    };
    let said = said.unwrap_or_else(|| Launch {
        agent: Some(told.agent).filter(|agent| !agent.is_empty()),
        agent_version: told.agent_version,
        cwd: told.cwd,
        ..Launch::default()
    });
    let hows: BTreeSet<String> =
        names.hows(visit.hows).into_iter().chain(visit.files.hows).collect();
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
        paths: visit.dirs.len() as u64 + visit.files.files,
        how: hows.into_iter().collect(),
        first_at: visit.first_at.unwrap_or_default(),
        last_at,
        evidence: visit.evidence.unwrap_or(Evidence::Inferred),
    })
}
