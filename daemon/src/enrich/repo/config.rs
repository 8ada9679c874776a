//! What a repository's own `config` says about it: whether it is bare, and its remotes.
//!
//! Addresses are rewritten as git would (`insteadOf`), by what it says and by what [`Settings`] say.

use std::collections::BTreeMap;
use std::path::Path;

use super::place::Place;
use super::settings::Settings;
use super::syntax::{self, Entry};
use super::{RepoError, file};

/// The remote that a fork has beside its own.
const UPSTREAM: &[u8] = b"upstream";

/// The settings that matter here, of one or two files.
#[derive(Default)]
pub(super) struct Config {
    bare: bool,
    /// What `bare` is for the repository itself, whatever it is for this working tree.
    is_main_bare: bool,
    /// Whether each working tree has a file of its own.
    has_own_config: bool,
    /// The URL that git would fetch from, by the remote's name.
    remotes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The remote's name, by branch.
    upstreams: BTreeMap<Vec<u8>, Vec<u8>>,
    rewrites: Vec<Rewrite>,
}

/// What to put in the place of the beginning of a URL.
#[derive(Clone)]
pub(super) struct Rewrite {
    pub(super) prefix: Vec<u8>,
    pub(super) base: Vec<u8>,
}

impl Config {
    /// Reads what applies to one place.
    pub(super) fn of(place: &Place, settings: &Settings) -> Result<Self, RepoError> {
        // First, as of two rewrites of the same beginning the earlier one counts.
        let rewrites = settings.rewrites(&place.git_dir);
        let mut config = Self { rewrites, ..Self::default() };
        config.read(&place.common_dir.join("config"))?;
        config.is_main_bare = config.bare;
        if config.has_own_config {
            config.read(&place.git_dir.join("config.worktree"))?;
        } else if place.is_linked {
            // Then `core.bare` is about the main working tree, not about this one.
            config.bare = false;
        }
        if !place.is_linked {
            config.is_main_bare = config.bare;
        }
        Ok(config)
    }

    /// Whether there is no working tree beside the repository.
    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }

    /// Whether the repository has no main working tree.
    pub(super) fn is_main_bare(&self) -> bool {
        self.is_main_bare
    }

    /// Returns the URL of `origin`, else of the branch's upstream, else of the alphabetically first
    /// remote, of the one named `upstream` only where there is no other. It may contain credentials.
    pub(super) fn remote(&self, branch: Option<&[u8]>) -> Option<Vec<u8>> {
        let upstream = branch.and_then(|branch| self.upstreams.get(branch));
        let url = self
            .remotes
            .get(&b"origin"[..])
            .or_else(|| self.remotes.get(upstream?))
            .or_else(|| self.remotes.iter().find(|(name, _)| *name != UPSTREAM).map(|(_, url)| url))
            .or_else(|| self.remotes.get(UPSTREAM))?;
        Some(self.rewritten(url))
    }

    /// Returns the URL of the remote named `upstream`. It may contain credentials.
    pub(super) fn upstream(&self) -> Option<Vec<u8>> {
        self.remotes.get(UPSTREAM).map(|url| self.rewritten(url))
    }

    fn rewritten(&self, url: &[u8]) -> Vec<u8> {
        let matching = self.rewrites.iter().filter(|rewrite| url.starts_with(&rewrite.prefix));
        // Of several that are equally long, `max_by_key` takes the last.
        match matching.rev().max_by_key(|rewrite| rewrite.prefix.len()) {
            Some(Rewrite { prefix, base }) => [base, &url[prefix.len()..]].concat(),
            None => url.to_owned(),
        }
    }

    fn read(&mut self, path: &Path) -> Result<(), RepoError> {
        if let Some(bytes) = file::read(path)? {
            syntax::entries(&bytes, |entry| self.take(&entry));
        }
        Ok(())
    }

    fn take(&mut self, entry: &Entry<'_>) {
        let value = entry.value.unwrap_or_default();
        match (entry.section, entry.subsection, entry.key) {
            (b"core", None, b"bare") => self.bare = is_true(entry.value),
            (b"extensions", None, b"worktreeconfig") => self.has_own_config = is_true(entry.value),
            // An empty URL takes back those before it; of those after it, the first is fetched from.
            (b"remote", Some(name), b"url") if value.is_empty() => drop(self.remotes.remove(name)),
            (b"remote", Some(name), b"url") => {
                self.remotes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
            (b"branch", Some(name), b"remote") => {
                self.upstreams.insert(name.to_owned(), value.to_owned());
            }
            (b"url", Some(base), b"insteadof") => {
                let rewrite = Rewrite { prefix: value.to_owned(), base: base.to_owned() };
                self.rewrites.push(rewrite);
            }
            _ => {}
        }
    }
}

