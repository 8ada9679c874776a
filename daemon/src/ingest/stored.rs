//! What is kept of a file: the follower's cursor, the parser's state, and what is known besides.
//!
//! The cursor has a fixed form at the front, because it is read for every file at every start; the
//! rest is read when a file grows.

use super::Known;
use crate::source::sessions::{Cursor, Print, Stored};
use crate::store::ingest::File;

/// Offset, fingerprint, size, time of modification, and whether a line is skipped.
const CURSOR: usize = 4 * 8 + 1;

/// What a reader goes on from.
pub(super) struct State {
    pub(super) parser: Vec<u8>,
    pub(super) known: Known,
}

impl State {
    /// Writes what is kept of a file.
    pub(super) fn write(cursor: &Cursor, parser: &[u8], known: &Known) -> Vec<u8> {
        let known = serde_json::to_vec(known).expect("it is plain data");
        let mut value = Vec::with_capacity(CURSOR + 4 + parser.len() + known.len());
        let numbers =
            [cursor.offset, cursor.print.0, cursor.size, cursor.modified_ns.cast_unsigned()];
        numbers.iter().for_each(|number| value.extend_from_slice(&number.to_le_bytes()));
        value.push(cursor.skipping.into());
        value.extend_from_slice(&u32::try_from(known.len()).unwrap_or(u32::MAX).to_le_bytes());
        value.extend_from_slice(&known);
        value.extend_from_slice(parser);
        value
    }

    /// Reads it from what is kept.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        Self::of(value.get(CURSOR..)?)
    }

    /// Reads it from what follows the cursor.
    pub(super) fn of(state: &[u8]) -> Option<Self> {
        let (length, rest) = state.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (known, parser) = rest.split_at_checked(length)?;
        Some(Self { parser: parser.to_owned(), known: serde_json::from_slice(known).ok()? })
    }
}

/// Returns what is kept of a file as the follower wants it.
pub(super) fn stored(file: File) -> Option<Stored> {
    let File { path, mut value } = file;
    let state = value.split_off_checked(CURSOR)?;
    let number = |at: usize| -> Option<u64> {
        Some(u64::from_le_bytes(*value.get(at * 8..)?.first_chunk()?))
    };
    let cursor = Cursor {
        offset: number(0)?,
        print: Print(number(1)?),
        size: number(2)?,
        modified_ns: number(3)?.cast_signed(),
        skipping: value.last() == Some(&1),
    };
    Some(Stored { cursor, path, state })
}

/// [`Vec::split_off`] for what may be too short.
trait SplitOff: Sized {
    fn split_off_checked(&mut self, at: usize) -> Option<Self>;
}

impl SplitOff for Vec<u8> {
    fn split_off_checked(&mut self, at: usize) -> Option<Self> {
        (self.len() >= at).then(|| self.split_off(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_whole() {
        let cursor =
            Cursor { offset: u64::MAX, print: Print(7), skipping: true, size: 3, modified_ns: -1 };
        let known = Known { session: Some("s".into()), placed: true, ..Known::default() };
        let value = State::write(&cursor, b"parser", &known);
        let stored = stored(File { path: "/a".into(), value: value.clone() }).unwrap();
        assert_eq!(stored.cursor, cursor);
        for state in [State::of(&stored.state).unwrap(), State::read(&value).unwrap()] {
            assert_eq!((&state.parser[..], &state.known), (&b"parser"[..], &known));
        }
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let value = State::write(&Cursor::default(), b"", &Known::default());
        for length in 0..value.len() {
            assert!(State::read(&value[..length]).is_none());
        }
        assert!(super::stored(File { path: "/a".into(), value: vec![0; CURSOR - 1] }).is_none());
    }
}
