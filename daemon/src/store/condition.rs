//! How the ledger's files are, beyond whether a record can be written just now.

use std::fs;
use std::path::{Path, PathBuf};

use super::{schema, set_aside};

/// A write-ahead log above this is not ours: the largest that this program makes, at a first start, is
/// 64 MB. Somebody else reads the ledger and does not come to an end.
pub(crate) const LOG_BOUND: u64 = 96 << 20;

/// What is wrong with the ledger's files, or was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The damage that was noticed since the start.
    pub(crate) damage: Option<String>,
    /// The size of the write-ahead log.
    pub(crate) log_bytes: u64,
    /// Where ledgers lie that were damaged before.
    pub(crate) set_aside: Vec<PathBuf>,
}

impl Condition {
    /// Looks at the files of a ledger. Blocks.
    pub(super) fn of(database: &Path) -> Self {
        let state_dir = database.parent().unwrap_or(database);
        let [_, log, _] = schema::files(database);
        Self {
            damage: set_aside::damage(state_dir),
            log_bytes: fs::metadata(log).map_or(0, |meta| meta.len()),
            set_aside: set_aside::directories(state_dir),
        }
    }

    /// Whether the write-ahead log is larger than this program makes it.
    pub(crate) fn is_log_held(&self) -> bool {
        self.log_bytes > LOG_BOUND
    }
}
