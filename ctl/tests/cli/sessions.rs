//! What session files told: `sessions`, `files`, `show`, and what is said while they are being read.

use std::sync::mpsc;

use serde_json::json;

use crate::fake::{Fake, LAUNCH, block, record};

/// A session with a hostile name, of which some shell calls could not be resolved.
const SESSION: &str = r#"{"id":"01a20861-8159\u001b[2J","agent":"claude","agent_version":"2.1.330","models":["opus"],"cwd":"/home/ann/src","repo":null,"repo_unknown":null,"launch":"3f2a9c41-0000-8000-8000-000000000001","launches":["3f2a9c41-0000-8000-8000-000000000001","8c0de1aa-0000-8000-8000-000000000002"],"linked_by":"environment","parent_session":null,"permission_mode":"plan","sandbox":null,"provider":null,"transcript":"/home/ann/.claude/projects/x/y.jsonl","transcript_gone_at":null,"started_at":"2026-11-16T11:57:00.000Z","last_at":"2026-11-16T12:57:00.000Z","responses":2,"tokens":{"input":10,"cache_read":20,"cache_write":30,"output":40,"reasoning":5},"cost_usd":null,"files_read":7,"files_written":8,"dirs":3,"shell_calls":9,"unresolved_calls":2,"evidence":"transcript"}"#;

/// One of which no file was read.
const LINKED: &str = r#"{"id":"77","agent":"codex","agent_version":null,"models":[],"cwd":null,"repo":null,"repo_unknown":null,"launch":"3f2a9c41-0000-8000-8000-000000000001","launches":["3f2a9c41-0000-8000-8000-000000000001"],"linked_by":"environment","parent_session":null,"permission_mode":null,"sandbox":null,"provider":null,"transcript":null,"transcript_gone_at":null,"started_at":"2026-11-16T11:57:00.000Z","last_at":"2026-11-16T12:57:00.000Z","responses":null,"tokens":{"input":null,"cache_read":null,"cache_write":null,"output":null,"reasoning":null},"cost_usd":null,"files_read":null,"files_written":null,"dirs":null,"shell_calls":null,"unresolved_calls":null,"evidence":"kernel"}"#;

const FILE: &str = r#"{"path":"/home/ann/src/\u202ef","how":"write","tool":"shell","agent":"claude","session":"01a20861-8159","launch":null,"repo":null,"repo_unknown":null,"at":"2026-11-16T11:57:00.000Z","first_at":"2026-11-16T11:57:00.000Z","times":3,"lines_added":null,"lines_removed":null,"evidence":"inferred"}"#;

/// A daemon that answers each of these requests with rows, and any other with none.
fn knowing(rows: &'static [(&str, &[&str])]) -> Fake {
    Fake::answering(move |request| {
        let known = rows.iter().find(|(kind, _)| request["type"] == *kind);
        block("rows", known.map_or(&[], |(_, rows)| rows))
    })
}

/// Returns an answer that was given while session files were read.
fn unfinished(rows: &[&str], done: u64) -> String {
    let backfill = format!(
        r#""seq":41,"backfill":{{"state":"running","done_bytes":{done},"total_bytes":1000}}"#
    );
    block("rows", rows).replace(r#""seq":41"#, &backfill)
}

#[test]
fn sessions_are_listed_with_what_is_unknown_of_them() {
    let daemon = knowing(&[("sessions", &[SESSION, LINKED])]);
    let ended = daemon.run(&["sessions"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let [head, full, bare] = ended.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("{ended:?}")
    };
    assert!(head.contains("UNRESOLVED  LAUNCH"), "{ended:?}");
    assert!(full.contains("  60   40     7      8      2 of 9  3f2a9c41 +1  opus"), "{ended:?}");
    assert!(bare.contains("   ?    ?     ?      ?      ? of ?  3f2a9c41     ?"), "{ended:?}");
    assert!(!ended.stdout.contains('\x1b'), "{ended:?}");
    let json = daemon.run(&["sessions", "--json"]);
    assert_eq!(json.stdout, format!("{SESSION}\n{LINKED}\n"));
}

#[test]
fn a_narrow_table_of_sessions_says_that_more_may_have_been_done() {
    let daemon = knowing(&[("sessions", &[SESSION])]);
    let output = daemon.command(&["sessions"]).env("COLUMNS", "80").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert!(table.contains("  7+     8+  "), "{table}");
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "+ and more, perhaps: what 2 shell calls did to files could not be told\n"
    );
}

#[test]
fn files_are_listed_and_narrowed() {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("rows", &[FILE])
    });
    let ended = daemon.run(&["files", "--how", "rename", "--session", "01a2", "--limit", "3"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.contains("write~  claude  01a20861  shell"), "{ended:?}");
    assert!(ended.stdout.ends_with("  ~/src/\\u{202e}f\n"), "{ended:?}");
    let expected = json!({"how": "rename", "session": "01a2", "limit": 4});
    assert_eq!(requests.recv().unwrap()["filter"], expected);
}

