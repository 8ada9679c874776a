//! Everything about one launch or session: what is known of it, then its records in order.

use std::io::{self, Write};

use trackway_protocol::record::Repo;
use trackway_protocol::row::{LaunchRow, SessionRow};

use super::launches::{agent, outcome};
use super::record::Entry;
use super::table::{Cell, Fit, Table, bold};
use super::text::{NOT_APPLICABLE, listed, number, quoted};
use super::time::duration;
use super::{View, clean, sessions};

const UNKNOWN: &str = "unknown";

/// What is shown.
#[derive(Debug)]
pub(crate) enum Subject {
    Launch(Box<LaunchRow>),
    /// With the launches that worked on it.
    Session(Box<SessionRow>, Vec<LaunchRow>),
}

/// Writes it.
pub(crate) fn write(
    subject: &Subject,
    mut entries: Vec<Entry>,
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    match subject {
        Subject::Launch(row) => list(row, view).write(view, out)?,
        Subject::Session(row, launches) => {
            sessions::list(row, view).write(view, out)?;
            if !launches.is_empty() {
                writeln!(out, "\n{}", bold(view, "Launches"))?;
                super::launches::write(launches, view, out)?;
            }
        }
    }
    if entries.is_empty() {
        return writeln!(out, "\nNo record of it is left.");
    }
    // Files may be read long after their launch was seen.
    entries.sort_by_key(|entry| entry.at);
    writeln!(out, "\n{}", bold(view, "Records"))?;
    timeline(&entries, matches!(subject, Subject::Session(..))).write(view, out)
}

/// What happened, line by line; where there are several witnesses, with the launch or session that
/// each line is of.
fn timeline(entries: &[Entry], with_ids: bool) -> Table {
    let (rigid, wraps) = (("", Fit::Left), ("", Fit::Wrap));
    let mut timeline = match with_ids {
        true => Table::new(&[rigid, rigid, rigid, wraps]),
        false => Table::new(&[rigid, rigid, wraps]),
    };
    for Entry { time, launch, what, text, tone, .. } in entries {
        let launch = with_ids.then_some(launch);
        let rigid = [Some(time), launch, Some(what)].into_iter().flatten().cloned();
        timeline.row(rigid.map(Cell::from).chain([Cell::toned(text, *tone)]));
    }
    timeline
}

/// What is known of a launch.
fn list(row: &LaunchRow, view: &View) -> Table {
    let mut list = Table::list();
    list.item("launch", row.id.to_string());
    list.item("agent", agent(row));
    course(row, view, &mut list);
    place(row, view, &mut list);
    program(row, view, &mut list);
    origin(row, &mut list);
    list
}

/// When it ran and how it ended.
fn course(row: &LaunchRow, view: &View, list: &mut Table) {
    let mut started = view.second(row.started_at);
    if row.found_running {
        started += " (it already ran when trackwayd first saw it)";
    }
    list.item("started", started);
    let ended = match (row.ended_at, row.end_seen) {
        (None, _) => NOT_APPLICABLE.into(),
        (Some(time), Some(false)) => format!("not seen, missed at {}", view.second(time)),
        (Some(time), _) => view.second(time),
    };
    list.item("ended", ended);
    list.item("outcome", outcome(row));
    let lasted = match (row.duration_ms, row.ended_at) {
        (Some(ms), _) => duration(ms),
        (None, None) => NOT_APPLICABLE.into(),
        (None, Some(_)) => UNKNOWN.into(),
    };
    list.item("duration", lasted);
}

/// Where it ran.
fn place(row: &LaunchRow, view: &View, list: &mut Table) {
    list.item("directory", row.cwd.as_deref().map_or(UNKNOWN.into(), |cwd| view.path(cwd)));
    match (&row.repo, &row.repo_unknown, &row.cwd) {
        (Some(repo), _, _) => repository(repo, view, list),
        (None, Some(why), _) => list.item("repository", format!("unknown: {}", clean(why))),
        (None, None, Some(_)) => list.item("repository", "none"),
        (None, None, None) => list.item("repository", UNKNOWN),
    }
    let namespace = match row.namespace.as_deref() {
        Some("host") => "host".into(),
        Some("other") => "other: paths are those of a container or the like".into(),
        namespace => text(namespace),
    };
    list.item("namespace", namespace);
}

