//! The audited fact, as it is stored, hashed, sent and exported.
//!
//! A record is written once: its JSON is what the leaf hash covers. It therefore never changes
//! shape after the fact; fields are only ever added, as optional ones, and a reader keeps what it
//! does not understand ([`Body::Other`]).
//!
//! **Unknown is not zero and not empty.** A field that is absent is unknown or does not apply; the
//! type's documentation says which.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::ids::{LaunchId, RecordId, Timestamp};

mod config;
mod finding;
mod repo;
mod session;
mod zone;

pub use config::{ConfigChange, ConfigChanged, Risk};
pub use finding::Finding;
pub use repo::Repo;
pub use session::{FileAccessed, LeftOut, Session, SessionLinked, SessionMade, Tokens, Usage};
pub use zone::{ZoneAcknowledged, ZoneEntered};

/// How a fact came to be known. The order is that of trust, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Concluded from other facts.
    Inferred,
    /// Seen by looking at the process table from time to time.
    Polled,
    /// Read in the agent's configuration.
    Config,
    /// Read in the agent's session file.
    Transcript,
    /// Read in the agent's registry of running sessions.
    Registry,
    /// Told by the kernel as it happened.
    Kernel,
}

impl Evidence {
    /// Returns the word that records use for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Polled => "polled",
            Self::Config => "config",
            Self::Transcript => "transcript",
            Self::Registry => "registry",
            Self::Kernel => "kernel",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fact: the envelope and what it is about.
#[derive(Clone, Debug)]
pub struct Record {
    /// Order of arrival in this ledger, from 1, without holes.
    pub seq: u64,
    /// The record's own id.
    pub id: RecordId,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// How it is known.
    pub evidence: Evidence,
    /// The record that this one corrects.
    pub replaces: Option<RecordId>,
    /// The fact itself; its kind is part of it.
    pub body: Body,
}

/// What a record is about. The variant decides the envelope's `kind`.
#[derive(Clone, Debug)]
pub enum Body {
    /// `launch.started`
    LaunchStarted(Box<Launch>),
    /// `launch.updated`: only the fields that became known or changed.
    LaunchUpdated(Box<Launch>),
    /// `launch.ended`
    LaunchEnded(LaunchEnded),
    /// `dir.touched`
    DirTouched(DirTouched),
    /// `session.started`
    SessionStarted(Box<Session>),
    /// `session.updated`: only the fields that became known or changed.
    SessionUpdated(Box<Session>),
    /// `session.linked`
    SessionLinked(SessionLinked),
    /// `session.made`
    SessionMade(Box<SessionMade>),
    /// `file.accessed`
    FileAccessed(Box<FileAccessed>),
    /// `usage`
    Usage(Box<Usage>),
    /// `config.changed`
    ConfigChanged(Box<ConfigChanged>),
    /// `finding`
    Finding(Box<Finding>),
    /// `zone.entered`
    ZoneEntered(Box<ZoneEntered>),
    /// `zone.acknowledged`
    ZoneAcknowledged(ZoneAcknowledged),
    /// `coverage`
    Coverage(Coverage),
    /// `pruned`
    Pruned(Pruned),
    /// `daemon.started`
    DaemonStarted(DaemonRun),
    /// `daemon.stopped`
    DaemonStopped(DaemonRun),
    /// A kind that this version does not know, kept as it is.
    Other {
        /// The kind's name.
        kind: String,
        /// The body, verbatim.
        json: Box<RawValue>,
    },
}

impl Body {
    /// Returns the envelope's `kind`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::LaunchStarted(_) => "launch.started",
            Self::LaunchUpdated(_) => "launch.updated",
            Self::LaunchEnded(_) => "launch.ended",
            Self::DirTouched(_) => "dir.touched",
            Self::SessionStarted(_) => "session.started",
            Self::SessionUpdated(_) => "session.updated",
            Self::SessionLinked(_) => "session.linked",
            Self::SessionMade(_) => "session.made",
            Self::FileAccessed(_) => "file.accessed",
            Self::Usage(_) => "usage",
            Self::ConfigChanged(_) => "config.changed",
            Self::Finding(_) => "finding",
            Self::ZoneEntered(_) => "zone.entered",
            Self::ZoneAcknowledged(_) => "zone.acknowledged",
            Self::Coverage(_) => "coverage",
            Self::Pruned(_) => "pruned",
            Self::DaemonStarted(_) => "daemon.started",
            Self::DaemonStopped(_) => "daemon.stopped",
            Self::Other { kind, .. } => kind,
        }
    }

    /// Returns the launch that the record speaks of, if it speaks of one.
    #[must_use]
    pub fn launch(&self) -> Option<LaunchId> {
        match self {
            Self::LaunchStarted(body) | Self::LaunchUpdated(body) => Some(body.launch),
            Self::LaunchEnded(body) => Some(body.launch),
            Self::DirTouched(body) => body.launch,
            Self::SessionLinked(body) => Some(body.launch),
            Self::FileAccessed(body) => body.launch,
            Self::Finding(body) => body.launch,
            Self::ZoneEntered(body) => body.launch,
            _ => None,
        }
    }

    /// Returns the agent's own id of the session that the record speaks of, if it speaks of one.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match self {
            Self::DirTouched(body) => body.session.as_deref(),
            Self::SessionStarted(body) | Self::SessionUpdated(body) => Some(&body.session),
            Self::SessionLinked(body) => Some(&body.session),
            Self::SessionMade(body) => Some(&body.session),
            Self::FileAccessed(body) => body.session.as_deref(),
            Self::Usage(body) => Some(&body.session),
            Self::Finding(body) => body.session.as_deref(),
            Self::ZoneEntered(body) => body.session.as_deref(),
            _ => None,
        }
    }

    fn parse(kind: &str, json: &RawValue) -> serde_json::Result<Self> {
        let text = json.get();
        Ok(match kind {
            "launch.started" => Self::LaunchStarted(serde_json::from_str(text)?),
            "launch.updated" => Self::LaunchUpdated(serde_json::from_str(text)?),
            "launch.ended" => Self::LaunchEnded(serde_json::from_str(text)?),
            "dir.touched" => Self::DirTouched(serde_json::from_str(text)?),
            "session.started" => Self::SessionStarted(serde_json::from_str(text)?),
            "session.updated" => Self::SessionUpdated(serde_json::from_str(text)?),
            "session.linked" => Self::SessionLinked(serde_json::from_str(text)?),
            "session.made" => Self::SessionMade(serde_json::from_str(text)?),
            "file.accessed" => Self::FileAccessed(serde_json::from_str(text)?),
            "usage" => Self::Usage(serde_json::from_str(text)?),
            "config.changed" => Self::ConfigChanged(serde_json::from_str(text)?),
            "finding" => Self::Finding(serde_json::from_str(text)?),
            "zone.entered" => Self::ZoneEntered(serde_json::from_str(text)?),
            "zone.acknowledged" => Self::ZoneAcknowledged(serde_json::from_str(text)?),
            "coverage" => Self::Coverage(serde_json::from_str(text)?),
            "pruned" => Self::Pruned(serde_json::from_str(text)?),
            "daemon.started" => Self::DaemonStarted(serde_json::from_str(text)?),
            "daemon.stopped" => Self::DaemonStopped(serde_json::from_str(text)?),
            _ => Self::Other { kind: kind.to_owned(), json: json.to_owned() },
        })
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::LaunchStarted(body) | Self::LaunchUpdated(body) => body.serialize(serializer),
            Self::LaunchEnded(body) => body.serialize(serializer),
            Self::DirTouched(body) => body.serialize(serializer),
            Self::SessionStarted(body) | Self::SessionUpdated(body) => body.serialize(serializer),
            Self::SessionLinked(body) => body.serialize(serializer),
            Self::SessionMade(body) => body.serialize(serializer),
            Self::FileAccessed(body) => body.serialize(serializer),
            Self::Usage(body) => body.serialize(serializer),
            Self::ConfigChanged(body) => body.serialize(serializer),
            Self::Finding(body) => body.serialize(serializer),
            Self::ZoneEntered(body) => body.serialize(serializer),
            Self::ZoneAcknowledged(body) => body.serialize(serializer),
            Self::Coverage(body) => body.serialize(serializer),
            Self::Pruned(body) => body.serialize(serializer),
            Self::DaemonStarted(body) | Self::DaemonStopped(body) => body.serialize(serializer),
            Self::Other { json, .. } => json.serialize(serializer),
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = 7 + usize::from(self.replaces.is_some());
        let mut object = serializer.serialize_struct("Record", fields)?;
        object.serialize_field("seq", &self.seq)?;
        object.serialize_field("id", &self.id)?;
        object.serialize_field("at", &self.at)?;
        object.serialize_field("recorded_at", &self.recorded_at)?;
        object.serialize_field("kind", self.body.kind())?;
        object.serialize_field("evidence", &self.evidence)?;
        if let Some(replaces) = &self.replaces {
            object.serialize_field("replaces", replaces)?;
        }
        object.serialize_field("body", &self.body)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            seq: u64,
            id: RecordId,
            at: Timestamp,
            recorded_at: Timestamp,
            kind: String,
            evidence: Evidence,
            #[serde(default)]
            replaces: Option<RecordId>,
            body: Box<RawValue>,
        }
        let raw = Raw::deserialize(deserializer)?;
        Ok(Self {
            seq: raw.seq,
            id: raw.id,
            at: raw.at,
            recorded_at: raw.recorded_at,
            evidence: raw.evidence,
            replaces: raw.replaces,
            body: Body::parse(&raw.kind, &raw.body).map_err(de::Error::custom)?,
        })
    }
}

