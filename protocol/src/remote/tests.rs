//! Spellings that are one repository, and such that are not.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A normal form, and what has it.
const SAME: &[(&str, &[&str])] = &[
    (
        "github.com/o/r",
        &[
            "https://github.com/o/r.git",
            "https://github.com/o/r",
            "https://github.com/o/r/",
            "https://github.com/o/r.git/",
            "https://github.com//o//r",
            "https://github.com/o/./r",
            "https://github.com:443/o/r",
            "https://github.com./o/r",
            "https://www.github.com/o/r",
            "https://user:token@github.com/o/r.git",
            "https://token@github.com/o/r.git",
            "https://github.com/%6f/%72.git",
            "https://github.com/o/r%2Egit",
            "HTTPS://GitHub.com/O/R.git",
            "http://github.com/o/r",
            "http://github.com:80/o/r",
            "git://github.com/o/r.git",
            "git://github.com:9418/o/r.git",
            "ssh://git@github.com/o/r.git",
            "ssh://git@github.com:22/o/r.git",
            "ssh://git@github.com:/o/r.git",
            "ssh://github.com/o/r",
            "ssh://git@ssh.github.com:443/o/r.git",
            "git@ssh.github.com:o/r.git",
            "git+ssh://git@github.com/o/r.git",
            "ssh+git://git@github.com/o/r.git",
            "git+https://github.com/o/r.git",
            "git@github.com:o/r.git",
            "git@github.com:o/r",
            "git@github.com:/o/r.git",
            "git@github.com:o/r/",
            "git@GITHUB.COM:O/r.git",
            "github.com:o/r",
            "[git@github.com:22]:o/r.git",
            "[github.com]:o/r.git",
            "github.com/o/r",
            "github.com/o/r.git",
            "GitHub.com/o/r/",
            "git@github.com/o/r",
        ],
    ),
    // Hosts of which nothing is known keep the case of their paths, and their ports.
    ("git.example.org/Team/r", &["https://Git.Example.org/Team/r", "git@git.example.org:Team/r"]),
    (
        "ssh://git.example.org:2222/o/r",
        &[
            "ssh://git@git.example.org:2222/o/r.git",
            "git+ssh://ann@GIT.example.org:2222//o/r",
            "[git@git.example.org:2222]:o/r.git",
        ],
    ),
    ("https://git.example.org:8443/o/r", &["https://u@git.example.org:8443/o/r.git"]),
    ("git.example.org/2222/r", &["git@git.example.org:2222/r", "git.example.org:2222/r.git"]),
    ("box/srv/git/p", &["ann@box:/srv/git/p.git", "ssh://box/srv/git/p/.git", "box:/srv//git/p"]),
    ("box/~ann/p", &["ssh://box/~ann/p", "box:~ann/p.git", "ssh://box/%7Eann/p"]),
    ("git.sr.ht/~ann/p", &["https://git.sr.ht/~ann/p", "git@git.sr.ht:~ann/p"]),
    (
        "[::1]/p",
        &["ssh://[::1]/p", "[::1]:p", "git@[0:0:0:0:0:0:0:1]:p.git", "https://[::1]:443/p"],
    ),
    ("https://[::1]:22/p", &["https://[::1]:22/p"]),
    ("host/a b/ä", &["https://host/a%20b/%C3%A4", "host:a b/ä", "https://host/a b/ä"]),
    ("host/100%25", &["https://host/100%25", "https://host/100%", "host:100%"]),
    ("host/a%2Fb", &["https://host/a%2fb"]),
    ("host/%FF", &["https://host/%ff.git"]),
    (
        "gitlab.com/g/sub/p",
        &[
            "https://gitlab.com/G/Sub/P.git",
            "git@gitlab.com:g/sub/p.git",
            "ssh://git@altssh.gitlab.com:443/g/sub/p.git",
        ],
    ),
    (
        "bitbucket.org/w/r",
        &[
            "https://ann@bitbucket.org/w/r.git",
            "git@bitbucket.org:w/r.git",
            "ssh://git@altssh.bitbucket.org:443/w/r.git",
        ],
    ),
    ("codeberg.org/o/r", &["https://codeberg.org/O/R", "ssh://git@codeberg.org/o/r.git"]),
    (
        "dev.azure.com/org/project/_git/repo",
        &[
            "https://dev.azure.com/org/project/_git/repo",
            "https://org@dev.azure.com/Org/Project/_git/Repo",
            "git@ssh.dev.azure.com:v3/org/project/repo",
            "ssh://git@ssh.dev.azure.com/v3/org/project/repo",
            "https://org.visualstudio.com/project/_git/repo",
            "https://org.visualstudio.com/DefaultCollection/project/_git/repo",
            "org@vs-ssh.visualstudio.com:v3/org/project/repo",
        ],
    ),
    (
        "dev.azure.com/org/my project/_git/my project",
        &[
            "https://dev.azure.com/org/_git/my%20project",
            "https://org.visualstudio.com/_git/my%20project",
            "git@ssh.dev.azure.com:v3/org/my%20project/my%20project",
        ],
    ),
    (
        "git.example.org/scm/prj/r",
        &[
            "https://git.example.org/scm/prj/r.git",
            "http://git.example.org:7990/scm/prj/r.git",
            "ssh://git@git.example.org:7999/prj/r.git",
        ],
    ),
    (
        "git.example.org/scm/~ann/r",
        &["https://git.example.org/scm/~ann/r.git", "ssh://git@git.example.org:7999/~ann/r.git"],
    ),
    (
        "/srv/git/p.git",
        &[
            "/srv/git/p.git",
            "/srv/git/p.git/",
            "/srv//git/./p.git",
            "file:///srv/git/p.git",
            "FILE:///srv/git%2Fp%2Egit/",
        ],
    ),
    ("/srv/p", &["/srv/p", "/srv/p/.git", "/srv/p/.git/", "file:///srv/p/.git"]),
    ("/srv/a%20b", &["/srv/a%20b", "file:///srv/a%2520b"]),
];

