//! Requests and answers. The crate's page says in which order they travel.

use serde::{Deserialize, Serialize};

use crate::record::Risk;
use crate::row::Backfill;

/// Which facts a request is about. Every field narrows; an empty filter takes everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Not before this time, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Before this time, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// The agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// A repository: its root, a path below it, or its remote (a fork also by its `upstream`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// A directory: it and what lies below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// A launch id, or the beginning of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch: Option<String>,
    /// A session id, or the beginning of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Only launches that have not ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub running: bool,
    /// Also directories that only the agent's own helpers were in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub helpers: bool,
    /// Also settings that were there when a file was first looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// Only launches in this mode: `interactive`, `headless` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Only launches with this flag that matters for risk, as it is typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Only launches whose requests went to this host or provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Only touches of this kind: `launch`, `chdir`, `command` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// Only what is at least this much of a risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// At most this many rows, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Request {
    /// Is it recording? Answered with one [`crate::row::Status`].
    Status {
        /// The client's number for this request.
        id: u64,
    },
    /// What would keep it from recording? Answered with [`crate::row::Check`]s.
    Doctor {
        /// The client's number for this request.
        id: u64,
    },
    /// Answered with [`crate::row::LaunchRow`]s, newest first.
    Launches {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Answered with [`crate::row::DirRow`]s, last touched first.
    Dirs {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Answered with [`crate::row::RepoRow`]s, last touched first.
    Repos {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Answered with [`crate::row::SessionRow`]s, last active first.
    Sessions {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Answered with [`crate::row::FileRow`]s, last accessed first.
    Files {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Who touched the filter's `dir` or `repo`, or anything below? Answered with
    /// [`crate::row::WhoRow`]s, last touch first.
    Who {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Everything about one launch or session: its [`crate::row::LaunchRow`], or its
    /// [`crate::row::SessionRow`] and those of its launches; then their records in order.
    Show {
        /// The client's number for this request.
        id: u64,
        /// The id of a launch or session, or the beginning of one that no other has.
        of: String,
    },
    /// Answered with [`crate::row::GapRow`]s, oldest first.
    Gaps {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// How did the configuration of agents change? Answered with [`crate::row::ConfigRow`]s, newest
    /// first.
    Config {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// What was in force, in general, for the filter's directory, or for its launch or session?
    /// Answered with [`crate::row::SettingRow`]s, by agent and key, the strongest layer first.
    Settings {
        /// The client's number for this request.
        id: u64,
        /// For what: its `agent`, `dir`, `launch` and `session` count.
        #[serde(default)]
        filter: Filter,
        /// As it was at this time, in milliseconds since the epoch; absent: now, or for a launch or a
        /// session as it was at its end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<i64>,
    },
    /// What is a risk now? Answered with [`crate::row::FindingRow`]s, the greatest first.
    Findings {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// What do the witnesses disagree about, and what is a risk now? Answered with
    /// [`crate::row::AnyFinding`]s, the greatest first.
    AllFindings {
        /// The client's number for this request.
        id: u64,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Which zones are there? Answered with [`crate::row::ZoneRow`]s: those in force as their files have
    /// them, the machine's first, then those of which only entries are left.
    Zones {
        /// The client's number for this request.
        id: u64,
    },
    /// When did agents enter zones? Answered with [`crate::row::ZoneEntryRow`]s, newest first.
    ZoneEntries {
        /// The client's number for this request.
        id: u64,
        /// Which of them; `how` is that of the entry, `risk` the least severity.
        #[serde(default)]
        filter: Filter,
        /// Only of this zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// Only those that nobody has acknowledged.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        open: bool,
    },
    /// Which rules match a place? Answered with [`crate::row::ZoneMatchRow`]s: of the machine's rules
    /// and of the user's the one that applies first, then those that it is stronger than.
    ZoneExplain {
        /// The client's number for this request.
        id: u64,
        /// An absolute path without links, or a repository's remote.
        place: String,
        /// By this agent; absent: by any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
    },
    /// Was anything touched that the rules of today restrict? Answered with
    /// [`crate::row::ZoneTouchRow`]s, the gravest first, and one [`crate::row::ZoneCheckedRow`].
    ZoneCheck {
        /// The client's number for this request.
        id: u64,
        /// Absolute paths without links, and what lies below; or remotes of repositories. None:
        /// everywhere.
        #[serde(default)]
        places: Vec<String>,
        /// In which range, and by which agent.
        #[serde(default)]
        filter: Filter,
    },
    /// Take note that somebody has looked at entries. Answered with their
    /// [`crate::row::ZoneEntryRow`]s as they are then.
    ZoneAck {
        /// The client's number for this request.
        id: u64,
        /// Numbers of entries' records.
        entries: Vec<u64>,
        /// What they have to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// How much of a range was recorded? Answered with [`crate::row::TimeRow`]s: the first is that of
    /// launches, which counts, then one for each other source.
    Time {
        /// The client's number for this request.
        id: u64,
        /// The range: from the first start of a daemon to now where it names none.
        #[serde(default)]
        filter: Filter,
    },
    /// What happened in the filter's range? Answered with one [`crate::report::Report`]. Of the filter
    /// the range, which it must name, and `agent`, `repo` and `dir` count.
    Report {
        /// The client's number for this request.
        id: u64,
        /// About what.
        filter: Filter,
        /// The ISO week that the range is, for the report to name it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        week: Option<String>,
        /// The time zone of days and hours, by its IANA name; absent: UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time_zone: Option<String>,
    },
    /// Was the filter's `repo` or `dir` touched in its range? Answered with one
    /// [`crate::report::Absence`].
    Absence {
        /// The client's number for this request.
        id: u64,
        /// About what; the range ends now where it names no end, and begins with the ledger where it
        /// names no begin.
        filter: Filter,
    },
    /// Records as they are committed, until the client leaves.
    Tail {
        /// The client's number for this request.
        id: u64,
        /// The last `seq` that the client has; absent: only what is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
    },
    /// Is every record as it was written? Answered with one [`crate::log::Verification`]. While it goes
    /// on, empty blocks of rows tell that it does.
    Verify {
        /// The client's number for this request.
        id: u64,
        /// Checkpoints that were kept elsewhere: signed notes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        checkpoints: Vec<String>,
        /// The key to verify checkpoints with; absent: the daemon's own, which proves less.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// Seal everything that was recorded until now. Answered with one [`crate::row::CheckpointRow`].
    Checkpoint {
        /// The client's number for this request.
        id: u64,
    },
    /// Remove the bodies of records: of everything that is older than `before_ms`, or than the daemon
    /// is told to keep, or of the repository `repo`. Answered with one [`crate::row::PruneRow`].
    Prune {
        /// The client's number for this request.
        id: u64,
        /// Of everything before this time, in milliseconds since the epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_ms: Option<i64>,
        /// Of this repository and nothing else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repo: Option<String>,
        /// Only say how many that would be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dry_run: bool,
    },
    /// Record nothing of what agents do until then. Answered with one [`crate::row::PauseRow`].
    Pause {
        /// The client's number for this request.
        id: u64,
        /// When it ends, in milliseconds since the epoch.
        until_ms: i64,
    },
    /// Record again. Answered with one [`crate::row::PauseRow`].
    Resume {
        /// The client's number for this request.
        id: u64,
    },
    /// Every record that was there when the request came.
    Export {
        /// The client's number for this request.
        id: u64,
        /// The last `seq` that the client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Which of them.
        #[serde(default)]
        filter: Filter,
        /// Also with what it takes to verify it: lines for what is left out, and a checkpoint as the
        /// last ([`crate::log::ExportLine`]).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        proof: bool,
    },
}

impl Request {
    /// Returns the client's number for this request.
    #[must_use]
    pub fn id(&self) -> u64 {
        match self {
            Self::Status { id }
            | Self::Doctor { id }
            | Self::Launches { id, .. }
            | Self::Dirs { id, .. }
            | Self::Repos { id, .. }
            | Self::Sessions { id, .. }
            | Self::Files { id, .. }
            | Self::Who { id, .. }
            | Self::Show { id, .. }
            | Self::Gaps { id, .. }
            | Self::Config { id, .. }
            | Self::Settings { id, .. }
            | Self::Findings { id, .. }
            | Self::AllFindings { id, .. }
            | Self::Zones { id }
            | Self::ZoneEntries { id, .. }
            | Self::ZoneExplain { id, .. }
            | Self::ZoneCheck { id, .. }
            | Self::ZoneAck { id, .. }
            | Self::Time { id, .. }
            | Self::Report { id, .. }
            | Self::Absence { id, .. }
            | Self::Tail { id, .. }
            | Self::Verify { id, .. }
            | Self::Checkpoint { id }
            | Self::Prune { id, .. }
            | Self::Pause { id, .. }
            | Self::Resume { id }
            | Self::Export { id, .. } => *id,
        }
    }
}

/// What the daemon says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// The first line of every connection.
    Hello {
        /// [`crate::PROTOCOL`] of the daemon.
        protocol: u32,
        /// The daemon's version.
        version: String,
    },
    /// `count` lines follow, each a record's stored bytes.
    Records {
        /// The request's number.
        id: u64,
        /// How many lines follow.
        count: u64,
    },
    /// `count` lines follow, each an object of [`crate::row`].
    Rows {
        /// The request's number.
        id: u64,
        /// How many lines follow.
        count: u64,
    },
    /// The answer is complete.
    Done {
        /// The request's number.
        id: u64,
        /// Greatest `seq` that the answer looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        /// How many rows the filter's `limit` left out; absent without a limit, and where they are
        /// too many to count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        more: Option<u64>,
        /// How far the reading of older session files was, where it was not done and the answer
        /// depends on them: there may be more than was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backfill: Option<Backfill>,
    },
    /// The request failed.
    Failure {
        /// The request's number, where it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// What kind of failure.
        code: FailureCode,
        /// What happened, for a person.
        message: String,
    },
}

/// The kinds of failure that a program may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// The line is too long, no JSON, or no request.
    BadRequest,
    /// No launch or session has this id.
    NotFound,
    /// More than one launch or session has an id that begins so.
    Ambiguous,
    /// Too many clients, or the daemon is going down: try again.
    Busy,
    /// The ledger could not be read.
    Storage,
    /// A code of a newer daemon.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_codes_of_a_newer_daemon_are_ignored() {
        let line = r#"{"type":"failure","id":3,"code":"on-fire","message":"m","since":5}"#;
        let answer: Answer = serde_json::from_str(line).unwrap();
        assert_eq!(
            answer,
            Answer::Failure { id: Some(3), code: FailureCode::Unknown, message: "m".into() }
        );
    }
}
