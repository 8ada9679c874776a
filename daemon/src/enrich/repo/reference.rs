//! What is checked out: `HEAD`, and the references that it leads to.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::file::{self, Kind, Status};
use super::place::Place;
use super::{RepoError, packed};
use crate::event::os_string;

/// How many references may lead to one another; git's own limit.
const MAX_CHAIN: usize = 5;

/// What lies below these belongs to one working tree alone.
const OWN: [&[u8]; 3] = [b"refs/bisect/", b"refs/rewritten/", b"refs/worktree/"];

/// What a reference says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// The name of another one.
    To(Vec<u8>),
    /// A commit, in lower-case hexadecimal.
    Commit(String),
}

/// The branch and commit checked out, as far as they are known.
#[derive(Default)]
pub(super) struct Head {
    /// The branch's name below `refs/heads/`.
    pub(super) branch: Option<Vec<u8>>,
    /// The commit's full id.
    pub(super) commit: Option<String>,
}

impl Reference {
    /// Reads a reference that has a file of its own; `None` where there is no sense in it.
    ///
    /// `status` is that of the file itself, be it a link.
    pub(super) fn read(path: &Path, status: &Status) -> Result<Option<Self>, RepoError> {
        let bytes = if status.kind == Kind::Link {
            // Old versions of git wrote symbolic links instead.
            match fs::read_link(path).map(OsString::from).map(OsString::into_encoded_bytes) {
                Ok(name) if name.starts_with(b"refs/") => return Ok(Some(Self::To(name))),
                _ => file::read(path)?,
            }
        } else {
            file::read_known(path, status)?
        };
        Ok(bytes.as_deref().and_then(Self::parse))
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if let Some(name) = bytes.strip_prefix(b"ref:") {
            let name = name.trim_ascii();
            return name.starts_with(b"refs/").then(|| Self::To(name.to_owned()));
        }
        let end = bytes.iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len());
        commit(&bytes[..end]).map(Self::Commit)
    }
}

/// Returns a commit id of either length that git knows.
pub(super) fn commit(hex: &[u8]) -> Option<String> {
    let is_id = matches!(hex.len(), 40 | 64) && hex.iter().all(u8::is_ascii_hexdigit);
    is_id.then(|| String::from_utf8_lossy(hex).to_ascii_lowercase())
}

/// Follows `HEAD` to its branch and commit.
pub(super) fn resolve(place: &Place) -> Head {
    let mut reference = place.head.clone();
    let mut branch = None;
    for _ in 0..=MAX_CHAIN {
        let name = match reference {
            Reference::Commit(commit) => return Head { branch, commit: Some(commit) },
            Reference::To(name) if is_valid(&name) => name,
            Reference::To(_) => break,
        };
        branch = name.strip_prefix(b"refs/heads/").map(<[u8]>::to_owned);
        match lookup(place, &name) {
            Some(next) => reference = next,
            None => return Head { branch, commit: None },
        }
    }
    Head::default()
}

fn lookup(place: &Place, name: &[u8]) -> Option<Reference> {
    let is_own = OWN.iter().any(|prefix| name.starts_with(prefix));
    let dir = if is_own { &place.git_dir } else { &place.common_dir };
    let path = dir.join(os_string(name));
    match file::link_status(&path) {
        // Where it is a directory, the branch `a` is packed and was `a/b` once.
        Ok(Some(status)) if status.kind != Kind::Directory => {
            Reference::read(&path, &status).ok().flatten()
        }
        _ => packed::commit(&place.common_dir.join("packed-refs"), name).map(Reference::Commit),
    }
}

/// Whether git would take the name. Nothing else may become a path: `refs/../../secret`.
fn is_valid(name: &[u8]) -> bool {
    let has_only_plain_bytes =
        name.iter().all(|byte| !byte.is_ascii_control() && !b" ~^:?*[\\".contains(byte));
    let has = |pair: &[u8]| name.windows(2).any(|window| window == pair);
    has_only_plain_bytes
        && !has(b"..")
        && !has(b"@{")
        && name.split(|b| *b == b'/').all(is_component)
}

fn is_component(name: &[u8]) -> bool {
    !name.is_empty()
        && !name.starts_with(b".")
        && !name.ends_with(b".lock")
        && !name.ends_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_name_or_an_id_of_either_length() {
        let name = |name: &str| Some(Reference::To(name.into()));
        assert_eq!(Reference::parse(b"ref: refs/heads/a\n"), name("refs/heads/a"));
        assert_eq!(Reference::parse(b"ref:refs/heads/a"), name("refs/heads/a"));
        assert_eq!(Reference::parse(b"ref: HEAD\n"), None);
        let id = "0123456789abcdef0123456789ABCDEF01234567";
        let commit = Some(Reference::Commit(id.to_ascii_lowercase()));
        assert_eq!(Reference::parse(id.as_bytes()), commit);
        assert_eq!(Reference::parse(format!("{id}\tx").as_bytes()), commit);
        assert_eq!(Reference::parse(format!("{id}0").as_bytes()), None);
        assert!(Reference::parse("a".repeat(64).as_bytes()).is_some());
        assert_eq!(Reference::parse(b""), None);
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_not_followed() {
        assert!(is_valid("refs/heads/ä/b.c-d@e".as_bytes()));
        for name in ["refs/../x", "refs/heads/", "refs//a", "refs/heads/.invalid", "refs/a.lock"] {
            assert!(!is_valid(name.as_bytes()), "{name}");
        }
        for name in ["refs/a\0b", "refs/a b", "refs/a..b", "refs/a@{1}", "refs/a\\b", "refs/a."] {
            assert!(!is_valid(name.as_bytes()), "{name}");
        }
    }
}
