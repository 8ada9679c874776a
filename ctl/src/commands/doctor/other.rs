//! What a path is and whose, where neither uid nor mode exist.

use std::fs;
use std::io;
use std::path::Path;

use super::check::Facts;

/// Looks whether a path exists. Of a named pipe not even that is told.
pub(super) fn look(path: &Path) -> io::Result<Option<Facts>> {
    if !path.starts_with(r"\\.\pipe") {
        fs::symlink_metadata(path)?;
    }
    Ok(None)
}

/// Returns one uid for all.
pub(super) fn user() -> u32 {
    0
}
