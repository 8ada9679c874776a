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
        let candidate = followed(pid) || is_agent(procfs, pid);
        table.push(Entry { pid, ppid: stat.ppid, candidate });
    }
    let mut processes = Vec::new();
    for pid in sweep::relevant(&table) {
        if let Some(facts) = procfs.standing(pid) {
            let ancestors = procfs.ancestors(facts.ppid);
            processes.push(ProcessFacts { ancestors, ..facts });
        }
    }
    Ok(processes)
}

fn is_agent(procfs: &Procfs, pid: u32) -> bool {
    let mut buffer = [0; 4096];
    let is_candidate = match procfs.exe(pid, &mut buffer) {
        Exe::Path(exe) => is_candidate(exe),
        // One that goes on without its first thread, or none.
        Exe::Gone => procfs.living_thread(pid).is_some(),
        Exe::Denied => false,
    };
    is_candidate
        && procfs.is_own(pid) == Some(true)
        && procfs.standing(pid).is_some_and(|facts| !facts.is_becoming && could_be_agent(&facts))
}

/// Whether an executable's path is one that an agent, or an interpreter of one, may have.
pub(in crate::source) fn is_candidate(exe: &[u8]) -> bool {
    let exe = exe.strip_suffix(b" (deleted)").unwrap_or(exe);
    agents::candidate(Some(Path::new(OsStr::from_bytes(exe))), OsStr::new(""))
}
