//! What the week's places, agents, zones and unknowns are.

use serde_json::{Value, json};
use trackway_protocol::row::TimeRow;

/// Returns a repository but for its counts; the one after the last is elsewhere.
pub(super) fn place(at: usize) -> Value {
    let (id, roots, dirs, more_dirs, agents, how, read_under) = match at {
        0 => (
            "github.com/example/harbour",
            json!(["/home/ann/src/harbour", "/home/ann/src/harbour-review"]),
            json!([
                "/home/ann/src/harbour/crates/tide/src",
                "/home/ann/src/harbour/crates/tide/tests",
                "/home/ann/src/harbour/crates/pilot/src",
                "/home/ann/src/harbour",
                "/home/ann/src/harbour-review/crates/pilot/src"
            ]),
            17,
            json!(["claude", "codex"]),
            json!(["launch", "chdir", "command", "read", "write", "search"]),
            json!([
                under("claude", "api.anthropic.com", "anthropic", "acceptEdits", None, 391),
                under("codex", "chatgpt.com", "openai", "on-request", Some("workspace-write"), 128),
                under("claude", "api.anthropic.com", "anthropic", "bypassPermissions", None, 22)
            ]),
        ),
        1 => (
            "github.com/example/lantern",
            json!(["/home/ann/src/lantern"]),
            json!([
                "/home/ann/src/lantern/web/components",
                "/home/ann/src/lantern/web/routes",
                "/home/ann/src/lantern"
            ]),
            6,
            json!(["claude", "codex"]),
            json!(["launch", "command", "read", "write"]),
            json!([
                under("claude", "api.anthropic.com", "anthropic", "default", None, 187),
                under("codex", "chatgpt.com", "openai", "on-request", Some("read-only"), 33)
            ]),
        ),
        2 => (
            "git.example.org/platform/tidewater",
            json!(["/home/ann/work/tidewater"]),
            json!(["/home/ann/work/tidewater/weights/loader", "/home/ann/work/tidewater/docs"]),
            2,
            json!(["claude", "codex"]),
            json!(["launch", "command", "read", "write"]),
            json!([
                under("codex", "gateway.example.org", "internal", "never", Some("read-only"), 44),
                under("claude", "api.anthropic.com", "anthropic", "plan", None, 19),
                { "agent": "claude", "endpoint": null, "provider": null,
                  "permission_mode": null, "sandbox": null, "files": 3 }
            ]),
        ),
        3 => (
            "/home/ann/notes",
            json!(["/home/ann/notes"]),
            json!(["/home/ann/notes/2026", "/home/ann/notes"]),
            0,
            json!(["claude", "codex"]),
            json!(["launch", "read", "write"]),
            json!([
                under("codex", "127.0.0.1", "ollama", "untrusted", Some("read-only"), 36),
                under("claude", "api.anthropic.com", "anthropic", "default", None, 14)
            ]),
        ),
        4 => (
            "github.com/ann/dotfiles",
            json!(["/home/ann/.dotfiles"]),
            json!(["/home/ann/.dotfiles", "/home/ann/.dotfiles/nvim"]),
            0,
            json!(["codex"]),
            json!(["launch", "read", "write"]),
            json!([under("codex", "chatgpt.com", "openai", "on-request", None, 12)]),
        ),
        _ => (
            "",
            json!([]),
            json!(["/home/ann", "/tmp/scratch", "/etc/nginx"]),
            1,
            json!(["claude", "codex"]),
            json!(["launch", "command", "read", "write"]),
            json!([
                under("claude", "api.anthropic.com", "anthropic", "default", None, 9),
                under("codex", "chatgpt.com", "openai", "on-request", Some("workspace-write"), 4)
            ]),
        ),
    };
    json!({
        "id": id, "roots": roots, "dirs": dirs, "more_dirs": more_dirs, "agents": agents, "how": how,
        "launches": 0, "sessions": 0, "active_quarters": 0, "files_read": 0, "files_written": 0,
        "read_under": read_under, "responses": 0, "unpriced_responses": 0, "cost_microusd": null,
        "tokens": { "input": 0, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0,
                    "output": 0, "reasoning": 0 }
    })
}

fn under(
    agent: &str,
    endpoint: &str,
    provider: &str,
    permission_mode: &str,
    sandbox: Option<&str>,
    files: u64,
) -> Value {
    json!({ "agent": agent, "endpoint": endpoint, "provider": provider,
            "permission_mode": permission_mode, "sandbox": sandbox, "files": files })
}

