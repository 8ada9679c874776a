//! What is no file of rules, where, and why.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// What is said of a file.
fn told(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line_its_zone_and_its_key() {
    let long_reason = format!("paths = ['/a']\nreason = '{}'", "é".repeat(501));
    let long_pattern = format!("paths = ['/{}']", "a".repeat(4096));
    let cases = [
        ("", "line 2: zone \"a\": has neither paths nor remotes"),
        ("paths = ['/a']\nowner = 'x'", "line 5: zone \"a\": owner: is none of name, reason"),
        (
            "paths = ['/a']\nseverity = 'none'",
            "line 5: zone \"a\": severity: is none of low, medium, high",
        ),
        ("paths = ['/a']\nseverity = 3", "line 5: zone \"a\": severity: is no text"),
        (
            "paths = ['/a']\nreason = \"a\\nb\"",
            "line 5: zone \"a\": reason: has control characters",
        ),
        (
            "paths = ['/a']\nreason = \"a\\u202eb\"",
            "line 5: zone \"a\": reason: has control characters",
        ),
        ("paths = ['/a']\nreason = ['x']", "line 5: zone \"a\": reason: is no text"),
        (&long_reason, "line 5: zone \"a\": reason: is longer than 500 characters"),
        ("paths = '/a'", "line 4: zone \"a\": paths: is no list"),
        ("paths = [\n'/a',\n7]", "line 6: zone \"a\": paths[1]: is no text"),
        ("paths = [\n]", "line 4: zone \"a\": paths: names nothing: leave the key out"),
        ("paths = ['/a']\nremotes = []", "line 5: zone \"a\": remotes: names nothing"),
        (
            "paths = ['/a']\nagents = []",
            "line 5: zone \"a\": agents: would apply to nothing: leave the key out for all",
        ),
        (
            "paths = ['/a']\ntouches = []",
            "line 5: zone \"a\": touches: would apply to nothing: leave the key out for all",
        ),
        (
            "paths = ['/a']\nagents = ['claude',\n'gemini']",
            "line 6: zone \"a\": agents[1]: is none of claude, codex",
        ),
        ("paths = ['/a']\nagents = 'claude'", "line 5: zone \"a\": agents: is no list"),
        (
            "paths = ['/a']\ntouches = ['chdir']",
            "line 5: zone \"a\": touches[0]: is none of launch, command, read, write, add-dir",
        ),
        ("paths = ['/a', '']", "line 4: zone \"a\": paths[1]: begins neither with / nor with ~/"),
        ("paths = ['a/b']", "line 4: zone \"a\": paths[0]: begins neither"),
        ("paths = ['~bob/x']", "line 4: zone \"a\": paths[0]: begins neither"),
        ("paths = ['**/x']", "line 4: zone \"a\": paths[0]: begins neither"),
        ("paths = ['C:\\x']", "line 4: zone \"a\": paths[0]: begins neither"),
        ("paths = ['/a//b']", "line 4: zone \"a\": paths[0]: has an empty name"),
        ("paths = ['//']", "line 4: zone \"a\": paths[0]: has an empty name"),
        ("paths = ['~//x']", "line 4: zone \"a\": paths[0]: has an empty name"),
        ("paths = ['/a/./b']", "line 4: zone \"a\": paths[0]: has . or .."),
        ("paths = ['/a/..']", "line 4: zone \"a\": paths[0]: has . or .."),
        (
            "paths = ['/a/[bc]']",
            "line 4: zone \"a\": paths[0]: has [ in it: write \\[ for the character itself",
        ),
        ("paths = ['/a/b]']", "line 4: zone \"a\": paths[0]: has ] in it: write \\] "),
        ("paths = ['/a/{b,c}']", "line 4: zone \"a\": paths[0]: has { in it: write \\{ "),
        ("paths = ['/a/b}']", "line 4: zone \"a\": paths[0]: has } in it: write \\} "),
        ("paths = ['/a/\\b']", "line 4: zone \"a\": paths[0]: has \\ in it: write \\\\ "),
        ("paths = ['/a/b\\']", "line 4: zone \"a\": paths[0]: has \\ in it"),
        ("paths = ['/a/b**']", "line 4: zone \"a\": paths[0]: has ** next to something else"),
        ("paths = ['/a/***']", "line 4: zone \"a\": paths[0]: has ** next to something else"),
        (
            "paths = ['/*a*a*a*a*a*a*a*a*']",
            "line 4: zone \"a\": paths[0]: has more than 8 wildcards in one name",
        ),
        ("paths = ['/????????*']", "line 4: zone \"a\": paths[0]: has more than 8 wildcards"),
        ("paths = ['/**/a/**/b/**/c/**']", "line 4: zone \"a\": paths[0]: has more than 3 **"),
        ("remotes = ['h/**/a/**/b/**/**']", "line 4: zone \"a\": remotes[0]: has more than 3 **"),
        (&long_pattern, "line 4: zone \"a\": paths[0]: is longer than 4096 bytes"),
        (
            "paths = ['/a']\n[[zone]]\nname = 'b'\npaths = ['/b']\n[[zone]]\n\nname = 'a'\npaths = ['/c']",
            "line 10: zone \"a\": name: is that of the zone in line 3 too",
        ),
    ];
    for (keys, expected) in cases {
        let told = told(&format!("# one\n{}", zone("a", keys)));
        assert!(told.starts_with(expected), "{keys}: {told}");
    }
}

#[test]
fn a_zone_without_a_name_that_can_be_is_told_by_its_number() {
    let first = zone("a", "paths = ['/a']");
    let long = format!("name = '{}'", "a".repeat(65));
    for (name, expected) in [
        ("", "line 4: zone 2: name: is missing"),
        ("name = ''", "line 5: zone 2: name: is not 1 to 64 letters"),
        ("name = 'a b'", "line 5: zone 2: name: is not 1 to 64 letters"),
        ("name = 'ä'", "line 5: zone 2: name: is not 1 to 64 letters"),
        ("name = \"a\\u001b[2J\"", "line 5: zone 2: name: is not 1 to 64 letters"),
        ("name = 7", "line 5: zone 2: name: is no text"),
        (&long, "line 5: zone 2: name: is not 1 to 64 letters"),
    ] {
        let told = told(&format!("{first}[[zone]]\n{name}\npaths = ['/b']"));
        assert!(told.starts_with(expected), "{name}: {told}");
    }
    let most = "aA0._-".repeat(11)[..64].to_owned();
    assert_eq!(rules(&zone(&most, "paths = ['/a']")).zones()[0].name, most);
}

#[test]
fn what_is_no_list_of_zones_is_refused() {
    for (text, expected) in [
        ("[zone]\nname = 'a'", "line 1: zone is no list of tables: write [[zone]]"),
        ("\nzone = 3", "line 2: zone is no list of tables"),
        ("zone = [\n3]", "line 2: zone is no list of tables"),
        (
            "[[zone]]\nname = 'a'\npaths = ['/a']\n[[zones]]\nname = 'b'",
            "line 4: zones is not known",
        ),
        ("[zone.a]\npaths = ['/a']", "line 1: zone is no list of tables"),
        ("[[zone]]\nname = 'a'\nname = 'b'", "line 3: duplicate key"),
        ("[[zone]]\nname = 'a", "line 2: "),
        ("[[zone]\n", "line 1: "),
        ("\n\u{1}", "line 2: "),
    ] {
        let told = told(text);
        assert!(told.starts_with(expected), "{text}: {told}");
    }
}

#[test]
fn an_error_quotes_no_value_and_nothing_that_a_terminal_obeys() {
    for text in [
        "[[zone]]\nname = 's3cret s3cret'",
        "[[zone]]\nname = 's3cret\n",
        "[[zone]]\nname = s3cret",
        "zone = 's3cret'",
        &zone("a", "paths = ['s3cret']"),
        &zone("a", "paths = ['/s3cret/**s3cret']"),
        &zone("a", "paths = 's3cret'"),
        &zone("a", "paths = ['/a']\nseverity = 's3cret'"),
        &zone("a", "paths = ['/a']\nagents = ['s3cret']"),
        &zone("a", "paths = ['/a']\ntouches = ['s3cret']"),
    ] {
        assert!(!told(text).contains("s3cret"), "{}", told(text));
    }
    let told = told(&zone("a", "\"\\u001b[2J\" = 1"));
    assert!(told.contains("\\u{1b}[2J") && !told.contains('\x1b'), "{told:?}");
}

#[test]
fn without_a_home_directory_there_is_no_tilde() {
    let text = zone("a", "paths = ['/a', '~/x']");
    for home in [None, Some(Path::new("")), Some(Path::new("ada"))] {
        let error = Rules::parse(&text, home, &|_| None).unwrap_err();
        let expected =
            "line 3: zone \"a\": paths[1]: begins with ~, and there is no home directory";
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let begin = Instant::now();
    let text = zone("a", "paths = ['/a']").repeat(400_000);
    assert!(text.len() > 10_000_000);
    let error = parse(&text).unwrap_err();
    assert_eq!((error.line, &error.reason[..]), (None, "is larger than 1024 KiB"));
    assert_eq!(error.to_string(), "is larger than 1024 KiB");
    assert!(begin.elapsed() < Duration::from_secs(5));
    let fill = "#".repeat((1 << 20) - 40);
    assert!(parse(&format!("{}{fill}", zone("a", "paths = ['/a']"))).is_ok());
}

#[test]
fn there_may_be_many_zones_and_patterns_but_not_more() {
    let many = |count: usize| -> String {
        (0..count)
            .map(|at| zone(&format!("a{at}"), &format!("paths = ['/a/{at}', '/b']")))
            .collect()
    };
    let most = rules(&many(10_000));
    assert_eq!(most.zones().len(), 10_000);
    assert_eq!(at(&most, "/a/9999/x"), Some("/a/9999"));
    assert_eq!(told(&many(10_001)), "line 30001: there are more than 10000 zones");
    let list = vec!["'/a/*'"; 20_000].join(", ");
    let full = zone("a", &format!("paths = [{list}]"));
    assert_eq!(at(&rules(&full), "/a/b"), Some("/a/*"));
    let told = told(&(full + &zone("b", "remotes = ['h/r']")));
    assert!(told.starts_with("line 4: zone \"b\": is one too many: "), "{told}");
}

#[test]
fn what_nests_deeply_is_refused() {
    for text in
        ["zone=".to_owned() + &"[".repeat(1 << 19), "a.".repeat(1 << 18), "a={".repeat(1 << 18)]
    {
        assert!(parse(&text).is_err());
    }
}

#[test]
fn patterns_that_are_made_to_be_slow_are_judged_in_bounded_time() {
    let slow = |at: usize| format!("'/**/*{at}a*a*a*a*a*a*b/**/*a*a*a*a*a*a*a*c/**/*?*x*'");
    let list = (0..10_000).map(slow).collect::<Vec<_>>().join(", ");
    let rules = rules(&zone("a", &format!("paths = [{list}]")));
    let path = format!("/{}", "a".repeat(255)).repeat(16);
    let begin = Instant::now();
    assert_eq!(at(&rules, &path), None);
    let aimed = format!("/{}b", "0a".repeat(100)).repeat(20);
    assert_eq!(at(&rules, &aimed), None);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

/// Anything that has a chance to be a file of rules.
fn file() -> impl Strategy<Value = String> {
    let line = "(\\[\\[zone\\]\\]|\\[zone\\]|name = ['\"][a-c]['\"]|(paths|remotes|agents|touches|reason|severity) ?= ?(\\[)?(\"[/~*?h\\\\a\\[]{0,6}\"|3|'claude'|'low'|'launch')?,?(\\])?|\\PC{0,9}|#)";
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_text_makes_it_panic(text in file()) {
        match parse(&text) {
            Ok(rules) => drop(in_repo(&rules, "/a/h", Some(&repo("/a")))),
            Err(error) => prop_assert!(error.line.is_some_and(|line| line <= text.lines().count() + 1)),
        }
    }
}
