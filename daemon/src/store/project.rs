//! From records to the tables that answer questions.
//!
//! Pure: what the tables hold depends on the set of records alone, not on their order, the time of
//! writing, the machine or any setting. [`super::rebuild`] relies on it.

use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Body, Coverage, DaemonRun, Evidence, Record};

use super::register::Grounds;
pub(super) use pending::Pending;

mod config;
pub(super) mod dir;
mod file;
mod finding;
pub(super) mod how;
pub(super) mod kind;
pub(super) mod launch;
mod pending;
pub(super) mod repo;
pub(super) mod sayings;
pub(super) mod session;
pub(super) mod sums;
mod usage;
mod zone;

/// Brings one record into the projections, in the transaction that stores it, but for what is
/// `pending` then.
///
/// A kind that this version does not know changes nothing; a newer version's rebuild reads it.
pub(super) fn project(
    tx: &Connection,
    pending: &mut Pending,
    record: &Record,
) -> rusqlite::Result<()> {
    if let Some(id) = record.body.launch() {
        note_record(tx, launch_key(tx, id)?, record.seq)?;
    }
    let seen = Seen { at: record.at, evidence: record.evidence };
    let session = session::named(tx, pending, seen, record)?;
    match &record.body {
        Body::LaunchStarted(body) => launch::started(tx, pending, seen, body),
        Body::LaunchUpdated(body) => launch::updated(tx, pending, seen, body),
        Body::LaunchEnded(body) => launch::ended(tx, pending, seen, body),
        Body::DirTouched(body) => dir::touched(tx, pending, seen, body),
        Body::Coverage(body) => coverage(tx, record.seq, body),
        Body::DaemonStarted(body) | Body::DaemonStopped(body) => daemon_run(tx, record, body),
        Body::SessionStarted(body) => {
            session::said(tx, pending, seen.grounds(false), session, body)
        }
        Body::SessionUpdated(body) => session::said(tx, pending, seen.grounds(true), session, body),
        Body::SessionLinked(body) => session::linked(tx, seen, session, body),
        // Its session and its repository are known by it; it has no table of its own.
        Body::SessionMade(body) => {
            body.repo.as_ref().map_or(Ok(()), |it| repo::seen(tx, pending, seen, it).map(drop))
        }
        Body::FileAccessed(body) => file::accessed(tx, pending, seen, session, body),
        Body::Usage(body) => usage::used(tx, record, session, body),
        Body::ConfigChanged(body) => config::changed(tx, record, body),
        Body::Finding(body) => finding::found(tx, record, body),
        Body::ZoneEntered(body) => zone::entered(tx, pending, seen, record, body),
        Body::ZoneAcknowledged(body) => zone::acknowledged(tx, seen, body),
        // What is left is projected anew; that some is gone is told by the records themselves.
        Body::Pruned(_) | Body::Other { .. } => Ok(()),
    }
}

/// When a record's fact happened, and how it is known.
#[derive(Clone, Copy)]
struct Seen {
    at: Timestamp,
    evidence: Evidence,
}

impl Seen {
    fn grounds(self, update: bool) -> Grounds {
        let Self { at, evidence } = self;
        Grounds { known: true, evidence, update, at }
    }
}

/// Empties every projection.
pub(super) fn clear(tx: &Connection) -> rusqlite::Result<()> {
    tx.execute_batch(
        "DELETE FROM repo; DELETE FROM clone; DELETE FROM kind; DELETE FROM launch;
         DELETE FROM launch_record; DELETE FROM dir; DELETE FROM dir_repo; DELETE FROM how;
         DELETE FROM dir_touch; DELETE FROM dir_sum; DELETE FROM dir_stay; DELETE FROM repo_sum;
         DELETE FROM repo_stay; DELETE FROM repo_visit;
         DELETE FROM coverage; DELETE FROM daemon_run; DELETE FROM session;
         DELETE FROM session_record; DELETE FROM session_calls;
         DELETE FROM session_left_out; DELETE FROM session_launch;
         DELETE FROM model; DELETE FROM usage; DELETE FROM usage_corrected;
         DELETE FROM session_model; DELETE FROM usage_quarter; DELETE FROM file; DELETE FROM file_repo;
         DELETE FROM file_access; DELETE FROM config_file; DELETE FROM config_change;
         DELETE FROM finding; DELETE FROM zone_entry; DELETE FROM zone_ack;",
    )
}

/// Takes records beyond `last_seq` out of the tables that have them by number: somebody has cut them off, and
/// those that follow get their numbers. What else they told stays until all tables are made anew.
pub(super) fn cut(connection: &mut Connection, last_seq: u64) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    for table in
        ["coverage", "daemon_run", "config_change", "zone_entry", "launch_record", "session_record"]
    {
        tx.execute(&format!("DELETE FROM {table} WHERE seq > ?"), [last_seq.cast_signed()])?;
    }
    tx.commit()
}

/// Returns the key of a launch; it gets a row when it is first named, whatever names it.
fn launch_key(tx: &Connection, id: LaunchId) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO launch (id) VALUES (?)";
    key(tx, "SELECT key FROM launch WHERE id = ?", insert, [&id.to_string()])
}

/// Returns the key of the row that `name` names, inserting it where it is new.
fn key<const N: usize>(
    tx: &Connection,
    select: &str,
    insert: &str,
    name: [&str; N],
) -> rusqlite::Result<i64> {
    let known = tx
        .prepare_cached(select)?
        .query_row(params_from_iter(name), |row| row.get(0))
        .optional()?;
    match known {
        Some(key) => Ok(key),
        None => tx.prepare_cached(insert)?.insert(params_from_iter(name)),
    }
}

fn note_record(tx: &Connection, launch: i64, seq: u64) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO launch_record (launch, seq) VALUES (?, ?)")?
        .execute([launch, seq.cast_signed()])?;
    Ok(())
}

fn coverage(tx: &Connection, seq: u64, body: &Coverage) -> rusqlite::Result<()> {
    // `restored` tells of the blind range when it is over; another state that lasts begins when the
    // former one ends.
    let closes = match body.state.as_str() {
        "active" => Some(body.from),
        "restored" => Some(body.until.unwrap_or(body.from)),
        _ if body.until.is_none() => Some(body.from),
        _ => None,
    };
    tx.prepare_cached(
        "INSERT INTO coverage
            (seq, source, state, from_ms, until_ms, closes_ms, reason, missed, unit, unnamed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        seq.cast_signed(),
        body.source,
        body.state,
        body.from.ms(),
        body.until.map(Timestamp::ms),
        closes.map(Timestamp::ms),
        body.reason,
        body.missed.map(count),
        body.unit,
        body.unnamed.map(count),
    ])?;
    Ok(())
}

fn daemon_run(tx: &Connection, record: &Record, body: &DaemonRun) -> rusqlite::Result<()> {
    let (seq, kind) = (record.seq.cast_signed(), record.body.kind());
    tx.prepare_cached("INSERT INTO daemon_run (seq, kind, at_ms, boot_id) VALUES (?, ?, ?, ?)")?
        .execute(params![seq, kind, record.at.ms(), body.boot_id])?;
    Ok(())
}

/// Returns `count` as SQLite can hold it. No real count is that large; a record must never be one
/// that cannot be written.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns `count` as a column has it that is summed up: no real count is that large, and sums of so
/// many stay in the range of the column.
fn summand(count: u64) -> i64 {
    const MOST: u64 = 1 << 40;
    count.min(MOST).cast_signed()
}
