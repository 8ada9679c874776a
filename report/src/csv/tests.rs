//! The tables of the invented week, and of one in which everything is hostile.

use std::collections::HashMap;

use serde_json::Value;

use super::*;
use crate::clean::is_unsafe;
use crate::sample;

type Row = HashMap<String, String>;

fn read(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

fn rows(report: &Report, name: &str) -> Vec<Row> {
    read(&table(report, name).unwrap())
}

fn sum(rows: &[Row], column: &str) -> u64 {
    let number = |row: &Row| row[column].replace('.', "").parse().unwrap_or(0);
    rows.iter().map(number).sum()
}

#[test]
fn each_name_has_its_table_and_no_other_name_has_one() {
    let report = sample::report();
    let tables = tables(&report);
    assert!(tables.iter().map(|table| table.name).eq(names().iter().copied()));
    for Table { name, text } in tables {
        assert_eq!(table(&report, name).as_ref(), Some(&text), "{name}");
        assert!(text.lines().count() > 1, "{name} is empty");
    }
    assert_eq!(table(&report, "repo"), None);
    assert_eq!(table(&report, "repos"), Some(repos(&report)));
}

#[test]
fn what_is_in_a_table_adds_up_to_the_summary() {
    let report = sample::report();
    let summary = rows(&report, "summary");
    assert_eq!(summary.len(), 2);
    assert_eq!([&summary[0]["range"], &summary[1]["range"]], ["this", "before"]);
    for name in ["days", "repos", "models"] {
        let rows = rows(&report, name);
        for column in ["responses", "tokens_input", "tokens_output", "unpriced_responses"] {
            assert_eq!(sum(&rows, column), sum(&summary[..1], column), "{name} {column}");
        }
        assert_eq!(sum(&rows, "cost_usd"), report.totals.use_.cost_microusd.unwrap(), "{name}");
    }
    let repos = rows(&report, "repos");
    assert_eq!(repos.last().unwrap()["repo"], "", "what is elsewhere comes last");
    assert_eq!(sum(&repos, "dirs"), report.totals.dirs);
    assert_eq!(sum(&rows(&report, "read_under"), "files"), report.totals.files_read);
    assert_eq!(rows(&report, "hours").len(), 7 * 24);
}

#[test]
fn every_fact_of_a_row_has_its_column() {
    let report = serde_json::to_value(sample::report()).unwrap();
    for (name, at) in [
        ("days", "/days/0"),
        ("agents", "/agents/0"),
        ("models", "/models/0"),
        ("zones", "/zones/0"),
        ("zone_entries", "/zone_entries/0"),
        ("config_changes", "/config_changes/0"),
        ("risky_changes", "/risky_changes/0"),
        ("findings", "/findings/0"),
        ("read_under", "/repos/0/read_under/0"),
        ("coverage", "/unknown/time/0"),
        ("gaps", "/unknown/gaps/0"),
        ("summary", "/totals"),
        ("summary", "/range"),
    ] {
        let text = table(&sample::report(), name).unwrap();
        let columns: Vec<_> = text.lines().next().unwrap().split(',').collect();
        let row = &rows(&sample::report(), name)[0];
        for (key, value) in report.pointer(at).unwrap().as_object().unwrap() {
            let column = match key.as_str() {
                "version" => "agent_version",
                "cost_microusd" => "cost_usd",
                "tokens" => "tokens_input",
                "repo" if value.is_object() => "repo_root",
                key => key,
            };
            assert!(columns.contains(&column), "{name} has no {column}");
            match value {
                Value::String(text) => assert_eq!(row[column], *text, "{name} {column}"),
                Value::Null => assert_eq!(row[column], "", "{name} {column}"),
                Value::Bool(_) | Value::Number(_) if key != "cost_microusd" => {
                    assert_eq!(row[column], value.to_string(), "{name} {column}");
                }
                _ => {}
            }
        }
    }
    let unknown = rows(&sample::report(), "unknown");
    for (key, value) in report["unknown"].as_object().unwrap() {
        let is_elsewhere = ["time", "gaps", "more_gaps"].contains(&key.as_str());
        let of = unknown.iter().filter(|row| row["what"] == *key).count();
        let expected = value.as_array().map_or(1, Vec::len);
        assert_eq!(of, if is_elsewhere { 0 } else { expected }, "{key}");
    }
}

#[test]
fn what_is_not_known_is_an_empty_cell() {
    let mut report = sample::report();
    report.unknown.unnamed_launches = None;
    report.totals.use_.cost_microusd = None;
    report.before = None;
    let row = &rows(&report, "unknown")[0];
    assert_eq!([&row["what"], &row["value"]], ["unnamed_launches", ""]);
    let summary = rows(&report, "summary");
    assert_eq!(summary.len(), 1, "there was nothing before");
    assert_eq!([&summary[0]["cost_usd"], &summary[0]["launches"]], ["", "57"]);
}

#[test]
fn no_cell_acts_and_each_row_is_one_line() {
    let value = serde_json::to_value(sample::report()).unwrap();
    for text in [
        "=cmd()",
        "+1",
        "-1+2",
        "@x",
        "=HYPERLINK(\"https://x\",\"y\")",
        "\t=1",
        "'=1",
        "a\"b,c\r\nd",
        "\n=1",
        "txt\u{202e}exe",
        "\x1b[2J",
        "＝1",
    ] {
        let mut value = value.clone();
        spoil(&mut value, text);
        let report: Report = serde_json::from_value(value).unwrap();
        for Table { name, text: table } in tables(&report) {
            let tame = self::table(&sample::report(), name).unwrap();
            assert_eq!(table.lines().count(), tame.lines().count(), "{name}");
            assert!(!table.chars().any(|char| is_unsafe(char) && char != '\n'), "{name}");
            for cell in read(&table).iter().flat_map(Row::values) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '＝']), "{name}: {cell}");
            }
        }
        let root = &rows(&report, "roots")[0]["root"];
        assert_eq!(root.strip_prefix('\'').unwrap_or(root), crate::clean::clean(text));
    }
}

/// Puts `text` for all texts that are free.
fn spoil(value: &mut Value, text: &str) {
    const BOUND: [&str; 11] = [
        "made_at",
        "from",
        "until",
        "at",
        "last_at",
        "since",
        "acknowledged_at",
        "risk",
        "severity",
        "evidence",
        "launch",
    ];
    match value {
        Value::String(old) => *old = text.into(),
        Value::Array(values) => values.iter_mut().for_each(|value| spoil(value, text)),
        Value::Object(object) => {
            // The id of an entry's record is none that is free; that of a repository is.
            let is_entry = object.contains_key("touches");
            let bound = |key: &str| BOUND.contains(&key) || (is_entry && key == "id");
            object.iter_mut().filter(|(key, _)| !bound(key)).for_each(|(_, v)| spoil(v, text));
        }
        _ => {}
    }
}
