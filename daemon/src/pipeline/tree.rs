//! The tree of processes at and below agents.

use std::collections::HashMap;
use std::path::PathBuf;

use trackway_protocol::ids::LaunchId;

use crate::agents::Role;

/// A process at or below an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) launch: LaunchId,
    /// What it is to the agent; none for programs that are not the agent's own.
    pub(crate) role: Option<Role>,
    /// Whether it, or a process above it, carries the mark of a tool call of its launch.
    pub(crate) tool_call: bool,
    /// The shell call that it is a part of.
    pub(crate) call: Option<u64>,
    pub(crate) exe: Option<PathBuf>,
    /// Absent until it was read: a fresh fork.
    pub(crate) start_ticks: Option<u64>,
    /// When it was read, by the boottime clock: an exec from before is no news.
    pub(crate) read_ns: u64,
}

/// Members by pid. The kernel's events keep it true; a sweep repairs it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    members: HashMap<u32, Member>,
    /// How many members each shell call has.
    calls: HashMap<u64, usize>,
    /// Calls that have lost their last one.
    ended: Vec<u64>,
}

impl Tree {
    pub(crate) fn get(&self, pid: u32) -> Option<&Member> {
        self.members.get(&pid)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Member)> {
        self.members.iter().map(|(pid, member)| (*pid, member))
    }

    pub(crate) fn insert(&mut self, pid: u32, member: Member) {
        // Before the former bearer goes: it may be the same call's.
        if let Some(call) = member.call {
            *self.calls.entry(call).or_default() += 1;
        }
        let former = self.members.insert(pid, member);
        self.leave_call(former.as_ref());
    }

    pub(crate) fn remove(&mut self, pid: u32) -> Option<Member> {
        let former = self.members.remove(&pid);
        self.leave_call(former.as_ref());
        former
    }

    fn leave_call(&mut self, member: Option<&Member>) {
        let Some(call) = member.and_then(|member| member.call) else { return };
        if let Some(left) = self.calls.get_mut(&call) {
            *left -= 1;
            if *left == 0 {
                self.calls.remove(&call);
                self.ended.push(call);
            }
        }
    }

    /// Returns the shell calls that have ended since it was last asked.
    pub(crate) fn take_ended_calls(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.ended)
    }

    /// Adds the child of a member: until it runs a program of its own, it is what its parent is
    /// below, but none of the agent's own processes.
    pub(crate) fn forked(&mut self, parent: u32, child: u32) {
        match self.members.get(&parent) {
            Some(member) => {
                let member = Member { role: None, start_ticks: None, ..member.clone() };
                self.insert(child, member);
            }
            None => drop(self.remove(child)),
        }
    }

    /// Lists the members that a sweep did not find, or found to be another process.
    pub(crate) fn missing(&self, present: &HashMap<u32, Option<u64>>) -> Vec<u32> {
        let gone = self.members.iter().filter(|(pid, member)| match present.get(pid) {
            None => true,
            Some(ticks) => member.start_ticks.is_some() && member.start_ticks != *ticks,
        });
        gone.map(|(pid, _)| *pid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(start_ticks: Option<u64>) -> Member {
        Member {
            launch: LaunchId::default(),
            role: Some(Role::Agent),
            tool_call: true,
            call: None,
            exe: None,
            start_ticks,
            read_ns: 0,
        }
    }

    #[test]
    fn a_fork_inherits_the_tool_call_but_not_the_role() {
        let mut tree = Tree::default();
        tree.insert(1, member(Some(5)));
        tree.forked(1, 2);
        let child = tree.get(2).unwrap();
        assert_eq!((child.role, child.tool_call, child.start_ticks), (None, true, None));
    }

    #[test]
    fn a_call_ends_with_its_last_process() {
        let mut tree = Tree::default();
        let of_call = |call| Member { call: Some(call), ..member(Some(5)) };
        tree.insert(1, of_call(7));
        tree.forked(1, 2);
        tree.insert(2, of_call(7));
        tree.remove(1);
        assert_eq!(tree.take_ended_calls(), [0; 0], "its child goes on");
        tree.insert(2, member(Some(6)));
        assert_eq!(tree.take_ended_calls(), [7]);
        assert_eq!(tree.take_ended_calls(), [0; 0]);
    }

    #[test]
    fn a_stranger_with_a_reused_pid_leaves_the_tree() {
        let mut tree = Tree::default();
        tree.insert(2, member(Some(5)));
        tree.forked(99, 2);
        assert_eq!(tree.get(2), None);
    }

    #[test]
    fn a_pid_with_another_start_time_is_missing() {
        let mut tree = Tree::default();
        tree.insert(1, member(Some(5)));
        tree.insert(2, member(None));
        tree.insert(3, member(Some(6)));
        let present = HashMap::from([(1, Some(7)), (2, Some(1)), (3, Some(6))]);
        assert_eq!(tree.missing(&present), [1]);
    }
}
