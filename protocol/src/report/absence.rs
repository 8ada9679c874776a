//! Whether something was touched at all, and how good that answer is.

use serde::{Deserialize, Serialize};

use super::hash;
use crate::ids::{LaunchId, Timestamp};
use crate::record::Evidence;
use crate::row::TimeRow;

/// Whether agents touched a place in a range, for this user on this machine.
///
/// That nothing was recorded is no proof that nothing happened. What could have happened unseen
/// stands beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Absence {
    /// The version of this format: that of reports.
    pub report: u32,
    /// SHA-256 of the rest, as that of a report is.
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
    /// The user's number; `null` where users have none.
    pub uid: Option<u32>,
    /// The repository that was asked about, as it was typed.
    pub repo: Option<String>,
    /// The directory that was asked about, with what lies below.
    pub dir: Option<String>,
    /// Begin of the range.
    pub from: Timestamp,
    /// End of the range.
    pub until: Timestamp,
    /// Whether it is over.
    pub complete: bool,
    /// Whether the ledger has ever heard of the place; a name that is misspelt was never touched.
    pub known: bool,
    /// Whether nothing of the place was touched, as far as was recorded.
    pub absent: bool,
    /// Who did touch it, the last one first.
    pub touches: Vec<AbsenceTouch>,
    /// How many more did.
    pub more_touches: u64,
    /// How the range, as far as it is over, divides for each source, launches first.
    pub time: Vec<TimeRow>,
    /// Launches that the kernel counted and nobody named; `null` where it is not known how many.
    pub unnamed_launches: Option<u64>,
    /// Launches that ran in the range, whatever they touched.
    pub launches: u64,
    /// Of these, launches that are over and left no session file.
    pub launches_without_session: u64,
    /// Sessions that were open in the range, whatever they touched.
    pub sessions: u64,
    /// Shell calls of these sessions, over all of their time.
    pub shell_calls: u64,
    /// Of these, calls of which not everything could be told.
    pub unresolved_calls: u64,
    /// Records of the range whose bodies were removed since: they could tell of a touch.
    pub pruned: u64,
    /// Records of the range, of whatever place, that lay outside of the scope that is set, and were left
    /// out: they could tell of a touch; `null` where no scope is set.
    pub out_of_scope: Option<u64>,
    /// Whether the place itself lies outside of the scope that is set now: nothing of it is recorded
    /// then. Absent where no scope is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_scope: Option<bool>,
    /// Whether older session files were still being read.
    pub reading: bool,
    /// What nobody sees from here, whatever the ledger says.
    pub out_of_sight: Vec<Reach>,
}

/// One launch or session that touched a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AbsenceTouch {
    /// The launch; `null` where only a session file tells.
    pub launch: Option<LaunchId>,
    /// The session; `null` where only a process tells.
    pub session: Option<String>,
    /// The agent; `null` where it is not known.
    pub agent: Option<String>,
    /// What of the place was touched last.
    pub path: String,
    /// How.
    pub how: Vec<String>,
    /// First touch.
    pub first_at: Timestamp,
    /// Last touch.
    pub last_at: Timestamp,
    /// The strongest evidence of it.
    pub evidence: Evidence,
}

/// A place where agents may work unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Other users of this machine, and this user by another's name (`sudo`).
    OtherUsers,
    /// Directories inside containers, whose names mean nothing outside.
    Containers,
    /// Other machines, also those that this one is logged in to.
    OtherHosts,
    /// Agents that work at their vendor's.
    Cloud,
    /// Programs that are no agent of those that are known, whatever model they ask.
    OtherPrograms,
    /// One that a newer daemon knows of.
    #[serde(other)]
    Other,
}

impl Absence {
    /// Returns the answer with the hash of itself.
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
