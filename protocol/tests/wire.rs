//! Lines of each version, as they were written and sent: they are read for ever, and what was read is
//! written as it was. After a release no line is edited; new ones are added.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use trackway_protocol::message::{Answer, Request};
use trackway_protocol::record::{Body, Record};
use trackway_protocol::report::{Absence, Report};

/// Reads each line and claims that it is written as it was.
#[track_caller]
fn same<T: DeserializeOwned + Serialize + Debug>(lines: &str) -> Vec<T> {
    let read = |line: &str| {
        let value: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(serde_json::to_string(&value).expect("it was read"), line);
        value
    };
    lines.lines().map(read).collect()
}

#[test]
fn records_keep_their_bytes() {
    let records: Vec<Record> = same(include_str!("wire/v1/records.jsonl"));
    for record in &records {
        assert!(!matches!(record.body, Body::Other { .. }), "{}", record.body.kind());
    }
    let mut kinds: Vec<&str> = records.iter().map(|record| record.body.kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let all = [
        "config.changed",
        "coverage",
        "daemon.started",
        "daemon.stopped",
        "dir.touched",
        "file.accessed",
        "finding",
        "launch.ended",
        "launch.started",
        "pruned",
        "session.linked",
        "session.made",
        "session.started",
        "session.updated",
        "usage",
        "zone.acknowledged",
        "zone.entered",
    ];
    assert_eq!(kinds, all);
}

#[test]
fn requests_and_answers_are_understood() {
    let requests: Vec<Request> = same(include_str!("wire/v1/requests.jsonl"));
    assert!(requests.iter().map(Request::id).eq(1..=32));
    same::<Answer>(include_str!("wire/v1/answers.jsonl"));
}

#[test]
fn reports_keep_their_bytes_and_their_hash() {
    let reports: Vec<Report> = same(include_str!("wire/v1/reports.jsonl"));
    assert!(reports.iter().all(|report| report.sha256 == Some(report.hash())));
    let absences: Vec<Absence> = same(include_str!("wire/v1/absences.jsonl"));
    assert!(absences.iter().all(|absence| absence.sha256 == Some(absence.hash())));
}
