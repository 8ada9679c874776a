//! The table of sessions.

use std::io::{self, Write};
use std::iter;

use trackway_protocol::row::{Link, SessionLeftOut, SessionRow, SessionTokens};

use super::table::{Fit, Table};
use super::text::{UNKNOWN, count, id_length, known, listed, lone_id, number, short_id};
use super::{View, clean};

/// From this width on there is room for models, launches and shell calls.
const WIDE: u16 = 120;

/// Follows a count of files that may be too low; see [`note`].
const MORE: &str = "+";

/// How many launches or sessions are listed.
pub(super) const LISTED: usize = 5;

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
        let SessionTokens { input, cache_read, cache_write, output, .. } = row.tokens;
        let input =
            [input, cache_read, cache_write].into_iter().flatten().reduce(u64::saturating_add);
        let files = |count: Option<u64>| {
            let more = if !wide && has_unresolved(row) { MORE } else { "" };
            told(count, |count| number(count) + more)
        };
        let mut cells = vec![
            view.ago(row.last_at).into(),
            clean(&short_id(&row.id, length)).into_owned().into(),
            clean(&row.agent).into_owned().into(),
            told(input, roughly).into(),
            told(output, roughly).into(),
            files(row.files_read).into(),
            files(row.files_written).into(),
        ];
        if wide {
            let models = if row.models.is_empty() { UNKNOWN.into() } else { row.models.join(", ") };
            cells.extend([
                calls(row, " of ").into(),
                launch(row).into(),
                clean(&models).into_owned().into(),
            ]);
        }
        cells.push(row.cwd.as_deref().map_or(UNKNOWN.into(), |cwd| view.path(cwd)).into());
        table.row(cells);
    }
    table.write(view, out)
}

/// Says what [`MORE`] means, where the table has it.
pub(crate) fn note(rows: &[SessionRow], view: &View) -> Option<String> {
    if view.width.is_none_or(|width| width >= WIDE) {
        return None;
    }
    let calls: u64 = rows.iter().filter_map(|row| row.unresolved_calls).sum();
    let calls = (calls > 0).then(|| count(calls, "shell call", "shell calls"))?;
    Some(format!("{MORE} and more, perhaps: what {calls} did to files could not be told"))
}

fn has_unresolved(row: &SessionRow) -> bool {
    row.unresolved_calls.is_some_and(|calls| calls > 0)
}

/// Returns the launch, and how many more there are.
fn launch(row: &SessionRow) -> String {
    let Some(launch) = row.launch else { return UNKNOWN.into() };
    match row.launches.len() {
        0 | 1 => lone_id(launch),
        all => format!("{} +{}", lone_id(launch), all - 1),
    }
}

/// Returns how many shell calls are unresolved, of how many.
fn calls(row: &SessionRow, of: &str) -> String {
    format!("{}{of}{}", told(row.unresolved_calls, number), told(row.shell_calls, number))
}

