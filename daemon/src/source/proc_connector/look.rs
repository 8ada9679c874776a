//! A look at the whole process table, and what of it may be an agent.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::io::Errno;

use crate::agents;
use crate::event::ProcessFacts;
use crate::procfs::{Exe, Procfs};
use crate::source::sweep::{self, Entry, could_be_agent};

/// Reads all candidates, everything that is followed, and everything below them.
///
/// # Errors
///
/// Whatever keeps the table from being read as a whole, such as a full table of descriptors: half
/// a look would end what it did not see.
pub(in crate::source) fn look(
    procfs: &Procfs,
    followed: impl Fn(u32) -> bool,
) -> Result<Vec<ProcessFacts>, Errno> {
    let mut table = Vec::new();
    for (pid, _) in procfs.processes()? {
        let Some(stat) = procfs.try_stat(pid)? else { continue };
        if stat.zombie && !has_other_threads(procfs, pid) {
            continue;
        }
        let candidate = followed(pid) || is_agent(procfs, pid);
        table.push(Entry { pid, ppid: stat.ppid, candidate });
    }
    let mut processes = Vec::new();
    for pid in sweep::relevant(&table) {
        let mut buffer = [0; 4096];
        // A process that hides its executable is there all the same.
        let exe = match procfs.exe(pid, &mut buffer) {
            Exe::Path(exe) => Some(exe),
            Exe::Denied => None,
            Exe::Gone if has_other_threads(procfs, pid) => None,
            Exe::Gone => continue,
        };
        let mut facts = procfs.facts(pid, exe);
        if facts.start_ticks.is_some() {
            facts.ancestors = procfs.ancestors(facts.ppid);
            processes.push(facts);
        }
    }
    Ok(processes)
}

/// Whether a process goes on without its first thread, whose end makes it look like a zombie.
pub(in crate::source) fn has_other_threads(procfs: &Procfs, pid: u32) -> bool {
    procfs.threads(pid) > 1
}

fn is_agent(procfs: &Procfs, pid: u32) -> bool {
    match procfs.exe(pid, &mut [0; 4096]) {
        Exe::Path(exe) if is_candidate(exe) && procfs.is_own(pid) == Some(true) => {
            could_be_agent(&procfs.facts(pid, Some(exe)))
        }
        _ => false,
    }
}

/// Whether an executable's path is one that an agent, or an interpreter of one, may have.
pub(in crate::source) fn is_candidate(exe: &[u8]) -> bool {
    let exe = exe.strip_suffix(b" (deleted)").unwrap_or(exe);
    agents::candidate(Some(Path::new(OsStr::from_bytes(exe))), OsStr::new(""))
}
