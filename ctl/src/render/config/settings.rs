//! What is in force, agent by agent.

use std::io::{self, Write};

use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Risk;
use trackway_protocol::row::{InForce, SettingRow};

use super::{sentence, setting, tone};
use crate::render::selection::selection;
use crate::render::table::{Cell, Fit, Table, Tone, bold};
use crate::render::text::{NOT_APPLICABLE, UNKNOWN, wrapped};
use crate::render::{View, clean};

/// Writes the settings: on a terminal each agent's in a table of their own, elsewhere each in a line.
pub(crate) fn write(rows: &[SettingRow], view: &View, out: &mut impl Write) -> io::Result<()> {
    if view.width.is_none() {
        return flat(rows, view).write(view, out);
    }
    for (index, rows) in rows.chunk_by(|one, other| one.agent == other.agent).enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        writeln!(out, "{gap}{}", bold(view, &clean(&rows[0].agent)))?;
        of_agent(rows, view).write(view, out)?;
    }
    Ok(())
}

fn of_agent(rows: &[SettingRow], view: &View) -> Table {
    let rigid = |title| (title, Fit::Left);
    let columns = [rigid("IN FORCE"), rigid("RISK"), rigid("LAYER"), ("SETTING", Fit::Wrap)];
    let mut table = Table::new(&columns);
    let below = |table: &mut Table, cell: Cell| {
        let empty = || Cell::from("");
        table.row([empty(), empty(), empty(), cell]);
    };
    for row in rows {
        table.row([in_force(row), risk(row), layer(row), says(row, view)]);
        if let Some(origin) = origin(row, view) {
            below(&mut table, Cell::toned(origin, Tone::Faint).elided());
        }
        if let Some(why) = &row.why {
            below(&mut table, Cell::toned(sentence(why), Tone::Faint));
        }
    }
    table
}

fn flat(rows: &[SettingRow], view: &View) -> Table {
    let titles = ["AGENT", "IN FORCE", "RISK", "LAYER", "SINCE", "FILE", "SETTING", "WHY"];
    let mut table = Table::new(&titles.map(|title| (title, Fit::Left)));
    for row in rows {
        table.row([
            clean(&row.agent).into_owned().into(),
            in_force(row),
            risk(row),
            layer(row),
            row.since.map_or_else(|| UNKNOWN.into(), |since| view.minute(since)).into(),
            row.path.as_deref().map_or_else(|| NOT_APPLICABLE.into(), |it| view.path(it)).into(),
            says(row, view),
            row.why.as_deref().map_or_else(|| NOT_APPLICABLE.into(), sentence).into(),
        ]);
    }
    table
}

fn in_force(row: &SettingRow) -> Cell {
    match row.in_force {
        InForce::Yes => "yes".into(),
        InForce::No => Cell::toned("no", Tone::Faint),
        InForce::Unknown => Cell::toned(UNKNOWN, Tone::Warning),
    }
}

/// Returns the risk; what is not in force is none now.
fn risk(row: &SettingRow) -> Cell {
    let alarm = if row.in_force == InForce::No { Risk::None } else { row.risk };
    Cell::toned(row.risk.as_str(), tone(alarm))
}

fn layer(row: &SettingRow) -> Cell {
    clean(&row.layer).into_owned().into()
}

fn says(row: &SettingRow, view: &View) -> Cell {
    setting(&row.key, row.value.as_ref(), view).into()
}

