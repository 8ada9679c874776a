//! What stands for a name: the keyed hash of a path's parts, of a repository, or of a text.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use trackway_protocol::remote;

/// Parts of a path that say only where another begins, and patterns of all there is.
const BARE: &[&str] = &["", ".", "..", "~", "*", "**"];
/// What comes between a repository's address and the number of a pull request.
const PULLS: &[&str] = &[
    "/-/merge_requests/",
    "/merge_requests/",
    "/pull/",
    "/pulls/",
    "/pull-requests/",
    "/pullrequest/",
];

/// Makes the hashes of one key.
#[derive(Clone)]
pub(super) struct Names {
    mac: Hmac<Sha256>,
    keeps_remotes: bool,
}

impl Names {
    pub(super) fn new(key: &[u8], keeps_remotes: bool) -> Self {
        let mac = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        Self { mac, keeps_remotes }
    }

    /// Returns `path:` and the path with each of its parts hashed, so that what lies below what can
    /// still be told.
    pub(super) fn path(&self, path: &str) -> String {
        let is_windows = is_on_windows(path);
        let is_end = |c: char| c == '/' || (is_windows && c == '\\');
        let mut hashed = "path:".to_owned();
        for (nth, part) in path.split_inclusive(is_end).enumerate() {
            let name = part.trim_end_matches(is_end);
            match name {
                bare if BARE.contains(&bare) || (nth == 0 && is_drive(bare)) => hashed += bare,
                name => hashed += &self.hash("path", name),
            }
            hashed += &part[name.len()..];
        }
        hashed
    }

    /// Returns what stands for a text of which a path may be a part, and nobody knows which.
    pub(super) fn text(&self, text: &str) -> String {
        format!("text:{}", self.hash("text", text))
    }

    /// Returns the path where a text is one that says where it begins, else what stands for it.
    pub(super) fn doubtful(&self, text: &str) -> String {
        if is_rooted(text) { self.path(text) } else { self.text(text) }
    }

    /// Returns what stands for a repository's address; a directory's is its path.
    pub(super) fn remote(&self, address: &str) -> String {
        let identity = remote::identity(address);
        if is_rooted(&identity) || identity.starts_with('.') {
            return self.path(&identity);
        }
        if self.keeps_remotes && is_on_network(address) {
            return address.to_owned();
        }
        format!("repo:{}", self.hash("repo", &identity))
    }

    /// Returns what stands for a pull request's address: its repository.
    pub(super) fn pull_request(&self, address: &str) -> String {
        if self.keeps_remotes && is_on_network(address) {
            return address.to_owned();
        }
        let end = PULLS.iter().filter_map(|between| address.rfind(between)).min();
        self.remote(&address[..end.unwrap_or(address.len())])
    }

    /// Hashes of different kinds of names have nothing in common.
    fn hash(&self, kind: &str, name: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(name.as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes[..8].iter().fold(String::with_capacity(16), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a String takes all");
            hex
        })
    }
}

/// Whether a text is a path that says where it begins.
pub(super) fn is_rooted(text: &str) -> bool {
    text.starts_with(['/', '~']) || is_on_windows(text)
}

/// Whether a text may have a path in it.
pub(super) fn may_hold_path(text: &str) -> bool {
    text.contains(['/', '\\', '~']) || is_on_windows(text)
}

fn is_on_windows(path: &str) -> bool {
    let mut ends = path.chars().skip(2);
    path.starts_with("\\\\")
        || (path.get(..2).is_some_and(is_drive) && matches!(ends.next(), None | Some('\\' | '/')))
}

fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Whether git would ask another machine: it takes anything else for a directory or a program.
fn is_on_network(address: &str) -> bool {
    let is_strange = address.contains('\\') || address.contains("::");
    let host = address.split_once(':').filter(|(host, _)| !host.contains('/'));
    !is_strange && host.is_some_and(|(host, _)| !host.is_empty() && host != "file")
}
