//! Which of all processes matter: candidates, and everything below them.

use std::collections::{HashMap, HashSet};

use crate::agents::{self, Image};
use crate::event::ProcessFacts;

/// One process of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    /// Whether it could be an agent.
    pub(crate) candidate: bool,
}

/// Returns the candidates and all their descendants, parents first.
pub(crate) fn relevant(table: &[Entry]) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in table {
        children.entry(entry.ppid).or_default().push(entry.pid);
    }
    let mut queue: Vec<u32> =
        table.iter().filter(|entry| entry.candidate).map(|entry| entry.pid).collect();
    let mut seen = HashSet::new();
    let mut relevant = Vec::new();
    let mut next = 0;
    while let Some(pid) = queue.get(next).copied() {
        next += 1;
        if seen.insert(pid) {
            relevant.push(pid);
            queue.extend(children.get(&pid).into_iter().flatten());
        }
    }
    parents_first(relevant, table)
}

/// Whether what was read of a process may be an agent; an interpreter's script decides later.
pub(super) fn could_be_agent(facts: &ProcessFacts) -> bool {
    let (no_argv, no_env) = Default::default();
    let argv = facts.argv.as_ref().unwrap_or(&no_argv);
    let env = facts.env.as_ref().unwrap_or(&no_env);
    let image = Image { exe: facts.exe.as_deref(), argv, script: None, env };
    agents::recognise(&image).is_some() || agents::script_argument(&image).is_some()
}

/// Orders by depth, so that whoever reads the list knows a parent before its children.
fn parents_first(mut pids: Vec<u32>, table: &[Entry]) -> Vec<u32> {
    let parents: HashMap<u32, u32> = table.iter().map(|entry| (entry.pid, entry.ppid)).collect();
    let depth = |pid: u32| {
        let up = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
        // A table read while it changes may hold a circle.
        up.take(table.len()).count()
    };
    pids.sort_by_cached_key(|pid| depth(*pid));
    pids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: u32, ppid: u32, candidate: bool) -> Entry {
        Entry { pid, ppid, candidate }
    }

    #[test]
    fn candidates_and_what_is_below_them_matter_parents_first() {
        let table = [
            entry(30, 20, false),
            entry(20, 10, false),
            entry(10, 1, true),
            entry(11, 1, false),
            entry(25, 20, true),
            entry(1, 0, false),
        ];
        let relevant = relevant(&table);
        assert_eq!(relevant[..2], [10, 20]);
        assert_eq!(relevant.len(), 4);
    }

    #[test]
    fn a_table_that_changed_while_it_was_read_ends_all_the_same() {
        let table = [entry(1, 2, true), entry(2, 1, false), entry(3, 3, true)];
        assert_eq!(relevant(&table).len(), 3);
    }
}
