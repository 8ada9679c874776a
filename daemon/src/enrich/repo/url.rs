//! A remote's URL without credentials; a path as what it leads to.
//!
//! Of the user part only `git@` of ssh stays: everybody's login name is no secret. Others may be
//! tokens. Queries and fragments go. Where a password might hold the characters that end one, the
//! doubtful text goes too, and `<redacted>` says so, as git does in its own messages.

use std::fs;
use std::path::{Component, Path, PathBuf};

use trackway_protocol::remote::REDACTED;

use crate::event::os_string;

/// A URL that is longer than this is none.
const MAX_LENGTH: usize = 4096;

/// Begins an address of which git runs the rest.
const COMMAND: &str = "ext::";

/// Schemes of which the authority part is known to have the usual form.
const SCHEMES: [&str; 11] = [
    "file",
    "ftp",
    "ftps",
    "git",
    "git+https",
    "git+ssh",
    "http",
    "https",
    "rsync",
    "ssh",
    "ssh+git",
];

/// Returns a URL, in any spelling that git takes, without credentials; `None` where it is too long.
pub(crate) fn without_credentials(url: &[u8]) -> Option<String> {
    let url = (url.len() <= MAX_LENGTH).then(|| String::from_utf8_lossy(url))?;
    // What stands for bytes that are no text is longer than they are.
    if url.len() > MAX_LENGTH {
        return None;
    }
    let known = url.split_once("://").filter(|(scheme, _)| is_known(scheme));
    let clean = match known {
        Some((scheme, rest)) => format!("{scheme}://{}", after_scheme(scheme, rest)),
        None if runs_a_command(&url) || is_path(&url) => url.into_owned(),
        None if url.contains("://") => with_authority("", &url),
        None => scp_like(&url),
    };
    Some(if runs_a_command(&clean) { format!("{COMMAND}{REDACTED}") } else { clean })
}

/// Returns the URL; where it is a path, as one from the root without `..`, which git leaves in it.
/// Touches the disk for that, since only the file system knows where `..` leads from a link.
pub(super) fn absolute(url: Vec<u8>, top: &Path) -> Vec<u8> {
    if !is_plain_path(&url) {
        return url;
    }
    let path = top.join(os_string(&url));
    let parts: Vec<Component<'_>> = path.components().collect();
    let Some(last) = parts.iter().rposition(|part| *part == Component::ParentDir) else {
        return path.into_os_string().into_encoded_bytes();
    };
    let (above, below) = parts.split_at(last + 1);
    let above: PathBuf = above.iter().collect();
    // Where that is gone nothing is known of it, and nothing else is called by its name.
    let mut path = fs::canonicalize(&above).unwrap_or(above);
    path.extend(below);
    path.into_os_string().into_encoded_bytes()
}

/// Whether git reads it as a path, and no credentials can be meant by it: `token@host/p` is one to git.
fn is_plain_path(url: &[u8]) -> bool {
    let first = url.split(|byte| *byte == b'/').next().unwrap_or_default();
    match first {
        b"" => !url.is_empty() && !url.starts_with(b"//"),
        b"." | b".." => true,
        _ => !first.contains(&b':') && !url.contains(&b'@'),
    }
}

