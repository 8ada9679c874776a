//! Compressed session files, decoded piece by piece.
//!
//! The decoder's memory and the length of what it gives are bounded: neither a damaged file nor one
//! made to explode costs more than a large session.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};

use zstd::stream::read::Decoder;

use super::Cursor;
use super::disk::{Look, Unread};
use super::lines::{Lines, Piece, Pumped};
use super::print::{Print, SPAN};
use super::tail::Tail;
use crate::event::FileId;

/// The decoder may look back 8 MiB, as far as any usual level of compression makes it.
const WINDOW_LOG: u32 = 23;
/// A file may decode to so much, whatever its length …
const SMALL: u64 = 64 << 20;
/// … and beyond that to so many times its length …
const RATIO: u64 = 1000;
/// … but never to more.
const LARGEST: u64 = 16 << 30;

/// A file that is being decoded.
pub(super) struct Unpacking {
    pub(super) id: FileId,
    look: Look,
    source: Source,
    lines: Lines,
    /// How far it was read before.
    before: Option<Cursor>,
}

struct Source {
    decoder: Decoder<'static, BufReader<File>>,
    head: Vec<u8>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.decoder.read(buffer)?;
        let wanted = (SPAN - self.head.len()).min(length);
        self.head.extend_from_slice(&buffer[..wanted]);
        Ok(length)
    }
}

/// Where the decoder is, of what was read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    NotYet,
    /// Behind it, and it is the same.
    Whole,
    /// The file holds something else.
    Mismatch,
}

impl Unpacking {
    /// Begins to decode, to go on behind `cursor`.
    pub(super) fn open(file: File, look: Look, cursor: Cursor) -> io::Result<Self> {
        let mut decoder = Decoder::new(file)?;
        decoder.window_log_max(WINDOW_LOG)?;
        let before = (cursor.offset > 0).then_some(cursor);
        let source = Source { decoder, head: Vec::new() };
        Ok(Self { id: look.id, look, source, lines: Lines::new(), before })
    }

    /// Returns whether this is the decoding of the file as it is now, and as far as it was read.
    pub(super) fn is_of(&self, look: &Look, cursor: &Cursor) -> bool {
        let at = self.before.map_or(self.lines.at(), |before| before.offset);
        self.look == *look && at == cursor.offset
    }

    /// Decodes about `budget` bytes of what was read before.
    ///
    /// # Errors
    ///
    /// Those of reading and of the decoder.
    pub(super) fn pass(&mut self, budget: usize) -> io::Result<Passed> {
        let Some(before) = self.before else { return Ok(Passed::Whole) };
        match self.lines.pass(&mut self.source, before.offset, budget)? {
            Some(Pumped::More) => return Ok(Passed::NotYet),
            Some(Pumped::End) if self.print() == before.print => {}
            _ => return Ok(Passed::Mismatch),
        }
        self.lines.resume(before.skipping);
        self.before = None;
        Ok(Passed::Whole)
    }

    /// Decodes about `budget` bytes and hands on their lines, the last one without its newline too.
    ///
    /// # Errors
    ///
    /// Those of reading and of the decoder.
    pub(super) fn pump(
        &mut self,
        budget: usize,
        out: &mut impl FnMut(Piece<'_>),
    ) -> io::Result<Pumped> {
        let pumped = self.lines.pump(&mut self.source, budget, out)?;
        if pumped == Pumped::End {
            self.finish(out);
        }
        Ok(pumped)
    }

    fn finish(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        let mut tail = Tail::default();
        tail.feed(self.lines.held());
        if tail.is_complete() {
            self.lines.release(out);
        }
    }

    /// Returns how far lines were handed on.
    pub(super) fn cursor(&self) -> Cursor {
        let (offset, skipping) = (self.lines.at(), self.lines.skipping());
        Cursor { offset, skipping, print: self.print(), ..Cursor::default() }
    }

    fn print(&self) -> Print {
        Print::new(&self.source.head, self.lines.behind(), self.lines.at())
    }

    /// Returns how much of the file was taken in.
    pub(super) fn taken(&self) -> u64 {
        let mut file = self.source.decoder.get_ref().get_ref();
        file.stream_position().unwrap_or_default()
    }

    /// Whether it gives more than any session.
    pub(super) fn explodes(&self) -> bool {
        let bound = SMALL.saturating_add(self.look.size.saturating_mul(RATIO)).min(LARGEST);
        self.lines.at() > bound
    }
}

/// Returns why a file could not be decoded.
pub(super) fn unread(error: &io::Error) -> Unread {
    match error.raw_os_error() {
        Some(_) => Unread::from_error(error).unwrap_or(Unread::Failed),
        None => Unread::Undecodable,
    }
}
