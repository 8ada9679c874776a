//! Why a command ended without success: what is said about it, what helps, and its exit code.

use std::io;
use std::path::PathBuf;

use trackway_protocol::endpoint::EndpointError;
use trackway_protocol::log::Verdict;
use trackway_protocol::report::VERSION;

use crate::client::{ClientError, NEWER_DAEMON, OLDER_DAEMON};
use crate::exit;
use crate::render::clean;
use crate::render::text::count;
use crate::service::ServiceError;

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line makes no sense, beyond what its grammar tells.
    #[error("{what}")]
    Usage {
        /// What makes no sense.
        what: String,
        /// What would.
        hint: &'static str,
    },
    /// The socket's place is not known.
    #[error(transparent)]
    Place(#[from] EndpointError),
    /// The conversation with the daemon failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The service could not be installed, run or asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The answer ended early after some of it was shown.
    #[error("{what}")]
    Interrupted {
        /// What was interrupted.
        what: &'static str,
        /// The last `seq` that was written.
        after: Option<u64>,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// What was to be shown could not be written.
    #[error("failed to write the output")]
    Output(#[from] io::Error),
    /// A file could not be written.
    #[error("failed to write {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be read.
    #[error("failed to read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system has no random bytes to make a key of.
    #[error("failed to make a key")]
    NoKey(#[source] io::Error),
    /// What was verified is not as it was sealed.
    #[error("it did not verify: {0}")]
    NotVerified(Verdict),
    /// Checks of `doctor` failed.
    #[error("{} failed", count(*.0, "check", "checks"))]
    Checks(u64),
    /// What rules of zones restrict was touched.
    #[error("zones were touched: {} recorded", count(*.0, "touch", "touches"))]
    ZoneTouched(u64),
    /// It is not certain that nothing was touched.
    #[error("no touch was found, and not all is known: {}", .0.join("; "))]
    Uncertain(Vec<String>),
    /// A place was touched that should not have been.
    #[error("{0} was touched")]
    Touched(String),
    /// Whether a place was touched is not known, as nothing at all was recorded.
    #[error("nothing was recorded in that time: it is not known whether {0} was touched")]
    NoEvidence(String),
    /// Whether a place was touched is not known, as nothing of it is recorded.
    #[error(
        "{0} lies outside of the scope that is set: nothing of it is recorded, and it is not known whether \
         it was touched"
    )]
    OutsideScope(String),
    /// The daemon makes no reports.
    #[error("trackwayd {version} makes no reports: it does not know the question")]
    TooOld {
        /// The daemon's version.
        version: String,
    },
    /// A report is in a format that this program does not know.
    #[error(
        "trackwayd {version} makes reports in format {format}, trackwayctl {} knows format {VERSION}",
        env!("CARGO_PKG_VERSION")
    )]
    ForeignReport {
        /// The daemon's version.
        version: String,
        /// The version of the report's format.
        format: u32,
    },
    /// A number is that of no entry into a zone.
    #[error("{0}")]
    NoEntry(String),
}

impl Error {
    /// Returns the code to exit with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => exit::USAGE,
            Self::Client(error) | Self::Interrupted { source: error, .. } => error.exit_code(),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::DONE,
            Self::NotVerified(_) => exit::NOT_VERIFIED,
            Self::Service(ServiceError::NotRunning | ServiceError::NotInstalled { .. }) => {
                exit::UNREACHABLE
            }
            Self::ZoneTouched(_) => exit::ZONE_ENTERED,
            Self::TooOld { .. } | Self::ForeignReport { .. } => exit::VERSION,
            Self::Place(_)
            | Self::Service(_)
            | Self::Output(_)
            | Self::File { .. }
            | Self::Unreadable { .. }
            | Self::NoKey(_)
            | Self::Checks(_)
            | Self::Uncertain(_)
            | Self::Touched(_)
            | Self::NoEvidence(_)
            | Self::OutsideScope(_)
            | Self::NoEntry(_) => exit::FAILED,
        }
    }

    /// Returns what helps, where something is known to.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => Some((*hint).to_owned()),
            Self::Client(error) => error.hint().map(str::to_owned),
            Self::Service(error) => error.hint(),
            Self::Interrupted { after: Some(seq), .. } => {
                Some(format!("`--after {seq}` continues where this ended"))
            }
            Self::Interrupted { source, .. } => source.hint().map(str::to_owned),
            Self::NoEvidence(_) => Some(
                "`trackwayctl status` tells since when it is recorded, `trackwayctl gaps` when not"
                    .into(),
            ),
            Self::OutsideScope(_) => Some("`trackwayctl status` shows the scope".into()),
            Self::TooOld { .. } => Some(OLDER_DAEMON.into()),
            Self::ForeignReport { format, .. } if *format < VERSION => Some(OLDER_DAEMON.into()),
            Self::ForeignReport { .. } => Some(NEWER_DAEMON.into()),
            Self::NoEntry(_) => Some("`trackwayctl zones entries` lists the numbers".into()),
            Self::Place(_)
            | Self::Output(_)
            | Self::File { .. }
            | Self::Unreadable { .. }
            | Self::NoKey(_)
            | Self::NotVerified(_)
            | Self::Checks(_)
            | Self::ZoneTouched(_)
            | Self::Touched(_)
            | Self::Uncertain(_) => None,
        }
    }

    /// Returns the error, its causes and what helps, a line each, safe to show.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("error", clean(&self.to_string()).into_owned())];
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            lines.push(("cause", clean(&error.to_string()).into_owned()));
            cause = error.source();
        }
        lines.extend(self.hint().map(|hint| ("hint", hint)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_pipe_is_success_and_a_full_disk_is_not() {
        let output = |kind| Error::Output(io::Error::from(kind)).exit_code();
        assert_eq!(output(io::ErrorKind::BrokenPipe), exit::DONE);
        assert_eq!(output(io::ErrorKind::StorageFull), exit::FAILED);
    }

    #[test]
    fn an_error_is_told_with_its_causes_and_what_helps() {
        let error = Error::Interrupted {
            what: "the export is not complete",
            after: Some(7),
            source: ClientError::Gone { source: None },
        };
        assert_eq!(
            error.lines(),
            [
                ("error", "the export is not complete".into()),
                ("cause", "trackwayd ended the connection before its answer was complete".into()),
                ("hint", "`--after 7` continues where this ended".into()),
            ]
        );
    }

    #[test]
    fn an_error_cannot_carry_an_escape_sequence_to_the_terminal() {
        let error = Error::File { path: "/tmp/\x1b[2J".into(), source: io::Error::other("x\ny") };
        assert_eq!(error.lines()[0].1, "failed to write /tmp/\\x1b[2J");
        assert_eq!(error.lines()[1].1, "x\\ny");
    }
}
