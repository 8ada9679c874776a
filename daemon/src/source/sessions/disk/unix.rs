//! Files with device and inode.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::{Kind, Look};
use crate::event::FileId;

/// Returns what a name stands for, a symbolic link for itself.
pub(crate) fn look(path: &Path) -> io::Result<Look> {
    Ok(read(&std::fs::symlink_metadata(path)?))
}

/// Returns what a name stands for behind all symbolic links.
pub(crate) fn look_through(path: &Path) -> io::Result<Look> {
    Ok(read(&std::fs::metadata(path)?))
}

/// Opens without waiting, without following a link and without being given a terminal.
pub(super) fn open(path: &Path) -> io::Result<(File, Look)> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).expect("flags of open are an int");
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let look = read(&file.metadata()?);
    Ok((file, look))
}

/// Reads at an offset and leaves the file's own where it is.
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(buffer, offset)
}

/// Whether other machines may change what lies there without the kernel telling us.
#[cfg(target_os = "linux")]
pub(crate) fn is_remote(path: &Path) -> bool {
    /// NFS, SMB, CIFS, SMB2, FUSE (sshfs), 9P, Ceph, AFS.
    const REMOTE: &[u32] = &[
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x00c3_6400,
        0x5346_414f,
    ];
    let kind = rustix::fs::statfs(path).map(|at| at.f_type);
    kind.is_ok_and(|kind| REMOTE.iter().any(|remote| i64::from(*remote) == kind))
}

/// Whether other machines may change what lies there. Nothing tells us of changes here anyway.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_remote(_path: &Path) -> bool {
    false
}

fn read(meta: &Metadata) -> Look {
    let kind = match meta.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    };
    Look {
        id: FileId { device: meta.dev(), inode: meta.ino() },
        kind,
        size: meta.len(),
        modified_ns: meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()),
    }
}
