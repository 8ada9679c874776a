//! The disk, touched with care: nothing but regular files is opened, nothing is waited for, nothing
//! is written or locked.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::print::{Print, SPAN};
use crate::event::FileId;

#[cfg(unix)]
#[path = "disk/unix.rs"]
mod imp;
#[cfg(not(unix))]
#[path = "disk/other.rs"]
mod imp;
pub(super) use imp::{is_remote, look, look_through};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(super) id: FileId,
    pub(super) kind: Kind,
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified_ns: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Link,
    /// A pipe, a socket, a device: opening it could wait, or wake somebody.
    Other,
}

/// Why something that looks like a session file, or a directory of them, is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unread {
    /// A pipe, a socket, a device or a directory.
    NotAFile,
    /// A symbolic link below the root: what lies inside is found anyway, and what lies outside
    /// could be the whole disk.
    Link,
    /// We may not.
    Denied,
    /// A compressed file that is damaged, unfinished, or wants more memory than any agent's.
    Undecodable,
    /// A compressed file that decodes to far more than any session.
    TooLarge,
    /// Directories in directories, more than any layout has.
    TooDeep,
    /// The disk failed, or descriptors ran out; it is tried again.
    Failed,
}

impl Unread {
    /// Returns the words for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NotAFile => "no regular file",
            Self::Link => "a symbolic link",
            Self::Denied => "not permitted",
            Self::Undecodable => "cannot be decompressed",
            Self::TooLarge => "decompresses to too much",
            Self::TooDeep => "too many directories deep",
            Self::Failed => "the disk failed",
        }
    }

    /// Returns why it could not be read; none where it is gone.
    pub(super) fn from_error(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => None,
            io::ErrorKind::PermissionDenied => Some(Self::Denied),
            _ => Some(Self::Failed),
        }
    }
}

/// Opens a session file. None where it is gone.
///
/// # Errors
///
/// Why it is not read.
pub(super) fn open(path: &Path) -> Result<Option<(File, Look)>, Unread> {
    let failed = |error: io::Error| Unread::from_error(&error).map_or(Ok(None), Err);
    // Looked at first: to open a pipe for reading would let go whoever waits to write into it.
    match look(path) {
        Ok(Look { kind: Kind::File, .. }) => {}
        Ok(Look { kind: Kind::Link, .. }) => return Err(Unread::Link),
        Ok(_) => return Err(Unread::NotAFile),
        Err(error) => return failed(error),
    }
    match imp::open(path) {
        Ok((_, look)) if look.kind != Kind::File => Err(Unread::NotAFile),
        Ok(opened) => Ok(Some(opened)),
        Err(error) => failed(error),
    }
}

/// Reads a small file as a whole, and says how it looked. None where it looks as it is `known` to, is
/// gone, is no regular file, has more than `most` bytes, or may not be read.
pub(crate) fn read_small(path: &Path, most: u64, known: Option<Look>) -> Option<(Look, Vec<u8>)> {
    let fits = |look: &Look| look.size <= most && known != Some(*look);
    look(path).ok().filter(fits)?;
    let (file, look) = open(path).ok()?.filter(|(_, look)| fits(look))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some((look, bytes))
}

/// Returns the fingerprint of a plain file at an offset.
///
/// # Errors
///
/// Those of reading, among them that the file is shorter.
pub(super) fn print(file: &File, offset: u64) -> io::Result<Print> {
    let span = usize::try_from(offset).unwrap_or(SPAN).min(SPAN);
    let (mut head, mut behind) = ([0; SPAN], [0; SPAN]);
    imp::read_exact_at(file, &mut head[..span], 0)?;
    imp::read_exact_at(file, &mut behind[..span], offset - span as u64)?;
    Ok(Print::new(&head[..span], &behind[..span], offset))
}
