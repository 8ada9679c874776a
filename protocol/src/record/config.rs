//! What the configuration of agents says, and how it changed.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Repo;
use crate::ids::Timestamp;

/// How much a setting matters for where code goes and what runs without being asked for. The order
/// is that of weight.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nothing that a reviewer would want to know of.
    #[default]
    None,
    /// Worth knowing.
    Low,
    /// Worth asking about.
    Medium,
    /// Worth acting on.
    High,
}

impl Risk {
    /// Returns the word that records use for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Whether it is none; such a risk is left out of records.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The body of `config.changed`: what is new in one file of an agent's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigChanged {
    /// The agent's name in the catalogue.
    pub agent: String,
    /// For whom it counts: `user`, `project` (shared with a repository), `local` (a project's, not
    /// shared) or `managed` (by whoever administers the machine).
    pub scope: String,
    /// What the file is: `settings`, `defaults` (weaker than the user's), `state` (what the agent
    /// writes by itself), `mcp`, `hooks`, `rules`, `requirements`, `instructions` or `credentials`.
    pub file: String,
    /// The file.
    pub path: String,
    /// Bytes of `path` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_b64: Option<String>,
    /// In scope `project` and `local`: the directory that it configures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// The repository of `dir`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repo>,
    /// True where it was looked at for the first time: `changes` are what it says, and since when
    /// it says so nobody knows but `modified_at`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
    /// `present`, `absent` or `unreadable`.
    pub state: String,
    /// Why it cannot be read, with the parser's position where it cannot be parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// When it was modified, by its file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<Timestamp>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of the file as it was when something of it was last recorded, in hexadecimal digits;
    /// absent for files of secrets, which are never opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<String>,
    /// SHA-256 of the file as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_sha256: Option<String>,
    /// What changed, by key.
    #[serde(default)]
    pub changes: Vec<ConfigChange>,
    /// How many changes are not told, because they are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One change of one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// The key, with dots between its parts. One that begins with `@` is of the file itself:
    /// `@file`, `@mode`, `@link`, `@content`, `@twice` (keys that stand twice).
    pub key: String,
    /// `set`, `changed` or `unset`; of a list, which counts as a set, `added` or `removed`.
    pub what: String,
    /// What it said; absent where nothing was there, and where the value is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it says; absent where nothing is there, and where the value is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What the change means for risk.
    #[serde(default, skip_serializing_if = "Risk::is_none")]
    pub risk: Risk,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
