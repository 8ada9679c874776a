//! Calls and what came of them.

use serde_json::json;

use super::*;
use crate::session::Lines;

fn nothing() -> Value {
    json!({})
}

#[test]
fn a_call_is_an_access_when_its_result_says_so() {
    let read = Read::default().call("t1", "Read", &json!({"file_path": "/w/a.rs"}));
    assert_eq!(read.touches(), []);
    let read = read.result("t1", false, "1\tone", &nothing());
    assert_eq!(read.touches(), [("/w/a.rs".into(), How::Read, Outcome::Done)]);
}

#[test]
fn a_failed_and_a_refused_call_are_told_apart() {
    let cases = [
        ("File does not exist.", nothing(), Outcome::Failed),
        ("Claude requested permissions to write to /w/a.rs", nothing(), Outcome::Rejected),
        ("The user doesn't want to proceed with this tool use.", nothing(), Outcome::Rejected),
        ("x", json!({"toolDenialKind": "user-rejected"}), Outcome::Rejected),
        ("x", json!({"permissionDecision": {"decision": "reject"}}), Outcome::Rejected),
        ("was blocked", json!({"permissionDecision": {"decision": "accept"}}), Outcome::Failed),
    ];
    for (text, more, outcome) in cases {
        let read = Read::default()
            .call("t1", "Write", &json!({"file_path": "a.rs"}))
            .result("t1", true, text, &more);
        assert_eq!(read.touches(), [("a.rs".into(), How::Write, outcome)], "{text} {more}");
    }
}

#[test]
fn a_command_that_ended_with_a_code_has_run() {
    let outcome = |error, text: &str, more: &Value| {
        let read = Read::default()
            .call("t1", "Bash", &json!({"command": "cat secret"}))
            .result("t1", error, text, more);
        let [shell] = read.shells()[..] else { panic!() };
        assert_eq!(shell.reading.touches[0].path, Path::new("/home/ada/src/widget/secret"));
        shell.outcome
    };
    assert_eq!(outcome(false, "ok", &nothing()), Outcome::Done);
    assert_eq!(outcome(true, "Error: Exit code 3", &nothing()), Outcome::Failed);
    assert_eq!(outcome(true, "Exit code 1\nwas blocked", &nothing()), Outcome::Failed);
    assert_eq!(
        outcome(true, "touch in '/x' was blocked. For security", &nothing()),
        Outcome::Rejected
    );
    let background = json!({"toolUseResult": {"backgroundTaskId": "b1"}});
    assert_eq!(outcome(false, "running", &background), Outcome::Unknown);
}

#[test]
fn lines_are_counted_and_a_new_file_is_told_from_an_old_one() {
    let patch = json!([{"oldStart": 1, "lines": [" a", "-b", "+c", "+d"]}]);
    let read = Read::default()
        .call("t1", "Write", &json!({"file_path": "/w/a", "content": "one\ntwo\n"}))
        .result(
            "t1",
            false,
            "",
            &json!({"toolUseResult": {
            "type": "create", "filePath": "/w/a", "content": "one\ntwo\n", "structuredPatch": []}}),
        )
        .call("t2", "Edit", &json!({"file_path": "/w/a", "old_string": "x", "new_string": "y"}))
        .result(
            "t2",
            false,
            "",
            &json!({"toolUseResult": {
            "filePath": "/w/a", "structuredPatch": patch}}),
        );
    let told: Vec<_> = read
        .facts
        .iter()
        .filter_map(|fact| match &fact.what {
            What::Touch(touch) => Some((touch.how, touch.lines.unwrap())),
            _ => None,
        })
        .collect();
    let lines = |added, removed| Lines { added, removed };
    assert_eq!(told, [(How::Create, lines(2, 0)), (How::Write, lines(2, 1))]);
}

#[test]
fn what_a_shell_call_changed_and_committed_is_told() {
    let result = json!({
        "stdout": "x", "interrupted": false,
        "gitOperation": {
            "commit": {"sha": "55806c5", "kind": "committed"}, "push": {"branch": "main"},
            "pr": {"number": 7, "url": "https://bot:secret@git.example.com/w/pull/7?token=secret"},
        },
        "bashEditDiff": {
            "files": [{"filePath": "/w/s.sh", "created": true, "hunks": [{"lines": ["+#!/bin/sh"]}]}],
            "changedFiles": ["/w/s.sh", "/w/t.sh"],
        },
    });
    let read = Read::default().call("t1", "Bash", &json!({"command": "make s.sh"})).result(
        "t1",
        false,
        "",
        &json!({"toolUseResult": result}),
    );
    assert_eq!(
        read.touches(),
        [
            ("/w/s.sh".into(), How::Create, Outcome::Done),
            ("/w/t.sh".into(), How::Write, Outcome::Done)
        ]
    );
    let [Target::Commit(sha), Target::Push(branch), Target::PullRequest(url)] = read.links()[..]
    else {
        panic!("{:?}", read.links())
    };
    assert_eq!((sha.as_str(), branch.as_str()), ("55806c5", "main"));
    assert_eq!(url.as_str(), "https://git.example.com/w/pull/7");
}

