//! The ways of touching, by number.

use rusqlite::{Connection, OptionalExtension as _};

/// The number of `helper`.
pub(in super::super) const HELPER: i64 = 1;

/// The last number, shared by whatever comes after it: a set of them must fit into 63 bits.
const LAST: i64 = 62;

/// Returns the number of a way of touching.
pub(super) fn key(tx: &Connection, name: &str) -> rusqlite::Result<i64> {
    let known = tx
        .prepare_cached("SELECT key FROM how WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(key) = known {
        return Ok(key);
    }
    let last: i64 = tx.query_row("SELECT ifnull(max(key), 1) FROM how", [], |row| row.get(0))?;
    let key = if name == "helper" { HELPER } else { last + 1 };
    tx.execute("INSERT INTO how (key, name) VALUES (?, ?)", (key, name))?;
    Ok(key)
}

/// Returns the bit of a way of touching in a set of them.
pub(in super::super) fn bit(key: i64) -> i64 {
    1 << key.min(LAST)
}
