//! The rows that queries answer with. With `--json` they are printed as they came.
//!
//! Times are RFC 3339. `null` is unknown; a field that does not apply to a row is `null` as well,
//! and the field's documentation says so.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::ids::{LaunchId, Timestamp};
use crate::record::{Endpoint, Evidence, Launcher, Repo, Risk, Tokens};

mod zone;

pub use zone::{
    ZoneCheckedRow, ZoneEntryRow, ZoneFile, ZoneMatchRow, ZoneRow, ZoneTouchRow, ZonesStatus,
};

/// The answer to `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// The daemon's pid.
    pub pid: u32,
    /// When the daemon started.
    pub started_at: Timestamp,
    /// Whether launches are being recorded right now.
    pub recording: bool,
    /// Every source, best first.
    pub sources: Vec<SourceStatus>,
    /// The ledger.
    pub ledger: LedgerStatus,
    /// Reading of what was there before the daemon.
    pub backfill: Backfill,
    /// Agents' launches that have not ended.
    pub running: u64,
    /// All launches in the ledger.
    pub launches: u64,
    /// Directories of which the state, the configuration and the socket are.
    pub paths: Paths,
    /// Agents found on this machine.
    #[serde(default)]
    pub agents: Vec<AgentInstall>,
    /// The newest checkpoint of this daemon's; absent where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedStatus>,
    /// What is wrong with the ledger, or was with one that was set aside: a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledger_notes: Vec<String>,
    /// The rules of zones, and what was entered; absent from a daemon that knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<ZonesStatus>,
    /// What the machine's configuration decides, whatever the user's says:
    /// `ledger.keep = 400d (/etc/trackway/config.toml)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed: Vec<String>,
    /// What of the configuration does not count, or not yet, and why: a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config_notes: Vec<String>,
    /// Until when the user wants nothing recorded of what agents do; absent where there is no pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// Since when that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<Timestamp>,
    /// Of which places anything is recorded; absent where it is of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeStatus>,
    /// The reports that are written every week; absent from a daemon that writes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<ReportsStatus>,
}

/// The user's scope, and what is outside of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeStatus {
    /// Patterns of the places of which anything is recorded; none: of all.
    pub include: Vec<String>,
    /// Patterns of those of which nothing is, all the same.
    pub exclude: Vec<String>,
    /// How many records were left out.
    pub left_out: u64,
}

/// How it is with the reports that are written every week.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportsStatus {
    /// Their directory, whether it exists or not.
    pub dir: String,
    /// The newest week of which there is one; `null` where there is none.
    pub newest: Option<String>,
    /// Its files.
    pub files: Vec<String>,
    /// Why the last one could not be written; `null` where nothing is wrong.
    pub problem: Option<String>,
}

/// How far the ledger is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedStatus {
    /// How many records.
    pub size: u64,
    /// When the checkpoint was made.
    pub at: Timestamp,
}

/// One source of facts and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// The source's name: `launches`, `open-exec`.
    pub name: String,
    /// The mechanism in force: `proc-connector`, `poll`, `fanotify`; `none` where there is none.
    pub tier: String,
    /// `active`, `degraded` or `lost`.
    pub state: String,
    /// Why this tier and this state.
    pub reason: String,
    /// Since when it has this state.
    pub since: Timestamp,
}

/// Size of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStatus {
    /// Records in it.
    pub records: u64,
    /// Bytes on disk, write-ahead log included.
    pub bytes: u64,
    /// The newest record's number.
    pub seq: u64,
    /// When the first record's fact happened; `null` where there is none.
    #[serde(default)]
    pub begins_at: Option<Timestamp>,
}

/// How far the reading of older files is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// `running` or `done`; `stopped` where nothing is read any more.
    pub state: String,
    /// Bytes read.
    pub done_bytes: u64,
    /// Bytes to read in all.
    pub total_bytes: u64,
}

impl Backfill {
    /// Returns how much is read in percent, never all of it while it runs; nothing where it is not
    /// known how much there is.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        let percent = self.done_bytes.saturating_mul(100).checked_div(self.total_bytes)?;
        Some(if self.state == "done" { 100 } else { percent.min(99) })
    }
}

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// The state directory.
    pub state_dir: String,
    /// The configuration file, whether it exists or not.
    pub config: String,
    /// The socket.
    pub socket: String,
}

