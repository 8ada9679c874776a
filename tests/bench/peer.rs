//! The peer: `forkstat`, which listens to the same kernel events and prints them.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// A running `forkstat`, or why there is none. Ended when dropped.
pub(crate) enum Peer {
    Running(Child),
    Missing(&'static str),
}

impl Peer {
    /// Starts it; what it prints is thrown away.
    pub(crate) fn start() -> Result<Self> {
        let started = Command::new("forkstat")
            .args(["-e", "exec,exit"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else { return Ok(Self::Missing("not installed")) };
        // It says nothing when it is ready, and ends at once where it may not listen.
        thread::sleep(Duration::from_millis(500));
        Ok(match child.try_wait()? {
            None => Self::Running(child),
            Some(_) => Self::Missing("needs root"),
        })
    }

    /// Returns its pid, where it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Running(child) => Some(child.id()),
            Self::Missing(_) => None,
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Self::Running(child) = self {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