/// A path as records carry it: text, and the original bytes where the text loses something.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathText {
    /// The path; bytes that are no UTF-8 stand as U+FFFD.
    pub text: String,
    /// The path's bytes in base64, where `text` is lossy.
    pub b64: Option<String>,
}

impl PathText {
    /// Returns the path that these bytes name.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: text.to_owned(), b64: None },
            Err(_) => Self {
                text: String::from_utf8_lossy(bytes).into_owned(),
                b64: Some(BASE64.encode(bytes)),
            },
        }
    }

    /// Returns the bytes of a path as records carry it.
    #[must_use]
    pub fn bytes(text: &str, b64: Option<&str>) -> Vec<u8> {
        let bytes = b64.and_then(|b64| BASE64.decode(b64).ok());
        bytes.unwrap_or_else(|| text.as_bytes().to_owned())
    }

    /// Returns the path of an operating system string.
    #[must_use]
    pub fn from_os(path: impl AsRef<std::ffi::OsStr>) -> Self {
        Self::from_bytes(path.as_ref().as_encoded_bytes())
    }
}

/// The body of `launch.started` and `launch.updated`. An absent field is unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// The launch.
    pub launch: LaunchId,
    /// The agent's name in the catalogue: `claude` or `codex`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The agent's version, read from its path or its package file, never by running it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// How it was installed: `npm`, `native`, `standalone` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// What it was started to do: `interactive`, `headless`, `app-server-daemon`, `version` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Pid of the outermost process, as the daemon's pid namespace numbers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The boot in which the pid and the start ticks count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Start time of the outermost process in clock ticks since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ticks: Option<u64>,
    /// Pid of its parent at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppid: Option<u32>,
    /// The nearest telling ancestor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<Launcher>,
    /// The launch in whose tool call this one was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_launch: Option<LaunchId>,
    /// The executable, canonical as the kernel has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Bytes of `exe` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe_b64: Option<String>,
    /// The command line after redaction: known flags and path values stand, all else is a length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// The flags that matter for risk, in a normal form: `--permission-mode=plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<String>>,
    /// Working directory at start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Bytes of `cwd` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd_b64: Option<String>,
    /// The repository of `cwd`. Absent with `repo_unknown` absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// Why the repository could not be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_unknown: Option<String>,
    /// Names of the variables in its environment that change what it does or where it sends; never
    /// their values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// The directory in which it keeps its configuration and its sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Controlling terminal (`pts/3`), or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The API host that it talks to, as far as command line and environment tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// `host`, or `other` where it runs in another pid or mount namespace (a container).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// True where it was already running when the daemon first saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_running: Option<bool>,
}

