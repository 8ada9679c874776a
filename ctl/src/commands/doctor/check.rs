//! From facts to a [`Check`]. Nothing here looks at anything.

use std::error::Error as _;
use std::io;
use std::path::Path;

use trackway_protocol::endpoint::{EndpointError, Places};
use trackway_protocol::row::Check;

use crate::client::ClientError;

const START: &str =
    "start the daemon: `trackwayctl service start`, or `service install` where none is installed";
const RESTART: &str = "restart the daemon: `trackwayctl service restart`";

/// What the file system says of a path, where the platform has owners and modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) owner: u32,
    /// Permission bits.
    pub(super) mode: u32,
}

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    Socket,
    Other,
}

/// Checks that both programs can know where the daemon is.
pub(super) fn places(places: &Result<Places, EndpointError>) -> Check {
    match places {
        Ok(places) => ok("places", format!("state in {}", places.state_dir.display())),
        Err(error) => failed(
            "places",
            error,
            "set HOME, or TRACKWAY_CONFIG, TRACKWAY_STATE_DIR and TRACKWAY_SOCKET",
        ),
    }
}

/// Checks that nobody but `user` can put a socket into the directory.
pub(super) fn directory(dir: &Path, facts: &io::Result<Option<Facts>>, user: u32) -> Check {
    let name = "socket-directory";
    let shown = dir.display();
    match facts {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            failed(name, format!("{shown} does not exist"), START)
        }
        Err(error) => failed(name, format!("{shown} cannot be looked at: {error}"), START),
        Ok(None) => ok(name, format!("{shown} (this platform tells no owner)")),
        Ok(Some(facts)) if facts.kind != Kind::Directory => {
            failed(name, format!("{shown} is not a directory"), "move away what is there")
        }
        Ok(Some(facts)) if facts.owner != user => failed(
            name,
            format!("{shown} belongs to uid {}, not to us ({user})", facts.owner),
            "ask as the user whose daemon it is; each user has one of their own",
        ),
        Ok(Some(facts)) if facts.mode & 0o077 != 0 => warning(
            name,
            format!("{shown} is open to others (mode {:04o})", facts.mode),
            format!("close it: `chmod 700 {shown}`"),
        ),
        Ok(Some(facts)) => ok(name, format!("{shown} is ours alone (mode {:04o})", facts.mode)),
    }
}

/// Checks that there is a socket, and that it is closed to others.
pub(super) fn socket(socket: &Path, facts: &io::Result<Option<Facts>>, user: u32) -> Check {
    let name = "socket";
    let shown = socket.display();
    match facts {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            failed(name, format!("{shown} does not exist: the daemon is not running"), START)
        }
        Err(error) => failed(name, format!("{shown} cannot be looked at: {error}"), START),
        Ok(None) => ok(name, format!("{shown} (this platform tells no owner)")),
        Ok(Some(facts)) if facts.kind != Kind::Socket => {
            failed(name, format!("{shown} is not a socket"), "move away what is there")
        }
        Ok(Some(facts)) if facts.owner != user => failed(
            name,
            format!("{shown} belongs to uid {}, not to us ({user})", facts.owner),
            "ask as the user whose daemon it is; each user has one of their own",
        ),
        Ok(Some(facts)) if facts.mode & 0o077 != 0 => {
            warning(name, format!("{shown} is open to others (mode {:04o})", facts.mode), RESTART)
        }
        Ok(Some(facts)) => ok(name, format!("{shown} (mode {:04o})", facts.mode)),
    }
}

/// Says that the daemon greeted as it should.
pub(super) fn connected() -> Check {
    ok("connection", "the daemon answers, as this user and in our version of the protocol")
}

/// Says what kept the daemon from greeting as it should.
pub(super) fn not_connected(error: &ClientError) -> Check {
    let found = match error {
        ClientError::Unreachable(source) if refused(source) => {
            "nobody listens: the socket was left behind by a daemon that is gone".into()
        }
        error => with_causes(error),
    };
    let fix = match error {
        ClientError::Unreachable(_) => START,
        ClientError::ForeignPeer(_) | ClientError::NoGreeting => {
            "give the right one with --socket or TRACKWAY_SOCKET"
        }
        ClientError::Version { .. } => {
            "install both programs of one version, and restart the daemon"
        }
        ClientError::Silent(_)
        | ClientError::Gone { .. }
        | ClientError::Garbled(_)
        | ClientError::Failure { .. } => RESTART,
    };
    failed("connection", found, fix)
}

