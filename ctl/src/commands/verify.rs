//! `verify`: whether every record is as it was sealed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use trackway_protocol::codec::MAX_REQUEST_LINE;
use trackway_protocol::log::{Note, Notes, Verification, VerifierKey};
use trackway_protocol::message::Request;

use super::{Console, Form};
use crate::error::Error;
use crate::render;

mod offline;

/// Verify that every record is as it was sealed
///
/// Without FILE the daemon verifies its ledger. With FILE an export is verified, and no daemon is asked.
///
/// The verdicts: `ok`; `ok with an unsealed tail`, where the newest records await their checkpoint;
/// `pruned`, where bodies are gone and the ledger's own records say so; `truncated`; `altered`;
/// `forged`; `corrupt`. The last four exit with 5.
///
/// Whoever has this account can write ledger and key anew. Only a checkpoint that was kept elsewhere
/// shows that: see `trackwayctl checkpoint`.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl verify --checkpoint ~/Shared/trackway.checkpoints")]
pub(crate) struct Verify {
    /// Verify this export, made with --format ndjson
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Compare with the checkpoints in this file, which were kept elsewhere
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    checkpoint: Vec<PathBuf>,

    /// Verify checkpoints with this key, or the one in this file: as `checkpoint --key` prints it
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
}

impl Verify {
    /// Verifies, and says what was found.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let notes = self.notes()?;
        let key = self.key.as_deref().map(read_key).transpose()?;
        let found = match &self.file {
            Some(file) => offline::verify(file, &notes, key.as_ref())
                .map_err(|source| Error::Unreadable { path: file.clone(), source })?,
            None => ask(console, &notes, key.as_ref())?,
        };
        match console.form {
            Form::Json => {
                let line = serde_json::to_vec(&found).expect("plain data always serialises");
                render::json::write(&line, console.around.terminal, console.out)?;
            }
            Form::Table => {
                let what = self.file.as_deref().map_or("the ledger".into(), |file| {
                    console.around.view.path(&file.to_string_lossy())
                });
                render::verify::write(&found, &what, &console.around.view, console.out)?;
            }
        }
        if found.verdict.is_good() { Ok(()) } else { Err(Error::NotVerified(found.verdict)) }
    }

    /// Reads the checkpoints that were kept elsewhere.
    fn notes(&self) -> Result<Vec<Note>, Error> {
        let mut all = Vec::new();
        for path in &self.checkpoint {
            let text = read(path)?;
            let notes: Result<Vec<_>, _> = Notes::of(&text).collect();
            let notes = notes.ok().filter(|notes| {
                !notes.is_empty() && notes.iter().all(|note| note.checkpoint().is_some())
            });
            let what = || format!("{} has something else than checkpoints", path.display());
            let hint = "it is the output of `trackwayctl checkpoint`, or several of them";
            all.extend(notes.ok_or_else(|| Error::Usage { what: what(), hint })?);
        }
        Ok(all)
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let read = fs::read_to_string(path);
    read.map_err(|source| Error::Unreadable { path: path.to_owned(), source })
}

fn read_key(key: &str) -> Result<VerifierKey, Error> {
    let text = if key.contains('+') && !Path::new(key).exists() {
        key.to_owned()
    } else {
        read(Path::new(key))?
    };
    VerifierKey::parse(&text).map_err(|error| Error::Usage {
        what: format!("the key: {error}"),
        hint: "`trackwayctl checkpoint --key` prints it",
    })
}

fn ask(
    console: &mut Console<'_, impl Write, impl Write>,
    notes: &[Note],
    key: Option<&VerifierKey>,
) -> Result<Verification, Error> {
    let (checkpoints, left_out) = newest(notes);
    let key = key.map(ToString::to_string);
    let ask = |id| Request::Verify { id, checkpoints, key };
    let (found, _) = console.connect()?.rows::<Verification>(ask)?;
    if left_out > 0 {
        let all = "`trackwayd verify` compares them all";
        console.note(&format!("{left_out} older checkpoints were not compared: {all}"))?;
    }
    let none = || Error::Usage { what: "the daemon found nothing".into(), hint: "ask again" };
    found.into_iter().next().ok_or_else(none)
}

/// Returns the newest checkpoints that fit into one request, and how many did not.
fn newest(notes: &[Note]) -> (Vec<String>, usize) {
    let mut notes: Vec<_> = notes.iter().collect();
    notes.sort_by_key(|note| note.checkpoint().map(|checkpoint| checkpoint.size));
    // Line ends are escaped, and some room is for the rest.
    let (mut left, mut taken) = (MAX_REQUEST_LINE - 4096, Vec::new());
    for note in notes.iter().rev() {
        let text = note.to_string();
        let Some(rest) = left.checked_sub(text.len() + 64) else { break };
        left = rest;
        taken.push(text);
    }
    let left_out = notes.len() - taken.len();
    (taken, left_out)
}
