//! The ledger: records in SQLite, and the tables that answer questions about them.
//!
//! One thread owns the only writing connection ([`Writer`]); queries go through read-only
//! connections ([`Reader`]). A record's JSON is serialised once: those bytes are stored, hashed,
//! sent and exported.
//!
//! # Compatibility
//!
//! The schema's version is the number of migrations. A newer ledger is refused, never guessed at.
//! A migration that was released is neither edited nor reordered.
//!
//! # Failure
//!
//! What can go wrong when the daemon starts is fatal and leaves the file as it is; but a damaged
//! ledger is set aside, and a new one begun ([`set_aside`]). Afterwards a write that fails is tried
//! again until it succeeds; meanwhile [`Health`] says so, records wait in memory up to a bound, and
//! what had to be dropped is counted in a record of its own. Damage that is found then is noted for
//! the next start.
//!
//! # Projections
//!
//! Every table but `record` is a pure function of the records ([`project`]): no clock, no file
//! system, no setting. Facts are merged by minimum, maximum, union and the strongest evidence, so
//! that their order of arrival does not matter, and [`rebuild`] gives the same tables.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;
use trackway_protocol::endpoint::{self, EndpointError};
use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::record::{Body, Evidence, Record};

mod append;
mod condition;
mod filter;
pub(crate) mod ingest;
mod key;
mod log;
mod project;
mod prune;
mod query;
mod recover;
mod register;
mod schema;
mod scope;
mod set_aside;
mod verify;
mod writer;
mod zones;

use crate::config::Standing;
use crate::zones::Zones;
use project::Pending;
use trackway_protocol::log::{Signer, Span, Verification, VerifierKey};

pub(crate) use condition::Condition;
#[cfg(test)]
pub(crate) use condition::LOG_BOUND;
pub(crate) use log::Sealed;
pub(crate) use prune::{Plan, What};
pub(crate) use query::{
    Ask, Asked, Checked, Counts, Found, LookupError, OfFinding, Page, Reader, Shown, Wanted,
};
pub(crate) use recover::{Recovered, TouchKey};
pub(crate) use set_aside::SetAside;
pub(crate) use verify::Question;
pub(crate) use writer::{Health, Sealing, Writer, WriterGone};

/// A record before the writer gave it its number, its id and the time of writing.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// When it happened.
    pub(crate) at: Timestamp,
    /// How it is known.
    pub(crate) evidence: Evidence,
    /// The record that this one corrects.
    pub(crate) replaces: Option<RecordId>,
    /// The fact itself.
    pub(crate) body: Body,
}

impl Draft {
    /// Gives it the id that it keeps through every attempt to write it; number and time of writing
    /// come with the attempt that succeeds.
    pub(crate) fn into_record(self) -> Record {
        let Self { at, evidence, replaces, body } = self;
        let (seq, id, recorded_at) = (0, RecordId::new(), Timestamp::default());
        Record { seq, id, at, recorded_at, evidence, replaces, body }
    }
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The state directory cannot be made, or is not this user's alone.
    #[error("prepare the state directory")]
    Directory(#[from] EndpointError),
    /// The operating system refused a file.
    #[error("open {path}")]
    File { path: PathBuf, source: io::Error },
    /// The file can be read but not written.
    #[error("write {path}: it, or its file system, is read-only")]
    ReadOnly { path: PathBuf },
    /// A newer program has migrated it.
    #[error(
        "use {path}: its schema has version {found}, this program knows versions up to {known}; \
         install the newer program again"
    )]
    Newer { path: PathBuf, found: i64, known: usize },
    /// An older program has written it, and no daemon of this version has opened it yet.
    #[error(
        "read {path}: its schema has version {found}; start the daemon once, which brings it up to date"
    )]
    Older { path: PathBuf, found: usize },
    /// It is a database, but of some other program.
    #[error("use {path}: it is a database of another program; move it away")]
    Foreign { path: PathBuf },
    /// It is no database, or a damaged one.
    #[error(
        "read {path}: it is damaged ({detail}); it was left as it is: a daemon that starts sets it \
         aside and begins a new one"
    )]
    Corrupt { path: PathBuf, detail: String },
    /// The operating system has no random bytes for a key.
    #[error("make a key to sign checkpoints with: {0}")]
    Random(String),
    /// A damaged one cannot be moved away.
    #[error("set the ledger aside, which is damaged ({damage})")]
    SetAside { damage: String, source: io::Error },
    /// SQLite failed in some other way.
    #[error("use the ledger")]
    Sqlite(#[from] rusqlite::Error),
}

