//! What a repository ignores, by its own rules: the `.gitignore` files on the way, and
//! `.git/info/exclude`. The user's own rules are no part of the repository.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Longest file of rules that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// The rules that hold in a directory: its own before those of the directories above.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    own: Gitignore,
    above: Rules,
}

impl Rules {
    /// Returns the rules that a repository has besides those in its directories.
    pub(super) fn of_repository(root: &Path) -> Self {
        Self::default().with(root, &root.join(".git/info/exclude"))
    }

    /// Returns these rules and those of a directory, which are in `file`.
    pub(super) fn with(&self, dir: &Path, file: &Path) -> Self {
        let own = text(file).and_then(|text| {
            let mut builder = GitignoreBuilder::new(dir);
            for line in text.lines() {
                // git passes over what it cannot read, too.
                drop(builder.add_line(None, line));
            }
            builder.build().ok()
        });
        match own.filter(|own| !own.is_empty()) {
            Some(own) => Self(Some(Arc::new(Node { own, above: self.clone() }))),
            None => self.clone(),
        }
    }

    /// Whether a file or directory is ignored. What lies in an ignored directory is as well; that
    /// is for the caller to know.
    pub(super) fn ignore(&self, path: &Path, is_dir: bool) -> bool {
        let mut rules = self;
        while let Some(node) = &rules.0 {
            match node.own.matched(path, is_dir) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => rules = &node.above,
            }
        }
        false
    }
}

fn text(file: &Path) -> Option<String> {
    // A pipe would hold us up.
    if !file.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_decides() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        std::fs::create_dir_all(root.join(".git/info")).unwrap();
        std::fs::create_dir(root.join("a")).unwrap();
        std::fs::write(root.join(".git/info/exclude"), "*.local\n").unwrap();
        std::fs::write(root.join(".gitignore"), "# built\n/target/\n*.o\n").unwrap();
        std::fs::write(root.join("a/.gitignore"), "!keep.o\n").unwrap();
        let top = Rules::of_repository(root).with(root, &root.join(".gitignore"));
        let below = top.with(&root.join("a"), &root.join("a/.gitignore"));
        assert!(top.ignore(&root.join("target"), true));
        assert!(!top.ignore(&root.join("target"), false), "the rule is for directories");
        assert!(!top.ignore(&root.join("a/target"), true), "the rule is for the top");
        assert!(below.ignore(&root.join("a/x.o"), false));
        assert!(!below.ignore(&root.join("a/keep.o"), false));
        assert!(below.ignore(&root.join("a/x.local"), false));
        assert!(!below.ignore(&root.join("a/x.c"), false));
    }

    #[test]
    fn what_is_no_file_of_rules_is_none() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join(".gitignore")).unwrap();
        let rules = Rules::default().with(temp.path(), &temp.path().join(".gitignore"));
        assert!(!rules.ignore(&temp.path().join("x"), false));
    }
}
