//! `report`: what happened in a week, as a page, as tables or as JSON; or whether a place was touched
//! in it at all.

use std::io::Write;
use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use jiff::Zoned;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::report as wire;
use trackway_report::{Format, csv, render};

use super::Console;
use crate::cli::filter::{Agent, Place, Range};
use crate::client::ClientError;
use crate::error::Error;
use crate::render::text::count;

mod absence;
pub(super) mod answer;
mod destination;
mod span;

use answer::Answer;
use destination::{Destination, Text, chosen};
use span::Span;

/// Report what agents did in a week, or in any other range
///
/// Without a range it is about the last ISO week that is over. What a report does not know is in it;
/// costs are what the tokens would cost at the vendor's API. `--json` is the report as the daemon made
/// it, which has its own SHA-256 in it.
///
/// With --absence it says whether a place was touched at all, and what that answer is worth. Without a
/// range that is about all that is recorded. It exits with 0 where no touch was recorded, and with 1
/// where one was, or where nothing at all was recorded in the range.
#[derive(Debug, Args)]
#[command(
    after_long_help = AFTER,
    after_help = "Example: trackwayctl report --week 2026-W47 -o week.html"
)]
pub(crate) struct Report {
    /// Tell of this ISO week: 2026-W47, `last` or `this` [default: last]
    #[arg(
        long,
        value_name = "WEEK",
        conflicts_with_all = ["since", "until"],
        value_parser = NonEmptyStringValueParser::new()
    )]
    week: Option<String>,

    #[command(flatten)]
    range: Range,

    /// Let weeks, days and hours be those of this time zone, such as Europe/Berlin [default: this
    /// system's]
    #[arg(long, value_name = "ZONE", value_parser = NonEmptyStringValueParser::new())]
    time_zone: Option<String>,

    #[command(flatten)]
    agent: Agent,

    #[command(flatten)]
    place: Place,

    /// The format [default: what the name after -o ends in, or md]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<Format>,

    /// Write this table, with --format csv [default: repos, or all into a directory]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(csv::names()))]
    table: Option<String>,

    /// Write to this file, or to files in this directory, instead of standard output
    #[arg(short, long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    output: Option<PathBuf>,

    /// Say whether the place of --repo or --dir was touched at all
    #[arg(long, conflicts_with_all = ["agent", "table"])]
    absence: bool,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(|(name, _)| name))
        .map(|name| Format::named(&name).expect("no other value is possible"))
}

const AFTER: &str = "\
A directory after -o is one that is there, or a name that ends in `/`. A file in it is named for the \
week, such as trackway-2026-W47.html, or for the days on which another range begins and ends, and for \
what it is narrowed to; tables are named repos.csv, days.csv and so on. Files appear when they are complete, readable by their owner \
alone; what was there before stays until then.

Examples:
  trackwayctl report
  trackwayctl report --week this --agent codex
  trackwayctl report --since 2026-11-01 --until 2026-12-01 --format csv -o november/
  trackwayctl report --absence --dir ~/src/secret-model --since 30d";

/// The table where none is named.
const TABLE: &str = "repos";

impl Report {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        if self.absence {
            return self.absence(console);
        }
        let destination = Destination::of(self.output.as_deref());
        let format = chosen(self.format, &destination, console.form)?;
        if self.table.is_some() && format != Format::Csv {
            return Err(Error::Usage {
                what: format!("--table is for --format csv, not for {}", format.name()),
                hint: "leave one of them out",
            });
        }
        let span = Span::of_report(self.week.as_deref(), &self.range, self.now(console)?)?;
        let time_zone = Some(span.zone_name()?);
        let mut filter = Filter::default();
        self.agent.apply(&mut filter);
        self.place.apply(console.around, &mut filter)?;
        let name = format!("{}.{}", span.stem("trackway", &filter), format.name());
        span.apply(&mut filter);
        let week = span.week_name();
        let ask = |id| Request::Report { id, filter, week, time_zone };
        let answer = Answer::ask(console, ask)?;
        match format {
            Format::Json => {
                destination.write(&name, &Text::Json(answer.line()?.get().as_bytes()), console)?
            }
            Format::Csv => {
                self.tables(&answer.read(|report: wire::Report| report)?, &destination, console)?;
            }
            Format::Markdown | Format::Html => {
                let text = answer.read(|report: wire::Report| render(&report, format))?;
                destination.write(&name, &Text::Plain(&text), console)?;
            }
        }
        let is_shown = destination == Destination::Stdout && console.around.terminal;
        if format == Format::Html && is_shown {
            console.note("`-o FILE` writes it to a file, for a browser")?;
        }
        answer.notes(console)
    }

    /// Returns the current time in the time zone that it is all about.
    fn now(&self, console: &Console<'_, impl Write, impl Write>) -> Result<Zoned, Error> {
        span::now(self.time_zone.as_deref(), &console.around.view.now)
    }

    /// Writes the table that was asked for; into a directory all of them where none was.
    fn tables(
        &self,
        report: &wire::Report,
        destination: &Destination,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        if let (Destination::Directory(dir), None) = (destination, &self.table) {
            destination::create(dir)?;
            let tables = csv::tables(report);
            for table in &tables {
                let path = dir.join(format!("{}.csv", table.name));
                destination::save(&path, &Text::Plain(&table.text))?;
            }
            let tables = count(tables.len() as u64, "table", "tables");
            let dir = console.around.view.path(&dir.to_string_lossy());
            return console.note(&format!("wrote {tables} to {dir}"));
        }
        let name = self.table.as_deref().unwrap_or(TABLE);
        let text = table(report, name)?;
        destination.write(&format!("{name}.csv"), &Text::Plain(&text), console)
    }
}

fn table(report: &wire::Report, name: &str) -> Result<String, ClientError> {
    let none = || ClientError::Garbled(format!("it has no table {name}"));
    csv::table(report, name).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_nobody_named_is_one_and_every_name_has_one() {
        assert!(csv::names().contains(&TABLE));
        for name in csv::names() {
            assert!(table(&wire::Report::default(), name).is_ok(), "{name}");
        }
    }
}
