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
    let arguments = json!({"cmd": format!("cat {s}"), "command": s, "input": s, "path": "/w/a",
        "workdir": "/w", "justification": s})
    .to_string();
    let patch = format!("*** Begin Patch\n*** Update File: a\n@@ {s}\n-{s}\n+{s}\n*** End Patch");
    let mut payloads = vec![
        (
            "session_meta",
            json!({"id": THREAD, "cwd": "/w", "base_instructions": {"text": s},
            "source": {"custom": s}, "dynamic_tools": [s], "agent_nickname": s}),
        ),
        ("session_meta", json!({"id": OTHER, "base_instructions": {"text": s}})),
        (
            "event_msg",
            json!({"type": "thread_settings_applied", "thread_settings": {"model": "m",
            "collaboration_mode": {"settings": {"developer_instructions": s}}}}),
        ),
        (
            "turn_context",
            json!({"cwd": "/w", "summary": s, "user_instructions": s,
            "approval_policy": {"granular": s}, "sandbox_policy": {"type": "read-only", "x": s}}),
        ),
        ("compacted", json!({"message": s, "replacement_history": [s]})),
        ("world_state", json!({"state": {"host_skills": {"body": s}}})),
        ("token_usage_record", json!({"response_id": "r", "usage": {"input_tokens": 1, "x": s}})),
        (
            "event_msg",
            json!({"type": "token_count", "info": {"total_token_usage": {"total_tokens": 1}},
            "rate_limits": {"limit_name": s}}),
        ),
        ("a type with spaces", json!({"text": s})),
    ];
    for (n, name) in
        ["exec_command", "shell", "apply_patch", "view_image", "nonesuch"].iter().enumerate()
    {
        let id = format!("c{n}");
        payloads.push((
            "response_item",
            json!({"type": "function_call", "name": name,
            "arguments": arguments, "call_id": id}),
        ));
        payloads.push((
            "response_item",
            json!({"type": "function_call_output", "call_id": id,
            "output": format!("Process exited with code 0\nOutput:\n{s}")}),
        ));
    }
    for name in ["apply_patch", "exec"] {
        payloads.push((
            "response_item",
            json!({"type": "custom_tool_call", "name": name,
            "input": patch, "call_id": format!("p{name}")}),
        ));
        payloads.push((
            "response_item",
            json!({"type": "custom_tool_call_output",
            "call_id": format!("p{name}"), "output": [{"type": "input_text", "text": s}]}),
        ));
    }
    let script = format!("cat {s}");
    for kind in
        ["CommandExecution", "FileChange", "ImageView", "UserMessage", "McpToolCall", "Plan"]
    {
        payloads.push(("event_msg", json!({"type": "item_completed", "item": {"type": kind,
            "id": kind, "command": ["bash", "-lc", script], "cwd": "file:///w", "status": "completed",
            "parsed_cmd": [{"type": "read", "cmd": s, "name": s, "path": "/w/a"},
                {"type": "search", "query": s, "path": s}],
            "aggregated_output": s, "content": [{"text": s}], "path": "/w/b", "arguments": s,
            "changes": {"/w/c": {"type": "update", "unified_diff": format!("-{s}\n+{s}"), "content": s}},
            "stdout": s, "stderr": s}})));
    }
    for kind in super::super::SKIPPED {
        let (line, payload) = kind.split_once('/').unwrap_or((kind, ""));
        if line != "item" {
            payloads.push((
                line,
                json!({"type": payload, "message": s, "text": s, "content": [s],
                "name": s, "arguments": s, "last_agent_message": s}),
            ));
        }
    }
    let line = |(n, (kind, payload)): (usize, &(&str, Value))| {
        json!({"timestamp": format!("2026-11-20T08:15:{:02}.000Z", n % 60), "ordinal": n,
            "type": kind, "payload": payload, "metadata": {"x": s}})
    };
    payloads.iter().enumerate().map(line).collect()
}

#[test]
fn content_is_nowhere_in_facts_state_or_drift() {
    let quiet = |_: &str, _: &Path| ShellReading::default();
    let mut rollout = Rollout::default();
    let mut all = String::new();
    for line in telltale() {
        let mut facts = Vec::new();
        rollout.line(line.to_string().as_bytes(), &quiet, &mut facts).unwrap();
        write!(all, "{facts:?}{}", String::from_utf8(rollout.save()).unwrap()).unwrap();
    }
    write!(all, "{:?}", rollout.take_drift()).unwrap();
    assert!(all.contains("/w/a") && all.contains("/w/c"), "the marker stands beside what is told");
    assert!(!all.contains(SECRET), "{all}");
}

#[test]
fn what_is_not_known_is_counted_with_the_version() {
    let mut read = Read::default()
        .begin()
        .of("new_line", &json!({}))
        .of("event_msg", &json!({"type": "new_event"}))
        .of("response_item", &json!({"type": "new_item"}))
        .item(&json!({"type": "NewItem"}));
    let drift = read.rollout.take_drift();
    let seen: Vec<_> =
        drift.seen.iter().map(|(seen, n)| (&*seen.version, &*seen.name, *n)).collect();
    let names = ["event_msg/new_event", "item/NewItem", "new_line", "response_item/new_item"];
    assert_eq!(seen, names.map(|name| ("0.169.0", name, 1)));
    let mut lost = Read::default().of("event_msg", &json!({"type": "token_count"}));
    assert_eq!(lost.rollout.take_drift().seen.len(), 1);
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
    assert_eq!(plain.rollout.save(), other.rollout.save());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(lines: Vec<Vec<u8>>) {
        let mut read = Read::default().begin();
        for line in lines {
            read.raw(&line).ok();
        }
    }

    #[test]
    fn no_cut_and_no_flipped_byte_makes_it_panic(line in 0..80_usize, at in 0..2000_usize, byte: u8) {
        let lines = telltale();
        let mut bytes = lines[line % lines.len()].to_string().into_bytes();
        let mut read = Read::default().begin();
        let at = at % bytes.len();
        read.raw(&bytes[..at]).ok();
        bytes[at] = byte;
        read.raw(&bytes).ok();
    }
}
