//! What the witnesses disagree about.

use serde::{Deserialize, Serialize};

use super::Risk;
use crate::ids::{LaunchId, Timestamp};

/// The body of `finding`: something that one witness tells and another should have told as well,
/// or that keeps a witness from telling. The envelope's `at` is when it was concluded.
///
/// It says what is not there, so it is no part of any other record; and it is concluded once, from
/// what was known then, so it is a record and no query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The agent's name in the catalogue.
    pub agent: String,
    /// What it is: `launch-without-session`, `transcripts-off`, `session-without-launch`,
    /// `session-file-vanished`, `hooks-off` or `recorder-stopped-while-agent-ran`.
    pub code: String,
    /// The launch that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<LaunchId>,
    /// The agent's own id of the session that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Since when it is so: the start of the launch, the first sign of the session, the last sign of
    /// the recorder, or when the file was last written to.
    pub since: Timestamp,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Risk::is_none")]
    pub risk: Risk,
    /// What is wrong, in a sentence.
    pub why: String,
}
