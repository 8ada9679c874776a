//! The repository of a directory, and what makes it the same as another.

use serde::{Deserialize, Serialize};

use crate::remote;

/// A repository as it was when it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Repo {
    /// Top directory of the working tree, or the bare repository's directory.
    pub root: String,
    /// Bytes of `root` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_b64: Option<String>,
    /// Top directory of the main working tree, or the repository's own where it lies elsewhere or is
    /// bare; absent where that is `root`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// Bytes of `main` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_b64: Option<String>,
    /// URL of `origin`, else of the branch's own remote, else of the first by name (`upstream` last),
    /// without credentials; a path is absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// URL of the remote named `upstream`, which a fork has, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Branch checked out; absent with a detached head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Full id of the commit checked out; absent before the first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl Repo {
    /// Returns what all clones and working trees of one repository have in common: the remote's
    /// address in its normal form ([`remote`]), else the main working tree's directory.
    ///
    /// A fork has an identity of its own. So has a repository without a remote after it was moved.
    #[must_use]
    pub fn identity(&self) -> String {
        // What is left of a redacted address may be left of another as well.
        let address = self.remote.as_deref().filter(|remote| !remote.contains(remote::REDACTED));
        address.map_or_else(|| self.place(), remote::identity)
    }

    fn place(&self) -> String {
        let (place, b64) = match &self.main {
            Some(main) => (main, &self.main_b64),
            None => (&self.root, &self.root_b64),
        };
        let bytes = b64.as_ref().map_or_else(String::new, |bytes| format!(" ({bytes})"));
        format!("{}{bytes}", remote::identity(place))
    }
}

#[cfg(test)]
mod tests {
    use super::super::PathText;
    use super::*;

    #[test]
    fn a_repository_is_its_remote_or_else_its_main_working_tree() {
        let local = Repo { root: "/w".into(), ..Repo::default() };
        let linked = Repo { main: Some("/r".into()), ..local.clone() };
        let cloned = |remote: &str| Repo { remote: Some(remote.into()), ..linked.clone() };
        assert_eq!(local.identity(), "/w");
        assert_eq!(linked.identity(), "/r");
        assert_eq!(cloned("git@example.org:o/r.git").identity(), "example.org/o/r");
        assert_eq!(cloned("https://<redacted>").identity(), "/r");
        assert_eq!(Repo { root: "/w/.git".into(), ..local }.identity(), "/w");
    }

    #[test]
    fn directories_of_which_only_bytes_differ_are_two_repositories() {
        let repo = |root: &[u8]| {
            let root = PathText::from_bytes(root);
            Repo { root: root.text, root_b64: root.b64, ..Repo::default() }
        };
        assert_ne!(repo(b"/\xff").identity(), repo(b"/\xfe").identity());
    }
}
