//! What is known of responses, in memory: for tests.

use std::collections::HashMap;

use super::{Count, Entry, Known, Response, Verdict, take};
use crate::session::{Fact, Key, Tokens};

/// A ledger that keeps records of usage, as the daemon would.
#[derive(Default)]
pub(crate) struct Ledger {
    known: Memory,
    pub(crate) records: HashMap<Key, Response>,
}

#[derive(Default)]
pub(crate) struct Memory(HashMap<Key, Vec<u8>>);

impl Known for Memory {
    fn get(&self, key: Key) -> Option<Entry> {
        self.0.get(&key).map(|entry| postcard::from_bytes(entry).unwrap())
    }

    /// Entries are kept as bytes, to prove that they can be.
    fn set(&mut self, key: Key, entry: Entry) {
        self.0.insert(key, postcard::to_stdvec(&entry).unwrap());
    }
}

impl Ledger {
    /// Takes one fact and keeps the records that come of it.
    pub(crate) fn take(&mut self, fact: &Fact) {
        let Verdict { count, gone } = take(fact, &mut self.known);
        if let Some(gone) = gone {
            assert!(self.records.remove(&gone).is_some(), "only what counted goes");
        }
        match count {
            Count::Nothing => {}
            Count::New(key, response) => {
                assert!(self.records.insert(key, *response).is_none(), "new is new");
            }
            Count::Replaces(key, response) => {
                let before = self.records.insert(key, *response).expect("it was there");
                assert_ne!(before, self.records[&key], "a correction corrects");
            }
        }
    }

    pub(crate) fn total(&self) -> Tokens {
        let mut total = Tokens::default();
        self.records.values().for_each(|response| total.add(&response.tokens));
        total
    }
}
