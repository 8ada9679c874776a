//! Which paths a pattern matches, and by what else of a place.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use proptest::prelude::*;
use trackway_protocol::record::PathText;

use super::*;

/// A pattern, what it matches, and what only looks like that.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "/data/train",
        &[
            "/data/train",
            "/data/train/",
            "/data/train/x",
            "/data/train/.git/config",
            "/data/train/ ",
        ],
        &[
            "/data",
            "/",
            "/data/training",
            "/data/trai",
            "/data/Train",
            "/x/data/train",
            "/data/train ",
            "/data/.train",
        ],
    ),
    ("/data/train/", &["/data/train", "/data/train/x"], &["/data"]),
    ("/", &["/", "/x", "/x/y"], &["", "x"]),
    ("~", &["/home/ada", "/home/ada/x"], &["/home", "/home/ada2", "/home/bob/ada"]),
    ("~/", &["/home/ada", "/home/ada/x"], &["/home"]),
    (
        "~/src/llama-*",
        &["/home/ada/src/llama-7", "/home/ada/src/llama-", "/home/ada/src/llama-7/a/b"],
        &[
            "/home/ada/src/llama",
            "/home/ada/src/x/llama-7",
            "/home/ada/src/xllama-7",
            "/home/bob/src/llama-7",
        ],
    ),
    ("/a~/x", &["/a~/x"], &["/home/ada/x"]),
    ("/*", &["/a", "/a/b"], &["/"]),
    ("/a/*/c", &["/a/b/c", "/a/.b/c/d"], &["/a/c", "/a/b/b/c", "/a/b"]),
    ("/a/*b*c*", &["/a/bc", "/a/xbxcx", "/a/bbcc", "/a/abcbc"], &["/a/cb", "/a/b", "/a/b/c"]),
    ("/a/*.rs", &["/a/.rs", "/a/x.rs", "/a/x.rs.rs"], &["/a/rs", "/a/x.rs~", "/a/x/y.rs"]),
    ("/a/x*x", &["/a/xx", "/a/xyx"], &["/a/x"]),
    ("/a/?", &["/a/b", "/a/ä", "/a/日", "/a/😀", "/a/b/cc"], &["/a/bb", "/a/äb", "/a"]),
    ("/a/*??", &["/a/bb", "/a/äb", "/a/bbb", "/a/ää"], &["/a/b", "/a/ä"]),
    ("/a/?*?", &["/a/bb", "/a/ää", "/a/xyz"], &["/a/ä", "/a/b"]),
    (
        "/a/**/z",
        &["/a/z", "/a/b/z", "/a/b/c/z/y", "/a/z/z"],
        &["/a", "/a/b", "/a/zz", "/z", "/b/a/z"],
    ),
    ("/**/z", &["/z", "/a/z", "/a/b/z/c"], &["/", "/a", "/az"]),
    ("/**/*.key", &["/.key", "/a/b/x.key"], &["/a/key"]),
    ("/a/**", &["/a", "/a/b"], &["/", "/ab"]),
    ("/**", &["/", "/a"], &["a"]),
    ("/a/**/**/b/**/c", &["/a/b/c", "/a/x/b/x/x/c"], &["/a/c", "/a/c/b"]),
    (r"/a/\*", &["/a/*", "/a/*/b"], &["/a/b", r"/a/\*"]),
    (r"/a/\?\[x\]\{y\}\\", &[r"/a/?[x]{y}\"], &[r"/a/z[x]{y}\", "/a/?[x]{y}"]),
    (r"/a/\**\?", &["/a/*?", "/a/*b?"], &["/a/b?", "/a/*b"]),
    ("/ä/日", &["/ä/日"], &["/a/日", "/Ä/日"]),
    ("/a/...", &["/a/..."], &["/a/b"]),
];

#[test]
fn a_pattern_names_what_it_fits_and_all_below() {
    for (pattern, inside, outside) in CASES {
        let rules = paths(&[pattern]);
        for path in *inside {
            assert_eq!(at(&rules, path), Some(*pattern), "{path}");
        }
        for path in *outside {
            assert_eq!(at(&rules, path), None, "{pattern}: {path}");
        }
    }
}

#[test]
fn all_patterns_at_once_match_what_each_does() {
    let together = paths(&CASES.iter().map(|(pattern, ..)| *pattern).collect::<Vec<_>>());
    for (pattern, inside, outside) in CASES {
        let has = |path: &&str| {
            let hits = together.all(&Place { path: Path::new(path), repo: None });
            hits.iter().any(|hit| hit.pattern == *pattern)
        };
        assert!(inside.iter().all(has) && !outside.iter().any(has), "{pattern}");
    }
}

#[test]
fn bytes_that_are_no_text_are_names_as_well() {
    let place = |path: &[u8]| PathBuf::from(OsStr::from_bytes(path));
    let is_in = |pattern: &str, path: &[u8]| {
        let place = Place { path: &place(path), repo: None };
        paths(&[pattern]).judge(&place, None, Touch::Read).is_some()
    };
    assert!(is_in("/a", b"/a/\xff\xfe/b"));
    assert!(is_in("/a/*/b", b"/a/\xff\xfe/b"));
    assert!(is_in("/a/x?y", b"/a/x\xffy"));
    // Each byte is a character of its own, and so is what is left of one that was cut.
    assert!(is_in("/a/??", b"/a/\xe6\x97"));
    assert!(!is_in("/a/?", b"/a/\xe6\x97"));
    assert!(!is_in("/a/\u{fffd}", b"/a/\xff"));
    let home = place(b"/home/\xff");
    let rules = Rules::parse(&zones("paths", &["~/x"]), Some(&home), &|_| None).unwrap();
    assert!(
        rules.judge(&Place { path: &home.join("x/y"), repo: None }, None, Touch::Read).is_some()
    );
}

#[test]
fn a_name_that_is_longer_than_any_is_no_trouble() {
    let rules = paths(&["/a/*b", "/a/**/c"]);
    let long = format!("/a/{}b", "x".repeat(1 << 20));
    assert_eq!(at(&rules, &long), Some("/a/*b"));
    assert_eq!(at(&rules, &"/a".repeat(1 << 16)), None);
}

/// `/link` leads to `/mnt/disk`, `/data` to `/srv/data`, and nothing else is there.
fn linked(path: &Path) -> Option<PathBuf> {
    match path.to_str()? {
        "/link" | "/mnt/disk" => Some("/mnt/disk".into()),
        "/data" => Some("/srv/data".into()),
        _ => None,
    }
}

#[test]
fn a_pattern_is_followed_to_where_it_really_lies() {
    let followed = |pattern| Rules::parse(&zones("paths", &[pattern]), None, &linked).unwrap();
    for (pattern, inside) in [
        ("/link", ["/mnt/disk", "/link/x"]),
        ("/link/new/*/x", ["/mnt/disk/new/y/x", "/link/new/y/x"]),
        ("/link/*", ["/mnt/disk/y", "/link/y"]),
        ("/data/**/x", ["/srv/data/x", "/data/a/x/b"]),
        ("/mnt/disk/a", ["/mnt/disk/a", "/mnt/disk/a/b"]),
    ] {
        let rules = followed(pattern);
        assert_eq!(inside.map(|path| at(&rules, path)), [Some(pattern); 2], "{pattern}");
    }
    assert_eq!(at(&followed("/link/a"), "/mnt/disk/b"), None);
    assert_eq!(at(&followed("/*/x"), "/mnt/disk/x"), None);
    // It says as much as what it stands for: `/srv/data/x` is deeper than `/*/*`.
    let text = zones("paths", &["/*/*", "/data/x"]);
    let rules = Rules::parse(&text, None, &linked).unwrap();
    assert_eq!(at(&rules, "/srv/data/x"), Some("/data/x"));
}

#[test]
fn a_real_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    std::fs::create_dir(dir.join("real")).unwrap();
    std::os::unix::fs::symlink(dir.join("real"), dir.join("link")).unwrap();
    let text = zones("paths", &["~/link/llama-*"]);
    let rules = Rules::parse(&text, Some(&dir), &|path| path.canonicalize().ok()).unwrap();
    let place = dir.join("real/llama-1/x");
    assert!(rules.judge(&Place { path: &place, repo: None }, None, Touch::Read).is_some());
}

