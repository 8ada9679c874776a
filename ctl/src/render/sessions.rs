//! The table of sessions.

use std::io::{self, Write};

use trackway_protocol::row::{Link, SessionLeftOut, SessionRow};

use super::table::{Fit, Table};
use super::text::{UNKNOWN, id_length, known, number, short_id};
use super::{View, clean};

/// From this width on there is room for models, launches and shell calls.
const WIDE: u16 = 120;

/// Writes the table.
pub(crate) fn write(rows: &[SessionRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let wide = view.width.is_none_or(|width| width >= WIDE);
    let mut columns = vec![
        ("LAST", Fit::Left),
        ("ID", Fit::Left),
        ("AGENT", Fit::Left),
        ("IN", Fit::Right),
        ("OUT", Fit::Right),
        ("READ", Fit::Right),
        ("WROTE", Fit::Right),
    ];
    if wide {
        columns.extend([("UNRESOLVED", Fit::Right), ("LAUNCH", Fit::Left), ("MODELS", Fit::Left)]);
    }
    columns.push(("DIRECTORY", Fit::Elide));
    let mut table = Table::new(&columns);
    let length = id_length(rows.iter().map(|row| &row.id));
    for row in rows {
        let tokens = &row.tokens;
        let input = tokens.input.saturating_add(tokens.cache_read);
        let mut cells = vec![
            view.ago(row.last_at).into(),
            clean(&short_id(&row.id, length)).into_owned().into(),
            clean(&row.agent).into_owned().into(),
            told(row, roughly(input.saturating_add(tokens.cache_write))).into(),
            told(row, roughly(tokens.output)).into(),
            told(row, number(row.files_read)).into(),
            told(row, number(row.files_written)).into(),
        ];
        if wide {
            let models = if row.models.is_empty() { UNKNOWN.into() } else { row.models.join(", ") };
            let launch = row.launch.map(|launch| short_id(launch, 8));
            let calls = format!("{} of {}", number(row.unresolved_calls), number(row.shell_calls));
            cells.extend([
                told(row, calls).into(),
                launch.unwrap_or_else(|| UNKNOWN.into()).into(),
                clean(&models).into_owned().into(),
            ]);
        }
        cells.push(row.cwd.as_deref().map_or(UNKNOWN.into(), |cwd| view.path(cwd)).into());
        table.row(cells);
    }
    table.write(view, out)
}

/// Returns a figure, or that it is unknown: of a session that only a process names no file was read.
fn told(row: &SessionRow, figure: String) -> String {
    if row.transcript.is_some() { figure } else { UNKNOWN.into() }
}

/// Writes what is known of one session as a list.
pub(super) fn list(row: &SessionRow, view: &View) -> Table {
    let mut list = Table::list();
    let text = |text: Option<&str>| known(text);
    list.item("session", clean(&row.id).into_owned());
    let agent = format!("{} {}", row.agent, row.agent_version.as_deref().unwrap_or(UNKNOWN));
    list.item("agent", clean(&agent).into_owned());
    list.item("first sign", view.second(row.started_at));
    list.item("last sign", view.second(row.last_at));
    list.item("directory", row.cwd.as_deref().map_or(UNKNOWN.into(), |cwd| view.path(cwd)));
    let launches = match (&row.links[..], row.launch) {
        ([], None) => vec!["none known".to_owned()],
        // From a daemon that tells of the best link only.
        ([], Some(launch)) => vec![format!("{launch} ({})", known(row.linked_by.as_deref()))],
        (links, _) => links.iter().map(|link| linked(&link.launch.to_string(), link)).collect(),
    };
    for (nth, launch) in launches.into_iter().enumerate() {
        list.item(if nth == 0 { "launch" } else { "also" }, launch);
    }
    if let Some(parent) = &row.parent_session {
        list.item("parent", clean(parent).into_owned());
    }
    let models = if row.models.is_empty() { UNKNOWN.into() } else { row.models.join(", ") };
    list.item("models", clean(&models).into_owned());
    list.item("permissions", text(row.permission_mode.as_deref()));
    list.item("sandbox", text(row.sandbox.as_deref()));
    let tokens = &row.tokens;
    list.item("responses", told(row, number(row.responses)));
    let classes = [
        ("input", tokens.input),
        ("cache read", tokens.cache_read),
        ("cache write", tokens.cache_write),
        ("output", tokens.output),
        ("of it reasoning", tokens.reasoning),
    ];
    let classes = classes.map(|(class, tokens)| format!("{class} {}", number(tokens)));
    list.item("tokens", told(row, classes.join(", ")));
    let (read, written) = (number(row.files_read), number(row.files_written));
    list.item("files", told(row, format!("{read} read, {written} written")));
    let (calls, unresolved) = (number(row.shell_calls), number(row.unresolved_calls));
    let calls = format!("{calls}, of which {unresolved} were not resolved");
    list.item("shell calls", told(row, calls));
    if let Some(text) = left_out(&row.left_out) {
        list.item("left out", text);
    }
    let gone = row.transcript_gone_at.map(|at| format!(" (gone {})", view.second(at)));
    let file = row.transcript.as_deref().map_or(UNKNOWN.into(), |path| view.path(path));
    list.item("session file", file + &gone.unwrap_or_default());
    list.item("evidence", row.evidence.as_str());
    list
}

/// Returns one end of a link with how it is known.
pub(super) fn linked(to: &str, link: &Link) -> String {
    format!("{} ({})", clean(to), clean(&link.how.join(", ")))
}

/// Returns what changed while shell calls ran and is not told; none where that is nothing.
fn left_out(left_out: &SessionLeftOut) -> Option<String> {
    let SessionLeftOut { ignored, untold, unwatched_dirs } = *left_out;
    let parts = [
        (ignored, "changed files that the repository ignores"),
        (untold, "changed files of which it is not known who changed them"),
        (unwatched_dirs, "directories that were too many to be watched"),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", number(count)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Returns a count of tokens in four characters or so.
fn roughly(tokens: u64) -> String {
    let scaled = |unit: f64| tokens as f64 / unit;
    match tokens {
        0..=999 => tokens.to_string(),
        1_000..=99_949 => format!("{:.1}k", scaled(1e3)),
        99_950..=999_499 => format!("{:.0}k", scaled(1e3)),
        999_500..=99_949_999 => format!("{:.1}M", scaled(1e6)),
        99_950_000..=999_499_999 => format!("{:.0}M", scaled(1e6)),
        _ => format!("{:.1}G", scaled(1e9)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use trackway_protocol::record::Evidence;
    use trackway_protocol::row::SessionTokens;

    use super::*;
    use crate::render::written;

    pub(in crate::render) fn rows() -> [SessionRow; 2] {
        let tokens = SessionTokens {
            input: 12_345,
            cache_read: 2_000_000,
            cache_write: 7,
            output: 950,
            reasoning: 3,
        };
        let full = SessionRow {
            id: "01a20861-8159-7700-a526-3cdda88b8944".into(),
            agent: "claude".into(),
            agent_version: Some("2.1.330".into()),
            models: vec!["claude-sonnet-5\u{202e}".into()],
            cwd: Some("/home/ann/src/a-product-with-quite-a-name/and/deeper".into()),
            repo: None,
            repo_unknown: None,
            launch: Some("3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()),
            launches: vec!["3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()],
            linked_by: Some("environment".into()),
            links: Vec::new(),
            parent_session: None,
            permission_mode: Some("plan".into()),
            sandbox: None,
            provider: None,
            transcript: Some("/home/ann/.claude/projects/-w/x.jsonl".into()),
            transcript_gone_at: None,
            trace: false,
            started_at: "2026-11-23T11:00:00Z".parse().unwrap(),
            last_at: "2026-11-23T11:57:00Z".parse().unwrap(),
            responses: 12,
            tokens,
            cost_usd: None,
            files_read: 1234,
            files_written: 5,
            dirs: 4,
            shell_calls: 9,
            unresolved_calls: 2,
            left_out: SessionLeftOut::default(),
            evidence: Evidence::Transcript,
        };
        let bare = SessionRow {
            id: "s\u{1b}[2J".into(),
            models: Vec::new(),
            cwd: None,
            launch: None,
            launches: Vec::new(),
            linked_by: None,
            ..full.clone()
        };
        [full, bare]
    }

    #[test]
    fn the_table_fits_80_columns() {
        let table = written(|out| write(&rows(), &View::plain(), out));
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        assert!(table.lines().nth(1).unwrap().starts_with("3 min ago  01a20861"), "{table}");
        assert!(table.contains("  2.0M  950  1,234      5  "), "{table}");
        assert!(!table.contains('\u{1b}') && !table.contains('\u{202e}'), "{table}");
    }

    #[test]
    fn where_there_is_room_launch_models_and_what_is_unresolved_are_shown() {
        let table = written(|out| write(&rows(), &View::piped(), out));
        let [head, full, bare] = table.lines().collect::<Vec<_>>()[..] else { panic!("{table}") };
        assert!(head.contains("UNRESOLVED") && head.contains("LAUNCH"), "{table}");
        assert!(full.contains("2 of 9") && full.contains("3f2a9c41"), "{table}");
        assert!(bare.ends_with('?') && !bare.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn each_launch_is_shown_with_how_it_is_known_the_best_first() {
        let [mut row, _] = rows();
        let link = |number: u8, how: &[&str], evidence| Link {
            launch: format!("3f2a9c41-0000-8000-8000-00000000000{number}").parse().unwrap(),
            session: row.id.clone(),
            how: how.iter().map(|how| (*how).to_owned()).collect(),
            evidence,
        };
        row.links = vec![
            link(1, &["environment", "argument"], Evidence::Kernel),
            link(2, &["place-and-time"], Evidence::Inferred),
        ];
        let shown = written(|out| list(&row, &View::piped()).write(&View::piped(), out));
        let expected = "\nlaunch        3f2a9c41-0000-8000-8000-000000000001 (environment, argument)\n\
                        also          3f2a9c41-0000-8000-8000-000000000002 (place-and-time)\n";
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn of_a_session_without_a_file_nothing_is_counted() {
        let [row, _] = rows();
        let row = SessionRow { transcript: None, ..row };
        let table = written(|out| write(std::slice::from_ref(&row), &View::plain(), out));
        assert!(table.contains("claude   ?    ?     ?      ?  ~/"), "{table}");
    }

    #[test]
    fn what_was_left_out_is_said_where_there_is_any() {
        let counts = SessionLeftOut { ignored: 1200, untold: 0, unwatched_dirs: 3 };
        let text = "1,200 changed files that the repository ignores, 3 directories that were too \
                    many to be watched";
        assert_eq!(left_out(&counts).as_deref(), Some(text));
        assert_eq!(left_out(&SessionLeftOut::default()), None);
    }

    #[test]
    fn tokens_are_short_and_never_another_order_of_magnitude() {
        let told = [0, 999, 1000, 99_949, 99_950, 999_499, 999_500, 99_950_000, 12_000_000_000];
        let expected = ["0", "999", "1.0k", "99.9k", "100k", "999k", "1.0M", "100M", "12.0G"];
        assert_eq!(told.map(roughly), expected);
    }
}
