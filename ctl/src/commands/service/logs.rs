//! `service logs`: what the daemon says about itself.

use std::io::{BufRead as _, BufReader, Write};
use std::process::Stdio;

use clap::Args;
use serde::Serialize;
use trackway_protocol::codec;

use super::{Console, Form, Subject};
use crate::error::Error;
use crate::render::{self, clean};
use crate::service::child::Order;
use crate::service::{Keeper, Log, log};

/// Show the last lines of the service's log
///
/// That of a systemd service is in the journal, any other in `trackwayd.log` in the state directory.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service logs -f")]
pub(crate) struct Logs {
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,

    /// Show so many lines
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50)]
    lines: usize,
}

/// A line, for a program.
#[derive(Serialize)]
struct Row<'l> {
    line: &'l str,
}

impl Logs {
    /// Whether the command goes on for as long as somebody reads.
    pub(super) fn follows(&self) -> bool {
        self.follow
    }

    /// Shows them.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(None)?;
        let keeper: Keeper = subject.keeper()?;
        match keeper.log(&subject.site, self.lines, self.follow) {
            Log::Shown(order) if self.follow => followed(&order, console),
            Log::Shown(order) => shown(&order, console),
            Log::File(path) => {
                let unreadable = |source| Error::Unreadable { path: path.clone(), source };
                let (lines, length) = log::last(&path, self.lines).map_err(unreadable)?;
                lines.iter().try_for_each(|text| line(text, console))?;
                if self.follow {
                    console.out.flush()?;
                    return log::follow(&path, length, |text| {
                        line(text, console)?;
                        Ok(console.out.flush()?)
                    });
                }
                Ok(())
            }
        }
    }
}

fn shown(order: &Order, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    let said = order.done()?;
    if said.is_empty() {
        return console.note(&format!("the journal has nothing: `{}`", order.shown()));
    }
    said.lines().try_for_each(|text| line(text, console))
}

/// Hands on what a program says for as long as it does.
fn followed(order: &Order, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    let failed = |error: std::io::Error| order.failed(error.to_string());
    let mut child = order.command().stderr(Stdio::null()).spawn().map_err(failed)?;
    let pipe = child.stdout.take().expect("the order listens to it");
    let mut outcome = Ok(());
    for text in BufReader::new(pipe).lines() {
        outcome = text.map_err(Error::from).and_then(|text| {
            line(&text, console)?;
            Ok(console.out.flush()?)
        });
        if outcome.is_err() {
            child.kill().ok();
            break;
        }
    }
    let status = child.wait().map_err(failed)?;
    if outcome.is_ok() && !status.success() {
        return Err(order.failed(format!("failed ({status})")).into());
    }
    outcome
}

fn line(text: &str, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    match console.form {
        Form::Table => writeln!(console.out, "{}", clean(text))?,
        Form::Json => {
            let mut line = codec::to_line(&Row { line: text });
            line.pop();
            render::json::write(&line, console.around.terminal, console.out)?;
        }
    }
    Ok(())
}
