//! Elsewhere the portable table is all there is.

use sysinfo::{Pid, System};

use crate::event::ProcessFacts;

/// Adds the processes above one.
pub(super) fn refine(mut facts: ProcessFacts, system: &System) -> Option<ProcessFacts> {
    let parent = |pid: &u32| {
        system.process(Pid::from_u32(*pid)).and_then(|process| process.parent()).map(Pid::as_u32)
    };
    let chain = std::iter::successors(facts.ppid, parent).take(32);
    facts.ancestors = chain
        .filter_map(|pid| {
            let process = system.process(Pid::from_u32(pid))?;
            let exe = process.exe().and_then(|exe| exe.file_name());
            Some(Ancestor { pid, name: exe.unwrap_or(process.name()).to_owned() })
        })
        .collect();
    Some(facts)
}
