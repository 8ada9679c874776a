//! `gaps`: when the recorder was blind.

use std::io::Write;

use clap::Args;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::{GapRow, TimeRow};

use super::{Console, Form, Order};
use crate::cli::filter::{Limit, Range};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

/// List when a source saw less than everything, the oldest first
///
/// `off` is time in which the machine was shut down in order. Below the table stands how much of the
/// range was recorded, from the first start where none is named.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl gaps --since 7d")]
pub(crate) struct Gaps {
    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    limit: Limit,

    /// Show for each source how the range divides: recorded, degraded, blind and off
    #[arg(long, conflicts_with = "limit")]
    time: bool,
}

impl Gaps {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter { limit: self.limit.limit, ..Filter::default() };
        self.range.apply(console.around, &mut filter)?;
        let range = Filter { limit: None, ..filter.clone() };
        if self.time {
            return time(range, console);
        }
        let asked = console.page::<GapRow>(&filter, Order::OldestFirst, |id, filter| {
            Request::Gaps { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::Gap, &filter), render::gaps::write)?;
        // A daemon that is older does not know; that spoils no list.
        let rows = console.connect()?.rows::<TimeRow>(|id| Request::Time { id, filter: range });
        let launches = rows.ok().and_then(|(rows, _)| rows.into_iter().next());
        if let Some(row) = launches {
            writeln!(console.out, "\n{}", render::shares::summary(&row))?;
        }
        Ok(())
    }
}

fn time(filter: Filter, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    let request = |id| Request::Time { id, filter };
    if console.form == Form::Json {
        return console.verbatim(request).map(drop);
    }
    let (rows, _) = console.connect()?.rows::<TimeRow>(request)?;
    render::shares::write(&rows, &console.around.view, console.out)?;
    let Some(launches) = rows.first() else { return Ok(()) };
    Ok(writeln!(console.out, "\n{}", render::shares::summary(launches))?)
}