/// What stands as it is: of no known form, or without a path.
const AS_IS: &[&str] = &[
    "",
    "x",
    ".",
    "../x.git",
    "./x",
    "~/x.git",
    "https://github.com",
    "https://github.com/",
    "https://github.com/.git",
    "https://host:port/p",
    "https://host:99999/p",
    "https:///p",
    "ssh://git@github.com:o/r.git",
    "host:",
    "file://host/share/p.git",
    "C:\\src\\r",
    "C:/src/r.git",
    "c:src\\r",
    "\\\\server\\share\\r.git",
    "codecommit::eu-west-1://repo",
    "codecommit://repo.git",
    "ext::<redacted>",
    "hg::https://host/r",
    "s3://bucket/r.git",
    "<redacted>@host/a.git",
    "https://<redacted>",
    "//server/share/r.git",
    "//",
    "[",
    "[]:x",
    "a..b:x",
];

/// Pairs that only look alike.
const DIFFERENT: &[(&str, &str)] = &[
    ("https://github.com/o/r", "https://github.com/o/r2"),
    ("https://github.com/o/r", "https://github.com/fork/r"),
    ("https://github.com/o/r", "https://gitlab.com/o/r"),
    ("https://github.com/o/r", "https://github.com/o/r.wiki.git"),
    ("https://github.com/o/r", "https://github.com/o/r/sub"),
    ("https://github.com/o/r", "https://github.com.example.org/o/r"),
    ("https://github.com/o/r", "ssh://git@github.com:2222/o/r"),
    ("https://example.org/o/r", "https://www.example.org/o/r"),
    ("https://example.org/o/r", "https://example.org/O/r"),
    ("https://example.org/o/r", "https://example.org:8443/o/r"),
    ("https://example.org/o/r", "https://example.org/scm/o/r"),
    ("https://example.org/o/r", "ssh://example.org:7999/o/r"),
    ("ssh://example.org:2222/r", "ann@example.org:2222/r"),
    ("ssh://example.org:2222/r", "https://example.org:2222/r"),
    ("https://host/a%2Fb", "https://host/a/b"),
    ("https://host/a%2Fb", "https://host/a%252Fb"),
    ("host:a%20b", "host:a b"),
    ("host:p", "host:~/p"),
    ("/srv/p", "/srv/p.git"),
    ("/srv/p", "/srv/P"),
    ("/github.com/o/r", "github.com/o/r"),
    ("/srv/a%20b", "file:///srv/a%20b"),
    ("/srv/p.bundle", "/srv/p"),
    ("https://dev.azure.com/org/p/_git/a", "https://dev.azure.com/org/q/_git/a"),
    ("https://a.visualstudio.com/p/_git/r", "https://b.visualstudio.com/p/_git/r"),
];