/// Returns a figure, or that it is unknown: of a session that only a process names no file was read.
fn told(figure: Option<u64>, told: impl FnOnce(u64) -> String) -> String {
    figure.map_or(UNKNOWN.into(), told)
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
    list.item("launches", launches(row));
    if let Some(parent) = &row.parent_session {
        list.item("parent", clean(parent).into_owned());
    }
    let models = if row.models.is_empty() { UNKNOWN.into() } else { row.models.join(", ") };
    list.item("models", clean(&models).into_owned());
    list.item("permissions", text(row.permission_mode.as_deref()));
    list.item("sandbox", text(row.sandbox.as_deref()));
    list.item("responses", told(row.responses, number));
    list.item("tokens", tokens(&row.tokens));
    let (read, written) = (told(row.files_read, number), told(row.files_written, number));
    list.item("files", format!("{read} read, {written} written"));
    list.item("directories", told(row.dirs, number));
    let (calls, unresolved) = (told(row.shell_calls, number), told(row.unresolved_calls, number));
    list.item("shell calls", format!("{calls}, of which {unresolved} were not resolved"));
    if let Some(text) = row.left_out.as_ref().and_then(left_out) {
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

/// Returns the first launches, the best known first, and how many more there are.
fn launches(row: &SessionRow) -> String {
    if row.launches.is_empty() {
        return "none known".into();
    }
    if !row.links.is_empty() {
        return listed(row.links.iter().map(|it| linked(&it.launch.to_string(), it)), LISTED);
    }
    // From a daemon that tells of the best link only.
    let how = row.linked_by.as_deref().map(|how| format!(" ({})", clean(how)));
    let best = iter::once(how.unwrap_or_default()).chain(iter::repeat(String::new()));
    listed(row.launches.iter().zip(best).map(|(launch, how)| format!("{launch}{how}")), LISTED)
}

fn tokens(tokens: &SessionTokens) -> String {
    let SessionTokens { input, cache_read, cache_write, output, reasoning } = *tokens;
    let classes = [
        ("input", input),
        ("cache read", cache_read),
        ("cache write", cache_write),
        ("output", output),
        ("of it reasoning", reasoning),
    ];
    let classes = classes.map(|(class, tokens)| format!("{class} {}", told(tokens, number)));
    classes.join(", ")
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

    use super::*;
    use crate::render::written;

    pub(in crate::render) fn rows() -> [SessionRow; 2] {
        let tokens = SessionTokens {
            input: Some(12_345),
            cache_read: Some(2_000_000),
            cache_write: Some(7),
            output: Some(950),
            reasoning: Some(3),
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
            responses: Some(12),
            tokens,
            cost_usd: None,
            files_read: Some(1234),
            files_written: Some(5),
            dirs: Some(4),
            shell_calls: Some(9),
            unresolved_calls: Some(2),
            left_out: None,
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
        assert!(table.contains("  2.0M  950  1,234+     5+  "), "{table}");
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
        let expected = "\nlaunches      3f2a9c41-0000-8000-8000-000000000001 (environment, argument), \
                        3f2a9c41-0000-8000-8000-000000000002 (place-and-time)\n";
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn that_more_may_have_been_done_is_said_where_there_is_no_room_for_how_much() {
        let told = "+ and more, perhaps: what 4 shell calls did to files could not be told";
        assert_eq!(note(&rows(), &View::plain()).as_deref(), Some(told));
        assert_eq!(note(&rows(), &View::piped()), None);
        let resolved = rows().map(|row| SessionRow { unresolved_calls: Some(0), ..row });
        assert_eq!(note(&resolved, &View::plain()), None);
        let table = written(|out| write(&resolved, &View::plain(), out));
        assert!(!table.contains('+'), "{table}");
    }

    #[test]
    fn of_a_session_without_a_file_nothing_is_counted() {
        let table = written(|out| write(&[uncounted()], &View::plain(), out));
        assert!(table.contains("claude   ?    ?     ?      ?  ~/"), "{table}");
        let list = written(|out| list(&uncounted(), &View::piped()).write(&View::piped(), out));
        for unknown in [
            "responses     ?\n",
            "input ?, cache read ?, cache write ?, output ?, of it reasoning ?\n",
            "? read, ? written\n",
            "?, of which ? were not resolved\n",
        ] {
            assert!(list.contains(unknown), "{unknown} in {list}");
        }
    }

    fn uncounted() -> SessionRow {
        let [row, _] = rows();
        SessionRow {
            transcript: None,
            responses: None,
            tokens: SessionTokens::default(),
            files_read: None,
            files_written: None,
            dirs: None,
            shell_calls: None,
            unresolved_calls: None,
            ..row
        }
    }

    #[test]
    fn of_many_launches_it_is_said_how_many_are_not_listed() {
        let [row, _] = rows();
        let one = row.launches[0];
        let row = SessionRow { launches: vec![one; 7], ..row };
        assert_eq!(launch(&row), "3f2a9c41 +6");
        let told = launches(&row);
        assert!(told.starts_with(&format!("{one} (environment), {one}, ")), "{told}");
        assert!(told.ends_with(", … 2 more"), "{told}");
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
