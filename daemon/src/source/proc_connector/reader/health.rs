//! What was lost, and what shows it: sweeps, the canary, a new socket, and the reports of them.
//!
//! # Sweeps
//!
//! A look at the whole table takes milliseconds, and events go on meanwhile. So the queue is emptied
//! before and after it: a process whose end is found in the queue has ended as the kernel says, and
//! is not one that the sweep missed; a fork or an exec from before the end of the look says nothing
//! new of a process that was looked at.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use trackway_protocol::ids::Timestamp;

use super::super::frame::{Hole, What};
use super::super::look::look;
use super::super::{Socket, TIER};
use super::{Loss, Outcome, Reader, Unnamed};
use crate::clock;
use crate::event::{Event, SourceReport, State};
use crate::pipeline::LAUNCHES;
use crate::source::follow::Left;

/// After a loss, holes are collected for so long before they are reported; and sweeps are at least
/// so far apart, or they would themselves make the queue run over.
const SETTLE: Duration = Duration::from_secs(1);
/// How often a new socket is tried at once.
const REPLACEMENTS: u32 = 3;

impl Reader {
    pub(super) fn want_sweep(&mut self) {
        let earliest = (self.last_sweep + SETTLE).max(Instant::now());
        self.sweep_due.get_or_insert(earliest);
    }

    /// Looks at the whole process table and reports what matters of it.
    pub(super) fn sweep(&mut self) -> Outcome {
        self.sweep_due = None;
        self.drain()?;
        let looked = look(&self.procfs, |pid| self.follow.contains(pid));
        let until = clock::read();
        self.last_sweep = Instant::now();
        let mut processes = match looked {
            Ok(processes) => processes,
            Err(errno) => {
                tracing::warn!(%errno, "the process table cannot be read");
                self.want_sweep();
                return Ok(());
            }
        };
        let (mut ended, mut later) = (HashSet::new(), Vec::new());
        while let Some(frame) = self.receive()? {
            match frame.what {
                What::Exit { tgid, .. } if self.follow.contains(tgid) => {
                    self.frame(frame)?;
                    if !self.follow.contains(tgid) {
                        ended.insert(tgid);
                    }
                }
                _ => later.push(frame),
            }
        }
        processes.retain(|facts| !ended.contains(&facts.pid));
        let seen: HashSet<u32> = processes.iter().map(|facts| facts.pid).collect();
        self.follow.reset(seen.iter().copied());
        self.follow_headless(&seen, until.monotonic_ns);
        self.send(Event::Swept { processes, moment: until.now() })?;
        for frame in later {
            let is_old = frame.timestamp_ns <= until.monotonic_ns;
            match frame.what {
                What::Fork { child_tgid, .. } if is_old && seen.contains(&child_tgid) => {}
                _ => self.frame(frame)?,
            }
        }
        Ok(())
    }

    /// Follows on what a sweep found to go on without its first thread: its last one will tell how
    /// it ended.
    fn follow_headless(&mut self, seen: &HashSet<u32>, at_ns: u64) {
        for pid in seen {
            let headless = self.procfs.stat(*pid).is_some_and(|stat| stat.zombie);
            if headless && self.follow.left(*pid).is_none() {
                self.follow.leave(*pid, Left { status: None, at_ns });
            }
        }
    }

    pub(super) fn lose(&mut self, hole: Hole) {
        self.want_sweep();
        let loss = self.loss.get_or_insert(Loss {
            from_ns: hole.from_ns,
            until_ns: hole.until_ns,
            missed: 0,
            due: Instant::now(),
        });
        loss.missed += hole.missed;
        loss.from_ns = loss.from_ns.min(hole.from_ns);
        loss.until_ns = loss.until_ns.max(hole.until_ns);
        loss.due = Instant::now() + SETTLE;
    }

    /// Asks for a sign of life where none came by itself for a while.
    pub(super) fn ask_canary(&mut self) -> Outcome {
        self.canary_seen = false;
        if rustix::thread::set_name(c"proc-connector").is_ok() {
            // The kernel has queued the event before the call returned.
            while let Some(frame) = self.receive()? {
                self.frame(frame)?;
            }
        }
        if self.canary_seen {
            return Ok(());
        }
        tracing::warn!("the proc connector went silent");
        self.replace()
    }

    /// Opens a new socket: on a connector that went silent only that helps.
    pub(super) fn replace(&mut self) -> Outcome {
        let from = clock::read().moment(self.alive_ns).at;
        self.alive_since = Instant::now();
        // Until it comes back, looking is better than nothing.
        self.want_sweep();
        let mut reason = String::new();
        for _ in 0..REPLACEMENTS {
            match Socket::open() {
                Ok(socket) => {
                    self.socket = socket;
                    self.alive_ns = clock::read().monotonic_ns;
                    self.lost = false;
                    let until = clock::read().now().at;
                    let reason = "the proc connector went silent and was opened again";
                    return self.report(State::Restored, reason, from, Some(until), None);
                }
                Err(error) => reason = error.to_string(),
            }
        }
        if std::mem::replace(&mut self.lost, true) {
            return Ok(());
        }
        self.report(State::Lost, &reason, from, None, None)
    }

    pub(super) fn report_loss(&mut self) -> Outcome {
        let Some(loss) = self.loss.take() else { return Ok(()) };
        let clocks = clock::read();
        let (from, until) = (clocks.moment(loss.from_ns).at, clocks.moment(loss.until_ns).at);
        let missed = (loss.missed > 0).then_some(loss.missed);
        let reason = "the kernel's queue ran over: process events were lost";
        self.report(State::Restored, reason, from, Some(until), missed)
    }

    pub(super) fn report_unnamed(&mut self) -> Outcome {
        let Some(Unnamed { count, from, .. }) = self.unnamed.take() else { return Ok(()) };
        self.send(Event::Unnamed { count, from, until: clock::read().now().at })
    }

    fn report(
        &mut self,
        state: State,
        reason: &str,
        from: Timestamp,
        until: Option<Timestamp>,
        missed: Option<u64>,
    ) -> Outcome {
        let reason = reason.to_owned();
        let report =
            SourceReport { name: LAUNCHES, tier: TIER, state, reason, from, until, missed };
        self.send(Event::Source(report))
    }
}
