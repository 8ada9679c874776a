//! The tables of configuration: which files there are, and what changed in each.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;
use trackway_protocol::record::{ConfigChanged, Record};

use super::super::register::strength;
use super::repo;

pub(super) fn changed(
    tx: &Connection,
    record: &Record,
    body: &ConfigChanged,
) -> rusqlite::Result<()> {
    let file = file_key(tx, body)?;
    let repo = match &body.repo {
        Some(repo) => repo::identity_key(tx, repo)?,
        None => repo::NONE,
    };
    let at = record.at.ms();
    // What was found has been so since it was written, as far as anybody knows.
    let since =
        body.modified_at.filter(|_| body.found).map_or(at, |modified| modified.ms().min(at));
    let mut insert = tx.prepare_cached(
        "INSERT INTO config_change (seq, number, file, at_ms, since_ms, found, repo, key, what,
            before, after, risk, why, evidence)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (number, change) in body.changes.iter().enumerate() {
        let json = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
        insert.execute(params![
            record.seq.cast_signed(),
            i64::try_from(number).unwrap_or(i64::MAX),
            file,
            at,
            since,
            body.found,
            repo,
            change.key,
            change.what,
            json(&change.before),
            json(&change.after),
            change.risk as i64,
            change.why,
            strength(record.evidence),
        ])?;
    }
    Ok(())
}

fn file_key(tx: &Connection, body: &ConfigChanged) -> rusqlite::Result<i64> {
    let ConfigChanged { agent, path, scope, file, dir, .. } = body;
    let dir = dir.as_deref().unwrap_or_default();
    let names = [agent, path, scope, file, dir];
    let select = "SELECT key FROM config_file
        WHERE agent = ? AND path = ? AND scope = ? AND kind = ? AND dir = ?";
    let known = tx.prepare_cached(select)?.query_row(names, |row| row.get(0)).optional()?;
    match known {
        Some(key) => Ok(key),
        None => {
            let insert = "INSERT INTO config_file (agent, path, scope, kind, dir)
                VALUES (?, ?, ?, ?, ?)";
            tx.prepare_cached(insert)?.insert(names)
        }
    }
}
