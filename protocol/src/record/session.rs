//! What agents' own session files tell: sessions, files and tokens. Metadata only.

use serde::{Deserialize, Serialize};

use super::Repo;
use crate::ids::LaunchId;

/// The body of `session.started` and `session.updated`. An absent field is unknown, or did not
/// change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The agent's own id of the session.
    pub session: String,
    /// Where the record is about one of the session's subagents: its own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// The agent's name in the catalogue.
    pub agent: String,
    /// The agent's version, as the session file tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// The session that this one is a part or a continuation of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_session: Option<String>,
    /// How it came from `parent_session`: `subagent` or `fork`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descent: Option<String>,
    /// The session that goes on where this one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued_in: Option<String>,
    /// Working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The repository of `cwd`. Absent with `repo_unknown` absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// Why the repository could not be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_unknown: Option<String>,
    /// The model in use from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// claude's permission mode: `default`, `plan`, `bypassPermissions` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_mode: Option<String>,
    /// codex's approval policy: `never`, `on-request` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<String>,
    /// codex's sandbox: `read-only`, `workspace-write`, `danger-full-access` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// The provider of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What it was started from: claude's entrypoint, codex's originator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<String>,
    /// What kind of session it is: codex's source (`cli`, `exec`, `subagent` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The session file; its content is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// True where no session file tells of it: what is known comes from the agent's history, or from
    /// its list of projects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trace: bool,
    /// When the session file was missed: deleted, or moved out of sight. `at` is that time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub transcript_gone: bool,
    /// Shell calls so far, all of this session file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell_calls: Option<u64>,
    /// Of these, calls of which some access could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresolved_calls: Option<u64>,
    /// What changed while shell calls ran and is in no `file.accessed`. Of several records the
    /// counts add up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

/// Files that changed while shell calls ran and are not told, by why. An absent field is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Files that their repository ignores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<u64>,
    /// Files of which it is not known who changed them, or that were too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold: Option<u64>,
    /// Directories, at least, in which nobody saw what changed: too many to be watched. This one
    /// does not add up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwatched_dirs: Option<u64>,
}

/// The body of `session.linked`: this session was this launch's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLinked {
    /// The agent's own id of the session.
    pub session: String,
    /// The agent's name in the catalogue.
    pub agent: String,
    /// The launch.
    pub launch: LaunchId,
    /// How it is known: `environment` (a tool call's own), `open-file` (a process of the launch
    /// writes it), `argument` (the launch's), `registry` (the agent's list of running sessions),
    /// `place-and-time` (no other launch was where the session began).
    pub how: String,
}

/// The body of `session.made`: the session left a trace in version control, as its file tells.
/// Each is told once for each session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionMade {
    /// The agent's own id of the session.
    pub session: String,
    /// The subagent of the session that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// The agent's name in the catalogue.
    pub agent: String,
    /// `commit`, `push` or `pull-request`.
    pub what: String,
    /// The commit's id, often shortened; the branch that was pushed; the pull request's URL, without
    /// credentials, query and fragment.
    pub id: String,
    /// The pull request's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The repository of the directory in which the session was. Absent with `repo_unknown` absent:
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// Why the repository could not be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_unknown: Option<String>,
}

/// The body of `file.accessed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileAccessed {
    /// The launch, where its process was the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<LaunchId>,
    /// The agent's own session id, where its session file was the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The subagent of the session that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// The agent's name in the catalogue.
    pub agent: String,
    /// The file, absolute, with symbolic links resolved as far as it could be.
    pub path: String,
    /// The path as the agent wrote it, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_as_told: Option<String>,
    /// The repository it lies in. Absent with `repo_unknown` absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// Why the repository could not be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_unknown: Option<String>,
    /// `read`, `write`, `create`, `delete` or `rename`.
    pub how: String,
    /// The agent's tool: `Read`, `Edit`, `apply_patch`, `Bash` …
    pub tool: String,
    /// True where the file was seen to change while a shell call of the session, or of the launch,
    /// ran; that the call did it is concluded from that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// `failed` or `unknown` where the call is not known to have been done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Lines added, where the session file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_added: Option<u64>,
    /// Lines removed, where the session file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_removed: Option<u64>,
}

/// The body of `usage`: one response of a model. The record that corrects it names it in
/// `replaces`; of one response the newest record counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The session that the response was first written in.
    pub session: String,
    /// The subagent of the session that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// The agent's name in the catalogue.
    pub agent: String,
    /// The model; absent where it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The vendor's id of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// By what the response is known, whatever file it is found in: 32 hexadecimal digits.
    pub key: String,
    /// True where the response turned out to be another's copy: the key counts no more, nor do its
    /// tokens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retracted: bool,
    /// What it cost.
    pub tokens: Tokens,
}

/// Token classes, disjoint but for `reasoning`, which is a part of `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tokens {
    /// Neither read from nor written to a cache.
    pub input: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache of five minutes, or of unknown lifetime.
    pub cache_write_5m: u64,
    /// Written to a cache of an hour.
    pub cache_write_1h: u64,
    /// What the model wrote, `reasoning` included.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
}

impl Tokens {
    /// Adds another response's tokens.
    pub fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.input, other.input);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_write_5m, other.cache_write_5m);
        add(&mut self.cache_write_1h, other.cache_write_1h);
        add(&mut self.output, other.output);
        add(&mut self.reasoning, other.reasoning);
    }
}
