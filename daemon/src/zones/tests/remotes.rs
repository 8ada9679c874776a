//! Which repositories a pattern of addresses matches.

use trackway_protocol::remote::identity;

use super::*;

/// Spellings of repositories that `git.example.com/acme/llama-*` is about.
const SPELLINGS: &[&str] = &[
    "git.example.com/acme/llama-1",
    "git.example.com/acme/llama-1.git",
    "git.example.com/acme/llama-1/",
    "git.example.com:acme/llama-1",
    "git.example.com:acme/llama-1.git",
    "git.example.com:/acme/llama-1.git",
    "git@git.example.com:acme/llama-1.git",
    "git@git.example.com:acme/llama-1",
    "git@git.example.com:/acme/llama-1",
    "git@git.example.com:acme//llama-1.git/",
    "git@GIT.Example.com:acme/llama-1.git",
    "ann@git.example.com:acme/llama-1.git",
    "[git@git.example.com:22]:acme/llama-1.git",
    "[git.example.com]:acme/llama-1",
    "git@git.example.com/acme/llama-1",
    "https://git.example.com/acme/llama-1",
    "https://git.example.com/acme/llama-1.git",
    "https://git.example.com/acme/llama-1/",
    "https://git.example.com/acme/llama-1.git/",
    "https://git.example.com/acme/llama-1/.git",
    "https://git.example.com//acme//llama-1",
    "https://git.example.com/./acme/./llama-1",
    "https://git.example.com:443/acme/llama-1.git",
    "https://git.example.com:/acme/llama-1",
    "https://git.example.com./acme/llama-1",
    "https://ann@git.example.com/acme/llama-1",
    "https://ann:secret@git.example.com/acme/llama-1.git",
    "https://<token>@git.example.com/acme/llama-1.git",
    "https://GIT.EXAMPLE.COM/acme/llama-1",
    "HTTPS://git.example.com/acme/llama-1",
    "https://git.example.com/%61cme/llama%2D1",
    "https://git.example.com/acme/llama-1%2Egit",
    "https://git.example.com/acme/llama-%F0%9F%A6%99",
    "https://git.example.com/acme/llama-%2Fx",
    "https://git.example.com/acme/llama-%ff",
    "https://git.example.com/acme/llama-",
    "https://git.example.com/acme/llama-1.wiki.git",
    "https://git.example.com/acme/llama-a b",
    "git+https://git.example.com/acme/llama-1.git",
    "http://git.example.com/acme/llama-1",
    "http://git.example.com:80/acme/llama-1",
    "git://git.example.com/acme/llama-1.git",
    "git://git.example.com:9418/acme/llama-1.git",
    "ssh://git.example.com/acme/llama-1",
    "ssh://git@git.example.com/acme/llama-1.git",
    "ssh://git@git.example.com:22/acme/llama-1.git",
    "ssh://git@git.example.com:/acme/llama-1.git",
    "git+ssh://git@git.example.com/acme/llama-1.git",
    "ssh+git://git@git.example.com/acme/llama-1.git",
    "SSH://git@Git.example.com:22//acme/llama-1.git//",
];

