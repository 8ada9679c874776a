//! Verifying the ledger: every body against its hash, every hash against the checkpoints.
//!
//! The records are divided where checkpoints stand. Threads read and hash the parts; in order, each is
//! added to the tree and compared. That reads every byte and writes none.

use std::collections::BTreeMap;
use std::iter::{Enumerate, Peekable};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::{thread, vec};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::{
    Envelope, Fault, Hash, Kept, Note, Seal, Span, Verdict, Verification, Verifier, VerifierKey,
};
use trackway_protocol::record::{Body, Record};

use super::{append, log, schema};

/// Records in one part, where checkpoints are farther apart.
const MOST_IN_PART: u64 = 8192;
/// Parts that may be ahead of the one that is compared next, for each thread.
const AHEAD: usize = 64;

/// What a ledger is to be compared with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Checkpoints that were kept elsewhere.
    pub(crate) outside: Vec<Note>,
    /// The key that was given to verify with.
    pub(crate) key: Option<VerifierKey>,
    /// The key that lies beside the ledger: better than none, and no proof.
    pub(crate) own: Option<VerifierKey>,
}

/// One part of the ledger.
struct Part {
    span: Span,
    pruned: Vec<u64>,
    told: Vec<Told>,
    faults: Vec<Fault>,
    /// Why the part has no end.
    broken: Option<Fault>,
}

/// What a record says about the ledger itself.
enum Told {
    Pruned { from: u64, until: u64, count: u64 },
    Sealed { seq: u64, size: u64, root: Hash },
}

/// Verifies a ledger with so many threads.
///
/// # Errors
///
/// Those of SQLite that do not mean that the file is damaged.
pub(super) fn verify(
    path: &Path,
    question: &Question,
    threads: usize,
) -> rusqlite::Result<Verification> {
    let connection = schema::open_reading(path)?;
    loop {
        let upto = append::last_seq(&connection);
        let verified = verify_open(&connection, path, question, threads);
        let verified = match verified.and_then(|verified| Ok((verified, upto?))) {
            Err(error) if is_damage(&error) => return Ok(damaged(&error.to_string())),
            verified => verified?,
        };
        // Bodies that went meanwhile are accounted for by a record that was not there yet.
        let was_pruned = connection
            .prepare("SELECT 1 FROM record WHERE seq > ? AND kind = 'pruned'")?
            .exists([verified.1.cast_signed()])?;
        if !was_pruned {
            return Ok(verified.0);
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// Returns the verdict on what is no ledger any more.
pub(super) fn damaged(why: &str) -> Verification {
    let mut verifier = Verifier::new(Vec::new());
    verifier.break_off(fault(Verdict::Corrupt, None, format!("it cannot be read: {why}")));
    verifier.finish(None, "not checked")
}

fn fault(verdict: Verdict, seq: Option<u64>, why: String) -> Fault {
    Fault { verdict, seq, until: None, why }
}

fn verify_open(
    connection: &Connection,
    path: &Path,
    question: &Question,
    threads: usize,
) -> rusqlite::Result<Verification> {
    let (end, seals, faults) = {
        // What is added from now on is not looked at, and belongs to no checkpoint that is.
        let tx = connection.unchecked_transaction()?;
        let (seals, faults) = seals(&tx, question)?;
        (append::last_seq(&tx)?, seals, faults)
    };
    let parts = Parts::of(&seals, end);
    let mut verifier = Verifier::new(seals);
    faults.into_iter().for_each(|fault| verifier.fault(fault));
    let before: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM record WHERE seq < 1)", [], |row| {
            row.get(0)
        })?;
    if before {
        let why = "there are records before the first".to_owned();
        verifier.fault(fault(Verdict::Altered, Some(1), why));
    }
    read_all(path, parts, threads, |part| put(&mut verifier, part))?;
    let key = question.key.as_ref().or(question.own.as_ref());
    let origin = key.map(|key| key.name().to_owned());
    let checked = if question.key.is_some() { "checked" } else { "not checked" };
    Ok(verifier.finish_ledger(origin, checked))
}