#[test]
fn the_disk_is_asked_once_for_what_many_patterns_share() {
    let asked = std::cell::Cell::new(0);
    let resolve = |_: &Path| {
        asked.set(asked.get() + 1);
        None
    };
    let patterns: Vec<String> = (0..100).map(|at| format!("/a/b/llama-{at}-*")).collect();
    let text = zones("paths", &patterns.iter().map(String::as_str).collect::<Vec<_>>());
    Rules::parse(&text, None, &resolve).unwrap();
    assert_eq!(asked.get(), 2);
}

#[test]
fn a_pattern_that_fits_twice_counts_as_deep_as_it_first_does() {
    let rules = paths(&["/a/**/b", "/a/b/c"]);
    assert_eq!(at(&rules, "/a/b/c/b"), Some("/a/b/c"));
    assert_eq!(at(&rules, "/a/x/b/c/b"), Some("/a/**/b"));
}

#[test]
fn a_zone_within_a_zone_decides_there() {
    let rules = paths(&["/data", "/data/train", "/data/train/*/out"]);
    assert_eq!(at(&rules, "/data/x"), Some("/data"));
    assert_eq!(at(&rules, "/data/train/1"), Some("/data/train"));
    assert_eq!(at(&rules, "/data/train/1/out/f"), Some("/data/train/*/out"));
}

