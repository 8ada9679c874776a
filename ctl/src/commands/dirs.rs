//! `dirs`: where agents were.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::DirRow;

use super::{Console, Order};
use crate::cli::filter::{Limit, Narrow, Place, Range, Touch};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List the directories that agents were in, the last touched first
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl dirs --since monday --repo .")]
pub(crate) struct Dirs {
    /// List also directories that only the agents' own helpers were in
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    touch: Touch,

    #[command(flatten)]
    narrow: Narrow,

    #[command(flatten)]
    limit: Limit,
}

impl Dirs {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter { helpers: self.all, limit: self.limit.limit, ..Filter::default() };
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.touch.apply(&mut filter);
        self.narrow.apply(&mut filter);
        let asked = console.page::<DirRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Dirs { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::Directory, &filter), render::dirs::write)
    }
}
