//! `findings`: what the witnesses disagree about, and what is a risk now.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::AnyFinding;

use super::{Console, Order};
use crate::cli::filter::{Limit, Of, Place, Range, Weight};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List what the witnesses disagree about and what is a risk now, the greatest risk first
///
/// A launch that left no session file, a session that no launch accounts for, a session file that is
/// gone too early, transcripts or hooks that were switched off, a recorder that was away while an
/// agent ran; and the settings that `config findings` lists. Where something cannot be known, there
/// is no finding. That there are findings is no failure.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl findings --since 7d --risk medium")]
pub(crate) struct Findings {
    #[command(flatten)]
    weight: Weight,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    of: Of,

    #[command(flatten)]
    limit: Limit,
}

impl Findings {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter { limit: self.limit.limit, ..Filter::default() };
        self.weight.apply(&mut filter);
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.of.apply(&mut filter);
        let asked = console.page::<AnyFinding>(&filter, Order::NewestFirst, |id, filter| {
            Request::AllFindings { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::AnyFinding, &filter), render::findings::write)
    }
}
