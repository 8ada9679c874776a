//! A session file of claude, written line by line: for what no real agent is needed.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use trackway_protocol::ids::Timestamp;

use crate::world::World;

/// One session, and the file in which it is told.
#[derive(Debug)]
pub struct Transcript {
    /// The file.
    pub path: PathBuf,
    /// The session's id.
    pub id: String,
    cwd: String,
    lines: u32,
}

impl Transcript {
    /// Begins one in the home of a world, of a session that works in `cwd`. Sessions of one world differ
    /// in their number.
    #[must_use]
    pub fn begin(world: &World, cwd: &Path, number: u32) -> Self {
        let cwd = cwd.display().to_string();
        let slug = cwd.replace(['/', '.'], "-");
        let dir = world.home().join(".claude/projects").join(slug);
        fs::create_dir_all(&dir).expect("the home is ours");
        let id = format!("{number:08x}-2222-4333-8444-555555555555");
        let path = dir.join(format!("{id}.jsonl"));
        let mut transcript = Self { path, id, cwd, lines: 0 };
        let message = json!({"role": "user", "content": "planted-prompt"});
        transcript.append(&[transcript.line("user", json!({ "message": message }))]);
        transcript
    }

    /// Appends a response of the model that reads a file, and that it was read.
    pub fn read(&mut self, file: &Path) {
        let lines = self.reading(file);
        self.append(&lines);
    }

    /// Appends that a file was read, so many times, each time by another response.
    pub fn read_often(&mut self, file: &Path, times: u32) {
        let mut lines = Vec::new();
        for _ in 0..times {
            lines.extend(self.reading(file));
            self.lines += 1;
        }
        self.append(&lines);
    }

    fn reading(&self, file: &Path) -> [Value; 2] {
        let (number, id) = (self.lines, &self.id[..8]);
        let call = format!("toolu_{id}_{number}");
        let input = json!({ "file_path": file });
        let content = json!([{"type": "tool_use", "id": call, "name": "Read", "input": input}]);
        let usage = json!({"input_tokens": 3, "output_tokens": 7});
        let message = json!({"model": "claude-sonnet-5", "id": format!("msg_{id}_{number}"),
            "type": "message", "role": "assistant", "content": content, "usage": usage});
        let request = format!("req_{id}_{number}");
        let text = "planted-content ".repeat(30);
        let result = json!([{"type": "tool_result", "tool_use_id": call, "content": text}]);
        [
            self.line("assistant", json!({"message": message, "requestId": request})),
            self.line(
                "user",
                json!({"message": {"role": "user", "content": result},
                    "toolUseResult": {"type": "text", "file": {"filePath": file}}}),
            ),
        ]
    }

    fn line(&self, kind: &str, mut line: Value) -> Value {
        let fields = json!({"type": kind, "isSidechain": false, "sessionId": self.id,
            "uuid": format!("{kind}-{}-{}", &self.id[..8], self.lines),
            "timestamp": Timestamp::now().to_string(), "cwd": self.cwd, "version": "2.1.330"});
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        line
    }

    fn append(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let file = File::options().create(true).append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.expect("the home is ours");
        self.lines += 1;
    }
}
