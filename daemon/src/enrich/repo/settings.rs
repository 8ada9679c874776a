//! What the user's and the system's git settings say about addresses: `url.….insteadOf`, and nothing
//! else. Read again only where a file changed.
//!
//! Files that they include are followed, also those for some directories alone
//! (`includeIf "gitdir:~/work/"`).
//!
//! # Limits
//!
//! * Of conditions only `gitdir:` without wildcards is understood. What stands under another one does
//!   not count.
//! * Nor does what stands in a file that cannot be read, after the first 64 files, or more than 10 files
//!   deep.
//! * The system's file is `/etc/gitconfig`, which is where a git of the system has it.
//! * `GIT_CONFIG_…` does not count: the daemon's environment is not that of the agent.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use directories::UserDirs;

use super::config::Rewrite;
use super::file::{self, Stamp};
use super::syntax::{self, Entry};
use crate::event::os_string;

/// How many files may include one another; git's own limit.
const MAX_DEPTH: usize = 10;
/// How many files are read.
const MAX_FILES: usize = 64;

const OF_SYSTEM: &[&str] = if cfg!(unix) { &["/etc/gitconfig"] } else { &[] };

/// The settings of all repositories.
#[derive(Default)]
pub(super) struct Settings {
    home: Option<PathBuf>,
    files: Vec<PathBuf>,
    /// Not locked while files are read: they may lie on a file system that does not answer.
    last: Mutex<Option<Arc<Known>>>,
}

/// What the files said.
#[derive(Default)]
pub(super) struct Known {
    rewrites: Vec<(Vec<Condition>, Rewrite)>,
    /// Which were read or missed, and in what state.
    read: Vec<(PathBuf, Option<Stamp>)>,
}

/// Where the directory of a repository has to be for a setting to count.
#[derive(Clone, Debug, PartialEq)]
struct Condition {
    /// From the root, or the last parts of it.
    path: PathBuf,
    /// Whether it has to lie below it, instead of being it.
    is_below: bool,
}

impl Settings {
    /// Returns the settings of the user whose daemon this is.
    pub(super) fn of_user() -> Self {
        let home = UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        Self::of(OF_SYSTEM, home, std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from))
    }

    /// The files are in git's order.
    fn of(system: &[&str], home: Option<PathBuf>, config_home: Option<PathBuf>) -> Self {
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let config_home =
            config_home.filter(|dir| dir.is_absolute()).or_else(|| in_home(".config"));
        let of_user = [config_home.map(|dir| dir.join("git/config")), in_home(".gitconfig")];
        let files = system.iter().map(PathBuf::from).chain(of_user.into_iter().flatten());
        Self { files: files.collect(), home, last: Mutex::default() }
    }

    /// Returns what applies to the repository in `git_dir`.
    pub(super) fn rewrites(&self, git_dir: &Path) -> Vec<Rewrite> {
        let known = self.known();
        let is_somewhere = known.rewrites.iter().any(|(conditions, _)| !conditions.is_empty());
        let git_dir = is_somewhere.then(|| git_dir.canonicalize().ok()).flatten();
        let applies = |condition: &Condition| {
            git_dir.as_ref().is_some_and(|git_dir| condition.is_met_by(git_dir))
        };
        let applying =
            known.rewrites.iter().filter(|(conditions, _)| conditions.iter().all(applies));
        applying.map(|(_, rewrite)| rewrite.clone()).collect()
    }

    fn known(&self) -> Arc<Known> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().clone();
        if let Some(known) = known.filter(|known| known.is_current()) {
            return known;
        }
        let mut reader = Reader { home: self.home.as_deref(), known: Known::default() };
        for file in &self.files {
            reader.read(file, &[], 0);
        }
        let known = Arc::new(reader.known);
        *last() = Some(Arc::clone(&known));
        known
    }
}

impl Known {
    fn is_current(&self) -> bool {
        self.read.iter().all(|(path, stamp)| stamp_of(path) == *stamp)
    }
}

impl Condition {
    fn is_met_by(&self, git_dir: &Path) -> bool {
        let is_path = |dir: &Path| match self.path.has_root() {
            true => dir == self.path,
            false => dir.ends_with(&self.path),
        };
        if self.is_below { git_dir.ancestors().skip(1).any(is_path) } else { is_path(git_dir) }
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    file::status(path).ok().flatten().map(|status| status.stamp)
}

struct Reader<'a> {
    home: Option<&'a Path>,
    known: Known,
}

impl Reader<'_> {
    fn read(&mut self, path: &Path, conditions: &[Condition], depth: usize) {
        if depth > MAX_DEPTH || self.known.read.len() == MAX_FILES {
            return;
        }
        // The state first: a file that changes meanwhile is read again the next time.
        self.known.read.push((path.to_owned(), stamp_of(path)));
        match file::read(path) {
            Ok(Some(bytes)) => {
                syntax::entries(&bytes, |entry| self.take(&entry, path, conditions, depth));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "git's settings for all repositories"),
        }
    }

    fn take(&mut self, entry: &Entry<'_>, path: &Path, conditions: &[Condition], depth: usize) {
        let value = entry.value.unwrap_or_default();
        match (entry.section, entry.subsection, entry.key) {
            (b"url", Some(base), b"insteadof") => {
                let rewrite = Rewrite { prefix: value.to_owned(), base: base.to_owned() };
                self.known.rewrites.push((conditions.to_owned(), rewrite));
            }
            (b"include", None, b"path") if !value.is_empty() => {
                self.include(value, path, conditions, depth);
            }
            (b"includeif", Some(condition), b"path") if !value.is_empty() => {
                if let Some(condition) = self.condition(condition, path) {
                    self.include(value, path, &[conditions, &[condition]].concat(), depth);
                }
            }
            _ => {}
        }
    }

    fn include(&mut self, value: &[u8], from: &Path, conditions: &[Condition], depth: usize) {
        let Some(path) = self.expanded(value) else { return };
        let path = from.parent().unwrap_or(from).join(path);
        self.read(&path, conditions, depth + 1);
    }

    /// Expands `~/`; `None` for the home of another user.
    fn expanded(&self, path: &[u8]) -> Option<PathBuf> {
        match path.strip_prefix(b"~/") {
            Some(rest) => Some(self.home?.join(os_string(rest))),
            None => (!path.starts_with(b"~")).then(|| os_string(path).into()),
        }
    }

    fn condition(&self, condition: &[u8], from: &Path) -> Option<Condition> {
        let pattern = condition.strip_prefix(b"gitdir:")?;
        if pattern.iter().any(|byte| b"*?[\\".contains(byte)) {
            return None;
        }
        // Git compares with what is canonical, and takes home and the file's directory likewise.
        let path = match pattern.strip_prefix(b"./") {
            Some(rest) => from.canonicalize().ok()?.parent()?.join(os_string(rest)),
            None if pattern.starts_with(b"~/") => {
                self.home?.canonicalize().ok()?.join(os_string(&pattern[2..]))
            }
            None => os_string(pattern).into(),
        };
        Some(Condition { path, is_below: pattern.ends_with(b"/") })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