/// The nearest telling ancestor of a launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launcher {
    /// `shell`, `multiplexer`, `editor`, `scheduler`, `ci`, `agent`, `service`, `ssh`, `desktop`, `other`.
    pub kind: String,
    /// The ancestor's program name.
    pub name: String,
    /// The ancestor's pid.
    pub pid: u32,
}

/// Where an agent's requests go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host and, where it is not the scheme's own, port; or a provider's name.
    pub host: String,
    /// `env`, `flag`, `config` or `default`.
    pub how: String,
}

/// The body of `launch.ended`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchEnded {
    /// The launch.
    pub launch: LaunchId,
    /// Exit code of the outermost process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// True where neither is known: nobody watched when it ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// From start to end by the boottime clock, in milliseconds; absent where the end was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Where the end was not seen: when it was last known to run. `at` is when it was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Execs below it that ended before they could be read: directories may be missing.
    #[serde(default)]
    pub unread_execs: u64,
}

/// The body of `dir.touched`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirTouched {
    /// The launch, where its process was the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<LaunchId>,
    /// The agent's own session id, where its session file was the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The agent, where neither a launch nor a session is known: then its own list of projects was
    /// the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<str>>,
    /// The directory.
    pub dir: String,
    /// Bytes of `dir` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir_b64: Option<String>,
    /// The repository it lies in. Absent with `repo_unknown` absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// Why the repository could not be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_unknown: Option<String>,
    /// `launch`, `chdir`, `command`, `helper`, `add-dir`, `read`, `write`, `search`, `trust` …
    pub how: String,
}

