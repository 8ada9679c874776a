//! Places as people type them. Paths are made into those that the kernel reports: absolute, without
//! `.` and `..`, without links. What is gone by now keeps its name below what is still there.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::surroundings::Surroundings;

/// How many links are followed on one way: more go in a circle.
const LINKS: u32 = 40;

/// Where typed paths start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'a> {
    /// The current directory, where it has a name.
    pub(super) cwd: Option<&'a Path>,
    pub(super) home: Option<&'a Path>,
}

impl<'a> Base<'a> {
    pub(super) fn of(around: &'a Surroundings) -> Self {
        let home = around.view.home.as_deref().map(Path::new);
        Self { cwd: around.cwd.as_deref(), home }
    }

    /// Returns the directory that `typed` names; nothing where it starts from nowhere.
    pub(super) fn directory(self, typed: &str) -> Option<String> {
        let path = self.absolute(typed)?;
        // What is recorded are canonical paths: below a link, nothing would ever be found.
        let canonical = path.canonicalize().unwrap_or_else(|_| resolved(&path, &mut { LINKS }));
        Some(canonical.to_string_lossy().into_owned())
    }

    /// Returns a repository: the directory where `typed` looks like one, else as typed (a remote).
    pub(super) fn repository(self, typed: &str) -> Option<String> {
        if is_path(typed) || self.exists(typed) {
            self.directory(typed)
        } else {
            Some(typed.to_owned())
        }
    }

    /// Whether `typed` is a repository's remote and no path, which need not be there any more.
    pub(super) fn is_remote(self, typed: &str) -> bool {
        if is_path(typed) || self.exists(typed) {
            return false;
        }
        let host = typed.split(['/', ':']).next().unwrap_or(typed);
        let is_host = host.contains('.') || host == "localhost";
        // With a scheme, as scp writes it, or like a host and what lies there.
        typed.contains("://")
            || typed.contains('@') && typed.contains(':')
            || is_host && host.len() < typed.len()
    }

    fn exists(self, typed: &str) -> bool {
        self.absolute(typed).is_some_and(|path| path.symlink_metadata().is_ok())
    }

    fn absolute(self, typed: &str) -> Option<PathBuf> {
        let in_home = match typed.strip_prefix('~') {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix('/'),
            None => None,
        };
        match (in_home, self.home) {
            (Some(rest), Some(home)) => Some(home.join(rest)),
            _ if Path::new(typed).is_absolute() => Some(typed.into()),
            _ => Some(self.cwd?.join(typed)),
        }
    }
}

/// Whether `typed` can be nothing but a path.
fn is_path(typed: &str) -> bool {
    typed.starts_with(['.', '/', '~']) || Path::new(typed).is_absolute()
}

/// Follows the links of a path as far as it is there, and takes the rest by its text.
fn resolved(path: &Path, links: &mut u32) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                resolved.pop();
            }
            other => resolved = step(resolved, other, links),
        }
    }
    resolved
}

/// Goes on by one name, and to where it leads.
fn step(from: PathBuf, name: Component<'_>, links: &mut u32) -> PathBuf {
    let path = from.join(name);
    match fs::read_link(&path) {
        Ok(target) if *links > 0 => {
            *links -= 1;
            resolved(&from.join(target), links)
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Base<'static> {
        let (cwd, home) = (Path::new("/no/such/dir"), Path::new("/no/home"));
        Base { cwd: Some(cwd), home: Some(home) }
    }

    #[test]
    fn a_relative_directory_starts_here_and_a_tilde_at_home() {
        for (typed, directory) in [
            (".", "/no/such/dir"),
            ("", "/no/such/dir"),
            ("a/./b/../c/", "/no/such/dir/a/c"),
            ("../../..", "/"),
            ("/..", "/"),
            ("~", "/no/home"),
            ("~/", "/no/home"),
            ("~/src", "/no/home/src"),
            ("~ann/src", "/no/such/dir/~ann/src"),
        ] {
            assert_eq!(base().directory(typed).as_deref(), Some(directory), "{typed}");
        }
    }

    #[test]
    fn without_a_home_a_tilde_is_a_name() {
        let base = Base { home: None, ..base() };
        assert_eq!(base.directory("~/a").as_deref(), Some("/no/such/dir/~/a"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_as_the_kernel_reports_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/sub")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let base = Base { cwd: Some(&root), home: None };
        assert_eq!(Path::new(&base.directory("link/sub").unwrap()), root.join("real/sub"));
        assert_eq!(Path::new(&base.repository("link").unwrap()), root.join("real"));
        assert_eq!(Path::new(&base.directory("link/gone/../old").unwrap()), root.join("real/old"));
        assert_eq!(Path::new(&base.directory("link/sub/../../x").unwrap()), root.join("x"));
        std::fs::remove_dir_all(root.join("real")).unwrap();
        assert_eq!(Path::new(&base.directory("link/sub").unwrap()), root.join("real/sub"));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_go_in_a_circle_end() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink("b", root.join("a")).unwrap();
        std::os::unix::fs::symlink("a", root.join("b")).unwrap();
        std::os::unix::fs::symlink("c/c", root.join("c")).unwrap();
        let base = Base { cwd: Some(&root), home: None };
        assert!(base.directory("a/x").unwrap().ends_with("/x"));
        assert!(base.directory("c/x").unwrap().ends_with("/x"));
    }

    #[test]
    fn a_remote_stays_as_it_is() {
        for remote in ["github.com/a/b", "git@github.com:a/b.git", "https://x.example/a"] {
            assert_eq!(base().repository(remote).as_deref(), Some(remote));
        }
        assert_eq!(base().repository("./a").as_deref(), Some("/no/such/dir/a"));
    }

    #[test]
    fn a_remote_is_told_from_a_path_that_is_gone() {
        for remote in [
            "https://github.com/a/b.git",
            "file:///srv/git/b",
            "git@github.com:a/b",
            "ann@host:b",
            "github.com/a/b",
            "git.example:a/b",
        ] {
            assert!(base().is_remote(remote), "{remote}");
        }
        for path in
            ["src/gone", "gone", "gone.txt", "./github.com/a/b", "~/a.b/c", "/a.b/c", ".", "a@b/c"]
        {
            assert!(!base().is_remote(path), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_there_is_a_path_whatever_it_looks_like() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("github.com/a/b")).unwrap();
        let base = Base { cwd: Some(dir.path()), home: None };
        assert!(!base.is_remote("github.com/a/b"));
    }

    #[test]
    fn in_a_directory_without_a_name_only_absolute_paths_mean_something() {
        let base = Base { cwd: None, ..base() };
        assert_eq!(base.directory("."), None);
        assert_eq!(base.directory("/no/a").as_deref(), Some("/no/a"));
        assert_eq!(base.repository("github.com/a/b").as_deref(), Some("github.com/a/b"));
    }
}