/// An agent's program that the daemon knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentInstall {
    /// The agent.
    pub agent: String,
    /// Its executable.
    pub exe: String,
    /// Its version, where path or package file tell.
    pub version: Option<String>,
    /// Whether the open-exec counter watches it.
    pub counted: bool,
}

/// One check of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// `ok`, `warning` or `failed`.
    pub state: String,
    /// What was found.
    pub found: String,
    /// What to do about it; `null` where nothing is to do.
    pub fix: Option<String>,
}

/// One launch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchRow {
    /// The launch.
    pub id: LaunchId,
    /// The agent.
    pub agent: String,
    /// Its version.
    pub agent_version: Option<String>,
    /// How it was installed.
    pub layout: Option<String>,
    /// What it was started to do.
    pub mode: Option<String>,
    /// Pid of its outermost process.
    pub pid: Option<u32>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended, or was first missed (`end_seen` is false then); `null` while it runs.
    pub ended_at: Option<Timestamp>,
    /// Whether the end itself was witnessed; `null` while it runs.
    pub end_seen: Option<bool>,
    /// Its exit code; `null` while it runs, after a signal, and where nobody saw the end.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// From start to end in milliseconds.
    pub duration_ms: Option<u64>,
    /// Working directory at start.
    pub cwd: Option<String>,
    /// Repository of `cwd`; `null` where there is none, or `repo_unknown` says why it is not known.
    pub repo: Option<Repo>,
    /// Why the repository is not known.
    pub repo_unknown: Option<String>,
    /// The redacted command line.
    pub argv: Option<Vec<String>>,
    /// The flags that matter for risk.
    pub flags: Option<Vec<String>>,
    /// Names of the variables in its environment that change what it does or where it sends.
    #[serde(default)]
    pub env: Option<Vec<String>>,
    /// The executable.
    pub exe: Option<String>,
    /// The controlling terminal.
    pub tty: Option<String>,
    /// The nearest telling ancestor.
    pub launcher: Option<Launcher>,
    /// The launch in whose tool call this one was started.
    pub parent_launch: Option<LaunchId>,
    /// Where its requests go.
    pub endpoint: Option<Endpoint>,
    /// `host` or `other`.
    pub namespace: Option<String>,
    /// Whether it was already running when the daemon first saw it.
    pub found_running: bool,
    /// Sessions that are known to be its work, the best known first; `null` from a daemon that knew of
    /// none.
    pub sessions: Option<Vec<String>>,
    /// How each of `sessions` is known.
    #[serde(default)]
    pub links: Vec<Link>,
    /// Execs below it that ended before they could be read; `null` while it runs.
    pub unread_execs: Option<u64>,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// One directory that agents were in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirRow {
    /// The directory.
    pub dir: String,
    /// Its repository; `null` where there is none, or `repo_unknown` says why it is not known.
    pub repo: Option<Repo>,
    /// Why the repository is not known.
    #[serde(default)]
    pub repo_unknown: Option<String>,
    /// The agents that were in it.
    pub agents: Vec<String>,
    /// How: `launch`, `chdir`, `command` …
    pub how: Vec<String>,
    /// First touch.
    pub first_at: Timestamp,
    /// Last touch.
    pub last_at: Timestamp,
    /// How many launches.
    pub launches: u64,
    /// How many sessions, as their files tell; `null` from a daemon that read none.
    pub sessions: Option<u64>,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// One repository that agents were in: all of its clones and working trees together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepoRow {
    /// What its clones have in common: the remote in its normal spelling, else the directory.
    pub id: String,
    /// As it was when it was last looked at.
    pub repo: Repo,
    /// The top directories of its clones and working trees, last touched first.
    pub roots: Vec<String>,
    /// The agents that were in it.
    pub agents: Vec<String>,
    /// How: `launch`, `chdir`, `command` …
    pub how: Vec<String>,
    /// First touch.
    pub first_at: Timestamp,
    /// Last touch.
    pub last_at: Timestamp,
    /// How many directories of it were touched.
    pub dirs: u64,
    /// How many launches.
    pub launches: u64,
    /// How many sessions, as their files tell; `null` from a daemon that read none.
    pub sessions: Option<u64>,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// One session of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    /// The agent's own id of the session.
    pub id: String,
    /// The agent.
    pub agent: String,
    /// Its version, as the session file tells it.
    pub agent_version: Option<String>,
    /// The models that answered, in alphabetical order.
    pub models: Vec<String>,
    /// Where it works, as far as is known last.
    pub cwd: Option<String>,
    /// Repository of `cwd`; `null` where there is none, or `repo_unknown` says why it is not known.
    pub repo: Option<Repo>,
    /// Why the repository is not known.
    pub repo_unknown: Option<String>,
    /// The launch whose work it was, by the strongest evidence; `null` where none is known.
    pub launch: Option<LaunchId>,
    /// All launches that are known to have worked on it, the best known first.
    pub launches: Vec<LaunchId>,
    /// How the link to `launch` is known; `null` where there is none.
    pub linked_by: Option<String>,
    /// How each of `launches` is known.
    #[serde(default)]
    pub links: Vec<Link>,
    /// The session that this one is a part or a continuation of.
    pub parent_session: Option<String>,
    /// Permission mode, or codex's approval policy, as it was last.
    pub permission_mode: Option<String>,
    /// codex's sandbox as it was last.
    pub sandbox: Option<String>,
    /// The provider of the model.
    pub provider: Option<String>,
    /// The session file, as it was called last.
    pub transcript: Option<String>,
    /// When the session file was missed; `null` while it is there.
    pub transcript_gone_at: Option<Timestamp>,
    /// True where no session file tells of it, but the agent's history or list of projects does.
    #[serde(default)]
    pub trace: bool,
    /// First sign of it.
    pub started_at: Timestamp,
    /// Last sign of it.
    pub last_at: Timestamp,
    /// Responses of the model; `null`, as all that is counted below, where nothing was read of a
    /// session file.
    pub responses: Option<u64>,
    /// What they cost in tokens.
    pub tokens: SessionTokens,
    /// What these would cost at the vendor's API, in US dollars: an estimate by the prices that reports use; `null`
    /// where a response has no price, and where nothing is known of responses.
    pub cost_usd: Option<f64>,
    /// How many files it read.
    pub files_read: Option<u64>,
    /// How many files it wrote, created, deleted or renamed.
    pub files_written: Option<u64>,
    /// How many directories it touched.
    pub dirs: Option<u64>,
    /// Shell calls.
    pub shell_calls: Option<u64>,
    /// Of these, calls of which some access could not be told.
    pub unresolved_calls: Option<u64>,
    /// What changed while shell calls ran and is not among the files; `null` where nothing is known
    /// of that.
    #[serde(default)]
    pub left_out: Option<SessionLeftOut>,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// A session that was the work of a launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The launch.
    pub launch: LaunchId,
    /// The agent's own id of the session.
    pub session: String,
    /// All ways in which that is known, the best first: see `session.linked`.
    pub how: Vec<String>,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// Files that changed while shell calls of a session ran and are not among its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLeftOut {
    /// Files that their repository ignores.
    pub ignored: u64,
    /// Files of which it is not known who changed them, or that were too many.
    pub untold: u64,
    /// Directories, at least, in which nobody saw what changed: too many to be watched.
    pub unwatched_dirs: u64,
}

