//! `launches`: every launch.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::LaunchRow;

use super::{Console, Order};
use crate::cli::filter::{Limit, Narrow, Place, Range, Touch};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List launches of agents, the newest first
///
/// `show ID` tells everything about one of them. A place that begins with `ns:` lies in another
/// namespace, such as a container.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl launches --since 7d --agent codex --dir ~/src")]
pub(crate) struct Launches {
    /// List only launches that have not ended
    #[arg(long)]
    running: bool,

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

impl Launches {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter =
            Filter { running: self.running, limit: self.limit.limit, ..Filter::default() };
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.touch.apply(&mut filter);
        self.narrow.apply(&mut filter);
        let asked = console.page::<LaunchRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Launches { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        let nothing = if self.running { Nothing::Running } else { Nothing::Launch };
        console.table(&page, (nothing, &filter), render::launches::write)
    }
}
