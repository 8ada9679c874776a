//! Lines that nobody should write, and content that nobody should find.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What must not be found anywhere.
const SECRET: &str = "walrus-secret";

/// Every type of line, with the marker wherever content may stand.
fn telltale() -> Vec<Value> {
    let s = SECRET;
    let message = |content: Value| {
        json!({"role": s, "id": "msg_1", "model": "claude-sonnet-5",
        "content": content, "stop_reason": s, "diagnostics": s,
        "usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": s, "iterations": [s]}})
    };
    let envelope = json!({"uuid": "00000000-0000-4000-8000-000000000001", "sessionId": SESSION,
        "timestamp": "2026-11-20T09:00:00.000Z", "cwd": "/w", "version": "2.1.330", "slug": s,
        "promptId": s, "origin": {"kind": s}, "error": s, "rendered": [{"content": s}],
        "requestId": "req_1", "todos": [s], "planContent": s});
    let input = json!({"file_path": "/w/a", "command": format!("cat {s}"), "content": s,
        "old_string": s, "new_string": s, "pattern": s, "prompt": s, "description": s, "url": s});
    let mut calls = Vec::new();
    let mut results = Vec::new();
    for (n, tool) in
        ["Read", "Edit", "Write", "Grep", "Bash", "WebFetch", "mcp__a__b"].iter().enumerate()
    {
        calls
            .push(json!({"type": "tool_use", "id": format!("t{n}"), "name": tool, "input": input}));
        results.push(json!({"type": "tool_result", "tool_use_id": format!("t{n}"), "content": s}));
    }
    calls.extend([
        json!({"type": "text", "text": s}),
        json!({"type": "thinking", "thinking": s, "signature": s}),
    ]);
    results.extend([
        json!({"type": "text", "text": s}),
        json!({"type": "image", "source": {"data": s}}),
    ]);
    let told = json!({"type": "update", "filePath": "/w/a", "content": s, "originalFile": s, "oldString": s,
        "newString": s, "stdout": s, "stderr": s, "prompt": s, "message": s,
        "structuredPatch": [{"lines": [format!("+{s}"), s]}], "file": {"content": s, "filePath": s},
        "bashEditDiff": {"files": [{"filePath": "/w/b", "hunks": [{"lines": [s]}]}]}});
    let mut lines = vec![
        json!({"type": "user", "message": message(json!(s)), "toolUseResult": s}),
        json!({"type": "assistant", "message": message(json!(calls))}),
        json!({"type": "user", "message": message(json!(results)), "toolUseResult": told}),
        json!({"type": "assistant", "message": message(json!([calls[1]]))}),
        json!({"type": "user", "message": message(json!([results[1]])), "toolUseResult": told}),
        json!({"type": "assistant", "message": message(json!([calls[2]]))}),
        json!({"type": "user", "message": message(json!([{"type": "tool_result", "tool_use_id": "t2",
            "is_error": true, "content": [{"type": "text", "text": s}]}])), "toolUseResult": s}),
        json!({"type": "assistant", "message": message(json!([calls[4]]))}),
        json!({"type": "system", "subtype": "compact_boundary", "content": s}),
        json!({"type": "system", "subtype": s, "content": s}),
        json!({"type": "attachment", "attachment": {"type": "file", "filename": "/w/c", "content": s}}),
        json!({"type": "attachment", "attachment": {"type": "queued_command", "prompt": s}}),
        json!({"type": "progress", "data": s}),
        json!({"type": "file-history-snapshot", "snapshot": {"trackedFileBackups":
            {"a": {"version": 1, "backupFileName": s}}}}),
        json!({"type": "pr-link", "prUrl": "https://h/p", "prRepository": s}),
        json!({"type": "a type with spaces", "text": s}),
    ];
    lines.extend(super::super::line::SKIPPED.iter().map(|kind| {
        json!({"type": kind, "content": s, "message": message(json!(s)), "summary": s, "aiTitle": s,
            "customTitle": s, "lastPrompt": s, "shape": {"system": [s]}, "atis": s, "name": s})
    }));
    lines.into_iter().map(|line| with(envelope.clone(), &line)).collect()
}

#[test]
fn content_is_nowhere_in_facts_state_or_drift() {
    let quiet = |_: &str, _: &Path| ShellReading::default();
    let mut transcript = Transcript::default();
    let mut all = String::new();
    for line in telltale() {
        let mut facts = Vec::new();
        transcript.line(line.to_string().as_bytes(), &quiet, &mut facts).unwrap();
        write!(all, "{facts:?}{}", String::from_utf8(transcript.save()).unwrap()).unwrap();
    }
    write!(all, "{:?}", transcript.take_drift()).unwrap();
    assert!(all.contains("/w/a"), "the marker stands beside what is told");
    assert!(!all.contains(SECRET), "{all}");
}

#[test]
fn what_is_not_known_is_counted_with_the_version() {
    let mut read = Read::default()
        .of("user", &json!({"newField": 1, "message": {"content": "x"}}))
        .line(&json!({"type": "new-type", "sessionId": SESSION, "alsoNew": 1}));
    let drift = read.transcript.take_drift();
    let seen: Vec<_> =
        drift.seen.iter().map(|(seen, n)| (&*seen.version, &*seen.name, *n)).collect();
    assert_eq!(seen, [("2.1.330", "new-type", 1), ("2.1.330", "user/newField", 1)]);
    assert!(read.transcript.take_drift().is_empty());
}

#[test]
fn values_that_cannot_be_used_are_counted() {
    let mut read = Read::default()
        .of("user", &json!({"timestamp": "yesterday", "cwd": "a\nb"}))
        .line(&json!({"type": "user", "sessionId": 7}));
    assert_eq!(read.transcript.take_drift().seen.values().sum::<u64>(), 2);
    assert_eq!(
        Read::default().line(&json!({"type": "user"})).transcript.take_drift().seen.len(),
        1
    );
}

/// Writes a value with its keys in another order and with spaces.
fn shuffled(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().rev();
            let fields: Vec<_> = fields
                .map(|(key, value)| format!("{} :\t{}", json!(key), shuffled(value)))
                .collect();
            format!("{{ {} }}", fields.join(" , "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(shuffled).collect();
            format!("[ {} ]", items.join(" , "))
        }
        value => value.to_string(),
    }
}

#[test]
fn the_order_of_keys_and_spacing_do_not_matter() {
    let (mut plain, mut other) = (Read::default(), Read::default());
    for line in telltale() {
        plain.raw(line.to_string().as_bytes()).unwrap();
        other.raw(shuffled(&line).as_bytes()).unwrap();
    }
    assert_eq!(plain.facts, other.facts);
    assert_eq!(plain.transcript.save(), other.transcript.save());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(lines: Vec<Vec<u8>>) {
        let mut read = Read::default();
        for line in lines {
            read.raw(&line).ok();
        }
    }

    #[test]
    fn no_cut_and_no_flipped_byte_makes_it_panic(line in 0..38_usize, at in 0..2000_usize, byte: u8) {
        let lines = telltale();
        let mut bytes = lines[line % lines.len()].to_string().into_bytes();
        let mut read = Read::default();
        let at = at % bytes.len();
        read.raw(&bytes[..at]).ok();
        bytes[at] = byte;
        read.raw(&bytes).ok();
    }
}
