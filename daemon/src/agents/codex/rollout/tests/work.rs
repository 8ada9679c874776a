//! Calls, items and what came of them.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::session::Lines;

#[test]
fn a_command_is_told_once_by_its_item_and_its_output() {
    let ended = json!("Chunk ID: 1\nProcess exited with code 0\nOutput:\nx");
    let read = Read::default()
        .begin()
        .function("c1", "exec_command", &json!({"cmd": "cat x", "workdir": "/w/a b"}))
        .item(&command("c1", "cat x", "completed"))
        .output("c1", &ended);
    let [shell] = read.shells()[..] else { panic!("{:?}", read.facts) };
    assert_eq!(shell.cwd, Place::new("/w/a b"));
    assert_eq!(shell.reading.touches[0].path, Path::new("/w/a b/x"));
    assert_eq!((shell.outcome, shell.duration), (Outcome::Done, Some(Duration::from_millis(1500))));
    assert!(shell.asked_at.is_some());
}

#[test]
fn a_command_without_an_item_is_told_by_its_output() {
    for (output, outcome) in [
        (json!("Chunk ID: 1\nProcess exited with code 0\nOutput:\n"), Outcome::Done),
        (json!("Chunk ID: 1\nProcess exited with code 128\nOutput:\n"), Outcome::Failed),
        (json!("{\"output\":\"x\",\"metadata\":{\"exit_code\":0}}"), Outcome::Done),
        (json!({"content": "Exit code: 1\nOutput:\n", "success": true}), Outcome::Failed),
        (json!("exec_command failed: rejected by user approval settings"), Outcome::Rejected),
        (json!("whatever"), Outcome::Unknown),
    ] {
        let read = Read::default()
            .begin()
            .function("c1", "exec_command", &json!({"cmd": "cat x", "workdir": "sub"}))
            .output("c1", &output);
        let [shell] = read.shells()[..] else { panic!("{:?}", read.facts) };
        assert_eq!((shell.outcome, &shell.cwd), (outcome, &Place::new("/w/sub")), "{output}");
    }
}

#[test]
fn a_command_that_goes_on_is_told_when_it_ends() {
    let running = json!("Chunk ID: 1\nProcess running with session ID 7\nOutput:\n");
    let begun = |is_legacy| {
        Read { is_legacy, ..Read::default() }
            .begin()
            .function("c1", "exec_command", &json!({"cmd": "cat x"}))
            .output("c1", &running)
    };
    assert_eq!(begun(true).shells()[0].outcome, Outcome::Unknown);
    let read = begun(false);
    assert_eq!(read.shells().len(), 0);
    assert_eq!(read.item(&command("c1", "cat x", "failed")).shells()[0].outcome, Outcome::Failed);
}

#[test]
fn commands_of_all_tools_are_read() {
    let argv = json!(["bash", "-lc", "cat x"]);
    let local = json!({"type": "local_shell_call", "call_id": "c1", "status": "completed",
        "action": {"type": "exec", "command": argv, "working_directory": "/w"}});
    let over = json!("Exit code: 0\nOutput:\n");
    for read in [
        Read::default().begin().function("c1", "shell", &json!({"command": argv})),
        Read::default().begin().function("c1", "shell_command", &json!({"command": "cat x"})),
        Read::default().begin().of("response_item", &local),
    ] {
        let read = read.output("c1", &over);
        assert_eq!(read.shells()[0].reading.touches[0].path, Path::new("/w/x"));
    }
    let words = json!({"command": ["cat", "a b", "it's"]});
    let read = Read::default().begin().function("c1", "shell", &words).output("c1", &over);
    assert_eq!(read.shells()[0].reading.touches[0].path, Path::new(r"/w/'it'\''s'"));
    let old = json!({"type": "exec_command_end", "call_id": "c1", "command": argv, "cwd": "/w",
        "parsed_cmd": [{"type": "read", "path": "x"}, {"type": "search", "path": "repo"}],
        "exit_code": 0});
    let read = Read::default().begin().of("event_msg", &old);
    assert_eq!(read.shells().len(), 1);
    assert_eq!(read.touches(), [("x".into(), How::Read, Outcome::Done)]);
}

