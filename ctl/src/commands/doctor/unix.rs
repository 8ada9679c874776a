//! What a path is and whose, on Unix.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use super::check::{Facts, Kind};

/// Looks at a path; a link is not followed, as the daemon trusts none either.
pub(super) fn look(path: &Path) -> io::Result<Option<Facts>> {
    let meta = fs::symlink_metadata(path)?;
    let kind = match meta.file_type() {
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_socket() => Kind::Socket,
        _ => Kind::Other,
    };
    Ok(Some(Facts { kind, owner: meta.uid(), mode: meta.mode() & 0o7777 }))
}

/// Returns the uid that we ask as.
pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}
