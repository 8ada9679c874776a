//! Results of tools: whether a call was an access, and what the agent says that it did.

use serde::de::{Deserialize, Deserializer};
use trackway_protocol::ids::Timestamp;

use crate::session::json::{Head, Str};
use crate::session::{How, Lines, Outcome, Shell, Target, Touch, What};

use super::call::{Call, Work};
use super::line::{Block, Hunk, Line, ToolResult};
use super::{Reader, link_to, word};

/// What a result's text begins with, as far as it tells what came of the call. Nothing else is kept.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The command ran and ended with a code.
    ExitCode,
    /// It was not allowed.
    Refused,
    #[default]
    Other,
}

/// Words in the first line of a result that say no; older versions have no field for it.
const REFUSALS: &[&str] = &[
    "requested permissions to",
    "was blocked",
    "needs approval",
    "requires approval",
    "doesn't want to proceed",
    "doesn't want to take this action",
    "has been denied",
    "denied by",
    "No such tool available",
    "blocked by hook",
];

impl Opening {
    fn of(text: &str) -> Self {
        let line = text.lines().next().unwrap_or_default();
        if line.trim_start_matches("Error: ").starts_with("Exit code ") {
            Self::ExitCode
        } else if REFUSALS.iter().any(|words| line.contains(words)) {
            Self::Refused
        } else {
            Self::Other
        }
    }
}

impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(match Head::deserialize(input)? {
            Head::Text(text) => Self::of(&text),
            Head::Other(_) => Self::Other,
        })
    }
}

impl Reader<'_> {
    pub(super) fn user(&mut self, line: &Line<'_>) {
        let results = || line.message.content.0.iter().filter(|block| block.kind.is("tool_result"));
        // What is told beside a message belongs to its only result.
        let told = ToolResult::default();
        let told = if results().count() == 1 { &line.result } else { &told };
        results().for_each(|block| self.result(line, block, told));
    }

    fn result(&mut self, line: &Line<'_>, block: &Block<'_>, told: &ToolResult<'_>) {
        let calls = &mut self.transcript.state.calls;
        let Some(place) = calls.iter().position(|call| block.call.is(call.id.as_str())) else {
            return;
        };
        let call = calls.remove(place);
        let outcome = outcome(line, block, told, matches!(call.work, Work::Shell(_)));
        match call.work.clone() {
            Work::Touch(path, how) => {
                let create = how == How::Write && told.kind.is("create");
                self.touch(Touch {
                    key: self.key("call", call.id.as_str().as_bytes()),
                    path,
                    cwd: call.cwd,
                    how: if create { How::Create } else { how },
                    tool: call.tool,
                    in_shell: false,
                    outcome,
                    lines: lines(told, how, create).filter(|_| outcome == Outcome::Done),
                });
            }
            Work::Shell(reading) => {
                self.fact(What::Shell(Box::new(Shell {
                    key: self.key("call", call.id.as_str().as_bytes()),
                    cwd: call.cwd.clone(),
                    asked_at: call.asked_at.map(Timestamp::from_ms),
                    duration: None,
                    outcome,
                    reading,
                })));
                self.edits(line, &call, told);
                self.git(told);
            }
        }
    }

    /// Newer versions tell which files a shell call changed.
    fn edits(&mut self, line: &Line<'_>, call: &Call, told: &ToolResult<'_>) {
        let files = told.edits.files.0.iter();
        for file in files.clone() {
            let how = match (file.created.is_set(), file.deleted.is_set()) {
                (true, _) => How::Create,
                (_, true) => How::Delete,
                _ => How::Write,
            };
            self.edit(line, call, &file.path, how, Some(count(&file.hunks.0)));
        }
        for path in &told.edits.paths.0 {
            if !files.clone().any(|file| file.path.get() == path.get()) {
                self.edit(line, call, path, How::Write, None);
            }
        }
    }

    fn edit(
        &mut self,
        line: &Line<'_>,
        call: &Call,
        path: &Str<'_>,
        how: How,
        lines: Option<Lines>,
    ) {
        let key = self.key("edit", path.get().as_bytes());
        let Some(path) = self.place(line, path) else { return };
        let (cwd, tool) = (call.cwd.clone(), call.tool.clone());
        let (in_shell, outcome) = (true, Outcome::Done);
        self.touch(Touch { key, path, cwd, how, tool, in_shell, outcome, lines });
    }

    fn git(&mut self, told: &ToolResult<'_>) {
        self.link(word(&told.git.commit.sha).map(Target::Commit));
        self.link(word(&told.git.push.branch).map(Target::Push));
        self.link(link_to(&told.git.pr.url).map(Target::PullRequest));
    }
}

fn outcome(line: &Line<'_>, block: &Block<'_>, told: &ToolResult<'_>, shell: bool) -> Outcome {
    let refused = line.denial.0.is_some()
        || line.decision.decision.is("reject")
        || block.text == Opening::Refused;
    let accepted = line.decision.decision.is("accept");
    if !block.error.is_set() {
        let over = told.background.0.is_none() && !told.interrupted.is_set();
        return if over { Outcome::Done } else { Outcome::Unknown };
    }
    match (refused && !(shell && block.text == Opening::ExitCode), accepted) {
        (true, false) => Outcome::Rejected,
        // A command that was refused for a reason of its own also has no exit code, but it has not
        // run; what was accepted has, and was cut short.
        _ => Outcome::Failed,
    }
}

fn lines(told: &ToolResult<'_>, how: How, create: bool) -> Option<Lines> {
    match (how, create) {
        (How::Write, true) => Some(Lines { added: told.content.all, removed: 0 }),
        (How::Write, false) if told.file_path.0.is_some() => Some(count(&told.patch.0)),
        _ => None,
    }
}

fn count(hunks: &[Hunk<'_>]) -> Lines {
    let mut sum = Lines::default();
    for line in hunks.iter().flat_map(|hunk| &hunk.lines.0) {
        sum.added += line.diff.added;
        sum.removed += line.diff.removed;
    }
    sum
}
