//! `checkpoint`: what the ledger is now, signed, for keeping elsewhere.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use trackway_protocol::log::append_note;
use trackway_protocol::message::Request;
use trackway_protocol::row::CheckpointRow;

use super::{Console, Form};
use crate::error::Error;
use crate::render;
use crate::render::text::count;

/// Seal the ledger and print the checkpoint, for keeping elsewhere
///
/// A checkpoint is a few lines that say how many records there are, and their hash, signed with the
/// ledger's key. Kept where whoever has this account cannot rewrite it, it shows later whether the
/// records are still the same: `trackwayctl verify --checkpoint`. `copy-to` in the daemon's
/// configuration has every checkpoint copied by itself.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl checkpoint --to /mnt/share/checkpoints")]
pub(crate) struct Checkpoint {
    /// Append it to this file, or to a file of the ledger's own in this directory
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    to: Option<PathBuf>,

    /// Print the key that checkpoints are verified with, and no checkpoint
    #[arg(long, conflicts_with = "to")]
    key: bool,
}

impl Checkpoint {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let (rows, _) =
            console.connect()?.rows::<CheckpointRow>(|id| Request::Checkpoint { id })?;
        let none = || Error::Usage { what: "the daemon made none".into(), hint: "ask again" };
        let row = rows.into_iter().next().ok_or_else(none)?;
        let path = match &self.to {
            Some(place) => {
                let failed = |source| Error::File { path: place.clone(), source };
                Some(append_note(place, &row.origin, &row.note).map_err(failed)?)
            }
            None => None,
        };
        match (console.form, path) {
            (Form::Json, _) => {
                let line = serde_json::to_vec(&row).expect("plain data always serialises");
                render::json::write(&line, console.around.terminal, console.out)?;
            }
            (Form::Table, Some(path)) => {
                let path = console.around.view.path(&path.to_string_lossy());
                let records = count(row.size, "record", "records");
                writeln!(console.out, "The checkpoint of {records} is in {path}")?;
            }
            (Form::Table, None) if self.key => {
                writeln!(console.out, "{}", render::clean(&row.key))?;
            }
            (Form::Table, None) => {
                for line in row.note.lines() {
                    writeln!(console.out, "{}", render::clean(line))?;
                }
            }
        }
        Ok(())
    }
}
