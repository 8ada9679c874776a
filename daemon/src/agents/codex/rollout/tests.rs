use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::session::{Descent, How, Outcome, Shell, ShellReading, ShellTouch};

mod hostile;
mod session;
mod work;

const THREAD: &str = "019f0000-aaaa-7000-8000-000000000001";
const OTHER: &str = "019e0000-aaaa-7000-8000-000000000001";

/// A shell that reads one path: the last word of the command.
fn shell(command: &str, cwd: &Path) -> ShellReading {
    let path = cwd.join(command.split(' ').next_back().unwrap_or_default());
    let touch = ShellTouch { path, how: How::Read, is_dir: false };
    ShellReading { touches: vec![touch], cwd_after: None, unresolved: 0 }
}

/// A file that is read line by line.
#[derive(Default)]
struct Read {
    rollout: Rollout,
    facts: Vec<Fact>,
    lines: usize,
    /// Whether lines are not numbered.
    is_legacy: bool,
}

impl Read {
    fn raw(&mut self, line: &[u8]) -> Result<(), LineError> {
        self.lines += 1;
        self.rollout.line(line, &shell, &mut self.facts)
    }

    fn of(mut self, kind: &str, payload: &Value) -> Self {
        let mut line = json!({
            "timestamp": format!("2026-11-20T08:15:{:02}.000Z", self.lines), "type": kind,
            "payload": payload,
        });
        if !self.is_legacy {
            line["ordinal"] = self.lines.into();
        }
        self.raw(line.to_string().as_bytes()).unwrap();
        self
    }

    /// Begins a thread in `/w`.
    fn begin(self) -> Self {
        self.of("session_meta", &json!({"id": THREAD, "cwd": "/w", "cli_version": "0.169.0"}))
    }

    fn item(self, item: &Value) -> Self {
        self.of("event_msg", &json!({"type": "item_completed", "thread_id": THREAD, "item": item}))
    }

    fn function(self, id: &str, name: &str, arguments: &Value) -> Self {
        let arguments = arguments.to_string();
        let call =
            json!({"type": "function_call", "name": name, "call_id": id, "arguments": arguments});
        self.of("response_item", &call)
    }

    fn output(self, id: &str, output: &Value) -> Self {
        let output = json!({"type": "function_call_output", "call_id": id, "output": output});
        self.of("response_item", &output)
    }

    fn touches(&self) -> Vec<(String, How, Outcome)> {
        let touches = self.facts.iter().filter_map(|fact| match &fact.what {
            What::Touch(touch) => Some(touch),
            _ => None,
        });
        touches.map(|t| (t.path.as_path().display().to_string(), t.how, t.outcome)).collect()
    }

    fn shells(&self) -> Vec<&Shell> {
        let shells = self.facts.iter().filter_map(|fact| match &fact.what {
            What::Shell(shell) => Some(&**shell),
            _ => None,
        });
        shells.collect()
    }

    fn sessions(&self) -> Vec<&Session> {
        let sessions = self.facts.iter().filter_map(|fact| match &fact.what {
            What::Session(session) => Some(&**session),
            _ => None,
        });
        sessions.collect()
    }
}

fn command(id: &str, script: &str, status: &str) -> Value {
    json!({"type": "CommandExecution", "id": id, "command": ["/bin/bash", "-lc", script],
        "cwd": "file:///w/a%20b", "parsed_cmd": [{"type": "unknown", "cmd": script}],
        "status": status, "exit_code": 0, "duration": {"secs": 1, "nanos": 500_000_000}})
}