#[test]
fn a_working_tree_is_where_its_repository_is() {
    let rules = paths(&["/src/secret"]);
    let by = |path: &str, repo: &Repo| in_repo(&rules, path, Some(repo)).map(|hit| hit.by);
    let of = |main: &str| Repo { main: Some(main.into()), ..repo("/tmp/wt") };
    assert_eq!(by("/tmp/wt/a", &of("/src/secret")), Some(By::Main));
    assert_eq!(by("/tmp/wt", &of("/src/secret/app/.bare")), Some(By::Main));
    assert_eq!(by("/tmp/wt", &of("/src/secrets")), None);
    assert_eq!(by("/tmp/wt", &of("/src")), None);
    assert_eq!(by("/tmp/else", &repo("/src/secret/x")), Some(By::Root));
    assert_eq!(by("/src/secret/x", &repo("/src/secret")), Some(By::Path));
}

#[test]
fn a_local_clone_is_where_its_origin_is() {
    let rules = paths(&["/src/secret"]);
    let by = |remote: &str| cloned(&rules, remote).map(|hit| hit.by);
    for remote in [
        "/src/secret",
        "/src/secret/",
        "/src/secret/.git",
        "file:///src/secret/app.git",
        "FILE:///src/%73ecret",
    ] {
        assert_eq!(by(remote), Some(By::Remote), "{remote}");
    }
    for remote in
        ["/src/secrets", "/src", "src/secret", "host:/src/secret", "file://host/src/secret"]
    {
        assert_eq!(by(remote), None, "{remote}");
    }
    let fork = Repo { upstream: Some("/src/secret".into()), ..repo("/w") };
    assert_eq!(in_repo(&rules, "/w", Some(&fork)).map(|hit| hit.by), Some(By::Upstream));
}

#[test]
fn directories_of_repositories_may_be_no_text() {
    let root = PathText::from_bytes(b"/s/\xff");
    let main = PathText::from_bytes(b"/s\xfe/m");
    let (root, root_b64, main, main_b64) = (root.text, root.b64, Some(main.text), main.b64);
    let repo = Repo { root, root_b64, main, main_b64, ..Repo::default() };
    let by = |pattern: &str, path: &[u8]| {
        let rules = paths(&[pattern]);
        let path = Path::new(OsStr::from_bytes(path));
        rules.judge(&Place { path, repo: Some(&repo) }, None, Touch::Read).map(|hit| hit.by)
    };
    assert_eq!(by("/s/?", b"/elsewhere"), Some(By::Root));
    assert_eq!(by("/s?/m", b"/s/\xff/x"), Some(By::Main));
    assert_eq!(by("/s\u{fffd}", b"/s/\xff/x"), None);
}

