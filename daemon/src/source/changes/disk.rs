//! The little that is asked of the disk: what a name stands for, and when it changed.

use std::fs::Metadata;
use std::path::Path;

use trackway_protocol::ids::Timestamp;

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) is_dir: bool,
    /// A regular file or a link. Pipes, sockets and devices are neither.
    pub(super) is_file: bool,
    /// When it was last changed in any way: nobody can set that time.
    pub(super) changed: Timestamp,
}

/// Looks at a name; none where nothing has it.
pub(super) fn look(path: &Path) -> Option<Look> {
    let meta = path.symlink_metadata().ok()?;
    let is_file = meta.is_file() || meta.is_symlink();
    Some(Look { is_dir: meta.is_dir(), is_file, changed: changed(&meta) })
}

#[cfg(unix)]
fn changed(meta: &Metadata) -> Timestamp {
    use std::os::unix::fs::MetadataExt as _;
    Timestamp::from_ms(meta.ctime() * 1000 + meta.ctime_nsec() / 1_000_000)
}

#[cfg(not(unix))]
fn changed(_meta: &Metadata) -> Timestamp {
    Timestamp::now()
}

/// Returns how many directories a user may watch.
pub(crate) fn watches() -> usize {
    let text = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(8192)
}
