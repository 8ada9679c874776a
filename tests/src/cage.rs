//! Runs an agent where it reaches nothing but the mock of its API.
//!
//! A cage is the program `cage` in a network namespace of its own, which holds the mock and the
//! agent and has no way out but loopback. The daemon under test stays outside. The namespace is
//! also the fence: what is still inside at the end, however it detached itself, is ended by pid.
//!
//! The cage lives no longer than its owner: it watches its standard input, which ends with us.

pub mod fence;
pub mod inside;
mod names;
mod namespace;
pub mod plan;
mod terminal;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use self::fence::{Fence, Leftover};
use self::plan::{Plan, Report};
use crate::mock::Exchange;
use crate::world;

/// A cage with an agent in it.
#[derive(Debug)]
pub struct Cage {
    child: Child,
    /// Closed to tell the cage that nobody waits for it.
    lifeline: Option<ChildStdin>,
    reports: Receiver<Report>,
    deadline: Instant,
    fence: Option<Fence>,
    /// Pid of the agent's outermost process.
    pub pid: u32,
    /// What the mock was asked so far.
    pub exchanges: Vec<Exchange>,
}

/// How an agent left its cage.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Its exit code as its shell saw it: 128 and the signal's number after a signal.
    pub code: i32,
    /// What it left running, and was ended by pid.
    pub leftovers: Vec<Leftover>,
}

impl Cage {
    /// Puts the agent of `plan` into a new cage and waits until it runs.
    #[must_use]
    pub fn start(plan: &Plan) -> Self {
        let errors = File::create(plan.errors()).expect("the scratch directory is ours");
        let mut child = Command::new(world::program("cage"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the cage was built with the tests");
        let mut lifeline = child.stdin.take().expect("it is piped");
        let line = serde_json::to_string(plan).expect("a plan is plain data");
        // A cage that died says why in its log, which `wait` shows.
        writeln!(lifeline, "{line}").ok();
        let reports = follow(&mut child);
        let mut cage = Self {
            child,
            lifeline: Some(lifeline),
            reports,
            deadline: Instant::now() + plan.limit + Duration::from_secs(10),
            fence: None,
            pid: 0,
            exchanges: Vec::new(),
        };
        cage.fence = Some(cage.wait(plan, |report| match report {
            Report::Ready { fence } => Some(*fence),
            _ => None,
        }));
        assert_ne!(cage.fence, Fence::around_us().ok(), "the cage is closed");
        cage.pid = cage.wait(plan, |report| match report {
            Report::Started { pid } => Some(*pid),
            _ => None,
        });
        cage
    }

    /// Waits until the mock has been asked for `(conversation, turn)` of the script.
    pub fn wait_for_turn(&mut self, plan: &Plan, turn: (usize, usize)) {
        if self.exchanges.iter().any(|exchange| exchange.played == Some(turn)) {
            return;
        }
        self.wait(plan, |report| match report {
            Report::Request(exchange) => (exchange.played == Some(turn)).then_some(()),
            _ => None,
        });
    }

    /// Waits until the agent has ended and the cage is empty.
    #[must_use]
    pub fn finish(mut self, plan: &Plan) -> Departure {
        let departure = self.wait(plan, |report| match report {
            Report::Ended { code, leftovers } => {
                Some(Departure { code: *code, leftovers: leftovers.clone() })
            }
            _ => None,
        });
        // It is empty. Once it has ended, the namespace's number may be another cage's.
        self.fence = None;
        self.child.wait().expect("it is our child");
        departure
    }

    fn wait<T>(&mut self, plan: &Plan, pick: impl Fn(&Report) -> Option<T>) -> T {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let report = match self.reports.recv_timeout(left) {
                Ok(Report::Failed { why }) => panic!("{}", plan.account(&why)),
                Ok(report) => report,
                Err(RecvTimeoutError::Timeout) => panic!("{}", plan.account("the cage is stuck")),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{}", plan.account("the cage broke down"))
                }
            };
            let picked = pick(&report);
            if let Report::Request(exchange) = report {
                self.exchanges.push(exchange);
            }
            if let Some(picked) = picked {
                return picked;
            }
        }
    }
}

impl Drop for Cage {
    /// Empties the cage, whatever state it is in.
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // As long as the cage itself lives, the namespace's number is no other cage's.
        if let Some(fence) = self.fence.take() {
            fence.clear();
        }
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

fn follow(child: &mut Child) -> Receiver<Report> {
    let output = child.stdout.take().expect("it is piped");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let report = serde_json::from_str(&line).unwrap_or(Report::Failed { why: line });
            if sender.send(report).is_err() {
                return;
            }
        }
    });
    receiver
}
