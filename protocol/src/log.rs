//! The tamper-evident log: what both programs need to seal the records and to verify them.
//!
//! The records' stored bytes are the leaves of a Merkle tree after RFC 6962 §2.1. Leaves and inner
//! nodes are hashed with different first bytes, so that one can never be passed off as the other.
//! The daemon signs the tree's root from time to time: a [`Checkpoint`], in the text format of C2SP
//! `tlog-checkpoint`, in a signed note of C2SP `signed-note`. Other programs read both.
//!
//! Nothing here reads a clock, and but for [`append_note`] nothing touches a file.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

mod checkpoint;
mod copy;
mod envelope;
mod export;
mod note;
mod span;
mod verify;

pub use checkpoint::Checkpoint;
pub use copy::append_note;
pub use envelope::Envelope;
pub use export::{ExportCheckpoint, ExportLine, ExportOmitted};
pub use note::{KeyError, Note, NoteError, Notes, Signature, Signer, VerifierKey};
pub use span::{NotAligned, Span};
pub use verify::{Fault, Kept, MOST_UNSEALED, Seal, Verdict, Verification, Verifier};

/// A SHA-256 hash in the tree: of a leaf, or of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Returns the hash of a leaf: a record's bytes, without a line end.
    #[must_use]
    pub fn of_leaf(record: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(record);
        Self(hash.finalize().into())
    }

    /// Returns the hash of an inner node.
    #[must_use]
    pub fn of_children(left: &Self, right: &Self) -> Self {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the root of a tree without leaves.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Returns the hash that these 32 bytes are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads a hash in base64; none where it is not exactly one.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

/// In base64, as checkpoints have it.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: Hash) -> String {
        hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_empty_leaf_and_the_empty_tree_hash_as_rfc_6962_s_test_vectors_say() {
        // Of the test vectors of certificate-transparency's reference Merkle tree.
        let leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(hex(Hash::of_leaf(b"")), leaf);
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(Hash::of_nothing()), nothing);
    }

    #[test]
    fn a_hash_is_read_as_it_is_written_and_nothing_else_is() {
        let hash = Hash::of_leaf(b"a");
        let text = hash.to_string();
        assert_eq!(Hash::from_base64(&text), Some(hash));
        for other in ["", "AAAA", &text[1..], &format!("{text} "), &text.replace('=', "")] {
            assert_eq!(Hash::from_base64(other), None, "{other}");
        }
    }
}
