//! `service start`, `stop` and `restart`.

use std::io::Write;

use clap::Args;

use super::{Console, Form, Subject, end, start};
use crate::error::Error;
use crate::service::running::Running;

/// Start the service, and wait until it answers
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service start")]
pub(crate) struct Start {}

/// Stop the service, and wait until it has ended; it starts again with the next session
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service stop")]
pub(crate) struct Stop {}

/// Stop the service and start it again
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service restart")]
pub(crate) struct Restart {}

impl Start {
    /// Starts.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(None)?;
        if let Running::Answers(status) = Running::look(&subject.site) {
            console.say(&format!("trackwayd runs already, as pid {}", status.pid));
            return after(&subject, console);
        }
        started(&subject, console)
    }
}

impl Stop {
    /// Stops.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(None)?;
        stopped(&subject, console)?;
        after(&subject, console)
    }
}

impl Restart {
    /// Stops and starts.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(None)?;
        stopped(&subject, console)?;
        started(&subject, console)
    }
}

fn started(
    subject: &Subject,
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<(), Error> {
    let status = start(&subject.keeper()?, &subject.site, console)?;
    console.say(&format!("Started trackwayd {}, pid {}", status.version, status.pid));
    after(subject, console)
}

/// Stops what the keeper started, and whatever else has the ledger.
fn stopped(
    subject: &Subject,
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<(), Error> {
    let pid = Running::look(&subject.site).pid();
    match (subject.keeper(), pid) {
        (Ok(keeper), _) => keeper.stop(&subject.site)?,
        // One that was started by hand needs no installation.
        (Err(_), Some(_)) => {}
        (Err(error), None) => return Err(error.into()),
    }
    match pid {
        Some(pid) => {
            end(pid, console)?;
            console.say(&format!("Stopped trackwayd, pid {pid}"));
        }
        None => console.say("trackwayd did not run"),
    }
    Ok(())
}

/// Tells a program what this led to.
fn after(
    subject: &Subject,
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<(), Error> {
    match console.form {
        Form::Table => Ok(()),
        Form::Json => console.service_row(&subject.row(subject.keeper().ok().as_ref())),
    }
}
