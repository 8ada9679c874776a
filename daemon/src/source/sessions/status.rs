//! How well it goes: progress, and what is not seen or not read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
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
pub(super) struct Troubles(BTreeMap<PathBuf, Unread>);

impl Troubles {
    pub(super) fn insert(&mut self, path: &Path, why: Unread) {
        if self.0.len() < MAX_UNREAD || self.0.contains_key(path) {
            self.0.insert(path.to_owned(), why);
        }
    }

    pub(super) fn remove(&mut self, path: &Path) {
        if !self.0.is_empty() {
            self.0.remove(path);
        }
    }

    /// Forgets what a directory does not list any more.
    pub(super) fn retain(&mut self, dir: &Path, listed: &BTreeSet<OsString>) {
        let gone = |path: &Path| {
            path.parent() == Some(dir)
                && path.file_name().is_some_and(|name| !listed.contains(name))
        };
        self.0.retain(|path, _| !gone(path));
    }

    /// Forgets a directory and everything in it.
    pub(super) fn remove_tree(&mut self, dir: &Path) {
        self.0.retain(|path, _| !path.starts_with(dir));
    }

    /// Returns the paths that are worth another try.
    pub(super) fn failed(&self) -> impl Iterator<Item = &Path> {
        let failed = self.0.iter().filter(|(_, why)| **why == Unread::Failed);
        failed.map(|(path, _)| path.as_path())
    }

    pub(super) fn counts(&self) -> BTreeMap<Unread, usize> {
        let mut counts = BTreeMap::new();
        for why in self.0.values() {
            *counts.entry(*why).or_default() += 1;
        }
        counts
    }
}