/// A key without a value is true.
fn is_true(value: Option<&[u8]>) -> bool {
    let Some(value) = value else { return true };
    let is_word = [&b"true"[..], b"yes", b"on"].iter().any(|word| value.eq_ignore_ascii_case(word));
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    is_word || number.is_some_and(|number| number != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let mut config = Config::default();
        syntax::entries(text.as_bytes(), |entry| config.take(&entry));
        config
    }

    fn remote(text: &str, branch: Option<&str>) -> Option<String> {
        let url = config(text).remote(branch.map(str::as_bytes))?;
        Some(String::from_utf8(url).unwrap())
    }

    #[test]
    fn origin_goes_before_upstream_before_the_alphabet() {
        let others =
            "[remote \"b\"]\nurl = /b\n[remote \"a\"]\nurl = /a\n[branch \"m\"]\nremote = b\n";
        assert_eq!(remote(others, None).unwrap(), "/a");
        assert_eq!(remote(others, Some("m")).unwrap(), "/b");
        assert_eq!(remote(others, Some("M")).unwrap(), "/a");
        let all = format!("{others}[remote \"origin\"]\nurl = /o");
        assert_eq!(remote(&all, Some("m")).unwrap(), "/o");
    }

    #[test]
    fn a_branch_that_follows_a_local_one_has_no_upstream_remote() {
        let text = "[branch \"m\"]\nremote = .\n[remote \"z\"]\nurl = /z";
        assert_eq!(remote(text, Some("m")).unwrap(), "/z");
        assert_eq!(remote("[branch \"m\"]\nremote = .", Some("m")), None);
    }

    #[test]
    fn the_first_url_counts_and_an_empty_one_takes_back() {
        assert_eq!(remote("[remote \"r\"]\nurl = /1\nurl = /2", None).unwrap(), "/1");
        assert_eq!(remote("[remote \"r\"]\nurl = /1\nurl =\nurl = /2", None).unwrap(), "/2");
        assert_eq!(remote("[remote \"r\"]\nurl = /1\nurl =", None), None);
    }

    #[test]
    fn the_longest_match_is_replaced() {
        let text = "[url \"ssh://h/\"]\ninsteadOf = x:\n[url \"/long/\"]\ninsteadOf = x:y\n";
        assert_eq!(remote(&format!("{text}[remote \"r\"]\nurl = x:a"), None).unwrap(), "ssh://h/a");
        assert_eq!(remote(&format!("{text}[remote \"r\"]\nurl = x:yz"), None).unwrap(), "/long/z");
        assert_eq!(remote(&format!("{text}[remote \"r\"]\nurl = w:yz"), None).unwrap(), "w:yz");
    }

    #[test]
    fn truth_has_many_names() {
        for text in ["bare", "bare = TRUE", "bare=yes", "bare = on", "bare = 1", "bare = \"2\""] {
            assert!(config(&format!("[core]\n{text}")).is_bare(), "{text}");
        }
        for text in ["bare =", "bare = false", "bare = 0", "bare = no", "bare = off", ""] {
            assert!(!config(&format!("[core]\n{text}")).is_bare(), "{text}");
        }
    }
}
