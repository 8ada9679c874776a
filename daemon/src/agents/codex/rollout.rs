//! Codex's session files: `sessions/YYYY/MM/DD/rollout-*.jsonl`, archived ones and their pages.
//!
//! # Whose lines
//!
//! The first `session_meta` names the thread. A forked thread's file may begin with its parent's
//! lines, restamped, after the parent's own `session_meta`: they tell nothing but where the counters
//! of tokens stand. They end with the first turn or setting of the thread itself. Ids of turns and
//! threads are UUIDv7, so a turn that is older than the thread is its parent's.
//!
//! # Calls and results
//!
//! Newer files have an item for each command and change, with directory, paths and status; in code
//! mode there is nothing else. Older files have calls and their outputs, of which only the status is
//! read. Where both tell of one call, the first to tell counts.

mod call;
mod item;
mod line;
mod meta;
mod output;
mod patch;
mod usage;

use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;

use crate::session::drift::Kind;
use crate::session::json::{self, Str};
use crate::session::{
    Drift, Fact, Key, LineError, Parser, Place, ReadShell, Session, Touch, What, Who, Word,
};

use call::Call;
use line::{Line, Payload};
use usage::Meter;

/// Calls that wait for their outputs, and calls that were told.
const MOST_CALLS: usize = 256;

/// Types of lines, events and items that tell nothing but content, or nothing that matters.
const SKIPPED: &[&str] = &[
    "event_msg/agent_message",
    "event_msg/agent_reasoning",
    "event_msg/agent_reasoning_raw_content",
    "event_msg/context_compacted",
    "event_msg/entered_review_mode",
    "event_msg/exited_review_mode",
    "event_msg/image_generation_end",
    "event_msg/mcp_tool_call_end",
    "event_msg/sub_agent_activity",
    "event_msg/task_complete",
    "event_msg/thread_goal_updated",
    "event_msg/thread_rolled_back",
    "event_msg/turn_aborted",
    "event_msg/user_message",
    "event_msg/web_search_end",
    "inter_agent_communication",
    "inter_agent_communication_metadata",
    "item/AgentMessage",
    "item/CollabAgentToolCall",
    "item/ContextCompaction",
    "item/DynamicToolCall",
    "item/EnteredReviewMode",
    "item/ExitedReviewMode",
    "item/Extension",
    "item/HookPrompt",
    "item/ImageGeneration",
    "item/McpToolCall",
    "item/Plan",
    "item/Reasoning",
    "item/SubAgentActivity",
    "item/UserMessage",
    "item/WebSearch",
    "realtime_item",
    "response_item/additional_tools",
    "response_item/agent_message",
    "response_item/compaction",
    "response_item/context_compaction",
    "response_item/image_generation_call",
    "response_item/message",
    "response_item/reasoning",
    "response_item/tool_search_call",
    "response_item/tool_search_output",
    "response_item/web_search_call",
    "retained_context",
    "security_risk_score",
    "world_state",
];

/// Reads the lines of one rollout file.
#[derive(Default)]
pub(crate) struct Rollout {
    state: State,
    drift: Drift,
}

/// What lines tell about later ones.
#[derive(Default, Serialize, Deserialize)]
struct State {
    /// The thread, once its `session_meta` was read.
    thread: Option<Word>,
    session: Session,
    /// Whether lines are a parent's, where the file has some.
    replay: Option<bool>,
    /// Lines of a subagent before this ordinal are its parent's.
    first_ordinal: u64,
    /// Whether lines are numbered: such files have items.
    has_ordinals: bool,
    meter: Meter,
    calls: Vec<Call>,
    /// Calls that were told, by the hash of their ids.
    told: Vec<u64>,
}

impl Rollout {
    /// Goes on where another one stopped; `None` where its state is that of another version.
    pub(crate) fn restore(saved: &[u8]) -> Option<Self> {
        let state = serde_json::from_slice(saved).ok()?;
        Some(Self { state, drift: Drift::default() })
    }

    fn unknown(&mut self, kind: Kind, name: &str) {
        let version = self.state.session.version.as_ref().map(Word::as_str);
        self.drift.count(version, kind, name);
    }

