//! What a command needs to know of where it runs. `run` takes it instead of asking, so that a
//! test can say what time it is.

use std::env;
use std::io::{self, IsTerminal as _, Stdout};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};

use crate::client::Patience;
use crate::render::View;

/// Time, place and terminal.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// How output looks.
    pub view: View,
    /// The current directory; one that was deleted has no name.
    pub cwd: Option<PathBuf>,
    /// How long to wait for the daemon.
    pub patience: Patience,
    /// Whether output goes to a terminal, which acts on some characters.
    pub terminal: bool,
    /// Whether notes go to a terminal, where somebody may watch.
    pub watched: bool,
}

impl Surroundings {
    /// Returns those of this process, whose output goes to `stdout`.
    #[must_use]
    pub fn of_process(stdout: &Stdout) -> Self {
        let view = View {
            now: trackway_report::zone::now(),
            home: env::home_dir().map(|home| home.to_string_lossy().into_owned()),
            width: width(stdout),
            colour: colour(stdout),
        };
        Self {
            view,
            cwd: env::current_dir().ok(),
            patience: Patience::default(),
            terminal: stdout.is_terminal(),
            watched: io::stderr().is_terminal(),
        }
    }
}

#[cfg(test)]
impl Surroundings {
    /// Returns those of a test: noon, UTC, 80 columns, no colour.
    pub(crate) fn plain() -> Self {
        Self {
            view: View::plain(),
            cwd: Some("/no/such/dir".into()),
            patience: Patience::default(),
            terminal: false,
            watched: false,
        }
    }
}

/// Returns the width to fit into: what `COLUMNS` says, else the terminal's, else none.
fn width(stdout: &Stdout) -> Option<u16> {
    let asked = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    asked.filter(|width| *width > 0).or_else(|| stdout.is_terminal().then(|| measured(stdout)))
}

fn measured(terminal: &Stdout) -> u16 {
    let size = terminal_size::terminal_size_of(terminal);
    // A terminal that was never told its size says 0.
    size.map(|(width, _)| width.0).filter(|width| *width > 0).unwrap_or(80)
}

fn colour(stdout: &Stdout) -> bool {
    AutoStream::choice(stdout) != ColorChoice::Never
}
