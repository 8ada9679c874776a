//! `zones check`: whether anything was touched that the rules of today restrict, for scripts.
//!
//! Its exit code is what it is for. Where no touch was recorded, the sentence says what that is worth.

use std::io::Write;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};
use serde::Deserialize;
use serde_json::value::RawValue;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::{ZoneCheckedRow, ZoneTouchRow};

use crate::cli::filter::{Agent, Range, target};
use crate::client::{ClientError, understood};
use crate::commands::{Console, Form, unread};
use crate::error::Error;
use crate::render;
use crate::render::zones::checked::{self, Found};
use crate::render::zones::touches;

/// Check whether agents touched zones, for scripts, hooks and CI
///
/// Asks the rules of today about everything that is recorded, from before they were there as well. Exits
/// with 6 where a touch was recorded, else with 0. That none was recorded is not that there was none:
/// what is not known is said, and with --strict it is a failure, which exits with 1.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl zones check . --since 7d --strict")]
pub(crate) struct Check {
    /// Check these and what lies below: paths, or remotes of repositories [default: all zones]
    #[arg(
        value_name = "PATH|REMOTE",
        value_hint = ValueHint::AnyPath,
        value_parser = NonEmptyStringValueParser::new()
    )]
    places: Vec<String>,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    agent: Agent,

    /// Pass over what somebody has acknowledged
    #[arg(long)]
    open: bool,

    /// Fail also where it is not certain that nothing was touched
    #[arg(long)]
    strict: bool,
}

/// An answer, taken apart.
struct Answer {
    touches: Vec<ZoneTouchRow>,
    checked: ZoneCheckedRow,
}

impl Check {
    /// Asks, shows, and fails where it must.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let places = self.places.iter().map(|place| target(place, console.around));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let mut filter = Filter::default();
        self.range.apply(console.around, &mut filter)?;
        self.agent.apply(&mut filter);
        let request = |id| Request::ZoneCheck { id, places: places.clone(), filter };
        let (lines, end) = console.connect()?.rows::<Box<RawValue>>(request)?;
        if console.form == Form::Json {
            for line in &lines {
                let line = line.get().as_bytes();
                render::json::write(line, console.around.terminal, console.out)?;
            }
        }
        let answer = Answer::of(&lines)?;
        if console.form == Form::Table {
            self.show(&answer, &places, console)?;
        }
        console.notes(&checked::outside(&answer.checked, &console.around.view))?;
        end.backfill.as_ref().map_or(Ok(()), |backfill| console.note(&unread(backfill)))?;
        self.outcome(&answer, console)
    }

    /// Returns the touches that count.
    fn counted<'a>(&self, answer: &'a Answer) -> Vec<&'a ZoneTouchRow> {
        let is_open = |row: &&ZoneTouchRow| row.entry.is_none() || !row.acknowledged;
        answer.touches.iter().filter(|row| !self.open || is_open(row)).collect()
    }

    fn show(
        &self,
        answer: &Answer,
        places: &[String],
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let view = &console.around.view;
        let rows = self.counted(answer);
        if !rows.is_empty() {
            touches::found(&rows, view, console.out)?;
            writeln!(console.out)?;
        }
        let agent = self.agent.name();
        let passed_over = (answer.touches.len() - rows.len()) as u64;
        let found = Found {
            touches: rows.len() as u64,
            passed_over: self.open.then_some(passed_over),
            places,
            agent: agent.as_deref(),
        };
        Ok(writeln!(console.out, "{}", checked::sentence(&answer.checked, found, view))?)
    }

    fn outcome(
        &self,
        answer: &Answer,
        console: &Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        match self.counted(answer).len() as u64 {
            0 if self.strict => {
                let uncertain = checked::uncertain(&answer.checked, &console.around.view);
                if uncertain.is_empty() { Ok(()) } else { Err(Error::Uncertain(uncertain)) }
            }
            0 => Ok(()),
            touches => Err(Error::ZoneTouched(touches)),
        }
    }
}

impl Answer {
    fn of(lines: &[Box<RawValue>]) -> Result<Self, ClientError> {
        /// What tells the last row from the others.
        #[derive(Deserialize)]
        struct Mark {
            #[serde(default)]
            checked: bool,
        }
        let (mut touches, mut checked) = (Vec::new(), None);
        for line in lines {
            let line = line.get().as_bytes();
            match understood::<Mark>(line)?.checked {
                true => checked = Some(understood(line)?),
                false => touches.push(understood(line)?),
            }
        }
        let none = || ClientError::Garbled("it does not say what was looked at".into());
        Ok(Self { touches, checked: checked.ok_or_else(none)? })
    }
}
