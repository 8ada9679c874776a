//! What an export has besides records, so that it can be verified without the ledger.
//!
//! A line is a record, or one of two others that bear a `kind` as records do. `export.omitted` stands
//! for records that are not in the file, because a filter left them out or their bodies were pruned: it
//! has the hashes of the subtrees over them. `export.checkpoint`, the last line, is the signed
//! checkpoint of all.

use serde::{Deserialize, Serialize};

use super::{Envelope, Hash, Span};

const OMITTED: &str = "export.omitted";
const CHECKPOINT: &str = "export.checkpoint";

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportLine<'a> {
    /// A record's own bytes.
    Record(Envelope<'a>),
    /// Records that are not in the file.
    Omitted(ExportOmitted),
    /// The checkpoint of all.
    Checkpoint(ExportCheckpoint),
}

/// Stands for the records `from` to `until`, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOmitted {
    kind: String,
    /// Number of the first record that is left out.
    pub from: u64,
    /// Number of the last.
    pub until: u64,
    /// How many of them have no bodies any more, by the ledger's own word.
    pub pruned: u64,
    /// The hashes of the greatest whole subtrees, from left to right, in base64.
    pub hashes: Vec<String>,
}

/// The end of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportCheckpoint {
    kind: String,
    /// The signed checkpoint; none where the ledger could not be written, and nothing be signed.
    pub note: Option<String>,
    /// The key to verify it with. Whoever changed the file may have changed it too.
    pub key: Option<String>,
}

impl<'a> ExportLine<'a> {
    /// Reads a line; none where it is no line of an export.
    #[must_use]
    pub fn read(line: &'a [u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kind {
            kind: String,
        }
        if let Some(envelope) = Envelope::read(line) {
            return Some(Self::Record(envelope));
        }
        let Kind { kind } = serde_json::from_slice(line).ok()?;
        match &*kind {
            OMITTED => serde_json::from_slice(line).ok().map(Self::Omitted),
            CHECKPOINT => serde_json::from_slice(line).ok().map(Self::Checkpoint),
            _ => None,
        }
    }
}

impl ExportOmitted {
    /// Returns the line for a span of leaves, of which so many are pruned; none for an empty one.
    #[must_use]
    pub fn of(span: &Span, pruned: u64) -> Option<Self> {
        let hashes = span.hashes().map(|hash| hash.to_string()).collect();
        let kind = OMITTED.to_owned();
        (!span.is_empty()).then(|| Self {
            kind,
            from: span.begin() + 1,
            until: span.end(),
            pruned,
            hashes,
        })
    }

    /// Returns the span that it stands for; none where its hashes are not those of one.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let hashes: Option<Vec<_>> =
            self.hashes.iter().map(|hash| Hash::from_base64(hash)).collect();
        Span::from_hashes(self.from.checked_sub(1)?, self.until, hashes?).ok()
    }
}

impl ExportCheckpoint {
    /// Returns the line that ends an export.
    #[must_use]
    pub fn new(note: Option<String>, key: Option<String>) -> Self {
        Self { kind: CHECKPOINT.to_owned(), note, key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_read_as_it_is_written() {
        let mut span = Span::starting_at(3);
        (0..9_u8).for_each(|leaf| span.push(Hash::of_leaf(&[leaf])));
        let omitted = ExportOmitted::of(&span, 2).unwrap();
        assert_eq!((omitted.from, omitted.until), (4, 12));
        let line = serde_json::to_vec(&omitted).unwrap();
        assert_eq!(ExportLine::read(&line), Some(ExportLine::Omitted(omitted.clone())));
        assert_eq!(omitted.span(), Some(span));
        assert_eq!(ExportOmitted::of(&Span::starting_at(3), 0), None);
    }

    #[test]
    fn a_line_of_another_kind_is_none() {
        for line in ["", "{}", "[]", r#"{"kind":"export.omitted"}"#, r#"{"kind":"usage"}"#] {
            assert_eq!(ExportLine::read(line.as_bytes()), None, "{line}");
        }
    }
}
