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
    #[error("{path} is not used: {why}")]
    Untrusted {
        /// The directory, or one above it.
        path: PathBuf,
        /// What is wrong with it.
        why: Distrust,
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

/// What is wrong with a place, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Whoever can change the link decides where the files go.
    #[error("it is a link; name the directory that it leads to, or remove it")]
    Link,
    /// Something else has the name.
    #[error("it is no directory; remove it, or name another place")]
    NoDirectory,
    /// Its owner can read and replace everything in it.
    #[error(
        "it belongs to user {owner}, and this is user {ours}; name another place, or have its owner changed"
    )]
    Owner {
        /// Who owns it.
        owner: u32,
        /// Who wants to use it.
        ours: u32,
    },
    /// Others can replace what is in it.
    #[error(
        "its owner is user {owner}, its mode {mode:04o}: others can write to it; run `chmod go-w` on it"
    )]
    Writable {
        /// Who owns it.
        owner: u32,
        /// Its permission bits.
        mode: u32,
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

/// Creates `dir` with mode 0700 where it is missing, and checks that nobody else can write to it, or
/// put another one in its place.
///
/// A directory that exists keeps its mode: it may be one that others have to read, such as a home.
/// Of the directories above it, everybody may write to those alone in which they can take away
/// nothing of others (such as `/tmp`).
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
        let untrusted = |path: &Path, why| EndpointError::Untrusted { path: path.to_owned(), why };
        let meta = fs::symlink_metadata(dir).map_err(io)?;
        let ours = rustix::process::geteuid().as_raw();
        distrust(&meta, ours).map_or(Ok(()), |why| Err(untrusted(dir, why)))?;
        for above in dir.canonicalize().map_err(io)?.ancestors().skip(1) {
            let meta = fs::symlink_metadata(above)
                .map_err(|source| EndpointError::Io { path: above.to_owned(), source })?;
            distrust_above(&meta, ours).map_or(Ok(()), |why| Err(untrusted(above, why)))?;
        }
    }
    Ok(())
}

/// Returns why a directory of this kind is not one's own.
#[cfg(unix)]
fn distrust(meta: &fs::Metadata, ours: u32) -> Option<Distrust> {
    use std::os::unix::fs::MetadataExt as _;
    let (owner, mode) = (meta.uid(), meta.mode() & 0o7777);
    if meta.is_symlink() {
        Some(Distrust::Link)
    } else if !meta.is_dir() {
        Some(Distrust::NoDirectory)
    } else if owner != ours {
        Some(Distrust::Owner { owner, ours })
    } else {
        (mode & 0o022 != 0).then_some(Distrust::Writable { owner, mode })
    }
}

/// Returns why what lies below a directory of this kind could be replaced.
///
/// Its group is trusted: many a system gives everybody a group of their own, and homes to it.
#[cfg(unix)]
fn distrust_above(meta: &fs::Metadata, ours: u32) -> Option<Distrust> {
    use std::os::unix::fs::MetadataExt as _;
    const ROOT: u32 = 0;
    // What a user namespace, or a file server, shows in place of owners that it does not know.
    const NOBODY: u32 = 65_534;
    const STICKY: u32 = 0o1000;
    let (owner, mode) = (meta.uid(), meta.mode() & 0o7777);
    if ![ROOT, NOBODY, ours].contains(&owner) {
        return Some(Distrust::Owner { owner, ours });
    }
    (mode & 0o002 != 0 && mode & STICKY == 0).then_some(Distrust::Writable { owner, mode })
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
        assert!(matches!(error, EndpointError::Untrusted { why: Distrust::Link, .. }), "{error}");
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

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_can_replace_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let (above, dir) = (home.path().join("a"), home.path().join("a/b"));
        private_dir(&dir).unwrap();
        for (given, trusted) in [(0o755, true), (0o775, true), (0o1777, true), (0o777, false)] {
            fs::set_permissions(&above, fs::Permissions::from_mode(given)).unwrap();
            match private_dir(&dir) {
                Ok(()) => assert!(trusted, "{given:o}"),
                Err(EndpointError::Untrusted { path, why: Distrust::Writable { mode, .. } }) => {
                    assert!(!trusted && path.ends_with("a") && mode == given, "{path:?} {mode:o}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_of_somebody_else_is_refused_by_owner_and_with_advice() {
        let meta = fs::metadata("/").unwrap();
        let why = distrust(&meta, 12_345).unwrap();
        assert!(matches!(why, Distrust::Owner { ours: 12_345, .. }), "{why:?}");
        assert_eq!(distrust_above(&meta, 12_345), None, "what root owns, root can change anyway");
        let error = EndpointError::Untrusted { path: "/x".into(), why };
        let text = error.to_string();
        assert!(text.starts_with("/x is not used: it belongs to user "), "{text}");
        assert!(text.ends_with("name another place, or have its owner changed"), "{text}");
        let dir = tempfile::tempdir().unwrap();
        let meta = fs::metadata(dir.path()).unwrap();
        let why = distrust_above(&meta, 12_345);
        let is_root = rustix::process::geteuid().is_root();
        assert_eq!(why.is_none(), is_root, "a directory of a third user may be replaced by them");
    }
}
