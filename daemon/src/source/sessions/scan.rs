//! Directories: listing them, and keeping what is known of their names in step with what is told.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

use trackway_protocol::ids::Timestamp;

use super::disk::{self, Kind, Look, Unread};
use super::follower::Follower;
use super::layout::{self, Layout, MAX_DEPTH};
use super::table::{Dir, Known, Lane, Origin};
use super::tail::Tail;
use super::watch::{Change, Scope};
use super::{Cursor, Cursors, Gone, Sink, Stored};
use crate::event::FileId;

/// A directory to be listed.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) dir: Arc<Path>,
    pub(super) root: usize,
    /// Levels below the root.
    pub(super) depth: usize,
    /// How urgent its files are.
    pub(super) lane: Lane,
}

impl<C: Cursors, S: Sink> Follower<C, S> {
    /// Lists a directory, and has those in it listed.
    pub(super) fn scan(&mut self, scan: &Scan) {
        if !self.enter(scan) {
            return;
        }
        let entries = match std::fs::read_dir(&scan.dir) {
            Ok(entries) => entries,
            Err(error) => return self.shut_out(scan, Unread::from_error(&error)),
        };
        self.troubles.remove(&scan.dir);
        let mut listed = BTreeSet::new();
        for entry in entries {
            match entry {
                Ok(entry) => drop(listed.insert(entry.file_name())),
                // A list that is not whole rules nothing out.
                Err(error) => return self.unread(&scan.dir, Unread::from_error(&error)),
            }
        }
        let layout = self.roots[scan.root].layout;
        listed.retain(|name| layout.takes(name) || layout.enters(name));
        self.troubles.retain(&scan.dir, &listed);
        self.forget_unlisted(&scan.dir, &listed);
        for name in &listed {
            self.entry(scan, name);
        }
    }

    /// A directory cannot be listed. What was known of it stays so.
    fn shut_out(&mut self, scan: &Scan, why: Option<Unread>) {
        if why == Some(Unread::Denied) && scan.depth > 0 {
            // The directory above tells when permissions change.
            self.unwatched.remove(&scan.dir);
        }
        self.unread(&scan.dir, why);
    }

    /// Takes a directory into the table and watches it: before it is listed, so that nothing falls
    /// between. False where there is nothing to be listed.
    fn enter(&mut self, scan: &Scan) -> bool {
        let look = match scan.depth {
            0 => disk::look_through(&scan.dir),
            _ => disk::look(&scan.dir),
        };
        let id = match look {
            Ok(Look { kind: Kind::Directory, id, .. }) => id,
            // It may well be there still.
            Err(error) if Unread::from_error(&error).is_some() => {
                self.unread(&scan.dir, Unread::from_error(&error));
                return false;
            }
            _ => {
                self.drop_tree(&scan.dir);
                return false;
            }
        };
        if self.table.dirs.get(&scan.dir).is_some_and(|dir| dir.id != id) {
            self.drop_tree(&scan.dir);
        }
        if let Some(other) = self.table.ids.get(&id).filter(|other| **other != scan.dir).cloned() {
            // The same directory by another way, unless it was moved here from there.
            if disk::look_through(&other).is_ok_and(|look| look.id == id) {
                return false;
            }
            self.drop_tree(&other);
        }
        self.table.ids.insert(id, scan.dir.clone());
        let dir = Dir { id, root: scan.root, watch: None, names: Default::default() };
        self.table.dirs.entry(scan.dir.clone()).or_insert(dir);
        self.watch(&scan.dir);
        true
    }

    fn watch(&mut self, path: &Arc<Path>) {
        let Some(dir) = self.table.dirs.get_mut(path).filter(|dir| dir.watch.is_none()) else {
            return;
        };
        match self.watcher.watch(path, Scope::Files) {
            Ok(watch) => {
                dir.watch = Some(watch);
                self.table.watches.insert(watch, path.clone());
                self.unwatched.remove(path);
            }
            Err(why) => {
                self.unwatched.insert(path.clone());
                self.refused(why);
            }
        }
    }

