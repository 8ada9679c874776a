//! How the service is: who keeps the daemon running, and whether it runs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use trackway_protocol::ids::Timestamp;

use super::table::{Cell, Table, Tone};
use super::text::{UNKNOWN, known};
use super::{View, clean};
use crate::service::State;
use crate::service::running::Running;

/// Our own version, which the daemon's should be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the service is. What is not known is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct ServiceRow {
    /// `systemd`, `launchd`, `task-scheduler`, or `detached` where nobody keeps it running; `null` where
    /// nothing is installed.
    pub(crate) manager: Option<&'static str>,
    /// The file that describes the service.
    pub(crate) file: Option<String>,
    /// The manager's word for what it is doing.
    pub(crate) state: Option<String>,
    /// Whether it starts with the session.
    pub(crate) enabled: Option<bool>,
    /// Whether it runs without a session.
    pub(crate) linger: Option<bool>,
    /// Whether the daemon answers.
    pub(crate) answers: bool,
    /// Its process.
    pub(crate) pid: Option<u32>,
    /// Since when it runs.
    pub(crate) since: Option<Timestamp>,
    /// The program that the service runs.
    pub(crate) program: Option<String>,
    /// The version of the daemon that runs.
    pub(crate) version: Option<String>,
    /// Whether that is our own version.
    pub(crate) same_version: Option<bool>,
    /// The directory of the ledger.
    pub(crate) state_dir: String,
}

impl ServiceRow {
    /// Puts together what the manager and the daemon say.
    pub(crate) fn of(
        manager: Option<&'static str>,
        state: State,
        running: &Running,
        state_dir: &Path,
    ) -> Self {
        let shown = |path: PathBuf| path.display().to_string();
        let status = match running {
            Running::Answers(status) => Some(status),
            _ => None,
        };
        Self {
            manager,
            file: state.file.map(shown),
            state: state.state,
            enabled: state.enabled,
            linger: state.linger,
            answers: status.is_some(),
            pid: running.pid(),
            since: status.map(|status| status.started_at),
            program: state.program.map(shown),
            version: status.map(|status| status.version.clone()),
            same_version: status.map(|status| status.version == VERSION),
            state_dir: state_dir.display().to_string(),
        }
    }
}

/// Writes it.
pub(crate) fn write(row: &ServiceRow, view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut list = Table::list();
    list.item("manager", manager(row));
    if let Some(file) = &row.file {
        list.item("", view.path(file));
    }
    if let Some(state) = &row.state {
        list.item("state", clean(state).into_owned());
    }
    list.item("enabled", enabled(row));
    if row.manager == Some("systemd") {
        list.item("linger", linger(row.linger));
    }
    list.item("daemon", daemon(row, view));
    if row.same_version == Some(false) {
        let told = format!("trackwayctl is {VERSION}: `trackwayctl service restart` may help");
        list.item("", Cell::toned(told, Tone::Warning));
    }
    list.item("program", row.program.as_deref().map_or(UNKNOWN.into(), |it| view.path(it)));
    list.item("ledger", view.path(&row.state_dir));
    list.write(view, out)
}

fn manager(row: &ServiceRow) -> &'static str {
    match row.manager {
        Some("systemd") => "the systemd user manager",
        Some("launchd") => "launchd",
        Some("task-scheduler") => "the task scheduler",
        Some(_) => "none: it runs detached",
        None => "none: no service is installed",
    }
}

fn enabled(row: &ServiceRow) -> &'static str {
    match (row.enabled, row.manager) {
        (Some(true), Some("detached")) => "yes: a desktop session starts it",
        (Some(true), _) => "yes: it starts with the session",
        (Some(false), _) => "no: nothing starts it by itself",
        (None, Some(_)) => UNKNOWN,
        (None, None) => "no",
    }
}

fn linger(linger: Option<bool>) -> &'static str {
    match linger {
        Some(true) => "yes: it runs without a login as well",
        Some(false) => "no: it stops when you log out (`loginctl enable-linger` keeps it)",
        None => UNKNOWN,
    }
}

fn daemon(row: &ServiceRow, view: &View) -> Cell {
    match (row.pid, row.since) {
        (Some(pid), Some(since)) => {
            let version = known(row.version.as_deref());
            let told = format!("trackwayd {version}, pid {pid}, up {}", view.since(since));
            Cell::toned(told, Tone::Good)
        }
        (Some(pid), None) => Cell::toned(format!("pid {pid}, and does not answer"), Tone::Bad),
        (None, _) => Cell::toned("does not run", Tone::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    fn row() -> ServiceRow {
        ServiceRow {
            manager: Some("systemd"),
            file: Some("/home/ann/.config/systemd/user/trackwayd.service".into()),
            state: Some("active (running)".into()),
            enabled: Some(true),
            linger: Some(false),
            answers: true,
            pid: Some(4242),
            since: Some("2026-11-23T11:57:00Z".parse().unwrap()),
            program: Some("/home/ann/.local/bin/trackwayd".into()),
            version: Some(VERSION.into()),
            same_version: Some(true),
            state_dir: "/home/ann/.local/state/trackway".into(),
        }
    }

    #[test]
    fn a_service_that_runs_is_told_in_a_few_lines() {
        assert_eq!(
            written(|out| write(&row(), &View::plain(), out)),
            format!(
                "\
manager  the systemd user manager
         ~/.config/systemd/user/trackwayd.service
state    active (running)
enabled  yes: it starts with the session
linger   no: it stops when you log out (`loginctl enable-linger` keeps it)
daemon   trackwayd {VERSION}, pid 4242, up for 3 min
program  ~/.local/bin/trackwayd
ledger   ~/.local/state/trackway
"
            )
        );
    }

    #[test]
    fn a_daemon_of_another_version_is_pointed_out() {
        let row = ServiceRow { version: Some("0.0.9".into()), same_version: Some(false), ..row() };
        let text = written(|out| write(&row, &View::plain(), out));
        assert!(text.contains("trackwayd 0.0.9, pid 4242") && text.contains("restart"), "{text}");
    }

    #[test]
    fn where_nothing_is_installed_or_known_it_is_said() {
        let row = ServiceRow { state_dir: "/s".into(), ..ServiceRow::default() };
        assert_eq!(
            written(|out| write(&row, &View::plain(), out)),
            "manager  none: no service is installed\n\
             enabled  no\n\
             daemon   does not run\n\
             program  ?\n\
             ledger   /s\n"
        );
        let json = serde_json::to_value(&row).unwrap();
        assert!(json["pid"].is_null() && json["linger"].is_null() && json["manager"].is_null());
    }

    #[test]
    fn a_daemon_that_has_the_lock_and_does_not_answer_is_told_apart() {
        let state = State::default();
        let row = ServiceRow::of(Some("detached"), state, &Running::Locked(17), Path::new("/s"));
        assert_eq!((row.pid, row.answers, row.version.as_deref()), (Some(17), false, None));
        let text = written(|out| write(&row, &View::plain(), out));
        assert!(text.contains("daemon   pid 17, and does not answer"), "{text}");
    }
}
