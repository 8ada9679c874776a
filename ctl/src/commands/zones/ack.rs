//! `zones ack`: somebody has looked at entries.

use std::io::Write;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use trackway_protocol::message::{FailureCode, Request};
use trackway_protocol::row::ZoneEntryRow;

use crate::client::ClientError;
use crate::commands::{Console, Form};
use crate::error::Error;
use crate::render::zones::touches;

/// The longest note that is kept, in characters.
const LONGEST: usize = 500;

/// Take note that somebody has looked at entries into zones
///
/// Nothing is removed: it is a record of its own, with the note, and is sealed like all others.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl zones ack 1203 1207 --note \"asked Ann: a test\"")]
pub(crate) struct Ack {
    /// The numbers of the entries, as `zones entries` lists them
    #[arg(value_name = "NUMBER", required = true, value_parser = clap::value_parser!(u64).range(1..))]
    entries: Vec<u64>,

    /// What there is to say about them, in at most 500 characters
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    note: Option<String>,
}

impl Ack {
    /// Tells the daemon, and shows what it is about.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let note = self.note.as_deref().map(note).transpose()?;
        let entries = self.entries.clone();
        let request = |id| Request::ZoneAck { id, entries, note };
        if console.form == Form::Json {
            return console.verbatim(request).map(drop).map_err(no_entry);
        }
        let asked = console.connect()?.rows::<ZoneEntryRow>(request);
        let (rows, _) = asked.map_err(|error| no_entry(error.into()))?;
        for row in rows {
            writeln!(console.out, "{}", touches::acknowledged(&row, &console.around.view))?;
        }
        Ok(())
    }
}

/// Returns the note that was typed.
fn note(typed: &str) -> Result<String, Error> {
    let refused = match typed.chars().count() {
        length if length > LONGEST => Some(format!("the note has {length} characters")),
        _ if typed.contains(char::is_control) => Some("the note has control characters".into()),
        _ => None,
    };
    let hint = "a note is one line of at most 500 characters";
    refused.map_or_else(|| Ok(typed.to_owned()), |what| Err(Error::Usage { what, hint }))
}

/// Returns an error that says where numbers come from, where that is what helps.
fn no_entry(error: Error) -> Error {
    match error {
        Error::Client(ClientError::Failure { code: FailureCode::NotFound, message }) => {
            Error::NoEntry(message)
        }
        other => other,
    }
}
