//! The list of what was installed, `installed` in the state directory: one path a line.
//!
//! `packaging/install.sh` keeps the programs in it, `service` what it writes. What is not listed is not
//! removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use trackway_protocol::endpoint;

use super::error::ServiceError;
use super::process;

/// The list.
#[derive(Debug)]
pub(crate) struct Installed {
    file: PathBuf,
}

impl Installed {
    /// Returns that of a state directory.
    pub(crate) fn of(state_dir: &Path) -> Self {
        Self { file: state_dir.join("installed") }
    }

    /// Returns the paths that are listed.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect()
    }

    /// Whether a path is listed.
    pub(crate) fn has(&self, path: &Path) -> bool {
        self.paths().iter().any(|it| it == path)
    }

    /// Adds a path. The state directory is made where there is none.
    pub(crate) fn add(&self, path: &Path) -> Result<(), ServiceError> {
        if self.has(path) {
            return Ok(());
        }
        let dir = self.file.parent().unwrap_or(Path::new("/"));
        endpoint::private_dir(dir).map_err(|error| ServiceError::Unsupported(error.to_string()))?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        process::private(&mut options);
        let added =
            options.open(&self.file).and_then(|mut file| writeln!(file, "{}", path.display()));
        added.map_err(ServiceError::file("write", &self.file))
    }

    /// Strikes off what is not there any more, and removes a list on which nothing is left.
    pub(crate) fn strike(&self) -> Result<(), ServiceError> {
        let left: Vec<_> = self.paths().into_iter().filter(|path| path.exists()).collect();
        if left.is_empty() {
            return remove(&self.file).map(drop);
        }
        let text: String = left.iter().map(|path| format!("{}\n", path.display())).collect();
        put(&self.file, text.as_bytes(), Access::Private)
    }

    /// Removes the list itself.
    pub(crate) fn close(&self) -> Result<(), ServiceError> {
        remove(&self.file).map(drop)
    }

    /// Puts a file where it belongs, and on the list before that.
    pub(crate) fn put(&self, path: &Path, text: &str) -> Result<(), ServiceError> {
        self.add(path)?;
        put(path, text.as_bytes(), Access::Public)
    }
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Private,
    Public,
}

/// Writes a file in whole: whoever reads it meets the old one or the new one.
pub(crate) fn put(path: &Path, bytes: &[u8], access: Access) -> Result<(), ServiceError> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(dir).map_err(ServiceError::file("make", dir))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new.{}", std::process::id()));
    let new = path.with_file_name(name);
    let written = create(&new, access)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&new, path));
    written.map_err(|source| {
        fs::remove_file(&new).ok();
        ServiceError::file("write", path)(source)
    })
}

fn create(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if access == Access::Private {
        process::private(&mut options);
    }
    options.open(path)
}

/// Removes a file; returns whether one was there.
pub(crate) fn remove(path: &Path) -> Result<bool, ServiceError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ServiceError::file("remove", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_twice_is_listed_once_and_an_empty_list_is_no_list() {
        let dir = tempfile::tempdir().unwrap();
        let installed = Installed::of(&dir.path().join("state"));
        let (one, other) = (dir.path().join("a b/one"), dir.path().join("other"));
        installed.put(&one, "1").unwrap();
        installed.put(&one, "2").unwrap();
        installed.put(&other, "3").unwrap();
        assert_eq!(installed.paths(), [one.clone(), other.clone()]);
        assert_eq!(fs::read_to_string(&one).unwrap(), "2");
        assert!(remove(&one).unwrap());
        installed.strike().unwrap();
        assert_eq!(installed.paths(), std::slice::from_ref(&other));
        assert!(remove(&other).unwrap());
        installed.strike().unwrap();
        assert!(!installed.file.exists());
    }

    #[cfg(unix)]
    #[test]
    fn others_cannot_read_the_list() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let installed = Installed::of(&dir.path().join("state"));
        let mode = || fs::metadata(&installed.file).unwrap().permissions().mode() & 0o777;
        installed.add(Path::new("/a")).unwrap();
        assert_eq!(mode(), 0o600);
        installed.add(dir.path()).unwrap();
        installed.strike().unwrap();
        assert_eq!(installed.paths(), [dir.path()]);
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn what_is_not_there_is_removed_already() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!remove(&dir.path().join("nothing")).unwrap());
    }
}
