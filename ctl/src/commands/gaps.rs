//! `gaps`: when the recorder was blind.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::GapRow;

use super::{Console, Order};
use crate::cli::filter::{Limit, Range};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List when a source saw less than everything, the oldest first
///
/// `off` is time in which trackwayd was not running because it was stopped in order.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl gaps --since 7d")]
pub(crate) struct Gaps {
    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    limit: Limit,
}

impl Gaps {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter { limit: self.limit.limit, ..Filter::default() };
        self.range.apply(console.around, &mut filter)?;
        let asked = console.page::<GapRow>(&filter, Order::OldestFirst, |id, filter| {
            Request::Gaps { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::Gap, &filter), render::gaps::write)
    }
}
