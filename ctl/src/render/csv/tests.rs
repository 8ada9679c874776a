//! Sheets of records, hostile ones among them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use trackway_report::clean::is_unsafe;

fn sheet(lines: &[Vec<u8>], terminal: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rows = Rows::begin(&mut out, terminal).unwrap();
    lines.iter().for_each(|line| rows.write(line).unwrap());
    rows.flush().unwrap();
    drop(rows);
    out
}

/// Returns the cells of the one row, by column.
fn cells(line: &[u8], terminal: bool) -> Vec<String> {
    let sheet = sheet(&[line.to_vec()], terminal);
    let mut reader = csv::Reader::from_reader(&sheet[..]);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    rows[0].iter().map(Into::into).collect()
}

fn cell(line: &[u8], column: &str) -> String {
    let index = COLUMNS.iter().position(|name| *name == column).unwrap();
    cells(line, false)[index].clone()
}

fn record(body: &serde_json::Value) -> Vec<u8> {
    let record = json!({"seq": 7, "id": "i", "at": "a", "recorded_at": "r", "kind": "k",
        "evidence": "kernel", "body": body});
    record.to_string().into_bytes()
}

#[test]
fn what_one_filters_by_has_a_column_and_the_body_is_whole() {
    let body = json!({"launch": "l", "dir": "/d", "how": "command", "exit_code": 0,
        "flags": ["--a", "b c"], "endpoint": {"host": "h", "how": "env"},
        "repo": {"root": "/r", "remote": "https://h/r"}, "weather": [1]});
    let line = record(&body);
    for (column, expected) in [
        ("seq", "7"),
        ("replaces", ""),
        ("launch", "l"),
        ("path", "/d"),
        ("how", "command"),
        ("exit_code", "0"),
        ("signal", ""),
        ("flags", "'--a b c"),
        ("endpoint", "h"),
        ("repo_root", "/r"),
        ("repo_remote", "https://h/r"),
        ("repo_branch", ""),
        ("body", &body.to_string()),
    ] {
        assert_eq!(cell(&line, column), expected, "{column}");
    }
}

#[test]
fn what_session_files_tell_has_columns() {
    let body = json!({"session": "s", "agent": "claude", "subagent": "a", "parent_session": "p",
        "model": "m", "permission_mode": "plan", "approval_policy": "never", "sandbox": "ro",
        "provider": "x", "transcript": "/t", "shell_calls": 3, "unresolved_calls": 0,
        "path": "/f", "how": "write", "tool": "Edit", "outcome": "failed", "lines_added": 1,
        "lines_removed": 2, "response_id": "r", "retracted": true, "tokens": {"input": 1,
        "cache_read": 2, "cache_write_5m": 3, "cache_write_1h": 4, "output": 5, "reasoning": 6}});
    let line = record(&body);
    for (column, value) in body.as_object().unwrap() {
        if column != "tokens" {
            let expected = value.as_str().map_or_else(|| value.to_string(), Into::into);
            assert_eq!(cell(&line, column), expected, "{column}");
        }
    }
    for (class, tokens) in body["tokens"].as_object().unwrap() {
        assert_eq!(cell(&line, &format!("tokens_{class}")), tokens.to_string());
    }
}

#[test]
fn what_changed_in_a_file_of_settings_has_columns() {
    let change = |key: &str, risk: &str| json!({"key": key, "what": "set", "risk": risk});
    let body = json!({"agent": "claude", "scope": "project", "file": "settings", "path": "/s",
        "found": true, "state": "unreadable", "unreadable": "no \u{1b}", "modified_at": "m",
        "size": 3, "before_sha256": "b", "after_sha256": "a", "left_out": 2,
        "changes": [change("a.b", "medium"), {"key": "=c"}, change("d", "galactic")]});
    let line = record(&body);
    for (column, expected) in [
        ("agent", "claude"),
        ("path", "/s"),
        ("state", "unreadable"),
        ("scope", "project"),
        ("file", "settings"),
        ("found", "true"),
        ("unreadable", "no \\x1b"),
        ("modified_at", "m"),
        ("size", "3"),
        ("before_sha256", "b"),
        ("after_sha256", "a"),
        ("risk", "medium"),
        ("changed_keys", "a.b =c d"),
        ("changes_left_out", "2"),
    ] {
        assert_eq!(cell(&line, column), expected, "{column}");
    }
    let harmless = record(&json!({"changes": [{"key": "a", "what": "set"}]}));
    assert_eq!(cell(&harmless, "risk"), "none");
    // A session's tells something else.
    let session = record(&json!({"session": "s", "left_out": {"ignored": 1}}));
    assert_eq!(["risk", "changed_keys", "changes_left_out"].map(|it| cell(&session, it)), [""; 3]);
}

/// What of a record stands in its body alone.
const IN_THE_BODY: &[&str] = &["boot_id", "start_ticks", "ppid", "key", "sealed"];