/// Their launches are those of the days.
pub(super) fn agents() -> Value {
    let agent = |agent: &str,
                 version: Option<&str>,
                 mode: &str,
                 endpoint: Option<&str>,
                 flags: &[&str],
                 launches: u64| {
        json!({ "agent": agent, "version": version, "mode": mode, "endpoint": endpoint,
                "flags": flags, "launches": launches })
    };
    let (anthropic, chatgpt) = (Some("api.anthropic.com"), Some("chatgpt.com"));
    json!([
        agent("claude", Some("2.1.330"), "interactive", anthropic, &[], 19),
        agent("codex", Some("0.169.0"), "interactive", chatgpt, &[], 11),
        agent("claude", Some("2.1.330"), "interactive", anthropic, &["--continue"], 9),
        agent("claude", Some("2.1.330"), "headless", anthropic, &["--print"], 6),
        agent("codex", Some("0.169.0"), "headless", Some("gateway.example.org"), &[], 4),
        agent("claude", Some("2.1.326"), "interactive", anthropic, &[], 3),
        agent(
            "claude",
            Some("2.1.330"),
            "headless",
            anthropic,
            &["--print", "--dangerously-skip-permissions"],
            2
        ),
        agent("codex", Some("0.169.0"), "interactive", Some("127.0.0.1"), &["--oss"], 2),
        agent("codex", None, "interactive", None, &[], 1)
    ])
}

/// What costs are reckoned by.
pub(super) fn prices() -> Value {
    json!({ "date": "2026-11-20", "source": "the vendors' price lists",
            "own": "/home/ann/.config/trackway/prices.toml" })
}

/// Two that were entered, one that was and is no more, and one that was not.
pub(super) fn zones() -> Value {
    json!([
        { "zone": "tidewater-weights", "managed": true, "in_force": true, "severity": "high",
          "entries": 4, "open": 3 },
        { "zone": "customer-data", "managed": false, "in_force": true, "severity": "medium",
          "entries": 1, "open": 0 },
        { "zone": "old-pilot", "managed": false, "in_force": false, "severity": "low",
          "entries": 1, "open": 0 },
        { "zone": "ssh-keys", "managed": false, "in_force": true, "severity": "high",
          "entries": 0, "open": 0 }
    ])
}

/// How often settings changed.
pub(super) fn config_changes() -> Value {
    json!([
        { "risk": "high", "changes": 1 },
        { "risk": "medium", "changes": 2 },
        { "risk": "low", "changes": 4 },
        { "risk": "none", "changes": 11 }
    ])
}

/// What the week's report does not know.
pub(super) fn unknown(time: &[TimeRow]) -> Value {
    let gap = |seq: u64, source: &str, state: &str, from: &str, until: &str, reason: &str| {
        json!({ "seq": seq, "source": source, "state": state, "from": from, "until": until,
                "reason": reason, "missed": null, "unit": null, "unnamed": null })
    };
    let mut queue = gap(
        179_120,
        "launches",
        "degraded",
        "2026-11-19T09:12:00.000Z",
        "2026-11-19T09:24:00.000Z",
        "the kernel's queue ran over",
    );
    queue["missed"] = json!(31);
    queue["unit"] = json!("events");
    queue["unnamed"] = json!(6);
    json!({
        "time": time,
        "gaps": [
            gap(171_006, "daemon", "lost", "2026-11-17T13:02:10.000Z", "2026-11-17T13:33:10.000Z",
                "the daemon was killed"),
            gap(174_533, "changes", "lost", "2026-11-18T10:40:00.000Z", "2026-11-18T10:45:00.000Z",
                "too many directories to watch"),
            queue,
            gap(181_940, "daemon", "off", "2026-11-21T21:30:00.000Z", "2026-11-22T07:00:00.000Z",
                "the machine was shut down or restarted"),
            gap(182_377, "daemon", "lost", "2026-11-22T11:00:00.000Z", "2026-11-22T11:16:00.000Z",
                "the daemon was stopped")
        ],
        "more_gaps": 3,
        "unnamed_launches": 6,
        "launches_without_session": 2,
        "launches_without_transcript": 1,
        "sessions_without_launch": 1,
        "sessions_without_file": 0,
        "session_files_gone": 1,
        "shell_calls": 1_871,
        "unresolved_calls": 46,
        "not_understood": ["codex 0.169.0: 1 unknown line types, 12 times"],
        "unpriced": ["codex qwen3-coder:30b"],
        "pruned": 3,
        "out_of_scope": 214,
        "reading": true
    })
}
