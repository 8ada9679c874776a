//! What is known of directories and files. Memory is bounded per file: its name once, its cursor,
//! and nothing of what it holds.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tail::Tail;
use super::watch::Watch;
use super::{Cursor, Stored};
use crate::event::FileId;

/// Everything that is followed.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) dirs: BTreeMap<Arc<Path>, Dir>,
    pub(super) files: HashMap<FileId, Known>,
    /// Which directory is which: an alias is not entered twice, and no loop is.
    pub(super) ids: HashMap<FileId, Arc<Path>>,
    pub(super) watches: HashMap<Watch, Arc<Path>>,
}

/// A directory that holds session files, or directories of them.
#[derive(Debug)]
pub(super) struct Dir {
    pub(super) id: FileId,
    pub(super) root: usize,
    pub(super) watch: Option<Watch>,
    pub(super) names: BTreeMap<Arc<OsStr>, FileId>,
}

/// A session file.
#[derive(Debug)]
pub(super) struct Known {
    /// One of its names, while it has any.
    pub(super) dir: Arc<Path>,
    pub(super) name: Arc<OsStr>,
    pub(super) links: u32,
    pub(super) root: usize,
    /// The path at which it was read before it was moved, until that is certain.
    pub(super) was: Option<Box<Path>>,
    pub(super) cursor: Cursor,
    pub(super) origin: Origin,
    pub(super) tail: Tail,
    pub(super) lane: Lane,
    /// What is still to come of the backfill's plan.
    pub(super) planned: u64,
}

/// Where a cursor comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// From nowhere: nothing of the file was handed on.
    Unread,
    /// Lines of the file were handed on in this run.
    Here,
    /// An earlier run.
    Stored,
    /// The file's counterpart, compressed or plain, which may be forgotten before this one is read.
    Counterpart(Box<Stored>),
}

/// Where a file waits to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Nowhere,
    Backlog,
    Live,
}

impl Known {
    pub(super) fn path(&self) -> PathBuf {
        self.dir.join(&*self.name)
    }
}

impl Table {
    /// Gives a name to a file that has it no longer elsewhere, or elsewhere as well.
    pub(super) fn link(&mut self, dir: &Arc<Path>, name: Arc<OsStr>, id: FileId) {
        if let Some(known) = self.files.get_mut(&id) {
            if known.links == 0 && (*known.dir != **dir || known.name != name) {
                let was = known.path().into_boxed_path();
                known.was.get_or_insert(was);
                (known.dir, known.name) = (dir.clone(), name.clone());
            }
            known.links += 1;
        }
        if let Some(dir) = self.dirs.get_mut(dir) {
            dir.names.insert(name, id);
        }
    }

    /// Takes a name away and returns whose it was.
    pub(super) fn unlink(&mut self, dir: &Path, name: &OsStr) -> Option<FileId> {
        let id = self.dirs.get_mut(dir)?.names.remove(name)?;
        let known = self.files.get_mut(&id)?;
        known.links -= 1;
        if known.links > 0 && *known.dir == *dir && *known.name == *name {
            self.rename(id);
        }
        Some(id)
    }

    /// Finds another name of a file with hard links: rare enough to look everywhere.
    fn rename(&mut self, id: FileId) {
        let other = self.dirs.iter().find_map(|(dir, held)| {
            let name = held.names.iter().find(|(_, other)| **other == id)?.0;
            Some((dir.clone(), name.clone()))
        });
        if let (Some((dir, name)), Some(known)) = (other, self.files.get_mut(&id)) {
            let was = known.path().into_boxed_path();
            known.was.get_or_insert(was);
            (known.dir, known.name) = (dir, name);
        }
    }

    /// Returns a directory and all that are below it.
    pub(super) fn tree(&self, dir: &Path) -> Vec<Arc<Path>> {
        let from = self.dirs.range::<Path, _>((Bound::Included(dir), Bound::Unbounded));
        from.map(|(path, _)| path.clone()).take_while(|path| path.starts_with(dir)).collect()
    }

    /// Forgets a directory, but not its files.
    pub(super) fn remove(&mut self, dir: &Path) -> Option<Dir> {
        let removed = self.dirs.remove(dir)?;
        self.ids.remove(&removed.id);
        if let Some(watch) = removed.watch {
            self.watches.remove(&watch);
        }
        Some(removed)
    }
}
