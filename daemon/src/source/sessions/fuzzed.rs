//! What fuzzing reaches of reading session files: lines, however long and in whatever pieces, and
//! compressed files.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};

use rustix::fs::{MemfdFlags, memfd_create};

use super::Cursor;
use super::disk::{Kind, Look};
use super::lines::{Lines, MAX_LINE, Piece, Pumped};
use super::packed::Unpacking;
use crate::event::FileId;

/// Gives a few bytes at a time.
struct Slowly<R>(R, usize);

impl<R: Read> Read for Slowly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = buffer.len().min(self.1);
        self.0.read(&mut buffer[..size])
    }
}

/// Cuts bytes into lines as session files are, the last one without its end too. The first byte is
/// the size of the reads.
pub(crate) fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let Some((size, bytes)) = bytes.split_first() else { return Vec::new() };
    let mut lines = Lines::new();
    let mut found = Vec::new();
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Line(at, line) => {
            let at = usize::try_from(at).expect("it is in memory");
            assert_eq!(&bytes[at..at + line.len()], line);
            assert!(line.len() <= MAX_LINE);
            found.push(line.to_vec());
        }
        Piece::TooLong(..) | Piece::Rest(..) => {}
    };
    let mut source = Slowly(bytes, 1 + 16 * usize::from(*size));
    let budget = 1 + usize::from(*size);
    while lines.pump(&mut source, budget, &mut take).expect("memory has no errors") == Pumped::More
    {
    }
    lines.release(&mut take);
    found
}

/// Lines of any length: three bytes are a byte and how often it stands there. No line beyond the
/// limit is handed on, every other one is, and all bytes are told of in their order.
pub fn long_lines(bytes: &[u8]) {
    /// So many bytes at most: one line beyond the limit, or several up to it.
    const MOST: usize = MAX_LINE + MAX_LINE / 2;
    let mut runs: Vec<(u8, usize)> = Vec::new();
    let mut total = 0;
    for run in bytes.chunks_exact(3).take(64) {
        // Up to the limit and somewhat beyond, in steps that meet it exactly.
        let length = match run[1] {
            0..128 => usize::from(run[1]),
            128..192 => MAX_LINE - 32 + usize::from(run[2] % 64),
            _ => usize::from(run[1]) * 257 * usize::from(run[2]),
        };
        total += length;
        if total > MOST {
            break;
        }
        runs.push((run[0], length));
    }
    let mut source: Box<dyn Read> = Box::new(io::empty());
    for (byte, length) in &runs {
        source = Box::new(source.chain(io::repeat(*byte).take(*length as u64)));
    }
    let (mut longest, mut current, mut expected) = (0, 0, 0_u64);
    for (byte, length) in runs {
        match byte {
            b'\n' if length > 0 => {
                longest = longest.max(current);
                expected += u64::from(current > MAX_LINE);
                current = 0;
            }
            b'\n' => {}
            _ => current += length,
        }
    }
    let mut lines = Lines::new();
    let (mut upto, mut too_long) = (0, 0);
    let mut take = |piece: Piece<'_>| {
        let (at, length) = match piece {
            Piece::Line(at, line) => {
                assert!(line.len() <= MAX_LINE);
                (at, line.len() as u64)
            }
            Piece::TooLong(at, length) => {
                too_long += 1;
                (at, length)
            }
            Piece::Rest(at, length) => (at, length),
        };
        assert!(at >= upto, "twice");
        upto = at + length;
    };
    while lines.pump(&mut source, 1 << 20, &mut take).expect("memory has no errors") == Pumped::More
    {
    }
    assert!(too_long == expected + u64::from(current > MAX_LINE));
    assert!(lines.held().len() <= MAX_LINE, "what is held is bounded as well");
}

/// A compressed file: bounded in what it gives, an error or its lines.
pub fn compressed_sessions(bytes: &[u8]) {
    let memory = memfd_create("fuzzed", MemfdFlags::CLOEXEC).expect("there is memory");
    let mut file = File::from(memory);
    file.write_all(bytes).and_then(|()| file.rewind()).expect("there is memory");
    let id = FileId { device: 0, inode: 0 };
    let look = Look { id, kind: Kind::File, size: bytes.len() as u64, modified_ns: 0 };
    let Ok(mut unpacking) = Unpacking::open(file, look, Cursor::default()) else { return };
    let mut upto = 0;
    let mut take = |piece: Piece<'_>| {
        let (at, length) = match piece {
            Piece::Line(at, line) => (at, line.len() as u64),
            Piece::TooLong(at, length) | Piece::Rest(at, length) => (at, length),
        };
        assert!(at >= upto, "twice");
        upto = at + length;
    };
    // As the follower does: a budget at a time, and no more once it explodes.
    while let Ok(Pumped::More) = unpacking.pump(1 << 20, &mut take) {
        if unpacking.explodes() {
            break;
        }
    }
    assert!(unpacking.taken() <= bytes.len() as u64);
}
