//! What a report says: all of it from one moment of the ledger.
//!
//! What happened is read once, in order of time, and added up here: a question per repository, day and
//! model would read it as often. Only what lies in the range is read, so that a report takes as long as
//! its week was busy, however old the ledger is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rusqlite::{Connection, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Risk;
use trackway_protocol::report::{
    Before, ConfigUse, DayUse, Report, ReportChange, ReportFinding, ReportRange, VERSION, ZoneUse,
};
use trackway_protocol::row::{AnyFinding, ConfigRow, ZoneEntryRow};
use trackway_report::calendar;
use trackway_report::prices::PriceList;

use super::super::append;
use super::super::project::dir::quarter_hour;
use super::spent::Spent;
use super::zones::Wanted as Entries;
use super::{config, findings, time, zones};
use crate::zones::InForce;
use sums::{Accessed, Depth, Sums};
use wanted::Wanted;

mod absence;
mod accesses;
mod keys;
mod lacks;
mod models;
mod places;
mod sums;
mod wanted;

pub(super) use absence::absence;

/// So much of a list is shown.
const SHOWN: usize = 100;
/// And so much of that of repositories, which a reader may want to see all of. A report is one line.
const REPOS: usize = 1000;

/// What a report is to be about, and what it takes besides the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The range, which begins and ends with a quarter-hour, and who and where.
    pub(crate) filter: Filter,
    /// The range before, to compare with.
    pub(crate) before: (Timestamp, Timestamp),
    /// The ISO week that the range is.
    pub(crate) week: Option<String>,
    /// The time zone of days and hours.
    pub(crate) zone: TimeZone,
    pub(crate) now: Timestamp,
    pub(crate) in_force: Arc<InForce>,
    pub(crate) prices: PriceList,
}

/// Returns what was accessed in the range of a report.
pub(super) fn accessed(tx: &Connection, ask: &Ask) -> rusqlite::Result<Accessed> {
    Accessed::of(tx, &Wanted::find(tx, &ask.filter)?, (range(&ask.filter), Depth::Whole))
}

/// Returns what was accessed in the range before.
pub(super) fn accessed_before(tx: &Connection, ask: &Ask) -> rusqlite::Result<Accessed> {
    Accessed::of(tx, &Wanted::find(tx, &ask.filter)?, (ask.before, Depth::Totals))
}

/// Returns what a report says of its range that is not added up: zones, changes of the configuration, what
/// was found, and what is not known.
pub(super) fn aside(tx: &Connection, ask: &Ask) -> rusqlite::Result<Report> {
    let within = Filter { limit: None, ..ask.filter.clone() };
    let unknown = lacks::lacks(tx, &within, ask.now)?;
    let mut report = Report { unknown, ..Report::default() };
    add_zones(tx, ask, &within, &mut report)?;
    add_changes(tx, &within, &mut report)?;
    add_findings(tx, &within, &mut report)?;
    Ok(report)
}

/// Makes a report, without the range before and without what the ledger does not tell, of what others read:
/// what is not added up, and what was accessed in its range.
pub(super) fn report(
    tx: &Connection,
    ask: &Ask,
    others: impl FnOnce() -> rusqlite::Result<(Report, Accessed)>,
) -> rusqlite::Result<Report> {
    let Ask { filter, now, .. } = ask;
    let wanted = Wanted::find(tx, filter)?;
    let (from, until) = range(filter);
    let mut sums = Sums::of(tx, &wanted, ((from, until), Depth::Whole), &ask.prices)?;
    let (aside, accessed) = others()?;
    let unders = sums.complete(tx, &wanted, (from, until), accessed)?;
    let mut report = Report {
        report: VERSION,
        seq: append::last_seq(tx)?,
        made_at: *now,
        range: ReportRange {
            week: ask.week.clone(),
            from,
            until,
            time_zone: ask.zone.iana_name().unwrap_or("UTC").to_owned(),
            complete: until <= *now,
            agent: filter.agent.clone(),
            repo: filter.repo.clone(),
            dir: filter.dir.clone(),
        },
        totals: sums.totals(),
        days: days(ask, (from, until), &sums),
        hours: hours(&ask.zone, &sums),
        agents: sums.agents(),
        models: sums.models().uses(),
        prices: ask.prices.about(),
        ..aside
    };
    let (mut repos, elsewhere) = places::places(tx, &sums, &unders)?;
    report.more_repos = repos.len().saturating_sub(REPOS) as u64;
    repos.truncate(REPOS);
    (report.repos, report.elsewhere) = (repos, elsewhere);
    lacks::add_sessions(tx, &sums, &mut report.unknown)?;
    Ok(report)
}

