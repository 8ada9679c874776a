//! `service uninstall`: everything that was installed goes; what was recorded stays, unless asked for.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Console, Subject, end};
use crate::error::Error;
use crate::service::installed;
use crate::service::purge;
use crate::service::running::Running;
use crate::service::{Keeper, unit};

/// Stop the service and remove what was installed; the ledger stays
///
/// What was not installed for this ledger is left alone. The programs themselves stay as well, unless
/// `packaging/install.sh` put them there and --programs says so.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service uninstall")]
pub(crate) struct Uninstall {
    /// Remove the ledger, its keys and the configuration as well
    #[arg(long)]
    purge: bool,

    /// Remove the programs as well, where they are listed as installed
    #[arg(long)]
    programs: bool,
}

impl Uninstall {
    /// Removes.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(None)?;
        let Subject { site, list, facts } = &subject;
        facts.check_program()?;
        let mut count = 0;
        let running = Running::look(site);
        let installed = facts.installed();
        if let Some(keeper) = &installed {
            // Whatever does not stop by this is ended below.
            keeper.stop(site).ok();
        }
        if let Some(pid) = running.pid() {
            end(pid, console)?;
            console.say(&format!("Stopped trackwayd, pid {pid}"));
            count += 1;
        }
        let mut tell = |line: String| {
            console.say(&line);
            count += 1;
        };
        for keeper in installed.iter().filter(|keeper| !matches!(keeper, Keeper::Detached(_))) {
            keeper.uninstall(site, &mut tell)?;
        }
        Keeper::DETACHED.uninstall(site, &mut tell)?;
        for path in list.paths().iter().filter(|path| self.takes(path, &subject)) {
            if installed::remove(path)? {
                tell(format!("Removed {}", path.display()));
            }
        }
        let sockets = site.runtime_dir.as_ref().map(|dir| dir.join("trackway"));
        let sockets = sockets.into_iter().chain([site.places.state_dir.join("run")]);
        sockets.for_each(|dir| drop(fs::remove_dir(dir)));
        if self.purge {
            purge::purge(site, &mut tell)?;
        }
        // What is left on it then is needed by another installation.
        if self.programs { list.close() } else { list.strike() }?;
        let state_dir = &site.places.state_dir;
        if fs::remove_dir(state_dir).is_err() && state_dir.exists() && !self.purge {
            tell(format!("The ledger stays in {} (--purge removes it)", state_dir.display()));
        }
        if count == 0 {
            console.say("Nothing was installed");
        }
        Ok(())
    }

    /// Whether something that is listed is to go: the unit, where no manager was there to do that, and
    /// the programs if it was said so; never what the service of another ledger needs.
    fn takes(&self, path: &Path, subject: &Subject) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_others = subject.facts.others_unit().is_some_and(|unit| {
            let beside = |name: &str| unit.program.with_file_name(name);
            [unit.path.clone(), beside("trackwayd"), beside("trackwayctl")]
                .contains(&PathBuf::from(path))
        });
        !is_others && (self.programs || name == unit::NAME)
    }
}
