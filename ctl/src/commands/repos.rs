//! `repos`: the repositories that agents were in.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::RepoRow;

use super::{Console, Order};
use crate::cli::filter::{Limit, Narrow, Place, Range, Touch};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List the repositories that agents were in, the last touched first
///
/// All clones and working trees of a repository are one row, named for the remote that they have in
/// common; a repository without a remote is named for its directory.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl repos --since 30d --agent codex")]
pub(crate) struct Repos {
    /// List also repositories that only the agents' own helpers were in
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

impl Repos {
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
        let asked = console.page::<RepoRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Repos { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::Repository, &filter), render::repos::write)
    }
}
