//! The tables of tokens: what counts of each response, and the sums of each session.
//!
//! Several records may speak of one response. One that another corrects counts no more, whichever
//! came first; of what is left the best counts, by its content alone.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::record::{Record, Usage};

use super::dir::quarter_hour;
use super::{key, summand};

/// What counts of one response.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Counted {
    quarter: i64,
    session: i64,
    model: i64,
    /// The classes, in the order of the columns.
    tokens: [i64; 6],
}

/// Projects `usage`.
pub(super) fn used(
    tx: &Connection,
    record: &Record,
    session: i64,
    body: &Usage,
) -> rusqlite::Result<()> {
    let mut said = tx.prepare_cached("SELECT 1 FROM usage WHERE key = ?")?;
    let is_first = !said.exists([&body.key])?;
    let before = if is_first { None } else { counted(tx, &body.key)? };
    if let Some(corrected) = record.replaces {
        correct(tx, &body.key, corrected)?;
    }
    let sql = "DELETE FROM usage_corrected WHERE key = ? AND record = ?";
    let is_corrected = tx.prepare_cached(sql)?.execute(params![body.key, bytes(record.id)])? > 0;
    let inserted = if is_corrected { None } else { Some(insert(tx, record, session, body)?) };
    let after = match inserted {
        // Mostly nothing else was said of it.
        Some(only) if is_first => Some(only).filter(|_| !body.retracted),
        _ => counted(tx, &body.key)?,
    };
    if before != after {
        before.map_or(Ok(()), |before| add(tx, before, -1))?;
        after.map_or(Ok(()), |after| add(tx, after, 1))?;
    }
    Ok(())
}

/// Takes back what a record said, or remembers that it is to count for nothing when it comes.
fn correct(tx: &Connection, key: &str, corrected: RecordId) -> rusqlite::Result<()> {
    let name = params![key, bytes(corrected)];
    let mut take_back = tx.prepare_cached("DELETE FROM usage WHERE key = ? AND record = ?")?;
    if take_back.execute(name)? == 0 {
        let sql = "INSERT OR IGNORE INTO usage_corrected (key, record) VALUES (?, ?)";
        tx.prepare_cached(sql)?.execute(name)?;
    }
    Ok(())
}

fn insert(
    tx: &Connection,
    record: &Record,
    session: i64,
    body: &Usage,
) -> rusqlite::Result<Counted> {
    let name = [body.model.as_deref().unwrap_or("")];
    let insert = "INSERT INTO model (name) VALUES (?)";
    let model = key(tx, "SELECT key FROM model WHERE name = ?", insert, name)?;
    let tokens = body.tokens;
    let tokens = [
        tokens.input,
        tokens.cache_read,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
    ];
    let tokens = tokens.map(summand);
    let [input, cache_read, write_5m, write_1h, output, reasoning] = tokens;
    tx.prepare_cached(
        "INSERT INTO usage (key, record, retracted, corrects, at_ms, session, model, input,
            cache_read, cache_write_5m, cache_write_1h, output, reasoning)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        body.key,
        bytes(record.id),
        body.retracted,
        record.replaces.is_some(),
        record.at.ms(),
        session,
        model,
        input,
        cache_read,
        write_5m,
        write_1h,
        output,
        reasoning,
    ])?;
    Ok(Counted { quarter: quarter_hour(record.at), session, model, tokens })
}

/// Returns what counts of a response: nothing where it turned out to be another's copy.
fn counted(tx: &Connection, key: &str) -> rusqlite::Result<Option<Counted>> {
    // Counters of a response only grow. Names in place of keys: those depend on the order of arrival.
    let mut best = tx.prepare_cached(
        "SELECT u.retracted, u.session, u.model, input, cache_read, cache_write_5m, cache_write_1h,
            output, reasoning, u.at_ms
         FROM usage u JOIN session s ON s.key = u.session JOIN model m ON m.key = u.model
         WHERE u.key = ?
         ORDER BY retracted DESC, output DESC, corrects DESC, at_ms DESC, input DESC,
            cache_read DESC, cache_write_5m DESC, cache_write_1h DESC, reasoning DESC,
            s.id DESC, s.agent DESC, m.name DESC
         LIMIT 1",
    )?;
    let best = best.query_row([key], |row: &Row<'_>| {
        if row.get(0)? {
            return Ok(None);
        }
        let mut tokens = [0; 6];
        for (column, tokens) in (3..).zip(&mut tokens) {
            *tokens = row.get(column)?;
        }
        let quarter = quarter_hour(Timestamp::from_ms(row.get(9)?));
        Ok(Some(Counted { quarter, session: row.get(1)?, model: row.get(2)?, tokens }))
    });
    best.optional().map(Option::flatten)
}

/// Adds a response to the sums of its session and of its time, or takes it out of them.
fn add(tx: &Connection, counted: Counted, times: i64) -> rusqlite::Result<()> {
    let Counted { quarter, session, model, tokens } = counted;
    let [input, cache_read, write_5m, write_1h, output, reasoning] =
        tokens.map(|tokens| tokens * times);
    tx.prepare_cached(
        "INSERT INTO session_model (session, model, responses, input, cache_read, cache_write_5m,
            cache_write_1h, output, reasoning)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET responses = responses + excluded.responses,
            input = input + excluded.input, cache_read = cache_read + excluded.cache_read,
            cache_write_5m = cache_write_5m + excluded.cache_write_5m,
            cache_write_1h = cache_write_1h + excluded.cache_write_1h,
            output = output + excluded.output, reasoning = reasoning + excluded.reasoning",
    )?
    .execute([session, model, times, input, cache_read, write_5m, write_1h, output, reasoning])?;
    tx.prepare_cached(
        "INSERT INTO usage_quarter (quarter, session, model, responses, input, cache_read,
            cache_write_5m, cache_write_1h, output, reasoning)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET responses = responses + excluded.responses,
            input = input + excluded.input, cache_read = cache_read + excluded.cache_read,
            cache_write_5m = cache_write_5m + excluded.cache_write_5m,
            cache_write_1h = cache_write_1h + excluded.cache_write_1h,
            output = output + excluded.output, reasoning = reasoning + excluded.reasoning",
    )?
    .execute(params![
        quarter, session, model, times, input, cache_read, write_5m, write_1h, output, reasoning
    ])?;
    if times < 0 {
        tx.prepare_cached(
            "DELETE FROM session_model WHERE session = ? AND model = ? AND responses = 0",
        )?
        .execute([session, model])?;
        tx.prepare_cached(
            "DELETE FROM usage_quarter
             WHERE quarter = ? AND session = ? AND model = ? AND responses = 0",
        )?
        .execute([quarter, session, model])?;
    }
    Ok(())
}

/// Returns a record's id as a column has it.
fn bytes(id: RecordId) -> [u8; 16] {
    let digits = id.to_string().replace('-', "");
    u128::from_str_radix(&digits, 16).expect("a record's id is 32 digits").to_be_bytes()
}