    fn place(&mut self, text: &str) -> Option<Place> {
        let place = Place::new(text);
        if place.is_none() && !text.is_empty() {
            self.unknown(Kind::Value, "path");
        }
        place
    }

    /// Whether a line is the thread's own.
    fn is_own(&mut self, line: &Line<'_>) -> bool {
        if line.ordinal.0.is_some_and(|ordinal| ordinal < self.state.first_ordinal) {
            return false;
        }
        if self.state.replay.is_none() {
            return true;
        }
        if let Some(own) = meta::begins(line, self.state.thread.as_ref()) {
            self.state.replay = Some(!own);
        }
        self.state.replay != Some(true)
    }
}

impl Parser for Rollout {
    fn line(
        &mut self,
        line: &[u8],
        shell: &ReadShell<'_>,
        facts: &mut Vec<Fact>,
    ) -> Result<(), LineError> {
        let line: Line<'_> = json::read(line)?;
        for field in &line.unknown {
            self.unknown(Kind::Field, field);
        }
        let at = line.timestamp.get().parse().ok();
        if line.kind.is("session_meta") {
            self.meta(&line.payload, at, facts);
            return Ok(());
        }
        let Some(thread) = self.state.thread.clone() else {
            self.unknown(Kind::Value, "session_meta");
            return Ok(());
        };
        self.state.has_ordinals |= line.ordinal.0.is_some();
        let own = self.is_own(&line);
        let who = Who { session: thread, subagent: None };
        let mut reader = Reader { rollout: self, who, at, facts, shell };
        if own {
            reader.own(&line)
        } else {
            reader.replayed(&line)
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("state is plain data")
    }

    fn take_drift(&mut self) -> Drift {
        std::mem::take(&mut self.drift)
    }
}

/// Reads one line.
struct Reader<'a> {
    rollout: &'a mut Rollout,
    who: Who,
    at: Option<Timestamp>,
    facts: &'a mut Vec<Fact>,
    shell: &'a ReadShell<'a>,
}

impl Reader<'_> {
    fn own(&mut self, line: &Line<'_>) {
        let payload = &line.payload;
        match line.kind.get() {
            "turn_context" => self.settings(&payload.settings()),
            "token_usage_record" => self.record(payload),
            "compacted" => self.fact(What::Compacted(self.key("compacted", b""))),
            "event_msg" => self.event(payload),
            "response_item" => self.response_item(payload),
            kind => self.skip(kind),
        }
    }

    /// Of a parent's lines only the counters matter, from which the thread's own go on.
    fn replayed(&mut self, line: &Line<'_>) {
        if line.kind.is("event_msg") && line.payload.kind.is("token_count") {
            self.rollout.state.meter.baseline(&line.payload);
        }
    }

    fn event(&mut self, payload: &Payload<'_>) {
        match payload.kind.get() {
            "token_count" => self.count(payload),
            "task_started" => self.rollout.state.meter.begin_turn(),
            "thread_settings_applied" => self.settings(&payload.thread_settings),
            "item_completed" => self.item(&payload.item),
            "patch_apply_end" => self.patched(payload),
            "exec_command_end" => self.executed(payload),
            kind => self.skip(&format!("event_msg/{kind}")),
        }
    }

    fn skip(&mut self, kind: &str) {
        if !SKIPPED.contains(&kind) {
            self.rollout.unknown(Kind::Type, kind);
        }
    }

    fn fact(&mut self, what: What) {
        let who = self.who.clone();
        self.facts.push(Fact { at: self.at, who, copied: false, origin: None, what });
    }

    /// A line keeps its time when it moves to another file.
    fn key(&self, rule: &str, part: &[u8]) -> Key {
        let at = self.at.map_or(0, Timestamp::ms).to_le_bytes();
        Key::of(rule, &[self.who.session.as_str().as_bytes(), &at, part])
    }

    fn touch(&mut self, touch: Touch) {
        self.fact(What::Touch(touch));
    }

    fn cwd(&self) -> Option<Place> {
        self.rollout.state.session.cwd.clone()
    }
}

fn word(text: &Str<'_>) -> Option<Word> {
    Word::new(text.0.as_deref()?)
}

#[cfg(test)]
mod tests;
