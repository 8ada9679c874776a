//! The process table of Linux, at the cost of one list and one link for each process of this user.
//!
//! What makes a look cheap:
//!
//! * The list has each process's inode number in `/proc` beside its pid, for nothing. The kernel
//!   gives a new one when a pid is given away again, and keeps it over an `execve`. (It may give a
//!   new one for no reason, when memory is short: then a process is read once more.)
//! * A program that was replaced in place shows in one link, `exe`; where that is an interpreter, in
//!   its command line.
//! * Threads of the kernel are never looked at again. Of other users' processes only the owner is
//!   asked: one of them may become ours (`sudo -u`, a login).
//!
//! A process that matters once is followed until it ends, also when its parent ends before it.

use std::collections::HashMap;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

use super::Look;
use crate::agents;
use crate::event::{ProcessFacts, RawArgv};
use crate::procfs::{Exe, Procfs};
use crate::source::proc_connector::look::is_candidate;
use crate::source::sweep::{self, Entry, could_be_agent};

/// The process table, and what is known of it.
#[derive(Debug)]
pub(super) struct Table {
    procfs: Procfs,
    known: HashMap<u32, Known>,
    /// Counts the looks: what was not in the last list has ended.
    round: u64,
    hidden: u64,
}

/// A process that was looked at.
#[derive(Debug)]
struct Known {
    inode: u64,
    round: u64,
    /// Of its first parent: where that ends, the process is still below what it was below.
    ppid: u32,
    start_ticks: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A thread of the kernel: it never runs a program.
    Kernel,
    /// Another user's.
    Foreign,
    Own(Program),
}

/// What a process of this user runs.
#[derive(Debug, Default)]
struct Program {
    /// As the kernel has it; none where it is hidden, or has ended.
    exe: Option<Box<[u8]>>,
    /// Whether it may be an agent's, or an interpreter's: then the command line decides.
    candidate: bool,
    argv: Option<RawArgv>,
    /// Whether it may be an agent, or is followed because something above it was.
    matters: bool,
    /// Whether it was told as it is.
    told: bool,
    /// Whether the process was told with any program.
    known: bool,
    /// Whether one look waited for the command line, which the kernel sets up after the program.
    waited: bool,
}

/// Time of a processor that this thread took so far.
pub(super) fn busy() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

impl Table {
    pub(super) fn open() -> Result<Self, String> {
        let procfs = Procfs::open().map_err(|errno| format!("/proc cannot be opened: {errno}"))?;
        Ok(Self { procfs, known: HashMap::new(), round: 0, hidden: 0 })
    }

    pub(super) fn look(&mut self) -> Result<Look, String> {
        self.update().map_err(|errno| format!("/proc cannot be read: {errno}"))?;
        let processes = self.relevant().into_iter().filter_map(|pid| self.tell(pid)).collect();
        let hidden = std::mem::take(&mut self.hidden);
        Ok(Look { processes, listed: self.known.len(), hidden })
    }

    /// Brings what is known up to date with the list.
    fn update(&mut self) -> Result<(), Errno> {
        let listed = self.procfs.processes()?;
        self.round += 1;
        for (pid, inode) in listed {
            match self.known.get_mut(&pid) {
                Some(known) if known.inode == inode => {
                    known.round = self.round;
                    known.look_again(&self.procfs, pid);
                }
                _ => self.look_first(pid, inode)?,
            }
        }
        self.known.retain(|_, known| known.round == self.round);
        Ok(())
    }

    fn look_first(&mut self, pid: u32, inode: u64) -> Result<(), Errno> {
        let Some(stat) = self.procfs.try_stat(pid)? else { return Ok(()) };
        let kind = match self.procfs.is_own(pid) {
            _ if stat.kernel => Kind::Kernel,
            None => return Ok(()),
            Some(false) => Kind::Foreign,
            Some(true) => Kind::Own(Program::read(&self.procfs, pid)),
        };
        let hides = matches!(&kind, Kind::Own(program) if program.exe.is_none()) && !stat.zombie;
        if hides && agents::has_comm(&stat.comm) {
            self.hidden += 1;
        }
        let (ppid, start_ticks, round) = (stat.ppid, stat.start_ticks, self.round);
        self.known.insert(pid, Known { inode, round, ppid, start_ticks, kind });
        Ok(())
    }

