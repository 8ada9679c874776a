use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::session::{Outcome, Shell, ShellReading, ShellTouch};

mod hostile;
mod session;
mod work;

const SESSION: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "22222222-2222-4333-8444-555555555555";

/// A shell that reads one path: the last word of the command.
fn shell(command: &str, cwd: &Path) -> ShellReading {
    let path = cwd.join(command.split(' ').next_back().unwrap_or_default());
    let touch = ShellTouch { path, how: How::Read, is_dir: false };
    ShellReading { touches: vec![touch], cwd_after: None, unresolved: 0 }
}

/// A file that is read line by line.
#[derive(Default)]
struct Read {
    transcript: Transcript,
    facts: Vec<Fact>,
    lines: usize,
}

impl Read {
    fn raw(&mut self, line: &[u8]) -> Result<(), LineError> {
        self.lines += 1;
        self.transcript.line(line, &shell, &mut self.facts)
    }

    fn line(mut self, line: &Value) -> Self {
        self.raw(line.to_string().as_bytes()).unwrap();
        self
    }

    /// Adds a line with the envelope that lines of a conversation have.
    fn of(self, kind: &str, fields: &Value) -> Self {
        let line = json!({
            "type": kind, "uuid": format!("00000000-0000-4000-8000-{:012}", self.lines),
            "sessionId": SESSION, "timestamp": format!("2026-11-20T09:{:02}:{:02}.000Z", self.lines / 60, self.lines % 60),
            "cwd": "/home/ada/src/widget", "version": "2.1.330", "gitBranch": "main",
            "entrypoint": "cli", "userType": "external", "parentUuid": null, "isSidechain": false,
        });
        self.line(&with(line, fields))
    }

    fn call(self, id: &str, name: &str, input: &Value) -> Self {
        let block = json!({"type": "tool_use", "id": id, "name": name, "input": input});
        self.of("assistant", &json!({"message": {"role": "assistant", "content": [block]}}))
    }

    /// Adds the result of a call, with more fields of its line.
    fn result(self, id: &str, error: bool, text: &str, more: &Value) -> Self {
        let block =
            json!({"type": "tool_result", "tool_use_id": id, "is_error": error, "content": text});
        let fields = json!({"message": {"role": "user", "content": [block]}});
        self.of("user", &with(fields, more))
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

    fn links(&self) -> Vec<&Target> {
        let links = self.facts.iter().filter_map(|fact| match &fact.what {
            What::Link(link) => Some(&link.to),
            _ => None,
        });
        links.collect()
    }
}

fn with(mut object: Value, more: &Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(fields);
    object
}
