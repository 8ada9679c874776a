//! Appending a batch of records: numbered, serialised, hashed and projected in one transaction.

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::{Hash, Signer, Span};
use trackway_protocol::record::Record;

use super::ingest::{self, Change};
use super::log::{self, Sealed};
use super::project::{self, Pending};
use super::prune::{self, Plan};
use super::scope::Gate;
use super::set_aside;
use super::zones::Judge;

/// Where the writer puts what it was given. Tests put a failing one in its place.
pub(super) trait Append: Send + 'static {
    /// Writes `records` durably, with the `changes` of ingest state that belong to them and the entries
    /// into zones that follow from them, all or none, and returns the last one's number.
    fn append(&mut self, records: &mut [Record], changes: &[Change]) -> rusqlite::Result<u64>;

    /// Signs the tree over everything that was written, and keeps the checkpoint.
    fn seal(&mut self) -> rusqlite::Result<Sealed>;

    /// Removes the bodies of a plan's records, and says so in a record of its own; returns how many
    /// there were, and the number of the newest record. `between` is called from time to time meanwhile.
    fn prune(&mut self, plan: &Plan, between: &mut dyn FnMut()) -> rusqlite::Result<(u64, u64)>;

    /// Prepares for very many records, or for few again.
    fn prepare(&mut self, load: Load) -> rusqlite::Result<()>;

    /// Takes note of a failure that may be more than one.
    fn failed(&mut self, _error: &rusqlite::Error) {}

    /// Tidies up before the end.
    fn close(&mut self) -> rusqlite::Result<()>;
}

/// How much is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// What happens now.
    Light,
    /// What has gathered in session files before a first start.
    Heavy,
}

/// The writing connection, the tree over all that was written, and the key that signs it.
pub(super) struct Ledger {
    connection: Connection,
    tree: Span,
    /// The number of the newest record of the tree; none before the first was written.
    newest: Option<u64>,
    signer: Signer,
    judge: Judge,
    gate: Gate,
}

impl Ledger {
    /// Judges nothing.
    pub(super) fn new(connection: Connection, tree: Span, signer: Signer) -> Self {
        Self {
            connection,
            tree,
            newest: None,
            signer,
            judge: Judge::default(),
            gate: Gate::default(),
        }
    }

    pub(super) fn judged_by(self, judge: Judge) -> Self {
        Self { judge, ..self }
    }

    pub(super) fn within(self, gate: Gate) -> Self {
        Self { gate, ..self }
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Append for Ledger {
    fn append(&mut self, records: &mut [Record], changes: &[Change]) -> rusqlite::Result<u64> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked anew each time: should a second writer ever slip in, numbers stay without holes.
        let mut seq = last_seq(&tx)?;
        let mut tree = tree_of((&self.tree, self.newest), seq, &tx)?;
        let (recorded_at, mut pending) = (Timestamp::now(), Pending::default());
        let mut put = |record: &mut Record| -> rusqlite::Result<()> {
            seq += 1;
            (record.seq, record.recorded_at) = (seq, recorded_at);
            tree.push(insert(&tx, record)?);
            project::project(&tx, &mut pending, record)
        };
        let mut judged = self.judge.begin();
        let mut gated = self.gate.begin(&tx)?;
        for record in records {
            if let Some(gated) = &mut gated {
                if let Some(mut told) = gated.due(recorded_at, Some(&*record)) {
                    put(&mut told)?;
                }
                if self.gate.leaves_out(&tx, gated, record, recorded_at)? {
                    continue;
                }
            }
            put(record)?;
            let Some(batch) = &mut judged else { continue };
            for mut entry in self.judge.entries(&tx, batch, record)? {
                put(&mut entry)?;
                batch.entered(&entry);
            }
        }
        pending.write(&tx)?;
        judged.map_or(Ok(()), |batch| batch.write(&tx))?;
        let left_out = gated.map(|batch| batch.write(&tx)).transpose()?;
        ingest::write(&tx, changes)?;
        log::save_tree(&tx, &tree)?;
        tx.commit()?;
        if let Some(left_out) = left_out {
            self.gate.committed(left_out);
        }
        (self.tree, self.newest) = (tree, Some(seq));
        Ok(seq)
    }

    fn seal(&mut self) -> rusqlite::Result<Sealed> {
        log::seal(&mut self.connection, &self.tree, &self.signer)
    }

    fn prune(&mut self, plan: &Plan, between: &mut dyn FnMut()) -> rusqlite::Result<(u64, u64)> {
        let known = (&self.tree, self.newest);
        let pruned = prune::apply(&mut self.connection, known, plan, between)?;
        let Some((count, seq, tree)) = pruned else { return Ok((0, self.newest.unwrap_or(0))) };
        (self.tree, self.newest) = (tree, Some(seq));
        Ok((count, seq))
    }

    /// Keys of facts are spread over all of their table: with a small cache its pages would be read,
    /// and written to the log, again and again.
    fn prepare(&mut self, load: Load) -> rusqlite::Result<()> {
        // In KiB where negative, and in pages of the log.
        let (cache, log) = match load {
            Load::Light => (-2000, 1000),
            Load::Heavy => (-96_000, 16_000),
        };
        self.connection.pragma_update(None, "cache_size", cache)?;
        self.connection.pragma_update(None, "wal_autocheckpoint", log)?;
        // What is left of a large log shall not be waited for when something happens.
        self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        self.connection.execute_batch("PRAGMA shrink_memory")
    }

    fn failed(&mut self, error: &rusqlite::Error) {
        self.gate.rolled_back();
        set_aside::notice_by(&self.connection, error);
    }

    /// Brings the write-ahead log into the database, so that one file is left to copy.
    fn close(&mut self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

/// Returns the number of the newest record; 0 where there is none.
pub(super) fn last_seq(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT ifnull(max(seq), 0) FROM record")?;
    statement.query_row([], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

/// Whether `error` is about the record that was to be written, and no later attempt can succeed.
pub(super) fn is_the_records_fault(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => {
            use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
            matches!(code, ConstraintViolation | TooBig | TypeMismatch)
        }
        // Not SQLite's but the binding's: a value that it could not pass on or take back.
        None => true,
    }
}

/// Returns the tree over the records that are there, of which `seq` is the newest: the one that is
/// known, but where a second writer slipped in.
pub(super) fn tree_of(
    (tree, newest): (&Span, Option<u64>),
    seq: u64,
    tx: &Connection,
) -> rusqlite::Result<Span> {
    // Of a ledger that somebody has changed number and count differ, and each scan takes long.
    if newest.unwrap_or(tree.end()) == seq { Ok(tree.clone()) } else { log::load_tree(tx) }
}

/// Inserts a record and returns its leaf hash.
pub(super) fn insert(tx: &Connection, record: &Record) -> rusqlite::Result<Hash> {
    let body =
        serde_json::to_vec(record).expect("a record always serialises: its maps have string keys");
    let sql = "INSERT INTO record (seq, kind, at_ms, body, leaf) VALUES (?, ?, ?, ?, ?)";
    let leaf = Hash::of_leaf(&body);
    let seq = record.seq.cast_signed();
    let row = params![seq, record.body.kind(), record.at.ms(), body, leaf.as_bytes()];
    tx.prepare_cached(sql)?.execute(row)?;
    Ok(leaf)
}
