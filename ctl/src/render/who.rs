//! Who touched a place: the table, and what it means where nobody is known to have.

use std::io::{self, Write};

use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::WhoRow;

use super::dirs::how;
use super::selection::{Unresolved, selection};
use super::table::{Fit, Table};
use super::text::{UNKNOWN, count, id_length, known, number, quoted, short_id, shortened, wrapped};
use super::{View, clean};

/// From this width on there is room for more than who, when and where.
const WIDE: u16 = 100;
/// How many columns of flags a terminal shows.
const FLAGS: usize = 30;

/// Writes the table.
pub(crate) fn write(rows: &[WhoRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let wide = view.width.is_none_or(|width| width >= WIDE);
    let mut columns = vec![("LAST", Fit::Left), ("ID", Fit::Left), ("AGENT", Fit::Left)];
    if wide {
        columns.extend([("MODE", Fit::Left), ("FLAGS", Fit::Left), ("PATHS", Fit::Right)]);
    }
    columns.extend([("HOW", Fit::Left), ("LAST PATH", Fit::Elide)]);
    let mut table = Table::new(&columns);
    let length = id_length(rows.iter().map(id));
    for row in rows {
        let mut cells = vec![
            view.ago(row.last_at).into(),
            short_id(id(row), length).into(),
            agent(row, wide).into(),
        ];
        if wide {
            cells.push(known(row.mode.as_deref()).into());
            cells.push(flags(row, view).into());
            cells.push(number(row.paths).into());
        }
        cells.extend([how(&row.how, view).into(), view.path(&row.path).into()]);
        table.row(cells);
    }
    table.write(view, out)
}

/// Returns what `show` takes: the launch, else the session.
fn id(row: &WhoRow) -> String {
    let launch = row.launch.map(|launch| launch.to_string());
    launch.unwrap_or_else(|| known(row.session.as_deref()))
}

fn agent(row: &WhoRow, with_version: bool) -> String {
    let agent = known(row.agent.as_deref());
    if with_version { format!("{agent} {}", known(row.agent_version.as_deref())) } else { agent }
}

/// Returns the flags that matter for risk; a terminal has no room for many.
fn flags(row: &WhoRow, view: &View) -> String {
    let Some(flags) = &row.flags else { return UNKNOWN.into() };
    let flags: Vec<_> = flags.iter().map(|flag| quoted(flag)).collect();
    match (flags.is_empty(), view.width) {
        (true, _) => "none".into(),
        (false, None) => flags.join(" "),
        (false, Some(_)) => shortened(&clean(&flags.join(" ")), FLAGS),
    }
}

/// Said where a scope is set.
const SCOPE: &str = "A scope is set: of what lies outside of it, nothing is recorded at all;\n\
                     `trackwayctl status` shows it.\n";

/// What is known where no touch of a place was recorded. `None` is what could not be learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Untouched {
    /// When the first record was written.
    pub(crate) begin: Option<Timestamp>,
    /// Whether a scope is set, or was, so that places may lie outside of it.
    pub(crate) is_scoped: bool,
    /// How many gaps there are in the range that was asked for.
    pub(crate) gaps: Option<u64>,
    /// Of which shell calls in it not everything could be told.
    pub(crate) unresolved: Option<Unresolved>,
}

