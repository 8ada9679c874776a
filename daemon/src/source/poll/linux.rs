//! On Linux `/proc` says more than the portable table does, and says it more exactly.

use sysinfo::System;

use crate::event::ProcessFacts;
use crate::procfs::{Exe, Procfs};

/// Reads a process again in `/proc`; none where it has ended meanwhile.
pub(super) fn refine(facts: ProcessFacts, _system: &System) -> Option<ProcessFacts> {
    let procfs = Procfs::open().ok()?;
    let mut buffer = [0; 4096];
    let Exe::Path(exe) = procfs.exe(facts.pid, &mut buffer) else { return None };
    let mut refined = procfs.facts(facts.pid, Some(exe));
    refined.start_ticks?;
    refined.ancestors = procfs.ancestors(refined.ppid);
    Some(refined)
}
