//! The directories that are watched, and the names of the files in them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use trackway_protocol::ids::Timestamp;

use super::hashed;
use super::rules::Rules;
use crate::source::sessions::watch::Watch;

/// A tree that is watched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Root {
    /// Directories that are watched, and how many of them are ignored.
    pub(super) watched: usize,
    pub(super) ignored: usize,
    /// Directories that are not, at least.
    pub(super) left_out: usize,
    /// When nobody worked in it any more.
    pub(super) left_at: Option<Instant>,
    /// Since when its directory is not there; it may come again.
    pub(super) lost: Option<Timestamp>,
}

/// A watched directory.
#[derive(Debug)]
pub(super) struct Dir {
    /// The tree in which it was found first.
    pub(super) root: Arc<Path>,
    /// The top of the repository that it lies in.
    pub(super) repo: Option<Arc<Path>>,
    pub(super) rules: Rules,
    /// Whether its repository ignores it.
    pub(super) ignored: bool,
    pub(super) watch: Watch,
    /// The files in it that are not ignored.
    pub(super) names: HashSet<u64>,
    /// Whether there are more.
    pub(super) is_partial: bool,
}

/// Everything that is watched.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) roots: BTreeMap<Arc<Path>, Root>,
    /// In order of their paths, so that what lies below one follows it.
    pub(super) dirs: BTreeMap<Arc<Path>, Dir>,
    pub(super) by_watch: HashMap<Watch, Arc<Path>>,
    names: usize,
}

impl Table {
    /// Takes in a directory.
    pub(super) fn insert(&mut self, path: Arc<Path>, dir: Dir) {
        // The same directory under another name: it was moved, or is mounted twice.
        if let Some(other) = self.by_watch.insert(dir.watch, path.clone())
            && other != path
        {
            self.forget_dir(&other);
        }
        if let Some(root) = self.roots.get_mut(&dir.root) {
            root.watched += 1;
            root.ignored += usize::from(dir.ignored);
        }
        self.dirs.insert(path, dir);
    }

    /// Takes out a directory, and returns its watch.
    pub(super) fn remove(&mut self, path: &Path) -> Option<Watch> {
        let watch = self.forget_dir(path)?;
        self.by_watch.remove(&watch);
        Some(watch)
    }

    fn forget_dir(&mut self, path: &Path) -> Option<Watch> {
        let dir = self.dirs.remove(path)?;
        self.names -= dir.names.len();
        if let Some(root) = self.roots.get_mut(&dir.root) {
            root.watched -= 1;
            root.ignored -= usize::from(dir.ignored);
        }
        Some(dir.watch)
    }

    /// Remembers a file, unless there are too many.
    pub(super) fn remember(&mut self, path: &Path, name: &OsStr, most: usize) {
        let Some(dir) = self.dirs.get_mut(path) else { return };
        if self.names < most {
            self.names += usize::from(dir.names.insert(hashed(name)));
        } else {
            dir.is_partial |= !dir.names.contains(&hashed(name));
        }
    }

    /// Forgets a file. Whether it was known.
    pub(super) fn forget(&mut self, path: &Path, name: &OsStr) -> bool {
        let known = self.dirs.get_mut(path).is_some_and(|dir| dir.names.remove(&hashed(name)));
        self.names -= usize::from(known);
        known
    }

    /// Replaces the names of a directory. Returns how many of the former are missing.
    pub(super) fn rename_all(&mut self, path: &Path, names: HashSet<u64>) -> usize {
        let Some(dir) = self.dirs.get_mut(path) else { return 0 };
        let missing = dir.names.difference(&names).count();
        self.names = self.names - dir.names.len() + names.len();
        dir.names = names;
        missing
    }

    /// Lists the directories that were found in a tree first.
    pub(super) fn of_root(&self, root: &Path) -> Vec<Arc<Path>> {
        let of_root = self.dirs.iter().filter(|(_, dir)| *dir.root == *root);
        of_root.map(|(path, _)| path.clone()).collect()
    }

    /// Lists a directory and all below it.
    pub(super) fn below(&self, path: &Path) -> Vec<Arc<Path>> {
        let from = self.dirs.range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        from.map(|(dir, _)| dir.clone()).take_while(|dir| dir.starts_with(path)).collect()
    }
}
