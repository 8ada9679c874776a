//! What can happen: one closed enum, and the facts of a process as a source reads them.
//!
//! Nothing here is ever serialised. What leaves the daemon is a record; command lines and
//! environments leave only through `enrich::redact`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trackway_protocol::ids::Timestamp;

use crate::agents::Install;
use crate::pipeline::misread::Misread;

/// A point in time by the two clocks that matter: what people read, and what durations need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// By the realtime clock.
    pub(crate) at: Timestamp,
    /// By the boottime clock, in nanoseconds: it goes on during suspend and nobody sets it.
    pub(crate) boot_ns: u64,
}

/// Everything that can happen to the pipeline.
#[derive(Debug)]
pub(crate) enum Event {
    /// A candidate, or a process below an agent, has begun to run a program.
    Exec(Box<ProcessFacts>, Moment),
    /// A process below an agent began to run a program and was gone before it could be read. What
    /// was left of its name may rule out that the program was an agent's.
    Unread { pid: u32, may_be_agent: bool },
    /// Another user began to run what may be an agent. Nothing more is asked or kept of it; the
    /// count of a binary's executions does not tell users apart.
    Foreign,
    /// A followed process has a child.
    Forked { parent: u32, child: u32 },
    /// A followed process has ended with this wait status; none where nobody told it.
    Exited { pid: u32, status: Option<u32>, moment: Moment },
    /// Every candidate and everything below an agent, as the process table has it now.
    Swept { processes: Vec<ProcessFacts>, moment: Moment },
    /// Programs began to run that could not be read in time and were not ruled out.
    Unnamed { count: u64, from: Timestamp, until: Timestamp },
    /// From now on every execution of this binary is counted.
    Counting { binary: FileId, since: Moment },
    /// A known agent binary was opened for execution so many times.
    Opened { binary: FileId, count: Opens },
    /// Programs of agents were found on disk.
    Installed(Vec<Install>),
    /// How far the reading of older session files is.
    Backfill { running: bool, done_bytes: u64, total_bytes: u64 },
    /// A session's own file tells more of it.
    SessionGrew(Box<Growth>),
    /// What was not understood of session files, all in all.
    Misread(Misread),
    /// Files changed in directories where agents work.
    Altered(Vec<Altered>),
    /// So many directories of a tree are not watched; none any more, or it is left, where that is 0.
    Unwatched { root: PathBuf, dirs: usize },
    /// A source changed its state.
    Source(SourceReport),
}

/// What a session's own file tells of when and where it was worked in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) agent: &'static str,
    pub(crate) session: String,
    /// When it began, by its file's first line of its own.
    pub(crate) begun: Option<Timestamp>,
    /// The directory in which it began, without links.
    pub(crate) cwd: Option<PathBuf>,
    /// The first and the last thing that was read now, by the agent's clock.
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

/// How far the time of a file's change may lie behind the clock: it is kept by the tick.
pub(crate) const COARSE_MS: i64 = 10;

/// What changed in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Altered {
    pub(crate) dir: Arc<Path>,
    /// The top of the repository that it lies in.
    pub(crate) repo: Option<Arc<Path>>,
    /// Names, what became of them, and the span in which that was.
    pub(crate) files: Vec<(OsString, Alteration, Timestamp, Timestamp)>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Alteration {
    /// It was written, whether it was there before or not.
    Written,
    Deleted,
    /// It has another name, perhaps elsewhere; what has that one is [`Alteration::Written`].
    Renamed,
    /// Its repository ignores it, whatever became of it.
    Ignored,
    /// A file is gone, and nobody knows its name; here it has a number.
    Untold,
}

/// How often a binary was opened for execution since the last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opens {
    /// So many times.
    Counted(u64),
    /// The kernel's queue ran over: at least once, nobody knows how often.
    Overflowed,
}

/// What a source says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceReport {
    /// The source's name in `status`.
    pub(crate) name: &'static str,
    /// The mechanism.
    pub(crate) tier: &'static str,
    pub(crate) state: State,
    pub(crate) reason: String,
    /// Begin of the range that the report speaks of.
    pub(crate) from: Timestamp,
    /// End of the range, where it is over.
    pub(crate) until: Option<Timestamp>,
    /// Kernel events lost in it, where they could be counted.
    pub(crate) missed: Option<u64>,
}

/// State of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    Degraded,
    Lost,
    Restored,
}

impl State {
    /// Returns the word that records use for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Degraded => "degraded",
            Self::Lost => "lost",
            Self::Restored => "restored",
        }
    }
}