#[test]
fn a_change_is_told_with_its_paths_and_lines() {
    let changes = json!({
        "/w/new": {"type": "add", "content": "one\ntwo\n"},
        "/w/old": {"type": "delete", "content": "one\n"},
        "/w/b": {"type": "update", "unified_diff": "@@ -1 +1,2 @@\n-a\n+b\n+c\n", "move_path": null},
        "/w/c": {"type": "update", "unified_diff": "@@ -1 +1 @@\n-a\n+b\n", "move_path": "/w/d"},
    });
    let item = json!({"type": "FileChange", "id": "c1", "changes": changes, "status": "completed"});
    let legacy =
        json!({"type": "patch_apply_end", "call_id": "c1", "success": true, "changes": changes});
    let patch = json!({"type": "custom_tool_call", "name": "apply_patch", "call_id": "c1",
        "input": "*** Begin Patch\n*** Update File: b\n*** End Patch"});
    let over = json!("Exit code: 0\nOutput:\nSuccess.");
    for read in [
        Read::default().begin().of("response_item", &patch).item(&item),
        Read::default().begin().of("response_item", &patch).of("event_msg", &legacy),
    ] {
        let read = read.output("c1", &over);
        let mut told = Vec::new();
        for fact in &read.facts {
            let What::Touch(touch) = &fact.what else { continue };
            told.push((touch.path.as_path().to_str().unwrap(), touch.how, touch.lines.unwrap()));
        }
        told.sort_unstable_by_key(|told| told.0);
        let lines = |added, removed| Lines { added, removed };
        assert_eq!(
            told,
            [
                ("/w/b", How::Write, lines(2, 1)),
                ("/w/c", How::Rename, lines(0, 0)),
                ("/w/d", How::Create, lines(1, 1)),
                ("/w/new", How::Create, lines(2, 0)),
                ("/w/old", How::Delete, lines(0, 1)),
            ]
        );
    }
}

#[test]
fn a_patch_without_an_item_is_told_by_its_output() {
    let patch = json!({"type": "custom_tool_call", "name": "apply_patch", "call_id": "c1",
        "input": "*** Begin Patch\n*** Add File: b\n+x\n*** End Patch"});
    for (output, outcome) in [
        ("Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess.", Outcome::Done),
        ("apply_patch verification failed: Failed to read file", Outcome::Failed),
        ("patch rejected: writing is blocked by read-only sandbox", Outcome::Rejected),
    ] {
        let read = Read::default().begin().of("response_item", &patch).output("c1", &json!(output));
        assert_eq!(read.touches(), [("b".into(), How::Create, outcome)]);
        let touch = read.facts.iter().find_map(|fact| match &fact.what {
            What::Touch(touch) => Some(touch),
            _ => None,
        });
        assert_eq!(touch.unwrap().cwd, Place::new("/w"));
    }
}

#[test]
fn an_image_is_read_where_there_is_one() {
    let call = |output: &Value| {
        Read::default()
            .begin()
            .function("c1", "view_image", &json!({"path": "/w/a.png"}))
            .output("c1", output)
            .touches()
    };
    let told = |outcome| [("/w/a.png".to_owned(), How::Read, outcome)];
    assert_eq!(call(&json!([{"type": "input_image", "image_url": "data:"}])), told(Outcome::Done));
    assert_eq!(call(&json!("unable to locate image at `/w/a.png`")), told(Outcome::Failed));
    assert_eq!(call(&json!("unsupported call: view_image")), told(Outcome::Rejected));
    let item = json!({"type": "ImageView", "id": "c2", "path": "/w/a.png"});
    assert_eq!(Read::default().begin().item(&item).touches(), told(Outcome::Done));
}

#[test]
fn keys_are_the_same_in_another_file() {
    let keys = |is_legacy| {
        let read = Read { is_legacy, ..Read::default() }
            .begin()
            .item(&command("c1", "cat x", "completed"))
            .item(&json!({"type": "FileChange", "id": "c2", "status": "completed",
                "changes": {"/w/b": {"type": "add", "content": ""}}}));
        let keys: Vec<_> = read
            .facts
            .iter()
            .filter_map(|fact| match &fact.what {
                What::Touch(touch) => Some(touch.key),
                What::Shell(shell) => Some(shell.key),
                _ => None,
            })
            .collect();
        assert_eq!(keys.len(), 2);
        assert_ne!(keys[0], keys[1]);
        keys
    };
    assert_eq!(keys(false), keys(true));
}

#[test]
fn calls_wait_across_a_restart_and_are_bounded() {
    let mut read = Read::default().begin();
    read.lines = 10;
    for n in 0..300 {
        let arguments = json!({"cmd": "cat x"}).to_string();
        let call = json!({"timestamp": "2026-11-20T08:15:00.000Z", "ordinal": 1, "type": "response_item",
            "payload": {"type": "function_call", "name": "exec_command", "call_id": format!("c{n}"),
            "arguments": arguments}});
        read.raw(call.to_string().as_bytes()).unwrap();
    }
    assert_eq!(read.rollout.take_drift().seen.values().sum::<u64>(), 44);
    read.rollout = Rollout::restore(&read.rollout.save()).unwrap();
    let read = read.output("c299", &json!("")).output("c0", &json!(""));
    assert_eq!(read.shells().len(), 1);
}