    fn forget_unlisted(&mut self, dir: &Arc<Path>, listed: &BTreeSet<OsString>) {
        let names = self.table.dirs.get(dir).map(|dir| dir.names.keys().cloned());
        let gone = names.into_iter().flatten().filter(|name| !listed.contains(&**name));
        for name in gone.collect::<Vec<_>>() {
            self.lose(dir, &name);
        }
        let below = self.table.tree(dir);
        let root = self.table.dirs.get(dir).map(|dir| dir.root);
        let children = below.iter().filter(|path| path.parent() == Some(dir));
        for path in children {
            // Another root may lie in it.
            let is_own = self.table.dirs.get(path).map(|dir| dir.root) == root;
            if is_own && path.file_name().is_some_and(|name| !listed.contains(name)) {
                self.drop_tree(path);
            }
        }
    }

    /// Takes one name of a directory.
    fn entry(&mut self, scan: &Scan, name: &OsStr) {
        let path = scan.dir.join(name);
        let layout = self.roots[scan.root].layout;
        match disk::look(&path) {
            Ok(look) if look.kind == Kind::Directory => {
                if !layout.enters(name) {
                } else if scan.depth + 1 > MAX_DEPTH {
                    self.unread(&path, Some(Unread::TooDeep));
                } else {
                    let (root, depth, lane) = (scan.root, scan.depth + 1, scan.lane);
                    self.scans.push(Scan { dir: path.into(), root, depth, lane });
                }
            }
            Ok(look) if layout.takes(name) => self.meet(&scan.dir, name, &look, scan.lane, false),
            Ok(look) if look.kind == Kind::Link && path.is_dir() => {
                self.unread(&path, Some(Unread::Link));
            }
            Ok(_) => {}
            Err(error) => self.unread(&path, Unread::from_error(&error)),
        }
    }

    /// A name of a followed directory changed.
    pub(super) fn entry_changed(&mut self, dir: &Arc<Path>, name: &OsStr, change: Change) {
        let Some(known) = self.table.dirs.get(dir) else { return };
        let layout = self.roots[known.root].layout;
        match change {
            Change::Content if name.is_empty() => self.scans.extend(self.scan_of(dir)),
            Change::Content if known.names.contains_key(name) => {
                let id = known.names[name];
                self.enqueue(id, Lane::Live, 0);
            }
            Change::Content | Change::Appeared => {
                if layout.takes(name) || layout.enters(name) {
                    self.appeared(dir, name);
                }
            }
            Change::Left | Change::Deleted => {
                if layout.takes(name) && disk::look(&dir.join(name)).is_ok() {
                    // Another file has the name by now; what lost it may have been written to by it,
                    // and be known by another one.
                    self.scans.extend(self.scan_of(dir));
                }
                self.lose(dir, name);
                if layout.enters(name) {
                    self.drop_tree(&dir.join(name));
                }
                self.meet_counterpart(dir, name, layout);
            }
        }
    }

    fn appeared(&mut self, dir: &Arc<Path>, name: &OsStr) {
        let Some(scan) = self.scan_of(dir) else { return };
        if !self.roots[scan.root].layout.takes(name) {
            return self.entry(&scan, name);
        }
        let before = self.table.dirs[dir].names.get(name).copied();
        let look = disk::look(&dir.join(name)).ok();
        let now = look.as_ref().map(|look| look.id);
        match look {
            Some(look) if look.kind == Kind::File => self.meet(dir, name, &look, Lane::Live, true),
            _ => self.entry(&scan, name),
        }
        if now.is_none() || now == before {
            // What appeared is gone, or something else by now. It may have been another name of a
            // file that we know, by which that file was written to.
            self.scans.push(scan);
        }
    }

    /// Returns how to list a followed directory now.
    pub(super) fn scan_of(&self, dir: &Path) -> Option<Scan> {
        let (dir, known) = self.table.dirs.get_key_value(dir)?;
        let root = &self.roots[known.root];
        let depth = dir.strip_prefix(&root.path).map_or(0, |below| below.components().count());
        Some(Scan { dir: dir.clone(), root: known.root, depth, lane: Lane::Live })
    }