/// Returns the filter's range, which it has.
fn range(filter: &Filter) -> (Timestamp, Timestamp) {
    let time = |ms: Option<i64>| Timestamp::from_ms(ms.unwrap_or_default());
    (time(filter.since_ms), time(filter.until_ms))
}

/// Returns what was in the range before, with what was accessed in it; nothing where nothing could have
/// been recorded then.
pub(super) fn before(
    tx: &Connection,
    ask: &Ask,
    accessed: impl FnOnce() -> rusqlite::Result<Accessed>,
) -> rusqlite::Result<Option<Before>> {
    let (from, until) = ask.before;
    let (since_ms, until_ms) = (Some(from.ms()), Some(until.ms()));
    let filter = Filter { since_ms, until_ms, ..Filter::default() };
    let Some(time) = time::time(tx, &filter, ask.now)?.into_iter().next() else { return Ok(None) };
    if time.unrecorded_ms >= until.ms().abs_diff(from.ms()) {
        return Ok(None);
    }
    let wanted = Wanted::find(tx, &ask.filter)?;
    let mut sums = Sums::of(tx, &wanted, (ask.before, Depth::Totals), &ask.prices)?;
    sums.complete(tx, &wanted, ask.before, accessed()?)?;
    Ok(Some(Before { from, until, time, totals: sums.totals() }))
}

fn days(ask: &Ask, (from, until): (Timestamp, Timestamp), sums: &Sums) -> Vec<DayUse> {
    let days = calendar::days(from, until, &ask.zone);
    let mut uses: Vec<DayUse> =
        days.iter().map(|day| DayUse { date: day.date.to_string(), ..DayUse::default() }).collect();
    // Beyond the last day that is told apart there is none.
    let day_of = |at: Timestamp| {
        let index = days.partition_point(|day| day.until <= at);
        (index < days.len()).then_some(index)
    };
    for start in sums.starts() {
        if let Some(day) = day_of(start) {
            uses[day].launches += 1;
        }
    }
    for quarter in sums.quarters() {
        if let Some(day) = day_of(begin_of(quarter)) {
            uses[day].active_quarters += 1;
        }
    }
    let mut spent = BTreeMap::<usize, Spent>::new();
    for (quarter, more) in sums.spent_by_quarter() {
        if let Some(day) = day_of(begin_of(quarter)) {
            spent.entry(day).or_default().add(more);
        }
    }
    for (day, each) in uses.iter_mut().enumerate() {
        each.use_ = spent.remove(&day).unwrap_or_default().total();
    }
    uses
}

fn hours(zone: &TimeZone, sums: &Sums) -> Vec<[u64; 24]> {
    let mut hours = vec![[0; 24]; 7];
    for quarter in sums.quarters() {
        let (weekday, hour) = calendar::weekday_and_hour(begin_of(quarter), zone);
        hours[weekday][hour] += 1;
    }
    hours
}

fn begin_of(quarter: i64) -> Timestamp {
    Timestamp::from_ms(quarter * 15 * 60 * 1000)
}