/// Returns all checkpoints to compare with, and what is wrong with others.
fn seals(
    connection: &Connection,
    question: &Question,
) -> rusqlite::Result<(Vec<Seal>, Vec<Fault>)> {
    let key = question.key.as_ref().or(question.own.as_ref());
    let (mut seals, mut faults) = (Vec::new(), Vec::new());
    let mut add = |note: &Note, kept| {
        let signature = key.map(|key| note.check(key));
        let seal = note.checkpoint().map(|checkpoint| Seal { checkpoint, kept, signature });
        let is_one = seal.is_some();
        seals.extend(seal);
        is_one
    };
    for kept in log::checkpoints(connection)? {
        let note = Note::parse(&kept.note).ok();
        let size = note.as_ref().and_then(Note::checkpoint).map(|checkpoint| checkpoint.size);
        if size != Some(kept.size) || !note.is_some_and(|note| add(&note, Kept::Inside)) {
            let why = format!("the checkpoint of {} records is none", kept.size);
            faults.push(fault(Verdict::Forged, None, why));
        }
    }
    for note in &question.outside {
        add(note, Kept::Outside);
    }
    Ok((seals, faults))
}

/// Which records each part has, one part after the other. None is made before it is asked for: a
/// number that somebody has made up shall cost nothing.
struct Parts {
    /// Where parts must end.
    cuts: Peekable<vec::IntoIter<u64>>,
    at: u64,
}

impl Parts {
    fn of(seals: &[Seal], end: u64) -> Self {
        let mut cuts: Vec<u64> = seals.iter().map(|seal| seal.checkpoint.size).collect();
        cuts.push(end);
        cuts.retain(|size| (1..=end).contains(size));
        cuts.sort_unstable();
        cuts.dedup();
        Self { cuts: cuts.into_iter().peekable(), at: 0 }
    }
}

impl Iterator for Parts {
    /// The records after the first number, up to the second.
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let (begin, cut) = (self.at, *self.cuts.peek()?);
        self.at = cut.min(begin + MOST_IN_PART);
        if self.at == cut {
            self.cuts.next();
        }
        Some((begin, self.at))
    }
}

/// Reads all parts and hands them over in order, until one is the last that can be used.
fn read_all(
    path: &Path,
    parts: Parts,
    threads: usize,
    mut put: impl FnMut(Part) -> bool,
) -> rusqlite::Result<()> {
    let (next, is_over) = (Mutex::new(parts.enumerate()), AtomicBool::new(false));
    let (sender, parts) = mpsc::sync_channel(threads * AHEAD);
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(|| read_parts(path, &next, &is_over, sender));
        }
        drop(sender);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        let mut outcome = Ok(());
        for (index, part) in parts {
            waiting.insert(index, part);
            while let Some(part) = waiting.remove(&due).filter(|_| outcome.is_ok()) {
                due += 1;
                let goes_on = part.map(&mut put);
                if !matches!(goes_on, Ok(true)) {
                    // What others have read is dropped: nothing can be said of it.
                    is_over.store(true, Ordering::Relaxed);
                    due = usize::MAX;
                }
                outcome = goes_on.map(drop);
            }
        }
        outcome
    })
}

fn read_parts(
    path: &Path,
    next: &Mutex<Enumerate<Parts>>,
    is_over: &AtomicBool,
    sender: mpsc::SyncSender<(usize, rusqlite::Result<Part>)>,
) {
    let connection = schema::open_reading(path);
    while !is_over.load(Ordering::Relaxed) {
        let part = next.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((index, (begin, end))) = part else { return };
        let part = match &connection {
            Ok(connection) => read_part(connection, begin, end),
            Err(_) => schema::open_reading(path).and_then(|it| read_part(&it, begin, end)),
        };
        if sender.send((index, part)).is_err() {
            return;
        }
    }
}

/// Reads the records after `begin`, up to `end`.
fn read_part(connection: &Connection, begin: u64, end: u64) -> rusqlite::Result<Part> {
    let mut part = Part {
        span: Span::starting_at(begin),
        pruned: Vec::new(),
        told: Vec::new(),
        faults: Vec::new(),
        broken: None,
    };
    let sql = "SELECT seq, kind, at_ms, body, leaf FROM record WHERE seq > ? AND seq <= ?
         ORDER BY seq";
    let mut records = connection.prepare_cached(sql)?;
    let mut rows = records.query(params![begin.cast_signed(), end.cast_signed()])?;
    while let Some(row) = rows.next()? {
        if let Err(broken) = part.take(row)? {
            part.broken = Some(broken);
            return Ok(part);
        }
    }
    if part.span.end() < end {
        part.broken = Some(missing(part.span.end() + 1));
    }
    Ok(part)
}

