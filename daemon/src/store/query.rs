//! Questions to the ledger: read-only, blocking, each answered from one snapshot.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, Scope};

use rusqlite::{Connection, OptionalExtension as _};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::log::Verification;
use trackway_protocol::message::Filter;
use trackway_protocol::report::{Absence, Report};
use trackway_protocol::row::{
    AnyFinding, ConfigRow, DirRow, FileRow, FindingRow, GapRow, LaunchRow, LedgerStatus, RepoRow,
    SessionRow, SettingRow, TimeRow, WhoRow, ZoneEntryRow, ZoneRow, ZonesStatus,
};
use trackway_report::prices::PriceList;

use crate::zones::InForce;

use super::{
    Condition, Plan, Question, StoreError, What, append, prune, schema, set_aside, verify,
};

mod accesses;
mod config;
mod dirs;
mod file_place;
mod files;
mod findings;
mod gaps;
mod kinds;
mod launches;
mod links;
mod place;
mod records;
mod report;
mod repos;
mod sessions;
mod spans;
mod spent;
mod sums;
mod time;
mod touches;
mod walk;
mod who;
mod zones;

pub(super) use launches::launch_id;
pub(crate) use records::Page;
pub(crate) use report::{Ask, OfFinding};
pub(crate) use zones::{Asked, Checked, Wanted};

/// Connections kept for the next question: as many as a report asks with. More are opened when needed and
/// closed after it.
const IDLE: usize = 2;

/// Of the rows that a limit leaves out, so many are counted: beyond, it would take too long.
pub(super) const COUNTED: u64 = 10_000;

/// A handle for queries. They block: call them where blocking is allowed.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    path: Arc<Path>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// What an id stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown {
    Launch(Box<LaunchRow>),
    Session(Box<SessionRow>),
}

/// Why it is not known what an id stands for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// Nothing has an id that begins so.
    #[error("no launch or session has an id that begins so")]
    NotFound,
    /// More than one has; the newest few.
    #[error("more than one launch or session has an id that begins so")]
    Ambiguous(Vec<String>),
    /// The ledger could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much the ledger holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ledger: LedgerStatus,
    /// All launches.
    pub(crate) launches: u64,
    /// Launches that have not ended.
    pub(crate) running: u64,
}

/// The rows that pass a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found<T> {
    pub(crate) rows: Vec<T>,
    /// How many its limit left out; nothing without one, and where they are too many to count.
    pub(crate) more: Option<u64>,
}

impl<T> Found<T> {
    /// Returns rows of which there are `all`.
    fn of_all(rows: Vec<T>, filter: &Filter, all: Option<u64>) -> Self {
        let more = filter.limit.and(all).map(|all| all.saturating_sub(rows.len() as u64));
        Self { rows, more }
    }

    /// Returns rows of which `count` counts, up to a bound, how many there are.
    fn counted(
        rows: Vec<T>,
        filter: &Filter,
        count: impl FnOnce(u64) -> rusqlite::Result<u64>,
    ) -> rusqlite::Result<Self> {
        let shown = rows.len() as u64;
        let more = match filter.limit {
            None => None,
            Some(limit) if shown < limit => Some(0),
            Some(_) => {
                let bound = shown.saturating_add(COUNTED + 1);
                let found = count(bound)?;
                (found < bound).then(|| found.saturating_sub(shown))
            }
        };
        Ok(Self { rows, more })
    }
}

