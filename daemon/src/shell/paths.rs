//! Paths as typed, made absolute: lexically, without the disk.

use std::path::{Path, PathBuf};

use super::Reason;

/// Longest path that is returned, in bytes.
const MAX_LENGTH: usize = 4096;

/// A path that a text names.
pub(super) struct Resolved {
    pub(super) path: PathBuf,
    /// Whether the way it is written makes it a directory.
    pub(super) directory: bool,
}

/// Resolves a path against the directory in force. `Ok(None)`: it names nothing on the disk.
pub(super) fn resolve(text: &str, cwd: Option<&Path>) -> Result<Option<Resolved>, Reason> {
    if text.is_empty() || is_device(text) || text.contains("://") {
        return Ok(None);
    }
    if text.contains(char::is_control) || text.len() > MAX_LENGTH {
        return Err(Reason::Path);
    }
    let base = if text.starts_with('/') { Path::new("/") } else { cwd.ok_or(Reason::Directory)? };
    let path = join(base, text);
    if path.as_os_str().len() > MAX_LENGTH {
        return Err(Reason::Path);
    }
    let last = text.rsplit('/').next().unwrap_or_default();
    Ok(Some(Resolved { path, directory: matches!(last, "" | "." | "..") }))
}

/// Returns a directory that can be worked from: absolute, without `.` and `..`.
pub(super) fn base(cwd: &Path) -> Option<PathBuf> {
    use std::path::Component;
    if !cwd.has_root() {
        return None;
    }
    let mut base = PathBuf::new();
    for component in cwd.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                base.pop();
            }
            other => base.push(other),
        }
    }
    Some(base)
}

/// Returns the last component of a path as typed, where it has a name.
pub(super) fn file_name(text: &str) -> Option<&str> {
    let name = text.trim_end_matches('/').rsplit('/').next()?;
    (!matches!(name, "" | "." | "..")).then_some(name)
}

fn join(base: &Path, text: &str) -> PathBuf {
    let mut path = base.to_owned();
    for component in text.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            name => path.push(name),
        }
    }
    path
}

/// Whether it names a stream or a device, behind which there is no file of anybody.
fn is_device(text: &str) -> bool {
    const NAMES: [&str; 10] =
        ["null", "zero", "full", "random", "urandom", "tty", "stdin", "stdout", "stderr", "fd"];
    let Some(name) = text.strip_prefix("/dev/") else {
        return text.starts_with("/proc/self/fd/");
    };
    NAMES.contains(&name) || ["fd/", "tcp/", "udp/"].iter().any(|start| name.starts_with(start))
}