/// The body of `coverage`: from when to when a source saw, or did not see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// The source: `launches`, `open-exec`, `daemon`, `clock`, `ledger` …
    pub source: String,
    /// `active`, `degraded`, `lost` or `restored`.
    pub state: String,
    /// Begin of the range.
    pub from: Timestamp,
    /// End of the range; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What happened, in a sentence.
    pub reason: String,
    /// How many were lost, in `unit`s; absent where it does not apply or is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// What `missed` counts: `launches` or `kernel-events`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Execs of unknown programs that ended before they could be read. Some may be launches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unnamed: Option<u64>,
}

/// The body of `pruned`: bodies of records were removed; their leaf hashes are still there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Why: `retention`, `prune` or `forget`. What was forgotten is not named.
    pub policy: String,
    /// Everything that happened before this time; absent where the choice was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// Number of the first record that lost its body.
    pub from_seq: u64,
    /// Number of the last.
    pub until_seq: u64,
    /// How many did, between the two.
    pub count: u64,
}

/// The body of `daemon.started` and `daemon.stopped`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonRun {
    /// The daemon's version.
    pub version: String,
    /// The host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The boot it runs in.
    pub boot_id: String,
    /// The daemon's pid.
    pub pid: u32,
    /// Why it started or stopped.
    pub reason: String,
    /// The key that its checkpoints are verified with; of a start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The newest checkpoint that was there; of a start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedRoot>,
}

/// The root of the tree over the first `size` records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedRoot {
    /// How many records.
    pub size: u64,
    /// The root, in base64.
    pub root: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_survives_a_round_trip() {
        let line = r#"{"seq":1,"id":"01a20861-8159-7700-a526-3cdda88b8944","at":"2026-11-23T12:00:00.000Z","recorded_at":"2026-11-23T12:00:00.000Z","kind":"weather.changed","evidence":"inferred","body":{"sky":  "blue"}}"#;
        let record: Record = serde_json::from_str(line).unwrap();
        assert_eq!(record.body.kind(), "weather.changed");
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
    }

    #[test]
    fn a_path_that_is_not_utf8_keeps_its_bytes() {
        let path = PathText::from_bytes(b"/tmp/\xff");
        assert_eq!(path.text, "/tmp/\u{fffd}");
        assert_eq!(path.b64.as_deref(), Some("L3RtcC//"));
        assert_eq!(PathText::from_bytes(b"/tmp/a").b64, None);
    }

    #[test]
    fn stronger_evidence_sorts_higher() {
        assert!(Evidence::Kernel > Evidence::Transcript);
        assert!(Evidence::Polled > Evidence::Inferred);
    }
}
