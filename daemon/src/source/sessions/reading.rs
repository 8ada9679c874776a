//! Files: what is new in one, in slices.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use trackway_protocol::ids::Timestamp;

use super::disk::{self, Look, Unread};
use super::follower::Follower;
use super::layout;
use super::lines::{Lines, MAX_LINE, Piece, Pumped};
use super::packed::{self, Passed, Unpacking};
use super::table::{Lane, Origin};
use super::tail::Tail;
use super::{Closed, Cursor, Cursors, Found, Sink, Skip, Start, Stored};
use crate::event::FileId;

/// How much of a file is read before others have their turn.
pub(super) const SLICE: usize = 4 << 20;

/// Hands pieces on; the sink hears of a file only where there is something for it.
struct Delivery<'a, S: Sink> {
    sink: &'a mut S,
    found: Found<'a>,
    start: Option<Start<'a>>,
}

impl<S: Sink> Delivery<'_, S> {
    fn begin(&mut self) {
        if let Some(start) = self.start.take() {
            self.sink.begin(&self.found, start);
        }
    }

    fn take(&mut self, piece: Piece<'_>) {
        self.begin();
        match piece {
            Piece::Line(at, line) => self.sink.line(at, line),
            Piece::TooLong(at, bytes) => self.sink.skipped(Skip::TooLong, at, bytes),
            Piece::Rest(at, bytes) => self.sink.skipped(Skip::Rest, at, bytes),
        }
    }
}

/// What is said of a file before its lines.
enum Begin {
    New,
    Resumed(Box<Stored>),
    Next,
    Again,
}

impl Begin {
    fn start(&self) -> Start<'_> {
        match self {
            Self::New => Start::New,
            Self::Resumed(stored) => Start::Resumed(stored),
            Self::Next => Start::Next,
            Self::Again => Start::Again,
        }
    }
}

/// How a slice ended.
struct Slice {
    /// Without the file's length and time.
    cursor: Cursor,
    tail: Tail,
    end: SliceEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SliceEnd {
    Whole,
    More,
    Failed(Unread),
}

impl<C: Cursors, S: Sink> Follower<C, S> {
    /// Reads the next slice of a file.
    ///
    /// # Errors
    ///
    /// `Closed` where nobody takes lines any more.
    pub(super) fn read(&mut self, id: FileId, lane: Lane) -> Result<(), Closed> {
        let Some(known) = self.table.files.get(&id).filter(|known| known.links > 0) else {
            return Ok(());
        };
        let (dir, name, path) = (known.dir.clone(), known.name.clone(), known.path());
        match disk::open(&path) {
            Ok(Some((file, look))) if look.id == id => {
                let read = match layout::is_packed(&name) {
                    true => self.read_packed(file, &look, &path)?,
                    false => self.read_plain(&file, &look, &path)?,
                };
                match read {
                    SliceEnd::Whole => self.done(id, u64::MAX),
                    SliceEnd::More => self.enqueue(id, lane, look.modified_ns),
                    SliceEnd::Failed(why) => self.leave(id, &path, why),
                }
            }
            // The name was given to another file, or taken away; what tells so is on its way.
            Ok(Some((_, look))) => self.meet(&dir, &name, &look, lane, true),
            Ok(None) => self.lose(&dir, &name),
            Err(why) => self.leave(id, &path, why),
        }
        Ok(())
    }

    /// A file cannot be read on.
    fn leave(&mut self, id: FileId, path: &Path, why: Unread) {
        self.troubles.insert(path, why);
        self.done(id, u64::MAX);
    }

    /// Counts what was read against the backfill's plan.
    fn done(&mut self, id: FileId, bytes: u64) {
        if let Some(known) = self.table.files.get_mut(&id) {
            let bytes = bytes.min(known.planned);
            known.planned -= bytes;
            self.status.backfill.done_bytes += bytes;
        }
    }

    fn read_plain(&mut self, file: &File, look: &Look, path: &Path) -> Result<SliceEnd, Closed> {
        let Some(known) = self.table.files.get(&look.id) else { return Ok(SliceEnd::Whole) };
        let (mut cursor, mut tail) = (known.cursor, known.tail);
        self.troubles.remove(path);
        let stands = is_same(file, look, &cursor);
        if !stands {
            (cursor, tail) = (Cursor::default(), Tail::default());
        }
        let begin = self.start(look.id, path, stands);
        match probe(file, look, &cursor, &mut tail) {
            Ok(true) => {}
            Ok(false) if !matches!(begin, Begin::Again) => {
                self.keep(look, Slice { cursor, tail, end: SliceEnd::Whole }, false);
                return Ok(SliceEnd::Whole);
            }
            Ok(false) => {}
            Err(error) => return Ok(failed(&error)),
        }
        let read_before = cursor.offset;
        let (slice, begun) = {
            let (mut delivery, lines) = self.delivery(look.id, path, &begin);
            let slice = plain_slice(file, cursor, lines, &mut |piece| delivery.take(piece));
            (slice, delivery.start.is_none())
        };
        self.done(look.id, slice.cursor.offset - read_before);
        self.close(look, slice, begun)
    }