fn is_known(scheme: &str) -> bool {
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

fn runs_a_command(url: &str) -> bool {
    url.starts_with(COMMAND)
}

fn is_path(url: &str) -> bool {
    let is_absolute = url.starts_with('/') && !url.starts_with("//");
    is_absolute || url.starts_with("./") || url.starts_with("../")
}

fn after_scheme(scheme: &str, rest: &str) -> String {
    let is_local = scheme.eq_ignore_ascii_case("file") && is_path(rest);
    if is_local { rest.to_owned() } else { with_authority(scheme, rest) }
}

/// Cleans `user:password@host:port/path?query`.
fn with_authority(scheme: &str, rest: &str) -> String {
    let is_end = |c| matches!(c, '?' | '#');
    let without_query = |text: &str| text.split(is_end).next().unwrap_or_default().to_owned();
    let Some((user, host)) = rest.rsplit_once('@') else { return without_query(rest) };
    if user.contains(is_end) {
        // A password with a question mark, or a query with an at sign: either side may be secret.
        return REDACTED.to_owned();
    }
    let host = without_query(host);
    let is_ssh = scheme.to_ascii_lowercase().contains("ssh");
    match user {
        // A password with a slash, or a path with an at sign.
        user if user.contains('/') => format!("{REDACTED}@{host}"),
        user if is_ssh && is_git(user) => format!("git@{host}"),
        _ => host,
    }
}

/// Cleans `user@host:path`.
fn scp_like(url: &str) -> String {
    match url.rsplit_once('@') {
        None => url.to_owned(),
        Some(("git", host)) => format!("git@{host}"),
        Some((user, host)) if user.contains(['/', ':', '@']) => format!("{REDACTED}@{host}"),
        Some((_, host)) => host.to_owned(),
    }
}

/// Whether the user, with or without a password, is the one that everybody logs in as.
fn is_git(user: &str) -> bool {
    user.split(':').next() == Some("git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(url: &str) -> String {
        without_credentials(url.as_bytes()).unwrap()
    }

    /// Found by fuzzing.
    #[test]
    fn a_url_that_is_no_text_has_the_same_limit() {
        assert_eq!(without_credentials(&[b"https://h/", &[0xff; 2000][..]].concat()), None);
        assert!(without_credentials(&[b"https://h/", &[0xff; 1000][..]].concat()).is_some());
    }

    #[test]
    fn urls_without_credentials_stand_as_they_are() {
        for url in [
            "https://github.com/a/b.git",
            "https://host:8443/a",
            "http://[::1]:80/a",
            "ssh://git@host:22/a",
            "ssh://host/~a/b",
            "git@github.com:a/b.git",
            "host:a/b",
            "git@[::1]:a",
            "/srv/git/a@b.git",
            "../a@b?c#d",
            "C:\\a\\b",
            "file:///srv/a@b",
            "git://host/a",
            "codecommit::eu-west-1://repo",
            "",
        ] {
            assert_eq!(clean(url), url);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_path_counts_from_the_top_and_goes_up_as_the_disk_has_it() {
        let temp = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(temp.path()).unwrap();
        fs::create_dir_all(base.join("a/b")).unwrap();
        std::os::unix::fs::symlink("a/b", base.join("link")).unwrap();
        let text = base.to_str().unwrap();
        for (url, expected) in [
            ("x.git".to_owned(), format!("{text}/a/b/x.git")),
            ("../x".to_owned(), format!("{text}/a/x")),
            (".././../x//y".to_owned(), format!("{text}/x/y")),
            ("../../link/../x".to_owned(), format!("{text}/a/x")),
            (format!("{text}/link/../x"), format!("{text}/a/x")),
            (format!("{text}/none/../x"), format!("{text}/none/../x")),
            (format!("{text}//x/"), format!("{text}//x/")),
            ("host:../x".to_owned(), "host:../x".to_owned()),
            ("https://host/../x".to_owned(), "https://host/../x".to_owned()),
            (String::new(), String::new()),
            ("token@host/../p".to_owned(), "token@host/../p".to_owned()),
            ("//user:token@host/../p".to_owned(), "//user:token@host/../p".to_owned()),
        ] {
            let absolute = absolute(url.clone().into_bytes(), &base.join("a/b"));
            assert_eq!(String::from_utf8(absolute).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn credentials_go() {
        for (url, expected) in [
            ("https://user:token@host/a", "https://host/a"),
            ("https://token@host:8443/a", "https://host:8443/a"),
            ("https://git@host/a", "https://host/a"),
            ("HTTPS://user:token@host/a", "HTTPS://host/a"),
            ("https://user:p@ss:w@host/a", "https://host/a"),
            ("https://user:@host/a", "https://host/a"),
            ("https://host/a?private_token=x", "https://host/a"),
            ("https://user:token@host/a?x=y#z", "https://host/a"),
            ("https://host/a#token", "https://host/a"),
            ("ssh://user@host/a", "ssh://host/a"),
            ("ssh://git:token@host/a", "ssh://git@host/a"),
            ("git+ssh://user:token@host/a", "git+ssh://host/a"),
            ("user@host:a/b", "host:a/b"),
            ("file://user:token@host/share", "file://host/share"),
        ] {
            assert_eq!(clean(url), expected, "{url}");
        }
    }

    #[test]
    fn what_may_be_a_part_of_a_password_is_redacted() {
        for (url, expected) in [
            ("https://user:to/ken@host/a", "https://<redacted>@host/a"),
            ("https://user:t@o/ken@host/a", "https://<redacted>@host/a"),
            ("https://host/@scope/a", "https://<redacted>@scope/a"),
            ("https://user:to?ken@host/a", "https://<redacted>"),
            ("https://host/a?token=x@y", "https://<redacted>"),
            ("user:token@host:a", "<redacted>@host:a"),
            ("git:token@host:a", "<redacted>@host:a"),
            ("//user:token@host/share", "<redacted>@host/share"),
            ("hg::https://user:token@host/a?b", "<redacted>@host/a"),
            ("codecommit::eu-west-1://profile@repo", "<redacted>@repo"),
            ("s3://bucket/a?signature=x", "s3://bucket/a"),
            ("ext::sh -c 'curl -u user:token host'", "ext::<redacted>"),
            ("ext::sh -c 'curl https://user:token@host'", "ext::<redacted>"),
            // Found by fuzzing: it is one only without what stands before it.
            ("user:@@ext::sh -c 'curl https://host'", "ext::<redacted>"),
            ("@ext::sh -c 'curl host'", "ext::<redacted>"),
        ] {
            assert_eq!(clean(url), expected, "{url}");
        }
    }

    #[test]
    fn a_url_of_a_megabyte_is_no_url() {
        assert_eq!(without_credentials(&vec![b'a'; 1 << 20]), None);
    }

    proptest! {
        #[test]
        fn no_password_survives_in_a_url(
            scheme in "https?|ssh|git\\+ssh|ftp|HTTPS|s3|x",
            user in "\\PC{0,8}",
            password in "\\PC{0,8}",
            query in "(\\?\\PC{0,8})?",
        ) {
            let url = clean(&format!("{scheme}://{user}Q0Q:{password}Q1Q@host/path{query}Q2Q"));
            prop_assert!(!url.contains("Q0Q") && !url.contains("Q1Q"), "{}", url);
            prop_assert!(query.is_empty() || !url.contains("Q2Q"), "{}", url);
        }

        #[test]
        fn no_password_survives_in_an_scp_like_address(
            user in "[^/.]\\PC{0,8}",
            password in "\\PC{0,8}",
        ) {
            let url = clean(&format!("{user}Q0Q:{password}Q1Q@host:path"));
            prop_assert!(!url.contains("Q0Q") && !url.contains("Q1Q"), "{}", url);
        }

        #[test]
        fn no_password_survives_in_what_git_reads_as_a_path(
            begin in "(//)?",
            user in "[^/.]\\PC{0,8}",
            end in "[:/](\\.\\./)?",
        ) {
            let url = format!("{begin}{user}Q0Q@host{end}path").into_bytes();
            let url = without_credentials(&absolute(url, Path::new("/top"))).unwrap();
            prop_assert!(!url.contains("Q0Q"), "{}", url);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            without_credentials(&absolute(bytes, Path::new("/top")));
        }
    }
}
