//! Follows the session files of agents: finds them below the agents' homes, reads what is new and
//! hands whole lines on.
//!
//! Lines are not understood here, and nothing is kept of them. One thread owns everything; it sleeps
//! until the kernel tells of a change, so work is proportional to new bytes and to nothing else. A
//! disk that hangs (a dead network mount) holds up this thread alone.
//!
//! # Identity
//!
//! A file is its device and inode, so a file that is moved goes on where it was and a file with two
//! names is read once. What was read of it is checked by a fingerprint before more is read: a file
//! that was truncated, replaced in place or given the inode of a deleted one begins again at 0. A
//! compressed file goes on where the plain one of its name ended, and the reverse.
//!
//! # Lines
//!
//! A line is complete with its newline, or as soon as it is a whole JSON object at the end of the
//! file. Blank lines are none. Lines beyond a bound are passed over and counted.
//!
//! # Order
//!
//! What changes now is read before what lay there at the start, which is read newest first. Both go
//! in slices, so that neither a large file nor many hold up a running session.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use trackway_protocol::ids::Timestamp;

use crate::event::FileId;

mod disk;
mod follower;
#[cfg(all(any(fuzzing, test), target_os = "linux"))]
pub(crate) mod fuzzed;
mod layout;
mod lines;
mod packed;
mod print;
mod reading;
mod roots;
mod scan;
mod status;
mod table;
mod tail;
#[cfg(test)]
mod tests;
pub(crate) mod watch;

#[cfg(test)]
use disk::Unread;
pub(crate) use disk::{Look, read_small};
pub(crate) use follower::{Follower, Orders};
pub(crate) use layout::HISTORY;
pub(crate) use print::Print;
pub(crate) use status::Status;
#[cfg(test)]
use watch::Refused;

/// A directory in which an agent keeps its things. It need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// `claude` or `codex`; homes of others are not followed.
    pub(crate) agent: &'static str,
    /// Absolute.
    pub(crate) dir: PathBuf,
}

/// A session file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) agent: &'static str,
    pub(crate) home: &'a Path,
    pub(crate) path: &'a Path,
    pub(crate) id: FileId,
}

/// How far a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Everything before it was handed on; of a compressed file, of what it decodes to.
    pub(crate) offset: u64,
    /// Of what lies before the offset.
    pub(crate) print: Print,
    /// Whether the offset is inside of a line too long to be read.
    pub(crate) skipping: bool,
    /// The file's length when its end was reached; 0 before that.
    pub(crate) size: u64,
    /// The file's time of modification when its end was reached, in nanoseconds.
    pub(crate) modified_ns: i64,
}

/// What is kept of a file from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) cursor: Cursor,
    pub(crate) path: PathBuf,
    /// Whatever the parser wants to know when it goes on.
    pub(crate) state: Vec<u8>,
}

/// Where cursors are kept. Answers with what the sink was given last, durable or not.
pub(crate) trait Cursors {
    /// Returns what is kept of a file.
    fn load(&mut self, file: FileId) -> Option<Stored>;

    /// Returns what is kept of a file of this name, in whatever directory. Asked only for names that
    /// an agent makes once.
    fn named(&mut self, name: &OsStr) -> Option<Stored>;

    /// Visits all files that are kept below a directory and have not vanished.
    fn each(&mut self, below: &Path, visit: &mut dyn FnMut(FileId, &Path));
}

/// What comes next of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    /// Its first line; nothing is kept of it.
    New,
    /// It goes on where an earlier run, or its counterpart (compressed or plain), ended.
    Resumed(&'a Stored),
    /// It goes on where its last lines of this run ended.
    Next,
    /// Its first line, again: what it held before was truncated or replaced in place.
    Again,
}

/// Why bytes were passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    /// A line that is too long begins.
    TooLong,
    /// It goes on; the line was counted.
    Rest,
}

/// What became of a file that is no longer where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It was deleted, or moved out of sight.
    Deleted,
    /// Another file took its name, or it is compressed now, or no longer.
    Replaced,
}

/// Nobody takes lines any more: the follower ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

/// Takes what the follower finds. It may block; the kernel's queue waits meanwhile, and where that
/// runs over everything is looked at again.
pub(crate) trait Sink {
    /// Lines of this file follow, up to `end`.
    fn begin(&mut self, file: &Found<'_>, start: Start<'_>);

    /// Takes a line, without its newline, that begins at this offset. Any bytes.
    fn line(&mut self, at: u64, line: &[u8]);

    /// Bytes from this offset on were passed over.
    fn skipped(&mut self, why: Skip, at: u64, bytes: u64);

    /// No more for now. To be kept together with what the lines made, or neither.
    ///
    /// # Errors
    ///
    /// `Closed` ends the follower.
    fn end(&mut self, cursor: Cursor) -> Result<(), Closed>;

    /// A file has another path now. What was read of it stays read.
    fn moved(&mut self, file: FileId, path: &Path);

    /// A file was missed at this time, for the first and only time; what is kept of it is to be
    /// forgotten, for its inode will be another file's.
    fn vanished(&mut self, file: FileId, path: &Path, gone: Gone, missed: Timestamp);

    /// A file in which an agent keeps its projects was found, or has been replaced.
    ///
    /// # Errors
    ///
    /// `Closed` ends the follower.
    fn beside(&mut self, _agent: &'static str, _path: &Path) -> Result<(), Closed> {
        Ok(())
    }

    /// Something has changed of how well things go.
    fn status(&mut self, status: &Status);
}
