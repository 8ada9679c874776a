//! A look at the whole process table, and what it says about what was missed.

use std::collections::HashMap;

use trackway_protocol::record::{Body, Evidence, LaunchEnded};

use super::Pipeline;
use crate::event::{Moment, ProcessFacts};

impl Pipeline {
    /// Compares the table with the tree: what is new, what runs another program, what is gone.
    pub(super) async fn swept(&mut self, processes: Vec<ProcessFacts>, moment: Moment) {
        let is_relearning = std::mem::take(&mut self.is_relearning);
        let present: HashMap<u32, Option<u64>> =
            processes.iter().map(|facts| (facts.pid, facts.start_ticks)).collect();
        for pid in self.tree.missing(&present) {
            self.exited(pid, None, moment);
        }
        self.end_missing(&present, moment);
        for facts in processes {
            if self.is_news(&facts, is_relearning) {
                let found = self.tree.get(facts.pid).is_none();
                self.executed(facts, moment, Evidence::Polled, found).await;
            } else {
                self.seen_again(facts, moment).await;
            }
        }
        self.end_open(moment);
    }

    /// Ends what the tree has lost sight of and the table does not have either.
    fn end_missing(&mut self, present: &HashMap<u32, Option<u64>>, moment: Moment) {
        let processes = self.live.values().flat_map(|live| live.processes.keys());
        let gone: Vec<u32> = processes.filter(|pid| !present.contains_key(pid)).copied().collect();
        for pid in gone {
            self.process_ended(pid, None, moment);
        }
    }

    fn is_news(&self, facts: &ProcessFacts, is_relearning: bool) -> bool {
        // Another program under the same pid and start time: an exec in place that was missed.
        // One that hides its executable now is the one that it was.
        let shown = facts.exe.is_some();
        let differs = || {
            let known = self.tree.get(facts.pid);
            known.is_none_or(|member| shown && member.exe != facts.exe)
        };
        facts.told.filter(|_| !is_relearning).map_or_else(differs, |told| !told)
    }

    /// An agent that is where it was, or has changed its directory.
    async fn seen_again(&mut self, facts: ProcessFacts, moment: Moment) {
        let Some(launch) = self.tree.get(facts.pid).map(|member| member.launch) else { return };
        if let Some(live) = self.live.get_mut(&launch) {
            live.seen = moment.at;
        }
        if let Some(cwd) = facts.cwd {
            self.is_in(launch, facts.pid, cwd, moment).await;
        }
    }

    /// Ends the launches of a former run that are not there any more. Nobody saw how they ended.
    fn end_open(&mut self, moment: Moment) {
        let over: Vec<_> = self.open.keys().copied().collect();
        self.find_downtime(&over, moment.at);
        for (launch, _) in std::mem::take(&mut self.open) {
            let ended = LaunchEnded {
                launch,
                exit_code: None,
                signal: None,
                unknown: true,
                duration_ms: None,
                last_seen: self.last_seen,
                unread_execs: 0,
            };
            self.draft(moment.at, Evidence::Polled, Body::LaunchEnded(ended));
        }
    }
}
