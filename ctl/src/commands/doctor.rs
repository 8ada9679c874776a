//! `doctor`: what would keep the daemon from recording, or us from asking it.
//!
//! The checks of this side need no daemon: each is a pure function from facts to a [`Check`].
//! Those of the daemon follow where it answers.

use std::io::Write;
use std::path::Path;

use clap::Args;
use trackway_protocol::codec;
use trackway_protocol::endpoint::Places;
use trackway_protocol::message::Request;
use trackway_protocol::row::Check;

use super::{Console, Form};
use crate::client::{Client, Line, understood};
use crate::error::Error;
use crate::render;

mod check;
#[cfg_attr(unix, path = "doctor/unix.rs")]
#[cfg_attr(not(unix), path = "doctor/other.rs")]
mod facts;

/// Check what recording and asking depend on, and say how to mend it
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl doctor")]
pub(crate) struct Doctor {}

impl Doctor {
    /// Checks, and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut findings = Findings::default();
        let places = Places::from_env();
        findings.add(check::places(&places));
        let socket =
            console.socket.or_else(|| places.as_ref().ok().map(|places| places.socket.as_path()));
        if let Some(socket) = socket {
            // The directory of a bare file name is the current one.
            let absolute = std::path::absolute(socket);
            findings.examine(absolute.as_deref().unwrap_or(socket), console);
        }
        match console.form {
            Form::Json => findings.lines.iter().try_for_each(|line| {
                render::json::write(line, console.around.terminal, console.out)
            })?,
            Form::Table => {
                render::checks::write(&findings.checks, &console.around.view, console.out)?;
            }
        }
        match findings.failed() {
            0 => Ok(()),
            failed => Err(Error::Checks(failed)),
        }
    }
}

/// Returns what is not as it should be with the way to a daemon, and with the daemon. Of its gaps
/// somebody who has just started it knows.
pub(super) fn concerns(socket: &Path, console: &Console<'_, impl Write, impl Write>) -> Vec<Check> {
    let mut findings = Findings::default();
    findings.examine(socket, console);
    findings.checks.retain(|check| check.state != "ok" && check.name != "gaps");
    findings.checks
}

/// What was found so far, and the lines that say so to a program.
#[derive(Default)]
struct Findings {
    checks: Vec<Check>,
    lines: Vec<Vec<u8>>,
}

impl Findings {
    fn add(&mut self, check: Check) {
        let mut line = codec::to_line(&check);
        line.pop();
        self.lines.push(line);
        self.checks.push(check);
    }

    fn failed(&self) -> u64 {
        self.checks.iter().filter(|check| check.state == "failed").count() as u64
    }

    /// Checks the way to the daemon, step by step up to the first that fails, and lets the daemon
    /// check itself.
    fn examine(&mut self, socket: &Path, console: &Console<'_, impl Write, impl Write>) {
        let user = facts::user();
        let dir = socket.parent().unwrap_or(socket);
        self.add(check::directory(dir, &facts::look(dir), user));
        if self.failed() == 0 {
            self.add(check::socket(socket, &facts::look(socket), user));
        }
        if self.failed() > 0 {
            return;
        }
        match Client::connect(socket, console.around.patience) {
            Ok(mut client) => {
                self.add(check::connected());
                self.add(check::version(client.version()));
                self.ask(&mut client);
            }
            Err(error) => self.add(check::not_connected(&error)),
        }
    }

    /// Adds the daemon's own checks.
    fn ask(&mut self, client: &mut Client) {
        let asked = client.ask(|id| Request::Doctor { id }).and_then(|mut reply| {
            loop {
                match reply.line()? {
                    Line::Row(line) => {
                        self.checks.push(understood(line)?);
                        self.lines.push(line.to_owned());
                    }
                    Line::Record(_) => {}
                    Line::End(_) => return Ok(()),
                }
            }
        });
        if let Err(error) = asked {
            self.add(check::unanswered(&error));
        }
    }
}
