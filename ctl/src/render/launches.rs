//! The table of launches, and the words for one that other renderers share.

use std::io::{self, Write};

use trackway_protocol::row::LaunchRow;

use super::table::{Cell, Fit, Table, Tone};
use super::text::{UNKNOWN, id_length, known, short_id, shortened};
use super::time::roughly;
use super::{View, clean};

/// From this width on there is room for long modes.
const WIDE: u16 = 100;
/// Below this width there is no room for modes and versions.
const NARROW: u16 = 72;
/// How many columns of a mode a narrow table shows.
const MODE: usize = 11;

/// Writes the table.
pub(crate) fn write(rows: &[LaunchRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let narrow = view.width.is_some_and(|width| width < NARROW);
    let mut columns = vec![
        ("ID", Fit::Left),
        ("AGENT", Fit::Left),
        ("MODE", Fit::Left),
        ("STARTED", Fit::Left),
        ("ENDED", Fit::Left),
        ("WHERE", Fit::Elide),
    ];
    if narrow {
        columns.remove(2);
    }
    let mut table = Table::new(&columns);
    let length = id_length(rows.iter().map(|row| row.id));
    for row in rows {
        let mut cells = vec![
            short_id(row.id, length).into(),
            if narrow { clean(&row.agent).into_owned() } else { agent(row) }.into(),
            mode(row, view).into(),
            view.ago(row.started_at).into(),
            Cell::toned(ended(row), tone(row)),
            place(row, view).into(),
        ];
        if narrow {
            cells.remove(2);
        }
        table.row(cells);
    }
    table.write(view, out)
}

/// Returns the agent and its version.
pub(crate) fn agent(row: &LaunchRow) -> String {
    format!("{} {}", clean(&row.agent), known(row.agent_version.as_deref()))
}

/// Returns the mode; a narrow table has no room for the long ones.
fn mode(row: &LaunchRow, view: &View) -> String {
    let mode = known(row.mode.as_deref());
    if view.width.is_none_or(|width| width >= WIDE) { mode } else { shortened(&mode, MODE) }
}

/// Returns how it ended: `running`, `exit 0`, `signal 9`, `end not seen`.
pub(crate) fn outcome(row: &LaunchRow) -> String {
    match (row.ended_at, row.exit_code, row.signal) {
        (None, ..) => "running".into(),
        (_, Some(code), _) => format!("exit {code}"),
        (_, _, Some(signal)) => format!("signal {signal}"),
        (Some(_), None, None) if row.end_seen == Some(false) => "end not seen".into(),
        (Some(_), None, None) => format!("exit {UNKNOWN}"),
    }
}

/// Returns how it ended and how long it ran.
fn ended(row: &LaunchRow) -> String {
    match row.duration_ms {
        Some(ms) if row.ended_at.is_some() => format!("{}, {}", outcome(row), roughly(ms)),
        _ => outcome(row),
    }
}

fn tone(row: &LaunchRow) -> Tone {
    match (row.ended_at, row.exit_code) {
        (None, _) => Tone::Good,
        (_, Some(0)) => Tone::Plain,
        _ => Tone::Warning,
    }
}

/// Returns where it ran: below its repository's name, or the path.
pub(super) fn place(row: &LaunchRow, view: &View) -> String {
    let Some(cwd) = row.cwd.as_deref() else { return UNKNOWN.into() };
    if row.namespace.as_deref().is_some_and(|namespace| namespace != "host") {
        // A path of another file system; this one's home and repositories say nothing about it.
        return format!("ns:{}", clean(cwd));
    }
    let in_repo = row.repo.as_ref().and_then(|repo| {
        let name = repo.root.rsplit('/').find(|name| !name.is_empty())?;
        let rest = cwd.strip_prefix(repo.root.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/'))
            .then(|| clean(&format!("{name}{rest}")).into_owned())
    });
    in_repo.unwrap_or_else(|| view.path(cwd))
}

#[cfg(test)]
pub(crate) mod tests {
    use trackway_protocol::record::{Evidence, Repo};

    use super::*;
    use crate::render::written;

    /// A launch of which only what is never unknown is known; it runs.
    pub(crate) fn bare() -> LaunchRow {
        LaunchRow {
            id: "3f2a9c41-0000-8000-8000-000000000001".parse().unwrap(),
            agent: "claude".into(),
            agent_version: None,
            layout: None,
            mode: None,
            pid: None,
            started_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            ended_at: None,
            end_seen: None,
            exit_code: None,
            signal: None,
            duration_ms: None,
            cwd: None,
            repo: None,
            repo_unknown: None,
            argv: None,
            flags: None,
            env: None,
            exe: None,
            tty: None,
            launcher: None,
            parent_launch: None,
            endpoint: None,
            namespace: None,
            found_running: false,
            sessions: None,
            links: Vec::new(),
            unread_execs: None,
            evidence: Evidence::Polled,
        }
    }

    /// A launch of which everything is known; it ended well.
    pub(crate) fn full() -> LaunchRow {
        LaunchRow {
            id: "8c0de1aa-0000-8000-8000-000000000002".parse().unwrap(),
            agent: "codex".into(),
            agent_version: Some("0.64.0".into()),
            mode: Some("interactive".into()),
            started_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            ended_at: Some("2026-11-22T10:04:12Z".parse().unwrap()),
            end_seen: Some(true),
            exit_code: Some(0),
            duration_ms: Some(252_000),
            cwd: Some("/home/ann/src/trackway/ctl/src".into()),
            repo: Some(Repo { root: "/home/ann/src/trackway".into(), ..Repo::default() }),
            namespace: Some("host".into()),
            evidence: Evidence::Kernel,
            ..bare()
        }
    }

    #[test]
    fn every_outcome_has_its_words() {
        let ended = full().ended_at;
        let lost = LaunchRow { end_seen: Some(false), exit_code: None, ..full() };
        assert_eq!(outcome(&bare()), "running");
        assert_eq!(outcome(&full()), "exit 0");
        assert_eq!(outcome(&LaunchRow { ended_at: ended, signal: Some(9), ..bare() }), "signal 9");
        assert_eq!(outcome(&lost), "end not seen");
        assert_eq!(outcome(&LaunchRow { end_seen: Some(true), ..lost }), "exit ?");
    }

    #[test]
    fn a_place_is_told_from_its_repository_or_from_home() {
        let view = View::plain();
        let at = |cwd: &str| LaunchRow { cwd: Some(cwd.into()), ..full() };
        assert_eq!(place(&full(), &view), "trackway/ctl/src");
        assert_eq!(place(&at("/home/ann/src/trackway"), &view), "trackway");
        assert_eq!(place(&at("/home/ann/src/trackways"), &view), "~/src/trackways");
        assert_eq!(place(&at("/a\x1b[0m"), &view), "/a\\x1b[0m");
        assert_eq!(place(&bare(), &view), "?");
        let other = LaunchRow { namespace: Some("other".into()), ..at("/home/ann/work") };
        assert_eq!(place(&other, &view), "ns:/home/ann/work");
    }

    #[test]
    fn the_table_fits_80_columns_and_shows_the_unknown() {
        let rows = [bare(), full()];
        assert_eq!(
            written(|out| write(&rows, &View::plain(), out)),
            "\
ID        AGENT         MODE         STARTED       ENDED       WHERE
3f2a9c41  claude ?      ?            3 min ago     running     ?
8c0de1aa  codex 0.64.0  interactive  Nov 22 10:00  exit 0, 4m  trackway/ctl/src
"
        );
    }
}
