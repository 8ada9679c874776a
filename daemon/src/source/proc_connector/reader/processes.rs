//! What becomes of a process: its beginning, its programs, its end.

use std::time::{Duration, Instant};

use super::super::look::is_candidate;
use super::{LEAVING, Outcome, Reader, Unnamed};
use crate::agents;
use crate::clock;
use crate::event::Event;
use crate::procfs::Exe;
use crate::source::follow::Left;
use crate::source::sweep::could_be_agent;

/// Counts of unnamed programs are reported once in this time.
const MINUTE: Duration = Duration::from_secs(60);
/// Of a program that is no agent's own, only the beginning of its command line matters.
const MAX_OTHER_ARGV: usize = 4096;

impl Reader {
    pub(super) fn forked(&mut self, parent: u32, child: u32) -> Outcome {
        if let Some(left) = self.follow.left(child) {
            // The pid was given away again, so the process has ended.
            self.ended(child, left)?;
        }
        if self.follow.forked(parent, child) {
            return self.send(Event::Forked { parent, child });
        }
        Ok(())
    }

    pub(super) fn exec(&mut self, pid: u32, at_ns: u64) -> Outcome {
        let mut buffer = [0; 4096];
        let followed = self.follow.contains(pid);
        self.follow.executed(pid);
        if self.gone.get(&pid).is_some_and(|ended_ns| *ended_ns >= at_ns) {
            return self.unreadable(pid, followed);
        }
        match self.procfs.exe(pid, &mut buffer) {
            Exe::Path(exe) => {
                if !followed && !is_candidate(exe) {
                    return Ok(());
                }
                match self.procfs.is_own(pid) {
                    Some(true) => self.readable(pid, exe, followed, at_ns),
                    Some(false) => self.send(Event::Foreign),
                    None => self.unreadable(pid, followed),
                }
            }
            Exe::Gone => self.unreadable(pid, followed),
            // A process of our own that hides itself is no less unnamed; others' are not ours.
            Exe::Denied if self.is_own_by_parent(pid) => self.unreadable(pid, followed),
            Exe::Denied => self.foreign(pid),
        }
    }

    fn readable(&mut self, pid: u32, exe: &[u8], followed: bool, at_ns: u64) -> Outcome {
        let mut facts = self.procfs.facts(pid, Some(exe));
        let agent = could_be_agent(&facts);
        if facts.is_becoming || !agent && facts.argv.is_none() {
            // It runs the next program already, of which the kernel will tell; or it is an interpreter
            // that ended before it told what it was to run.
            return self.unreadable(pid, followed);
        }
        if !agent && !followed {
            return Ok(());
        }
        facts.ppid = facts.ppid.or_else(|| self.follow.parent(pid));
        if agent {
            facts.ancestors = self.procfs.ancestors(facts.ppid);
            self.follow.insert(pid);
        } else if let Some(argv) = &mut facts.argv {
            argv.truncate(MAX_OTHER_ARGV);
        }
        let moment = clock::read().moment(at_ns);
        self.send(Event::Exec(Box::new(facts), moment))
    }

    /// Another user's program: what matters is only whether it may be counted elsewhere.
    fn foreign(&self, pid: u32) -> Outcome {
        let may_be_agent = self.procfs.comm(pid).is_some_and(|comm| agents::has_comm(&comm));
        if may_be_agent { self.send(Event::Foreign) } else { Ok(()) }
    }

    /// Counts a program that ended before it could be read, unless its name rules an agent out.
    fn unreadable(&mut self, pid: u32, followed: bool) -> Outcome {
        let comm = self.procfs.comm(pid);
        if followed {
            let may_be_agent = comm.is_none_or(|comm| agents::has_comm(&comm));
            return self.send(Event::Unread { pid, may_be_agent });
        }
        let ours = match comm {
            Some(comm) => !agents::rules_out(&comm) && self.is_own_by_parent(pid),
            None => self.had_own_parent(pid),
        };
        if !ours {
            return Ok(());
        }
        let unnamed = self.unnamed.get_or_insert_with(|| Unnamed {
            count: 0,
            from: clock::read().now().at,
            due: Instant::now() + MINUTE,
        });
        unnamed.count += 1;
        Ok(())
    }

    /// Whether a process is ours, or may be: a vanished one is judged by its parent.
    fn is_own_by_parent(&self, pid: u32) -> bool {
        self.procfs.is_own(pid).unwrap_or_else(|| self.had_own_parent(pid))
    }

    fn had_own_parent(&self, pid: u32) -> bool {
        self.follow.parent(pid).and_then(|parent| self.procfs.is_own(parent)).unwrap_or(true)
    }

    pub(super) fn exit(&mut self, pid: u32, tgid: u32, left: Left) -> Outcome {
        // A process ends with its last thread, not with its first; and where another thread calls
        // execve, the first one ends and the process goes on.
        if pid == tgid || self.follow.left(tgid).is_some() {
            self.follow.leave(tgid, left);
        }
        self.recheck(tgid)
    }

    /// Looks after processes whose end no event told. The kernel takes a thread away before it tells
    /// of its end, and only that tells the status: so it is waited for a little.
    pub(super) fn recheck_leaving(&mut self) -> Outcome {
        for pid in self.follow.leaving() {
            if self.procfs.living_thread(pid).is_none()
                && self.fading.entry(pid).or_insert_with(Instant::now).elapsed() >= LEAVING
            {
                self.recheck(pid)?;
            }
        }
        let follow = &self.follow;
        self.fading.retain(|pid, _| follow.left(*pid).is_some());
        Ok(())
    }

    /// Reports the end of a process whose first thread has ended, once nothing of it lives. The
    /// kernel tells of an end after it has made the process a zombie: one that is none goes on.
    fn recheck(&mut self, pid: u32) -> Outcome {
        let Some(left) = self.follow.left(pid) else { return Ok(()) };
        if self.procfs.living_thread(pid).is_some() { Ok(()) } else { self.ended(pid, left) }
    }

    fn ended(&mut self, pid: u32, left: Left) -> Outcome {
        self.follow.remove(pid);
        let moment = clock::read().moment(left.at_ns);
        self.send(Event::Exited { pid, status: left.status, moment })
    }
}
