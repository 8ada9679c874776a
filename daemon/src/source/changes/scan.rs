//! Listing directories: watched first, so that nothing falls between.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

use trackway_protocol::ids::Timestamp;

use super::disk;
use super::rules::Rules;
use super::table::Dir;
use super::{Changes, INTERNAL, UNSURE_MS, earlier, hashed, is_own};
use crate::event::{Alteration, COARSE_MS};
use crate::source::sessions::watch::{Refused, Watch};

/// What of a directory's files is told when it is listed.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// Nothing.
    Nothing,
    /// What changed since then.
    Since(Timestamp),
    /// The same, and how many files that were known are missing.
    Again(Timestamp),
    /// All: the directory is new there since then.
    All(Timestamp),
}

/// A directory to be listed.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) dir: Arc<Path>,
    root: Arc<Path>,
    repo: Option<Arc<Path>>,
    rules: Rules,
    ignored: bool,
    news: News,
}

impl Scan {
    /// Begins with a tree.
    pub(super) fn of_root(root: Arc<Path>, news: News) -> Self {
        let (repo, rules, ignored) = (None, Rules::default(), false);
        Self { dir: root.clone(), root, repo, rules, ignored, news }
    }

    /// Whether a tree is looked at again by it, from its top.
    pub(super) fn is_again_of(&self, root: &Path) -> bool {
        *self.dir == *root && matches!(self.news, News::Again(_))
    }
}

impl Changes {
    /// Returns what is to be listed of a new directory in one that is watched.
    pub(super) fn below(&self, path: &Arc<Path>, name: &OsStr, at: Timestamp) -> Option<Scan> {
        let dir = self.table.dirs.get(path)?;
        let above = Scan {
            dir: path.clone(),
            root: dir.root.clone(),
            repo: dir.repo.clone(),
            rules: dir.rules.clone(),
            ignored: dir.ignored,
            news: News::All(at),
        };
        self.child(&above, name)
    }

    /// Returns what is to be listed anew where the rules of a watched directory have changed.
    pub(super) fn anew(&self, path: &Arc<Path>) -> Option<Scan> {
        let dir = self.table.dirs.get(path)?;
        let root = self.table.roots.get(&dir.root)?;
        let above = path.parent().and_then(|above| self.table.dirs.get_key_value(above));
        match (above, path.file_name()) {
            // What is left out of a tree is counted from its top.
            (Some((above, _)), Some(name)) if root.left_out == 0 => {
                let scan = self.below(above, name, Timestamp::now())?;
                Some(Scan { news: News::Nothing, ..scan })
            }
            _ => Some(Scan::of_root(dir.root.clone(), News::Nothing)),
        }
    }

    fn child(&self, above: &Scan, name: &OsStr) -> Option<Scan> {
        // Outside of repositories, hidden directories are where all kinds of programs keep things.
        let hidden = above.repo.is_none() && name.as_encoded_bytes().starts_with(b".");
        let dir: Arc<Path> = above.dir.join(name).into();
        if hidden || INTERNAL.iter().any(|it| name == *it) || self.is_excluded(&dir) {
            return None;
        }
        let ignored = above.ignored || above.rules.ignore(&dir, true);
        Some(Scan { dir, ignored, ..above.clone() })
    }

    fn is_excluded(&self, dir: &Path) -> bool {
        let outside = ["/proc", "/sys", "/dev"].iter().any(|other| dir == Path::new(other));
        outside || self.excluded.iter().any(|excluded| dir == excluded)
    }

