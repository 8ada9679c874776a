//! The systemd user manager, by `systemctl --user`.
//!
//! There is but one unit of the name for each user. It may be ours, a package's, which we enable and
//! leave as it is, or that of an installation in other places, which is none of our business.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child::Order;
use super::error::ServiceError;
use super::installed::{self, Installed};
use super::process;
use super::site::Site;
use super::unit::{self, Unit};
use super::{Afterwards, State};

/// How long the manager may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(10);

/// A unit that the user's manager knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Systemd {
    /// Its file.
    pub(crate) unit: PathBuf,
    /// Whether a package brought it.
    pub(crate) packaged: bool,
}

impl Systemd {
    /// Fails where the manager would not take the unit.
    pub(super) fn check(&self, site: &Site) -> Result<(), ServiceError> {
        let is_bearable = !site.program.to_string_lossy().contains(['"', '\'', '\\']);
        let program = || site.program.clone();
        if is_bearable { Ok(()) } else { Err(ServiceError::Quotation { program: program() }) }
    }

    /// Writes the unit, unless a package did, and has it start with the session.
    pub(super) fn install(&self, site: &Site, list: &Installed) -> Result<String, ServiceError> {
        let unit = self.unit.display();
        let said = if self.packaged {
            format!("Enabled {unit}, which a package installed")
        } else {
            list.put(&self.unit, &unit::text(site))?;
            format!("Wrote and enabled {unit}")
        };
        systemctl(site).args(["daemon-reload"]).done()?;
        systemctl(site).args(["--quiet", "enable", unit::NAME]).done()?;
        Ok(said)
    }

    /// Stops the service, keeps it from starting, and removes what we wrote.
    pub(super) fn uninstall(
        &self,
        site: &Site,
        tell: &mut dyn FnMut(String),
    ) -> Result<(), ServiceError> {
        // What is not there cannot be disabled, and need not be.
        systemctl(site).args(["--quiet", "disable", "--now", unit::NAME]).run()?;
        if self.packaged {
            tell(format!("Disabled {}; its package keeps it", self.unit.display()));
        } else if installed::remove(&self.unit)? {
            tell(format!("Removed {}", self.unit.display()));
        }
        systemctl(site).args(["daemon-reload"]).done()?;
        systemctl(site).args(["reset-failed", unit::NAME]).run()?;
        if self.packaged && property(&show(site), "UnitFileState") == Some("enabled") {
            tell(format!(
                "It is enabled for all users of the machine: `systemctl --user mask {}` keeps it \
                 from starting for this one",
                unit::NAME
            ));
        }
        Ok(())
    }

    /// Starts the service and does not wait: whoever asked for it knows for how long to.
    pub(super) fn start(&self, site: &Site) -> Result<(), ServiceError> {
        // A unit that failed too often is not started again before that is forgotten.
        systemctl(site).args(["reset-failed", unit::NAME]).run()?;
        systemctl(site).args(["start", "--no-block", unit::NAME]).done().map(drop)
    }

    /// Stops the service.
    pub(super) fn stop(&self, site: &Site) -> Result<(), ServiceError> {
        systemctl(site).args(["stop", unit::NAME]).done().map(drop)
    }

    /// Returns what the manager says of the service.
    pub(super) fn state(&self, site: &Site) -> State {
        let shown = show(site);
        let state =
            property(&shown, "ActiveState").map(|active| match property(&shown, "SubState") {
                Some(sub) if sub != active => format!("{active} ({sub})"),
                _ => active.to_owned(),
            });
        State {
            file: Some(self.unit.clone()),
            program: read(&self.unit, site).map(|unit| unit.program),
            state,
            enabled: property(&shown, "UnitFileState")
                .map(|state| matches!(state, "enabled" | "enabled-runtime" | "linked")),
            linger: linger(),
        }
    }

    /// Returns what shows the manager's log of the service.
    pub(super) fn logs(&self, site: &Site, lines: usize, follow: bool) -> Order {
        let order = Order::new(["journalctl", "--user", "--no-pager", "--quiet", "--unit"])
            .args([unit::NAME.to_owned(), format!("--lines={lines}")])
            .args(follow.then_some("--follow"));
        with_manager(order, site)
    }

