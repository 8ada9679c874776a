//! `completions`: what a shell needs to complete our command line.

use std::io::Write;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Console;
use crate::cli::Cli;
use crate::error::Error;

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example: trackwayctl completions bash > ~/.local/share/bash-completion/completions/trackwayctl"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Writes the completions.
    pub(crate) fn run<O: Write>(
        &self,
        console: &mut Console<'_, O, impl Write>,
    ) -> Result<(), Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "trackwayctl", &mut script);
        Ok(console.out.write_all(&script)?)
    }
}
