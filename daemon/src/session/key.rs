//! Keys by which copies of one fact are known.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The first 16 bytes of the SHA-256 of what makes a fact the same fact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key(pub(crate) [u8; 16]);

impl Key {
    /// Returns the key of `parts`, none of which may run into the next. `rule` keeps the keys of
    /// different rules apart.
    pub(crate) fn of(rule: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in [rule.as_bytes()].iter().chain(parts) {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Key::of("r", &[b"ab", b"c"]), Key::of("r", &[b"a", b"bc"]));
        assert_ne!(Key::of("r", &[b"a"]), Key::of("s", &[b"a"]));
        assert_eq!(Key::of("r", &[b"a"]), Key::of("r", &[b"a"]));
    }
}
