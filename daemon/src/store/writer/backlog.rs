//! What waits to be written, in order.

use std::collections::VecDeque;

use trackway_protocol::record::Record;

use super::super::Draft;

/// Records that wait.
#[derive(Debug, Default)]
pub(super) struct Backlog(VecDeque<Record>);

impl Backlog {
    /// Puts a draft at the end.
    pub(super) fn push(&mut self, draft: Draft) {
        self.0.push_back(draft.into_record());
    }

    /// Puts records at the end that have their ids already.
    pub(super) fn extend(&mut self, records: Vec<Record>) {
        self.0.extend(records);
    }

    /// Returns the first records, `limit` at most.
    pub(super) fn first(&mut self, limit: usize) -> &mut [Record] {
        let length = self.0.len().min(limit);
        &mut self.0.make_contiguous()[..length]
    }

    /// Removes the first `count` records: written, or given up.
    pub(super) fn settle(&mut self, count: usize) {
        self.0.drain(..count);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over what waits.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.0.iter()
    }
}