#[test]
fn what_is_done_to_files_alone_is_asked_where_files_are_answered() {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("records", &[])
    });
    for args in [&["tail"][..], &["export"], &["who", "/x", "--json"]] {
        for how in ["create", "delete", "rename"] {
            daemon.run(&[args, &["--how", how]].concat());
            let asked = requests.iter().find(|request| request["type"] == args[0]).unwrap();
            assert_eq!(asked["filter"]["how"], how, "{args:?}");
        }
    }
    // Of directories it is never recorded: "none" would say nothing.
    for args in [["dirs", "--how", "create"], ["repos", "--how", "delete"]] {
        assert_eq!(daemon.run(&args).code, 2, "{args:?}");
    }
}

#[test]
fn where_no_file_is_known_it_is_said_what_shell_calls_may_have_done() {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        let rows: &[&str] = if request["type"] == "sessions" { &[SESSION, LINKED] } else { &[] };
        block("rows", rows)
    });
    let ended = daemon.run(&["files", "--agent", "claude", "--dir", "/x"]);
    assert!(ended.stdout.starts_with("No file is recorded of claude, in /x or below.\n"));
    // Of the session that only a link names it is not known how many it had.
    let calls = "Of at least 2 shell calls in the range asked for, it is not known what\nthey did \
                 to files.\n";
    assert!(ended.stdout.ends_with(calls), "{ended:?}");
    let asked = requests.iter().find(|request| request["type"] == "sessions").unwrap();
    assert_eq!(asked["filter"], json!({"agent": "claude", "limit": 500}));
    let who = daemon.run(&["who", "/x"]);
    assert!(who.stdout.ends_with(calls), "{who:?}");
    assert!(who.stdout.lines().all(|line| line.chars().count() <= 80), "{who:?}");
}

#[test]
fn while_session_files_are_read_every_answer_that_depends_on_them_says_so() {
    let note = "session files are still being read: 41 %\n";
    let daemon = Fake::answering(|request| match request["type"].as_str() {
        Some("sessions") if request["filter"]["limit"] == 500 => block("rows", &[]),
        Some("gaps" | "status") => block("rows", &[]),
        _ => unfinished(&[], 419),
    });
    for args in [&["sessions"][..], &["files"], &["who", "/x"], &["dirs"], &["repos"]] {
        let ended = daemon.run(args);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, note), "{args:?}");
        assert!(!ended.stdout.is_empty(), "{args:?}");
        let json = daemon.run(&[args, &["--json"]].concat());
        assert!(json.stderr.starts_with(note), "{args:?}: {json:?}");
        assert_eq!(json.stdout, "");
    }
    let daemon = Fake::answering(|_| unfinished(&[SESSION], 999));
    let nearly = "session files are still being read: 99 %\n";
    assert_eq!(daemon.run(&["sessions"]).stderr, nearly);
    assert_eq!(daemon.run(&["show", "01"]).stderr, nearly);
}

#[test]
fn a_session_is_shown_with_its_launches_and_one_timeline() {
    let later = record(1);
    let first = record(2).replace("T11:00", "T10:00");
    let daemon = Fake::answering(move |_| {
        let rows = format!("{{\"type\":\"rows\",\"id\":1,\"count\":1}}\n{SESSION}\n");
        let launches = format!("{{\"type\":\"rows\",\"id\":1,\"count\":1}}\n{LAUNCH}\n");
        rows + &launches + &block("records", &[&later, &first])
    });
    let ended = daemon.run(&["show", "01a2"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert!(ended.stdout.starts_with("session       01a20861-8159\\x1b[2J\n"), "{ended:?}");
    let both = "3f2a9c41-0000-8000-8000-000000000001 (environment), \
                8c0de1aa-0000-8000-8000-000000000002\n";
    assert!(ended.stdout.contains(both), "{ended:?}");
    assert!(ended.stdout.contains("\nLaunches\n"), "{ended:?}");
    let (_, timeline) = ended.stdout.split_once("\nRecords\n").unwrap();
    let times: Vec<_> = timeline.lines().map(|line| line.contains(" 10:00:00  -  ")).collect();
    assert_eq!(times, [true, false], "{timeline}");
    let json = daemon.run(&["show", "01a2", "--json"]);
    assert_eq!(json.stdout.lines().count(), 4, "the rows as they came");
}
