//! Items of a turn: commands and changes with directory, paths and status.

use std::time::Duration;

use crate::session::json::{List, Str, Table};
use crate::session::{How, Lines, Outcome, Place, Shell, Touch, What, Word};

use super::Reader;
use super::line::{Change, Elapsed, Item, Parsed, Payload, Words};

/// A command that ended, as an item or an event of old tells it.
struct Executed<'a, 'b> {
    id: &'a str,
    command: &'a Words<'b>,
    cwd: &'a str,
    parsed: &'a List<Parsed<'b>>,
    outcome: Outcome,
    duration: &'a Elapsed<'b>,
}

/// The tool that runs shell commands.
const SHELL: &str = "exec_command";

impl Reader<'_> {
    pub(super) fn item(&mut self, item: &Item<'_>) {
        match item.kind.get() {
            "CommandExecution" => self.execution(&Executed {
                id: item.id.get(),
                command: &item.command,
                cwd: item.cwd.get(),
                parsed: &item.parsed,
                outcome: outcome(item.status.get()),
                duration: &item.duration,
            }),
            "FileChange" => self.changes(item.id.get(), outcome(item.status.get()), &item.changes),
            "ImageView" => self.image(item),
            kind => self.skip(&format!("item/{kind}")),
        }
    }

    pub(super) fn executed(&mut self, payload: &Payload<'_>) {
        self.execution(&Executed {
            id: payload.call.get(),
            command: &payload.command,
            cwd: payload.cwd.get(),
            parsed: &payload.parsed,
            outcome: match payload.exit_code.0 {
                Some(0) => Outcome::Done,
                _ => Outcome::Failed,
            },
            duration: &payload.duration,
        });
    }

    pub(super) fn patched(&mut self, payload: &Payload<'_>) {
        let outcome = match (payload.status.get(), payload.success.0) {
            ("declined", _) => Outcome::Rejected,
            (_, Some(false)) => Outcome::Failed,
            _ => Outcome::Done,
        };
        self.changes(payload.call.get(), outcome, &payload.changes);
    }

    fn execution(&mut self, executed: &Executed<'_, '_>) {
        let call = self.rollout.take_call(executed.id);
        if self.rollout.tell(executed.id) {
            return;
        }
        let cwd = self.directory(executed.cwd).or_else(|| self.cwd());
        let reading = self.read(executed.command, cwd.as_ref());
        self.fact(What::Shell(Box::new(Shell {
            key: self.key("codex call", executed.id.as_bytes()),
            cwd: cwd.clone(),
            asked_at: call.and_then(|call| call.asked_at()),
            duration: duration(executed.duration),
            outcome: executed.outcome,
            reading,
        })));
        // Paths of other parts are shortened for people.
        let read = executed.parsed.0.iter().filter(|part| part.kind.is("read"));
        read.for_each(|part| self.parsed(executed, cwd.as_ref(), &part.path));
    }

    fn parsed(&mut self, executed: &Executed<'_, '_>, cwd: Option<&Place>, path: &Str<'_>) {
        let Some(path) = self.rollout.place(path.get()) else { return };
        let (outcome, cwd) = (executed.outcome, cwd.cloned());
        self.told(executed.id, path, cwd, How::Read, SHELL, outcome, None);
    }

    fn changes(&mut self, id: &str, outcome: Outcome, changes: &Table<'_, Change<'_>>) {
        self.rollout.take_call(id);
        if self.rollout.tell(id) {
            return;
        }
        for (path, change) in &changes.0 {
            let moved = change.move_path.0.as_deref();
            let (how, lines) = match change.kind.get() {
                "add" => (How::Create, Lines { added: change.content.all, removed: 0 }),
                "delete" => (How::Delete, Lines { added: 0, removed: change.content.all }),
                _ if moved.is_some() => (How::Rename, Lines::default()),
                _ => (How::Write, change.diff.diff),
            };
            self.change(id, outcome, path, how, lines);
            if let Some(to) = moved {
                self.change(id, outcome, to, How::Create, change.diff.diff);
            }
        }
    }

    fn change(&mut self, id: &str, outcome: Outcome, path: &str, how: How, lines: Lines) {
        let Some(path) = self.rollout.place(path) else { return };
        let lines = (outcome == Outcome::Done).then_some(lines);
        let cwd = self.cwd();
        self.told(id, path, cwd, how, "apply_patch", outcome, lines);
    }

    fn image(&mut self, item: &Item<'_>) {
        self.rollout.take_call(item.id.get());
        if self.rollout.tell(item.id.get()) {
            return;
        }
        let Some(path) = self.directory(item.path.get()) else { return };
        let cwd = self.cwd();
        self.told(item.id.get(), path, cwd, How::Read, "view_image", Outcome::Done, None);
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of one fact")]
    fn told(
        &mut self,
        id: &str,
        path: Place,
        cwd: Option<Place>,
        how: How,
        tool: &str,
        outcome: Outcome,
        lines: Option<Lines>,
    ) {
        let key = [id.as_bytes(), path.as_path().as_os_str().as_encoded_bytes()].join(&0);
        let key = self.key("codex file", &key);
        let Some(tool) = Word::new(tool) else { return };
        let in_shell = tool.as_str() == SHELL;
        self.touch(Touch { key, path, cwd, how, tool, in_shell, outcome, lines });
    }

    /// Reads a path, or a `file://` URL.
    fn directory(&mut self, text: &str) -> Option<Place> {
        match text.strip_prefix("file://") {
            Some(url) => {
                self.rollout.place(&decoded(url.strip_prefix("localhost").unwrap_or(url))?)
            }
            None => self.rollout.place(text),
        }
    }
}

fn outcome(status: &str) -> Outcome {
    match status {
        "completed" => Outcome::Done,
        "failed" => Outcome::Failed,
        "declined" => Outcome::Rejected,
        _ => Outcome::Unknown,
    }
}

fn duration(elapsed: &Elapsed<'_>) -> Option<Duration> {
    let nanos = elapsed.nanos.get() % 1_000_000_000;
    Some(Duration::new(elapsed.seconds.0?, u32::try_from(nanos).unwrap_or_default()))
}

/// Decodes the path of a `file://` URL of this machine.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path.strip_prefix('/').map(|_| path.as_bytes())?;
    while let [byte, after @ ..] = rest {
        let code = (*byte == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => (bytes.push(code), rest = &after[2..]),
            None => (bytes.push(*byte), rest = after),
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_url_is_a_path_of_this_machine() {
        assert_eq!(decoded("/home/ada/src/widget%20b").unwrap(), "/home/ada/src/widget b");
        assert_eq!(decoded("/a%C3%A9%zz%2").unwrap(), "/aé%zz%2");
        assert_eq!(decoded("host/share"), None);
        assert_eq!(decoded("/%ff"), None);
    }
}
