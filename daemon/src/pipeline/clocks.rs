//! The clocks: what people read may be set, and a machine may sleep.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Coverage;

use super::Pipeline;
use crate::clock::{self, Change, Clocks};
use crate::event::State;
use crate::source::Order;

impl Pipeline {
    /// Gives a sign of life, and looks at the clocks.
    pub(super) fn heartbeat(&mut self) {
        self.outside.heartbeat.beat();
        self.compare_clocks(clock::read);
    }

    /// Takes note of what happened to the clocks since they were read last.
    pub(super) fn compare_clocks(&mut self, read: impl Fn() -> Clocks) {
        let mut clocks = read();
        if !clocks.changes_since(&self.clocks).is_empty() {
            // A thread that has to wait between two of the clocks sees what never was.
            clocks = read();
        }
        for change in clocks.changes_since(&self.clocks) {
            self.clock_changed(change, self.clocks.now().at, clocks.now().at);
        }
        self.clocks = clocks;
    }

    pub(super) fn clock_changed(&mut self, change: Change, from: Timestamp, until: Timestamp) {
        let reason = match change {
            Change::Suspended(slept) => {
                // The clocks are read one after the other.
                let seconds = (slept.as_millis() + 500) / 1000;
                format!("the machine was suspended for {seconds} s")
            }
            Change::Stepped(ms) => {
                self.links.clock_set(ms);
                self.all_seen = self.all_seen.map(|_| until);
                let (seconds, part) = (ms / 1000, (ms % 1000).abs());
                format!("the clock was set by {seconds}.{part:03} s")
            }
        };
        self.coverage(Coverage {
            source: "clock".into(),
            state: State::Restored.as_str().into(),
            from: from.min(until),
            until: Some(until),
            reason,
            ..Coverage::default()
        });
        if let Some(launches) = &self.outside.launches {
            launches.order(Order::Sweep);
        }
        if let Some(configuration) = &self.outside.configuration {
            configuration.look();
        }
    }
}
