//! `config findings`: which settings are a risk now.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::FindingRow;

use crate::cli::filter::{Agent, Place, Weight};
use crate::commands::{Console, Form, unread};
use crate::error::Error;
use crate::render::config::findings;
use crate::render::selection::Nothing;

/// List the settings that are a risk now, the greatest risk first, and what to do about them
///
/// Told by the files of the agents' configuration as they were when they were last looked at. That
/// there are findings is no failure.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl config findings --risk high")]
pub(crate) struct Findings {
    #[command(flatten)]
    weight: Weight,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    agent: Agent,
}

impl Findings {
    /// Asks and shows.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter::default();
        self.weight.apply(&mut filter);
        self.place.apply(console.around, &mut filter)?;
        self.agent.apply(&mut filter);
        let request = |id| Request::Findings { id, filter: filter.clone() };
        if console.form == Form::Json {
            return console.verbatim(request).map(drop);
        }
        let (rows, end) = console.connect()?.rows::<FindingRow>(request)?;
        let view = &console.around.view;
        if rows.is_empty() {
            Nothing::Finding.write(&filter, view, console.out)?;
        } else {
            findings::write(&rows, view, console.out)?;
        }
        end.backfill.as_ref().map_or(Ok(()), |backfill| console.note(&unread(backfill)))
    }
}
