//! `config show`: what is in force.

use std::io::Write;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::{InForce, SettingRow};

use crate::cli::filter::{Agent, At, Place};
use crate::commands::{Console, Form, unread};
use crate::error::Error;
use crate::render::config::settings;
use crate::render::text::count;

/// Show which settings of the agents are in force, and who makes them
///
/// Without a directory, a launch or a session: what counts everywhere, which are the user's settings
/// and those of whoever administers the machine. A setting of which nobody knows whether it counts is
/// marked with `?`. Of a value that may be a secret it is known only that it is `(set)`.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl config show --dir .")]
pub(crate) struct Show {
    /// Show also settings that are not in force
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    agent: Agent,

    /// Show what is in force in this directory
    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::DirPath,
        value_parser = NonEmptyStringValueParser::new()
    )]
    dir: Option<String>,

    /// Show what was in force for this launch: its id, or how it begins
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "dir",
        value_parser = NonEmptyStringValueParser::new()
    )]
    launch: Option<String>,

    /// Show what was in force for this session: the agent's own id of it, or how that begins
    #[arg(
        long,
        value_name = "ID",
        conflicts_with_all = ["dir", "launch"],
        value_parser = NonEmptyStringValueParser::new()
    )]
    session: Option<String>,

    #[command(flatten)]
    at: At,
}

impl Show {
    /// Asks and shows.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let (launch, session) = (self.launch.clone(), self.session.clone());
        let mut filter = Filter { launch, session, ..Filter::default() };
        self.agent.apply(&mut filter);
        Place { repo: None, dir: self.dir.clone() }.apply(console.around, &mut filter)?;
        let at_ms = self.at.ms(console.around)?;
        let request = |id| Request::Settings { id, filter: filter.clone(), at_ms };
        if console.form == Form::Json {
            return console.verbatim(request).map(drop);
        }
        let (mut rows, end) = console.connect()?.rows::<SettingRow>(request)?;
        let all = rows.len();
        rows.retain(|row| self.all || row.in_force != InForce::No);
        let view = &console.around.view;
        if rows.is_empty() {
            settings::nothing(&filter, at_ms, view, console.out)?;
        } else {
            settings::write(&rows, view, console.out)?;
        }
        let left_out = (all - rows.len()) as u64;
        if left_out > 0 {
            let left_out = count(left_out, "setting is", "settings are");
            console.note(&format!("… {left_out} not in force, use --all"))?;
        }
        if [&filter.dir, &filter.launch, &filter.session].into_iter().all(Option::is_none) {
            console.note("This is what counts everywhere; `--dir .` tells what does here.")?;
        }
        end.backfill.as_ref().map_or(Ok(()), |backfill| console.note(&unread(backfill)))
    }
}
