//! Makes reports of what the ledger has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tracing::warn;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::report::{Absence, Report, ReportFinding};
use trackway_report::calendar::Week;
use trackway_report::prices::PriceList;

use crate::config::Standing;
use crate::config::file::{self, Whose};
use crate::host;
use crate::pipeline::Snapshot;
use crate::store::{Ask, Asked, OfFinding as _, Reader, StoreError};
use crate::zones::{Place, Zones};

pub(crate) mod weekly;

/// Reports name times to a quarter of an hour.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// What a report is to be about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The range, and who and where.
    pub(crate) filter: Filter,
    /// The ISO week that the range is.
    pub(crate) week: Option<String>,
    /// The time zone of days and hours.
    pub(crate) zone: TimeZone,
}

/// What reports are made from besides the ledger.
#[derive(Clone)]
pub(crate) struct Reporter {
    /// The user's own prices, whether there are any or not.
    prices: PathBuf,
    zones: Zones,
    snapshot: watch::Receiver<Snapshot>,
    standing: watch::Receiver<Standing>,
}

impl Reporter {
    /// `config` is the configuration file: the user's prices lie beside it.
    pub(crate) fn new(
        config: &Path,
        zones: Zones,
        snapshot: watch::Receiver<Snapshot>,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        Self { prices: config.with_file_name("prices.toml"), zones, snapshot, standing }
    }

    /// Makes a report. Blocks.
    pub(crate) fn report(
        &self,
        reader: &Reader,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<Report, StoreError> {
        let prices = own_prices(&self.prices);
        let ask = Ask {
            filter: in_quarters(&subject.filter),
            before: before(subject),
            week: subject.week.clone(),
            zone: subject.zone.clone(),
            now,
            in_force: self.zones.in_force(),
            prices: prices.as_ref().map_or_else(|_| PriceList::known(), Clone::clone),
        };
        // As it was before: what is read meanwhile may be in the report.
        let (reading, not_understood) = self.reading();
        let mut report = reader.report(&ask)?;
        report.unknown.reading = reading;
        report.unknown.not_understood = not_understood;
        report.unknown.out_of_scope = self.out_of_scope(report.unknown.out_of_scope);
        if let Err(why) = prices {
            report.unknown.unpriced.push(why);
        }
        if ask.filter.agent.is_none() && ask.filter.repo.is_none() && ask.filter.dir.is_none() {
            let rules = self.zones.files().into_iter().filter_map(crate::server::zone_finding);
            report.findings.splice(0..0, rules.map(ReportFinding::of));
        }
        report.version = env!("CARGO_PKG_VERSION").to_owned();
        report.host = host::name();
        Ok(report.sealed())
    }

    /// Returns the prices, the user's own before those that are known; none where the user's cannot be
    /// used: a report says so, and a single figure could not. Blocks.
    pub(crate) fn prices(&self) -> Option<PriceList> {
        own_prices(&self.prices).ok()
    }

    /// Says whether a place was touched; it comes with the repository in which it lies now. Blocks.
    pub(crate) fn absence(
        &self,
        reader: &Reader,
        (filter, asked): (&Filter, Option<&Asked>),
        now: Timestamp,
    ) -> Result<Absence, StoreError> {
        let (reading, _) = self.reading();
        let outside_scope = asked.and_then(|asked| self.leaves_out(asked));
        let absence = reader.absence(filter, now)?;
        let out_of_scope = self.out_of_scope(absence.out_of_scope);
        let (version, host) = (env!("CARGO_PKG_VERSION").to_owned(), host::name());
        let uid = host::uid();
        Ok(Absence { version, host, uid, reading, out_of_scope, outside_scope, ..absence }.sealed())
    }

    /// Whether nothing is recorded of a place; none where a scope is not set.
    fn leaves_out(&self, asked: &Asked) -> Option<bool> {
        let scope = Arc::clone(&self.standing.borrow().config().scope);
        let is_remote = !Path::new(&asked.place).is_absolute();
        let path = Path::new(if is_remote { "/" } else { &asked.place });
        let place = Place { path, repo: asked.repo.as_ref() };
        (!scope.is_all()).then(|| scope.leaves_out(Some(&place)))
    }

    /// Returns how many records were left out, where a scope is set also if none was recorded to be.
    fn out_of_scope(&self, recorded: Option<u64>) -> Option<u64> {
        let is_set = !self.standing.borrow().config().scope.is_all();
        recorded.or(is_set.then_some(0))
    }

    /// Waits until older session files are read, or are not going to be.
    async fn read_all(&self) {
        let is_over = |snapshot: &Snapshot| {
            snapshot.backfill.as_ref().is_some_and(|backfill| backfill.state != "running")
        };
        // Where nobody tells any more, the daemon is going down.
        drop(self.snapshot.clone().wait_for(is_over).await);
    }

    /// Returns whether older session files are still being read, and what was not understood so far.
    fn reading(&self) -> (bool, Vec<String>) {
        let snapshot = self.snapshot.borrow();
        let reading = snapshot.backfill.as_ref().is_none_or(|backfill| backfill.state != "done");
        (reading, snapshot.misread.lines())
    }
}

/// Widens a range to whole quarter-hours.
fn in_quarters(filter: &Filter) -> Filter {
    let begin = |ms: i64| ms.div_euclid(QUARTER_MS) * QUARTER_MS;
    Filter {
        since_ms: filter.since_ms.map(begin),
        until_ms: filter.until_ms.map(|until| begin(until.saturating_add(QUARTER_MS - 1))),
        ..filter.clone()
    }
}

/// Returns the week before a week, and before any other range as long a time.
fn before(subject: &Subject) -> (Timestamp, Timestamp) {
    if let Some(week) = subject.week.as_deref().and_then(Week::parse) {
        return week.before().range(&subject.zone);
    }
    let Filter { since_ms, until_ms, .. } = in_quarters(&subject.filter);
    let (since, until) = (since_ms.unwrap_or_default(), until_ms.unwrap_or_default());
    let before = since.saturating_sub(until.saturating_sub(since));
    (Timestamp::from_ms(before), Timestamp::from_ms(since))
}

/// Returns the prices with the user's own, or why these cannot be used.
fn own_prices(path: &Path) -> Result<PriceList, String> {
    let known = PriceList::known();
    let failed = |why: String| {
        warn!(path = %path.display(), why, "the user's own prices are not used");
        format!("{} is not used: {why}", path.display())
    };
    let text = match file::read(path, Whose::User) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(known),
        Err(why) => return Err(failed(why)),
    };
    known.with_own(&text, &path.to_string_lossy()).map_err(|error| failed(error.to_string()))
}
