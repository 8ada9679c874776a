//! A look at the whole process table, and what it says about what was missed.

use std::collections::HashMap;

use trackway_protocol::record::{Body, Evidence, LaunchEnded};

use super::Pipeline;
use crate::event::{Moment, ProcessFacts};

impl Pipeline {
    /// Compares the table with the tree: what is new, what runs another program, what is gone.
    pub(super) async fn swept(&mut self, processes: Vec<ProcessFacts>, moment: Moment) {
        let present: HashMap<u32, Option<u64>> =
            processes.iter().map(|facts| (facts.pid, facts.start_ticks)).collect();
        for pid in self.tree.missing(&present) {
            self.exited(pid, None, moment);
        }
        for facts in processes {
            if self.is_news(&facts) {
                let found_running = self.tree.get(facts.pid).is_none();
                self.executed(facts, moment, Evidence::Polled, found_running).await;
            } else {
                self.seen_again(facts, moment).await;
            }
        }
        self.end_open(moment);
        self.last_seen = Some(moment.at);
    }

    fn is_news(&self, facts: &ProcessFacts) -> bool {
        // Another program under the same pid and start time: an exec in place that was missed.
        self.tree.get(facts.pid).is_none_or(|member| member.exe != facts.exe)
    }

    /// An agent that is where it was, or has changed its directory.
    async fn seen_again(&mut self, facts: ProcessFacts, moment: Moment) {
        let Some(launch) = self.tree.get(facts.pid).map(|member| member.launch) else { return };
        if let Some(cwd) = facts.cwd {
            self.is_in(launch, facts.pid, cwd, moment).await;
        }
    }

    /// Ends the launches of a former run that are not there any more. Nobody saw how they ended.
    fn end_open(&mut self, moment: Moment) {
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
