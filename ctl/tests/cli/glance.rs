//! No command at all.

use serde_json::{Value, json};
use trackway_protocol::report::{Report, VERSION};

use crate::fake::{Fake, LAUNCH, block};

const STATUS: &str = r#"{"version":"0.1.0","pid":7,"started_at":"2026-11-16T08:00:00.000Z","recording":true,"sources":[],"ledger":{"records":1,"bytes":1,"seq":1},"backfill":{"state":"done","done_bytes":0,"total_bytes":0},"running":1,"launches":1,"paths":{"state_dir":"/s","config":"/c","socket":"/r"},"agents":[]}"#;

/// Answers what a glance asks, and its question for a report with this.
fn answering(day: String) -> Fake {
    Fake::answering(move |request| {
        let answer = match request["type"].as_str() {
            Some("status") => block("rows", &[STATUS]),
            Some("launches") => block("rows", &[LAUNCH]),
            _ => day.clone(),
        };
        // Each of the questions has another number.
        answer.replace("\"id\":1,", &format!("\"id\":{},", request["id"]))
    })
}

fn report(version: u32) -> String {
    let mut report = Report { report: version, version: "0.1.0".into(), ..Report::default() };
    report.totals.launches = 3;
    let mut line = serde_json::to_value(report.sealed()).unwrap();
    line["repos"] = json!([]);
    block("rows", &[&line.to_string()])
}

fn failing(message: &str, code: &str) -> String {
    format!(r#"{{"type":"failure","id":1,"code":"{code}","message":"{message}"}}"#)
}

#[test]
fn without_a_command_it_tells_of_today() {
    let ended = answering(report(VERSION)).run(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("running    claude ?"), "{}", ended.stdout);
    assert!(ended.stdout.contains("last 24 h  3 launches, 0 sessions"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("`trackwayctl help` lists what else can be asked.\n"));
    assert!(!ended.stdout.contains(['\u{1b}', '\u{202e}']), "{}", ended.stdout);
}

#[test]
fn for_programs_it_is_one_object() {
    let ended = answering(report(VERSION)).run(&["--json"]);
    let glance: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(glance["status"]["pid"], 7);
    assert_eq!(glance["running"].as_array().unwrap().len(), 1);
    assert_eq!(glance["day"]["totals"]["launches"], 3);
}

#[test]
fn what_a_daemon_of_another_version_cannot_tell_is_not_known() {
    let older = failing("this is no request: unknown variant", "bad-request");
    for day in [older.clone(), report(VERSION + 1)] {
        let ended = answering(day).run(&[]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.contains("last 24 h  ? (this daemon is of another version)"));
    }
    let glance: Value = serde_json::from_str(&answering(older).run(&["--json"]).stdout).unwrap();
    assert_eq!(glance["day"], Value::Null);
}

#[test]
fn a_question_that_failed_is_a_failure_and_not_an_older_daemon() {
    for args in [&[][..], &["--json"]] {
        let ended = answering(failing("the ledger cannot be read", "storage")).run(args);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.starts_with("error: the ledger cannot be read\n"), "{ended:?}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
    }
}