/// Tokens of a session; `null` where nothing was read of a session file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTokens {
    /// Neither read from nor written to a cache.
    pub input: Option<u64>,
    /// Read from a cache.
    pub cache_read: Option<u64>,
    /// Written to a cache, whatever its lifetime.
    pub cache_write: Option<u64>,
    /// What the model wrote, `reasoning` included.
    pub output: Option<u64>,
    /// The part of `output` that was reasoning.
    pub reasoning: Option<u64>,
}

impl From<Tokens> for SessionTokens {
    fn from(tokens: Tokens) -> Self {
        Self {
            input: Some(tokens.input),
            cache_read: Some(tokens.cache_read),
            cache_write: Some(tokens.cache_write_5m.saturating_add(tokens.cache_write_1h)),
            output: Some(tokens.output),
            reasoning: Some(tokens.reasoning),
        }
    }
}

/// One file that an agent accessed, in one way, in one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRow {
    /// The file.
    pub path: String,
    /// `read`, `write`, `create`, `delete` or `rename`.
    pub how: String,
    /// The tool that did it last.
    pub tool: String,
    /// The agent.
    pub agent: String,
    /// The session.
    pub session: Option<String>,
    /// The launch, where a process was the witness.
    pub launch: Option<LaunchId>,
    /// Its repository; `null` where there is none, or `repo_unknown` says why it is not known.
    pub repo: Option<Repo>,
    /// Why the repository is not known.
    pub repo_unknown: Option<String>,
    /// The last time.
    pub at: Timestamp,
    /// The first time.
    pub first_at: Timestamp,
    /// How many times, at least.
    pub times: u64,
    /// How many times it was seen to change while a shell call ran: by that it is known where no
    /// session file tells of it.
    #[serde(default)]
    pub changed: u64,
    /// Lines added, all times together; `null` where no session file tells.
    pub lines_added: Option<u64>,
    /// Lines removed, all times together; `null` where no session file tells.
    pub lines_removed: Option<u64>,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// One launch that touched the place that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhoRow {
    /// The launch; `null` where only a session file tells.
    pub launch: Option<LaunchId>,
    /// The session; `null` where only a process tells.
    pub session: Option<String>,
    /// The agent; `null` where it is not known.
    pub agent: Option<String>,
    /// Its version.
    pub agent_version: Option<String>,
    /// What it was started to do.
    pub mode: Option<String>,
    /// The flags that matter for risk.
    pub flags: Option<Vec<String>>,
    /// Where its requests went.
    pub endpoint: Option<Endpoint>,
    /// Where it was started.
    pub cwd: Option<String>,
    /// What of the place it touched last.
    pub path: String,
    /// How many paths of the place it touched.
    pub paths: u64,
    /// How: `launch`, `chdir`, `command` …
    pub how: Vec<String>,
    /// First touch.
    pub first_at: Timestamp,
    /// Last touch.
    pub last_at: Timestamp,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// One change of one key of an agent's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigRow {
    /// `seq` of the record.
    pub seq: u64,
    /// When the file was modified, or, where it was `found`, first looked at.
    pub at: Timestamp,
    /// The agent.
    pub agent: String,
    /// `user`, `project`, `local` or `managed`.
    pub scope: String,
    /// What the file is: `settings`, `instructions` … (see `config.changed`).
    pub file: String,
    /// The file.
    pub path: String,
    /// The directory that it configures; `null` where it counts everywhere.
    pub dir: Option<String>,
    /// The repository of `dir`.
    pub repo: Option<Repo>,
    /// Whether it was there when the file was first looked at, and is no change that was seen.
    pub found: bool,
    /// The key; one that begins with `@` is of the file itself.
    pub key: String,
    /// `set`, `changed`, `unset`, `added` or `removed`.
    pub what: String,
    /// What it said; `null` where nothing was there, and where the value is not kept.
    pub before: Option<Value>,
    /// What it says; `null` where nothing is there, and where the value is not kept.
    pub after: Option<Value>,
    /// What the change means for risk.
    pub risk: Risk,
    /// Why; `null` where it means nothing.
    pub why: Option<String>,
    /// Launches that ran at that time, of this agent or in the directory that the file configures.
    pub launches: Vec<LaunchId>,
    /// Sessions that are known to have written the file at that time.
    pub written_by: Vec<String>,
    /// How it is known.
    pub evidence: Evidence,
}