/// A file, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl FileId {
    /// Returns the file that a path names now. Touches the disk.
    #[cfg(unix)]
    pub(crate) fn of(path: &std::path::Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let meta = std::fs::metadata(path).ok()?;
        Some(Self { device: meta.dev(), inode: meta.ino() })
    }

    /// Files have no such identity here.
    #[cfg(not(unix))]
    pub(crate) fn of(_path: &std::path::Path) -> Option<Self> {
        None
    }
}

/// A command line as the kernel has it. It has no way out but redaction: no `Serialize`, and a
/// `Debug` that tells only how many arguments there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct RawArgv(Vec<u8>);

impl RawArgv {
    /// Takes the bytes of `/proc/PID/cmdline`: arguments, each ended by a zero byte.
    pub(crate) fn from_cmdline(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Builds a command line from its arguments.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(crate) fn from_args<I>(args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut bytes = Vec::new();
        for arg in args {
            bytes.extend_from_slice(arg.as_ref().as_encoded_bytes());
            bytes.push(0);
        }
        Self(bytes)
    }

    /// Iterates over the arguments, the program's name first.
    pub(crate) fn args(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = self.0.strip_suffix(b"\0").unwrap_or(&self.0);
        // An empty command line has no arguments, and splitting it would yield an empty one.
        bytes.split(|byte| *byte == 0).take(if self.0.is_empty() { 0 } else { usize::MAX })
    }

    /// Returns argument `index`; 0 is the program's name.
    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        self.args().nth(index)
    }

    /// Forgets everything after the first `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
        self.0.shrink_to_fit();
    }

    /// Whether nothing of it could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for RawArgv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawArgv({} arguments)", self.args().count())
    }
}

/// The variables of an agent's environment that may be read; all others are dropped while parsing.
///
/// Values are used to tell processes apart and to take a host from a URL; the values themselves
/// are never recorded. Sorted, because it is searched by halving.
pub(crate) const ENVIRONMENT: &[&str] = &[
    "ANTHROPIC_AWS_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_BEDROCK_MANTLE_BASE_URL",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "ANTHROPIC_GOOGLE_CLOUD_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "BUILDKITE",
    "CI",
    "CIRCLECI",
    "CLAUDECODE",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_INSTALLED_VIA_NPM_WRAPPER",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "CODEX_MANAGED_BY_BUN",
    "CODEX_MANAGED_BY_NPM",
    "CODEX_MANAGED_BY_PNPM",
    "CODEX_MANAGED_BY_VITE_PLUS",
    "CODEX_SESSION_ID",
    "CODEX_THREAD_ID",
    "CODEX_TOOL_CALL_ID",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "HOME",
    "JENKINS_URL",
    "TERMINAL_EMULATOR",
    "TERM_PROGRAM",
    "TF_BUILD",
];

/// Variables of which only that they are set may be known: they change what an agent does, or hold
/// what lets it in. Sorted.
const PRESENT: &[&str] = &[
    "ALL_PROXY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_MODEL",
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_SKIP_PROMPT_HISTORY",
    "CODEX_ACCESS_TOKEN",
    "CODEX_API_KEY",
    "CODEX_INTERNAL_ORIGINATOR_OVERRIDE",
    "CODEX_SQLITE_HOME",
    "DISABLE_TELEMETRY",
    "DO_NOT_TRACK",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "OPENAI_API_KEY",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_LOG_RAW_API_BODIES",
    "OTEL_LOG_TOOL_CONTENT",
    "OTEL_LOG_USER_PROMPTS",
    "all_proxy",
    "http_proxy",
    "https_proxy",
];

/// The allowed part of a process's environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct AgentEnv(Vec<(&'static str, OsString)>);

impl AgentEnv {
    /// Keeps the allowed variables of `/proc/PID/environ`.
    pub(crate) fn from_environ(bytes: &[u8]) -> Self {
        let mut kept = Vec::new();
        for entry in bytes.split(|byte| *byte == 0) {
            let Some(equals) = memchr::memchr(b'=', entry) else { continue };
            let (name, value) = (&entry[..equals], &entry[equals + 1..]);
            let Ok(name) = std::str::from_utf8(name) else { continue };
            if let Ok(index) = ENVIRONMENT.binary_search(&name) {
                kept.push((ENVIRONMENT[index], os_string(value)));
            } else if let Ok(index) = PRESENT.binary_search(&name)
                && !value.is_empty()
            {
                kept.push((PRESENT[index], OsString::from("set")));
            }
        }
        Self(kept)
    }

