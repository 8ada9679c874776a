//! `show ID`: everything about one launch or session.

use std::io::Write;

use clap::Args;
use serde::Deserialize;
use serde::de::IgnoredAny;
use trackway_protocol::message::Request;

use super::{Console, Form};
use crate::client::{ClientError, Line, understood};
use crate::error::Error;
use crate::render;
use crate::render::record::Entry;
use crate::render::show::Subject;

/// Show everything about one launch or session: what is known of it, and its records in order
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl show 3f2a9c41")]
pub(crate) struct Show {
    /// The id of a launch or a session, or a beginning that no other has
    id: String,
}

impl Show {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let request = |id| Request::Show { id, of: self.id.clone() };
        if console.form == Form::Json {
            return console.verbatim(request).map(drop);
        }
        let view = &console.around.view;
        let (mut shown, mut entries) = (None, Vec::new());
        let mut client = console.connect()?;
        let mut reply = client.ask(request)?;
        loop {
            match reply.line()? {
                Line::Row(row) => shown = Some(subject(row)?),
                Line::Record(record) => entries.push(Entry::of(record, view)),
                Line::End(_) => break,
            }
        }
        let Some(shown) = shown else {
            return Err(ClientError::Garbled("it has no launch or session in it".into()).into());
        };
        Ok(render::show::write(&shown, &entries, view, console.out)?)
    }
}

/// Reads what is shown. Of the two kinds of rows only that of a session has tokens.
fn subject(row: &[u8]) -> Result<Subject, ClientError> {
    #[derive(Deserialize)]
    struct Shape {
        tokens: Option<IgnoredAny>,
    }
    match understood::<Shape>(row)?.tokens {
        Some(_) => Ok(Subject::Session(Box::new(understood(row)?))),
        None => Ok(Subject::Launch(Box::new(understood(row)?))),
    }
}