    fn read_packed(&mut self, file: File, look: &Look, path: &Path) -> Result<SliceEnd, Closed> {
        let Some(known) = self.table.files.get(&look.id) else { return Ok(SliceEnd::Whole) };
        let before = known.cursor;
        if (before.size, before.modified_ns) == (look.size, look.modified_ns) {
            self.start(look.id, path, true);
            return Ok(SliceEnd::Whole);
        }
        self.troubles.remove(path);
        let unpacking = self.unpacking.take().filter(|unpacking| unpacking.is_of(look, &before));
        let opened = unpacking.map_or_else(
            || file.try_clone().and_then(|file| Unpacking::open(file, *look, before)),
            Ok,
        );
        let passed = opened.and_then(|mut unpacking| Ok((unpacking.pass(SLICE)?, unpacking)));
        let (unpacking, stands) = match passed {
            Ok((Passed::NotYet, unpacking)) => {
                self.unpacking = Some(unpacking);
                return Ok(SliceEnd::More);
            }
            Ok((Passed::Whole, unpacking)) => (Ok(unpacking), true),
            Ok((Passed::Mismatch, _)) => {
                let again = (&file).rewind();
                (again.and_then(|()| Unpacking::open(file, *look, Cursor::default())), false)
            }
            Err(error) => (Err(error), true),
        };
        match unpacking {
            Ok(unpacking) => self.unpack(unpacking, look, path, stands),
            Err(error) => Ok(self.undecodable(look, packed::unread(&error))),
        }
    }

    /// Hands on the next lines of a compressed file.
    fn unpack(
        &mut self,
        mut unpacking: Unpacking,
        look: &Look,
        path: &Path,
        stands: bool,
    ) -> Result<SliceEnd, Closed> {
        let begin = self.start(look.id, path, stands);
        let (pumped, begun) = {
            let (mut delivery, _) = self.delivery(look.id, path, &begin);
            let pumped = unpacking.pump(SLICE, &mut |piece| delivery.take(piece));
            (pumped, delivery.start.is_none())
        };
        let end = match pumped {
            _ if unpacking.explodes() => SliceEnd::Failed(Unread::TooLarge),
            Ok(Pumped::More) => SliceEnd::More,
            Ok(Pumped::End) => SliceEnd::Whole,
            Err(error) => SliceEnd::Failed(packed::unread(&error)),
        };
        let planned = self.table.files.get(&look.id).map_or(0, |known| known.planned);
        self.done(look.id, planned.saturating_sub(look.size.saturating_sub(unpacking.taken())));
        let (cursor, tail) = (unpacking.cursor(), Tail::default());
        if end == SliceEnd::More {
            self.unpacking = Some(unpacking);
        }
        let closed = self.close(look, Slice { cursor, tail, end }, begun)?;
        Ok(match closed {
            SliceEnd::Failed(why) => self.undecodable(look, why),
            other => other,
        })
    }

    /// A compressed file is not tried again before it changes, or in the next run.
    fn undecodable(&mut self, look: &Look, why: Unread) -> SliceEnd {
        if let Some(known) = self.table.files.get_mut(&look.id).filter(|_| why != Unread::Failed) {
            (known.cursor.size, known.cursor.modified_ns) = (look.size, look.modified_ns);
        }
        SliceEnd::Failed(why)
    }

    /// Keeps how far a file was read, and has it kept where lines were handed on.
    fn close(&mut self, look: &Look, slice: Slice, begun: bool) -> Result<SliceEnd, Closed> {
        let end = slice.end;
        let cursor = self.keep(look, slice, begun);
        if begun {
            self.sink.end(cursor)?;
        }
        Ok(end)
    }

    fn keep(&mut self, look: &Look, slice: Slice, begun: bool) -> Cursor {
        let mut cursor = slice.cursor;
        (cursor.size, cursor.modified_ns) = match slice.end {
            SliceEnd::Whole => (look.size, look.modified_ns),
            _ => (0, 0),
        };
        if let Some(known) = self.table.files.get_mut(&look.id) {
            (known.cursor, known.tail) = (cursor, slice.tail);
            if begun {
                known.origin = Origin::Here;
            }
        }
        cursor
    }

