//! How well it goes: progress, and what is not seen or not read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::disk::Unread;
use super::watch::Refused;

/// So many paths that cannot be read are remembered; the state of more is not.
const MAX_UNREAD: usize = 10_000;

/// What the follower says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) files: usize,
    pub(crate) directories: usize,
    pub(crate) backfill: Backfill,
    /// Directories of which nothing tells that they change: they are looked at every few seconds.
    pub(crate) unwatched: usize,
    /// Why, for the last of them.
    pub(crate) refused: Option<Refused>,
    /// How often the kernel's queue ran over. Everything was looked at again; a file that came and
    /// went meanwhile was not seen.
    pub(crate) overflows: u64,
    /// What looks like a session file or holds some, and is not read.
    pub(crate) unread: BTreeMap<Unread, usize>,
}

/// Reading what lay there at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backfill {
    pub(crate) running: bool,
    pub(crate) done_bytes: u64,
    pub(crate) total_bytes: u64,
}

/// The paths that are not read at present.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    paths: BTreeMap<PathBuf, Unread>,
    /// Whether they were counted as they are.
    counted: bool,
}

impl Troubles {
    pub(super) fn insert(&mut self, path: &Path, why: Unread) {
        if self.paths.len() < MAX_UNREAD || self.paths.contains_key(path) {
            self.paths.insert(path.to_owned(), why);
            self.counted = false;
        }
    }

    pub(super) fn remove(&mut self, path: &Path) {
        if !self.paths.is_empty() {
            self.counted &= self.paths.remove(path).is_none();
        }
    }

    /// Forgets what a directory does not list any more.
    pub(super) fn retain(&mut self, dir: &Path, listed: &BTreeSet<OsString>) {
        self.remove_where(dir, |path| {
            let name = path.file_name().filter(|_| path.parent() == Some(dir));
            name.is_some_and(|name| !listed.contains(name))
        });
    }

    /// Forgets a directory and everything in it.
    pub(super) fn remove_tree(&mut self, dir: &Path) {
        self.remove_where(dir, |_| true);
    }

    fn remove_where(&mut self, dir: &Path, gone: impl Fn(&Path) -> bool) {
        let from = self.paths.range::<Path, _>((Bound::Included(dir), Bound::Unbounded));
        let below = from.map(|(path, _)| path).take_while(|path| path.starts_with(dir));
        for path in below.filter(|path| gone(path)).cloned().collect::<Vec<_>>() {
            self.remove(&path);
        }
    }

    /// Returns the paths that are worth another try.
    pub(super) fn failed(&self) -> impl Iterator<Item = &Path> {
        let failed = self.paths.iter().filter(|(_, why)| **why == Unread::Failed);
        failed.map(|(path, _)| path.as_path())
    }

    /// Counts them; none where nothing has changed since the last time.
    pub(super) fn count(&mut self) -> Option<BTreeMap<Unread, usize>> {
        if std::mem::replace(&mut self.counted, true) {
            return None;
        }
        let mut counts = BTreeMap::new();
        for why in self.paths.values() {
            *counts.entry(*why).or_default() += 1;
        }
        Some(counts)
    }
}