fn missing(seq: u64) -> Fault {
    fault(Verdict::Altered, Some(seq), format!("record {seq} is missing"))
}

impl Part {
    /// Takes the next row; a fault where no leaf follows the last one.
    fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<Result<(), Fault>> {
        let (due, seq) = (self.span.end() + 1, row.get::<_, i64>(0)?.cast_unsigned());
        if seq != due {
            return Ok(Err(missing(due)));
        }
        let leaf = match row.get_ref(4)? {
            ValueRef::Blob(leaf) => leaf.try_into().ok().map(Hash::from_bytes),
            _ => None,
        };
        let Some(leaf) = leaf else {
            let why = format!("record {seq} has no hash");
            return Ok(Err(fault(Verdict::Corrupt, Some(seq), why)));
        };
        match row.get_ref(3)? {
            ValueRef::Null => self.pruned.push(seq),
            ValueRef::Blob(body) => {
                let columns = (row.get_ref(1)?, row.get_ref(2)?);
                if let Some(why) = self.judge(seq, body, leaf, columns) {
                    self.faults.push(fault(Verdict::Altered, Some(seq), why));
                }
            }
            _ => {
                let why = format!("record {seq} is not what was written");
                self.faults.push(fault(Verdict::Altered, Some(seq), why));
            }
        }
        self.span.push(leaf);
        Ok(Ok(()))
    }

    /// Returns what is wrong with a record that has its body.
    fn judge(
        &mut self,
        seq: u64,
        body: &[u8],
        leaf: Hash,
        (kind, at): (ValueRef<'_>, ValueRef<'_>),
    ) -> Option<String> {
        if Hash::of_leaf(body) != leaf {
            return Some(format!("record {seq} is not what its hash was made of"));
        }
        let Some(envelope) = Envelope::read(body) else {
            return Some(format!("record {seq} is no record"));
        };
        if envelope.seq != seq {
            return Some(format!("in the place of record {seq} is record {}", envelope.seq));
        }
        let at_ms = envelope.at.parse::<Timestamp>().ok().map(Timestamp::ms);
        let is_kind = matches!(kind, ValueRef::Text(kind) if kind == envelope.kind.as_bytes());
        let is_time = matches!(at, ValueRef::Integer(at) if Some(at) == at_ms);
        if !is_kind || !is_time {
            return Some(format!("record {seq} is filed under another kind or time than its own"));
        }
        if matches!(envelope.kind, "pruned" | "daemon.started") {
            self.told.extend(told(seq, body));
        }
        None
    }
}

fn told(seq: u64, body: &[u8]) -> Option<Told> {
    match serde_json::from_slice::<Record>(body).ok()?.body {
        Body::Pruned(pruned) => {
            let (from, until, count) = (pruned.from_seq, pruned.until_seq, pruned.count);
            Some(Told::Pruned { from, until, count })
        }
        Body::DaemonStarted(run) => {
            let sealed = run.sealed?;
            Some(Told::Sealed { seq, size: sealed.size, root: Hash::from_base64(&sealed.root)? })
        }
        _ => None,
    }
}

/// Adds a part; false where it is the last that can be used.
fn put(verifier: &mut Verifier, part: Part) -> bool {
    part.faults.into_iter().for_each(|fault| verifier.fault(fault));
    part.pruned.into_iter().for_each(|seq| verifier.pruned(seq));
    for told in part.told {
        match told {
            Told::Pruned { from, until, count } => verifier.account(from, until, count),
            Told::Sealed { seq, size, root } => verifier.claim(seq, size, root),
        }
    }
    if verifier.append(&part.span).is_err() {
        let seq = verifier.size() + 1;
        verifier.break_off(missing(seq));
        return false;
    }
    match part.broken {
        Some(broken) => {
            verifier.break_off(broken);
            false
        }
        None => true,
    }
}
