//! Lines out of a stream of bytes, in bounded memory.
//!
//! A line that is longer than [`MAX_LINE`] is passed over: its bytes are counted, never gathered.
//! Every byte is searched for a newline once.

use std::io::{self, Read};

/// How much is read at once.
const BLOCK: usize = 1 << 20;
/// A longer line is skipped. The longest that agents write hold pasted images.
pub(super) const MAX_LINE: usize = 16 << 20;
/// Bytes before the present offset that stay in the buffer, for the fingerprint.
const BEHIND: usize = super::print::SPAN;

/// What was found; offsets are those of its first byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A whole line without its newline.
    Line(u64, &'a [u8]),
    /// A line too long, so far; what follows of it is `Rest`.
    TooLong(u64, u64),
    Rest(u64, u64),
}

/// Why [`Lines::pump`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    /// The budget is used up.
    More,
    /// There is no more at present.
    End,
}

/// A buffer that is cut into lines.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// What is held: `start..end`, of which nothing before `searched` is a newline.
    start: usize,
    searched: usize,
    end: usize,
    /// Offset of `start` in the stream.
    at: u64,
    /// Whether `at` is inside of a line that is skipped.
    skipping: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        let buffer = vec![0; BLOCK];
        Self { buffer, start: 0, searched: 0, end: 0, at: 0, skipping: false }
    }

    /// Forgets what is held and goes on at another offset.
    pub(super) fn seek(&mut self, at: u64, skipping: bool) {
        if self.buffer.len() > BLOCK {
            // One long line shall not cost its memory for ever.
            self.buffer = vec![0; BLOCK];
        }
        (self.start, self.searched, self.end) = (0, 0, 0);
        (self.at, self.skipping) = (at, skipping);
    }

    /// Says whether the present offset is inside of a line that is skipped.
    pub(super) fn resume(&mut self, skipping: bool) {
        self.skipping = skipping;
    }

    /// Returns the offset up to which lines were handed on.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Returns whether the offset is inside of a line that is skipped.
    pub(super) fn skipping(&self) -> bool {
        self.skipping
    }

    /// Returns the line that has no newline yet.
    pub(super) fn held(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Returns bytes directly before the offset: all, or as many as fingerprints need.
    pub(super) fn behind(&self) -> &[u8] {
        &self.buffer[self.start.saturating_sub(BEHIND)..self.start]
    }

    /// Takes what is held as it is.
    pub(super) fn release(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        out(Piece::Line(self.at, &self.buffer[self.start..self.end]));
        self.advance(self.end);
    }

    /// Passes over bytes without looking for lines, up to `target`. None where the stream is
    /// shorter.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub(super) fn pass(
        &mut self,
        source: &mut impl Read,
        target: u64,
        budget: usize,
    ) -> io::Result<Option<Pumped>> {
        let mut read = 0;
        loop {
            let ahead = usize::try_from(target - self.at).unwrap_or(usize::MAX);
            self.advance(self.end.min(self.start.saturating_add(ahead)));
            if self.at == target {
                return Ok(Some(Pumped::End));
            }
            if read >= budget {
                return Ok(Some(Pumped::More));
            }
            match self.fill(source)? {
                0 => return Ok(None),
                length => read += length,
            }
        }
    }

    /// Reads about `budget` bytes and hands on the lines that end in them.
    ///
    /// # Errors
    ///
    /// Those of the stream. What was handed on before stays so.
    pub(super) fn pump(
        &mut self,
        source: &mut impl Read,
        budget: usize,
        out: &mut impl FnMut(Piece<'_>),
    ) -> io::Result<Pumped> {
        let (mut read, from) = (0, self.at);
        loop {
            self.cut(out);
            // A budget never ends inside of the first line: then the next would begin there again.
            if read >= budget && self.at > from {
                return Ok(Pumped::More);
            }
            match self.fill(source)? {
                0 => return Ok(Pumped::End),
                length => read += length,
            }
        }
    }

    /// Hands on the lines that end in what is held.
    fn cut(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        let (from, end) = (self.searched, self.end);
        for newline in memchr::memchr_iter(b'\n', &self.buffer[from..end]).map(|at| from + at) {
            let line = &self.buffer[self.start..newline];
            match self.skipping {
                true => out(Piece::Rest(self.at, line.len() as u64)),
                false if line.len() > MAX_LINE => {
                    out(Piece::TooLong(self.at, line.len() as u64));
                }
                // The newline of a line that was taken before it had one leaves a blank.
                false if line.len() < 3 && line.trim_ascii().is_empty() => {}
                false => out(Piece::Line(self.at, line)),
            }
            self.skipping = false;
            self.at += (newline + 1 - self.start) as u64;
            self.start = newline + 1;
        }
        self.searched = end;
        let held = (end - self.start) as u64;
        if self.skipping && held > 0 {
            out(Piece::Rest(self.at, held));
            self.advance(end);
        } else if held > MAX_LINE as u64 {
            out(Piece::TooLong(self.at, held));
            self.skipping = true;
            self.advance(end);
        }
    }

    fn advance(&mut self, to: usize) {
        self.at += (to - self.start) as u64;
        self.start = to;
        self.searched = self.searched.max(to);
    }

    fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        if self.end == self.buffer.len() {
            self.make_room();
        }
        let length = loop {
            match source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += length;
        Ok(length)
    }

    /// Moves what is held to the front, or makes the buffer larger where that gains little.
    fn make_room(&mut self) {
        let kept = self.start.saturating_sub(BEHIND);
        self.buffer.copy_within(kept..self.end, 0);
        self.start -= kept;
        self.searched -= kept;
        self.end -= kept;
        if self.end > self.buffer.len() / 2 {
            let larger = (self.buffer.len() * 2).min(MAX_LINE + 2 * BLOCK);
            self.buffer.resize(larger, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Got {
        Line(u64, Vec<u8>),
        TooLong(u64, u64),
        Rest(u64),
    }

    fn own(piece: Piece<'_>) -> Got {
        match piece {
            Piece::Line(at, line) => Got::Line(at, line.to_vec()),
            Piece::TooLong(at, bytes) => Got::TooLong(at, bytes),
            Piece::Rest(_, bytes) => Got::Rest(bytes),
        }
    }

    fn all(lines: &mut Lines, mut source: impl Read, budget: usize) -> Vec<Got> {
        let mut got = Vec::new();
        while lines.pump(&mut source, budget, &mut |piece| got.push(own(piece))).unwrap()
            == Pumped::More
        {}
        got
    }

    #[test]
    fn blanks_are_no_lines_and_an_unfinished_line_is_held() {
        let mut lines = Lines::new();
        let got = all(&mut lines, &b"a\n\n\r\n\0\xff\nrest"[..], 1);
        assert_eq!(got, [Got::Line(0, b"a".into()), Got::Line(5, b"\0\xff".into())]);
        assert_eq!((lines.at(), lines.held()), (8, &b"rest"[..]));
        assert_eq!(lines.behind(), b"a\n\n\r\n\0\xff\n");
    }

    #[test]
    fn a_line_beyond_the_bound_is_counted_and_costs_no_memory() {
        let long = 100_u64 << 20;
        let stream = io::repeat(b'x').take(long).chain(&b"\nnext\n"[..]);
        let mut lines = Lines::new();
        let got = all(&mut lines, stream, BLOCK);
        assert!(lines.buffer.len() <= MAX_LINE + 2 * BLOCK);
        let skipped: u64 = got
            .iter()
            .map(|got| match got {
                Got::TooLong(0, bytes) | Got::Rest(bytes) => *bytes,
                _ => 0,
            })
            .sum();
        assert_eq!(skipped, long);
        assert_eq!(got.iter().filter(|got| matches!(got, Got::TooLong(..))).count(), 1);
        assert_eq!(got.last(), Some(&Got::Line(long + 1, b"next".into())));
        lines.seek(0, false);
        assert_eq!(lines.buffer.len(), BLOCK);
    }

    #[test]
    fn a_line_of_the_bound_is_whole() {
        let stream = io::repeat(b'x').take(MAX_LINE as u64).chain(&b"\n"[..]);
        let got = all(&mut Lines::new(), stream, 1);
        assert!(matches!(&got[..], [Got::Line(0, line)] if line.len() == MAX_LINE));
    }

    /// Reads in pieces of the given sizes.
    struct Pieces<'a>(&'a [u8], std::iter::Cycle<std::vec::IntoIter<usize>>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.next().unwrap().min(buffer.len());
            self.0.read(&mut buffer[..size])
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_a_simple_split(
            bytes in prop::collection::vec(prop::sample::select(b"ab\n\r\0".to_vec()), 0..200),
            pieces in prop::collection::vec(1_usize..9, 1..5),
            budget in 1_usize..20,
        ) {
            let mut lines = Lines::new();
            let got = all(&mut lines, Pieces(&bytes, pieces.into_iter().cycle()), budget);
            let mut expected = Vec::new();
            let mut at = 0;
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                let whole = line.strip_suffix(b"\n");
                // Blanks of three bytes and more are the parser's.
                if let Some(line) = whole.filter(|line| line.len() > 2 || !line.trim_ascii().is_empty()) {
                    expected.push(Got::Line(at, line.to_vec()));
                }
                at += if whole.is_some() { line.len() as u64 } else { 0 };
            }
            prop_assert_eq!(got, expected);
            prop_assert_eq!(lines.at(), at);
        }
    }
}
