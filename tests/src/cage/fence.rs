//! Who is inside a network namespace. Daemons detach from terminal, session and parent, but not
//! from that.

use std::fmt;
use std::fs;
use std::io;
use std::num::ParseIntError;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use crate::wait;

/// A network namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    device: u64,
    inode: u64,
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.inode)
    }
}

impl FromStr for Fence {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (device, inode) = text.split_once(':').unwrap_or((text, ""));
        Ok(Self { device: device.parse()?, inode: inode.parse()? })
    }
}

/// A process that was still inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// Its pid.
    pub pid: u32,
    /// Its executable, where that could be read.
    pub exe: PathBuf,
}

impl Fence {
    /// Returns the namespace that this process is in.
    ///
    /// # Errors
    ///
    /// Where `/proc` is not there.
    pub fn around_us() -> io::Result<Self> {
        Self::around(Path::new("/proc/self"))
    }

    fn around(process: &Path) -> io::Result<Self> {
        let meta = fs::metadata(process.join("ns/net"))?;
        Ok(Self { device: meta.dev(), inode: meta.ino() })
    }

    /// Ends everybody inside but this process: first by asking, then without.
    pub fn clear(&self) -> Vec<Leftover> {
        let found = self.inmates();
        let leftovers: Vec<_> = found.iter().map(|(leftover, _)| leftover.clone()).collect();
        for signal in [Signal::TERM, Signal::KILL] {
            let left = self.inmates();
            for (_, process) in &left {
                // Gone in the meantime is as good.
                pidfd_send_signal(process, signal).ok();
            }
            if left.is_empty() || self.is_empty_within(Duration::from_secs(3)) {
                break;
            }
        }
        leftovers
    }

    fn is_empty_within(&self, limit: Duration) -> bool {
        wait::until(limit, || self.inmates().is_empty().then_some(())).is_some()
    }

    fn inmates(&self) -> Vec<(Leftover, OwnedFd)> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| *pid != std::process::id()).filter_map(|pid| self.inmate(pid)).collect()
    }

    fn inmate(&self, pid: u32) -> Option<(Leftover, OwnedFd)> {
        // The descriptor comes first: what is then read is about the process that it holds, or
        // about none.
        let raw = Pid::from_raw(pid.try_into().ok()?)?;
        let process = pidfd_open(raw, PidfdFlags::empty()).ok()?;
        let dir = PathBuf::from(format!("/proc/{pid}"));
        let inside = Self::around(&dir).is_ok_and(|fence| fence == *self);
        let exe = fs::read_link(dir.join("exe")).unwrap_or_default();
        inside.then_some((Leftover { pid, exe }, process))
    }
}
