//! The tamper-evident log: the leaf hash of a record. Both programs need it to verify.
//!
//! Leaves follow RFC 6962 §2.1: the hash of a leaf is SHA-256 of a zero byte and the leaf's bytes,
//! so that a leaf can never be passed off as an inner node.

use sha2::{Digest, Sha256};

/// The hash of one record's stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafHash([u8; 32]);

impl LeafHash {
    /// Returns the RFC 6962 leaf hash of a record's bytes, without a line end.
    #[must_use]
    pub fn of(record: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(record);
        Self(hash.finalize().into())
    }

    /// Returns the 32 bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_leaf_hashes_as_rfc_6962_test_vectors_say() {
        // First leaf of the test vectors of certificate-transparency's reference Merkle tree.
        let hex: String = LeafHash::of(b"").as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }
}
