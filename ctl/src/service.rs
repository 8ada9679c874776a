//! The user service: what starts the daemon with the session, and starts it again when it fails.
//!
//! [`Keeper`] is whoever does that on this machine, one file each, with the same few operations. Which
//! one it is follows from who answers ([`choice`]). **Here alone this program touches files of the
//! daemon's**: the unit, the log, who has the lock, and what `--purge` removes.

use std::path::PathBuf;
use std::process::Child;

mod autostart;
pub(crate) mod child;
pub(crate) mod choice;
mod detached;
mod error;
pub(crate) mod installed;
mod launchd;
pub(crate) mod log;
#[cfg_attr(unix, path = "service/process/unix.rs")]
#[cfg_attr(not(unix), path = "service/process/other.rs")]
mod process;
pub(crate) mod purge;
pub(crate) mod running;
pub(crate) mod site;
pub(crate) mod systemd;
mod task;
pub(crate) mod unit;
#[cfg(test)]
mod xml;

use self::child::Order;
use self::detached::Detached;
pub use self::error::ServiceError;
use self::installed::Installed;
use self::launchd::Launchd;
use self::site::Site;
use self::systemd::Systemd;
use self::task::Task;

/// Who keeps the daemon running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// The systemd user manager.
    Systemd(Systemd),
    /// The launchd of macOS.
    Launchd(Launchd),
    /// The Windows task scheduler.
    Task(Task),
    /// Nobody, but for a desktop session that starts it.
    Detached(Detached),
}

/// What a keeper says of the service; nothing is known where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The file that describes it.
    pub(crate) file: Option<PathBuf>,
    /// The program that it runs.
    pub(crate) program: Option<PathBuf>,
    /// What it is doing, in the keeper's words.
    pub(crate) state: Option<String>,
    /// Whether it starts with the session.
    pub(crate) enabled: Option<bool>,
    /// Whether it runs without a session.
    pub(crate) linger: Option<bool>,
}

/// How long a daemon that was started stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// It needs no session.
    Stays,
    /// It ends with the session, and need not.
    UntilLogout,
    /// It ends with the session.
    UntilLogoutAlways,
    /// It stays until the machine is shut down, and a desktop session starts it again.
    WithDesktop,
    /// It stays until the machine is shut down.
    UntilReboot,
    /// Nobody tells.
    Unknown,
}

/// Where the service's log is.
#[derive(Debug)]
pub(crate) enum Log {
    /// A program shows it.
    Shown(Order),
    /// It is a file.
    File(PathBuf),
}

impl Keeper {
    /// Nobody.
    pub(crate) const DETACHED: Self = Self::Detached(Detached);

    /// Returns the keeper's name, as `service status --json` has it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Systemd(_) => "systemd",
            Self::Launchd(_) => "launchd",
            Self::Task(_) => "task-scheduler",
            Self::Detached(_) => "detached",
        }
    }

    /// Fails where the keeper would not take this program.
    pub(crate) fn check(&self, site: &Site) -> Result<(), ServiceError> {
        match self {
            Self::Systemd(keeper) => keeper.check(site),
            Self::Launchd(_) | Self::Task(_) | Self::Detached(_) => Ok(()),
        }
    }

    /// Writes what describes the service and has it start with the session; says what it did.
    pub(crate) fn install(&self, site: &Site, list: &Installed) -> Result<String, ServiceError> {
        match self {
            Self::Systemd(keeper) => keeper.install(site, list),
            Self::Launchd(keeper) => keeper.install(site, list),
            Self::Task(keeper) => keeper.install(site),
            Self::Detached(keeper) => keeper.install(site, list),
        }
    }

    /// Stops the service, and removes what was written for it.
    pub(crate) fn uninstall(
        &self,
        site: &Site,
        tell: &mut dyn FnMut(String),
    ) -> Result<(), ServiceError> {
        match self {
            Self::Systemd(keeper) => keeper.uninstall(site, tell),
            Self::Launchd(keeper) => keeper.uninstall(site, tell),
            Self::Task(keeper) => keeper.uninstall(tell),
            Self::Detached(keeper) => keeper.uninstall(site, tell),
        }
    }

    /// Starts the service; returns the process where it is ours.
    pub(crate) fn start(&self, site: &Site) -> Result<Option<Child>, ServiceError> {
        match self {
            Self::Systemd(keeper) => keeper.start(site).map(|()| None),
            Self::Launchd(keeper) => keeper.start(site).map(|()| None),
            Self::Task(keeper) => keeper.start().map(|()| None),
            Self::Detached(keeper) => keeper.start(site).map(Some),
        }
    }

    /// Stops what the keeper started. A daemon without one is ended by whoever knows its process.
    pub(crate) fn stop(&self, site: &Site) -> Result<(), ServiceError> {
        match self {
            Self::Systemd(keeper) => keeper.stop(site),
            Self::Launchd(keeper) => keeper.stop(),
            Self::Task(keeper) => keeper.stop(),
            Self::Detached(_) => Ok(()),
        }
    }

    /// Returns what the keeper says of the service.
    pub(crate) fn state(&self, site: &Site, list: &Installed) -> State {
        match self {
            Self::Systemd(keeper) => keeper.state(site),
            Self::Launchd(keeper) => keeper.state(site),
            Self::Task(keeper) => keeper.state(),
            Self::Detached(keeper) => keeper.state(site, list),
        }
    }

    /// Returns where the log is, and how its last lines are shown.
    pub(crate) fn log(&self, site: &Site, lines: usize, follow: bool) -> Log {
        match self {
            Self::Systemd(keeper) => Log::Shown(keeper.logs(site, lines, follow)),
            Self::Launchd(_) | Self::Task(_) | Self::Detached(_) => Log::File(site.log()),
        }
    }

    /// Returns the last words of a daemon that does not start.
    pub(crate) fn last_words(&self, site: &Site) -> Vec<String> {
        match self {
            Self::Systemd(keeper) => keeper.last_words(site),
            Self::Launchd(keeper) => keeper.last_words(site),
            Self::Task(_) => Vec::new(),
            Self::Detached(keeper) => keeper.last_words(site),
        }
    }

    /// Returns for how long what was started stays.
    pub(crate) fn afterwards(&self, site: &Site, list: &Installed) -> Afterwards {
        match self {
            Self::Systemd(keeper) => keeper.afterwards(),
            Self::Launchd(keeper) => keeper.afterwards(),
            Self::Task(keeper) => keeper.afterwards(),
            Self::Detached(keeper) => keeper.afterwards(site, list),
        }
    }
}
