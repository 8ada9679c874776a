//! The report of a week, or of any other range: what it says, as JSON.
//!
//! A report is made of one state of the ledger, names it (`seq`), and carries a hash of itself:
//! `sha256` is that of the report without `sha256`, in the form of RFC 8785 (keys sorted, no blanks).
//! All numbers are integers, so that this form is the same for everybody.
//!
//! `null` is unknown, never nothing. Where a list is cut short, a `more_…` beside it says by how much.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical::canonical;
use crate::ids::{LaunchId, Timestamp};
use crate::record::{Risk, Tokens};
use crate::row::{GapRow, TimeRow, ZoneEntryRow};

mod absence;

pub use absence::{Absence, AbsenceTouch, Reach};

/// The version of what is described here.
pub const VERSION: u32 = 1;

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// The version of this format: 1.
    pub report: u32,
    /// SHA-256 of the rest, as 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The newest record that it was made of; 0 where there was none.
    pub seq: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// The daemon's version.
    pub version: String,
    /// The host's name; `null` where it is not known.
    pub host: Option<String>,
    /// What it is about.
    pub range: ReportRange,
    /// All of it together.
    pub totals: Totals,
    /// The same of the week before, or of as long a time; `null` where no daemon had ever been started
    /// before its end.
    pub before: Option<Before>,
    /// Days, in order, also those without anything.
    pub days: Vec<DayUse>,
    /// For each weekday from Monday on, and each hour of the day in the report's time zone, the
    /// quarter-hours in which an agent touched something or a model answered.
    pub hours: Vec<[u64; 24]>,
    /// Repositories, those with the most activity first.
    pub repos: Vec<RepoUse>,
    /// How many more repositories there are.
    pub more_repos: u64,
    /// What was done in no repository, or in one that is not known.
    pub elsewhere: RepoUse,
    /// Launches by agent, version, mode, endpoint and flags, the most frequent first.
    pub agents: Vec<AgentUse>,
    /// Models, those with the most tokens first.
    pub models: Vec<ModelUse>,
    /// What the costs were reckoned by.
    pub prices: Prices,
    /// The zones in force, and others that were entered in the range.
    pub zones: Vec<ZoneUse>,
    /// Entries into zones in the range, the last touched first.
    pub zone_entries: Vec<ZoneEntryRow>,
    /// How many more such entries there are.
    pub more_zone_entries: u64,
    /// How often settings changed in the range, by risk, the greatest first.
    pub config_changes: Vec<ConfigUse>,
    /// Those of these changes that are a risk, the greatest first.
    pub risky_changes: Vec<ReportChange>,
    /// How many more such changes there are.
    pub more_risky_changes: u64,
    /// What the witnesses disagreed about in the range, and settings that are a risk; the greatest
    /// first.
    pub findings: Vec<ReportFinding>,
    /// How many more findings there are.
    pub more_findings: u64,
    /// What it does not know.
    pub unknown: Unknown,
}

/// What a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportRange {
    /// The ISO week, such as `2026-W47`; `null` where it is another range.
    pub week: Option<String>,
    /// Begin.
    pub from: Timestamp,
    /// End.
    pub until: Timestamp,
    /// The time zone of its days and hours, by its IANA name.
    pub time_zone: String,
    /// Whether it was over when the report was made.
    pub complete: bool,
    /// Only this agent.
    pub agent: Option<String>,
    /// Only this repository.
    pub repo: Option<String>,
    /// Only this directory, and what lies below.
    pub dir: Option<String>,
}

/// The range before, to compare with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Before {
    /// Begin.
    pub from: Timestamp,
    /// End.
    pub until: Timestamp,
    /// How it divides for launches.
    pub time: TimeRow,
    /// All of it together.
    pub totals: Totals,
}

/// Sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Totals {
    /// Launches that ran in the range.
    pub launches: u64,
    /// Sessions that touched something or were answered in the range.
    pub sessions: u64,
    /// Repositories that were touched.
    pub repos: u64,
    /// Directories that were touched.
    pub dirs: u64,
    /// Files that were read.
    pub files_read: u64,
    /// Files that were written, created, deleted or renamed.
    pub files_written: u64,
    /// Quarter-hours in which an agent touched something or a model answered. What went on at once
    /// counts once.
    pub active_quarters: u64,
    /// Tokens and what they are worth.
    #[serde(flatten)]
    pub use_: Use,
}

