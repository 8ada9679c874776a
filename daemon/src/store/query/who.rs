//! Who touched a place: one row per launch, or per session where only its file tells.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Evidence, Launch};
use trackway_protocol::row::WhoRow;

use super::super::filter::{Conditions, sql_limit};
use super::super::register;
use super::launches::{require_launch, said_of};
use super::touches::{require_touch, require_touched_place};

/// A launch's key, and the session where there is no launch.
type Toucher = (i64, String);

/// Returns those who touched what `filter` names, the last to touch it first.
pub(super) fn who(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<WhoRow>> {
    let wanted = question(tx, filter)?;
    let touchers = newest(tx, wanted.clone(), filter)?;
    let mut visits = visits(tx, wanted, &touchers)?;
    let rows = touchers.into_iter().filter_map(|toucher| {
        let visit = visits.remove(&toucher)?;
        Some(row(tx, toucher, visit))
    });
    rows.collect()
}

/// Counts those who touched what `filter` names, whatever its limit, up to `bound`.
pub(super) fn count(tx: &Connection, filter: &Filter, bound: u64) -> rusqlite::Result<u64> {
    let mut wanted = question(tx, filter)?;
    group(&mut wanted, filter);
    wanted.count(tx, FROM, bound)
}

const FROM: &str = "dir_touch t LEFT JOIN launch l ON l.key = t.launch";

fn question(tx: &Connection, filter: &Filter) -> rusqlite::Result<Conditions> {
    let mut wanted = Conditions::default();
    require_touched_place(&mut wanted, tx, filter)?;
    require_touch(&mut wanted, filter);
    wanted.require_some("+l.agent = ?", filter.agent.clone());
    require_launch(&mut wanted, filter);
    Ok(wanted)
}

/// Makes one row of each that is to be shown.
fn group(wanted: &mut Conditions, filter: &Filter) {
    let sql = " GROUP BY t.launch, t.session HAVING ? OR max(t.how <> 'helper')";
    wanted.append(sql, [filter.helpers || filter.how.is_some()]);
}

fn newest(
    tx: &Connection,
    mut wanted: Conditions,
    filter: &Filter,
) -> rusqlite::Result<Vec<Toucher>> {
    group(&mut wanted, filter);
    let sql = format!(
        "SELECT t.launch, t.session FROM {FROM}{}
         ORDER BY max(t.last_at) DESC, t.launch DESC, t.session DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(filter.limit)]);
    let toucher = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    tx.prepare_cached(&sql)?.query_map(params_from_iter(values), toucher)?.collect()
}

/// What one of them did there.
#[derive(Default)]
struct Visit {
    dirs: BTreeSet<i64>,
    hows: BTreeSet<String>,
    first_at: Option<Timestamp>,
    last: Option<(Timestamp, String)>,
    evidence: Option<Evidence>,
}

impl Visit {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        self.dirs.insert(row.get(2)?);
        self.hows.insert(row.get(4)?);
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

fn visits(
    tx: &Connection,
    wanted: Conditions,
    touchers: &[Toucher],
) -> rusqlite::Result<BTreeMap<Toucher, Visit>> {
    let sql = format!(
        "SELECT t.launch, t.session, t.dir, d.path, t.how, t.first_at, t.last_at, t.evidence
         FROM json_each(?) w CROSS JOIN dir_touch t
            ON t.launch = w.value ->> 0 AND t.session = w.value ->> 1
         JOIN dir d ON d.key = t.dir LEFT JOIN launch l ON l.key = t.launch{}",
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

fn row(tx: &Connection, (key, session): Toucher, visit: Visit) -> rusqlite::Result<WhoRow> {
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
        how: visit.hows.into_iter().collect(),
        first_at: visit.first_at.unwrap_or_default(),
        last_at,
        evidence: visit.evidence.unwrap_or(Evidence::Inferred),
    })
}