fn repository(repo: &Repo, view: &View, list: &mut Table) {
    list.item("repository", view.path(&repo.root));
    let part = |text: Option<&str>, absent: &str| {
        text.map_or_else(|| absent.to_owned(), |text| clean(text).into_owned())
    };
    list.item("  remote", part(repo.remote.as_deref(), "none"));
    list.item("  branch", part(repo.branch.as_deref(), "none (detached head)"));
    list.item("  commit", part(repo.commit.as_deref(), "none"));
}

/// What ran, and how it was told to.
fn program(row: &LaunchRow, view: &View, list: &mut Table) {
    list.item("mode", text(row.mode.as_deref()));
    list.item("command line", arguments(row.argv.as_deref()));
    list.item("flags", arguments(row.flags.as_deref()));
    list.item("environment", arguments(row.env.as_deref()));
    list.item("executable", row.exe.as_deref().map_or(UNKNOWN.into(), |exe| view.path(exe)));
    list.item("installed as", text(row.layout.as_deref()));
    let endpoint = row.endpoint.as_ref().map_or(UNKNOWN.into(), |endpoint| {
        format!("{} (from {})", clean(&endpoint.host), clean(&endpoint.how))
    });
    list.item("endpoint", endpoint);
}

/// Who started it, and how it is known.
fn origin(row: &LaunchRow, list: &mut Table) {
    list.item("pid", row.pid.map_or(UNKNOWN.into(), |pid| pid.to_string()));
    list.item("terminal", text(row.tty.as_deref()));
    let launcher = row.launcher.as_ref().map_or(UNKNOWN.into(), |launcher| {
        format!("{} ({}, pid {})", clean(&launcher.name), clean(&launcher.kind), launcher.pid)
    });
    list.item("started by", launcher);
    let parent = row.parent_launch.map_or("none known".into(), |launch| launch.to_string());
    list.item("within launch", parent);
    let told = match row.sessions.as_deref() {
        None => "unknown (no session file is read)".into(),
        Some([]) => "none known".into(),
        Some(sessions) if row.links.is_empty() => {
            listed(sessions.iter().map(|session| clean(session).into_owned()), sessions::LISTED)
        }
        Some(_) => {
            let links = row.links.iter().map(|link| sessions::linked(&link.session, link));
            listed(links, sessions::LISTED)
        }
    };
    list.item("sessions", told);
    let unread = match (row.unread_execs, row.ended_at) {
        (Some(execs), _) => number(execs),
        (None, None) => NOT_APPLICABLE.into(),
        (None, Some(_)) => UNKNOWN.into(),
    };
    list.item("unread execs", unread);
    list.item("evidence", row.evidence.as_str());
}

fn text(text: Option<&str>) -> String {
    text.map_or(UNKNOWN.into(), |text| clean(text).into_owned())
}

