//! `zones entries`: what entered zones.

use std::io::Write;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::ZoneEntryRow;

use crate::cli::filter::{Limit, Of, Place, Range, Severity};
use crate::commands::{Console, Form, Order};
use crate::error::Error;
use crate::render::selection::Nothing;
use crate::render::zones::touches;

/// How zones can be entered.
const WAYS: [&str; 5] = ["launch", "command", "read", "write", "add-dir"];

/// List when agents entered zones, the last touched first
///
/// One entry for each zone, launch or session, and way of touching; `×12` is how often it was touched
/// so. An entry is judged by the rule that was in force then. Its number is what `zones ack` takes.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl zones entries --open --severity high")]
pub(crate) struct Entries {
    /// Take only entries into this zone
    #[arg(long, value_name = "ZONE", value_parser = NonEmptyStringValueParser::new())]
    zone: Option<String>,

    /// Take only what nobody has acknowledged
    #[arg(long)]
    open: bool,

    #[command(flatten)]
    severity: Severity,

    /// Take only what entered in this way
    #[arg(long, value_name = "KIND", value_parser = WAYS)]
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

impl Entries {
    /// Asks and shows.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let (how, limit) = (self.how.clone(), self.limit.limit);
        let mut filter = Filter { how, limit, ..Filter::default() };
        self.severity.apply(&mut filter);
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.of.apply(&mut filter);
        let (zone, open) = (self.zone.clone(), self.open);
        let asked = console.page::<ZoneEntryRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::ZoneEntries { id, filter, zone, open }
        })?;
        let Some(page) = asked else { return Ok(()) };
        let nothing = if self.open { Nothing::OpenEntry } else { Nothing::Entry };
        console.table(&page, (nothing, &filter), touches::entries)?;
        self.note(page.rows.is_empty(), console)
    }

    /// Says of which zone alone there is nothing.
    fn note(
        &self,
        is_empty: bool,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        match &self.zone {
            Some(zone) if is_empty && console.form == Form::Table => {
                let zone = crate::render::clean(zone);
                console.note(&format!("That is of the zone {zone}; `trackwayctl zones` lists all."))
            }
            _ => Ok(()),
        }
    }
}
