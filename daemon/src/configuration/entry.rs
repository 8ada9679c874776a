//! What a file says, key by key: of each value what may stand, and a digest by which a change is
//! known.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One setting, or one member of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The parts of the key.
    pub(super) key: Vec<String>,
    /// Whether it is a member of a list.
    pub(super) is_member: bool,
    /// What may stand of its value.
    pub(super) shown: Option<Value>,
    pub(super) digest: Digest,
}

/// By which equal values are known. It is salted, so that a short secret cannot be found by trying,
/// unless with what the ledger's own directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Digest([u8; 12]);

impl Digest {
    /// Returns the digest of a text as a value.
    pub(super) fn of_text(salt: &[u8], text: &str) -> Self {
        Self::of(salt, &[b"s", text.as_bytes()])
    }

    pub(super) fn of(salt: &[u8], parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let hash = hash.finalize();
        Self(std::array::from_fn(|at| hash[at]))
    }

    /// Returns the digest of what others are digests of, in their order.
    pub(super) fn of_all(salt: &[u8], all: impl IntoIterator<Item = Self>) -> Self {
        let bytes: Vec<u8> = all.into_iter().flat_map(|digest| digest.0).collect();
        Self::of(salt, &[b"all", &bytes])
    }

    /// Returns the digest of a value under a key.
    pub(super) fn of_key(salt: &[u8], key: &str, value: Self) -> Self {
        Self::of(salt, &[key.as_bytes(), &value.0])
    }
}

/// The entries of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entries {
    pub(super) entries: Vec<Entry>,
    /// How many more there are.
    pub(super) left_out: u64,
    /// Keys that one object has twice.
    pub(super) twice: u64,
    /// Keys whose value is the name of what the same file may describe.
    pub(super) names: BTreeSet<Vec<String>>,
}

impl Entries {
    /// Forgets what was said under a key.
    pub(super) fn forget(&mut self, key: &[String]) {
        self.entries.retain(|entry| !entry.key.starts_with(key));
    }
}

impl Entry {
    /// Returns the key in one text.
    pub(super) fn key(&self) -> String {
        joined(self.key.iter().map(String::as_str))
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        (&self.key, self.digest).cmp(&(&other.key, other.digest))
    }
}

/// Returns the parts of a key in one text; those that are no plain words are quoted.
pub(super) fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-@*".contains(&byte);
    let quoted =
        parts.into_iter().map(|part| match !part.is_empty() && part.bytes().all(is_plain) {
            true => part.to_owned(),
            false => format!("\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\"")),
        });
    quoted.collect::<Vec<_>>().join(".")
}

/// Takes a key apart into its parts again.
pub(crate) fn parts(key: &str) -> Vec<String> {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = key.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => part.extend(letters.next()),
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
    }
    parts.push(part);
    parts
}