#[test]
fn by_its_repository_a_place_counts_as_deep_as_that() {
    let text = zone("by-main", "paths = [\"/m\"]")
        + &zone("above", "paths = [\"/w\"]")
        + &zone("within", "paths = [\"/w/t/x\"]");
    let rules = rules(&text);
    let repo = Repo { main: Some("/m/very/deep/indeed".into()), ..repo("/w/t") };
    let name = |path: &str| in_repo(&rules, path, Some(&repo)).unwrap().zone.name.clone();
    assert_eq!(name("/w/t/a/b/c"), "by-main");
    assert_eq!(name("/w/t/x"), "within");
    // Outside its own root it is as deep as the path.
    let linked = Repo { main: Some("/m".into()), ..super::repo("/elsewhere") };
    let hits = rules.all(&Place { path: Path::new("/w/y"), repo: Some(&linked) });
    assert_eq!(names(&hits), ["by-main", "above"]);
}

/// Whether a pattern without escapes fits one name, by definition.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|taken| fits(rest, &name[taken..])),
        ([b'?', rest @ ..], [_, after @ ..]) => fits(rest, after),
        ([byte, rest @ ..], [first, after @ ..]) => byte == first && fits(rest, after),
        (_, []) => false,
    }
}

fn fit(parts: &[&str], names: &[&str]) -> bool {
    match (parts, names) {
        ([], _) => names.is_empty(),
        (["**", rest @ ..], _) => (0..=names.len()).any(|taken| fit(rest, &names[taken..])),
        ([part, rest @ ..], [name, after @ ..]) => {
            fits(part.as_bytes(), name.as_bytes()) && fit(rest, after)
        }
        (_, []) => false,
    }
}

/// How deep a path first fits, and how many letters decide that.
fn naive(pattern: &str, path: &str) -> Option<(usize, usize)> {
    let [parts, names] = [pattern, path].map(|text| text.split('/').skip(1).collect::<Vec<_>>());
    let depth = (0..=names.len()).find(|depth| fit(&parts, &names[..*depth]))?;
    Some((depth, pattern.bytes().filter(|byte| !b"/*?".contains(byte)).count()))
}

fn pattern() -> impl Strategy<Value = String> {
    let wild = "[ab?]{0,2}\\*?[ab?]{0,2}\\*?[ab?]?\\*?";
    let part = prop_oneof![4 => "[ab]{1,2}", 4 => wild, 2 => Just("**".to_owned())];
    let is_part = |part: &String| !part.is_empty() && (part == "**" || !part.contains("**"));
    let part = part.prop_filter("a name, or ** alone", is_part);
    proptest::collection::vec(part, 1..5)
        .prop_filter("at most three", |parts| parts.iter().filter(|part| *part == "**").count() < 4)
        .prop_map(|parts| format!("/{}", parts.join("/")))
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ab]{1,5}", 1..6).prop_map(|names| format!("/{}", names.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_tree_finds_what_each_pattern_alone_would(
        patterns in proptest::collection::vec(pattern(), 1..8),
        path in path(),
    ) {
        let typed: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let rules = paths(&typed);
        let mut expected: Vec<_> = typed
            .iter()
            .enumerate()
            .filter_map(|(at, pattern)| Some((naive(pattern, &path)?, format!("z{at:04}"))))
            .collect();
        expected.sort_by(|(one, name), (other, named)| other.cmp(one).then_with(|| name.cmp(named)));
        let expected: Vec<String> = expected.into_iter().map(|(_, name)| name).collect();
        let place = Place { path: Path::new(&path), repo: None };
        prop_assert_eq!(names(&rules.all(&place)), &expected[..]);
        let decided = rules.judge(&place, None, Touch::Read).map(|hit| hit.zone.name.clone());
        prop_assert_eq!(decided.as_ref(), expected.first());
    }

    #[test]
    fn whatever_is_typed_is_a_pattern_or_refused(typed in "[/~.*?\\\\\\[a:@%é-]{0,12}", path in "\\PC{0,20}") {
        for key in ["paths", "remotes"] {
            if let Ok(rules) = parse(&zones(key, &[&typed])) {
                let repo = Repo { remote: Some(path.clone()), ..repo(&path) };
                in_repo(&rules, &path, Some(&repo));
            }
        }
    }
}
