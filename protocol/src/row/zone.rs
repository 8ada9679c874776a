//! The rows that questions about zones are answered with.

use serde::{Deserialize, Serialize};

use crate::ids::{LaunchId, RecordId, Timestamp};
use crate::record::{Evidence, Repo, Risk};

/// How it is with the rules of zones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZonesStatus {
    /// The files that they are read from: the machine's, then the user's.
    pub files: Vec<ZoneFile>,
    /// Entries that nobody has acknowledged.
    pub open: u64,
    /// The greatest severity among them; `none` where there are none.
    pub worst: Risk,
}

/// A file of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneFile {
    /// The file, whether it exists or not.
    pub path: String,
    /// Whether it is the machine's and not the user's own.
    pub managed: bool,
    /// `in-force`, `missing`, or `failing`: it cannot be used, and what was in force before is still.
    pub state: String,
    /// How many zones are in force of it.
    pub zones: u64,
    /// Since when it is in this state; of rules in force, since when these are.
    pub since: Timestamp,
    /// Why it is failing, with the line; `null` where it is not.
    pub reason: Option<String>,
}

/// One zone: a rule that is in force, or one of which only entries are left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneRow {
    /// Its name.
    pub zone: String,
    /// Whether it is the machine's and not the user's own.
    pub managed: bool,
    /// Whether the rule is in force now. Where it is not, what only the rule says is empty.
    pub in_force: bool,
    /// How much an entry matters.
    pub severity: Risk,
    /// Why there is such a rule.
    pub reason: Option<String>,
    /// The agents that it is about; empty: all.
    pub agents: Vec<String>,
    /// The ways of touching that it is about: `launch`, `command`, `read`, `write`, `add-dir`.
    pub touches: Vec<String>,
    /// Its patterns of paths, as they are typed.
    pub paths: Vec<String>,
    /// Its patterns of remotes, as they are typed.
    pub remotes: Vec<String>,
    /// SHA-256 of the rule.
    pub rule: Option<String>,
    /// Where it applies of what agents ever touched: the topmost directories, or single files.
    pub places: Vec<String>,
    /// How many more such places there are.
    pub more_places: u64,
    /// How many entries there are.
    pub entries: u64,
    /// How many of them nobody has acknowledged.
    pub open: u64,
    /// When it was last touched.
    pub last_at: Option<Timestamp>,
}

/// One entry: an agent touched a zone in one way, once or often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ZoneEntryRow {
    /// The number of its record, by which it can be acknowledged.
    pub seq: u64,
    /// Its record.
    pub id: RecordId,
    /// When it was touched first.
    pub at: Timestamp,
    /// When it was touched last, as far as was recorded.
    pub last_at: Timestamp,
    /// How many records tell of such a touch.
    pub touches: u64,
    /// The zone.
    pub zone: String,
    /// Whether the rule was the machine's and not the user's own.
    pub managed: bool,
    /// How much it matters.
    pub severity: Risk,
    /// The agent; `null` where it is not known.
    pub agent: Option<String>,
    /// The launch, where its process was the witness.
    pub launch: Option<LaunchId>,
    /// The session, where its session file was the witness.
    pub session: Option<String>,
    /// The subagent of the session that did it.
    pub subagent: Option<String>,
    /// `launch`, `command`, `read`, `write` or `add-dir`.
    pub how: String,
    /// The first directory or file that was touched so.
    pub path: String,
    /// The pattern that it matches.
    pub pattern: String,
    /// The repository it lies in; `null` where there is none, or it is not known.
    pub repo: Option<Repo>,
    /// SHA-256 of the rule that was in force.
    pub rule: String,
    /// How it is known.
    pub evidence: Evidence,
    /// When somebody acknowledged it; `null` where nobody has.
    pub acknowledged_at: Option<Timestamp>,
    /// What they had to say.
    pub note: Option<String>,
}

/// One rule that matches a place, the one that applies first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneMatchRow {
    /// The place that was asked about, as the daemon understood it.
    pub place: String,
    /// The zone.
    pub zone: String,
    /// Whether the rule is the machine's and not the user's own.
    pub managed: bool,
    /// How much an entry matters.
    pub severity: Risk,
    /// Why there is such a rule.
    pub reason: Option<String>,
    /// The pattern that matches.
    pub pattern: String,
    /// Whether it applies to some touch by the agent that was asked about, or by any.
    pub applies: bool,
    /// The ways of touching to which this rule, and no other of its file, applies.
    pub touches: Vec<String>,
    /// Why it applies, or does not, in a sentence.
    pub why: String,
}

/// One way in which somebody touched a place that a rule of today restricts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZoneTouchRow {
    /// The place that was asked about; `null` where all zones were.
    pub place: Option<String>,
    /// The zone.
    pub zone: String,
    /// Whether the rule is the machine's and not the user's own.
    pub managed: bool,
    /// How much it matters.
    pub severity: Risk,
    /// The agent; `null` where it is not known.
    pub agent: Option<String>,
    /// The launch, where its process was the witness.
    pub launch: Option<LaunchId>,
    /// The session, where its session file was the witness.
    pub session: Option<String>,
    /// `launch`, `command`, `read`, `write` or `add-dir`.
    pub how: String,
    /// The directory or file that was touched last.
    pub path: String,
    /// When it was touched first in the range.
    pub first_at: Timestamp,
    /// When it was touched last in the range.
    pub last_at: Timestamp,
    /// The strongest evidence of it.
    pub evidence: Evidence,
    /// The number of the record of the entry; `null` where there is none: the rule is younger than
    /// the touch.
    pub entry: Option<u64>,
    /// Whether somebody has acknowledged that entry.
    pub acknowledged: bool,
}

/// The last row of a check: what was looked at, and what is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneCheckedRow {
    /// Always true; it tells this row from the others.
    pub checked: bool,
    /// Begin of the range.
    pub from: Timestamp,
    /// End of the range.
    pub until: Timestamp,
    /// How many rules are in force.
    pub zones: u64,
    /// Places that were asked about and lie in no zone.
    pub outside: Vec<String>,
    /// Directories and files that were touched, and of which no repository could be looked up: a
    /// rule about remotes may have been about them.
    pub unknown_repos: u64,
    /// Shell calls of sessions that were active in the range of which not everything could be told.
    pub unresolved_calls: u64,
    /// How long the recorder saw nothing of the range, for whatever reason but that the machine was off.
    pub blind_ms: u64,
    /// How long it saw less than everything.
    pub degraded_ms: u64,
    /// How long the machine was off.
    pub off_ms: u64,
    /// How much of the range lies before there was a recorder.
    pub unrecorded_ms: u64,
    /// Launches that were counted and could not be named; `null` where it is not known how many.
    pub missed: Option<u64>,
    /// Whether older session files are still being read.
    pub reading: bool,
    /// Why rules cannot be used, where there is such a file.
    pub failing: Vec<String>,
}
