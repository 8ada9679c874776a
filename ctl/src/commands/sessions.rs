//! `sessions`: what agents' own session files tell of each session.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::SessionRow;

use super::{Console, Order};
use crate::cli::filter::{Limit, Of, Place, Range};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List agents' sessions, the last active first: models, tokens, files
///
/// Told by the agents' own session files. Tokens are what the models' answers cost as these files
/// have it; UNRESOLVED counts shell calls of which not every file access could be told, and where
/// there is no room for it, a + follows counts of files that may be higher.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl sessions --since 7d --repo .")]
pub(crate) struct Sessions {
    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    of: Of,

    #[command(flatten)]
    limit: Limit,
}

impl Sessions {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter { limit: self.limit.limit, ..Filter::default() };
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.of.apply(&mut filter);
        let asked = console.page::<SessionRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Sessions { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::Session, &filter), render::sessions::write)?;
        let note = render::sessions::note(&page.rows, &console.around.view);
        note.map_or(Ok(()), |note| console.note(&note))
    }
}
