//! Calls, until their output tells what came of them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;

use crate::session::drift::Kind;
use crate::session::json::{self, Str};
use crate::session::{How, Outcome, Place, Shell, ShellReading, Touch, What, Word};

use super::line::{Arguments, Ending, Payload, Words};
use super::patch::{self, Patched};
use super::{MOST_CALLS, Reader, Rollout, word};

/// A call that waits for its output.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Call {
    id: Word,
    asked_at: Option<i64>,
    tool: Word,
    cwd: Option<Place>,
    work: Work,
}

/// What a call is to do.
#[derive(Clone, Serialize, Deserialize)]
enum Work {
    Shell(ShellReading),
    Files(Vec<Patched>),
}

impl Rollout {
    /// Remembers that a call was told, and returns whether it was before.
    pub(super) fn tell(&mut self, id: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        let told = &mut self.state.told;
        if told.contains(&hash) {
            return true;
        }
        if told.len() == MOST_CALLS {
            told.remove(0);
        }
        told.push(hash);
        false
    }

    pub(super) fn take_call(&mut self, id: &str) -> Option<Call> {
        let place = self.state.calls.iter().position(|call| call.id.as_str() == id)?;
        Some(self.state.calls.remove(place))
    }
}

impl Call {
    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at.map(Timestamp::from_ms)
    }
}

impl Reader<'_> {
    pub(super) fn response_item(&mut self, payload: &Payload<'_>) {
        match payload.kind.get() {
            "function_call" => self.function(payload),
            "custom_tool_call" if payload.name.is("apply_patch") => {
                self.wait(
                    payload,
                    "apply_patch",
                    None,
                    Work::Files(patch::files(payload.input.get())),
                );
            }
            // In code mode only items tell what the script did.
            "custom_tool_call" => {}
            "local_shell_call" => {
                let action = &payload.action;
                self.command(payload, "local_shell", &action.command, &action.workdir);
            }
            "function_call_output" | "custom_tool_call_output" | "local_shell_call_output" => {
                self.output(payload);
            }
            kind => self.skip(&format!("response_item/{kind}")),
        }
    }

    fn function(&mut self, payload: &Payload<'_>) {
        let name = payload.name.get();
        let Ok(arguments) = json::read::<Arguments<'_>>(payload.arguments.get().as_bytes()) else {
            return;
        };
        match name {
            "exec_command" => self.command(payload, name, &arguments.cmd, &arguments.workdir),
            "shell" | "shell_command" | "container.exec" => {
                self.command(payload, name, &arguments.command, &arguments.workdir);
            }
            "apply_patch" => {
                let files = patch::files(arguments.input.get());
                self.wait(payload, name, None, Work::Files(files));
            }
            "view_image" => {
                let Some(path) = self.rollout.place(arguments.path.get()) else { return };
                let file = Patched { path, how: How::Read, lines: None };
                self.wait(payload, name, None, Work::Files(vec![file]));
            }
            _ => {}
        }
    }

    fn command(&mut self, payload: &Payload<'_>, tool: &str, words: &Words<'_>, workdir: &Str<'_>) {
        let cwd = self.inside(workdir.get());
        let reading = self.read(words, cwd.as_ref());
        self.wait(payload, tool, cwd, Work::Shell(reading));
    }

    /// Returns the directory that a call works in: one of its own, or the turn's.
    fn inside(&mut self, workdir: &str) -> Option<Place> {
        let here = self.cwd();
        match (&here, workdir) {
            (_, "") => here,
            (Some(cwd), workdir) => Place::new(cwd.as_path().join(workdir).to_str()?),
            (None, workdir) => self.rollout.place(workdir),
        }
    }

    /// Without a directory nothing in the command can be resolved.
    pub(super) fn read(&self, words: &Words<'_>, cwd: Option<&Place>) -> ShellReading {
        match cwd {
            Some(cwd) => (self.shell)(&script(words), cwd.as_path()).bounded(),
            None => ShellReading { unresolved: 1, ..ShellReading::default() },
        }
    }

    fn wait(&mut self, payload: &Payload<'_>, tool: &str, cwd: Option<Place>, work: Work) {
        let (Some(id), Some(tool)) = (word(&payload.call), Word::new(tool)) else {
            return self.rollout.unknown(Kind::Value, "call_id");
        };
        let cwd = cwd.or_else(|| self.cwd());
        let asked_at = self.at.map(Timestamp::ms);
        self.rollout.take_call(id.as_str());
        if self.rollout.state.calls.len() == MOST_CALLS {
            self.rollout.state.calls.remove(0);
            self.rollout.unknown(Kind::Forgotten, "call");
        }
        self.rollout.state.calls.push(Call { id, asked_at, tool, cwd, work });
    }

    fn output(&mut self, payload: &Payload<'_>) {
        // A command that goes on is told by its item when it ends, where there are items.
        if payload.output == Ending::Running && self.rollout.state.has_ordinals {
            return;
        }
        let Some(call) = self.rollout.take_call(payload.call.get()) else { return };
        if self.rollout.tell(call.id.as_str()) {
            return;
        }
        let outcome = payload.output.outcome();
        match call.work.clone() {
            Work::Shell(reading) => self.shell_call(&call, outcome, reading),
            Work::Files(files) => files.iter().for_each(|file| self.file(&call, outcome, file)),
        }
    }

    fn shell_call(&mut self, call: &Call, outcome: Outcome, reading: ShellReading) {
        let key = self.key("codex call", call.id.as_str().as_bytes());
        let (cwd, asked_at) = (call.cwd.clone(), call.asked_at());
        let shell = Shell { key, cwd, asked_at, duration: None, outcome, reading };
        self.fact(What::Shell(Box::new(shell)));
    }

    fn file(&mut self, call: &Call, outcome: Outcome, file: &Patched) {
        // An image that was found has no status.
        let outcome = match (file.how, outcome) {
            (How::Read, Outcome::Unknown) => Outcome::Done,
            (_, outcome) => outcome,
        };
        let key = [call.id.as_str().as_bytes(), file.path.as_path().as_os_str().as_encoded_bytes()];
        self.touch(Touch {
            key: self.key("codex file", &key.join(&0)),
            path: file.path.clone(),
            cwd: call.cwd.clone(),
            how: file.how,
            tool: call.tool.clone(),
            in_shell: false,
            outcome,
            lines: file.lines.filter(|_| outcome == Outcome::Done),
        });
    }
}

/// Returns what a shell is to run: the script of `bash -lc SCRIPT`, or the words themselves.
fn script(words: &Words<'_>) -> String {
    let words: Vec<&str> = words.0.iter().map(Str::get).collect();
    let name = |program: &str| Path::new(program).file_name().map(ToOwned::to_owned);
    let is_shell = |program: &str| {
        name(program).is_some_and(|name| ["sh", "bash", "zsh", "dash"].iter().any(|sh| name == *sh))
    };
    match words[..] {
        [text] => text.to_owned(),
        [program, "-c" | "-lc", script] if is_shell(program) => script.to_owned(),
        _ => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
