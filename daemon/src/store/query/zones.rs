//! Zones: which there are, who entered them, and what the rules of today say to what was touched.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Record, Risk};
use trackway_protocol::row::{ZoneEntryRow, ZoneRow, ZonesStatus};

use super::super::filter::{Conditions, Repos, require_below, require_prefix, sql_limit};
use super::{Found, config, sessions};
use crate::zones::InForce;

mod check;
mod touched;

pub(super) use check::check;
pub(crate) use check::{Asked, Checked};
use touched::places;

/// Places of a zone that are shown.
const SHOWN: usize = 20;

/// An entry with how often it was followed, and what somebody had to say to it.
const ENTRIES: &str = "zone_entry e CROSS JOIN record r ON r.seq = e.seq
    LEFT JOIN zone_count c ON c.entry = e.seq LEFT JOIN zone_ack a ON a.entry = e.id";

/// Which entries are wanted besides what a filter says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Of this zone.
    pub(crate) zone: Option<String>,
    /// Only those that nobody has acknowledged.
    pub(crate) open: bool,
    /// Only those with these numbers.
    pub(crate) numbers: Option<Vec<u64>>,
}

/// Returns the entries that pass, the last touched first.
pub(super) fn entries(
    tx: &Connection,
    filter: &Filter,
    of: &Wanted,
) -> rusqlite::Result<Found<ZoneEntryRow>> {
    let wanted = conditions(tx, filter, of)?;
    let sql = format!(
        "SELECT r.body, c.touches, c.first_at, c.last_at, a.at_ms, a.note FROM {ENTRIES}{}
         ORDER BY ifnull(c.last_at, e.at_ms) DESC, e.seq DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.clone().into_values().into_iter().chain([sql_limit(filter.limit)]);
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), entry)?;
    let rows = rows.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
    Found::counted(rows, filter, |bound| wanted.count(tx, ENTRIES, bound))
}

fn conditions(tx: &Connection, filter: &Filter, of: &Wanted) -> rusqlite::Result<Conditions> {
    let mut wanted = Conditions::default();
    wanted.require_some("ifnull(c.last_at, e.at_ms) >= ?", filter.since_ms);
    wanted.require_some("ifnull(c.first_at, e.at_ms) < ?", filter.until_ms);
    wanted.require_some("e.agent = ?", filter.agent.clone());
    wanted.require_some("e.how = ?", filter.how.clone());
    wanted.require_some("e.severity >= ?", filter.risk.map(|risk| risk as i64));
    wanted.require_some("e.zone = ?", of.zone.clone());
    if of.open {
        wanted.require_that("a.entry IS NULL");
    }
    if let Some(numbers) = &of.numbers {
        let numbers = serde_json::to_string(numbers).expect("numbers always serialise");
        wanted.require("e.seq IN (SELECT value FROM json_each(?))", [numbers]);
    }
    if let Some(session) = &filter.session {
        require_prefix(&mut wanted, "e.session", session);
    }
    if let Some(launches) = sessions::launches(tx, filter)? {
        // What a session did may have been the work of any launch that is linked to it.
        let sql = format!(
            "(e.launch IN (SELECT l.id FROM launch l{0}) OR e.session IN
                (SELECT s.id FROM launch l JOIN session_launch n ON n.launch = l.key
                 JOIN session s ON s.key = n.session{0}))",
            launches.clause()
        );
        let values = launches.into_values();
        wanted.require(&sql, [values.clone(), values].concat());
    }
    if let Some(dir) = &filter.dir {
        require_below(&mut wanted, "e.path", dir);
    }
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("e.repo IN (SELECT value FROM json_each(?))", [keys]);
    }
    Ok(wanted)
}

/// Returns an entry; none where its record cannot be read.
fn entry(row: &Row<'_>) -> rusqlite::Result<Option<ZoneEntryRow>> {
    let record = serde_json::from_slice::<Record>(row.get_ref(0)?.as_blob()?);
    let Ok(Record { seq, id, at, evidence, body: Body::ZoneEntered(body), .. }) = record else {
        return Ok(None);
    };
    let time = |column| row.get::<_, Option<i64>>(column).map(|ms| ms.map(Timestamp::from_ms));
    let note: Option<String> = row.get(5)?;
    Ok(Some(ZoneEntryRow {
        seq,
        id,
        at: time(2)?.unwrap_or(at),
        last_at: time(3)?.unwrap_or(at),
        touches: row.get::<_, Option<i64>>(1)?.map_or(1, i64::cast_unsigned),
        zone: body.zone,
        managed: body.managed,
        severity: body.severity,
        agent: body.agent,
        launch: body.launch,
        session: body.session,
        subagent: body.subagent,
        how: body.how,
        path: body.path,
        pattern: body.pattern,
        repo: body.repo,
        rule: body.rule,
        evidence,
        acknowledged_at: time(4)?,
        note: note.filter(|note| !note.is_empty()),
    }))
}

