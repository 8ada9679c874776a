//! Which processes a kernel source follows: candidates and everything below them.
//!
//! This is the reader thread's own small copy of the tree, so that it knows at once what to read.
//! What the processes mean is the pipeline's business.

use std::collections::HashMap;

/// Slots for the parents of recent forks. Pids are dense: collisions only cost a fallback.
const RECENT: usize = 1 << 14;

/// The followed processes, by pid.
#[derive(Debug)]
pub(crate) struct Follow {
    followed: HashMap<u32, Leaving>,
    recent: Vec<(u32, u32)>,
}

/// Whether a followed process's first thread has ended already, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// Its first thread ended with this wait status, at this monotonic time.
    Yes {
        status: u32,
        at_ns: u64,
    },
}

impl Default for Follow {
    fn default() -> Self {
        Self { followed: HashMap::new(), recent: vec![(0, 0); RECENT] }
    }
}

impl Follow {
    /// Begins to follow a process.
    pub(crate) fn insert(&mut self, pid: u32) {
        self.followed.insert(pid, Leaving::No);
    }

    /// Whether a process is followed.
    pub(crate) fn contains(&self, pid: u32) -> bool {
        self.followed.contains_key(&pid)
    }

    /// Forgets everything but these, after a look at the whole process table.
    pub(crate) fn reset(&mut self, pids: impl IntoIterator<Item = u32>) {
        self.followed = pids.into_iter().map(|pid| (pid, Leaving::No)).collect();
    }

    /// Notes a new process. Returns whether it is followed, as its parent is.
    pub(crate) fn forked(&mut self, parent: u32, child: u32) -> bool {
        self.recent[slot(child)] = (child, parent);
        if self.contains(parent) {
            self.insert(child);
            return true;
        }
        // The pid is new, so whatever bore it before has ended.
        self.followed.remove(&child);
        false
    }

    /// Returns the parent of a process that was forked lately.
    pub(crate) fn parent(&self, pid: u32) -> Option<u32> {
        let (child, parent) = self.recent[slot(pid)];
        (child == pid).then_some(parent)
    }

    /// Notes that a followed process runs a new program: if its first thread was thought to have
    /// ended, another thread took over its pid by `execve`.
    pub(crate) fn executed(&mut self, pid: u32) {
        if let Some(leaving) = self.followed.get_mut(&pid) {
            *leaving = Leaving::No;
        }
    }

    /// Notes the end of a process's first thread while others live.
    pub(crate) fn leave(&mut self, pid: u32, status: u32, at_ns: u64) {
        if let Some(leaving) = self.followed.get_mut(&pid) {
            *leaving = Leaving::Yes { status, at_ns };
        }
    }

    /// Returns status and time of the first thread's end, where the rest may have ended now.
    pub(crate) fn left(&self, pid: u32) -> Option<(u32, u64)> {
        match self.followed.get(&pid)? {
            Leaving::No => None,
            Leaving::Yes { status, at_ns } => Some((*status, *at_ns)),
        }
    }

    /// Lists the processes whose first thread has ended.
    pub(crate) fn leaving(&self) -> Vec<u32> {
        let leaving = self.followed.iter().filter(|(_, leaving)| **leaving != Leaving::No);
        leaving.map(|(pid, _)| *pid).collect()
    }

    /// Ends following a process. Returns whether it was followed.
    pub(crate) fn remove(&mut self, pid: u32) -> bool {
        self.followed.remove(&pid).is_some()
    }
}

fn slot(pid: u32) -> usize {
    usize::try_from(pid).unwrap_or(0) % RECENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_the_followed_are_followed() {
        let mut follow = Follow::default();
        follow.insert(10);
        assert!(follow.forked(10, 11));
        assert!(follow.forked(11, 12));
        assert!(!follow.forked(99, 100));
        assert!(follow.remove(11));
        assert!(follow.contains(12));
    }

    #[test]
    fn a_reused_pid_is_a_new_process() {
        let mut follow = Follow::default();
        follow.insert(10);
        assert!(!follow.forked(99, 10));
        assert!(!follow.contains(10));
    }

    #[test]
    fn the_parent_of_a_recent_fork_is_known_until_its_slot_is_taken() {
        let mut follow = Follow::default();
        follow.forked(5, 6);
        assert_eq!(follow.parent(6), Some(5));
        assert_eq!(follow.parent(7), None);
        follow.forked(8, 6 + u32::try_from(RECENT).unwrap());
        assert_eq!(follow.parent(6), None);
    }

    #[test]
    fn an_exec_by_another_thread_revives_the_process() {
        let mut follow = Follow::default();
        follow.insert(10);
        follow.leave(10, 0x100, 5);
        assert_eq!(follow.left(10), Some((0x100, 5)));
        assert_eq!(follow.leaving(), [10]);
        follow.executed(10);
        assert_eq!(follow.left(10), None);
    }
}
