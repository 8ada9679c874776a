//! The tables of zones: what was entered, and what somebody has looked at.

use rusqlite::{Connection, params};
use trackway_protocol::record::{Record, ZoneAcknowledged, ZoneEntered};

use super::pending::Pending;
use super::{Seen, repo};

/// Takes an entry in.
pub(super) fn entered(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    record: &Record,
    body: &ZoneEntered,
) -> rusqlite::Result<()> {
    let repo = body.repo.as_ref().map(|it| repo::seen(tx, pending, seen, it)).transpose()?;
    tx.prepare_cached(
        "INSERT INTO zone_entry
            (seq, id, at_ms, zone, managed, severity, agent, launch, session, how, path, repo)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        record.seq.cast_signed(),
        record.id.to_string(),
        record.at.ms(),
        body.zone,
        body.managed,
        body.severity as i64,
        body.agent.as_deref().unwrap_or_default(),
        body.launch.map(|launch| launch.to_string()).unwrap_or_default(),
        body.session.as_deref().unwrap_or_default(),
        body.how,
        body.path,
        repo,
    ])?;
    Ok(())
}

/// Takes in that somebody has looked at an entry; of several words the newest counts.
pub(super) fn acknowledged(
    tx: &Connection,
    seen: Seen,
    body: &ZoneAcknowledged,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO zone_ack (entry, at_ms, note) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, note = excluded.note
         WHERE (excluded.at_ms, excluded.note) > (at_ms, note)",
    )?
    .execute(params![
        body.entry.to_string(),
        seen.at.ms(),
        body.note.as_deref().unwrap_or_default()
    ])?;
    Ok(())
}
