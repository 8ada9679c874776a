//! Whether a daemon with our ledger runs, whoever started it, and how it is ended.
//!
//! The daemon is asked first. One that does not answer, or speaks another version, still has the state
//! directory's lock; who has it is told by `/proc/locks`, so on Linux alone.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use trackway_protocol::message::Request;
use trackway_protocol::row::Status;

use super::error::ServiceError;
use super::process;
use super::site::{Site, is_same};
use crate::client::{Client, ClientError, Patience};

/// How long the daemon may take to stop: its unit allows as much.
const STOP: Duration = Duration::from_secs(15);
/// How long a process may take to be killed.
const KILL: Duration = Duration::from_secs(5);
const PATIENCE: Patience =
    Patience { hello: Duration::from_secs(2), answer: Duration::from_secs(5) };

/// Which daemon runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Running {
    /// None that we know of.
    Nobody,
    /// One with our ledger that answers.
    Answers(Box<Status>),
    /// One with our ledger that does not answer us.
    Locked(u32),
    /// One with another ledger has the socket.
    Foreign,
}

impl Running {
    /// Looks.
    pub(crate) fn look(site: &Site) -> Self {
        let asked = ask(site);
        match &asked {
            Ok(status) if is_ours(status, site) => Self::Answers(Box::new(status.clone())),
            Ok(_) => Self::Foreign,
            Err(error) => match lock_holder(&site.places.state_dir) {
                Some(pid) => Self::Locked(pid),
                // What speaks another version there, and has not our lock, is another home's.
                None if matches!(error, ClientError::Version { .. })
                    && cfg!(target_os = "linux") =>
                {
                    Self::Foreign
                }
                None => Self::Nobody,
            },
        }
    }

    /// Returns the process of the daemon with our ledger.
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Answers(status) => Some(status.pid),
            Self::Locked(pid) => Some(*pid),
            Self::Nobody | Self::Foreign => None,
        }
    }
}

/// Returns what the daemon with our ledger says of itself, if it answers.
pub(crate) fn answer(site: &Site) -> Option<Status> {
    ask(site).ok().filter(|status| is_ours(status, site))
}

fn is_ours(status: &Status, site: &Site) -> bool {
    is_same(Path::new(&status.paths.state_dir), &site.places.state_dir)
}

fn ask(site: &Site) -> Result<Status, ClientError> {
    let mut client = Client::connect(&site.places.socket, PATIENCE)?;
    let (mut rows, _) = client.rows::<Status>(|id| Request::Status { id })?;
    rows.pop().ok_or_else(|| ClientError::Garbled("it has no status in it".into()))
}

/// Returns the process that has the state directory's lock.
fn lock_holder(state_dir: &Path) -> Option<u32> {
    let inode = inode(&state_dir.join("trackwayd.lock"))?;
    let pid = holder(&fs::read_to_string("/proc/locks").ok()?, inode)?;
    // A pid of yesterday may be anybody's today.
    process::name(pid).filter(|name| name.contains("trackwayd")).map(|_| pid)
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|meta| meta.ino())
}

#[cfg(not(unix))]
fn inode(_: &Path) -> Option<u64> {
    None
}

/// Finds the inode in `/proc/locks`. Its device is left alone: some file systems name another there.
fn holder(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (kind, pid, file) = (fields.get(1)?, fields.get(4)?, fields.get(5)?);
        let is_it = *kind == "FLOCK" && file.rsplit(':').next()?.parse() == Ok(inode);
        is_it.then(|| pid.parse().ok().filter(|pid| *pid != 0)).flatten()
    })
}

/// How a process was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Stopped,
    Killed,
}

/// Ends a process, and waits until it has ended.
pub(crate) fn end(pid: u32) -> Result<End, ServiceError> {
    if process::is_alive(pid) {
        process::terminate(pid);
    }
    if has_ended_within(STOP, pid) {
        return Ok(End::Stopped);
    }
    process::kill(pid);
    if has_ended_within(KILL, pid) { Ok(End::Killed) } else { Err(ServiceError::Unending(pid)) }
}

fn has_ended_within(patience: Duration, pid: u32) -> bool {
    let deadline = Instant::now() + patience;
    while process::is_alive(pid) {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "\
1: POSIX  ADVISORY  WRITE 11 fe:00:4711 0 EOF
1: -> FLOCK  ADVISORY  WRITE 12 fe:00:4711 0 EOF
2: FLOCK  ADVISORY  WRITE 4242 fe:00:4711 0 EOF
3: FLOCK  ADVISORY  WRITE 0 fe:00:17 0 EOF
";

    #[test]
    fn who_has_the_lock_is_told_by_the_kernel() {
        assert_eq!(holder(LOCKS, 4711), Some(4242));
        assert_eq!(holder(LOCKS, 11), None);
        assert_eq!(holder(LOCKS, 17), None, "of another pid namespace");
        assert_eq!(holder("", 17), None);
    }

    #[test]
    fn where_nobody_listens_nobody_runs() {
        let dir = tempfile::tempdir().unwrap();
        let mut site = Site::usual();
        site.places.state_dir = dir.path().to_owned();
        site.places.socket = dir.path().join("trackwayd.sock");
        assert_eq!(Running::look(&site), Running::Nobody);
        assert_eq!(answer(&site), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_process_has_ended_before_anybody_waited_for_it() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        assert!(process::is_alive(pid));
        assert_eq!(end(pid).unwrap(), End::Stopped);
        assert!(!process::is_alive(pid), "it has ended, whether it was waited for or not");
        child.wait().unwrap();
    }
}
