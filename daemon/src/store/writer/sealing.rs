//! When the records are sealed.

use std::time::{Duration, Instant};

/// How often a checkpoint is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealing {
    /// After so many records.
    pub(crate) records: u64,
    /// After this time, also where nothing happened.
    pub(crate) every: Duration,
}

impl Default for Sealing {
    fn default() -> Self {
        Self { records: 1000, every: Duration::from_secs(15 * 60) }
    }
}

/// How long after a checkpoint that could not be made another one is tried.
const AGAIN: Duration = Duration::from_secs(60);

/// When the next checkpoint is due.
#[derive(Debug)]
pub(super) struct Due {
    sealing: Sealing,
    /// Records that are not sealed yet.
    records: u64,
    at: Option<Instant>,
    /// Whether the last one could not be made: then only time makes another one due.
    has_failed: bool,
}

impl Due {
    /// The first is due with the first records.
    pub(super) fn new(sealing: Sealing) -> Self {
        Self { sealing, records: 0, at: None, has_failed: false }
    }

    /// They are made so often from now on; what is due already is not put off.
    pub(super) fn pace(&mut self, sealing: Sealing) {
        self.sealing = sealing;
        let latest = Instant::now() + sealing.every;
        self.at = self.at.map(|at| at.min(latest));
    }

    /// Returns when time makes one due; none before the first.
    pub(super) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Takes note of records that were written.
    pub(super) fn written(&mut self, records: usize) {
        self.records += records as u64;
    }

    /// Whether something was written since.
    pub(super) fn has_unsealed(&self) -> bool {
        self.records > 0
    }

    /// Whether one is due.
    pub(super) fn is_due(&self) -> bool {
        let is_first = self.at.is_none() && self.records > 0;
        let is_time = self.at.is_some_and(|at| at <= Instant::now());
        is_time || !self.has_failed && (is_first || self.records >= self.sealing.records)
    }

    /// One was made.
    pub(super) fn made(&mut self) {
        (self.records, self.has_failed) = (0, false);
        self.at = Some(Instant::now() + self.sealing.every);
    }

    /// One could not be made.
    pub(super) fn failed(&mut self) {
        (self.has_failed, self.at) = (true, Some(Instant::now() + AGAIN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_sealed_is_not_forgotten_and_not_tried_at_every_record() {
        let mut due = Due::new(Sealing { records: 2, every: Duration::from_secs(900) });
        assert!(!due.is_due() && due.at().is_none(), "there is nothing yet");
        due.written(1);
        assert!(due.is_due(), "the first is due with the first records");
        due.made();
        due.written(1);
        assert!(!due.is_due() && due.has_unsealed());
        due.written(1);
        assert!(due.is_due(), "so many came");
        due.failed();
        due.written(5);
        assert!(!due.is_due(), "not before some time has passed");
        assert!(due.has_unsealed(), "at the end it is tried once more");
        assert!(due.at().is_some_and(|at| at <= Instant::now() + AGAIN));
        due.made();
        assert!(!due.is_due() && !due.has_unsealed());
    }

    #[test]
    fn a_shorter_pace_counts_at_once_and_a_longer_one_after_the_next() {
        let every = |secs| Sealing { records: 9, every: Duration::from_secs(secs) };
        let within = |due: &Due, secs| {
            due.at().is_some_and(|at| at <= Instant::now() + Duration::from_secs(secs))
        };
        let mut due = Due::new(every(900));
        due.pace(every(900));
        assert!(due.at().is_none(), "there is nothing yet");
        due.made();
        due.pace(every(60));
        assert!(within(&due, 60));
        due.pace(every(3600));
        assert!(within(&due, 60));
        due.made();
        assert!(!within(&due, 60));
    }
}
