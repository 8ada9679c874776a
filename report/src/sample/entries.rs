//! What happened in the week that somebody should look at.

use serde_json::{Value, json};

const SESSION: &str = "3f0c6a52-9d0e-4b7e-8a51-6f5d1c2b7e90";
const LAUNCH: &str = "8a1f3c5e-7b9d-8024-9c6e-1a3b5c7d9e0f";

/// Entries into zones, the last touched first.
pub(super) fn zone_entries() -> Value {
    let entry = |seq: u64,
                 at: &str,
                 zone: &str,
                 severity: &str,
                 agent: &str,
                 how: &str,
                 path: &str| {
        json!({
            "seq": seq, "id": format!("019a9f3c-5e00-7000-8000-{seq:012}"),
            "at": at, "last_at": at, "touches": 1, "zone": zone, "managed": zone.starts_with("tide"),
            "severity": severity, "agent": agent, "launch": null, "session": SESSION,
            "subagent": null, "how": how, "path": path, "pattern": "~/work/tidewater/weights",
            "repo": { "root": "/home/ann/work/tidewater",
                      "remote": "https://git.example.org/platform/tidewater.git",
                      "branch": "main", "commit": "5f2b9c0d7e1a48863b1d2c4e6f708192a3b4c5d6" },
            "rule": "7c1e0b5f92a4d6837c1e0b5f92a4d6837c1e0b5f92a4d6837c1e0b5f92a4d683",
            "evidence": "transcript", "acknowledged_at": null, "note": null
        })
    };
    let weights = "/home/ann/work/tidewater/weights";
    let mut read = entry(
        180_911,
        "2026-11-20T15:41:09.000Z",
        "tidewater-weights",
        "high",
        "codex",
        "read",
        &format!("{weights}/loader/shards.py"),
    );
    read["touches"] = json!(12);
    read["last_at"] = json!("2026-11-20T16:20:44.000Z");
    let mut command = entry(
        178_002,
        "2026-11-19T14:03:51.000Z",
        "tidewater-weights",
        "high",
        "codex",
        "command",
        &format!("{weights}/loader"),
    );
    command["evidence"] = json!("kernel");
    command["launch"] = json!(LAUNCH);
    command["session"] = json!(null);
    let mut data = entry(
        172_640,
        "2026-11-17T16:18:00.000Z",
        "customer-data",
        "medium",
        "claude",
        "read",
        "/home/ann/src/lantern/fixtures/customers-2025.csv",
    );
    data["repo"] = json!(null);
    data["pattern"] = json!("**/customers-*.csv");
    data["acknowledged_at"] = json!("2026-11-18T08:02:00.000Z");
    data["note"] = json!("invented customers, made for the tests");
    json!([read, command, data])
}

/// Changes of settings that are a risk, the greatest first.
pub(super) fn risky_changes() -> Value {
    json!([
        { "at": "2026-11-18T12:20:31.000Z", "agent": "claude", "scope": "local",
          "path": "/home/ann/src/harbour/.claude/settings.local.json",
          "key": "permissions.defaultMode", "what": "set", "before": null,
          "after": "\"bypassPermissions\"", "risk": "high",
          "why": "every tool call runs without asking" },
        { "at": "2026-11-20T09:05:12.000Z", "agent": "codex", "scope": "user",
          "path": "/home/ann/.codex/config.toml", "key": "model_provider", "what": "changed",
          "before": "\"openai\"", "after": "\"internal\"", "risk": "medium",
          "why": "requests, and the code in them, go to another provider" },
        { "at": "2026-11-17T10:44:00.000Z", "agent": "claude", "scope": "project",
          "path": "/home/ann/src/lantern/.claude/settings.json", "key": "permissions.deny",
          "what": "removed", "before": "\"Read(./secrets/**)\"", "after": null, "risk": "medium",
          "why": "something that was forbidden is not any more" },
        { "at": "2026-11-16T09:31:47.000Z", "agent": "claude", "scope": "project",
          "path": "/home/ann/src/lantern/.claude/settings.json", "key": "permissions.allow",
          "what": "added", "before": null, "after": "\"Bash(cargo test:*)\"", "risk": "low",
          "why": "something more runs without asking" }
    ])
}

/// What the witnesses disagreed about, the greatest risk first.
pub(super) fn findings() -> Value {
    json!([
        { "code": "setting", "risk": "high", "agent": "claude", "at": null,
          "since": "2026-11-18T12:20:31.000Z", "launch": null, "session": null,
          "dir": "/home/ann/src/harbour",
          "path": "/home/ann/src/harbour/.claude/settings.local.json",
          "key": "permissions.defaultMode", "why": "every tool call runs without asking",
          "fix": "take it out, or choose acceptEdits or plan" },
        { "code": "session-file-vanished", "risk": "medium", "agent": "claude",
          "at": "2026-11-20T07:15:00.000Z", "since": "2026-11-12T17:40:02.000Z", "launch": null,
          "session": "b7d1a7c4-20c8-4f57-9d0b-2f9f6f6d0e11", "dir": "/home/ann/src/harbour",
          "path": "/home/ann/.claude/projects/-home-ann-src-harbour/b7d1a7c4-20c8-4f57-9d0b-2f9f6f6d0e11.jsonl",
          "key": null, "why": "its session file was deleted 8 days after it was last written to",
          "fix": "Ask who deleted it: what was read of it before is kept, the rest is gone." },
        { "code": "recorder-stopped-while-agent-ran", "risk": "medium", "agent": "codex",
          "at": "2026-11-17T13:33:11.000Z", "since": "2026-11-17T13:02:10.000Z",
          "launch": LAUNCH, "session": null, "dir": "/home/ann/work/tidewater", "path": null,
          "key": null, "why": "the recorder was stopped for 31 min while this launch ran",
          "fix": "See `trackwayctl gaps` for when; keep trackwayd running for as long as agents do." },
        { "code": "launch-without-session", "risk": "low", "agent": "codex",
          "at": "2026-11-19T18:00:00.000Z", "since": "2026-11-19T17:31:26.000Z",
          "launch": "4d2a90be-11c3-8f55-a7d8-90ab12cd34ef", "session": null,
          "dir": "/home/ann/notes", "path": null, "key": null,
          "why": "it ran for 9 min and left no session file",
          "fix": "Ask who started it what it was for: only its processes tell of it." }
    ])
}