fn with_causes(error: &ClientError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn refused(error: &EndpointError) -> bool {
    matches!(error, EndpointError::Io { source, .. }
        if source.kind() == io::ErrorKind::ConnectionRefused)
}

/// Checks that the running daemon is the one that was installed with us.
pub(super) fn version(daemon: &str) -> Check {
    let ours = env!("CARGO_PKG_VERSION");
    if daemon == ours {
        return ok("version", format!("both programs are {ours}"));
    }
    let found = format!("the daemon is {daemon}, this program is {ours}");
    warning("version", found, RESTART)
}

/// Says that the daemon did not check itself.
pub(super) fn unanswered(error: &ClientError) -> Check {
    failed("daemon", format!("its own checks failed to come: {error}"), RESTART)
}

fn ok(name: &str, found: impl ToString) -> Check {
    check(name, "ok", found.to_string(), None)
}

fn warning(name: &str, found: impl ToString, fix: impl ToString) -> Check {
    check(name, "warning", found.to_string(), Some(fix.to_string()))
}

fn failed(name: &str, found: impl ToString, fix: impl ToString) -> Check {
    check(name, "failed", found.to_string(), Some(fix.to_string()))
}

fn check(name: &str, state: &str, found: String, fix: Option<String>) -> Check {
    Check { name: name.into(), state: state.into(), found, fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIR: &str = "/run/user/7/trackway";

    fn facts(kind: Kind, owner: u32, mode: u32) -> io::Result<Option<Facts>> {
        Ok(Some(Facts { kind, owner, mode }))
    }

    fn missing() -> io::Result<Option<Facts>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn state(check: &Check) -> &str {
        // Whatever is not well says what to do, and nothing else does.
        assert_eq!(check.fix.is_some(), check.state != "ok", "{check:?}");
        &check.state
    }

    #[test]
    fn a_directory_must_be_ours_alone() {
        let of = |facts: io::Result<Option<Facts>>| directory(Path::new(DIR), &facts, 7);
        assert_eq!(state(&of(facts(Kind::Directory, 7, 0o700))), "ok");
        assert_eq!(state(&of(facts(Kind::Directory, 7, 0o755))), "warning");
        assert_eq!(state(&of(facts(Kind::Directory, 8, 0o700))), "failed");
        assert_eq!(state(&of(facts(Kind::Other, 7, 0o777))), "failed");
        assert_eq!(state(&of(missing())), "failed");
        assert_eq!(
            of(facts(Kind::Directory, 7, 0o755)).found,
            "/run/user/7/trackway is open to others (mode 0755)"
        );
    }

    #[test]
    fn a_socket_must_be_one_and_ours() {
        let of = |facts: io::Result<Option<Facts>>| socket(Path::new("/s"), &facts, 7);
        assert_eq!(state(&of(facts(Kind::Socket, 7, 0o600))), "ok");
        assert_eq!(state(&of(facts(Kind::Socket, 7, 0o666))), "warning");
        assert_eq!(state(&of(facts(Kind::Socket, 8, 0o600))), "failed");
        assert_eq!(state(&of(facts(Kind::Directory, 7, 0o700))), "failed");
        assert_eq!(of(missing()).found, "/s does not exist: the daemon is not running");
        assert!(of(missing()).fix.unwrap().starts_with("start the daemon"));
    }

    #[test]
    fn a_socket_that_was_left_behind_is_told_from_one_that_is_missing() {
        let unreachable = |kind: io::ErrorKind| {
            not_connected(&ClientError::Unreachable(EndpointError::Io {
                path: "/s".into(),
                source: kind.into(),
            }))
        };
        assert!(unreachable(io::ErrorKind::ConnectionRefused).found.contains("left behind"));
        assert_eq!(
            unreachable(io::ErrorKind::NotFound).found,
            "trackwayd cannot be reached: failed to use /s: entity not found"
        );
    }

    #[test]
    fn a_listener_that_is_not_our_daemon_is_named() {
        let foreign = not_connected(&ClientError::ForeignPeer(8));
        assert_eq!(foreign.found, "the socket is served by another user (uid 8)");
        assert_eq!(state(&foreign), "failed");
        let other = ClientError::Version { protocol: 9, version: "9.1".into() };
        assert!(not_connected(&other).found.starts_with("trackwayd 9.1 speaks version 9"));
    }

    #[test]
    fn another_version_that_still_understands_us_is_a_warning() {
        assert_eq!(state(&version(env!("CARGO_PKG_VERSION"))), "ok");
        assert_eq!(state(&version("0.0.1")), "warning");
    }

    #[test]
    fn without_a_home_there_is_no_place() {
        assert_eq!(state(&places(&Err(EndpointError::NoHome))), "failed");
    }
}