    /// Lists what may be an agent and all that is below it, and follows it from now on.
    fn relevant(&mut self) -> Vec<u32> {
        let entries = self.known.iter().map(|(pid, known)| Entry {
            pid: *pid,
            ppid: known.ppid,
            candidate: matches!(&known.kind, Kind::Own(program) if program.matters),
        });
        let table: Vec<Entry> = entries.collect();
        if table.iter().all(|entry| !entry.candidate) {
            return Vec::new();
        }
        sweep::relevant(&table)
    }

    /// Reads what is to be told of a process: everything, or where it is now.
    fn tell(&mut self, pid: u32) -> Option<ProcessFacts> {
        let known = self.known.get_mut(&pid)?;
        let Kind::Own(program) = &mut known.kind else { return None };
        program.matters = true;
        let still = ProcessFacts {
            pid,
            ppid: Some(known.ppid),
            start_ticks: Some(known.start_ticks),
            told: Some(true),
            ..ProcessFacts::default()
        };
        if program.told {
            let cwd = self.procfs.cwd(pid);
            // The directory of a process that has ended is gone as well.
            let thread = if cwd.is_some() { pid } else { self.procfs.living_thread(pid)? };
            let cwd = cwd.or_else(|| self.procfs.cwd(thread));
            return Some(ProcessFacts { cwd, ..still });
        }
        let facts = self.procfs.standing(pid)?;
        if facts.argv.is_none() && !std::mem::replace(&mut program.waited, true) {
            return program.known.then_some(still);
        }
        (program.told, program.known) = (true, true);
        let ancestors = self.procfs.ancestors(facts.ppid);
        Some(ProcessFacts { ancestors, told: Some(false), ..facts })
    }
}

impl Known {
    /// Notices that a process runs another program, or has become ours.
    fn look_again(&mut self, procfs: &Procfs, pid: u32) {
        match &mut self.kind {
            Kind::Kernel => {}
            Kind::Foreign => {
                if procfs.is_own(pid) == Some(true) {
                    self.kind = Kind::Own(Program::read(procfs, pid));
                }
            }
            Kind::Own(program) => program.look_again(procfs, pid),
        }
    }
}

impl Program {
    fn read(procfs: &Procfs, pid: u32) -> Self {
        let mut buffer = [0; 4096];
        let thread = procfs.living_thread(pid).unwrap_or(pid);
        let Exe::Path(exe) = procfs.exe(thread, &mut buffer) else { return Self::default() };
        let mut program = Self { exe: Some(exe.into()), ..Self::default() };
        if is_candidate(exe) {
            let facts = procfs.facts(thread, Some(exe));
            program.candidate = true;
            program.matters = could_be_agent(&facts);
            program.argv = facts.argv;
        }
        program
    }

    fn look_again(&mut self, procfs: &Procfs, pid: u32) {
        let mut buffer = [0; 4096];
        // One that has ended, or hides itself now, is the one that it was.
        let Exe::Path(exe) = procfs.exe(pid, &mut buffer) else { return };
        let same = self.exe.as_deref() == Some(exe);
        // The same program may have been called anew: a fork looks like its parent until it is.
        if same && (!self.candidate || self.argv.is_some() && self.argv == procfs.argv(pid)) {
            return;
        }
        let before = std::mem::replace(self, Self::read(procfs, pid));
        self.matters |= before.matters;
        self.known = before.known;
        self.waited = same && before.waited;
        // A command line that stays unreadable is no news.
        self.told = same && before.told && self.argv == before.argv;
    }
}
