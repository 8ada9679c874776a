//! Fingerprints: whether what was read of a file is still what it begins with.
//!
//! The head tells one session from another, and the bytes before the offset tell a file that was
//! rewritten behind the same head. A file rewritten only in between passes for unchanged.

use sha2::{Digest as _, Sha256};

/// How many bytes of the head, and before the offset, count.
pub(super) const SPAN: usize = 512;

/// Hash of a file's head and of what lies before an offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Print(pub(crate) u64);

impl Print {
    /// Returns the fingerprint at `offset`, of the first and the last [`SPAN`] bytes before it.
    /// Slices may be longer, and are as short as the offset where that is nearer.
    pub(super) fn new(head: &[u8], behind: &[u8], offset: u64) -> Self {
        let span = usize::try_from(offset).unwrap_or(SPAN).min(SPAN);
        let mut hash = Sha256::new();
        hash.update(&head[..span.min(head.len())]);
        hash.update(&behind[behind.len().saturating_sub(span)..]);
        let digest = hash.finalize();
        Self(digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}
