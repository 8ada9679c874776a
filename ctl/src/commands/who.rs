//! `who PLACE`: which launches touched a path, or a repository.
//!
//! An answer without rows is the one that people act on. It therefore says since when anything could
//! have been recorded, and how often the recorder was blind; to a program's reader as well.

use std::io::Write;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};
use serde::de::IgnoredAny;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::{Status, WhoRow};

use super::{Console, Form, Order, unresolved};
use crate::cli::filter::{Deed, Limit, Narrow, Range, aim};
use crate::error::Error;
use crate::render;
use crate::render::who::Untouched;

/// List which launches and sessions touched a place, the last to touch it first
///
/// A place is a path, which need not exist any more: it and all that lies below. Or it is a
/// repository by its remote, in any spelling: all of its clones and working trees. A name that
/// exists is a path; to ask for a path that looks like a remote and is gone, begin it with `./`.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl who ~/src/secret-model --since 30d")]
pub(crate) struct Who {
    /// A path, or a remote: https://host/o/r, git@host:o/r, host/o/r
    #[arg(
        value_name = "PATH|REMOTE",
        value_hint = ValueHint::AnyPath,
        value_parser = NonEmptyStringValueParser::new()
    )]
    place: String,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    deed: Deed,

    #[command(flatten)]
    narrow: Narrow,

    #[command(flatten)]
    limit: Limit,
}

impl Who {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        // Of an absence, helpers are a part.
        let mut filter = Filter { helpers: true, limit: self.limit.limit, ..Filter::default() };
        aim(&self.place, console.around, &mut filter)?;
        self.range.apply(console.around, &mut filter)?;
        self.deed.apply(&mut filter);
        self.narrow.apply(&mut filter);
        if console.form == Form::Json {
            let rows = console.verbatim(|id| Request::Who { id, filter: filter.clone() })?;
            return if rows == 0 { untouched(&filter, console) } else { Ok(()) };
        }
        let asked = console.page::<WhoRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Who { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        if page.rows.is_empty() {
            untouched(&filter, console)?;
        } else {
            render::who::write(&page.rows, &console.around.view, console.out)?;
        }
        console.notes(&page.notes)
    }
}

/// Says what it means that there are no rows.
fn untouched(
    filter: &Filter,
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<(), Error> {
    let status = status(console);
    let told = Untouched {
        begin: status.as_ref().and_then(|status| status.ledger.begins_at),
        is_scoped: status.is_some_and(|status| status.scope.is_some()),
        gaps: gaps(filter, console).ok(),
        unresolved: unresolved(filter, console).ok(),
    };
    let told = told.told(filter, &console.around.view);
    match console.form {
        Form::Table => Ok(writeln!(console.out, "{told}")?),
        Form::Json => console.note(&told),
    }
}

/// Returns how many gaps there are in the filter's range.
fn gaps(filter: &Filter, console: &Console<'_, impl Write, impl Write>) -> Result<u64, Error> {
    let Filter { since_ms, until_ms, .. } = *filter;
    let filter = Filter { since_ms, until_ms, ..Filter::default() };
    let (gaps, _) = console.connect()?.rows::<IgnoredAny>(|id| Request::Gaps { id, filter })?;
    Ok(gaps.len() as u64)
}

/// Returns what tells when the ledger begins, and whether a scope is set.
fn status(console: &Console<'_, impl Write, impl Write>) -> Option<Status> {
    let answer = console.connect().ok()?.rows::<Status>(|id| Request::Status { id });
    answer.ok()?.0.pop()
}
