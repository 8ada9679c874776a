//! Which keys are certainly not kept, without asking the database: a Bloom filter.
//!
//! At a first start nothing is kept yet, and nearly every key that is asked for is new. The filter
//! begins with an empty table, is told of every key that is set, and is dropped when everything was
//! read once.

use super::Key;

/// Its size as a power of two: 4 MiB, enough for the keys of some gigabytes of session files.
const BITS: u32 = 25;

/// The keys that may be kept.
#[derive(Debug)]
pub(super) struct Filter(Box<[u64]>);

impl Filter {
    pub(super) fn new() -> Self {
        Self(vec![0; 1 << (BITS - u64::BITS.ilog2())].into())
    }

    pub(super) fn insert(&mut self, key: Key) {
        for (word, bit) in places(key) {
            self.0[word] |= bit;
        }
    }

    /// False only where the key was never inserted.
    pub(super) fn may_have(&self, key: Key) -> bool {
        places(key).iter().all(|(word, bit)| self.0[*word] & bit != 0)
    }
}

/// Returns the three bits that stand for a key, whose bytes are a hash already.
fn places(key: Key) -> [(usize, u64); 3] {
    [0, 4, 8].map(|at| {
        let part = u32::from_le_bytes([key[at], key[at + 1], key[at + 2], key[at + 3]]);
        let bit = part >> (u32::BITS - BITS);
        ((bit / u64::BITS) as usize, 1 << (bit % u64::BITS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Key {
        crate::session::Key::of("test", &[&number.to_le_bytes()]).0
    }

    #[test]
    fn what_was_inserted_may_be_there_and_nearly_nothing_else() {
        let mut filter = Filter::new();
        (0..100_000).for_each(|number| filter.insert(key(number)));
        assert!((0..100_000).all(|number| filter.may_have(key(number))));
        let false_hits = (100_000..200_000).filter(|number| filter.may_have(key(*number))).count();
        assert!(false_hits < 10, "{false_hits}");
    }
}