/// An open ledger that nobody writes to yet.
pub(crate) struct Store {
    path: PathBuf,
    connection: Connection,
    last_seq: u64,
    tree: Span,
    signer: Signer,
    judge: zones::Judge,
    gate: scope::Gate,
}

/// Opens the ledger in `state_dir`; creates and migrates it where needed.
///
/// It takes no lock that lasts: the caller makes sure that one daemon runs per state directory.
pub(crate) fn open(state_dir: &Path) -> Result<Store, StoreError> {
    endpoint::private_dir(state_dir)?;
    let path = state_dir.join("ledger.db");
    let mut connection = schema::open_writing(&path)?;
    let last_seq = append::last_seq(&connection);
    let last_seq = last_seq.map_err(|error| schema::explain(&path, error.into()))?;
    let is_cut = log::is_cut(&connection, last_seq);
    if is_cut.map_err(|error| schema::explain(&path, error.into()))? {
        // A disk that is full is no reason not to start.
        let cut = project::cut(&mut connection, last_seq);
        cut.unwrap_or_else(|error| tracing::warn!(%error, "tables tell of records that are gone"));
    }
    let tree = log::load_tree(&connection);
    let tree = tree.map_err(|error| schema::explain(&path, error.into()))?;
    let signer = key::load_or_make(state_dir)?;
    Ok(Store {
        path,
        connection,
        last_seq,
        tree,
        signer,
        judge: zones::Judge::default(),
        gate: scope::Gate::default(),
    })
}

/// A ledger that a daemon may begin with.
pub(crate) struct Opened {
    pub(crate) store: Store,
    /// What a daemon that starts must know of those that ran before it.
    pub(crate) recovered: Recovered,
    /// The damaged ledger in whose place this one was begun, unless that is recorded already.
    pub(crate) instead_of: Option<SetAside>,
}

/// Opens the ledger for a daemon; a damaged one is set aside, and a new one begun.
///
/// The caller holds the lock of the state directory.
pub(crate) fn open_or_set_aside(state_dir: &Path) -> Result<Opened, StoreError> {
    endpoint::private_dir(state_dir)?;
    let set_aside = |damage: &str| {
        let failed = |source| StoreError::SetAside { damage: damage.to_owned(), source };
        set_aside::set_aside(state_dir, damage).map_err(failed)
    };
    if let Some(damage) = set_aside::damage(state_dir) {
        set_aside(&damage)?;
    }
    let opened = || {
        let store = open(state_dir)?;
        // The first look at what is in it: of a large ledger only this finds damage.
        recover::recover(&store.connection)
            .map(|recovered| (store, recovered))
            .map_err(|error| schema::explain(&state_dir.join("ledger.db"), error.into()))
    };
    let (store, recovered) = match opened() {
        Err(StoreError::Corrupt { detail, .. }) => {
            set_aside(&detail)?;
            opened()?
        }
        opened => opened?,
    };
    let instead_of = if store.last_seq == 0 { set_aside::newest(state_dir) } else { None };
    Ok(Opened { store, recovered, instead_of })
}

impl Store {
    /// Returns a handle for queries.
    pub(crate) fn reader(&self) -> Reader {
        Reader::new(&self.path)
    }

    /// Returns what a daemon that starts must know of those that ran before it.
    #[cfg(test)]
    pub(crate) fn recover(&self) -> Result<Recovered, StoreError> {
        recover::recover(&self.connection)
            .map_err(|error| schema::explain(&self.path, error.into()))
    }

    /// Returns what is plainly wrong with the records that are there, before others follow them.
    pub(crate) fn damage(&self) -> Result<Option<String>, StoreError> {
        log::damage(&self.connection, &self.tree, &self.signer)
            .map_err(|error| schema::explain(&self.path, error.into()))
    }

