//! `zones explain`: which rule applies to a place.

use std::io::Write;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};
use trackway_protocol::message::Request;
use trackway_protocol::row::ZoneMatchRow;

use crate::cli::filter::{Agent, target};
use crate::commands::{Console, Form};
use crate::error::Error;
use crate::render::zones::matches;

/// Show which rule applies to a place, why, and which ones it is stronger than
///
/// The machine's rules and your own are judged apart: of each the most specific applies.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl zones explain ~/src/secret-model --agent codex")]
pub(crate) struct Explain {
    /// A path, or a remote: https://host/o/r, git@host:o/r, host/o/r
    #[arg(
        value_name = "PATH|REMOTE",
        value_hint = ValueHint::AnyPath,
        value_parser = NonEmptyStringValueParser::new()
    )]
    place: String,

    #[command(flatten)]
    agent: Agent,
}

impl Explain {
    /// Asks and shows.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let place = target(&self.place, console.around)?;
        let agent = self.agent.name();
        let request = |id| Request::ZoneExplain { id, place: place.clone(), agent };
        if console.form == Form::Json {
            return console.verbatim(request).map(drop);
        }
        let (rows, _) = console.connect()?.rows::<ZoneMatchRow>(request)?;
        let view = &console.around.view;
        match &rows[..] {
            [] => Ok(matches::none(&place, view, console.out)?),
            rows => Ok(matches::write(rows, view, console.out)?),
        }
    }
}
