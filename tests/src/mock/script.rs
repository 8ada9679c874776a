//! What the mock makes an agent do.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wait;

/// The conversations that the mock can hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// In order of preference: a request belongs to the first whose marker it has.
    pub conversations: Vec<Conversation>,
    /// How long the model thinks before each answer.
    #[serde(default)]
    pub thinking: Duration,
}

/// Which API a conversation is held over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    Openai,
}

/// The turns of one conversation; the last one is repeated for as long as it is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Over which API.
    pub api: Api,
    /// A text in its first user message that tells it apart (a subagent's prompt); empty: any.
    pub marker: String,
    /// What the model says, turn by turn.
    pub turns: Vec<Turn>,
}

/// One answer of the model: tool calls, or a final text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The tools that are called, in parallel where there is more than one.
    pub calls: Vec<Call>,
    /// What is said where nothing is called.
    pub text: String,
    /// A file that must exist before the answer is given.
    pub gate: Option<PathBuf>,
}

/// A call of one of the agent's tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// Its arguments: an object, or a text where the tool takes free text.
    pub input: Value,
}

impl Script {
    /// Finds the conversation over `api` that begins with `opening`.
    pub(crate) fn conversation(&self, api: Api, opening: &str) -> Option<(usize, &Conversation)> {
        self.conversations
            .iter()
            .enumerate()
            .find(|(_, talk)| talk.api == api && opening.contains(&talk.marker))
    }
}

impl Conversation {
    /// Returns the turn with this number, or the last one.
    pub(crate) fn turn(&self, number: usize) -> Option<&Turn> {
        self.turns.get(number).or(self.turns.last())
    }
}

impl Turn {
    /// Calls the tool `name`.
    #[must_use]
    pub fn call(name: &str, input: Value) -> Self {
        Self { calls: vec![Call { name: name.to_owned(), input }], ..Self::default() }
    }

    /// Makes the calls of `other` in the same answer.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.calls.extend(other.calls);
        self
    }

    /// Holds the answer back until `gate` exists.
    #[must_use]
    pub fn once(mut self, gate: impl Into<PathBuf>) -> Self {
        self.gate = Some(gate.into());
        self
    }

    pub(super) fn wait_for_gate(&self) {
        if let Some(gate) = &self.gate {
            // An agent that waits longer than any test may take has been given up on anyway.
            wait::until(Duration::from_secs(60), || gate.exists().then_some(()));
        }
    }
}

/// Says `text` and ends the agent's turn.
#[must_use]
pub fn say(text: &str) -> Turn {
    Turn { text: text.to_owned(), ..Turn::default() }
}

/// Returns a shell command that works where it starts, and then in `dir`, long enough in each to be
/// seen there.
#[must_use]
pub fn visit(dir: &str) -> String {
    format!("sleep 0.3; cd {dir} && sleep 0.3")
}

/// claude runs a shell command.
#[must_use]
pub fn bash(command: &str) -> Turn {
    Turn::call("Bash", json!({"command": command, "description": "a step of the script"}))
}

/// claude reads a file.
#[must_use]
pub fn read(path: impl Into<PathBuf>) -> Turn {
    Turn::call("Read", json!({"file_path": path.into()}))
}

/// claude writes a file.
#[must_use]
pub fn write(path: impl Into<PathBuf>, content: &str) -> Turn {
    Turn::call("Write", json!({"file_path": path.into(), "content": content}))
}

/// claude replaces `old` by `new` in a file that it has read.
#[must_use]
pub fn edit(path: impl Into<PathBuf>, old: &str, new: &str) -> Turn {
    Turn::call("Edit", json!({"file_path": path.into(), "old_string": old, "new_string": new}))
}

/// claude gives `prompt` to a subagent. The prompt is the marker of the subagent's conversation.
#[must_use]
pub fn subagent(prompt: &str) -> Turn {
    let input = json!({
        "description": "a part", "prompt": prompt,
        "subagent_type": "general-purpose", "run_in_background": false,
    });
    Turn::call("Agent", input)
}

/// codex runs a shell command.
#[must_use]
pub fn exec_command(command: &str) -> Turn {
    Turn::call("exec_command", json!({"cmd": command}))
}

/// codex applies a patch.
#[must_use]
pub fn apply_patch(patch: &str) -> Turn {
    Turn::call("apply_patch", json!(patch))
}

/// Returns the number of the turn that is due after what has been said.
///
/// `calls` are the ids of all tool calls so far, as [`call_id`] made them; `texts` is how many
/// answers had a text instead.
pub(crate) fn due<'a>(calls: impl Iterator<Item = &'a str>, texts: usize) -> usize {
    let mut turns: Vec<_> =
        calls.filter_map(|id| id.rsplit_once('_').map(|(turn, _)| turn)).collect();
    turns.sort_unstable();
    turns.dedup();
    turns.len() + texts
}

/// Returns the id of a tool call; it tells its conversation, its turn and its place in that turn.
pub(crate) fn call_id(prefix: &str, conversation: usize, turn: usize, place: usize) -> String {
    format!("{prefix}_{conversation}_{turn}_{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_calls_are_one_turn() {
        let ids = ["toolu_0_0_0", "toolu_0_0_1", "toolu_0_1_0"];
        assert_eq!(due(ids.into_iter(), 0), 2);
        assert_eq!(due(ids.into_iter(), 1), 3);
        assert_eq!(due([].into_iter(), 0), 0);
    }
}