    /// Returns the last words of a service that does not start.
    pub(super) fn last_words(&self, site: &Site) -> Vec<String> {
        let order = systemctl(site).within(ANSWER);
        let order = order.args(["status", "--no-pager", "--full", "--lines", "20", unit::NAME]);
        let said = order.run().map(|said| said.stdout).unwrap_or_default();
        said.lines().map(str::to_owned).collect()
    }

    /// Returns whether the service outlives the session.
    pub(super) fn afterwards(&self) -> Afterwards {
        match linger() {
            Some(true) => Afterwards::Stays,
            Some(false) => Afterwards::UntilLogout,
            None => Afterwards::Unknown,
        }
    }
}

/// Returns the directories from which the user's manager takes units; none where no manager answers.
pub(super) fn unit_path(site: &Site) -> Option<Vec<PathBuf>> {
    site.runtime_dir.as_ref()?;
    let order = systemctl(site).within(ANSWER).args(["show", "--property=UnitPath", "--value"]);
    let said = order.done().ok()?;
    Some(unit::words(&said).into_iter().map(PathBuf::from).collect())
}

/// Returns the directories in which a unit of the user's own may lie, best first.
pub(super) fn own_dirs(site: &Site) -> [PathBuf; 2] {
    // XDG_CONFIG_HOME may be set in the shell and not for the manager.
    [site.config_home.join("systemd/user"), site.home.join(".config/systemd/user")]
}

/// Reads a unit file, if it is there.
pub(super) fn read(path: &Path, site: &Site) -> Option<Unit> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(unit::read(path, &text, &site.home))
}

/// Has the user's services run without a login as well.
pub(crate) fn enable_linger() -> Result<(), ServiceError> {
    Order::new(["loginctl", "--no-ask-password", "enable-linger"]).done().map(drop)
}

/// Whether the user's services run without a login, where that can be told.
fn linger() -> Option<bool> {
    let user = process::user()?.to_string();
    let order = Order::new(["loginctl", "show-user", &user, "--property=Linger", "--value"]);
    match order.within(ANSWER).done().ok()?.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn systemctl(site: &Site) -> Order {
    with_manager(Order::new(["systemctl", "--user"]), site)
}

fn with_manager(order: Order, site: &Site) -> Order {
    match &site.runtime_dir {
        Some(dir) => order.env("XDG_RUNTIME_DIR", dir),
        None => order,
    }
}

fn show(site: &Site) -> String {
    let order = systemctl(site).within(ANSWER);
    let order = order.args(["show", unit::NAME, "--property=ActiveState,SubState,UnitFileState"]);
    order.done().unwrap_or_default()
}

/// Returns a property of what `systemctl show` says; an empty one is unknown.
fn property<'s>(shown: &'s str, name: &str) -> Option<&'s str> {
    let values = shown.lines().filter_map(|line| line.split_once('='));
    values
        .into_iter()
        .find(|(it, _)| *it == name)
        .map(|(_, value)| value)
        .filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_property_is_unknown() {
        let shown = "ActiveState=active\nSubState=running\nUnitFileState=\n";
        assert_eq!(property(shown, "SubState"), Some("running"));
        assert_eq!(property(shown, "UnitFileState"), None);
        assert_eq!(property(shown, "State"), None);
    }

    #[test]
    fn a_unit_is_looked_for_where_the_shell_and_where_the_manager_say() {
        let site = Site { config_home: "/odd".into(), ..Site::usual() };
        let dirs = own_dirs(&site);
        assert_eq!(dirs[0], Path::new("/odd/systemd/user"));
        assert_eq!(dirs[1], Path::new("/home/ann/.config/systemd/user"));
    }

    #[test]
    fn what_systemd_cannot_run_is_refused_beforehand() {
        let systemd = Systemd { unit: "/u".into(), packaged: false };
        let with = |program: &str| Site { program: program.into(), ..Site::usual() };
        systemd.check(&with("/a b/%h $HOME/trackwayd")).unwrap();
        for program in ["/o'brien/trackwayd", "/a\"b/trackwayd", "/a\\b/trackwayd"] {
            assert!(systemd.check(&with(program)).is_err(), "{program}");
        }
    }

    #[test]
    fn the_log_is_the_journal_of_this_unit() {
        let systemd = Systemd { unit: "/u".into(), packaged: false };
        assert_eq!(
            systemd.logs(&Site::usual(), 20, true).shown(),
            "journalctl --user --no-pager --quiet --unit trackwayd.service --lines=20 --follow"
        );
    }
}
