//! `config`: how the configuration of agents changed; below it what is in force, and what is a risk.

use std::io::Write;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::ConfigRow;

use super::{Console, Order};
use crate::cli::filter::{Agent, Limit, Place, Range, Weight};
use crate::error::Error;
use crate::render;
use crate::render::selection::Nothing;

mod findings;
mod show;

use findings::Findings;
use show::Show;

/// List how the configuration of agents changed, the newest change first
///
/// Told by the agents' own configuration files, which are looked at when they change. Of a value
/// that may be a secret it is known only that it was set. Below a change stands why it matters, and
/// who is known to have written the file; else which launches ran at that time.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: trackwayctl config --risk medium --since monday"
)]
pub(crate) struct Config {
    #[command(subcommand)]
    question: Option<Question>,

    /// List also what was there when a file was first looked at
    #[arg(long)]
    found: bool,

    #[command(flatten)]
    weight: Weight,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    agent: Agent,

    /// Take only changes in the time of this session, and what it wrote: its id, or how it begins
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    session: Option<String>,

    /// Take only changes while this launch ran: its id, or how it begins
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    launch: Option<String>,

    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Subcommand)]
enum Question {
    Show(Show),
    Findings(Findings),
}

impl Config {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        match &self.question {
            None => self.changes(console),
            Some(Question::Show(question)) => question.run(console),
            Some(Question::Findings(question)) => question.run(console),
        }
    }

    fn changes(&self, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
        let mut filter = Filter {
            session: self.session.clone(),
            launch: self.launch.clone(),
            found: self.found,
            limit: self.limit.limit,
            ..Filter::default()
        };
        self.weight.apply(&mut filter);
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.agent.apply(&mut filter);
        let asked = console.page::<ConfigRow>(&filter, Order::NewestFirst, |id, filter| {
            Request::Config { id, filter }
        })?;
        let Some(page) = asked else { return Ok(()) };
        console.table(&page, (Nothing::Configuration, &filter), render::config::changes::write)
    }
}
