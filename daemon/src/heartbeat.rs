//! The single instance, and when the daemon was last alive.
//!
//! Both are one file in the state directory: locked for as long as the daemon runs, and its
//! modification time set again every half minute. After a crash it bounds the blind time, with no
//! write to the ledger while nothing happens.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use trackway_protocol::ids::Timestamp;

/// The file's name.
const FILE: &str = "trackwayd.lock";

/// Why the lock is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another daemon has it.
    #[error("another trackwayd uses {}", state_dir.display())]
    Taken {
        /// The state directory.
        state_dir: PathBuf,
    },
    /// The file cannot be opened or locked.
    #[error("failed to lock {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The lock on a state directory; dropping it lets the next daemon in.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    file: File,
    last: Option<Timestamp>,
}

impl Heartbeat {
    /// Locks a state directory, and reads when a daemon last lived in it.
    ///
    /// # Errors
    ///
    /// [`LockError::Taken`] where another daemon runs on the same directory.
    pub(crate) fn lock(state_dir: &Path) -> Result<Self, LockError> {
        let path = state_dir.join(FILE);
        let existed = path.exists();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(&path);
        let file = opened.map_err(|source| LockError::Io { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(LockError::Taken { state_dir: state_dir.to_owned() });
            }
            Err(std::fs::TryLockError::Error(source)) => {
                return Err(LockError::Io { path, source });
            }
        }
        let modified = file.metadata().and_then(|meta| meta.modified()).ok();
        let last = modified.filter(|_| existed).and_then(timestamp);
        Ok(Self { file, last })
    }

    /// Returns when a former daemon last gave a heartbeat.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Gives a heartbeat.
    pub(crate) fn beat(&self) {
        if let Err(error) = self.file.set_modified(SystemTime::now()) {
            tracing::warn!(%error, "the heartbeat cannot be given");
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        // Closing alone leaves the lock to a child that was forked and has not become its program.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the state directory cannot be unlocked");
        }
    }
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since_epoch = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_ms(i64::try_from(since_epoch.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_kept_out_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Heartbeat::lock(dir.path()).unwrap();
        assert_eq!(first.last(), None);
        assert!(matches!(Heartbeat::lock(dir.path()), Err(LockError::Taken { .. })));
        first.beat();
        drop(first);
        let second = Heartbeat::lock(dir.path()).unwrap();
        let age = Timestamp::now().ms() - second.last().unwrap().ms();
        assert!((0..60_000).contains(&age), "{age} ms");
    }
}