/// What only looks like one of them.
const LOOKALIKES: &[&str] = &[
    "git.example.com.evil.org/acme/llama-1",
    "https://git.example.com.evil.org/acme/llama-1",
    "https://evil-git.example.com/acme/llama-1",
    "https://xgit.example.com/acme/llama-1",
    "https://evil.git.example.com/acme/llama-1",
    "https://git.example.co/acme/llama-1",
    "https://git.example.comm/acme/llama-1",
    "https://git-example.com/acme/llama-1",
    "https://gitXexample.com/acme/llama-1",
    "https://example.com/acme/llama-1",
    "https://git.example.org/acme/llama-1",
    "https://git.example.com@evil.org/acme/llama-1",
    "git.example.com@evil.org:acme/llama-1",
    "https://evil.org/git.example.com/acme/llama-1",
    "evil/git.example.com/acme/llama-1",
    "evil:git.example.com/acme/llama-1",
    "https://evil.org/?/git.example.com/acme/llama-1",
    "https://evil.org/#git.example.com/acme/llama-1",
    "https://git.example.com/acme/llama-1/deeper",
    "https://git.example.com/acme/llama-1/x/y.git",
    "https://git.example.com/group/acme/llama-1",
    "https://git.example.com/acme",
    "https://git.example.com/acme/",
    "https://git.example.com/acme/llama",
    "https://git.example.com/acme/llama.git",
    "https://git.example.com/acme/xllama-1",
    "https://git.example.com/acme/Llama-1",
    "https://git.example.com/Acme/llama-1",
    "https://git.example.com/acmes/llama-1",
    "https://git.example.com/acm/llama-1",
    "https://git.example.com/evil/llama-1",
    "https://git.example.com/acme%2Fllama-1",
    "https://git.example.com/acme/../evil/llama-1",
    "https://git.example.com/llama-1",
    "https://git.example.com",
    "https://git.example.com/",
    "git@git.example.com:llama-1.git",
    "ssh://git@git.example.com:2222/acme/llama-1.git",
    "[git@git.example.com:2222]:acme/llama-1.git",
    "git@git.example.com:2222/acme/llama-1.git",
    "git@git.example.com:22/acme/llama-1.git",
    "https://git.example.com:8443/acme/llama-1",
    "http://git.example.com:443/acme/llama-1",
    "ssh://git@git.example.com:443/acme/llama-1.git",
    "ssh://git@git.example.com:acme/llama-1.git",
    "git@git.example.com:~/acme/llama-1",
    "ext::git.example.com/acme/llama-1",
    "hg::https://git.example.com/acme/llama-1",
    "s3://git.example.com/acme/llama-1",
    "file://git.example.com/acme/llama-1",
    "file:///git.example.com/acme/llama-1",
    "/git.example.com/acme/llama-1",
    "./git.example.com/acme/llama-1",
    "https://<redacted>",
    "https://<redacted>@git.example.com/acme/llama-1",
    "",
];

/// Spellings of the pattern itself.
const PATTERNS: &[&str] = &[
    "git.example.com/acme/llama-*",
    "git.example.com/acme/llama-*/",
    "git.example.com/acme/llama-*.git",
    "GIT.example.COM/acme/llama-*",
    "https://git.example.com/acme/llama-*.git",
    "https://ann@git.example.com:443//acme/llama-*",
    "https://*@git.example.com/acme/llama-*",
    "https://git.example.com/%61cme/llama-*",
    "ssh://git@git.example.com:22/acme/llama-*",
    "git@git.example.com:acme/llama-*.git",
    "?@git.example.com:acme/llama-*",
    "git://git.example.com/acme/llama-*",
];

#[test]
fn every_spelling_matches_every_spelling_of_the_pattern_and_no_lookalike_does() {
    for pattern in PATTERNS {
        let rules = remotes(&[pattern]);
        for spelling in SPELLINGS {
            let hit = cloned(&rules, spelling).unwrap_or_else(|| panic!("{pattern}: {spelling}"));
            assert_eq!((hit.pattern, hit.by), (*pattern, By::Remote));
        }
        for other in LOOKALIKES {
            assert_eq!(cloned(&rules, other), None, "{pattern}: {other}");
        }
    }
}

#[test]
fn a_fork_is_what_its_upstream_is() {
    let rules = remotes(&["git.example.com/acme/llama-*"]);
    let by = |upstream: &str| {
        let remote = Some("git@git.example.com:ann/llama-1.git".into());
        let fork = Repo { remote, upstream: Some(upstream.into()), ..repo("/w") };
        in_repo(&rules, "/w/src", Some(&fork)).map(|hit| hit.by)
    };
    assert!(SPELLINGS.iter().all(|spelling| by(spelling) == Some(By::Upstream)));
    assert!(LOOKALIKES.iter().all(|other| by(other).is_none()));
}

