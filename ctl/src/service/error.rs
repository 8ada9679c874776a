//! Why a service could not be installed, run or asked.

use std::io;
use std::path::PathBuf;

/// Why a service could not be installed, run or asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The home directory is not known, or is not named from the root.
    #[error("HOME must be set to your home directory")]
    NoHome,
    /// A variable names a place that depends on where one stands, and the daemon stands in `/`.
    #[error("{name} must be an absolute path: {value}")]
    Relative {
        /// The variable.
        name: &'static str,
        /// What it is set to.
        value: String,
    },
    /// The home is that of the user who became root.
    #[error("{home} is another user's home")]
    ForeignHome {
        /// The home.
        home: PathBuf,
    },
    /// A path is not text, or has a line break in it.
    #[error("{what} cannot stand in the description of a service")]
    Unspeakable {
        /// The path.
        what: String,
    },
    /// systemd takes no such path, however it is quoted.
    #[error("systemd runs no program with a quotation mark or a backslash in its path: {program}")]
    Quotation {
        /// The program.
        program: PathBuf,
    },
    /// There is nothing to be run.
    #[error("there is no program {program}")]
    NoProgram {
        /// Where it should be.
        program: PathBuf,
    },
    /// Two installations meet on one socket.
    #[error("a daemon with another state directory than {state_dir} has the socket {socket}")]
    ForeignDaemon {
        /// Ours.
        state_dir: PathBuf,
        /// What both would use.
        socket: PathBuf,
    },
    /// The service is there, and its program is another one.
    #[error("the user service runs {program} with this ledger")]
    ForeignProgram {
        /// What it runs.
        program: PathBuf,
    },
    /// Nothing was installed for this ledger.
    #[error("no service with the ledger in {state_dir} is installed")]
    NotInstalled {
        /// Where the ledger is.
        state_dir: PathBuf,
    },
    /// The service is there, and who would keep it running is not.
    #[error("the systemd user manager, to which {unit} belongs, does not answer")]
    Unanswered {
        /// Our unit.
        unit: PathBuf,
    },
    /// No daemon runs.
    #[error("trackwayd does not run")]
    NotRunning,
    /// A program of the system failed.
    #[error("`{command}` {outcome}")]
    Command {
        /// What was run.
        command: String,
        /// How it ended, and its last words.
        outcome: String,
    },
    /// The daemon was started in vain.
    #[error("trackwayd was started and does not answer")]
    NoAnswer,
    /// The daemon was started in vain.
    #[error("trackwayd ended right after its start")]
    Ended,
    /// Not even the last means ended the daemon.
    #[error("trackwayd (pid {0}) cannot be ended")]
    Unending(u32),
    /// What is asked for does not exist on this system, or for this service.
    #[error("{0}")]
    Unsupported(String),
    /// A file could not be written, read or removed.
    #[error("failed to {deed} {path}")]
    File {
        /// What was to be done with it.
        deed: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it could not be.
        #[source]
        source: io::Error,
    },
}

impl ServiceError {
    /// Returns what makes an error of a file's.
    pub(crate) fn file(
        deed: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { deed, path, source }
    }

    /// Returns what helps, where something is known to.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::ForeignHome { .. } => {
                Some("run this without sudo: each user has a daemon of their own".into())
            }
            Self::Unspeakable { .. } => Some("name another place".into()),
            Self::Quotation { .. } => {
                Some("install it in another place, or run it with --detached".into())
            }
            Self::NoProgram { .. } => Some("name it with --program".into()),
            Self::ForeignDaemon { .. } => Some("stop that daemon, or set TRACKWAY_SOCKET".into()),
            Self::ForeignProgram { program } => Some(format!(
                "use the trackwayctl beside {}, or have that one run `service uninstall` first, or \
                 name another TRACKWAY_STATE_DIR",
                program.display()
            )),
            Self::NotInstalled { .. } => Some("`trackwayctl service install` does that".into()),
            Self::Unanswered { .. } => {
                Some("is this a login of the user's own? XDG_RUNTIME_DIR says where it is".into())
            }
            Self::NotRunning => Some("`trackwayctl service start` starts it".into()),
            Self::NoAnswer | Self::Ended => Some("`trackwayctl service logs` tells more".into()),
            _ => None,
        }
    }
}
