//! Calls of tools, from the line that makes them until the line that tells what came of them.

use serde::{Deserialize, Serialize};

use crate::session::drift::Kind;
use crate::session::json::Str;
use crate::session::{How, Place, ShellReading, Word};

use super::line::{Block, Line};
use super::{MOST_CALLS, Reader, word};

/// A call that waits for its result.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) id: Word,
    pub(super) asked_at: Option<i64>,
    pub(super) tool: Word,
    pub(super) cwd: Option<Place>,
    pub(super) work: Work,
}

/// What a call is to do.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Work {
    Touch(Place, How),
    Shell(ShellReading),
}

impl Reader<'_> {
    pub(super) fn assistant(&mut self, line: &Line<'_>) {
        self.usage(line);
        let blocks = line.message.content.0.iter();
        blocks.filter(|block| block.kind.is("tool_use")).for_each(|block| self.call(line, block));
    }

    fn call(&mut self, line: &Line<'_>, block: &Block<'_>) {
        let (Some(id), Some(tool)) = (word(&block.id), word(&block.name)) else {
            return self.transcript.unknown(line, Kind::Value, "tool_use");
        };
        let Some(work) = self.work(line, block) else { return };
        let calls = &mut self.transcript.state.calls;
        calls.retain(|call| call.id != id);
        let full = calls.len() == MOST_CALLS;
        if full {
            calls.remove(0);
        }
        let cwd = self.scope.cwd.clone();
        calls.push(Call { id, asked_at: self.scope.at.map(|at| at.ms()), tool, cwd, work });
        if full {
            self.transcript.unknown(line, Kind::Forgotten, "tool_use");
        }
    }

    fn work(&mut self, line: &Line<'_>, block: &Block<'_>) -> Option<Work> {
        let input = &block.input;
        let (path, how) = match block.name.get() {
            "Read" | "NotebookRead" => (first([&input.file_path, &input.notebook_path]), How::Read),
            "Edit" | "MultiEdit" | "Write" => (&input.file_path, How::Write),
            "NotebookEdit" => (&input.notebook_path, How::Write),
            "LSP" => (first([&input.file_path_camel, &input.file_path]), How::Read),
            "Glob" | "Grep" | "LS" => {
                let here = self.scope.cwd.clone();
                let path = self.place(line, &input.path).or(here)?;
                return Some(Work::Touch(path, How::Search));
            }
            "Bash" => return Some(Work::Shell(self.shell(input.command.get()))),
            _ => return None,
        };
        Some(Work::Touch(self.place(line, path)?, how))
    }

    /// Without a directory nothing in the command can be resolved.
    fn shell(&self, command: &str) -> ShellReading {
        match &self.scope.cwd {
            Some(cwd) => (self.shell)(command, cwd.as_path()).bounded(),
            None => ShellReading { unresolved: 1, ..ShellReading::default() },
        }
    }
}

fn first<'a, 'b>(texts: [&'a Str<'b>; 2]) -> &'a Str<'b> {
    if texts[0].0.is_some() { texts[0] } else { texts[1] }
}
