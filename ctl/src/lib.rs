//! `trackwayctl`: asks `trackwayd` over its local socket, and shows what it says.
//!
//! A command takes its arguments ([`Cli`]) and where it runs ([`Surroundings`]), holds one
//! conversation with the daemon, and writes to what it is given. **Nothing here opens a file of
//! the daemon**: what cannot be asked over the socket is not this program's to know. There are two
//! exceptions: `doctor` looks at the socket's directory, and only at its mode and owner; `service`
//! installs, starts and removes the daemon, and has to do so where none answers.

mod cli;
mod client;
mod commands;
mod error;
pub mod exit;
mod render;
mod service;
mod surroundings;

use std::io::Write;

pub use cli::Cli;
pub use client::{ClientError, Patience};
pub use commands::run;
pub use error::Error;
pub use render::View;
pub use service::ServiceError;
pub use surroundings::Surroundings;

/// Returns the lines that tell of an error on a terminal, a newline after each.
#[must_use]
pub fn told(error: &Error) -> String {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let mut told = Vec::new();
    for (label, line) in error.lines() {
        let label_style = if label == "error" { style } else { anstyle::Style::new() };
        writeln!(told, "{label_style}{label}:{label_style:#} {line}").expect("a Vec takes all");
    }
    String::from_utf8(told).expect("only text was written")
}
