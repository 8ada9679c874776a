//! `service install`: from two programs to a daemon that records.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Console, Form, Subject, end, start};
use crate::client::Client;
use crate::commands::{doctor, status};
use crate::error::Error;
use crate::render;
use crate::render::text::quoted;
use crate::service::choice::Choice;
use crate::service::running::Running;
use crate::service::site::Site;
use crate::service::{Afterwards, Keeper, ServiceError, systemd};

/// Install the service, start it, and say what it sees
///
/// Running it again upgrades: the daemon is stopped, and the program that is there now is started.
/// What is written is listed in `installed` in the state directory, and `uninstall` removes it.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl service install --linger")]
pub(crate) struct Install {
    /// Run this program [default: the trackwayd beside this trackwayctl]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::ExecutablePath)]
    program: Option<PathBuf>,

    /// Start without a service manager, even where one answers
    #[arg(long)]
    detached: bool,

    /// Have the service run without a login as well, by `loginctl enable-linger`
    #[arg(long, conflicts_with = "detached")]
    linger: bool,

    /// Say what would be done, and whether it could be, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Install {
    /// Installs.
    pub(super) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let subject = Subject::of_process(self.program.as_deref())?;
        let Subject { site, list, facts } = &subject;
        let Choice { keeper, why } = facts.for_install(self.detached)?;
        keeper.check(site)?;
        if self.linger && !matches!(keeper, Keeper::Systemd(_)) {
            let what = "there is no systemd user manager, whose services alone can linger";
            return Err(ServiceError::Unsupported(what.into()).into());
        }
        let running = Running::look(site);
        if running == Running::Foreign {
            let places = site.places.clone();
            let (state_dir, socket) = (places.state_dir, places.socket);
            return Err(ServiceError::ForeignDaemon { state_dir, socket }.into());
        }
        if self.dry_run {
            why.iter().for_each(|why| console.say(why));
            let (name, program) = (keeper.name(), site.program.display());
            console.say(&format!("Would install {program} as a service ({name})"));
            return Ok(());
        }
        if !site.program.is_file() {
            return Err(ServiceError::NoProgram { program: site.program.clone() }.into());
        }
        if let Some(before) = facts.installed() {
            // Whatever does not stop by this is ended below.
            before.stop(site).ok();
        }
        running.pid().map_or(Ok(()), |pid| end(pid, console))?;
        if let Some(besides) = facts.besides(&keeper) {
            besides.uninstall(site, &mut |line| console.say(&line))?;
            list.strike()?;
        }
        let said = keeper.install(site, list)?;
        why.iter().for_each(|why| console.say(why));
        console.say(&said);
        start(&keeper, site, console)?;
        let linger = if self.linger { systemd::enable_linger() } else { Ok(()) };
        let subject = Subject::of_process(self.program.as_deref())?;
        match console.form {
            Form::Json => console.service_row(&subject.row(Some(&keeper)))?,
            Form::Table => {
                show(&subject.site, console)?;
                let afterwards = keeper.afterwards(&subject.site, &subject.list);
                console.say(&told(afterwards, &command(&subject.site)));
            }
        }
        Ok(linger?)
    }
}

/// Shows what the daemon sees, and what keeps it from seeing more.
fn show(site: &Site, console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    let socket = &site.places.socket;
    writeln!(console.out)?;
    let mut client = Client::connect(socket, console.around.patience)?;
    status::show(&mut client, console)?;
    writeln!(console.out)?;
    let concerns = doctor::concerns(socket, console);
    if !concerns.is_empty() {
        render::checks::write(&concerns, &console.around.view, console.out)?;
        writeln!(console.out)?;
    }
    Ok(())
}

/// Says for how long the daemon stays.
fn told(afterwards: Afterwards, command: &str) -> String {
    let service = "trackwayd runs as a user service";
    match afterwards {
        Afterwards::Stays => format!("{service}, also while you are logged out."),
        Afterwards::UntilLogout => format!(
            "{service}. It stops when you log out; to record without a login as well: loginctl \
             enable-linger"
        ),
        Afterwards::UntilLogoutAlways => format!("{service}, from login to logout."),
        Afterwards::Unknown => {
            format!(
                "{service}. Whether it goes on when you log out is not known: loginctl does not tell."
            )
        }
        Afterwards::WithDesktop => format!(
            "trackwayd was started detached, and a desktop session starts it again. Without one: \
             {command} service start"
        ),
        Afterwards::UntilReboot => format!(
            "trackwayd was started detached: it will NOT be there after a reboot. To start it \
             again: {command} service start"
        ),
    }
}

/// Returns this program as one would type it, in an environment that names no places.
fn command(site: &Site) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_found = std::env::split_paths(&path).any(|dir| Some(&*dir) == site.ctl.parent());
    let program = if is_found { "trackwayctl".into() } else { site.ctl.to_string_lossy() };
    let places = site.named.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
    places.chain([quoted(&program)]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_start_it_again_means_the_same_places() {
        let site = Site { named: vec![("XDG_STATE_HOME", "/my state".into())], ..Site::usual() };
        assert_eq!(command(&site), "XDG_STATE_HOME='/my state' /home/ann/.local/bin/trackwayctl");
        let told = told(Afterwards::UntilReboot, &command(&site));
        assert!(told.ends_with(
            "again: XDG_STATE_HOME='/my state' /home/ann/.local/bin/trackwayctl service start"
        ));
    }

    #[test]
    fn who_has_to_do_something_to_keep_it_is_told_what() {
        assert!(told(Afterwards::UntilLogout, "").ends_with(": loginctl enable-linger"));
        assert!(!told(Afterwards::Stays, "").contains("linger"));
        assert!(told(Afterwards::Unknown, "").contains("not known"));
    }
}
