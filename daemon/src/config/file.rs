//! Files that tell the daemon what to do: read only where nobody else can decide what is in them.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::agents::disk;

/// The largest file that is read.
const MOST: u64 = 1 << 20;
/// A file that has just become empty is about to be written.
pub(crate) const YOUNG: Duration = Duration::from_millis(500);

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Who administers the machine; who is watched must not write it.
    Machine,
    /// The user.
    User,
}

/// By what a file is known to be unchanged.
pub(crate) type Print = (u64, Option<SystemTime>, [u64; 4]);

/// Reads the text of a file; nothing where there is none.
pub(crate) fn read(path: &Path, whose: Whose) -> Result<Option<String>, String> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    // Looked at before it is opened, because opening a device may already do something.
    if !meta.is_file() {
        return Err("it is no regular file".into());
    }
    let file = disk::open(path).map_err(|error| error.to_string())?;
    let meta = file.metadata().map_err(|error| error.to_string())?;
    let distrust = match whose {
        Whose::Machine => distrust_of_machine(path, &meta),
        Whose::User => distrust(&meta),
    };
    if let Some(why) = distrust {
        return Err(why);
    }
    if !meta.is_file() || meta.len() > MOST {
        return Err("it is larger than 1 MiB".into());
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err("it is larger than 1 MiB".into());
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "it is no text in UTF-8".into())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns what tells that a file has changed; none where there is no file.
pub(crate) fn print(path: &Path) -> Option<Print> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok(), marks(&meta)))
}

#[cfg(unix)]
fn marks(meta: &Metadata) -> [u64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    let owner = u64::from(meta.mode()) << 32 | u64::from(meta.uid());
    let changed = meta.ctime().cast_unsigned().rotate_left(32) ^ meta.ctime_nsec().cast_unsigned();
    [meta.dev(), meta.ino(), owner, changed]
}

#[cfg(not(unix))]
fn marks(_meta: &Metadata) -> [u64; 4] {
    [0; 4]
}

/// Whether a file is empty, and was changed a moment ago.
pub(crate) fn is_young(path: &Path) -> bool {
    let age = |meta: Metadata| meta.modified().ok()?.elapsed().ok();
    let empty = fs::metadata(path).ok().filter(|meta| meta.len() == 0);
    empty.and_then(age).is_some_and(|age| age < YOUNG)
}

/// Returns why a file may say what somebody else wants.
#[cfg(unix)]
fn distrust(meta: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (ours, our_group) = (rustix::process::geteuid(), rustix::process::getegid());
    let (owner, mode) = (meta.uid(), meta.mode() & 0o7777);
    if owner != ours.as_raw() && owner != 0 {
        let ours = ours.as_raw();
        return Some(format!("it belongs to user {owner}, and this is user {ours}"));
    }
    // Where everybody has a group of their own, what they write is their group's to write.
    let is_open = mode & 0o002 != 0 || (mode & 0o020 != 0 && meta.gid() != our_group.as_raw());
    is_open.then(|| {
        format!("its owner is user {owner}, its mode {mode:04o}: others can write to it; run `chmod go-w` on it")
    })
}

/// Elsewhere the user's profile is what protects it.
#[cfg(not(unix))]
fn distrust(_meta: &fs::Metadata) -> Option<String> {
    None
}

/// Returns why a file does not say what the machine wants: who is watched must not write it.
#[cfg(unix)]
fn distrust_of_machine(path: &Path, file: &Metadata) -> Option<String> {
    let dir = path.parent().and_then(|dir| fs::metadata(dir).ok());
    let of_dir = dir.as_ref().and_then(|dir| not_roots("its directory", dir));
    not_roots("it", file).or(of_dir)
}

#[cfg(unix)]
fn not_roots(what: &str, meta: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (owner, group, mode) = (meta.uid(), meta.gid(), meta.mode() & 0o7777);
    if owner != 0 {
        return Some(format!(
            "{what} belongs to user {owner} and not to root: the user could change it"
        ));
    }
    let is_open = mode & 0o002 != 0 || (mode & 0o020 != 0 && group != 0);
    is_open.then(|| {
        format!(
            "{what} can be written to by others than root (mode {mode:04o}); run `chmod go-w` on it"
        )
    })
}

/// Elsewhere the place is the administrator's.
#[cfg(not(unix))]
fn distrust_of_machine(_path: &Path, _file: &Metadata) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_write_is_not_obeyed() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "x = 1\n").unwrap();
        for (mode, is_trusted) in [(0o600, true), (0o644, true), (0o664, true), (0o666, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = read(&path, Whose::User);
            assert_eq!(read.is_ok(), is_trusted, "{mode:o}");
            assert!(read.is_ok() || read.unwrap_err().contains("0666"));
        }
    }

    #[test]
    fn what_is_no_file_of_the_right_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.toml");
        assert_eq!(read(&path, Whose::User), Ok(None));
        fs::create_dir(&path).unwrap();
        assert!(read(&path, Whose::User).unwrap_err().contains("no regular file"));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, vec![b'#'; 10 << 20]).unwrap();
        assert!(read(&path, Whose::User).unwrap_err().contains("1 MiB"));
        fs::write(&path, b"\xff").unwrap();
        assert!(read(&path, Whose::User).unwrap_err().contains("UTF-8"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_the_machine_is_roots_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = dir.path().join("x.toml");
        fs::write(&path, "x = 1\n").unwrap();
        let is_root = rustix::process::geteuid().is_root();
        for (mode, is_roots) in [(0o644, true), (0o600, true), (0o666, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let read = read(&path, Whose::Machine);
            assert_eq!(read.is_ok(), is_roots && is_root, "{mode:o}: {read:?}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(read(&path, Whose::Machine).is_err());
    }
}
