//! The rows that queries answer with. With `--json` they are printed as they came.
//!
//! Times are RFC 3339. `null` is unknown; a field that does not apply to a row is `null` as well,
//! and the field's documentation says so.

use serde::{Deserialize, Serialize};

use crate::ids::{LaunchId, Timestamp};
use crate::record::{Endpoint, Evidence, Launcher, Repo};

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
    /// `running` or `done`.
    pub state: String,
    /// Bytes read.
    pub done_bytes: u64,
    /// Bytes to read in all.
    pub total_bytes: u64,
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
    /// Sessions linked to it; `null` while no session file is read.
    pub sessions: Option<Vec<String>>,
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
    /// How many sessions; `null` while no session file is read.
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
    /// How many sessions; `null` while no session file is read.
    pub sessions: Option<u64>,
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

/// One range of time in which a source saw less than everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
