//! `service`: the user service that records, from its installation to its removal.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use trackway_protocol::codec;
use trackway_protocol::row;

use super::{Console, Form};
use crate::error::Error;
use crate::render::service::ServiceRow;
use crate::render::{self, clean};
use crate::service::choice::Facts;
use crate::service::installed::Installed;
use crate::service::running::{self, End, Running};
use crate::service::site::Site;
use crate::service::{Keeper, ServiceError};

mod install;
mod logs;
mod run;
mod status;
mod uninstall;

use install::Install;
use logs::Logs;
use run::{Restart, Start, Stop};
use status::Status;
use uninstall::Uninstall;

/// How long the daemon may take to its first answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Install, run and remove the service that records for this user
///
/// It is kept running by whatever this machine has: the systemd user manager, launchd, the Windows
/// task scheduler, or else a process of its own. Places that TRACKWAY_CONFIG, TRACKWAY_STATE_DIR,
/// TRACKWAY_SOCKET, XDG_CONFIG_HOME and XDG_STATE_HOME name are the service's as well.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service status")]
pub(crate) struct Service {
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    Install(Install),
    Uninstall(Uninstall),
    Start(Start),
    Stop(Stop),
    Restart(Restart),
    Status(Status),
    Logs(Logs),
}

impl Service {
    /// Does what was ordered.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        if console.socket.is_some() {
            return Err(Error::Usage {
                what: "`service` takes no --socket".into(),
                hint: "set TRACKWAY_SOCKET: the service gets it as well",
            });
        }
        match &self.order {
            Order::Install(order) => order.run(console),
            Order::Uninstall(order) => order.run(console),
            Order::Start(order) => order.run(console),
            Order::Stop(order) => order.run(console),
            Order::Restart(order) => order.run(console),
            Order::Status(order) => order.run(console),
            Order::Logs(order) => order.run(console),
        }
    }

    /// Whether the command goes on for as long as somebody reads.
    pub(crate) fn follows(&self) -> bool {
        matches!(&self.order, Order::Logs(order) if order.follows())
    }
}

impl<O: Write, N: Write> Console<'_, O, N> {
    /// Says what was done. That nobody reads it any more is no reason to stop half-way.
    fn say(&mut self, line: &str) {
        match self.form {
            Form::Table => {
                writeln!(self.out, "{}", clean(line)).and_then(|()| self.out.flush()).ok();
            }
            // Programs get the state that this led to.
            Form::Json => writeln!(self.notes, "{}", clean(line)).unwrap_or_default(),
        }
    }

    /// Writes a row of the service as JSON.
    fn service_row(&mut self, row: &ServiceRow) -> Result<(), Error> {
        let mut line = codec::to_line(row);
        line.pop();
        Ok(render::json::write(&line, self.around.terminal, self.out)?)
    }
}

/// What an order is about: the places, what is installed there, and who keeps it running.
struct Subject {
    site: Site,
    list: Installed,
    facts: Facts,
}

impl Subject {
    fn of_process(program: Option<&std::path::Path>) -> Result<Self, ServiceError> {
        let site = Site::of_process(program)?;
        let list = Installed::of(&site.places.state_dir);
        let facts = Facts::look(&site, &list);
        Ok(Self { site, list, facts })
    }

    /// Returns who keeps running what is installed.
    fn keeper(&self) -> Result<Keeper, ServiceError> {
        self.facts.installed().ok_or_else(|| match self.facts.unanswered() {
            Some(unit) => ServiceError::Unanswered { unit: unit.path.clone() },
            None => ServiceError::NotInstalled { state_dir: self.site.places.state_dir.clone() },
        })
    }

    /// Returns the row that says how the service is.
    fn row(&self, keeper: Option<&Keeper>) -> ServiceRow {
        let state = keeper.map(|keeper| keeper.state(&self.site, &self.list)).unwrap_or_default();
        let running = Running::look(&self.site);
        ServiceRow::of(keeper.map(Keeper::name), state, &running, &self.site.places.state_dir)
    }
}

/// Starts the daemon and waits until it answers.
fn start(
    keeper: &Keeper,
    site: &Site,
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<row::Status, Error> {
    let mut child = keeper.start(site)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = running::answer(site) {
            return Ok(status);
        }
        let ended = child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_))));
        if ended || Instant::now() >= deadline {
            let words = keeper.last_words(site);
            console.note("--- the daemon's last words")?;
            words.iter().try_for_each(|line| console.note(&clean(line)))?;
            console.note("---")?;
            return Err(if ended { ServiceError::Ended } else { ServiceError::NoAnswer }.into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Ends the daemon's process, whoever started it.
fn end(pid: u32, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    if running::end(pid)? == End::Killed {
        console.say(&format!("trackwayd (pid {pid}) did not stop, and was killed"));
    }
    Ok(())
}