impl Reader {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.into(), idle: Arc::default() }
    }

    /// Returns launches that were running at some time of the filter's range, newest first.
    pub(crate) fn launches(&self, filter: &Filter) -> Result<Found<LaunchRow>, StoreError> {
        self.read(|tx| launches::launches(tx, filter))
    }

    /// Returns sessions of which there were signs in the filter's range, last active first, and what
    /// they cost, where there are prices.
    pub(crate) fn sessions(
        &self,
        filter: &Filter,
        prices: Option<&PriceList>,
    ) -> Result<Found<SessionRow>, StoreError> {
        self.read(|tx| sessions::sessions(tx, filter, prices))
    }

    /// Returns files that were accessed in the filter's range, last accessed first.
    pub(crate) fn files(&self, filter: &Filter) -> Result<Found<FileRow>, StoreError> {
        self.read(|tx| files::files(tx, filter))
    }

    /// Returns directories that were touched in the filter's range, last touched first.
    pub(crate) fn dirs(&self, filter: &Filter) -> Result<Found<DirRow>, StoreError> {
        self.read(|tx| dirs::dirs(tx, filter))
    }

    /// Returns repositories that were touched in the filter's range, last touched first.
    pub(crate) fn repos(&self, filter: &Filter) -> Result<Found<RepoRow>, StoreError> {
        self.read(|tx| repos::repos(tx, filter))
    }

    /// Returns who touched what the filter names, the last to touch it first.
    pub(crate) fn who(&self, filter: &Filter) -> Result<Found<WhoRow>, StoreError> {
        self.read(|tx| who::who(tx, filter))
    }

    /// Returns the ranges of time that are not fully covered, oldest first.
    ///
    /// A gap concerns everything: of the filter only the range and the limit count.
    pub(crate) fn gaps(&self, filter: &Filter) -> Result<Found<GapRow>, StoreError> {
        self.read(|tx| gaps::gaps(tx, filter))
    }

    /// Returns the zones in force, and those of which only entries are left.
    pub(crate) fn zones(&self, in_force: &InForce) -> Result<Vec<ZoneRow>, StoreError> {
        self.read(|tx| zones::zones(tx, in_force))
    }

    /// Returns how many entries into zones nobody has acknowledged, and how much they matter.
    pub(crate) fn open_entries(&self) -> Result<ZonesStatus, StoreError> {
        self.read(zones::status)
    }

    /// Returns how many records were left out of the user's scope.
    pub(crate) fn left_out(&self) -> Result<u64, StoreError> {
        let sum = "SELECT ifnull(sum(missed), 0) FROM coverage WHERE source = 'scope'";
        self.read(|tx| {
            let told = tx.query_row(sum, [], |row| row.get::<_, i64>(0))?.cast_unsigned();
            let untold = super::scope::untold(tx)?.map_or(0, |(records, _)| records);
            Ok(told.saturating_add(untold))
        })
    }

    /// Returns entries into zones, the last touched first.
    pub(crate) fn entries(
        &self,
        filter: &Filter,
        wanted: &Wanted,
    ) -> Result<Found<ZoneEntryRow>, StoreError> {
        self.read(|tx| zones::entries(tx, filter, wanted))
    }

    /// Returns what was touched that the rules in force restrict: at places, or anywhere.
    pub(crate) fn check(
        &self,
        in_force: &InForce,
        asked: (&[Asked], &Filter),
        now: Timestamp,
    ) -> Result<Checked, StoreError> {
        self.read(|tx| zones::check(tx, in_force, asked, now))
    }

    /// Returns how the configuration of agents changed, newest first.
    pub(crate) fn config(&self, filter: &Filter) -> Result<Found<ConfigRow>, StoreError> {
        self.read(|tx| config::changes(tx, filter))
    }

    /// Returns what was in force for what the filter names, at a time.
    pub(crate) fn settings(
        &self,
        filter: &Filter,
        at: Option<Timestamp>,
    ) -> Result<Vec<SettingRow>, LookupError> {
        self.read(|tx| Ok(config::settings(tx, filter, at)))?
    }

    /// Returns what of the configuration of agents is a risk now, the greatest first.
    pub(crate) fn findings(&self, filter: &Filter) -> Result<Found<FindingRow>, StoreError> {
        self.read(|tx| config::findings(tx, filter))
    }

    /// Returns what the witnesses disagree about and what is a risk now, the greatest first.
    pub(crate) fn all_findings(&self, filter: &Filter) -> Result<Found<AnyFinding>, StoreError> {
        self.read(|tx| findings::all(tx, filter))
    }

    /// Returns how much of the filter's range was recorded by `now`, launches first.
    pub(crate) fn time(&self, filter: &Filter, now: Timestamp) -> Result<Vec<TimeRow>, StoreError> {
        self.read(|tx| time::time(tx, filter, now))
    }

    /// Returns when the first daemon began.
    pub(crate) fn first_start(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read(time::first_start)?.map(Timestamp::from_ms))
    }

    /// Makes a report, without what the ledger does not tell.
    ///
    /// This thread and one beside it read about as much: the other one what is not added up and what was
    /// accessed, and then the range before; this one the rest of the range, and what was accessed in the
    /// range before.
    pub(crate) fn report(&self, ask: &Ask) -> Result<Report, StoreError> {
        self.read(|tx| {
            let seq = append::last_seq(tx)?;
            thread::scope(|scope| {
                let (to_us, of_range) = mpsc::channel();
                let (to_other, of_before) = mpsc::channel();
                let theirs = |tx: &_| Ok((report::aside(tx, ask)?, report::accessed(tx, ask)?));
                let before = self.beside(scope, seq, move |tx| {
                    // Who has failed takes nothing any more, here and below.
                    drop(to_us.send(theirs(tx)?));
                    let accessed =
                        || of_before.recv().or_else(|_| report::accessed_before(tx, ask));
                    report::before(tx, ask, accessed)
                });
                let others = move || {
                    drop(to_other.send(report::accessed_before(tx, ask)?));
                    of_range.recv().or_else(|_| theirs(tx))
                };
                let report = report::report(tx, ask, others)?;
                let alone = || report::before(tx, ask, || report::accessed_before(tx, ask));
                let before = before().map_or_else(alone, Ok)?;
                Ok(Report { before, ..report })
            })
        })
    }

    /// Begins to ask in a thread of its own; what is returned waits for the answer. There is none where that
    /// failed, or where the thread does not see the moment of the record `seq`: unless another came just
    /// then, it is the newest there as well.
    fn beside<'scope, T: Send + 'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        seq: u64,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'scope,
    ) -> impl FnOnce() -> Option<T> {
        let ask = move || {
            let same = |tx: &Connection| match append::last_seq(tx)? == seq {
                true => ask(tx).map(Some),
                false => Ok(None),
            };
            self.read(same)
        };
        let asking = thread::Builder::new().spawn_scoped(scope, ask);
        move || asking.ok()?.join().ok()?.ok()?
    }

    /// Returns whether anybody touched the filter's place, without what the ledger does not tell.
    pub(crate) fn absence(&self, filter: &Filter, now: Timestamp) -> Result<Absence, StoreError> {
        self.read(|tx| report::absence(tx, filter, now))
    }

    /// Returns the one launch or session whose id begins with `prefix`. A whole id of a launch is
    /// that launch's, whatever sessions are called.
    pub(crate) fn find(
        &self,
        prefix: &str,
        prices: Option<&PriceList>,
    ) -> Result<Shown, LookupError> {
        let (mut launches, mut sessions) = self.read(|tx| begin_with(tx, prefix, prices))?;
        let is_whole = |row: &LaunchRow| row.id.to_string().eq_ignore_ascii_case(prefix);
        match (launches.len(), sessions.len()) {
            (0, 0) => Err(LookupError::NotFound),
            (0, 1) => Ok(Shown::Session(Box::new(sessions.remove(0)))),
            (1, others) if others == 0 || is_whole(&launches[0]) => {
                Ok(Shown::Launch(Box::new(launches.remove(0))))
            }
            _ => {
                let launches = launches.iter().map(|row| row.id.to_string());
                let sessions = sessions.into_iter().map(|row| row.id);
                Err(LookupError::Ambiguous(launches.chain(sessions).collect()))
            }
        }
    }

    /// Returns the stored bytes of every record that names `launch`, in order of arrival.
    pub(crate) fn records_of(&self, launch: LaunchId) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|tx| records::records_of(tx, launch))
    }

    /// Returns the launches that worked on a session, the best known first.
    pub(crate) fn launches_of(&self, session: &SessionRow) -> Result<Vec<LaunchRow>, StoreError> {
        self.read(|tx| {
            let mut rows = Vec::new();
            for launch in &session.launches {
                let filter = Filter { launch: Some(launch.to_string()), ..Filter::default() };
                rows.extend(launches::launches(tx, &filter)?.rows);
            }
            Ok(rows)
        })
    }

    /// Returns the stored bytes of every record that names the session `id` or a launch that worked
    /// on it, in order of arrival.
    pub(crate) fn records_of_session(&self, id: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|tx| records::records_of_session(tx, id))
    }

    /// Returns records after `after`, up to and including `upto`, that pass the filter.
    ///
    /// A page ends once it holds `max_bytes`, or has looked at so many records that it would keep
    /// the write-ahead log from being reset; go on from [`Page::last_seq`] until that is `upto`.
    /// Records of helpers are records too, and pages are the limit: the filter's `helpers` and
    /// `limit` do not count.
    pub(crate) fn page(
        &self,
        after: u64,
        upto: u64,
        max_bytes: usize,
        filter: &Filter,
    ) -> Result<Page, StoreError> {
        self.read(|tx| records::page(tx, after, upto, max_bytes, filter))
    }

    /// Returns a page of an export that can be verified: with lines for what is left out, among that
    /// all records up to `skipped`.
    pub(crate) fn proven_page(
        &self,
        after: u64,
        upto: u64,
        max_bytes: usize,
        (filter, skipped): (&Filter, u64),
    ) -> Result<Page, StoreError> {
        self.read(|tx| records::proven_page(tx, after, upto, max_bytes, (filter, skipped)))
    }

    /// Verifies the ledger, on this thread. Takes about a second for a million records.
    pub(crate) fn verify(&self, question: &Question) -> Result<Verification, StoreError> {
        Ok(verify::verify(&self.path, question, 1)?)
    }

    /// Decides which records are to be pruned. Looks at all of them.
    pub(crate) fn plan(&self, what: &What, policy: &'static str) -> Result<Plan, StoreError> {
        self.read(|tx| prune::plan(tx, what, policy))
    }

    /// Returns when the oldest record happened that could be pruned.
    pub(crate) fn oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(prune::oldest)
    }

    /// Returns how much there is.
    pub(crate) fn counts(&self) -> Result<Counts, StoreError> {
        let size = |path| fs::metadata(path).map_or(0, |meta| meta.len());
        let [database, log, _] = schema::files(&self.path);
        let bytes = size(database) + size(log);
        self.read(|tx| {
            let count = |sql: &str| {
                tx.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
            };
            // Records are numbered without holes and never deleted: the last number is the count.
            let seq = append::last_seq(tx)?;
            let first = "SELECT at_ms FROM record ORDER BY seq LIMIT 1";
            let begins_at = tx.query_row(first, [], |row| row.get(0)).optional()?;
            let begins_at = begins_at.map(Timestamp::from_ms);
            Ok(Counts {
                ledger: LedgerStatus { records: seq, bytes, seq, begins_at },
                launches: count("SELECT count(*) FROM launch WHERE started_at IS NOT NULL")?,
                running: count(
                    "SELECT count(*) FROM launch WHERE ended_at IS NULL AND started_at IS NOT NULL",
                )?,
            })
        })
    }

    /// Returns the newest record's number; 0 where there is none.
    pub(crate) fn newest(&self) -> Result<u64, StoreError> {
        self.read(append::last_seq)
    }

    /// Returns how the ledger's files are.
    pub(crate) fn condition(&self) -> Condition {
        Condition::of(&self.path)
    }

    /// Asks within one read transaction, so that all that is answered is of the same moment.
    fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let answer = || {
            let mut connection = match kept {
                Some(connection) => connection,
                None => schema::open_reading(&self.path)?,
            };
            let tx = connection.transaction()?;
            let answer = ask(&tx)?;
            tx.finish()?;
            let mut idle = idle();
            if idle.len() < IDLE {
                idle.push(connection);
            }
            Ok(answer)
        };
        Ok(answer().inspect_err(|error| set_aside::notice(&self.path, error))?)
    }
}

/// Returns the newest few launches and sessions whose id begins with `prefix`.
fn begin_with(
    tx: &Connection,
    prefix: &str,
    prices: Option<&PriceList>,
) -> rusqlite::Result<(Vec<LaunchRow>, Vec<SessionRow>)> {
    let prefix = Some(prefix.to_owned());
    let few = Filter { limit: Some(10), ..Filter::default() };
    let launches = launches::launches(tx, &Filter { launch: prefix.clone(), ..few.clone() })?;
    let sessions = sessions::sessions(tx, &Filter { session: prefix, ..few }, prices)?;
    Ok((launches.rows, sessions.rows))
}