fn arguments(arguments: Option<&[String]>) -> String {
    match arguments {
        None => UNKNOWN.into(),
        Some([]) => "none".into(),
        Some(arguments) => {
            arguments.iter().map(|argument| quoted(argument)).collect::<Vec<_>>().join(" ")
        }
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::{Endpoint, Evidence, Launcher};
    use trackway_protocol::row::Link;

    use super::*;
    use crate::render::launches::tests::{bare, full};
    use crate::render::written;

    fn launch(row: LaunchRow) -> Subject {
        Subject::Launch(Box::new(row))
    }

    #[test]
    fn a_session_is_shown_with_its_tokens_and_without_control_characters() {
        for row in sessions::tests::rows() {
            let shown = Subject::Session(Box::new(row), Vec::new());
            let text = written(|out| write(&shown, Vec::new(), &View::plain(), out));
            assert!(text.contains("cache read 2,000,000") && !text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn a_session_has_its_launches_and_one_timeline_of_all() {
        let [row, _] = sessions::tests::rows();
        let shown = Subject::Session(Box::new(row), vec![bare(), full()]);
        let entry = |minute: u32, of: &str, text: &str| Entry {
            at: format!("2026-11-23T11:{minute:02}:00Z").parse().ok(),
            time: format!("Nov 23 11:{minute:02}:00"),
            launch: of.into(),
            what: "in".into(),
            text: text.into(),
            ..Entry::default()
        };
        let entries = vec![entry(2, "01a20861", "read later"), entry(1, "3f2a9c41", "seen first")];
        let text = written(|out| write(&shown, entries, &View::plain(), out));
        let (_, launches) = text.split_once("\nLaunches\n").unwrap();
        assert!(launches.contains("3f2a9c41") && launches.contains("8c0de1aa"), "{text}");
        let timeline = "\nRecords\nNov 23 11:01:00  3f2a9c41  in  seen first\n\
            Nov 23 11:02:00  01a20861  in  read later\n";
        assert!(text.ends_with(timeline), "{text}");
    }

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        assert_eq!(
            written(|out| write(&launch(bare()), Vec::new(), &View::plain(), out)),
            "\
launch         3f2a9c41-0000-8000-8000-000000000001
agent          claude ?
started        Nov 23 11:57:00
ended          -
outcome        running
duration       -
directory      unknown
repository     unknown
namespace      unknown
mode           unknown
command line   unknown
flags          unknown
environment    unknown
executable     unknown
installed as   unknown
endpoint       unknown
pid            unknown
terminal       unknown
started by     unknown
within launch  none known
sessions       unknown (no session file is read)
unread execs   -
evidence       polled

No record of it is left.
"
        );
    }

    #[test]
    fn every_field_and_the_records_are_shown() {
        let mut row = full();
        row.layout = Some("npm".into());
        row.pid = Some(4711);
        row.argv = Some(vec!["codex".into(), "exec".into(), "‹12 chars›".into()]);
        row.flags = Some(Vec::new());
        row.env = Some(vec!["ANTHROPIC_BASE_URL".into()]);
        row.exe = Some("/home/ann/.npm/codex\n".into());
        row.tty = Some("pts/3".into());
        row.launcher = Some(Launcher { kind: "shell".into(), name: "zsh".into(), pid: 12 });
        row.parent_launch = Some(bare().id);
        row.endpoint = Some(Endpoint { host: "api.example".into(), how: "env".into() });
        row.sessions = Some(vec!["s-1".into(), "s-2".into()]);
        row.links = [("s-1", "environment"), ("s-2", "registry\n")]
            .map(|(session, how)| Link {
                launch: row.id,
                session: session.into(),
                how: vec![how.into()],
                evidence: Evidence::Kernel,
            })
            .into();
        row.unread_execs = Some(0);
        let entry = Entry {
            at: None,
            time: "Nov 22 10:00:00".into(),
            launch: "8c0de1aa".into(),
            what: "started".into(),
            text: "codex 0.64.0, interactive, in ~/src/trackway/ctl/src, from zsh".into(),
            ..Entry::default()
        };
        assert_eq!(
            written(|out| write(&launch(row), vec![entry], &View::plain(), out)),
            "\
launch         8c0de1aa-0000-8000-8000-000000000002
agent          codex 0.64.0
started        Nov 22 10:00:00
ended          Nov 22 10:04:12
outcome        exit 0
duration       4m 12s
directory      ~/src/trackway/ctl/src
repository     ~/src/trackway
  remote       none
  branch       none (detached head)
  commit       none
namespace      host
mode           interactive
command line   codex exec '‹12 chars›'
flags          none
environment    ANTHROPIC_BASE_URL
executable     ~/.npm/codex\\n
installed as   npm
endpoint       api.example (from env)
pid            4711
terminal       pts/3
started by     zsh (shell, pid 12)
within launch  3f2a9c41-0000-8000-8000-000000000001
sessions       s-1 (environment), s-2 (registry\\n)
unread execs   0
evidence       kernel

Records
Nov 22 10:00:00  started  codex 0.64.0, interactive, in ~/src/trackway/ctl/src,
                          from zsh
"
        );
    }
}
