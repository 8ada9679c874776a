//! Paths without detours.

use std::path::{Component, Path, PathBuf};

/// Takes `.` and `..` out of a path that cannot be resolved, as far as its text goes.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_nowhere_has_no_detours() {
        assert_eq!(normal(Path::new("/a/./b/../../c")), Path::new("/c"));
        assert_eq!(normal(Path::new("/../a")), Path::new("/a"));
    }
}
