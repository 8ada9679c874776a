//! What fuzzing reaches of reading repositories: whoever made one chose every byte of it.

use trackway_protocol::remote::{self, REDACTED};

use super::reference::{self, Reference};
use super::{packed, syntax, url};

/// Configuration, references and packed references.
pub fn git_files(bytes: &[u8]) {
    syntax::entries(bytes, |entry| {
        let is_name = |name: &[u8]| !name.iter().any(u8::is_ascii_uppercase);
        assert!(is_name(entry.section) && is_name(entry.key));
        assert!(entry.value.is_none_or(|value| value.len() <= bytes.len()));
    });
    match Reference::parse(bytes) {
        Some(Reference::To(name)) => assert!(name.starts_with(b"refs/")),
        Some(Reference::Commit(id)) => assert_id(&id),
        None => {}
    }
    for (at, entry) in packed::entries(bytes) {
        assert!(bytes[at..].starts_with(entry.id), "an entry is where it was found");
        reference::commit(entry.id).iter().for_each(|id| assert_id(id));
    }
}

fn assert_id(id: &str) {
    assert!(matches!(id.len(), 40 | 64));
    assert!(id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{id}");
}

/// The address of a remote: what has no credentials left loses nothing more, and a password never
/// comes out, whatever follows it.
pub fn remote_address(bytes: &[u8]) {
    const PASSWORD: &str = "hunter2hunter2";
    if let Some(clean) = url::without_credentials(bytes) {
        if !clean.contains(REDACTED) && clean.contains("://") {
            assert_eq!(url::without_credentials(clean.as_bytes()).as_ref(), Some(&clean));
        }
        drop(remote::identity(&clean));
    }
    let text = String::from_utf8_lossy(bytes);
    if text.contains("hunter") {
        return;
    }
    for scheme in ["https", "ssh", "git+ssh", "http"] {
        let with_password = format!("{scheme}://user:{PASSWORD}@{text}");
        if let Some(clean) = url::without_credentials(with_password.as_bytes()) {
            assert!(!clean.contains(PASSWORD), "{clean}");
        }
    }
}