#[test]
fn parallel_calls_find_their_own_results() {
    let read = Read::default()
        .call("t1", "Read", &json!({"file_path": "/w/a"}))
        .call("t2", "Grep", &json!({"pattern": "secret"}))
        .result("t2", false, "", &nothing())
        .result("t1", true, "no", &nothing())
        .result("t1", false, "again", &nothing());
    assert_eq!(
        read.touches(),
        [
            ("/home/ada/src/widget".into(), How::Search, Outcome::Done),
            ("/w/a".into(), How::Read, Outcome::Failed)
        ]
    );
}

#[test]
fn the_key_of_a_call_survives_its_copy_into_a_fork() {
    let keys = |session: &str| {
        let mut read = Read::default();
        for line in [
            json!({"type": "assistant", "uuid": "00000000-0000-4000-8000-000000000001",
                "sessionId": session, "message": {"content": [
                    {"input": {"file_path": "/w/a"}, "name": "Read", "id": "t", "type": "tool_use"}]}}),
            json!({"type": "user", "uuid": "00000000-0000-4000-8000-000000000002",
                "sessionId": session, "message": {"content": [
                    {"tool_use_id": "t", "type": "tool_result"}]}}),
        ] {
            read = read.line(&line);
        }
        let [Fact { what: What::Touch(touch), .. }] = &read.facts[..] else { panic!() };
        touch.key
    };
    assert_eq!(keys(SESSION), keys(OTHER));
}

#[test]
fn a_call_waits_across_a_restart_and_calls_that_wait_are_bounded() {
    let mut read = Read::default();
    for n in 0..300 {
        read = read.call(&format!("t{n}"), "Bash", &json!({"command": format!("cat {n}")}));
    }
    assert_eq!(read.transcript.take_drift().seen.values().sum::<u64>(), 44);
    read.transcript = Transcript::restore(&read.transcript.save()).unwrap();
    let read = read.result("t299", false, "", &nothing()).result("t0", false, "", &nothing());
    assert_eq!(read.shells().len(), 1);
}

#[test]
fn attached_and_tracked_files_are_told_once() {
    let snapshot = json!({
        "type": "file-history-snapshot", "messageId": "m", "isSnapshotUpdate": true,
        "snapshot": {"messageId": "m", "timestamp": "2026-11-20T09:00:03.100Z",
            "trackedFileBackups": {"src/a.rs": {"backupFileName": "x@v1", "version": 1}}},
    });
    let delta = json!({
        "type": "file-history-delta", "trackingPath": "src/b.rs", "messageId": "m",
        "snapshotMessageId": "m", "timestamp": "2026-11-20T09:00:03.200Z",
        "backup": {"version": 1, "realParentDir": "/real/src"},
    });
    let mut read = Read::default()
        .of(
            "attachment",
            &json!({"attachment": {"type": "file", "filename": "/w/a", "content": {}}}),
        )
        .of("attachment", &json!({"attachment": {"type": "nested_memory", "path": "/w/CLAUDE.md"}}))
        .of(
            "attachment",
            &json!({"attachment": {"type": "instructions",
            "files": [{"path": "/w/x"}, {"path": "/w/y"}]}}),
        )
        .of("attachment", &json!({"attachment": {"type": "skill_listing", "content": "c"}}));
    for line in [&snapshot, &snapshot, &delta] {
        read = read.line(line);
    }
    let read_done = |path: &str| (path.to_owned(), How::Read, Outcome::Done);
    let tracked = |path: &str| (path.to_owned(), How::Tracked, Outcome::Unknown);
    assert_eq!(
        read.touches(),
        [
            read_done("/w/a"),
            read_done("/w/CLAUDE.md"),
            read_done("/w/x"),
            read_done("/w/y"),
            tracked("src/a.rs"),
            tracked("/real/src/b.rs")
        ]
    );
    assert!(read.transcript.take_drift().is_empty());
}