/// Returns the quarter-hours of a range that begins and ends with one: the first, and that after it.
fn quarters((from, until): (Timestamp, Timestamp)) -> [i64; 2] {
    [quarter_hour(from), quarter_hour(until)]
}

fn add_zones(
    tx: &Connection,
    ask: &Ask,
    filter: &Filter,
    report: &mut Report,
) -> rusqlite::Result<()> {
    let entries = zones::entries(tx, filter, &Entries::default())?.rows;
    let mut uses = BTreeMap::<(bool, String), ZoneUse>::new();
    for (managed, rules) in ask.in_force.sets() {
        for zone in rules.zones() {
            let (severity, name) = (zone.severity, zone.name.clone());
            let zone = ZoneUse {
                zone: name.clone(),
                managed,
                severity,
                in_force: true,
                ..ZoneUse::default()
            };
            uses.insert((!managed, name), zone);
        }
    }
    for entry in &entries {
        let ZoneEntryRow { zone, managed, severity, .. } = entry;
        let each = uses.entry((!managed, zone.clone())).or_insert_with(|| ZoneUse {
            zone: zone.clone(),
            managed: *managed,
            severity: *severity,
            ..ZoneUse::default()
        });
        each.entries += 1;
        each.open += u64::from(entry.acknowledged_at.is_none());
    }
    report.zones = uses.into_values().collect();
    (report.zone_entries, report.more_zone_entries) = cut(entries);
    Ok(())
}

fn add_changes(tx: &Connection, filter: &Filter, report: &mut Report) -> rusqlite::Result<()> {
    report.config_changes = config::count_by_risk(tx, filter)?
        .into_iter()
        .map(|(risk, changes)| ConfigUse { risk, changes })
        .collect();
    let limit = Some(SHOWN as u64);
    let risky = Filter { risk: Some(Risk::Low), limit, ..filter.clone() };
    let found = config::changes(tx, &risky)?;
    report.more_risky_changes = found.more.unwrap_or_default();
    let mut rows = found.rows;
    rows.sort_by_key(|row| Reverse(row.risk));
    report.risky_changes = rows.into_iter().map(change).collect();
    Ok(())
}

fn change(row: ConfigRow) -> ReportChange {
    ReportChange {
        at: row.at,
        agent: row.agent,
        scope: row.scope,
        path: row.path,
        key: row.key,
        what: row.what,
        before: row.before.map(|value| value.to_string()),
        after: row.after.map(|value| value.to_string()),
        risk: row.risk,
        why: row.why,
    }
}

fn add_findings(tx: &Connection, filter: &Filter, report: &mut Report) -> rusqlite::Result<()> {
    let found = findings::all(tx, filter)?.rows.into_iter().map(ReportFinding::of).collect();
    (report.findings, report.more_findings) = cut(found);
    Ok(())
}

/// Keeps the first of some rows; returns how many more there were, too.
fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, u64) {
    let more = rows.len().saturating_sub(SHOWN) as u64;
    rows.truncate(SHOWN);
    (rows, more)
}

/// A row of `findings` in a report.
pub(crate) trait OfFinding {
    /// Returns the row as a report has it.
    fn of(finding: AnyFinding) -> Self;
}

impl OfFinding for ReportFinding {
    fn of(finding: AnyFinding) -> Self {
        let AnyFinding { code, risk, agent, at, since, launch, session, dir, path, key, .. } =
            finding;
        let AnyFinding { why, fix, .. } = finding;
        Self { code, risk, agent, at, since, launch, session, dir, path, key, why, fix }
    }
}

/// Returns the rows of a table that are among some keys.
fn among<T>(
    tx: &Connection,
    sql: &str,
    keys: impl IntoIterator<Item = i64>,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let keys: Vec<i64> = keys.into_iter().collect();
    let keys = serde_json::to_string(&keys).expect("numbers always serialise");
    tx.prepare_cached(sql)?.query_map(params_from_iter([keys]), read)?.collect()
}
