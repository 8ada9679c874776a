//! Being told that a file has changed which tells the daemon what to do.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::file::{YOUNG, is_young};
use crate::source::sessions::watch::{Scope, Watch, Watcher};

/// How often files are looked at that cannot be watched.
const POLL: Duration = Duration::from_secs(10);

/// Has `look` look again whenever something happens where the files lie; never returns.
pub(crate) fn watch(files: &[PathBuf], mut look: impl FnMut()) {
    let mut watcher = Watcher::open().ok();
    let (mut watched, mut seen) = (HashMap::new(), Vec::new());
    loop {
        let is_told = watcher.as_mut().is_some_and(|it| watch_dirs(files, it, &mut watched));
        // After that: what comes in between is told.
        look();
        let is_settled = files.iter().all(|file| !is_young(file));
        let patience = match (is_settled, is_told) {
            (false, _) => Some(YOUNG),
            (true, true) => None,
            (true, false) => Some(POLL),
        };
        match &mut watcher {
            Some(watcher) => {
                watcher.wait(patience);
                watcher.take(&mut seen);
                seen.clear();
            }
            None => thread::sleep(POLL),
        }
    }
}

/// Watches the directories in which the files lie or would come to lie, and no others; returns
/// whether it can.
fn watch_dirs(
    files: &[PathBuf],
    watcher: &mut Watcher,
    watched: &mut HashMap<PathBuf, Watch>,
) -> bool {
    let wanted: BTreeSet<PathBuf> = files.iter().flat_map(|file| dirs(file)).collect();
    watched.retain(|dir, watch| {
        let keep = wanted.contains(dir);
        if !keep {
            watcher.unwatch(*watch);
        }
        keep
    });
    let mut all = true;
    for dir in wanted {
        // Again each time: under the same name there may be another directory now.
        match watcher.watch(&dir, Scope::Saved) {
            Ok(watch) => drop(watched.insert(dir, watch)),
            Err(_) => all = false,
        }
    }
    all
}

/// Returns the nearest directory above a file that is there, and where a link leads.
fn dirs(path: &Path) -> Vec<PathBuf> {
    let nearest = path.ancestors().skip(1).find(|dir| dir.is_dir()).map(Path::to_owned);
    let target = path.is_symlink().then(|| path.canonicalize().ok()).flatten();
    let target = target.and_then(|target| Some(target.parent()?.to_owned()));
    nearest.into_iter().chain(target).collect()
}