#[test]
fn every_fact_of_every_kind_has_its_column() {
    const GOLDEN: &str = include_str!("../../../../protocol/tests/wire/v1/records.jsonl");
    for line in GOLDEN.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let is_of_file = record["kind"] == "config.changed";
        for (field, value) in record["body"].as_object().unwrap() {
            let column = match &**field {
                known if IN_THE_BODY.contains(&known) => continue,
                "dir" if is_of_file => "configured_dir",
                "dir" | "cwd" => "path",
                "why" | "policy" => "reason",
                "severity" => "risk",
                "since" => "from",
                "id" => "made",
                "left_out" => "changes_left_out",
                column => column,
            };
            let cells: Vec<_> = match (column, value) {
                ("changes", _) => vec![("changed_keys".to_owned(), "key")],
                ("repo", _) => vec![("repo_root".to_owned(), "root")],
                ("endpoint", _) => vec![(column.to_owned(), "host")],
                ("launcher", _) => vec![(column.to_owned(), "name")],
                ("tokens", serde_json::Value::Object(tokens)) => {
                    tokens.keys().map(|name| (format!("tokens_{name}"), &**name)).collect()
                }
                _ => vec![(column.to_owned(), "")],
            };
            for (column, part) in cells {
                let value = value.get(part).unwrap_or(value);
                let value = value.get(0).and_then(|change| change.get(part)).unwrap_or(value);
                let expected =
                    plain(Some(&serde_json::value::to_raw_value(value).unwrap())).into_owned();
                let cell = cell(line.as_bytes(), &column);
                let is_there = cell.trim_start_matches('\'').starts_with(&expected);
                assert!(
                    is_there && !expected.is_empty(),
                    "{column}: {cell:?} {expected:?}\n{line}"
                );
            }
        }
    }
}

#[test]
fn what_no_golden_record_has_has_columns_as_well() {
    let line = record(&json!({"parent_launch": "p", "found_running": true, "last_seen": "t",
        "descent": "fork", "continued_in": "c", "trace": true, "repo_unknown": "timeout",
        "path": "/f", "path_as_told": "f", "changed": true, "number": 7, "risk": "medium",
        "repo": {"root": "/r", "main": "/m", "upstream": "https://h/u"}}));
    for (column, expected) in [
        ("parent_launch", "p"),
        ("found_running", "true"),
        ("last_seen", "t"),
        ("descent", "fork"),
        ("continued_in", "c"),
        ("trace", "true"),
        ("repo_unknown", "timeout"),
        ("path_as_told", "f"),
        ("changed", "true"),
        ("number", "7"),
        ("risk", "medium"),
        ("repo_main", "/m"),
        ("repo_upstream", "https://h/u"),
        ("configured_dir", ""),
    ] {
        assert_eq!(cell(&line, column), expected, "{column}");
    }
}

#[test]
fn the_help_names_every_column_in_order() {
    let help = crate::commands::export::AFTER;
    let mut rest = help;
    for column in COLUMNS {
        let found = rest.find(column).unwrap_or_else(|| panic!("{column} is not in its place"));
        rest = &rest[found + column.len()..];
    }
}

#[test]
fn what_entered_a_zone_has_columns() {
    let body = json!({"zone": "z", "rule": "9f", "severity": "high", "agent": "claude",
        "session": "s", "subagent": "a", "how": "read", "path": "/s/x", "pattern": "/s/*",
        "repo": {"root": "/s", "remote": "h/r"}, "told_by": "i"});
    let line = record(&body);
    for (column, expected) in [
        ("agent", "claude"),
        ("session", "s"),
        ("subagent", "a"),
        ("how", "read"),
        ("path", "/s/x"),
        ("repo_root", "/s"),
        ("repo_remote", "h/r"),
        ("risk", "high"),
        ("changed_keys", ""),
        ("body", &body.to_string()),
    ] {
        assert_eq!(cell(&line, column), expected, "{column}");
    }
}

#[test]
fn what_is_no_record_is_kept() {
    assert_eq!(cell(b"{\"seq\":", "body"), "{\"seq\":");
    assert_eq!(cell(b"=1+1", "body"), "'=1+1");
    assert_eq!(cell(&record(&json!(-1)), "body"), "'-1");
    assert_eq!(cell(&record(&json!({"dir": {"a": 1}, "repo": 3})), "path"), r#"{"a":1}"#);
}

#[test]
fn an_apostrophe_in_front_can_be_taken_off() {
    for (text, shown) in [("=1", "'=1"), ("'=1", "''=1"), ("＠x", "'＠x"), ("a=1", "a=1")] {
        assert_eq!(cell(&record(&json!({"dir": text})), "path"), shown);
    }
}

#[test]
fn a_record_is_one_line_whatever_is_in_it() {
    let line = record(&json!({"dir": "/a\r\nb\u{85}\t\"x\",\u{2028}"}));
    let loose = String::from_utf8(line.clone()).unwrap().replace("\"dir\":", "\"dir\":\t\r");
    for line in [line, loose.into_bytes()] {
        let sheet = String::from_utf8(sheet(&[line], false)).unwrap();
        assert_eq!(sheet.lines().count(), 2, "{sheet}");
        assert!(!sheet.contains('\r'));
    }
}

proptest! {
    #[test]
    fn every_cell_is_read_back_and_none_can_act(
        text in "[=+@\\-'\t\r\n,\";＝a\u{202e}\u{9b}]{0,12}|.*",
        terminal in any::<bool>(),
    ) {
        let body = json!({"dir": text, "reason": text, "how": [text], "pid": -1});
        let line = record(&body);
        let cells = cells(&line, terminal);
        prop_assert_eq!(cells.len(), COLUMNS.len());
        for cell in &cells {
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']));
        }
        let path = &cells[COLUMNS.iter().position(|name| *name == "path").unwrap()];
        let path = path.strip_prefix('\'').unwrap_or(path);
        prop_assert_eq!(path, clean(&text));
        let kept: serde_json::Value = serde_json::from_str(cells.last().unwrap()).unwrap();
        prop_assert_eq!(kept, body);
        if terminal {
            prop_assert!(!cells.concat().chars().any(is_unsafe));
        }
    }

    #[test]
    fn no_line_makes_it_panic_or_lose_a_row(line in any::<Vec<u8>>()) {
        prop_assert_eq!(cells(&line, true).len(), COLUMNS.len());
    }
}