/// A pattern, what it matches, and what only looks like that.
const CASES: &[(&str, &[&str], &[&str])] = &[
    ("git.example.com/acme/r", &["git@git.example.com:acme/r"], &["git@git.example.com:acme/rr"]),
    (
        "git.example.com/acme/**",
        &[
            "git@git.example.com:acme/r",
            "https://git.example.com/acme/a/b/r",
            "git.example.com/acme",
        ],
        &[
            "git.example.com/acmes/r",
            "git.example.com/x/acme/r",
            "ssh://git.example.com:2222/acme/r",
        ],
    ),
    (
        "git@git.example.com:**",
        &["https://git.example.com/r", "git.example.com/a/b"],
        &["evil.org/r"],
    ),
    (
        "git.example.com/**/llama",
        &["git.example.com/llama", "git.example.com/a/b/llama.git"],
        &["git.example.com/llama/x"],
    ),
    (
        "**/llama-*",
        &["https://a.org/x/llama-1", "ssh://b.org:2222/llama-2"],
        &["https://a.org/llama/x", "/srv/llama-1"],
    ),
    ("**", &["https://a.org/x", "ssh://b.org:2222/llama-2", "s3://bucket/x"], &["/srv/x"]),
    (
        "*.example.com/acme/r",
        &["git@git.example.com:acme/r", "a.b.example.com/acme/r"],
        &[
            "example.com/acme/r",
            "git.example.com.evil.org/acme/r",
            "x/git.example.com/acme/r",
            "ssh://git.example.com:2222/acme/r",
        ],
    ),
    (
        "git?.example.com/acme/r",
        &["git1.example.com/acme/r"],
        &["git.example.com/acme/r", "git12.example.com/acme/r"],
    ),
    (
        "ssh://git@git.example.com:2222/acme/*",
        &["ssh://git.example.com:2222/acme/r"],
        &[
            "git.example.com/acme/r",
            "ssh://git.example.com:2223/acme/r",
            "https://git.example.com:2222/acme/r",
        ],
    ),
    (
        r"ssh://\[::1\]/acme/*",
        &["[::1]:acme/r", "ssh://git@[0:0:0:0:0:0:0:1]/acme/r"],
        &["[::2]:acme/r"],
    ),
    (r"host/a/\*\?", &["host/a/*?", "https://host/a/%2A%3F"], &["host/a/bc"]),
    ("https://host/a/%2A*", &["host/a/*b"], &["host/a/bb"]),
    ("host/100%/*", &["https://host/100%25/r", "host:100%/r"], &["host/100/r"]),
    (
        "host/a/?",
        &["host/a/b", "https://host/a/%C3%A4", "https://host/a/%2F", "https://host/a/%FF"],
        &["host/a/bb"],
    ),
    // Another letter than those that stand for wildcards, however it is written.
    (
        "https://host/%F0%B0%80%80/\u{30001}*",
        &["host/\u{30000}/\u{30001}x"],
        &["host/a/bx", "host/x/x"],
    ),
    (
        "s3://bucket/models-*",
        &["s3://bucket/models-1"],
        &["s3://buckets/models-1", "https://bucket/models-1"],
    ),
    (
        "codecommit::eu-west-1://model-*",
        &["codecommit::eu-west-1://model-1"],
        &["codecommit::eu-west-2://model-1"],
    ),
    // Forges have names of their own, and do not tell case apart.
    (
        "GitHub.com/Acme/Llama-*",
        &["git@github.com:acme/LLAMA-1", "ssh://git@ssh.github.com:443/ACME/llama-2"],
        &["github.com/acme/llam"],
    ),
    (
        "*hub.com/Acme/Llama-*",
        &["github.com/acme/LLAMA-1", "xhub.com/Acme/Llama-1"],
        &["xhub.com/acme/llama-1"],
    ),
    ("**/Acme/R", &["gitlab.com/x/ACME/r", "a.org/Acme/R"], &["a.org/acme/r"]),
    (
        "git@ssh.dev.azure.com:v3/org/*/*",
        &["https://dev.azure.com/org/p/_git/r", "https://org.visualstudio.com/p/_git/r"],
        &["https://dev.azure.com/other/p/_git/r"],
    ),
    (
        "dev.azure.com/Org/**",
        &["https://dev.azure.com/org/p/_git/r", "git@ssh.dev.azure.com:v3/org/p/r"],
        &["https://dev.azure.com/other/p/_git/r"],
    ),
    (
        "ssh://git@host.example:7999/prj/*",
        &["https://host.example/scm/prj/r", "ssh://host.example:7999/prj/x"],
        &["https://host.example/prj/r"],
    ),
];