/// Whether a setting counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InForce {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody knows.
    Unknown,
}

impl Serialize for InForce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => true.serialize(serializer),
            Self::No => false.serialize(serializer),
            Self::Unknown => "unknown".serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for InForce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Bool(true) => Self::Yes,
            Value::Bool(false) => Self::No,
            _ => Self::Unknown,
        })
    }
}

/// One setting that one layer of an agent's configuration makes, and whether it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingRow {
    /// The agent.
    pub agent: String,
    /// The key, as the agent's settings file names it.
    pub key: String,
    /// What it says; `null` where the value is not kept: then it is known only that it is set.
    pub value: Option<Value>,
    /// Who says so: `session` (its own file), `managed`, `argv`, `env`, `local`, `project`, `user` or
    /// `default`.
    pub layer: String,
    /// The file; `null` where the layer is none.
    pub path: Option<String>,
    /// Since when it says so, as far as is known.
    pub since: Option<Timestamp>,
    /// Whether it counts: `true`, `false` or `"unknown"`.
    pub in_force: InForce,
    /// Why it does, does not, or is not known to; `null` where that is plain.
    pub why: Option<String>,
    /// What it means for risk where it counts.
    pub risk: Risk,
}

/// One setting that is a risk now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// How much it matters.
    pub risk: Risk,
    /// The agent.
    pub agent: String,
    /// `user`, `project`, `local` or `managed`.
    pub scope: String,
    /// The directory that the file configures; `null` where it counts everywhere.
    pub dir: Option<String>,
    /// The file.
    pub path: String,
    /// The key; one that begins with `@` is of the file itself.
    pub key: String,
    /// What it says; `null` where the value is not kept.
    pub value: Option<Value>,
    /// What is wrong with it, in a sentence.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Since when it says so, as far as is known.
    pub since: Timestamp,
}

