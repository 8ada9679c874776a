//! What is kept of session files from one run to the next, and which of their facts are recorded.
//!
//! Whoever reads session files asks [`Kept`] and hands what changes, with the records that it
//! belongs to, to an [`Intake`]; the writer commits both in one transaction. Until then `Kept`
//! answers from memory, so that it always knows what was handed over last.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::mpsc;
use trackway_protocol::ids::RecordId;
use trackway_protocol::record::Record;

use super::{StoreError, schema, set_aside};
use crate::event::{FileId, os_string};

mod absent;

use absent::Filter;

/// Records handed over and not yet durable, at most, unless one batch alone has more.
const IN_FLIGHT: usize = 32_768;

/// How many records back one is searched that is to be amended: lines about one response are close.
const AMENDED: usize = 64;

/// What one fact, or one response, is known by.
pub(crate) type Key = [u8; 16];

/// What is kept of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) value: Vec<u8>,
}

/// One change of what is kept.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A file, as it is from now on; none: it is forgotten.
    File(FileId, Option<File>),
    /// What is known by a key.
    Key(Key, Vec<u8>),
    /// A home in which session files were found.
    Home(&'static str, PathBuf),
}

/// Records, and what changes with them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Record>,
    pub(crate) changes: Vec<Change>,
    /// Whether everything that was there at the start is handed over with it.
    pub(crate) is_last: bool,
    /// Whether it is none of those that session files bring, and says nothing of how many come.
    pub(crate) is_aside: bool,
}

impl Batch {
    /// Returns how many records it counts for; changes alone take memory as well.
    pub(super) fn weight(&self) -> usize {
        self.records.len().max(usize::from(!self.changes.is_empty()))
    }
}

/// The batches on their way to the writer.
#[derive(Debug, Default)]
pub(super) struct Flow {
    state: Mutex<FlowState>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct FlowState {
    /// Batches handed over, and batches that are durable.
    sent: u64,
    durable: u64,
    in_flight: usize,
    closed: bool,
}

impl Flow {
    fn state(&self) -> MutexGuard<'_, FlowState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that batches have become durable.
    pub(super) fn landed(&self, batches: u64, records: usize) {
        let mut state = self.state();
        state.durable += batches;
        state.in_flight -= records;
        drop(state);
        self.moved.notify_all();
    }

    /// Lets nobody wait any more: nothing more will be written.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.moved.notify_all();
    }
}

/// Where batches are handed over. One that is handed over is written before any later one.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    batches: mpsc::UnboundedSender<Batch>,
    flow: Arc<Flow>,
}

