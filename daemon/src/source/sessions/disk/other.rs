//! Files without a stable identity: their paths stand for them, so a file that is moved is read
//! again, and hard links are read twice.

use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use super::{Kind, Look};
use crate::event::FileId;

/// Returns what a name stands for, a symbolic link for itself.
pub(crate) fn look(path: &Path) -> io::Result<Look> {
    Ok(read(path, &std::fs::symlink_metadata(path)?))
}

/// Returns what a name stands for behind all symbolic links.
pub(crate) fn look_through(path: &Path) -> io::Result<Look> {
    Ok(read(path, &std::fs::metadata(path)?))
}

/// Opens for reading.
pub(super) fn open(path: &Path) -> io::Result<(File, Look)> {
    let file = File::open(path)?;
    let look = read(path, &file.metadata()?);
    Ok((file, look))
}

/// Reads at an offset and leaves the file's own where it is.
pub(super) fn read_exact_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let before = file.stream_position()?;
    file.seek(SeekFrom::Start(offset))?;
    let read = file.read_exact(buffer);
    file.seek(SeekFrom::Start(before))?;
    read
}

/// Whether other machines may change what lies there. Nothing tells us of changes here anyway.
pub(crate) fn is_remote(_path: &Path) -> bool {
    false
}

fn read(path: &Path, meta: &Metadata) -> Look {
    let kind = match meta.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    };
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    let since =
        meta.modified().unwrap_or(SystemTime::UNIX_EPOCH).duration_since(SystemTime::UNIX_EPOCH);
    Look {
        id: FileId { device: 0, inode: hasher.finish() },
        kind,
        size: meta.len(),
        modified_ns: since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
    }
}
