//! `files`: which files agents read and wrote.

use std::io::Write;

use clap::Args;
use clap::builder::PossibleValuesParser;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::FileRow;

use super::{Console, Order, unresolved};
use crate::cli::filter::{Limit, Of, Place, Range};
use crate::error::Error;
use crate::render;
use crate::render::selection::{Nothing, Unresolved};

/// List the files that agents read and wrote, the last access first
///
/// Told by the agents' own session files. What a shell command says that it does is marked with ~:
/// it is concluded from the command's text, which is not kept.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl files --how write --since monday")]
pub(crate) struct Files {
    /// Take only accesses of this kind
    #[arg(
        long,
        value_name = "KIND",
        value_parser = PossibleValuesParser::new(["read", "write", "create", "delete", "rename"])
    )]
    how: Option<String>,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    of: Of,

    #[command(flatten)]
    limit: Limit,
}

impl Files {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let (how, limit) = (self.how.clone(), self.limit.limit);
        let mut filter = Filter { how, limit, ..Filter::default() };
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.of.apply(&mut filter);
        let asked = console.page::<FileRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Files { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::File, &filter), render::files::write)?;
        if page.rows.is_empty() {
            let unresolved = unresolved(&filter, console).ok();
            writeln!(console.out, "{}", Unresolved::told(unresolved))?;
        }
        Ok(())
    }
}