#[test]
fn wildcards_stand_for_what_of_an_address_they_can() {
    for (pattern, same, others) in CASES {
        let rules = remotes(&[pattern]);
        for remote in *same {
            assert!(cloned(&rules, remote).is_some(), "{pattern}: {remote}");
        }
        for remote in *others {
            assert_eq!(cloned(&rules, remote), None, "{pattern}: {remote}");
        }
    }
}

#[test]
fn what_names_no_repository_or_one_that_is_known_otherwise_is_refused() {
    for (pattern, why) in [
        ("", "no address"),
        ("x", "no address"),
        ("*", "no address"),
        ("git.example.com", "no address"),
        ("git.example.com/", "no address"),
        ("https://git.example.com/", "no address"),
        ("https://git.example.com/.git", "no address"),
        ("https://host:port/r", "no address"),
        ("https://host:*/r", "no address"),
        ("https:///r", "no address"),
        ("./r", "no address"),
        ("../*", "no address"),
        ("~/src/r", "no address"),
        ("C:/src/r", "no address"),
        ("a b/r", "no address"),
        ("/srv/git/*", "under paths"),
        ("file:///srv/git/*", "under paths"),
        ("*://host/r", "before ://"),
        ("http?://host/r", "before ://"),
        ("host/a**", "next to something else"),
        ("host/[ab]", r"write \["),
        ("ssh://host:7999/**", "known as host/scm/x/x"),
        ("org.visualstudio.com/**", "known as dev.azure.com/org/x/_git/x"),
        ("git@ssh.dev.azure.com:v3/org/**", "known as dev.azure.com/org/x/_git/x"),
    ] {
        let error = parse(&zones("remotes", &[pattern])).unwrap_err();
        assert!(error.reason.contains(why), "{pattern}: {error}");
        assert!(error.reason.starts_with("zone \"z0000\": remotes[0]: "), "{error}");
        assert_eq!(error.line, Some(3));
    }
}

#[test]
fn of_a_forge_that_a_pattern_may_mean_case_does_not_count() {
    for forge in crate::zones::pattern::FORGES {
        assert_eq!(identity(&format!("{forge}/A/B")), format!("{forge}/a/b"));
    }
}

#[test]
fn by_its_remote_a_place_counts_as_deep_as_its_repository() {
    let text = zone("repo", "remotes = [\"host/acme/*\"]")
        + &zone("above", "paths = [\"/src\"]\nseverity = \"high\"")
        + &zone("root", "paths = [\"/src/w\"]")
        + &zone("within", "paths = [\"/src/w/x\"]")
        + &zone("both", "remotes = [\"host/acme/a\"]\npaths = [\"/src/w\"]");
    let rules = rules(&text);
    let name = |path: &str, remote: &str| {
        let repo = Repo { remote: Some(remote.into()), ..repo("/src/w") };
        let hit = in_repo(&rules, path, Some(&repo)).unwrap();
        (hit.zone.name.clone(), hit.by)
    };
    assert_eq!(name("/src/w/a/b", "host:acme/b"), ("repo".into(), By::Remote));
    assert_eq!(name("/src/w/x/b", "host:acme/b"), ("within".into(), By::Path));
    assert_eq!(name("/src/w", "host:acme/a"), ("both".into(), By::Remote));
    assert_eq!(name("/src/w", "host:else/a"), ("both".into(), By::Path));
    assert_eq!(in_repo(&rules, "/src/v", None).unwrap().zone.name, "above");
}