/// One thing that the witnesses disagree about, or one setting that is a risk now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnyFinding {
    /// What it is: `setting`, or a code of [`crate::record::Finding`].
    pub code: String,
    /// How much it matters.
    pub risk: Risk,
    /// The agent.
    pub agent: String,
    /// When it was concluded; `null` of a setting, which is so now.
    pub at: Option<Timestamp>,
    /// Since when it is so, as far as is known.
    pub since: Timestamp,
    /// The launch that it is about.
    pub launch: Option<LaunchId>,
    /// The session that it is about.
    pub session: Option<String>,
    /// Where that worked, or what the setting configures.
    pub dir: Option<String>,
    /// The file that it is about.
    pub path: Option<String>,
    /// The setting's key; `null` where it is none.
    pub key: Option<String>,
    /// What the setting says; `null` where it is none, and where the value is not kept.
    pub value: Option<Value>,
    /// What is wrong, in a sentence.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// How a range of time divides for one source. The five parts add up to the range exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeRow {
    /// The source.
    pub source: String,
    /// Begin of the range.
    pub from: Timestamp,
    /// End of the range.
    pub until: Timestamp,
    /// Everything was seen that the source sees.
    pub recorded_ms: u64,
    /// Recorded, but less than everything was seen.
    pub degraded_ms: u64,
    /// Nothing was seen, though something may have happened.
    pub blind_ms: u64,
    /// The machine was off: the daemon had stopped in order, and another boot came.
    pub off_ms: u64,
    /// No daemon had ever been started yet.
    pub unrecorded_ms: u64,
    /// How many separate stretches `blind_ms` is made of.
    pub blind_gaps: u64,
}

/// One range of time in which a source saw less than everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GapRow {
    /// `seq` of the coverage record.
    pub seq: u64,
    /// The source.
    pub source: String,
    /// `degraded`, `lost`, `restored` or `off`.
    pub state: String,
    /// Begin of the range.
    pub from: Timestamp,
    /// End of the range; `null` while it lasts.
    pub until: Option<Timestamp>,
    /// What happened.
    pub reason: String,
    /// How many were lost; `null` where it is unknown or does not apply.
    pub missed: Option<u64>,
    /// What `missed` counts.
    pub unit: Option<String>,
    /// Execs of unknown programs that could not be read.
    pub unnamed: Option<u64>,
}
/// A signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRow {
    /// The log's name.
    pub origin: String,
    /// How many records it is of.
    pub size: u64,
    /// The root of the tree over them, in base64.
    pub root: String,
    /// When it was made.
    pub at: Timestamp,
    /// The signed note itself, in the format of C2SP `tlog-checkpoint`.
    pub note: String,
    /// The key that it is verified with.
    pub key: String,
}

/// How it is with the user's pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRow {
    /// Until when nothing is recorded of what agents do; null where it is.
    pub paused_until: Option<Timestamp>,
}

/// What pruning did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneRow {
    /// How many records lost their bodies.
    pub records: u64,
    /// Before what time they happened; absent where the choice was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// Whether nothing was done.
    pub dry_run: bool,
}
