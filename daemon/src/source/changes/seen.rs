//! What the queue tells: names that changed, directories that came and went.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use trackway_protocol::ids::Timestamp;

use super::scan::Scan;
use super::{Changes, INTERNAL, UNSURE_MS, disk, earlier, hashed, is_own};
use crate::event::Alteration;
use crate::source::sessions::watch::{Change, Seen, Watch};

impl Changes {
    pub(super) fn look_at_seen(&mut self) {
        let (mut names, mut gone, mut overflow) = (BTreeMap::new(), Vec::new(), false);
        for seen in self.seen.drain(..) {
            match seen {
                Seen::Name(watch, name, change) => drop(names.insert((watch, name), change)),
                Seen::Gone(watch) => gone.push(watch),
                Seen::Overflow => overflow = true,
            }
        }
        // Files first, while what is known of their directories is still there; then the directories
        // that went; then those that came, which may bear the names of the former.
        let mut came = Vec::new();
        for ((watch, name), change) in names {
            came.extend(self.changed(watch, &name, change));
        }
        for watch in gone {
            if let Some(dir) = self.table.by_watch.get(&watch).cloned() {
                self.lost_from_sight(&dir);
                self.remove_below(&dir);
                self.lose(&dir);
            }
        }
        came.retain(|scan| !self.table.dirs.contains_key(&scan.dir));
        self.scans.extend(came);
        if overflow {
            self.look_again();
        }
    }

    /// A name in a watched directory changed. Returns the directory that it stands for from now on.
    fn changed(&mut self, watch: Watch, name: &OsStr, change: Change) -> Option<Scan> {
        let path = self.table.by_watch.get(&watch)?.clone();
        let ignored = self.table.dirs.get(&path)?.ignored;
        if !ignored && (name == ".git" || name == ".gitignore") {
            // What is ignored from now on, and in which repository everything lies.
            let anew = self.anew(&path);
            self.scans.extend(anew);
        }
        if name.is_empty() || INTERNAL.iter().any(|internal| name == *internal) || is_own(name) {
            return None;
        }
        let now = Timestamp::now();
        if ignored && change != Change::Appeared {
            self.tell(&path, name, Alteration::Ignored, (earlier(now, UNSURE_MS), now));
            return None;
        }
        match disk::look(&path.join(name)) {
            Some(look) if look.is_dir => {
                if self.table.forget(&path, name) {
                    self.tell(&path, name, Alteration::Deleted, (earlier(now, UNSURE_MS), now));
                }
                (change == Change::Appeared).then(|| self.below(&path, name, look.changed))?
            }
            Some(look) if look.is_file => {
                self.written(&path, name, look.changed);
                None
            }
            Some(_) => None,
            None => {
                self.missed(&path, name, change, now);
                None
            }
        }
    }

    /// A directory went with all that is known to be in it: of deleted files each was told before.
    fn lost_from_sight(&mut self, dir: &Path) {
        let now = Timestamp::now();
        for dir in self.table.below(dir) {
            for name in 0..self.table.dirs.get(&dir).map_or(0, |known| known.names.len()) {
                let name = OsString::from(name.to_string());
                self.tell(&dir, &name, Alteration::Untold, (earlier(now, UNSURE_MS), now));
            }
        }
    }

    /// A file has other content.
    fn written(&mut self, path: &Arc<Path>, name: &OsStr, at: Timestamp) {
        let Some(dir) = self.table.dirs.get(path) else { return };
        let span = (at, at);
        if dir.ignored || dir.rules.ignore(&path.join(name), false) {
            return self.tell(path, name, Alteration::Ignored, span);
        }
        if dir.names.contains(&hashed(name)) || dir.is_partial {
            self.tell(path, name, Alteration::Written, span);
        } else {
            self.come(path, name, span);
        }
    }

    /// A file is new.
    pub(super) fn come(
        &mut self,
        dir: &Arc<Path>,
        name: &OsStr,
        (early, at): (Timestamp, Timestamp),
    ) {
        let new = (early, at, Instant::now());
        self.young.entry((dir.clone(), name.to_owned())).or_insert(new);
    }

    /// A name is gone. What nobody knew of came and went, and is no file of the user's.
    fn missed(&mut self, path: &Arc<Path>, name: &OsStr, change: Change, now: Timestamp) {
        let Some(dir) = self.table.dirs.get(path) else { return };
        // The directory's own time is that of the last of all that went.
        let at = disk::look(path).map_or(now, |look| look.changed.min(now));
        let span = (earlier(at, UNSURE_MS), at);
        if dir.ignored || dir.rules.ignore(&path.join(name), false) {
            return self.tell(path, name, Alteration::Ignored, span);
        }
        if self.young.remove(&(path.clone(), name.to_owned())).is_some() {
            return;
        }
        if self.table.forget(path, name) {
            let renamed = change == Change::Left;
            let what = if renamed { Alteration::Renamed } else { Alteration::Deleted };
            self.tell(path, name, what, span);
        } else if self.table.dirs.get(path).is_some_and(|dir| dir.is_partial) {
            self.tell(path, name, Alteration::Untold, span);
        }
    }
}
