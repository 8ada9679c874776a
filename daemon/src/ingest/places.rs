//! Where paths of session files lead, and in which repository: answers that stand for a moment.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Repo;

use crate::enrich::normal::normal;
use crate::enrich::repo::lookup::{Find, Found};

/// How long an answer stands.
const FRESH: Duration = Duration::from_secs(2);
/// How many answers are kept.
const MOST: usize = 4096;
/// Of what happened longer ago, today's branch and commit tell nothing.
const RECENT_MS: i64 = 5 * 60 * 1000;

/// Looks places up, and remembers them for a moment.
pub(super) struct Places {
    find: Find,
    dirs: HashMap<PathBuf, (Dir, Instant)>,
}

/// What is known of a directory.
#[derive(Clone)]
struct Dir {
    /// Where it really lies; the path as it was asked for where that cannot be told.
    path: PathBuf,
    found: Found,
}

/// A place as it is recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Absolute, without links as far as that could be told.
    pub(super) path: PathBuf,
    /// The directory that it lies in, or is.
    pub(super) dir: PathBuf,
    pub(super) repo: Option<Repo>,
    pub(super) repo_unknown: Option<String>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { find: Find::new(), dirs: HashMap::new() }
    }

    /// Returns a directory as it is recorded of this time.
    pub(super) fn dir(&mut self, path: &Path, at: Timestamp) -> Place {
        let Dir { path, found } = self.look(path);
        let (repo, repo_unknown) = repo(found, at);
        Place { dir: path.clone(), path, repo, repo_unknown }
    }

    /// Returns a file as it is recorded of this time. It need not exist any more; a link is what it
    /// leads to.
    pub(super) fn file(&mut self, path: &Path, at: Timestamp) -> Place {
        let path = normal(path);
        let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let path = if is_link { path.canonicalize().unwrap_or(path) } else { path };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.dir(&path, at);
        };
        let place = self.dir(parent, at);
        Place { path: place.dir.join(name), ..place }
    }

    fn look(&mut self, path: &Path) -> Dir {
        let now = Instant::now();
        if let Some((dir, until)) = self.dirs.get(path)
            && *until > now
        {
            return dir.clone();
        }
        if self.dirs.len() >= MOST {
            self.dirs.clear();
        }
        let real = path.canonicalize().unwrap_or_else(|_| normal(path));
        let found = self.find.repo(&real);
        let dir = Dir { path: real, found };
        // A lookup may take long: it stands from its end on.
        self.dirs.insert(path.to_owned(), (dir.clone(), Instant::now() + FRESH));
        dir
    }
}

fn repo(found: Found, at: Timestamp) -> (Option<Repo>, Option<String>) {
    match found {
        Found::Repo(repo) if Timestamp::now().ms() - at.ms() < RECENT_MS => (Some(repo), None),
        Found::Repo(repo) => (Some(Repo { branch: None, commit: None, ..repo }), None),
        Found::None => (None, None),
        Found::Unknown(why) => (None, Some(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_what_it_leads_to_and_what_is_gone_keeps_its_name() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/a"), "").unwrap();
        std::os::unix::fs::symlink(root.join("d"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(root.join("d/a"), root.join("l")).unwrap();
        let mut places = Places::new();
        let mut file = |path: &str| places.file(&root.join(path), Timestamp::now()).path;
        assert_eq!(file("link/a"), root.join("d/a"));
        assert_eq!(file("l"), root.join("d/a"));
        assert_eq!(file("link/gone"), root.join("d/gone"));
        assert_eq!(file("nowhere/../d/./a"), root.join("d/a"));
        assert_eq!(file("nowhere/x"), root.join("nowhere/x"));
    }
}
