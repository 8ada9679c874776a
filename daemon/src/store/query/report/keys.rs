//! Keys of tables: numbers that the ledger gave, so that nobody can choose them to collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A set of keys.
pub(super) type Keys = HashSet<i64, BuildHasherDefault<KeyHasher>>;

/// Something of each key.
pub(super) type Keyed<T> = HashMap<i64, T, BuildHasherDefault<KeyHasher>>;

/// Keys as they come, of which each counts once. To sort them at the end takes a fraction of what it
/// takes to look each up.
#[derive(Default)]
pub(super) struct Gathered(Vec<i64>);

impl Gathered {
    pub(super) fn push(&mut self, key: i64) {
        self.0.push(key);
    }

    pub(super) fn extend(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    /// Returns how many different ones there are.
    pub(super) fn count(&self) -> u64 {
        let mut keys = self.0.clone();
        keys.sort_unstable();
        keys.dedup();
        keys.len() as u64
    }
}

/// Spreads a number over all bits, which is a fraction of what the standard hash takes.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_i64(i64::from(*byte)));
    }

    fn write_i64(&mut self, key: i64) {
        let mixed = (self.0 ^ key.cast_unsigned()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
