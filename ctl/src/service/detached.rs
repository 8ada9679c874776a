//! The daemon without a manager: a process of its own session, which a desktop may start again.

use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::error::ServiceError;
use super::installed::{self, Installed};
use super::site::Site;
use super::{Afterwards, State, autostart, log, process};

/// What else of the shell's environment the daemon gets; the rest may hold secrets.
const PASSED: [&str; 3] = ["PATH", "TZ", "LANG"];

/// A daemon that nobody keeps running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detached;

impl Detached {
    /// Has a desktop session start the daemon, where there is one.
    pub(super) fn install(self, site: &Site, list: &Installed) -> Result<String, ServiceError> {
        list.add(&site.log())?;
        let entry = autostart::path(site);
        let there = std::fs::read_to_string(&entry).ok();
        if there.is_some_and(|text| autostart::is_others(&text, site)) {
            return Ok(format!("{} is another installation's: it is left alone", entry.display()));
        }
        if !autostart::is_heeded() {
            return Ok("No desktop session is known here that would start it".into());
        }
        list.put(&entry, &autostart::text(site))?;
        Ok(format!("Wrote {}, by which a desktop session starts it", entry.display()))
    }

    /// Removes the entry and the log, as far as they are ours.
    pub(super) fn uninstall(
        self,
        site: &Site,
        tell: &mut dyn FnMut(String),
    ) -> Result<(), ServiceError> {
        let entry = autostart::path(site);
        let is_ours =
            std::fs::read_to_string(&entry).is_ok_and(|text| !autostart::is_others(&text, site));
        for path in [is_ours.then_some(entry), Some(site.log())].into_iter().flatten() {
            if installed::remove(&path)? {
                tell(format!("Removed {}", path.display()));
            }
        }
        Ok(())
    }

    /// Starts the daemon in a session of its own, with no more of our environment than it needs.
    pub(super) fn start(self, site: &Site) -> Result<Child, ServiceError> {
        let failed = |source| ServiceError::file("run", &site.program)(source);
        // A program that is replaced on the way may be missing; `setsid` would say so to the log alone.
        if !site.program.is_file() {
            return Err(ServiceError::NoProgram { program: site.program.clone() });
        }
        match self.launch(site, Some("setsid")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.launch(site, None).map_err(failed)
            }
            launched => launched.map_err(failed),
        }
    }

    fn launch(self, site: &Site, leader: Option<&str>) -> io::Result<Child> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        process::private(&mut options);
        let log = options.open(site.log())?;
        let mut command = match leader {
            Some(leader) => {
                let mut command = Command::new(leader);
                command.arg(&site.program);
                command
            }
            None => Command::new(&site.program),
        };
        command.arg("run").env_clear().env("HOME", &site.home);
        for name in PASSED {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(site.named.iter().map(|(name, value)| (name, value)));
        command.envs(site.runtime_dir.as_ref().map(|dir| ("XDG_RUNTIME_DIR", dir)));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.current_dir(root());
        if leader.is_none() {
            process::detach(&mut command);
        }
        command.spawn()
    }

    /// Returns what can be known of it.
    pub(super) fn state(self, site: &Site, list: &Installed) -> State {
        let entry = autostart::path(site);
        State {
            enabled: Some(list.has(&entry) && entry.exists()),
            file: Some(entry).filter(|entry| list.has(entry)),
            program: Some(site.program.clone()),
            state: None,
            linger: None,
        }
    }

    /// Returns the end of its log.
    pub(super) fn last_words(self, site: &Site) -> Vec<String> {
        log::last(&site.log(), 20).map(|(lines, _)| lines).unwrap_or_default()
    }

    /// Returns what becomes of it.
    pub(super) fn afterwards(self, site: &Site, list: &Installed) -> Afterwards {
        if list.has(&autostart::path(site)) {
            Afterwards::WithDesktop
        } else {
            Afterwards::UntilReboot
        }
    }
}

/// Returns a directory that is nobody's mount to be taken away.
fn root() -> PathBuf {
    PathBuf::from(if cfg!(windows) { r"C:\" } else { "/" })
}