/// Responses, tokens, and their price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Use {
    /// Responses of models.
    pub responses: u64,
    /// Their tokens.
    pub tokens: Tokens,
    /// What the priced part would cost at the vendor's API, in millionths of a US dollar; `null` where
    /// there were responses and none of them has a price.
    pub cost_microusd: Option<u64>,
    /// Responses of models without a price, which are not in `cost_microusd`.
    pub unpriced_responses: u64,
}

/// One day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DayUse {
    /// The day in the report's time zone, such as `2026-11-16`.
    pub date: String,
    /// Launches that began on it.
    pub launches: u64,
    /// Quarter-hours of it in which an agent touched something or a model answered.
    pub active_quarters: u64,
    /// Tokens and what they are worth.
    #[serde(flatten)]
    pub use_: Use,
}

/// One repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepoUse {
    /// What its clones have in common: the remote in its normal spelling, else the directory. Empty for
    /// what is elsewhere.
    pub id: String,
    /// The top directories of its clones and working trees that were ever seen.
    pub roots: Vec<String>,
    /// Directories of it that were touched, those with the most activity first.
    pub dirs: Vec<String>,
    /// How many more directories of it were touched.
    pub more_dirs: u64,
    /// The agents that were in it.
    pub agents: Vec<String>,
    /// How: `launch`, `chdir`, `command`, `read` …
    pub how: Vec<String>,
    /// Launches that touched it.
    pub launches: u64,
    /// Sessions that touched it.
    pub sessions: u64,
    /// Quarter-hours in which it was touched, or a model answered in it.
    pub active_quarters: u64,
    /// Files of it that were read.
    pub files_read: u64,
    /// Files of it that were written, created, deleted or renamed.
    pub files_written: u64,
    /// Where what was read of it may have gone, most files first.
    pub read_under: Vec<ReadUnder>,
    /// Tokens of the sessions whose directory is in it, and what they are worth.
    #[serde(flatten)]
    pub use_: Use,
}

/// Where what was read may have gone: an agent, its endpoint, and the modes in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadUnder {
    /// The agent.
    pub agent: String,
    /// Host of the endpoint; `null` where no launch of the session is known, or it does not tell.
    pub endpoint: Option<String>,
    /// The provider of the model, as the session tells; `null` where it does not.
    pub provider: Option<String>,
    /// Permission mode or approval policy of the session, as it was last; `null` where it is not known.
    pub permission_mode: Option<String>,
    /// The sandbox of the session, as it was last; `null` where there is none, or it is not known.
    pub sandbox: Option<String>,
    /// How many files.
    pub files: u64,
}

/// Launches that have agent, version, mode, endpoint and flags in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentUse {
    /// The agent.
    pub agent: String,
    /// Its version; `null` where it is not known.
    pub version: Option<String>,
    /// What it was started to do; `null` where it is not known.
    pub mode: Option<String>,
    /// Where its requests go; `null` where it is not known.
    pub endpoint: Option<String>,
    /// Flags that matter for risk.
    pub flags: Vec<String>,
    /// How many launches.
    pub launches: u64,
}

/// One model of one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelUse {
    /// The agent.
    pub agent: String,
    /// The model; `null` where it is not known.
    pub model: Option<String>,
    /// Sessions that it answered.
    pub sessions: u64,
    /// Whether there is a price for it.
    pub priced: bool,
    /// Tokens and what they are worth.
    #[serde(flatten)]
    pub use_: Use,
}

/// What costs are reckoned by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Prices {
    /// When the prices were looked up, such as `2026-11-29`.
    pub date: String,
    /// Where.
    pub source: String,
    /// The file of the user's own prices, which go first; `null` where there is none.
    pub own: Option<String>,
}

/// What went on in one zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ZoneUse {
    /// Its name.
    pub zone: String,
    /// Whether it is the machine's and not the user's own.
    pub managed: bool,
    /// Whether the rule was in force when the report was made.
    pub in_force: bool,
    /// How much an entry matters.
    pub severity: Risk,
    /// Entries in the range; 0: it was not touched, as far as was recorded.
    pub entries: u64,
    /// How many of these nobody has acknowledged.
    pub open: u64,
}

/// Changes of settings of one risk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigUse {
    /// The risk.
    pub risk: Risk,
    /// How many changes.
    pub changes: u64,
}