#[test]
fn every_spelling_has_its_repository_s_normal_form() {
    for (expected, spellings) in SAME {
        for spelling in *spellings {
            assert_eq!(identity(spelling), *expected, "{spelling}");
        }
    }
}

#[test]
fn normal_forms_are_their_own_and_differ() {
    let normal: Vec<&str> = SAME.iter().map(|(normal, _)| *normal).chain(AS_IS.to_vec()).collect();
    for form in &normal {
        assert_eq!(identity(form), *form);
    }
    assert_eq!(normal.iter().collect::<BTreeSet<_>>().len(), normal.len());
}

#[test]
fn what_only_looks_alike_differs() {
    for (one, other) in DIFFERENT {
        assert_ne!(identity(one), identity(other), "{one} {other}");
    }
}

/// Anything that has a chance to be an address.
fn address() -> impl Strategy<Value = String> {
    let scheme = "(https?://|ssh://|git://|file://|x::|C:|//?|\\[)?";
    let host = "(git@|a:b@)?(H\\.x|github\\.com|ssh\\.dev\\.azure\\.com|o\\.visualstudio\\.com|\\[::1\\]|host|dev\\.azure\\.com)";
    let port = "(:|:7999|:443|:22|:7990)?";
    let part = "(/|:|\\.|\\.git|%2[Ff]|%25|%|%C3|%A9|\u{e9}|_git|v3|scm|[aB@?#\\[\\] ]){0,4}";
    (scheme, host, port, proptest::collection::vec(part, 0..6))
        .prop_map(|(scheme, host, port, parts)| format!("{scheme}{host}{port}{}", parts.join("/")))
}

/// A name that no rule has anything to say about.
fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9%~@: é-]{1,6}"
}

fn percent_encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_normal_form_is_its_own(address in address()) {
        let once = identity(&address);
        prop_assert_eq!(identity(&once), once);
    }

    #[test]
    fn no_text_makes_it_panic_and_all_have_a_normal_form(text in "\\PC{0,40}|[\\x00-\\x7f]{0,20}") {
        let once = identity(&text);
        prop_assert_eq!(identity(&once), once);
    }

    #[test]
    fn different_paths_stay_different_however_they_are_spelled(
        one in proptest::collection::vec(name(), 1..4),
        other in proptest::collection::vec(name(), 1..4),
    ) {
        let spellings = |path: &[String]| {
            let encoded: Vec<_> = path.iter().map(|name| percent_encoded(name)).collect();
            [
                identity(&format!("https://h.example/{}.git", encoded.join("/"))),
                identity(&format!("ssh://git@h.example/{}", encoded.join("/"))),
                identity(&format!("git@h.example:{}", path.join("/"))),
            ]
        };
        let (ones, others) = (spellings(&one), spellings(&other));
        prop_assert_eq!(ones.iter().collect::<BTreeSet<_>>().len(), 1);
        prop_assert_eq!(one == other, ones[0] == others[0]);
    }

    #[test]
    fn different_directories_stay_different(
        one in proptest::collection::vec(name(), 1..4),
        other in proptest::collection::vec(name(), 1..4),
    ) {
        let (ones, others) = (format!("/{}", one.join("/")), format!("/{}/", other.join("/")));
        prop_assert_eq!(one == other, identity(&ones) == identity(&others));
    }
}