impl Untouched {
    /// Returns what that means, and what it does not.
    pub(crate) fn told(self, filter: &Filter, view: &View) -> String {
        let place = match (&filter.repo, &filter.dir) {
            (Some(repo), _) => format!("the repository {}", clean(repo)),
            (None, Some(dir)) => format!("{} or anything below", view.path(dir)),
            (None, None) => UNKNOWN.into(),
        };
        let rest = Filter { repo: None, dir: None, ..filter.clone() };
        let begin = self.begin.map_or("?".into(), |begin| view.minute(begin));
        let gaps = match self.gaps {
            Some(gaps) => count(gaps, "gap", "gaps"),
            None => format!("{UNKNOWN} gaps"),
        };
        let scope = if self.is_scoped { SCOPE } else { "" };
        let sentence = format!("No touch of {place} was recorded{}.", selection(&rest, view));
        format!(
            "{}\n\
             The ledger begins {begin}; of the time before, nothing is known.\n\
             `trackwayctl gaps` tells when the recorder was\n\
             blind: {gaps} in the range asked for.\n\
             {scope}Files are known from agents' session files and from what shell commands say of\n\
             themselves.\n\
             {}",
            wrapped(&sentence, view.width),
            Unresolved::told(self.unresolved),
        )
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::Evidence;

    use super::*;
    use crate::render::written;

    fn rows() -> [WhoRow; 2] {
        let known = WhoRow {
            launch: Some("3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()),
            session: None,
            agent: Some("claude".into()),
            agent_version: Some("2.1.330".into()),
            mode: Some("headless".into()),
            flags: Some(vec!["--permission-mode=plan".into(), "--add-dir".into()]),
            endpoint: None,
            cwd: Some("/home/ann".into()),
            path: "/home/ann/src/secret-model/training/data/\u{202e}x".into(),
            paths: 1234,
            how: ["command", "launch"].map(Into::into).to_vec(),
            first_at: "2026-11-16T12:00:00Z".parse().unwrap(),
            last_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            evidence: Evidence::Kernel,
        };
        let bare = WhoRow {
            launch: None,
            session: Some("01a20861-8159-7700-a526-3cdda88b8944".into()),
            agent: None,
            agent_version: None,
            mode: None,
            flags: None,
            paths: 1,
            how: vec!["read".into()],
            ..known.clone()
        };
        [known, bare]
    }

    #[test]
    fn the_table_fits_80_columns() {
        assert_eq!(
            written(|out| write(&rows(), &View::plain(), out)),
            "\
LAST       ID        AGENT   HOW              LAST PATH
3 min ago  3f2a9c41  claude  command, launch  ~/…/training/data/\\u{202e}x
3 min ago  01a20861  ?       read             ~/…/training/data/\\u{202e}x
"
        );
    }

    #[test]
    fn where_there_is_room_the_risks_are_shown() {
        assert_eq!(
            written(|out| write(&rows(), &View::piped(), out)),
            "\
LAST       ID        AGENT           MODE      FLAGS                             PATHS  HOW              LAST PATH
3 min ago  3f2a9c41  claude 2.1.330  headless  --permission-mode=plan --add-dir  1,234  command, launch  ~/src/secret-model/training/data/\\u{202e}x
3 min ago  01a20861  ? ?             ?         ?                                     1  read             ~/src/secret-model/training/data/\\u{202e}x
"
        );
    }

    #[test]
    fn that_nothing_was_recorded_is_not_overclaimed() {
        let filter = Filter {
            dir: Some("/home/ann/src/\x1b[2J".into()),
            agent: Some("codex".into()),
            since_ms: Some(1_794_787_200_000),
            ..Filter::default()
        };
        let begin = "2026-11-12T09:00:00Z".parse().unwrap();
        let unresolved = Some(Unresolved { calls: 3, is_all: true });
        let told = Untouched { begin: Some(begin), is_scoped: false, gaps: Some(1), unresolved };
        let told = told.told(&filter, &View::plain());
        assert_eq!(
            told,
            "No touch of ~/src/\\x1b[2J or anything below was recorded of codex, from Nov 16\n\
             00:00 to now.\n\
             The ledger begins Nov 12 09:00; of the time before, nothing is known.\n\
             `trackwayctl gaps` tells when the recorder was\n\
             blind: 1 gap in the range asked for.\n\
             Files are known from agents' session files and from what shell commands say of\n\
             themselves.\n\
             Of 3 shell calls in the range asked for, it is not known what\nthey did to files."
        );
        assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    }
}