/// Adds how many entries nobody has acknowledged.
pub(super) fn status(tx: &Connection) -> rusqlite::Result<ZonesStatus> {
    let sql = "SELECT count(*), ifnull(max(severity), 0) FROM zone_entry e
        WHERE NOT EXISTS (SELECT 1 FROM zone_ack a WHERE a.entry = e.id)";
    tx.prepare_cached(sql)?.query_row([], |row| {
        let open = row.get::<_, i64>(0)?.cast_unsigned();
        Ok(ZonesStatus { files: Vec::new(), open, worst: config::risk(row.get(1)?) })
    })
}

/// What entries say of a zone.
#[derive(Default)]
struct Entered {
    severity: Risk,
    entries: u64,
    open: u64,
    last_at: Option<Timestamp>,
}

/// Returns the zones in force, and those of which only entries are left.
pub(super) fn zones(tx: &Connection, in_force: &InForce) -> rusqlite::Result<Vec<ZoneRow>> {
    let mut entered = entered(tx)?;
    let mut places = places(tx, in_force)?;
    let mut rows = Vec::new();
    for (managed, rules) in in_force.sets() {
        for zone in rules.zones() {
            let key = (managed, zone.name.clone());
            let Entered { entries, open, last_at, .. } = entered.remove(&key).unwrap_or_default();
            let (places, more_places) = topmost(places.remove(&key).unwrap_or_default());
            rows.push(ZoneRow {
                zone: zone.name.clone(),
                managed,
                in_force: true,
                severity: zone.severity,
                reason: zone.reason.clone(),
                agents: zone.agents.clone(),
                touches: zone.touches.iter().map(|it| it.as_str().to_owned()).collect(),
                paths: zone.paths.clone(),
                remotes: zone.remotes.clone(),
                rule: Some(zone.hash.clone()),
                places,
                more_places,
                entries,
                open,
                last_at,
            });
        }
    }
    let gone = entered.into_iter().map(|((managed, zone), it)| {
        let Entered { severity, entries, open, last_at } = it;
        ZoneRow { zone, managed, severity, entries, open, last_at, ..ZoneRow::default() }
    });
    // The machine's first, as above.
    let mut gone: Vec<ZoneRow> = gone.collect();
    gone.sort_by_key(|row| Reverse(row.managed));
    rows.extend(gone);
    Ok(rows)
}

fn entered(tx: &Connection) -> rusqlite::Result<BTreeMap<(bool, String), Entered>> {
    let mut statement = tx.prepare_cached(
        "SELECT e.managed, e.zone, max(e.severity), count(*), sum(a.entry IS NULL),
            max(ifnull(c.last_at, e.at_ms))
         FROM zone_entry e LEFT JOIN zone_ack a ON a.entry = e.id
            LEFT JOIN zone_count c ON c.entry = e.seq GROUP BY e.managed, e.zone",
    )?;
    let rows = statement.query_map([], |row| {
        let entered = Entered {
            severity: config::risk(row.get(2)?),
            entries: row.get::<_, i64>(3)?.cast_unsigned(),
            open: row.get::<_, i64>(4)?.cast_unsigned(),
            last_at: Some(Timestamp::from_ms(row.get(5)?)),
        };
        Ok(((row.get(0)?, row.get(1)?), entered))
    })?;
    rows.collect()
}

/// Leaves out what lies below another one; returns the first few, and how many more there are.
fn topmost(places: BTreeSet<String>) -> (Vec<String>, u64) {
    let mut top: Vec<String> = Vec::new();
    for place in places {
        // Not by text: `a-b` sorts between `a` and `a/b`.
        let is_below = |top: &String| Path::new(&place).starts_with(top);
        if !top.iter().any(is_below) {
            top.push(place);
        }
    }
    let more = top.len().saturating_sub(SHOWN) as u64;
    top.truncate(SHOWN);
    (top, more)
}

/// Returns the number of an entry with these marks, and whether somebody has acknowledged it.
fn entry_of(
    tx: &Connection,
    (zone, managed): (&str, bool),
    (launch, session, agent): (&str, &str, &str),
    how: &str,
) -> rusqlite::Result<Option<(u64, bool)>> {
    let values: [&dyn ToSql; 6] = [&launch, &session, &zone, &how, &managed, &agent];
    tx.prepare_cached(
        "SELECT e.seq, a.entry IS NOT NULL FROM zone_entry e LEFT JOIN zone_ack a ON a.entry = e.id
         WHERE e.launch = ? AND e.session = ? AND e.zone = ? AND e.how = ? AND e.managed = ?
            AND e.agent IN (?, '') ORDER BY e.seq LIMIT 1",
    )?
    .query_row(values, |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))
    .optional()
}

/// Returns how many shell calls, of sessions that were active in a range, could not be told.
fn unresolved(tx: &Connection, (since, until): (Timestamp, Timestamp)) -> rusqlite::Result<u64> {
    let sql = "SELECT ifnull(sum(c.unresolved), 0) FROM session_calls c
        JOIN session s ON s.key = c.session WHERE s.last_at >= ? AND s.first_at < ?";
    let count = tx
        .prepare_cached(sql)?
        .query_row(params![since.ms(), until.ms()], |row| row.get::<_, i64>(0))?;
    Ok(count.cast_unsigned())
}
