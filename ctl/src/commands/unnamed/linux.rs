//! Files without a name, on Linux: the kernel removes them with the process, however that ends.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};

/// Creates a file without a name where `path` could be; nothing where the file system cannot.
pub(super) fn beside(path: &Path) -> Option<File> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, dir, flags, Mode::RUSR | Mode::WUSR).ok()?);
    // Without it the file could not be given a name in the end.
    fs::metadata(handle(&file)).ok()?;
    Some(file)
}

/// Gives `file` a name, which must be free.
pub(super) fn name(file: &File, path: &Path) -> io::Result<()> {
    Ok(linkat(CWD, handle(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

fn handle(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd()).into()
}
