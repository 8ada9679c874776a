//! Which processes a kernel source follows: candidates and everything below them.
//!
//! This is the reader thread's own small copy of the tree, so that it knows at once what to read.
//! What the processes mean is the pipeline's business.

use std::collections::{HashMap, HashSet};

/// Slots for the parents of recent forks. Pids are dense: collisions only cost a fallback.
const RECENT: usize = 1 << 14;

/// The followed processes.
#[derive(Debug)]
pub(crate) struct Follow {
    followed: HashSet<u32>,
    /// Those whose first thread has ended, with how and when.
    leaving: HashMap<u32, Left>,
    recent: Vec<(u32, u32)>,
}

/// The end of a process's first thread, or of a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Its wait status; none where the end was found, not told.
    pub(crate) status: Option<u32>,
    /// When it was, by the monotonic clock.
    pub(crate) at_ns: u64,
}

impl Default for Follow {
    fn default() -> Self {
        Self { followed: HashSet::new(), leaving: HashMap::new(), recent: vec![(0, 0); RECENT] }
    }
}

impl Follow {
    /// Begins to follow a process.
    pub(crate) fn insert(&mut self, pid: u32) {
        self.leaving.remove(&pid);
        self.followed.insert(pid);
    }

    /// Whether a process is followed.
    pub(crate) fn contains(&self, pid: u32) -> bool {
        self.followed.contains(&pid)
    }

    /// Forgets everything but these, after a look at the whole process table.
    pub(crate) fn reset(&mut self, pids: impl IntoIterator<Item = u32>) {
        self.followed = pids.into_iter().collect();
        self.leaving.retain(|pid, _| self.followed.contains(pid));
    }

    /// Notes a new process. Returns whether it is followed, as its parent is.
    pub(crate) fn forked(&mut self, parent: u32, child: u32) -> bool {
        self.recent[slot(child)] = (child, parent);
        // The pid is new, so whatever bore it before has ended.
        self.remove(child);
        let follows = self.contains(parent);
        if follows {
            self.insert(child);
        }
        follows
    }

    /// Returns the parent of a process that was forked lately.
    pub(crate) fn parent(&self, pid: u32) -> Option<u32> {
        let (child, parent) = self.recent[slot(pid)];
        (child == pid).then_some(parent)
    }

    /// Notes that a process runs a new program: if its first thread was thought to have ended,
    /// another thread took over its pid by `execve`.
    pub(crate) fn executed(&mut self, pid: u32) {
        self.leaving.remove(&pid);
    }

    /// Notes the end of a process's first thread, or of one after that: the last one's status is
    /// the process's.
    pub(crate) fn leave(&mut self, pid: u32, left: Left) {
        if self.contains(pid) {
            self.leaving.insert(pid, left);
        }
    }

    /// Returns the end of the first thread, where the process may have ended with it.
    pub(crate) fn left(&self, pid: u32) -> Option<Left> {
        self.leaving.get(&pid).copied()
    }

    /// Whether anything is followed.
    pub(crate) fn any(&self) -> bool {
        !self.followed.is_empty()
    }

    /// Whether some process's first thread has ended.
    pub(crate) fn any_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Lists the processes whose first thread has ended.
    pub(crate) fn leaving(&self) -> Vec<u32> {
        self.leaving.keys().copied().collect()
    }

    /// Ends following a process.
    pub(crate) fn remove(&mut self, pid: u32) {
        self.followed.remove(&pid);
        self.leaving.remove(&pid);
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
        follow.remove(11);
        assert!(follow.contains(12) && !follow.contains(11));
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
        let left = Left { status: Some(0x100), at_ns: 5 };
        follow.insert(10);
        follow.leave(10, left);
        assert_eq!((follow.left(10), follow.leaving()), (Some(left), vec![10]));
        follow.executed(10);
        assert_eq!(follow.left(10), None);
        assert!(follow.contains(10));
    }
}
