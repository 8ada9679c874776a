//! Where agents may not go, and that one went there.

use serde::{Deserialize, Serialize};

use super::{Repo, Risk};
use crate::ids::{LaunchId, RecordId};

/// The body of `zone.entered`: an agent touched what a rule restricts.
///
/// It is recorded once for each zone, launch or session, and way of touching, with the record that
/// first told of it; `at` and evidence of the envelope are that record's. A rule that is changed
/// later changes no entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ZoneEntered {
    /// The zone's name.
    pub zone: String,
    /// SHA-256 of the rule that was in force, as 64 hexadecimal digits.
    pub rule: String,
    /// Whether the rule is the machine's and not the user's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed: bool,
    /// How much it matters, as the rule says.
    pub severity: Risk,
    /// The agent's name in the catalogue; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The launch, where its process was the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<LaunchId>,
    /// The agent's own session id, where its session file was the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The subagent of the session that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// `launch`, `command`, `read`, `write` or `add-dir`.
    pub how: String,
    /// The first directory or file of the zone that was touched so.
    pub path: String,
    /// Bytes of `path` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_b64: Option<String>,
    /// The pattern of the rule that it matches.
    pub pattern: String,
    /// The repository it lies in, where there is one and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// The record that tells of the touch.
    pub told_by: RecordId,
}

/// The body of `zone.acknowledged`: somebody has looked at an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneAcknowledged {
    /// The record of the entry.
    pub entry: RecordId,
    /// The zone's name.
    pub zone: String,
    /// What they had to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
