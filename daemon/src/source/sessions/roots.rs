//! Where to begin: the directories below homes that hold session files, and the ones above them that
//! tell when they come, go or are replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Kind, Unread};
use super::follower::Follower;
use super::layout::{self, Layout};
use super::scan::Scan;
use super::table::Lane;
use super::watch::{Change, Scope, Watch};
use super::{Closed, Cursors, Home, Sink};
use crate::event::FileId;

/// A directory that is followed with all below it, whether it exists or not.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) agent: &'static str,
    pub(super) layout: &'static Layout,
    pub(super) home: Arc<Path>,
    pub(super) path: Arc<Path>,
    /// The directory that was there when it was looked at last.
    found: Option<FileId>,
    /// Whether other machines may change it.
    pub(super) remote: bool,
    /// Whether what an earlier run knew was compared with what is there.
    pub(super) compared: bool,
}

/// A file of an agent's that is replaced as a whole, and read by whoever takes lines.
#[derive(Debug)]
pub(super) struct Beside {
    agent: &'static str,
    path: PathBuf,
    /// Whether it is to be told: after all session files, which tell more.
    is_due: bool,
}

/// Directories above the roots that are watched for names.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    watched: BTreeMap<PathBuf, Watch>,
    /// How many could not be watched.
    pub(super) refused: usize,
}

impl<C: Cursors, S: Sink> Follower<C, S> {
    /// Follows a home, once.
    pub(super) fn follow(&mut self, home: Home) {
        let dir: Arc<Path> = home.dir.into();
        let layouts = Layout::of(home.agent);
        for (layout, name) in
            layouts.flat_map(|layout| layout.roots.iter().map(move |it| (layout, it)))
        {
            let path = if name.is_empty() { dir.clone() } else { dir.join(name).into() };
            if self.roots.iter().all(|root| root.path != path) {
                let (agent, home) = (home.agent, dir.clone());
                let (found, remote, compared) = (None, false, false);
                self.roots.push(Root { agent, layout, home, path, found, remote, compared });
            }
        }
        for path in layout::beside(home.agent, &dir) {
            if self.besides.iter().all(|known| known.path != path) {
                self.besides.push(Beside { agent: home.agent, path, is_due: true });
            }
        }
        self.status.backfill.running = true;
        self.resolve_all();
    }

    /// Looks which roots exist, and watches what tells of the others.
    pub(super) fn resolve_all(&mut self) {
        // What came between looking and watching shows when both agree; names that come and go all
        // the time shall not hold us for ever.
        for _ in 0..8 {
            let wanted = self.wanted_anchors();
            if wanted.iter().eq(self.anchors.watched.keys()) {
                break;
            }
            self.watch_anchors(&wanted);
            if self.anchors.refused > 0 {
                break;
            }
        }
        for root in 0..self.roots.len() {
            self.resolve(root);
        }
    }

    fn resolve(&mut self, index: usize) {
        let root = &self.roots[index];
        let (path, before) = (root.path.clone(), root.found);
        // The root itself may be a link: people move these to larger disks.
        let found = match disk::look_through(&path) {
            Ok(look) if look.kind == Kind::Directory => Some(look.id),
            Ok(_) => {
                self.troubles.insert(&path, Unread::NotAFile);
                None
            }
            Err(error) => {
                match Unread::from_error(&error) {
                    Some(why) => self.troubles.insert(&path, why),
                    None => self.troubles.remove(&path),
                }
                None
            }
        };
        if before == found {
            return;
        }
        if before.is_some() {
            self.drop_tree(&path);
            // What lies below is found anew.
            let below = |root: &&mut Root| root.path != path && root.path.starts_with(&path);
            self.roots.iter_mut().filter(below).for_each(|root| root.found = None);
        }
        let root = &mut self.roots[index];
        root.found = found;
        root.remote = found.is_some() && disk::is_remote(&path);
        if found.is_some() {
            let lane = if root.compared { Lane::Live } else { Lane::Backlog };
            self.scans.push(Scan { dir: path, root: index, depth: 0, lane });
        }
    }

