//! What is a risk now: a line for each, and below it why, where, and what to do.

use std::io::{self, Write};

use trackway_protocol::row::FindingRow;

use super::{sentence, setting, tone};
use crate::render::table::{Cell, Fit, Table, Tone};
use crate::render::{View, clean};

/// Writes them.
pub(crate) fn write(rows: &[FindingRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&[("", Fit::Left), ("", Fit::Left), ("", Fit::Wrap)]);
    for row in rows {
        let risk = Cell::toned(row.risk.as_str(), tone(row.risk));
        let setting = setting(&row.key, row.value.as_ref(), view);
        table.row([risk, clean(&row.agent).into_owned().into(), setting.into()]);
        let file = format!("{}, {}", view.path(&row.path), view.since(row.since));
        for below in [
            sentence(&row.why).into(),
            Cell::toned(file, Tone::Faint).elided(),
            format!("→ {}", sentence(&row.fix)).into(),
        ] {
            table.row(["".into(), "".into(), below]);
        }
    }
    table.write(view, out)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use serde_json::json;
    use trackway_protocol::record::Risk;

    use super::*;
    use crate::render::config::tests::{assert_harmless, hostile};
    use crate::render::written;

    fn row() -> FindingRow {
        FindingRow {
            risk: Risk::High,
            agent: "claude".into(),
            scope: "project".into(),
            dir: Some("/home/ann/src/x".into()),
            path: "/home/ann/src/a-product-with-quite-a-name/and/x/.claude/settings.json".into(),
            key: "permissions.defaultMode".into(),
            value: Some(json!("bypassPermissions")),
            why: "Every tool runs without a question, for everybody who clones the repository."
                .into(),
            fix: "Take the key out of the file.".into(),
            since: "2026-11-16T11:57:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_finding_is_a_line_and_why_where_and_what_to_do_stand_below() {
        let secret = FindingRow {
            risk: Risk::Low,
            agent: "codex".into(),
            path: "/home/ann/.codex/auth.json".into(),
            key: "@mode".into(),
            value: None,
            ..row()
        };
        assert_eq!(
            written(|out| write(&[row(), secret], &View::plain(), out)),
            "\
high  claude  permissions.defaultMode = bypassPermissions
              Every tool runs without a question, for everybody who clones the
              repository.
              ~/…/and/x/.claude/settings.json, since Nov 16 11:57
              → Take the key out of the file.
low   codex   @mode
              Every tool runs without a question, for everybody who clones the
              repository.
              ~/.codex/auth.json, since Nov 16 11:57
              → Take the key out of the file.
"
        );
    }

    #[test]
    fn what_a_file_says_cannot_act_and_has_an_end() {
        let hostile = FindingRow {
            agent: "a\x1b".into(),
            path: "/home/ann/\x1b[1m\u{202e}".into(),
            key: hostile(),
            value: Some(json!(hostile())),
            why: hostile(),
            fix: hostile(),
            ..row()
        };
        let narrow = written(|out| write(slice::from_ref(&hostile), &View::plain(), out));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        let all_in_one: String = narrow.split_whitespace().collect();
        assert_harmless(&all_in_one);
        assert_harmless(&written(|out| write(&[hostile], &View::piped(), out)));
    }
}