    /// Watches a directory and lists it.
    pub(super) fn scan(&mut self, mut scan: Scan) {
        let Some(root) = self.table.roots.get_mut(&scan.root) else { return };
        let is_top = scan.dir == scan.root;
        if is_top {
            root.left_out = 0;
        }
        let watch = match self.table.dirs.get(&scan.dir) {
            Some(dir) => Some(dir.watch),
            None => self.enter(&scan),
        };
        if is_top && watch.is_none() && !scan.dir.is_dir() {
            self.lose(&scan.root);
        }
        let (Some(watch), Ok(entries)) = (watch, std::fs::read_dir(&scan.dir)) else { return };
        let (mut dirs, mut files) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => dirs.push(entry.file_name()),
                Ok(kind) if kind.is_file() || kind.is_symlink() => files.push(entry.file_name()),
                _ => {}
            }
        }
        let has = |names: &[OsString], name| names.iter().any(|known| known == name);
        if !scan.ignored && (has(&dirs, ".git") || has(&files, ".git")) {
            scan.repo = Some(scan.dir.clone());
            scan.rules = Rules::of_repository(&scan.dir);
        }
        if !scan.ignored && scan.repo.is_some() && has(&files, ".gitignore") {
            scan.rules = scan.rules.with(&scan.dir, &scan.dir.join(".gitignore"));
        }
        self.take_in(&scan, watch);
        self.list(&scan, &files);
        let children: Vec<Scan> = dirs.iter().filter_map(|name| self.child(&scan, name)).collect();
        for child in children {
            if child.ignored { self.ignored.push_back(child) } else { self.scans.push_back(child) }
        }
    }

    /// The directory of a tree is gone.
    pub(super) fn lose(&mut self, root: &Path) {
        if let Some(root) = self.table.roots.get_mut(root) {
            root.lost.get_or_insert_with(Timestamp::now);
        }
    }

    /// Watches a directory that is not watched yet; none where that cannot be.
    fn enter(&mut self, scan: &Scan) -> Option<Watch> {
        let watched =
            if self.has_room(scan) { self.watch(&scan.dir) } else { Err(Refused::Watches) };
        // What is gone, or nobody may enter, is not left out.
        if watched == Err(Refused::Watches) {
            self.table.roots.get_mut(&scan.root)?.left_out += 1;
        }
        watched.ok()
    }

    fn has_room(&self, scan: &Scan) -> bool {
        let Some(root) = self.table.roots.get(&scan.root) else { return false };
        self.table.dirs.len() < self.bounds.all
            && root.watched < self.bounds.of_tree
            && (!scan.ignored || root.ignored < self.bounds.ignored)
    }

    fn take_in(&mut self, scan: &Scan, watch: Watch) {
        if let Some(dir) = self.table.dirs.get_mut(&scan.dir) {
            // A tree that begins below the top of a repository knows less of it.
            if scan.repo.is_none() && dir.repo.is_some() {
                return;
            }
            dir.rules = scan.rules.clone();
            dir.repo = scan.repo.clone();
            let was_ignored = std::mem::replace(&mut dir.ignored, scan.ignored);
            if let Some(root) = self.table.roots.get_mut(&dir.root) {
                root.ignored = root.ignored + usize::from(scan.ignored) - usize::from(was_ignored);
            }
            return;
        }
        let (root, repo, rules) = (scan.root.clone(), scan.repo.clone(), scan.rules.clone());
        let (names, is_partial, ignored) = (HashSet::new(), false, scan.ignored);
        let dir = Dir { root, repo, rules, ignored, watch, names, is_partial };
        self.table.insert(scan.dir.clone(), dir);
    }

    fn list(&mut self, scan: &Scan, files: &[OsString]) {
        let dir = &scan.dir;
        let files = files.iter().filter(|name| !is_own(name) && *name != ".git");
        let files: Vec<&OsString> = files.collect();
        let is_ignored =
            |name: &&&OsString| scan.ignored || scan.rules.ignore(&dir.join(name), false);
        let (ignored, kept): (Vec<_>, Vec<_>) =
            files.iter().copied().partition(|it| is_ignored(&it));
        if let News::Again(since) = scan.news {
            let known = self.table.dirs.get(dir).map(|dir| dir.names.clone()).unwrap_or_default();
            let names = kept.iter().map(|name| hashed(name)).filter(|it| known.contains(it));
            for missing in 0..self.table.rename_all(dir, names.collect()) {
                let name = OsString::from(missing.to_string());
                self.tell(dir, &name, Alteration::Untold, (since, Timestamp::now()));
            }
        }
        for name in kept {
            match news(scan.news, &dir.join(name)) {
                Some(span) if matches!(scan.news, News::All(_)) => self.come(dir, name, span),
                Some(span) => {
                    self.table.remember(dir, name, self.bounds.names);
                    self.tell(dir, name, Alteration::Written, span);
                }
                None => self.table.remember(dir, name, self.bounds.names),
            }
        }
        for name in ignored {
            if let Some(span) = news(scan.news, &dir.join(name)) {
                self.tell(dir, name, Alteration::Ignored, span);
            }
        }
    }
}

/// Returns in which span a file that was found has changed; none where that is no news.
fn news(news: News, path: &Path) -> Option<(Timestamp, Timestamp)> {
    let since = match news {
        News::Nothing => return None,
        News::Since(since) | News::Again(since) => since,
        News::All(since) => {
            let at = disk::look(path)?.changed.max(since);
            return Some((earlier(at, UNSURE_MS), at));
        }
    };
    if since > Timestamp::now() {
        return None;
    }
    let at = disk::look(path)?.changed;
    // The clock of files is a coarse one, and may be behind.
    (at >= earlier(since, COARSE_MS)).then_some((at, at))
}
