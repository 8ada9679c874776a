//! `service status`: who keeps the daemon running, and whether it runs.

use std::io::Write;

use clap::Args;

use super::{Console, Form, Subject};
use crate::error::Error;
use crate::render;
use crate::service::ServiceError;

/// Show who keeps the daemon running, and whether it runs; exits with 3 where it does not
///
/// What it records is told by `trackwayctl status`.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service status")]
pub(crate) struct Status {}

impl Status {
    /// Looks, and shows.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(None)?;
        let keeper = subject.keeper();
        let row = subject.row(keeper.as_ref().ok());
        match console.form {
            Form::Json => console.service_row(&row)?,
            Form::Table => render::service::write(&row, &console.around.view, console.out)?,
        }
        match (row.pid, keeper) {
            (Some(_), _) => Ok(()),
            (None, Ok(_)) => Err(ServiceError::NotRunning.into()),
            (None, Err(error)) => Err(error.into()),
        }
    }
}
