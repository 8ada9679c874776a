//! Files that anybody may have put there: bounded in size, regular files only, never waited for.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::RepoError;

/// The most that is read of one file, in bytes. Git itself reads no larger `.git` file.
pub(super) const MAX_LENGTH: u64 = 1 << 20;

/// What lies at a path.
pub(super) struct Status {
    pub(super) kind: Kind,
    /// In bytes.
    pub(super) length: u64,
    /// The file system that it lies on, as far as the platform tells.
    pub(super) device: imp::Device,
    pub(super) stamp: Stamp,
}

/// Differs after a file was changed or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: imp::Time,
    number: u64,
    length: u64,
}

/// Kinds of files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// Reads a file, links followed; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, RepoError> {
    match status(path)? {
        Some(status) => read_known(path, &status),
        None => Ok(None),
    }
}

/// Reads a file of which it is known what it is.
pub(super) fn read_known(path: &Path, status: &Status) -> Result<Option<Vec<u8>>, RepoError> {
    if status.length > MAX_LENGTH {
        return Err(RepoError::TooLarge(path.to_owned()));
    }
    let Some(mut file) = open(path, status)? else { return Ok(None) };
    // No more than was said: it may have been swapped for something without an end.
    let mut bytes = vec![0; status.length as usize];
    present(path, file.read_exact(&mut bytes).map(|()| bytes))
}

/// Opens a regular file; `None` where it is gone.
///
/// What it is has to be known before: opening alone can act, as with a terminal or a watchdog.
pub(super) fn open(path: &Path, status: &Status) -> Result<Option<File>, RepoError> {
    match status.kind {
        Kind::File => present(path, imp::open(path)),
        _ => Err(RepoError::NotAFile(path.to_owned())),
    }
}

/// Returns what lies at a path, links followed; `None` where nothing does.
pub(super) fn status(path: &Path) -> Result<Option<Status>, RepoError> {
    present(path, imp::status(path))
}

/// Returns what lies at a path, be it a link; `None` where nothing does.
pub(super) fn link_status(path: &Path) -> Result<Option<Status>, RepoError> {
    present(path, imp::link_status(path))
}

/// Whether a path is a directory, links followed.
pub(super) fn is_directory(path: &Path) -> Result<bool, RepoError> {
    Ok(status(path)?.is_some_and(|status| status.kind == Kind::Directory))
}

/// Tells "nothing is there" from "cannot be read".
fn present<T>(path: &Path, result: io::Result<T>) -> Result<Option<T>, RepoError> {
    // A name with a zero byte in it is refused as invalid input: no file can have it.
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidInput) => Ok(None),
        Err(source) => Err(RepoError::Unreadable { path: path.to_owned(), source }),
    }
}

/// Not `std::fs::metadata`: it asks the kernel for twice as much, which takes a third longer.
#[cfg(unix)]
mod imp {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use rustix::fs::{FileType, Mode, OFlags, Stat};

    use super::{Kind, Stamp, Status};

    pub(super) type Device = rustix::fs::Dev;
    /// In nanoseconds.
    pub(super) type Time = i128;

    /// Opens a file for reading. Without waiting, should it have become a pipe in the meantime.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
    }

    pub(super) fn status(path: &Path) -> io::Result<Status> {
        Ok(rustix::fs::stat(path)?.into())
    }

    pub(super) fn link_status(path: &Path) -> io::Result<Status> {
        Ok(rustix::fs::lstat(path)?.into())
    }

    impl From<Stat> for Status {
        fn from(stat: Stat) -> Self {
            let kind = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            };
            let length = stat.st_size as u64;
            let seconds = i128::from(stat.st_mtime);
            let modified = seconds * 1_000_000_000 + i128::from(stat.st_mtime_nsec);
            let stamp = Stamp { modified, number: stat.st_ino, length };
            Self { kind, length, device: stat.st_dev, stamp }
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::path::Path;

    use super::{Kind, Stamp, Status};

    pub(super) type Device = ();
    pub(super) type Time = Option<std::time::SystemTime>;

    /// Opens a file for reading.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub(super) fn status(path: &Path) -> io::Result<Status> {
        Ok(fs::metadata(path)?.into())
    }

    pub(super) fn link_status(path: &Path) -> io::Result<Status> {
        Ok(fs::symlink_metadata(path)?.into())
    }

    impl From<Metadata> for Status {
        fn from(metadata: Metadata) -> Self {
            let kind = match metadata.file_type() {
                kind if kind.is_file() => Kind::File,
                kind if kind.is_dir() => Kind::Directory,
                kind if kind.is_symlink() => Kind::Link,
                _ => Kind::Other,
            };
            let length = metadata.len();
            let stamp = Stamp { modified: metadata.modified().ok(), number: 0, length };
            Self { kind, length, device: (), stamp }
        }
    }
}
