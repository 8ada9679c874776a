//! Directories as people type them, made into those that the kernel reports: absolute, without
//! `.` and `..`, without links where the directory is there to be asked.

use std::path::{Component, Path, PathBuf};

/// Where typed paths start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'a> {
    /// The current directory, where it has a name.
    pub(super) cwd: Option<&'a Path>,
    pub(super) home: Option<&'a Path>,
}

impl Base<'_> {
    /// Returns the directory that `typed` names; nothing where it starts from nowhere.
    pub(super) fn directory(self, typed: &str) -> Option<String> {
        let path = self.absolute(typed)?;
        // What is recorded are canonical paths: below a link, nothing would ever be found.
        let canonical = path.canonicalize().unwrap_or_else(|_| normal(&path));
        Some(canonical.to_string_lossy().into_owned())
    }

    /// Returns a repository: the directory where `typed` looks like one, else as typed (a remote).
    pub(super) fn repository(self, typed: &str) -> Option<String> {
        let looks = typed.starts_with(['.', '/', '~']) || Path::new(typed).is_absolute();
        if looks || self.absolute(typed).is_some_and(|path| path.is_dir()) {
            self.directory(typed)
        } else {
            Some(typed.to_owned())
        }
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

/// Resolves `.` and `..` by the text of the path alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
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
    }

    #[test]
    fn a_remote_stays_as_it_is() {
        for remote in ["github.com/a/b", "git@github.com:a/b.git", "https://x.example/a"] {
            assert_eq!(base().repository(remote).as_deref(), Some(remote));
        }
        assert_eq!(base().repository("./a").as_deref(), Some("/no/such/dir/a"));
    }

    #[test]
    fn in_a_directory_without_a_name_only_absolute_paths_mean_something() {
        let base = Base { cwd: None, ..base() };
        assert_eq!(base.directory("."), None);
        assert_eq!(base.directory("/no/a").as_deref(), Some("/no/a"));
        assert_eq!(base.repository("github.com/a/b").as_deref(), Some("github.com/a/b"));
    }
}
