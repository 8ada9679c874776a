//! The changes of configuration. On a terminal each file has a line and its changes stand below;
//! elsewhere each change is a row, so that `grep` sees all of it.

use std::io::{self, Write};

use trackway_protocol::row::ConfigRow;
use unicode_width::UnicodeWidthStr as _;

use super::{Change, file, sentence, tone};
use crate::render::table::{Cell, Fit, Table, Tone, bold};
use crate::render::text::{NOT_APPLICABLE, UNKNOWN, elide, id_length, listed, short_id};
use crate::render::{View, clean};

/// How many sessions or launches are listed.
const LISTED: usize = 3;
/// How far in the changes of a file stand.
const INDENT: &str = "  ";

/// Writes them.
pub(crate) fn write(rows: &[ConfigRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    let sessions = rows.iter().flat_map(|row| row.written_by.iter().cloned());
    let launches = rows.iter().flat_map(|row| row.launches.iter().map(ToString::to_string));
    let length = id_length(sessions.chain(launches));
    match view.width {
        Some(width) => rows
            .chunk_by(|one, other| one.seq == other.seq)
            .try_for_each(|rows| of_file(rows, length, (view, width), out)),
        None => flat(rows, length, view).write(view, out),
    }
}

/// Writes the changes that one record tells, which are of one file.
fn of_file(
    rows: &[ConfigRow],
    length: usize,
    (view, width): (&View, u16),
    out: &mut impl Write,
) -> io::Result<()> {
    let [row, ..] = rows else { return Ok(()) };
    let head = format!("{}  {}", view.ago(row.at), file(&row.agent, &row.file, ""));
    let room = usize::from(width).saturating_sub(head.width());
    writeln!(out, "{}", bold(view, &(head + &elide(&view.path(&row.path), room))))?;
    let mut table = Table::new(&[("", Fit::Left), ("", Fit::Wrap)]);
    if let Some(who) = who(row, length) {
        table.row([INDENT.into(), Cell::toned(who, Tone::Faint)]);
    }
    for row in rows {
        // As wide as the longest: the changes of all files stand below each other.
        let risk = Cell::toned(format!("{INDENT}{:6}", row.risk), tone(row.risk));
        table.row([risk, change(row, view).into()]);
        if let Some(why) = &row.why {
            table.row([INDENT.into(), Cell::toned(sentence(why), Tone::Faint)]);
        }
    }
    table.write(view, out)
}

fn flat(rows: &[ConfigRow], length: usize, view: &View) -> Table {
    let titles = ["WHEN", "RISK", "AGENT", "SCOPE", "WHO", "FILE", "CHANGE", "WHY"];
    let mut table = Table::new(&titles.map(|title| (title, Fit::Left)));
    for row in rows {
        table.row([
            view.ago(row.at).into(),
            Cell::toned(row.risk.as_str(), tone(row.risk)),
            clean(&row.agent).into_owned().into(),
            clean(&row.scope).into_owned().into(),
            who(row, length).unwrap_or_else(|| UNKNOWN.into()).into(),
            view.path(&row.path).into(),
            change(row, view).into(),
            row.why.as_deref().map_or_else(|| NOT_APPLICABLE.into(), sentence).into(),
        ]);
    }
    table
}

fn change(row: &ConfigRow, view: &View) -> String {
    let ConfigRow { key, what, before, after, .. } = row;
    Change { key, what, before: before.as_ref(), after: after.as_ref() }.told(view)
}

/// Returns who wrote the file, else who could have; nothing where nobody is known.
fn who(row: &ConfigRow, length: usize) -> Option<String> {
    let short = |id: String| clean(&short_id(id, length)).into_owned();
    let launches = row.launches.iter().map(ToString::to_string);
    match (row.found, &row.written_by[..]) {
        (true, _) => Some("found there when first looked at".into()),
        (false, []) if row.launches.is_empty() => None,
        (false, []) => Some(format!("while {} ran", listed(launches.map(short), LISTED))),
        (false, sessions) => {
            let noun = if sessions.len() == 1 { "session" } else { "sessions" };
            let sessions = listed(sessions.iter().cloned().map(short), LISTED);
            Some(format!("written by {noun} {sessions}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use serde_json::json;
    use trackway_protocol::record::{Evidence, Risk};

    use super::*;
    use crate::render::config::tests::{assert_harmless, hostile};
    use crate::render::written;

    fn rows() -> Vec<ConfigRow> {
        let mode = ConfigRow {
            seq: 9,
            at: "2026-11-23T11:57:00Z".parse().unwrap(),
            agent: "claude".into(),
            scope: "project".into(),
            file: "settings".into(),
            path: "/home/ann/src/a-product-with-quite-a-name/and/deeper/.claude/settings.json"
                .into(),
            dir: Some("/home/ann/src/a-product-with-quite-a-name/and/deeper".into()),
            repo: None,
            found: false,
            key: "permissions.defaultMode".into(),
            what: "changed".into(),
            before: Some(json!("default")),
            after: Some(json!("bypassPermissions")),
            risk: Risk::High,
            why: Some(
                "every tool runs without a question, in every directory and by anybody".into(),
            ),
            launches: vec!["3f2a9c41-0000-8000-8000-000000000001".parse().unwrap()],
            written_by: vec!["01a20861-8159-7700-a526-3cdda88b8944".into(), "02\x1b".into()],
            evidence: Evidence::Config,
        };
        let allow = ConfigRow {
            key: "permissions.allow".into(),
            what: "added".into(),
            before: None,
            after: Some(json!("Bash(npm run test:*)")),
            risk: Risk::None,
            why: None,
            ..mode.clone()
        };
        let sandbox = ConfigRow {
            seq: 8,
            agent: "codex".into(),
            scope: "user".into(),
            path: "/home/ann/.codex/config.toml".into(),
            key: "sandbox_mode".into(),
            what: "unset".into(),
            after: None,
            before: None,
            risk: Risk::Medium,
            why: None,
            written_by: Vec::new(),
            ..mode.clone()
        };
        let found = ConfigRow {
            seq: 7,
            found: true,
            risk: Risk::Low,
            what: "set".into(),
            ..sandbox.clone()
        };
        let by_nobody = ConfigRow {
            seq: 6,
            at: "2026-11-16T11:57:00Z".parse().unwrap(),
            launches: Vec::new(),
            what: "set".into(),
            after: Some(json!("read-only")),
            risk: Risk::None,
            ..sandbox.clone()
        };
        vec![mode, allow, sandbox, found, by_nobody]
    }

    #[test]
    fn the_changes_of_a_file_stand_below_it_in_80_columns() {
        assert_eq!(
            written(|out| write(&rows(), &View::plain(), out)),
            "\
3 min ago  claude settings ~/…/and/deeper/.claude/settings.json
          written by sessions 01a20861, 02\\x1b
  high    permissions.defaultMode: default → bypassPermissions
          every tool runs without a question, in every directory and by anybody
  none    + permissions.allow 'Bash(npm run test:*)'
3 min ago  codex settings ~/.codex/config.toml
          while 3f2a9c41 ran
  medium  sandbox_mode unset
3 min ago  codex settings ~/.codex/config.toml
          found there when first looked at
  low     sandbox_mode set
Nov 16 11:57  codex settings ~/.codex/config.toml
  none    sandbox_mode = read-only
"
        );
    }

    #[test]
    fn elsewhere_a_change_is_a_row_with_all_of_it() {
        assert_eq!(
            written(|out| write(&rows()[1..], &View::piped(), out)),
            "\
WHEN          RISK    AGENT   SCOPE    WHO                                   FILE                                                                CHANGE                                      WHY
3 min ago     none    claude  project  written by sessions 01a20861, 02\\x1b  ~/src/a-product-with-quite-a-name/and/deeper/.claude/settings.json  + permissions.allow 'Bash(npm run test:*)'  -
3 min ago     medium  codex   user     while 3f2a9c41 ran                    ~/.codex/config.toml                                                sandbox_mode unset                          -
3 min ago     low     codex   user     found there when first looked at      ~/.codex/config.toml                                                sandbox_mode set                            -
Nov 16 11:57  none    codex   user     ?                                     ~/.codex/config.toml                                                sandbox_mode = read-only                    -
"
        );
    }

    #[test]
    fn what_a_file_says_cannot_act_and_has_an_end() {
        let hostile = ConfigRow {
            agent: "a\u{202e}".into(),
            file: "f\x1b".into(),
            scope: "s\x1b".into(),
            path: "/home/ann/\x1b[1m\u{202e}".into(),
            key: hostile(),
            what: "changed".into(),
            before: Some(json!([hostile()])),
            after: Some(json!(hostile())),
            why: Some(hostile()),
            ..rows().remove(0)
        };
        let coloured = |colour| View { colour, ..View::plain() };
        let narrow = written(|out| write(slice::from_ref(&hostile), &coloured(false), out));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        let all_in_one: String = narrow.split_whitespace().collect();
        assert_harmless(&all_in_one);
        assert_harmless(&written(|out| write(&[hostile], &View::piped(), out)));
        assert!(written(|out| write(&rows(), &coloured(true), out)).contains("\x1b["));
    }
}
