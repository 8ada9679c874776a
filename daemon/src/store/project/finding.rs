//! The table of findings.

use rusqlite::{Connection, params};
use trackway_protocol::record::{Finding, Record};

/// Takes a finding in. Of several about the same thing the first one counts, whatever came first
/// into the ledger.
pub(super) fn found(tx: &Connection, record: &Record, body: &Finding) -> rusqlite::Result<()> {
    let launch = body.launch.map(|launch| launch.to_string()).unwrap_or_default();
    tx.prepare_cached(
        "INSERT INTO finding (code, agent, launch, session, path, since_ms, at_ms, risk, why)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, risk = excluded.risk, why = excluded.why
         WHERE (excluded.at_ms, excluded.risk, excluded.why) < (at_ms, risk, why)",
    )?
    .execute(params![
        body.code,
        body.agent,
        launch,
        body.session.as_deref().unwrap_or_default(),
        body.path.as_deref().unwrap_or_default(),
        body.since.ms(),
        record.at.ms(),
        body.risk as i64,
        body.why,
    ])?;
    Ok(())
}