    /// Takes a name and what it stands for. `told`: something happened to it just now.
    pub(super) fn meet(
        &mut self,
        dir: &Arc<Path>,
        name: &OsStr,
        look: &Look,
        lane: Lane,
        told: bool,
    ) {
        let path = dir.join(name);
        match look.kind {
            Kind::File => {}
            Kind::Link => return self.unread(&path, Some(Unread::Link)),
            _ => return self.unread(&path, Some(Unread::NotAFile)),
        }
        let Some(known) = self.table.dirs.get(dir) else { return };
        let root = known.root;
        let counterpart = self.roots[root].layout.counterpart(name);
        let other = counterpart.as_deref().map(OsStr::new);
        let other = other.filter(|other| known.names.contains_key(*other));
        if let Some(other) = other {
            // The plain one wins: the agent writes to that.
            if layout::is_packed(name) {
                return;
            }
            self.lose(dir, other);
        }
        let before = self.table.dirs[dir].names.get(name).copied();
        if before != Some(look.id) {
            if before.is_some() {
                self.lose(dir, name);
            }
            let name = Arc::from(name);
            self.know(&name, look.id, root, dir);
            self.table.link(dir, name, look.id);
        }
        let stands = self.table.files.get(&look.id).is_some_and(|known| {
            known.was.is_none()
                && (known.cursor.size, known.cursor.modified_ns) == (look.size, look.modified_ns)
        });
        if told || !stands {
            self.enqueue(look.id, lane, look.modified_ns);
            self.plan(look, lane);
        }
    }

    /// Makes a file known that is not, with what an earlier run kept of it.
    fn know(&mut self, name: &Arc<OsStr>, id: FileId, root: usize, dir: &Arc<Path>) {
        if self.table.files.contains_key(&id) {
            return;
        }
        let path = dir.join(&**name);
        let (cursor, was, origin) = if let Some(stored) = self.cursors.load(id) {
            let was = Some(stored.path.into_boxed_path()).filter(|was| **was != *path);
            (stored.cursor, was, Origin::Stored)
        } else if let Some(stored) = self.counterpart(name, root) {
            let cursor = Cursor { size: 0, modified_ns: 0, ..stored.cursor };
            (cursor, None, Origin::Counterpart(Box::new(stored)))
        } else {
            (Cursor::default(), None, Origin::Unread)
        };
        let (dir, name, links) = (dir.clone(), name.clone(), 0);
        let (tail, lane, planned) = (Tail::default(), Lane::Nowhere, 0);
        let known = Known { dir, name, links, root, was, cursor, origin, tail, lane, planned };
        self.table.files.insert(id, known);
    }

    fn counterpart(&mut self, name: &OsStr, root: usize) -> Option<Stored> {
        let other = self.roots[root].layout.counterpart(name)?;
        self.cursors.named(OsStr::new(&other))
    }

    pub(super) fn enqueue(&mut self, id: FileId, lane: Lane, modified_ns: i64) {
        let Some(known) = self.table.files.get_mut(&id) else { return };
        // It tells of what session files tell better: also what is added to it waits for those.
        let is_history = self.roots[known.root].layout.is_history;
        let lane = if is_history && self.status.backfill.running { Lane::Backlog } else { lane };
        let is_last = is_history && lane == Lane::Backlog;
        let modified_ns = if is_last { i64::MIN } else { modified_ns };
        // A compressed file is cold, and two of them would take turns from the start.
        let lane = if layout::is_packed(&known.name) { Lane::Backlog } else { lane };
        match (known.lane, lane) {
            (Lane::Nowhere, Lane::Backlog) => self.backlog.push((modified_ns, id)),
            (Lane::Nowhere | Lane::Backlog, Lane::Live) => self.live.push_back(id),
            _ => return,
        }
        known.lane = lane;
    }

