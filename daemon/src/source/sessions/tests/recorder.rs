//! Takes what a follower tells, and keeps cursors in memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use trackway_protocol::ids::Timestamp;

use crate::event::FileId;
use crate::source::sessions::{
    Closed, Cursor, Cursors, Found, Gone, Sink, Skip, Start, Status, Stored,
};

/// One thing that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    New(PathBuf),
    Resumed(PathBuf),
    Again(PathBuf),
    Line(String),
    Skipped(Skip, u64),
    Moved(PathBuf),
    Vanished(PathBuf, Gone),
}

#[derive(Debug, Default)]
struct Book {
    told: Vec<Told>,
    kept: HashMap<FileId, Stored>,
    current: Option<(FileId, PathBuf)>,
    /// All that was told of a file since it was new.
    lines: HashMap<FileId, Vec<String>>,
    status: Status,
    begins: usize,
}

/// Handles to one book: a store and a sink at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Rc<RefCell<Book>>);

impl Recorder {
    /// Takes what was told since the last time.
    pub(super) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.borrow_mut().told)
    }

    /// Takes the lines that were told since the last time.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.take().into_iter().filter_map(|told| match told {
            Told::Line(line) => Some(line),
            _ => None,
        });
        lines.collect()
    }

    pub(super) fn status(&self) -> Status {
        self.0.borrow().status.clone()
    }

    pub(super) fn begins(&self) -> usize {
        self.0.borrow().begins
    }

    /// Returns all lines of a file since it was new or began again.
    pub(super) fn lines_of(&self, id: FileId) -> Vec<String> {
        self.0.borrow().lines.get(&id).cloned().unwrap_or_default()
    }
}

impl Cursors for Recorder {
    fn load(&mut self, file: FileId) -> Option<Stored> {
        self.0.borrow().kept.get(&file).cloned()
    }

    fn named(&mut self, name: &OsStr) -> Option<Stored> {
        let book = self.0.borrow();
        book.kept.values().find(|stored| stored.path.file_name() == Some(name)).cloned()
    }

    fn each(&mut self, below: &Path, visit: &mut dyn FnMut(FileId, &Path)) {
        for (id, stored) in &self.0.borrow().kept {
            if stored.path.starts_with(below) {
                visit(*id, &stored.path);
            }
        }
    }
}

impl Sink for Recorder {
    fn begin(&mut self, file: &Found<'_>, start: Start<'_>) {
        let mut book = self.0.borrow_mut();
        book.begins += 1;
        assert_eq!(book.current, None, "one file at a time");
        assert!(
            file.home.ends_with(format!(".{}", file.agent)) && file.path.starts_with(file.home)
        );
        book.current = Some((file.id, file.path.to_owned()));
        let path = file.path.to_owned();
        match start {
            Start::New => book.told.push(Told::New(path)),
            Start::Again => book.told.push(Told::Again(path)),
            Start::Resumed(stored) => {
                assert_eq!(stored.state, b"state");
                book.told.push(Told::Resumed(path));
                return;
            }
            Start::Next => return,
        }
        book.lines.insert(file.id, Vec::new());
    }

    fn line(&mut self, _at: u64, line: &[u8]) {
        let mut book = self.0.borrow_mut();
        let line = String::from_utf8_lossy(line).into_owned();
        let id = book.current.as_ref().expect("a file was begun").0;
        book.lines.entry(id).or_default().push(line.clone());
        book.told.push(Told::Line(line));
    }

    fn skipped(&mut self, why: Skip, _at: u64, bytes: u64) {
        self.0.borrow_mut().told.push(Told::Skipped(why, bytes));
    }

    fn end(&mut self, cursor: Cursor) -> Result<(), Closed> {
        let mut book = self.0.borrow_mut();
        let (id, path) = book.current.take().expect("a file was begun");
        book.kept.insert(id, Stored { cursor, path, state: b"state".to_vec() });
        Ok(())
    }

    fn moved(&mut self, file: FileId, path: &Path) {
        let mut book = self.0.borrow_mut();
        book.told.push(Told::Moved(path.to_owned()));
        if let Some(stored) = book.kept.get_mut(&file) {
            stored.path = path.to_owned();
        }
    }

    fn vanished(&mut self, file: FileId, path: &Path, gone: Gone, _missed: Timestamp) {
        let mut book = self.0.borrow_mut();
        book.told.push(Told::Vanished(path.to_owned(), gone));
        book.kept.remove(&file);
        book.lines.remove(&file);
    }

    fn status(&mut self, status: &Status) {
        self.0.borrow_mut().status = status.clone();
    }
}
