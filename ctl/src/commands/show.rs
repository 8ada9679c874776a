//! `show ID`: everything about one launch or session.

use std::io::Write;

use clap::Args;
use serde::Deserialize;
use serde::de::IgnoredAny;
use trackway_protocol::message::Request;

use super::{Console, Form, unread};
use crate::client::{ClientError, Line, understood};
use crate::error::Error;
use crate::render;
use crate::render::record::Entry;
use crate::render::show::Subject;

/// Show everything about one launch or session: what is known of it, and its records in order
///
/// To a session belong the launches that are known to have worked on it: their records stand among
/// its own, in the order in which things happened.
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
        let end = loop {
            match reply.line()? {
                // Those after the first are of a session's launches.
                Line::Row(row) => match &mut shown {
                    None => shown = Some(subject(row)?),
                    Some(Subject::Session(_, launches)) => launches.push(understood(row)?),
                    Some(Subject::Launch(_)) => {}
                },
                Line::Record(record) => entries.push(Entry::of(record, view)),
                Line::End(end) => break end,
            }
        };
        let Some(shown) = shown else {
            return Err(ClientError::Garbled("it has no launch or session in it".into()).into());
        };
        render::show::write(&shown, entries, view, console.out)?;
        end.backfill.as_ref().map_or(Ok(()), |backfill| console.note(&unread(backfill)))
    }
}

/// Reads what is shown. Of the two kinds of rows only that of a session has tokens.
fn subject(row: &[u8]) -> Result<Subject, ClientError> {
    #[derive(Deserialize)]
    struct Shape {
        tokens: Option<IgnoredAny>,
    }
    match understood::<Shape>(row)?.tokens {
        Some(_) => Ok(Subject::Session(Box::new(understood(row)?), Vec::new())),
        None => Ok(Subject::Launch(Box::new(understood(row)?))),
    }
}