    /// Returns the newest checkpoint.
    pub(crate) fn newest_checkpoint(&self) -> Result<Option<Sealed>, StoreError> {
        log::newest(&self.connection).map_err(|error| schema::explain(&self.path, error.into()))
    }

    /// Returns the key that checkpoints are verified with.
    pub(crate) fn verifier(&self) -> VerifierKey {
        self.signer.verifier()
    }

    /// Returns what is kept of session files; changes go to the writer's `intake`.
    pub(crate) fn kept(path: &Path, intake: ingest::Intake) -> Result<ingest::Kept, StoreError> {
        ingest::Kept::open(&path.join("ledger.db"), intake)
    }

    /// Has what is written judged by the rules of zones.
    pub(crate) fn judged_by(self, zones: Zones) -> Self {
        Self { judge: zones::Judge::new(zones), ..self }
    }

    /// Has nothing kept that is outside of the scope of the configuration.
    pub(crate) fn within(self, standing: watch::Receiver<Standing>) -> Self {
        Self { gate: scope::Gate::new(standing), ..self }
    }

    /// Starts the thread that writes.
    pub(crate) fn start(self, sealing: Sealing) -> Writer {
        let ledger = append::Ledger::new(self.connection, self.tree, self.signer);
        let ledger = ledger.judged_by(self.judge).within(self.gate);
        writer::start(ledger, self.last_seq, sealing)
    }
}

/// Verifies the ledger in `state_dir`, whether a daemon runs or not, with so many threads.
pub(crate) fn verify(
    state_dir: &Path,
    question: &Question,
    threads: usize,
) -> Result<Verification, StoreError> {
    let path = state_dir.join("ledger.db");
    if let Err(source) = std::fs::metadata(&path) {
        return Err(StoreError::File { path, source });
    }
    schema::check(&path).or_else(|error| match error {
        StoreError::Corrupt { .. } => Ok(()),
        error => Err(error),
    })?;
    let own = key::verifier(state_dir);
    let question = Question { own, ..question.clone() };
    let verified = verify::verify(&path, &question, threads);
    match verified.map_err(|error| schema::explain(&path, error.into())) {
        Err(StoreError::Corrupt { detail, .. }) => Ok(verify::damaged(&detail)),
        verified => verified,
    }
}

/// What a rebuild did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rebuilt {
    /// Records that were projected.
    pub(crate) records: u64,
    /// Records whose JSON this program could not read; they are kept, and left out.
    pub(crate) unreadable: u64,
}

/// Records of which sums are held in memory during a rebuild.
const PENDING: u64 = 10_000;

/// Empties the projections and projects every record again, in one transaction.
///
/// The caller holds the lock of the state directory.
pub(crate) fn rebuild(state_dir: &Path) -> Result<Rebuilt, StoreError> {
    let mut connection = open(state_dir)?.connection;
    schema::prepare_rebuilding(&connection)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rebuilt = project_all(&tx, &mut || ())?;
    tx.commit()?;
    Ok(rebuilt)
}

/// Empties the projections and fills them anew; `between` is called from time to time.
fn project_all(tx: &Connection, between: &mut dyn FnMut()) -> rusqlite::Result<Rebuilt> {
    project::clear(tx)?;
    let (mut rebuilt, mut pending) = (Rebuilt { records: 0, unreadable: 0 }, Pending::default());
    let mut bodies = tx.prepare("SELECT body FROM record WHERE body IS NOT NULL ORDER BY seq")?;
    let mut rows = bodies.query([])?;
    while let Some(row) = rows.next()? {
        match serde_json::from_slice::<Record>(row.get_ref(0)?.as_blob()?) {
            Ok(record) => {
                project::project(tx, &mut pending, &record)?;
                rebuilt.records += 1;
                if rebuilt.records.is_multiple_of(PENDING) {
                    pending.write(tx)?;
                    between();
                }
            }
            Err(_) => rebuilt.unreadable += 1,
        }
    }
    pending.write(tx)?;
    Ok(rebuilt)
}

#[cfg(test)]
mod tests;