/// Nothing more is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Intake {
    pub(super) fn new(flow: Arc<Flow>) -> (Self, mpsc::UnboundedReceiver<Batch>) {
        let (batches, receiver) = mpsc::unbounded_channel();
        (Self { batches, flow }, receiver)
    }

    /// Hands a batch over; waits while the writer has too many. Blocks.
    fn send(&self, batch: Batch) -> Result<u64, Closed> {
        let records = batch.weight();
        let mut state = self.flow.state();
        while !state.closed && state.in_flight > 0 && state.in_flight + records > IN_FLIGHT {
            state = self.flow.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Err(Closed);
        }
        state.in_flight += records;
        state.sent += 1;
        let number = state.sent;
        drop(state);
        self.batches.send(batch).map_err(|_| Closed)?;
        Ok(number)
    }

    /// Waits until what was handed over is durable, or nothing is written any more. Blocks.
    fn land(&self) {
        let mut state = self.flow.state();
        let sent = state.sent;
        while !state.closed && state.durable < sent {
            state = self.flow.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets nobody wait any more, so that a thread which waits can end.
    pub(crate) fn close(&self) {
        self.flow.close();
    }

    fn durable(&self) -> u64 {
        self.flow.state().durable
    }
}

/// What is kept, as it was handed over last.
#[derive(Debug)]
pub(crate) struct Kept {
    connection: Connection,
    intake: Intake,
    /// Handed over and perhaps not durable, each with the number of its batch.
    files: HashMap<FileId, (u64, Option<File>)>,
    keys: HashMap<Key, (u64, Vec<u8>)>,
    /// At a first start, until everything was read once.
    filter: Option<Filter>,
    is_settled: bool,
    is_aside: bool,
    /// What the next batch changes.
    next: Batch,
}

impl Kept {
    pub(super) fn open(path: &Path, intake: Intake) -> Result<Self, StoreError> {
        let connection = schema::open_reading(path)?;
        let (files, keys) = Default::default();
        let is_first = !connection.prepare("SELECT 1 FROM ingest_key")?.exists([])?;
        let filter = is_first.then(Filter::new);
        let (is_settled, is_aside, next) = Default::default();
        Ok(Self { connection, intake, files, keys, filter, is_settled, is_aside, next })
    }

    /// Everything that was there was read once: what is asked for from now on is mostly kept, and
    /// little is to be written. Blocks until all of it is durable: only then is it in an answer.
    pub(crate) fn settle(&mut self) {
        if !std::mem::replace(&mut self.is_settled, true) {
            self.filter = None;
            self.next.is_last = true;
            // Nobody is left to be told where the writer has ended.
            let _ = self.hand_over();
            self.intake.land();
        }
    }

    /// Is used for little, and not for session files.
    pub(crate) fn aside(self) -> Self {
        Self { filter: None, is_settled: true, is_aside: true, ..self }
    }

    /// Adds a record to the next batch.
    pub(crate) fn record(&mut self, record: Record) {
        self.next.records.push(record);
    }

    /// Has a record say what another one corrects it to, where it is still in the next batch. Where it
    /// is not, returns the correction.
    pub(crate) fn amend(&mut self, replaced: Option<RecordId>, now: Record) -> Option<Record> {
        let waiting = self.next.records.iter_mut().rev().take(AMENDED);
        match waiting.into_iter().find(|record| Some(record.id) == replaced) {
            Some(record) => {
                (record.at, record.evidence, record.body) = (now.at, now.evidence, now.body);
                None
            }
            None => Some(now),
        }
    }

    /// Changes what is known by a key.
    pub(crate) fn set(&mut self, key: Key, value: Vec<u8>) {
        if let Some(filter) = &mut self.filter {
            filter.insert(key);
        }
        self.keys.insert(key, (u64::MAX, value.clone()));
        self.next.changes.push(Change::Key(key, value));
    }

    /// Changes what is kept of a file.
    pub(crate) fn keep(&mut self, id: FileId, file: Option<File>) {
        self.files.insert(id, (u64::MAX, file.clone()));
        self.next.changes.push(Change::File(id, file));
    }

    /// Keeps a home.
    pub(crate) fn keep_home(&mut self, agent: &'static str, dir: PathBuf) {
        self.next.changes.push(Change::Home(agent, dir));
    }

    /// Hands the next batch over. Blocks while the writer has too many.
    pub(crate) fn hand_over(&mut self) -> Result<(), Closed> {
        let Batch { records, changes, is_last, .. } = &self.next;
        if records.is_empty() && changes.is_empty() && !is_last {
            return Ok(());
        }
        let next = std::mem::take(&mut self.next);
        let number = self.intake.send(Batch { is_aside: self.is_aside, ..next })?;
        let durable = self.intake.durable();
        self.files.retain(|_, (batch, _)| Self::is_waiting(batch, number, durable));
        self.keys.retain(|_, (batch, _)| Self::is_waiting(batch, number, durable));
        Ok(())
    }

    fn is_waiting(batch: &mut u64, number: u64, durable: u64) -> bool {
        if *batch == u64::MAX {
            *batch = number;
        }
        *batch > durable
    }

    /// Returns what is known by a key.
    ///
    /// # Errors
    ///
    /// That it cannot be read.
    pub(crate) fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some((_, value)) = self.keys.get(&key) {
            return Ok(Some(value.clone()));
        }
        let select = "SELECT value FROM ingest_key WHERE key = ?";
        Ok(self.one(select, params![key], |row| row.get(0))?)
    }

    /// Returns what is known by a key.
    pub(crate) fn get(&self, key: Key) -> Option<Vec<u8>> {
        if let Some((_, value)) = self.keys.get(&key) {
            return Some(value.clone());
        }
        if self.is_absent(key) {
            return None;
        }
        let select = "SELECT value FROM ingest_key WHERE key = ?";
        answer(self.one(select, params![key], |row| row.get(0)))
    }

    /// Whether anything is known by a key.
    pub(crate) fn has(&self, key: Key) -> bool {
        if self.keys.contains_key(&key) {
            return true;
        }
        if self.is_absent(key) {
            return false;
        }
        let select = "SELECT 1 FROM ingest_key WHERE key = ?";
        answer(self.one(select, params![key], |row| row.get::<_, i64>(0))).is_some()
    }

    fn is_absent(&self, key: Key) -> bool {
        self.filter.as_ref().is_some_and(|filter| !filter.may_have(key))
    }

    /// Returns what is kept of a file.
    pub(crate) fn file(&self, id: FileId) -> Option<File> {
        if let Some((_, file)) = self.files.get(&id) {
            return file.clone();
        }
        let select = "SELECT path, value FROM ingest_file WHERE device = ? AND inode = ?";
        answer(self.one(select, params![id.device.cast_signed(), id.inode.cast_signed()], file))
    }

    /// Returns what is kept of a file of this name, in whatever directory.
    pub(crate) fn named(&self, name: &OsStr) -> Option<File> {
        let waiting = self.files.values().filter_map(|(_, file)| file.as_ref());
        let mut waiting = waiting.filter(|file| file.path.file_name() == Some(name));
        if let Some(file) = waiting.next() {
            return Some(file.clone());
        }
        let select = "SELECT path, value, device, inode FROM ingest_file WHERE name = ?";
        let found = self.one(select, params![name.as_encoded_bytes()], |row| {
            Ok((file_id(row, 2)?, file(row)?))
        });
        let found = answer(found);
        // What was changed since is no longer so.
        found.filter(|(id, _)| !self.files.contains_key(id)).map(|(_, file)| file)
    }

    /// Visits all files that are kept below a directory.
    pub(crate) fn each(&self, below: &Path, visit: &mut dyn FnMut(FileId, &Path)) {
        for (id, (_, file)) in &self.files {
            if let Some(file) = file.as_ref().filter(|file| file.path.starts_with(below)) {
                visit(*id, &file.path);
            }
        }
        let stored = self.below(below);
        if let Err(error) = &stored {
            tracing::warn!(%error, "what is kept of session files cannot be read");
        }
        for (id, path) in stored.unwrap_or_default() {
            if !self.files.contains_key(&id) && path.starts_with(below) {
                visit(id, &path);
            }
        }
    }

    fn below(&self, dir: &Path) -> rusqlite::Result<Vec<(FileId, PathBuf)>> {
        let begin = dir.as_os_str().as_encoded_bytes();
        // No byte of a path is 0xff and 0xff again in UTF-8, and what else is so is filtered above.
        let end = [begin, b"\xff"].concat();
        let select = "SELECT path, device, inode FROM ingest_file WHERE path BETWEEN ? AND ?";
        let mut statement = self.connection.prepare_cached(select)?;
        let rows = statement.query_map(params![begin, end], |row| {
            Ok((file_id(row, 1)?, PathBuf::from(os_string(row.get_ref(0)?.as_blob()?))))
        })?;
        rows.collect()
    }

    /// Returns directories that agents are known to have been in, the last ones first, at most so
    /// many.
    pub(crate) fn touched_dirs(&self, most: usize) -> Vec<PathBuf> {
        let dirs = || -> rusqlite::Result<Vec<_>> {
            let select = "SELECT path FROM dir_sum s JOIN dir d ON d.key = s.dir
                WHERE s.level = 0 AND path_b64 = ''
                GROUP BY d.key ORDER BY max(s.last_at) DESC LIMIT ?";
            let mut statement = self.connection.prepare(select)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            statement.query_map([most], |row| row.get::<_, String>(0).map(PathBuf::from))?.collect()
        };
        dirs().unwrap_or_else(|error| {
            tracing::warn!(%error, "the directories that agents were in cannot be read");
            Vec::new()
        })
    }

    /// Returns every home that session files were ever found in.
    pub(crate) fn homes(&self) -> Vec<(String, PathBuf)> {
        let homes = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.connection.prepare("SELECT agent, dir FROM ingest_home")?;
            let home = |row: &Row<'_>| {
                Ok((row.get(0)?, PathBuf::from(os_string(row.get_ref(1)?.as_blob()?))))
            };
            statement.query_map([], home)?.collect()
        };
        homes().unwrap_or_default()
    }

    fn one<T>(
        &self,
        select: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let statement = self.connection.prepare_cached(select);
        let found = statement.and_then(|mut it| it.query_row(values, read).optional());
        found.inspect_err(|error| set_aside::notice_by(&self.connection, error))
    }
}

