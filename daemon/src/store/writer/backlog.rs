//! What waits to be written, in order.

use std::collections::VecDeque;

use tokio::sync::oneshot;
use trackway_protocol::record::Record;

use super::super::Draft;

/// Records that wait, and those who wait for them.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    records: VecDeque<Record>,
    /// Records that have left: written or given up.
    settled: u64,
    /// Who waits until how many have left.
    flushes: VecDeque<(u64, oneshot::Sender<u64>)>,
}

impl Backlog {
    /// Puts a draft at the end.
    pub(super) fn push(&mut self, draft: Draft) {
        self.records.push_back(draft.into_record());
    }

    /// Returns the first records, `limit` at most.
    pub(super) fn first(&mut self, limit: usize) -> &mut [Record] {
        let length = self.records.len().min(limit);
        &mut self.records.make_contiguous()[..length]
    }

    /// Removes the first `count` records.
    pub(super) fn settle(&mut self, count: usize) {
        self.records.drain(..count);
        self.settled += count as u64;
    }

    /// Answers `reply` once everything that waits now has left.
    pub(super) fn answer_later(&mut self, reply: oneshot::Sender<u64>) {
        self.flushes.push_back((self.settled + self.records.len() as u64, reply));
    }

    /// Answers those who have waited long enough.
    pub(super) fn answer(&mut self, seq: u64) {
        while let Some((_, reply)) = self.flushes.pop_front_if(|(due, _)| *due <= self.settled) {
            // Who no longer waits needs no answer.
            let _ = reply.send(seq);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Iterates over what waits.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }
}