    fn delivery<'a>(
        &'a mut self,
        id: FileId,
        path: &'a Path,
        begin: &'a Begin,
    ) -> (Delivery<'a, S>, &'a mut Lines) {
        let root = &self.roots[self.table.files.get(&id).map_or(0, |known| known.root)];
        let found = Found { agent: root.agent, home: &root.home, path, id };
        let mut delivery = Delivery { sink: &mut self.sink, found, start: Some(begin.start()) };
        if matches!(begin, Begin::Again) {
            // Also where nothing follows: what was before is over.
            delivery.begin();
        }
        (delivery, &mut self.lines)
    }

    /// Decides what the coming lines are, and tells of a move that is certain now. `stands`: the
    /// file still begins with what was read of it.
    fn start(&mut self, id: FileId, path: &Path, stands: bool) -> Begin {
        let Some(known) = self.table.files.get_mut(&id) else { return Begin::New };
        let was = known.was.take();
        let unread = matches!(known.origin, Origin::Unread);
        let begin = match &known.origin {
            Origin::Unread => Begin::New,
            Origin::Counterpart(_) if !stands => Begin::New,
            Origin::Counterpart(stored) => Begin::Resumed(stored.clone()),
            _ if !stands => Begin::Again,
            Origin::Here => Begin::Next,
            Origin::Stored => {
                self.cursors.load(id).map_or(Begin::New, |stored| Begin::Resumed(Box::new(stored)))
            }
        };
        match was.filter(|_| !unread).map(|was| (self.gone(id, &was), was)) {
            Some((Some(_), _)) if stands => self.sink.moved(id, path),
            // The inode of a file that vanished is another's now.
            Some((Some(gone), was)) => {
                self.sink.vanished(id, &was, gone, Timestamp::now());
                return Begin::New;
            }
            _ => {}
        }
        begin
    }
}

fn failed(error: &io::Error) -> SliceEnd {
    SliceEnd::Failed(Unread::from_error(error).unwrap_or(Unread::Failed))
}

/// Whether a file still begins with what was read of it.
fn is_same(file: &File, look: &Look, cursor: &Cursor) -> bool {
    cursor.offset == 0
        || cursor.offset <= look.size
            && disk::print(file, cursor.offset).is_ok_and(|print| print == cursor.print)
}

/// Whether there is anything to hand on. Of a line that has no newline yet only what was appended
/// is looked at: a line that comes in many pieces is not read many times.
fn probe(mut file: &File, look: &Look, cursor: &Cursor, tail: &mut Tail) -> io::Result<bool> {
    let searched = cursor.offset + tail.length;
    if tail.length == 0 || searched > look.size || disk::print(file, searched)? != tail.print {
        *tail = Tail::default();
        return Ok(cursor.offset < look.size);
    }
    file.seek(SeekFrom::Start(searched))?;
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = file.read(&mut buffer)?;
        let new = &buffer[..length];
        if length == 0 {
            tail.print = disk::print(file, cursor.offset + tail.length)?;
            return Ok(tail.is_complete());
        }
        if memchr::memchr(b'\n', new).is_some() || tail.length > MAX_LINE as u64 {
            return Ok(true);
        }
        tail.feed(new);
    }
}

fn plain_slice(
    mut file: &File,
    cursor: Cursor,
    lines: &mut Lines,
    out: &mut impl FnMut(Piece<'_>),
) -> Slice {
    lines.seek(cursor.offset, cursor.skipping);
    let sought = file.seek(SeekFrom::Start(cursor.offset));
    let pumped = sought.and_then(|_| lines.pump(&mut file, SLICE, out));
    let mut tail = Tail::default();
    let end = match pumped {
        Ok(Pumped::More) => SliceEnd::More,
        Err(error) => failed(&error),
        Ok(Pumped::End) => {
            tail.feed(lines.held());
            if tail.is_complete() {
                lines.release(out);
                tail = Tail::default();
            }
            // Of a file that shrinks just now there is none, and the tail is looked at again.
            tail.print = disk::print(file, lines.at() + tail.length).unwrap_or_default();
            SliceEnd::Whole
        }
    };
    let (offset, skipping) = (lines.at(), lines.skipping());
    // A file that shrinks just now has no fingerprint, and begins again.
    let print = disk::print(file, offset).unwrap_or_default();
    lines.seek(0, false);
    Slice { cursor: Cursor { offset, print, skipping, ..Cursor::default() }, tail, end }
}
