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
    records: u64,
    at: Option<Instant>,
}

impl Due {
    /// The first is due with the first records.
    pub(super) fn new(sealing: Sealing) -> Self {
        Self { sealing, records: 0, at: None }
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
        is_first || is_time || self.records >= self.sealing.records
    }

    /// One was made.
    pub(super) fn made(&mut self) {
        (self.records, self.at) = (0, Some(Instant::now() + self.sealing.every));
    }

    /// One could not be made.
    pub(super) fn failed(&mut self) {
        (self.records, self.at) = (0, Some(Instant::now() + AGAIN));
    }
}
