//! `show ID`: everything about one launch.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::Request;

use super::{Console, Form};
use crate::client::{ClientError, Line, understood};
use crate::error::Error;
use crate::render;
use crate::render::record::Entry;

/// Show everything about one launch: what is known of it, and its records in order
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl show 3f2a9c41")]
pub(crate) struct Show {
    /// The launch's id, or a beginning that no other has
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
        let (mut launch, mut entries) = (None, Vec::new());
        let mut client = console.connect()?;
        let mut reply = client.ask(request)?;
        loop {
            match reply.line()? {
                Line::Row(row) => launch = Some(understood(row)?),
                Line::Record(record) => entries.push(Entry::of(record, view)),
                Line::End(_) => break,
            }
        }
        let Some(launch) = launch else {
            return Err(ClientError::Garbled("it has no launch in it".into()).into());
        };
        Ok(render::show::write(&launch, &entries, view, console.out)?)
    }
}