    /// Returns the directories whose names tell of roots: the homes of those that exist, the nearest
    /// directory above the others, and what holds the link where one of them is a link.
    fn wanted_anchors(&self) -> BTreeSet<PathBuf> {
        let mut wanted = BTreeSet::new();
        for root in &self.roots {
            let is_dir = |path: &&Path| path.is_dir();
            if let Some(anchor) = root.path.ancestors().skip(1).find(is_dir) {
                wanted.insert(anchor.to_owned());
                if anchor.is_symlink() {
                    wanted.extend(anchor.parent().map(Path::to_owned));
                }
            }
        }
        let besides = self.besides.iter().filter_map(|beside| beside.path.parent());
        wanted.extend(besides.filter(|dir| dir.is_dir()).map(Path::to_owned));
        wanted
    }

    fn watch_anchors(&mut self, wanted: &BTreeSet<PathBuf>) {
        let unwanted: Vec<PathBuf> =
            self.anchors.watched.keys().filter(|path| !wanted.contains(*path)).cloned().collect();
        for path in unwanted {
            self.drop_anchor(&path);
        }
        self.anchors.refused = 0;
        for path in wanted {
            if self.anchors.watched.contains_key(path) {
                continue;
            }
            match self.watcher.watch(path, Scope::Names) {
                Ok(watch) => drop(self.anchors.watched.insert(path.clone(), watch)),
                Err(why) => {
                    self.anchors.refused += 1;
                    self.refused(why);
                }
            }
        }
    }

    fn drop_anchor(&mut self, path: &Path) {
        let Some(watch) = self.anchors.watched.remove(path) else { return };
        self.release_watch(watch);
    }

    /// Unwatches what neither a directory nor an anchor needs any more.
    pub(super) fn release_watch(&mut self, watch: Watch) {
        let anchored = self.anchors.watched.values().any(|other| *other == watch);
        if !anchored && !self.table.watches.contains_key(&watch) {
            self.watcher.unwatch(watch);
        }
    }

    /// A name changed in a watched directory.
    pub(super) fn name_changed(&mut self, watch: Watch, name: &OsStr, change: Change) {
        if change != Change::Content && self.tells_of_roots(watch, name) {
            self.resolve_all();
        }
        if change == Change::Appeared {
            let at = self.anchors.watched.iter().filter(|(_, other)| **other == watch);
            let paths: Vec<PathBuf> = at.map(|(dir, _)| dir.join(name)).collect();
            for beside in self.besides.iter_mut().filter(|beside| paths.contains(&beside.path)) {
                beside.is_due = true;
            }
        }
        if let Some(dir) = self.table.watches.get(&watch).cloned() {
            self.entry_changed(&dir, name, change);
        }
    }

    fn tells_of_roots(&self, watch: Watch, name: &OsStr) -> bool {
        let at = self.anchors.watched.iter().filter(|(_, other)| **other == watch);
        let mut paths = at.map(|(path, _)| path.join(name));
        paths.any(|path| self.roots.iter().any(|root| root.path.starts_with(&path)))
    }

    /// A watched directory itself was moved, deleted or unmounted.
    pub(super) fn directory_gone(&mut self, watch: Watch) {
        let at = self.anchors.watched.iter().filter(|(_, other)| **other == watch);
        let anchors: Vec<PathBuf> = at.map(|(path, _)| path.clone()).collect();
        for path in &anchors {
            self.drop_anchor(path);
        }
        let dir = self.table.watches.get(&watch).cloned();
        if let Some(dir) = &dir {
            self.drop_tree(dir);
            for root in self.roots.iter_mut().filter(|root| root.path.starts_with(dir)) {
                root.found = None;
            }
        }
        if !anchors.is_empty()
            || dir.is_some_and(|dir| self.roots.iter().any(|root| root.path == dir))
        {
            self.resolve_all();
        }
    }

    /// Tells of the files beside session files that are new.
    pub(super) fn tell_besides(&mut self) -> Result<(), Closed> {
        for beside in self.besides.iter_mut().filter(|beside| beside.is_due) {
            beside.is_due = false;
            self.sink.beside(beside.agent, &beside.path)?;
        }
        Ok(())
    }

    /// Looks at all roots and everything below them.
    pub(super) fn look_at_everything(&mut self) {
        self.besides.iter_mut().for_each(|beside| beside.is_due = true);
        self.resolve_all();
        for (index, root) in self.roots.iter().enumerate() {
            if root.found.is_some() && root.compared {
                let dir = root.path.clone();
                self.scans.push(Scan { dir, root: index, depth: 0, lane: Lane::Live });
            }
        }
    }
}
