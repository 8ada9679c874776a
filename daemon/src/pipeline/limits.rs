//! What of launches could not be known, told as coverage.

use std::collections::HashMap;
use std::path::Path;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Coverage;

use super::{LAUNCHES, Pipeline};
use crate::clock;
use crate::event::{ProcessFacts, State};

/// When each limit was told last, in hours since 1970.
#[derive(Debug, Default)]
pub(super) struct Limits(HashMap<&'static str, i64>);

impl Limits {
    fn is_due(&mut self, limit: &'static str, at: Timestamp) -> bool {
        let hour = at.ms().div_euclid(3_600_000);
        self.0.insert(limit, hour) != Some(hour)
    }
}

impl Pipeline {
    /// Says what a launch keeps from us.
    pub(super) fn note_limits(&mut self, facts: &ProcessFacts, at: Timestamp) {
        if facts.cwd.is_none() {
            self.limit(
                "the directory of a launch could not be read: where it works is unknown",
                at,
            );
        }
        if facts.other_namespace == Some(true) {
            let limit = "an agent runs in a container: its paths are the container's own, and which of \
                         this machine's directories and repositories they are is unknown";
            self.limit(limit, at);
        }
    }

    /// A script that may be an agent's lies on a file system that did not answer.
    pub(super) fn unresolved(&mut self, script: &Path) {
        let now = clock::read().now().at;
        self.coverage(Coverage {
            source: LAUNCHES.into(),
            state: State::Degraded.as_str().into(),
            from: now,
            until: Some(now),
            reason: format!(
                "{} was run and could not be looked up in time: it may be an agent",
                script.display()
            ),
            ..Coverage::default()
        });
    }

    fn limit(&mut self, limit: &'static str, at: Timestamp) {
        if !self.limits.is_due(limit, at) {
            return;
        }
        self.coverage(Coverage {
            source: LAUNCHES.into(),
            state: State::Degraded.as_str().into(),
            from: at,
            until: Some(at),
            reason: limit.into(),
            ..Coverage::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_once_an_hour() {
        let mut limits = Limits::default();
        let mut due = |limit, ms| limits.is_due(limit, Timestamp::from_ms(ms));
        assert!(due("a", 0) && due("b", 1));
        assert!(!due("a", 3_599_999));
        assert!(due("a", 3_600_000) && !due("a", 3_600_001));
    }
}