    /// Keeps the allowed variables of `NAME=value` entries.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(crate) fn from_entries<S: AsRef<OsStr>>(entries: &[S]) -> Self {
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.extend_from_slice(entry.as_ref().as_encoded_bytes());
            bytes.push(0);
        }
        Self::from_environ(&bytes)
    }

    /// Builds it from pairs, of which names that are not allowed are dropped.
    #[cfg(test)]
    pub(crate) fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut bytes = Vec::new();
        for (name, value) in pairs {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b'=');
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0);
        }
        Self::from_environ(&bytes)
    }

    /// Returns the names of the variables that are set and change what an agent does, where it keeps
    /// its things, or where it sends, sorted.
    pub(crate) fn telling(&self) -> Vec<&'static str> {
        let is_telling = |name: &str| {
            name.ends_with("_BASE_URL")
                || name.starts_with("CLAUDE_CODE_USE_")
                || matches!(name, "CLAUDE_CONFIG_DIR" | "CODEX_HOME")
                || PRESENT.binary_search(&name).is_ok()
        };
        let names = self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| *name);
        let mut names: Vec<_> = names.filter(|name| is_telling(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns a variable's value; an empty one counts as unset.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .iter()
            .find(|(kept, value)| *kept == name && !value.is_empty())
            .map(|(_, value)| value.as_os_str())
    }
}

impl fmt::Debug for AgentEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Returns bytes that came from the operating system as its own kind of string.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        OsStr::from_bytes(bytes).to_owned()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(bytes).into_owned().into()
    }
}

/// A controlling terminal, as `/proc/PID/stat` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tty {
    /// The process has none.
    None,
    /// Its name below `/dev`: `pts/3`.
    Named(String),
}

/// What one process looked like when it was read. An absent field could not be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessFacts {
    pub(crate) pid: u32,
    pub(crate) ppid: Option<u32>,
    /// Field 22 of `/proc/PID/stat`: clock ticks since boot.
    pub(crate) start_ticks: Option<u64>,
    /// Target of `/proc/PID/exe`, without the kernel's mark of a deleted file.
    pub(crate) exe: Option<PathBuf>,
    /// Whether the executable was deleted or replaced since.
    pub(crate) exe_deleted: bool,
    /// The executable's file, also where it was deleted.
    pub(crate) exe_id: Option<FileId>,
    /// Target of `/proc/PID/cwd`, without the kernel's mark of a deleted directory.
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) argv: Option<RawArgv>,
    pub(crate) env: Option<AgentEnv>,
    pub(crate) tty: Option<Tty>,
    /// Whether it runs in another pid or mount namespace than the daemon.
    pub(crate) other_namespace: Option<bool>,
    /// Parent, grandparent and so on, read for candidates only.
    pub(crate) ancestors: Vec<Ancestor>,
    /// Whether it was told before that it runs this program; none where the source does not know.
    pub(crate) told: Option<bool>,
    /// Whether it was met in the middle of an `execve`: its program is there, the command line and
    /// the environment are not yet. The kernel tells of the exec when all is.
    pub(crate) is_becoming: bool,
}

/// One process above another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ancestor {
    pub(crate) pid: u32,
    /// File name of its executable, or its `comm` where that cannot be read.
    pub(crate) name: OsString,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowed_variables_are_sorted_and_all_are_found() {
        assert!(ENVIRONMENT.is_sorted_by(|left, right| left < right));
        assert!(PRESENT.is_sorted_by(|left, right| left < right));
        let env = AgentEnv::from_pairs(ENVIRONMENT.iter().map(|name| (*name, "1")));
        assert!(ENVIRONMENT.iter().all(|name| env.get(name).is_some()));
    }

    #[test]
    fn every_other_variable_is_dropped() {
        let env = AgentEnv::from_environ(b"HOME=/h\0GITHUB_TOKEN=s3cret\0=x\0CI\0CODEX_HOME=\0");
        assert_eq!(env.get("HOME"), Some(OsStr::new("/h")));
        assert_eq!(env.get("GITHUB_TOKEN"), None);
        assert_eq!(env.get("CODEX_HOME"), None, "empty is unset");
    }

    #[test]
    fn of_a_secret_only_that_it_is_set_is_known() {
        let env = AgentEnv::from_environ(
            b"OPENAI_API_KEY=sk-1\0CODEX_HOME=/c\0HOME=/h\0CODEX_API_KEY=\0",
        );
        assert_eq!(env.telling(), ["CODEX_HOME", "OPENAI_API_KEY"]);
        assert_eq!(env.get("OPENAI_API_KEY"), Some(OsStr::new("set")));
    }
}
