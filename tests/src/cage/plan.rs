//! What a cage is told, and what it tells: one JSON object per line, in and out.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fence::{Fence, Leftover};
use crate::mock::Exchange;
use crate::mock::script::Script;

/// Where the mock listens. Every cage has a loopback of its own, so one port serves all.
pub const MOCK: &str = "127.0.0.1:18080";

/// What is to happen in a cage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The agent's command line. A shell starts it, as a person's would.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// Its working directory.
    pub cwd: PathBuf,
    /// An existing directory for output and logs, for this cage alone.
    pub scratch: PathBuf,
    /// What the mock plays.
    pub script: Script,
    /// What a person does at the terminal; none: there is no terminal.
    pub keys: Option<Vec<Key>>,
    /// How long all of it may take.
    pub limit: Duration,
}

/// Something that a person does at a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// Waits until the screen shows this text.
    Await(String),
    /// Waits until the screen shows this text no more.
    Miss(String),
    /// Types this.
    Type(String),
}

/// What a cage tells of its agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "kebab-case")]
pub enum Report {
    /// The cage is closed and the mock listens.
    Ready {
        /// What holds everything inside together.
        fence: Fence,
    },
    /// The agent was started.
    Started {
        /// Its pid, outermost process.
        pid: u32,
    },
    /// The mock was asked something.
    Request(Exchange),
    /// The agent has ended, and the cage is empty.
    Ended {
        /// Its exit code as its shell saw it.
        code: i32,
        /// What it had left running.
        leftovers: Vec<Leftover>,
    },
    /// It came to nothing.
    Failed {
        /// Why, with the screen where there is one.
        why: String,
    },
}

impl Plan {
    /// Where the agent's standard output goes; with a terminal, its last screen.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.scratch.join("output")
    }

    /// Where the agent's standard error goes, and what the cage itself has to complain about.
    #[must_use]
    pub fn errors(&self) -> PathBuf {
        self.scratch.join("errors")
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.scratch.join("pid")
    }

    /// Tells what happened, for the message of a failed test.
    #[must_use]
    pub fn account(&self, why: &str) -> String {
        let read = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let output = read(self.output()).unwrap_or_default();
        let errors = read(self.errors()).unwrap_or_default();
        let argv = &self.argv;
        format!("{why}\n--- command: {argv:?}\n--- output:\n{output}\n--- errors:\n{errors}\n---")
    }
}