/// A change of a setting that is a risk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportChange {
    /// When the file was modified.
    pub at: Timestamp,
    /// The agent.
    pub agent: String,
    /// `user`, `project`, `local` or `managed`.
    pub scope: String,
    /// The file.
    pub path: String,
    /// The key.
    pub key: String,
    /// `set`, `changed`, `unset`, `added` or `removed`.
    pub what: String,
    /// What it said, as JSON; `null` where nothing was there, and where the value is not kept.
    pub before: Option<String>,
    /// What it says, as JSON; `null` where nothing is there, and where the value is not kept.
    pub after: Option<String>,
    /// What the change means for risk.
    pub risk: Risk,
    /// Why; `null` where it means nothing.
    pub why: Option<String>,
}

/// Something that the witnesses disagree about, or a setting that is a risk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportFinding {
    /// What it is, as in `findings`.
    pub code: String,
    /// How much it matters.
    pub risk: Risk,
    /// The agent.
    pub agent: String,
    /// When it was concluded; `null` of a setting, which was so when the report was made.
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
    /// What is wrong, in a sentence.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// What a report does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unknown {
    /// How the range, as far as it is over, divides for each source, launches first.
    pub time: Vec<TimeRow>,
    /// When a source saw nothing or less than everything.
    pub gaps: Vec<GapRow>,
    /// How many more gaps there are.
    pub more_gaps: u64,
    /// Launches that the kernel counted and nobody named; `null` where it is not known how many.
    pub unnamed_launches: Option<u64>,
    /// Launches that are over and left no session file.
    pub launches_without_session: u64,
    /// Launches that were told to keep no session file, or not to.
    pub launches_without_transcript: u64,
    /// Sessions of which no launch is known.
    pub sessions_without_launch: u64,
    /// Sessions of which no session file told.
    pub sessions_without_file: u64,
    /// Sessions whose file was missed in the range.
    pub session_files_gone: u64,
    /// Shell calls of the sessions of the range, over all of their time.
    pub shell_calls: u64,
    /// Of these, calls of which not everything could be told.
    pub unresolved_calls: u64,
    /// Lines of session files that were not understood, a sentence for each agent and version.
    pub not_understood: Vec<String>,
    /// Models without a price, as `agent model`.
    pub unpriced: Vec<String>,
    /// Records of the range whose bodies were removed since: they count nowhere in the report.
    pub pruned: u64,
    /// Records that lay outside of the scope that is set, and were left out; `null` where no scope is
    /// set.
    pub out_of_scope: Option<u64>,
    /// Whether older session files were still being read.
    pub reading: bool,
}

impl Report {
    /// Returns the report with the hash of itself.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.sha256 = Some(self.hash());
        self
    }

    /// Returns the hash that `sha256` is to have.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(self)
    }
}

/// The field that has the hash of the others.
const HASH: &str = "sha256";

/// Returns the SHA-256 of a report or an absence.
fn hash(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("the types of the protocol always serialise");
    hash_of(&json).expect("what was written is an object")
}

/// Returns the SHA-256 that a report or an absence has to have, as JSON: of all that it says, whether
/// this version knows what that means or not.
///
/// # Errors
///
/// Those of [`canonical`].
pub fn hash_of(json: &[u8]) -> Result<String, serde_json::Error> {
    let digest = Sha256::digest(canonical(json, HASH)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_sorted_rest() {
        let report = Report { version: "é\n\"".into(), ..Report::default() }.sealed();
        let mut value = serde_json::to_value(&report).unwrap();
        let sha256 = value.as_object_mut().unwrap().remove("sha256").unwrap();
        let text = value.to_string();
        let is_sorted = text.find("\"agents\"") < text.find("\"zones\"");
        assert!(is_sorted && !text.contains(": ") && text.contains("é\\n\\\""), "{text}");
        let digest: String =
            Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sha256, digest);
        assert_eq!(report.hash(), digest, "the hash says nothing of itself");
    }

    #[test]
    fn a_report_reads_back_as_it_was_written() {
        let mut report = Report { hours: vec![[3; 24]; 7], ..Report::default() };
        report.totals.use_ = Use { responses: 3, cost_microusd: Some(7), ..Use::default() };
        let text = serde_json::to_string(&report).unwrap();
        assert!(text.contains("\"responses\":3"), "{text}");
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
}
