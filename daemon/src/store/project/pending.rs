//! What records change, in memory until it is written.
//!
//! Many records of a batch are about the same few directories, files and sessions: what they add up
//! to is written once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};

use super::super::register::Register;
use super::dir::{self, RepoFact};
use super::launch::unreadable;
use super::repo::Clones;
use super::session::Signs;
use super::sums::Sums;
use super::{Seen, file};

/// What is still to be written.
#[derive(Default)]
pub(in super::super) struct Pending {
    pub(super) sums: Sums,
    pub(super) clones: Clones,
    /// The repositories that directories, and files, are in.
    pub(super) dirs: Registers,
    pub(super) files: Registers,
    pub(super) signs: Signs,
}

impl Pending {
    /// Writes everything.
    pub(in super::super) fn write(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        self.sums.write(tx)?;
        self.clones.write(tx)?;
        self.dirs.write(tx, dir::PUT_REPO)?;
        self.files.write(tx, file::PUT_REPO)?;
        self.signs.write(tx)
    }
}

/// Registers of one table, by the keys of their rows.
#[derive(Default)]
pub(super) struct Registers(HashMap<i64, (Register, bool)>);

impl Registers {
    /// Has a row's register hear of a repository. `select` reads the register's text.
    pub(super) fn hear(
        &mut self,
        tx: &Connection,
        select: &str,
        key: i64,
        (seen, fact): (Seen, &RepoFact),
    ) -> rusqlite::Result<()> {
        let (register, is_changed) = match self.0.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let mut text = tx.prepare_cached(select)?;
                let register = text.query_row([key], |row| {
                    serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(unreadable)
                })?;
                new.insert((register, false))
            }
        };
        *is_changed |= dir::hear(register, seen, fact);
        Ok(())
    }

    fn write(&mut self, tx: &Connection, update: &str) -> rusqlite::Result<()> {
        for (key, (register, _)) in self.0.drain().filter(|(_, (_, is_changed))| *is_changed) {
            let text = serde_json::to_string(&register).expect("a register has string keys");
            tx.prepare_cached(update)?.execute(params![text, key])?;
        }
        Ok(())
    }
}