    fn plan(&mut self, look: &Look, lane: Lane) {
        let Some(known) = self.table.files.get_mut(&look.id).filter(|_| lane == Lane::Backlog)
        else {
            return;
        };
        let read = if layout::is_packed(&known.name) { 0 } else { known.cursor.offset };
        let planned = look.size.saturating_sub(read);
        self.status.backfill.total_bytes += planned.saturating_sub(known.planned);
        known.planned = known.planned.max(planned);
    }

    /// A name is gone.
    pub(super) fn lose(&mut self, dir: &Path, name: &OsStr) {
        let path = dir.join(name);
        self.troubles.remove(&path);
        let Some(id) = self.table.unlink(dir, name) else { return };
        if self.table.files.get(&id).is_some_and(|known| known.links == 0) {
            self.lost.push((id, path));
        }
    }

    /// A plain file that goes may leave a compressed one, which was passed over beside it.
    fn meet_counterpart(&mut self, dir: &Arc<Path>, name: &OsStr, layout: &Layout) {
        let Some(other) = layout.counterpart(name).filter(|_| layout.takes(name)) else { return };
        if let Ok(look) = disk::look(&dir.join(&other)) {
            self.meet(dir, OsStr::new(&other), &look, Lane::Live, true);
        }
    }

    /// A directory is gone, with all in it.
    pub(super) fn drop_tree(&mut self, path: &Path) {
        self.troubles.remove_tree(path);
        for dir in self.table.tree(path) {
            let names: Vec<_> = self.table.dirs[&dir].names.keys().cloned().collect();
            for name in names {
                self.lose(&dir, &name);
            }
            self.unwatched.remove(&dir);
            if let Some(watch) = self.table.remove(&dir).and_then(|removed| removed.watch) {
                self.release_watch(watch);
            }
        }
    }

    /// Remembers that something is not read; none where it is gone.
    pub(super) fn unread(&mut self, path: &Path, why: Option<Unread>) {
        match why {
            Some(why) => self.troubles.insert(path, why),
            None => self.troubles.remove(path),
        }
    }

    /// Once all directories are listed: what was lost and has no other name has vanished.
    pub(super) fn settle(&mut self) {
        self.compare_with_earlier_runs();
        for (id, path) in std::mem::take(&mut self.lost) {
            if self.table.files.get(&id).is_none_or(|known| known.links == 0) {
                self.vanish(id, &path);
            }
        }
    }

    fn compare_with_earlier_runs(&mut self) {
        for root in self.roots.iter_mut().filter(|root| !root.compared) {
            root.compared = true;
            let (files, lost) = (&self.table.files, &mut self.lost);
            // What lies deeper than a history is another root's.
            let is_own = |path: &Path| !root.layout.is_history || path.parent() == Some(&root.path);
            self.cursors.each(&root.path, &mut |id, path| {
                if is_own(path) && !files.contains_key(&id) {
                    lost.push((id, path.to_owned()));
                }
            });
        }
    }

    fn vanish(&mut self, id: FileId, path: &Path) {
        let Some(gone) = self.gone(id, path) else { return };
        if let Some(known) = self.table.files.remove(&id) {
            self.status.backfill.done_bytes += known.planned;
        }
        self.unpacking.take_if(|unpacking| unpacking.id == id);
        self.sink.vanished(id, path, gone, Timestamp::now());
    }

    /// Returns what became of a file that was at a path; none where it is there, or nobody knows.
    pub(super) fn gone(&self, id: FileId, path: &Path) -> Option<Gone> {
        match disk::look(path) {
            Ok(look) if look.id == id => None,
            Ok(_) => Some(Gone::Replaced),
            Err(error) if Unread::from_error(&error).is_some() => None,
            Err(_) if self.has_counterpart(path) => Some(Gone::Replaced),
            Err(_) => Some(Gone::Deleted),
        }
    }

    fn has_counterpart(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let layouts = self.roots.iter().filter(|root| path.starts_with(&root.path));
        layouts
            .filter_map(|root| root.layout.counterpart(name))
            .any(|other| disk::look(&path.with_file_name(other)).is_ok())
    }
}