/// What cannot be read counts as not known: a fact may be recorded twice, and none is lost.
fn answer<T>(found: rusqlite::Result<Option<T>>) -> Option<T> {
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, "what is kept of session files cannot be read");
        None
    })
}

fn file(row: &Row<'_>) -> rusqlite::Result<File> {
    let path = os_string(row.get_ref(0)?.as_blob()?).into();
    Ok(File { path, value: row.get(1)? })
}

fn file_id(row: &Row<'_>, at: usize) -> rusqlite::Result<FileId> {
    let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
    Ok(FileId { device: number(at)?, inode: number(at + 1)? })
}

/// Writes changes, in the transaction of their records. Of several of one key or file the last one
/// counts; in the order of the table they cost the least.
pub(super) fn write(tx: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    let (mut keys, mut files) = (BTreeMap::new(), BTreeMap::new());
    for change in changes {
        match change {
            Change::Key(key, value) => drop(keys.insert(key, value)),
            Change::File(id, file) => drop(files.insert((id.device, id.inode), file)),
            Change::Home(agent, dir) => {
                tx.prepare_cached("INSERT OR IGNORE INTO ingest_home (agent, dir) VALUES (?, ?)")?
                    .execute(params![agent, dir.as_os_str().as_encoded_bytes()])?;
            }
        }
    }
    let mut put =
        tx.prepare_cached("INSERT OR REPLACE INTO ingest_key (key, value) VALUES (?, ?)")?;
    for (key, value) in keys {
        put.execute(params![key, value])?;
    }
    for ((device, inode), file) in files {
        write_file(tx, [device, inode].map(u64::cast_signed), file.as_ref())?;
    }
    Ok(())
}

fn write_file(tx: &Connection, id: [i64; 2], file: Option<&File>) -> rusqlite::Result<()> {
    let Some(file) = file else {
        tx.prepare_cached("DELETE FROM ingest_file WHERE device = ? AND inode = ?")?.execute(id)?;
        return Ok(());
    };
    let name = file.path.file_name().unwrap_or_default().as_encoded_bytes();
    let path = file.path.as_os_str().as_encoded_bytes();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO ingest_file (device, inode, path, name, value)
         VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![id[0], id[1], path, name, file.value])?;
    Ok(())
}