/// Returns where it is said, and since when.
fn origin(row: &SettingRow, view: &View) -> Option<String> {
    let path = row.path.as_deref().map(|path| view.path(path));
    let since = row.since.map(|since| view.since(since));
    let parts: Vec<_> = [path, since].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Writes that no setting is in force for what was asked.
pub(crate) fn nothing(
    filter: &Filter,
    at_ms: Option<i64>,
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    let place = filter.dir.as_ref().map(|dir| format!(" in {}", view.path(dir)));
    let rest = Filter { dir: None, ..filter.clone() };
    let at = at_ms.map(|ms| format!(" at {}", view.minute(Timestamp::from_ms(ms))));
    let sentence = format!(
        "No setting is known to be in force{}{}{}.",
        place.unwrap_or_default(),
        at.unwrap_or_default(),
        selection(&rest, view),
    );
    writeln!(out, "{}\n{LIMITS}", wrapped(&sentence, view.width))
}

const LIMITS: &str = "\
That holds for what trackwayd has read; what an agent does where nobody tells it
is its own to choose.";

#[cfg(test)]
mod tests {
    use std::slice;

    use serde_json::json;

    use super::*;
    use crate::render::config::tests::{assert_harmless, hostile};
    use crate::render::written;

    fn rows() -> Vec<SettingRow> {
        let mode = SettingRow {
            agent: "claude".into(),
            key: "permissions.defaultMode".into(),
            value: Some(json!("bypassPermissions")),
            layer: "project".into(),
            path: Some("/home/ann/src/a-product-with-quite-a-name/.claude/settings.json".into()),
            since: "2026-11-16T11:57:00Z".parse().ok(),
            in_force: InForce::Yes,
            why: None,
            risk: Risk::High,
        };
        let weaker = SettingRow {
            layer: "user".into(),
            value: Some(json!("plan")),
            path: Some("/home/ann/.claude/settings.json".into()),
            in_force: InForce::No,
            why: Some("project settings are stronger".into()),
            risk: Risk::None,
            ..mode.clone()
        };
        let key = SettingRow {
            key: "env.ANTHROPIC_AUTH_TOKEN".into(),
            value: None,
            layer: "argv".into(),
            path: None,
            since: None,
            why: None,
            ..weaker.clone()
        };
        let token = SettingRow { in_force: InForce::Unknown, risk: Risk::Medium, ..key };
        let codex = SettingRow {
            agent: "codex".into(),
            key: "sandbox_mode".into(),
            value: Some(json!("read-only")),
            layer: "user".into(),
            path: Some("/home/ann/.codex/config.toml".into()),
            since: None,
            why: Some("it is not known whether the directory is trusted".into()),
            ..token.clone()
        };
        vec![mode, weaker, token, codex]
    }

    #[test]
    fn each_agent_has_a_table_of_80_columns() {
        assert_eq!(
            written(|out| write(&rows(), &View::plain(), out)),
            "\
claude
IN FORCE  RISK    LAYER    SETTING
yes       high    project  permissions.defaultMode = bypassPermissions
                           ~/…/.claude/settings.json, since Nov 16 11:57
no        none    user     permissions.defaultMode = plan
                           ~/.claude/settings.json, since Nov 16 11:57
                           project settings are stronger
?         medium  argv     env.ANTHROPIC_AUTH_TOKEN = (set)

codex
IN FORCE  RISK    LAYER  SETTING
?         medium  user   sandbox_mode = read-only
                         ~/.codex/config.toml
                         it is not known whether the directory is trusted
"
        );
    }

    #[test]
    fn elsewhere_a_setting_is_a_row_with_all_of_it() {
        assert_eq!(
            written(|out| write(&rows()[1..], &View::piped(), out)),
            "\
AGENT   IN FORCE  RISK    LAYER  SINCE         FILE                     SETTING                           WHY
claude  no        none    user   Nov 16 11:57  ~/.claude/settings.json  permissions.defaultMode = plan    project settings are stronger
claude  ?         medium  argv   ?             -                        env.ANTHROPIC_AUTH_TOKEN = (set)  -
codex   ?         medium  user   ?             ~/.codex/config.toml     sandbox_mode = read-only          it is not known whether the directory is trusted
"
        );
    }

    #[test]
    fn what_a_file_says_cannot_act_and_has_an_end() {
        let hostile = SettingRow {
            agent: "a\u{202e}".into(),
            key: hostile(),
            value: Some(json!({"a": hostile()})),
            layer: "l\x1b".into(),
            path: Some("/home/ann/\x1b[1m\u{202e}".into()),
            why: Some(hostile()),
            ..rows().remove(0)
        };
        let narrow = written(|out| write(slice::from_ref(&hostile), &View::plain(), out));
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        let all_in_one: String = narrow.split_whitespace().collect();
        assert_harmless(&all_in_one);
        assert_harmless(&written(|out| write(&[hostile], &View::piped(), out)));
    }

    #[test]
    fn that_nothing_is_in_force_is_not_overclaimed() {
        let some = |text: &str| Some(text.to_owned());
        let told = |filter: &Filter, at_ms| {
            written(|out| nothing(filter, at_ms, &View::plain(), out))
                .lines()
                .next()
                .map(String::from)
        };
        let filter = Filter { agent: some("codex"), dir: some("/home/ann/x"), ..Filter::default() };
        assert_eq!(
            told(&filter, Some(1_794_787_200_000)),
            some("No setting is known to be in force in ~/x at Nov 16 00:00 of codex.")
        );
        let filter = Filter { launch: some("3f\x1b"), ..Filter::default() };
        assert_eq!(
            told(&filter, None),
            some("No setting is known to be in force for launch 3f\\x1b.")
        );
    }
}
