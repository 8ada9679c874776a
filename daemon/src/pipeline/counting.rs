//! Programs of agents, and how often each was run beside how often that was named.

use std::path::Path;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Coverage;
use trackway_protocol::row::AgentInstall;

use super::Pipeline;
use crate::agents::Install;
use crate::clock;
use crate::event::{FileId, Moment, Opens, State};
use crate::source::Order;

/// How many programs of agents are remembered for `status`.
const MAX_KNOWN: usize = 64;

impl Pipeline {
    pub(super) fn counting(&mut self, binary: FileId, since: Moment) {
        self.counts.counting(binary, since.boot_ns);
        let path = self.counts.path(binary).unwrap_or_default();
        self.outside.snapshot.send_if_modified(|snapshot| {
            let known = snapshot.agents.iter_mut().find(|known| Path::new(&known.exe) == path);
            known.is_some_and(|known| !std::mem::replace(&mut known.counted, true))
        });
    }

    pub(super) fn opened(&mut self, binary: FileId, count: Opens) {
        match count {
            Opens::Counted(times) => self.counts.opened(binary, times),
            Opens::Overflowed => {
                let path = self.counts.path(binary).unwrap_or_default();
                let reason =
                    format!("executions of {} came faster than they were counted", path.display());
                self.open_exec_gap(clock::read().now().at, reason, None);
            }
        }
    }

    /// Has the programs of agents that were found on disk counted.
    pub(super) async fn installed(&mut self, installs: Vec<Install>) {
        for install in installs {
            let exe = install.exe.clone();
            let binary = self.offload.run(move || FileId::of(&exe)).await.flatten();
            if let Some(binary) = binary {
                self.begin_to_count(binary, &install.exe);
            }
            self.know(install.agent, &install.exe, install.version);
        }
    }

    /// Has a binary counted from now on.
    pub(super) fn begin_to_count(&mut self, binary: FileId, exe: &Path) {
        let new = self.counts.add(binary, exe.to_owned());
        if let Some(open_exec) = self.outside.open_exec.as_ref().filter(|_| new) {
            open_exec.order(Order::Count(exe.to_owned()));
        }
    }

    /// Takes an agent's program into `status`.
    pub(super) fn know(&self, agent: &str, exe: &Path, version: Option<String>) {
        let exe = exe.to_string_lossy().into_owned();
        let counted = self.counts.is_counted(exe.as_ref());
        self.outside.snapshot.send_if_modified(|snapshot| {
            let known = snapshot.agents.iter().any(|known| known.exe == exe);
            if !known {
                if snapshot.agents.len() == MAX_KNOWN {
                    snapshot.agents.remove(0);
                }
                snapshot.agents.push(AgentInstall { agent: agent.into(), exe, version, counted });
            }
            !known
        });
    }

    pub(super) fn settle(&mut self, all: bool) {
        for short in self.counts.settle(all) {
            let missed = short.opened - short.named - short.explained;
            let (path, opened, named) = (short.path.display(), short.opened, short.named);
            let mut reason = format!("{path} was run {opened} times, {named} of them were named");
            if short.explained > 0 {
                let explained = short.explained;
                reason.push_str(&format!(
                    ", {explained} may be chores of a running agent or another user's"
                ));
            }
            self.open_exec_gap(short.from, reason, Some(missed));
        }
    }

    pub(super) fn open_exec_gap(&mut self, from: Timestamp, reason: String, missed: Option<u64>) {
        let until = clock::read().now().at.max(from);
        self.coverage(Coverage {
            source: "open-exec".into(),
            state: State::Degraded.as_str().into(),
            from,
            until: Some(until),
            reason,
            missed,
            unit: missed.map(|_| "launches".into()),
            unnamed: None,
        });
    }
}
