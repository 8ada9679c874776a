//! Where the daemon's files and its socket are, and how to reach them.
//!
//! `TRACKWAY_CONFIG`, `TRACKWAY_STATE_DIR` and `TRACKWAY_SOCKET` override the defaults in both
//! programs, so that any number of daemons can run side by side.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Name, Stream};

/// The longest path of a Unix socket in bytes (`sun_path` less its terminator).
#[cfg(target_os = "linux")]
pub const MAX_SOCKET_PATH: usize = 107;
/// The longest path of a Unix socket in bytes (`sun_path` less its terminator).
#[cfg(not(target_os = "linux"))]
pub const MAX_SOCKET_PATH: usize = 103;

/// The places that both programs must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The configuration file.
    pub config: PathBuf,
    /// The directory of the ledger.
    pub state_dir: PathBuf,
    /// The socket.
    pub socket: PathBuf,
}

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Neither the environment nor the user's entry names a home.
    #[error("the home directory is unknown: set HOME, or TRACKWAY_STATE_DIR and TRACKWAY_SOCKET")]
    NoHome,
    /// The socket's path does not fit into a socket address.
    #[error("the socket path {path} has {length} bytes, the limit is {MAX_SOCKET_PATH}")]
    SocketPathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// Somebody else owns the directory, or could write into it.
    #[error("{path} {why}: use a directory that only this user can write to")]
    Untrusted {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The operating system refused.
    #[error("failed to use {path}")]
    Io {
        /// What was to be used.
        path: PathBuf,
        /// Why it could not be.
        #[source]
        source: io::Error,
    },
}

impl Places {
    /// Returns the places that the environment and the platform name.
    ///
    /// # Errors
    ///
    /// [`EndpointError::NoHome`] where a default is needed and there is no home directory.
    pub fn from_env() -> Result<Self, EndpointError> {
        Self::resolve(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// Returns the places of a daemon that keeps its ledger in `state_dir`, whatever
    /// `TRACKWAY_STATE_DIR` says.
    ///
    /// # Errors
    ///
    /// [`EndpointError::NoHome`] where a default is needed and there is no home directory.
    pub fn in_state_dir(state_dir: &Path) -> Result<Self, EndpointError> {
        Self::resolve(|name| match name {
            "TRACKWAY_STATE_DIR" => Some(state_dir.into()),
            _ => std::env::var_os(name).filter(|value| !value.is_empty()),
        })
    }

    fn resolve(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, EndpointError> {
        let project = ProjectDirs::from("", "", "trackway");
        let dirs = || project.as_ref().ok_or(EndpointError::NoHome);
        let config = match env("TRACKWAY_CONFIG") {
            Some(path) => path.into(),
            None => dirs()?.config_dir().join("config.toml"),
        };
        let named_state = env("TRACKWAY_STATE_DIR").map(PathBuf::from);
        let state_dir = match named_state.clone() {
            Some(path) => path,
            None => {
                let dirs = dirs()?;
                dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned()
            }
        };
        let socket = match env("TRACKWAY_SOCKET") {
            Some(path) => path.into(),
            // A state directory of one's own means a daemon of one's own: it must not meet the
            // user's socket in the runtime directory.
            None if named_state.is_some() => state_dir.join("run").join("trackwayd.sock"),
            None => match dirs()?.runtime_dir().filter(|dir| dir.is_dir()) {
                Some(dir) => dir.join("trackwayd.sock"),
                None => match env("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|d| d.is_dir()) {
                    Some(dir) => dir.join("trackway").join("trackwayd.sock"),
                    None => state_dir.join("run").join("trackwayd.sock"),
                },
            },
        };
        Ok(Self { config, state_dir, socket })
    }
}

/// Returns the socket's name as the operating system takes it.
///
/// # Errors
///
/// [`EndpointError::SocketPathTooLong`], and errors of the platform's naming rules.
pub fn name(socket: &Path) -> Result<Name<'_>, EndpointError> {
    let length = socket.as_os_str().len();
    if cfg!(unix) && length > MAX_SOCKET_PATH {
        return Err(EndpointError::SocketPathTooLong { path: socket.to_owned(), length });
    }
    socket
        .to_fs_name::<GenericFilePath>()
        .map_err(|source| EndpointError::Io { path: socket.to_owned(), source })
}

/// Connects to the daemon's socket.
///
/// # Errors
///
/// Those of [`name`], and [`EndpointError::Io`] where nobody listens.
pub fn connect(socket: &Path) -> Result<Stream, EndpointError> {
    Stream::connect(name(socket)?)
        .map_err(|source| EndpointError::Io { path: socket.to_owned(), source })
}

/// Creates `dir` with mode 0700 where it is missing, and checks that nobody else can write to it.
///
/// A directory that exists keeps its mode: it may be one that others have to read, such as a home.
///
/// # Errors
///
/// [`EndpointError::Untrusted`] where it is a link, belongs to somebody else or others can write.
pub fn private_dir(dir: &Path) -> Result<(), EndpointError> {
    let io = |source| EndpointError::Io { path: dir.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let meta = fs::symlink_metadata(dir).map_err(io)?;
        let untrusted = |why| Err(EndpointError::Untrusted { path: dir.to_owned(), why });
        if meta.is_symlink() {
            return untrusted("is a link");
        }
        if !meta.is_dir() {
            return untrusted("is no directory");
        }
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return untrusted("belongs to another user");
        }
        if meta.mode() & 0o022 != 0 {
            return untrusted("can be written to by others");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_directory_of_its_own_brings_a_socket_of_its_own() {
        let places = Places::resolve(|name| match name {
            "TRACKWAY_CONFIG" => Some("/c.toml".into()),
            "TRACKWAY_STATE_DIR" => Some("/s".into()),
            _ => None,
        })
        .unwrap();
        assert_eq!(places.socket, Path::new("/s/run/trackwayd.sock"));
    }

    #[test]
    fn a_socket_path_beyond_the_limit_is_refused_by_name() {
        let long = PathBuf::from(format!("/{}", "x".repeat(200)));
        assert!(matches!(name(&long), Err(EndpointError::SocketPathTooLong { length: 201, .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_directory_is_not_trusted() {
        let home = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", home.path().join("link")).unwrap();
        let error = private_dir(&home.path().join("link")).unwrap_err();
        assert!(matches!(error, EndpointError::Untrusted { why: "is a link", .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_exists_keeps_its_mode_or_is_refused() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("dir");
        private_dir(&dir).unwrap();
        let mode = || fs::metadata(&dir).unwrap().mode() & 0o7777;
        assert_eq!(mode(), 0o700);
        for (given, trusted) in [(0o755, true), (0o775, false), (0o1777, false)] {
            fs::set_permissions(&dir, fs::Permissions::from_mode(given)).unwrap();
            assert_eq!(private_dir(&dir).is_ok(), trusted, "{given:o}");
            assert_eq!(mode(), given);
        }
    }
}
