//! `zones`: where agents may not be; below it what entered them, and what a script asks.

use std::io::Write;

use clap::{Args, Subcommand};
use trackway_protocol::message::Request;
use trackway_protocol::row::{Status, ZoneFile, ZoneRow};

use super::{Console, Form};
use crate::error::Error;
use crate::render;

mod ack;
mod check;
mod entries;
mod explain;

use ack::Ack;
use check::Check;
use entries::Entries;
use explain::Explain;

/// List the zones, where agents may not be: where they apply, and how often they were entered
///
/// A zone is a directory or a repository that a rule in `zones.toml` restricts: the machine's, which is
/// "managed", or your own. Nothing is blocked; an entry is recorded. Of a zone whose rule is gone only
/// its entries are left.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl zones")]
pub(crate) struct Zones {
    #[command(subcommand)]
    question: Option<Question>,
}

#[derive(Debug, Subcommand)]
enum Question {
    Entries(Entries),
    Explain(Explain),
    Check(Check),
    Ack(Ack),
}

impl Zones {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        match &self.question {
            None => list(console),
            Some(Question::Entries(question)) => question.run(console),
            Some(Question::Explain(question)) => question.run(console),
            Some(Question::Check(question)) => question.run(console),
            Some(Question::Ack(order)) => order.run(console),
        }
    }
}

fn list(console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    if console.form == Form::Json {
        return console.verbatim(|id| Request::Zones { id }).map(drop);
    }
    let (rows, _) = console.connect()?.rows::<ZoneRow>(|id| Request::Zones { id })?;
    // That this cannot be learnt spoils no list.
    let files = files(console).ok().flatten();
    let view = &console.around.view;
    if rows.is_empty() {
        render::zones::none(files.as_deref(), view, console.out)?;
    } else {
        render::zones::write(&rows, view, console.out)?;
    }
    console.notes(&render::zones::failing(&files.unwrap_or_default(), view))
}

/// Returns the files of rules; nothing where the daemon knows none.
fn files(console: &Console<'_, impl Write, impl Write>) -> Result<Option<Vec<ZoneFile>>, Error> {
    let (status, _) = console.connect()?.rows::<Status>(|id| Request::Status { id })?;
    let zones = status.into_iter().next().and_then(|status| status.zones);
    Ok(zones.map(|zones| zones.files))
}
