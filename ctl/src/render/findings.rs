//! What the witnesses disagree about and what is a risk now: a line for each, and below it why,
//! where, since when, and what to do.

use std::io::{self, Write};

use trackway_protocol::row::AnyFinding;

use super::config::{sentence, setting, tone};
use super::table::{Cell, Fit, Table, Tone};
use super::text::{lone_id, short_id};
use super::{View, clean};

/// Writes them.
pub(crate) fn write(rows: &[AnyFinding], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&[("", Fit::Left), ("", Fit::Left), ("", Fit::Wrap)]);
    for row in rows {
        let risk = Cell::toned(row.risk.as_str(), tone(row.risk));
        table.row([risk, clean(&row.agent).into_owned().into(), what(row, view).into()]);
        for below in [
            sentence(&row.why).into(),
            Cell::toned(place(row, view), Tone::Faint).elided(),
            format!("→ {}", sentence(&row.fix)).into(),
        ] {
            table.row(["".into(), "".into(), below]);
        }
    }
    table.write(view, out)
}

/// Returns the code, or the setting, and what it is about.
fn what(row: &AnyFinding, view: &View) -> String {
    let code = clean(&row.code);
    if let Some(key) = &row.key {
        let setting = setting(key, row.value.as_ref(), view);
        return if row.code == "setting" { setting } else { format!("{code}: {setting}") };
    }
    let launch = row.launch.map(|launch| format!(", launch {}", lone_id(launch)));
    let session = row.session.as_ref().map(|session| {
        const LENGTH: usize = 8;
        format!(", session {}", clean(&short_id(session, LENGTH)))
    });
    format!("{code}{}{}", launch.unwrap_or_default(), session.unwrap_or_default())
}

/// Returns where it is, and since when.
fn place(row: &AnyFinding, view: &View) -> String {
    let place = row.path.as_ref().or(row.dir.as_ref()).map(|path| view.path(path));
    let since = view.since(row.since);
    place.map_or_else(|| since.clone(), |place| format!("{place}, {since}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trackway_protocol::record::Risk;

    use super::*;
    use crate::render::config::tests::{assert_harmless, hostile};
    use crate::render::written;

    fn row() -> AnyFinding {
        AnyFinding {
            code: "launch-without-session".into(),
            risk: Risk::Medium,
            agent: "claude".into(),
            at: Some("2026-11-16T12:00:00Z".parse().unwrap()),
            since: "2026-11-16T11:57:00Z".parse().unwrap(),
            launch: Some("3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()),
            session: None,
            dir: Some("/home/ann/src/x".into()),
            path: None,
            key: None,
            value: None,
            why: "It ran commands for its model, and left no session file.".into(),
            fix: "Ask who started it what it was for.".into(),
        }
    }

    #[test]
    fn a_finding_is_a_line_and_why_where_and_what_to_do_stand_below() {
        let gone = AnyFinding {
            code: "session-file-vanished".into(),
            launch: None,
            session: Some("76a56c1b-7339-4881-9b8f-5c9deb6a0f2c".into()),
            path: Some("/home/ann/.claude/projects/-home-ann-src-x/76a56c1b-7339-4881-9b8f-5c9deb6a0f2c.jsonl".into()),
            ..row()
        };
        let setting = AnyFinding {
            code: "hooks-off".into(),
            launch: None,
            at: None,
            path: Some("/home/ann/.claude/settings.json".into()),
            key: Some("disableAllHooks".into()),
            value: Some(json!(true)),
            ..row()
        };
        let text = written(|out| write(&[row(), gone, setting], &View::plain(), out));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "medium  claude  launch-without-session, launch 3f2a9c41");
        assert_eq!(lines[1].trim(), "It ran commands for its model, and left no session file.");
        assert_eq!(lines[2].trim(), "~/src/x, since Nov 16 11:57");
        assert_eq!(lines[3].trim(), "→ Ask who started it what it was for.");
        assert_eq!(lines[4], "medium  claude  session-file-vanished, session 76a56c1b");
        assert!(lines[6].ends_with("since Nov 16 11:57"), "{}", lines[6]);
        assert_eq!(lines[8], "medium  claude  hooks-off: disableAllHooks = true");
    }

    #[test]
    fn what_was_captured_cannot_act_and_has_an_end() {
        let hostile = AnyFinding {
            code: "\x1b[1m".into(),
            agent: "a\x1b".into(),
            session: Some("\u{202e}\x1b]0;x".into()),
            path: Some("/home/ann/\x1b[1m\u{202e}".into()),
            why: hostile(),
            fix: hostile(),
            ..row()
        };
        let setting = AnyFinding { key: Some(hostile.why.clone()), ..hostile.clone() };
        let text = written(|out| write(&[hostile, setting], &View::plain(), out));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let all_in_one: String = text.split_whitespace().collect();
        assert_harmless(&all_in_one);
    }
}
