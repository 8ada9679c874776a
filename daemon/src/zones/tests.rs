//! What rules mean, what is no rule, and how fast they are judged.

use std::path::Path;

use trackway_protocol::record::Repo;

use super::rules::{By, RulesError};
use super::{Hit, Place, Rules, Touch};

mod errors;
#[cfg(unix)]
mod paths;
mod remotes;
mod speed;

const HOME: &str = "/home/ada";

/// A zone with this name and these keys.
fn zone(name: &str, keys: &str) -> String {
    format!("[[zone]]\nname = \"{name}\"\n{keys}\n")
}

/// A zone that is named after its only pattern's place in the list.
fn zones(key: &str, patterns: &[&str]) -> String {
    let one = |(at, pattern)| zone(&format!("z{at:04}"), &format!("{key} = ['{pattern}']"));
    patterns.iter().enumerate().map(one).collect()
}

fn parse(text: &str) -> Result<Rules, RulesError> {
    Rules::parse(text, Some(Path::new(HOME)), &|_| None)
}

fn rules(text: &str) -> Rules {
    parse(text).unwrap()
}

fn paths(patterns: &[&str]) -> Rules {
    rules(&zones("paths", patterns))
}

fn remotes(patterns: &[&str]) -> Rules {
    rules(&zones("remotes", patterns))
}

/// The pattern that decides about a path.
fn at<'a>(rules: &'a Rules, path: &str) -> Option<&'a str> {
    in_repo(rules, path, None).map(|hit| hit.pattern)
}

fn in_repo<'a>(rules: &'a Rules, path: &str, repo: Option<&Repo>) -> Option<Hit<'a>> {
    rules.judge(&Place { path: Path::new(path), repo }, None, Touch::Launch)
}

/// What decides about a working tree in `/w` with this remote.
fn cloned<'a>(rules: &'a Rules, remote: &str) -> Option<Hit<'a>> {
    in_repo(rules, "/w", Some(&Repo { remote: Some(remote.into()), ..repo("/w") }))
}

fn repo(root: &str) -> Repo {
    Repo { root: root.into(), ..Repo::default() }
}

fn names(hits: &[Hit<'_>]) -> Vec<String> {
    hits.iter().map(|hit| hit.zone.name.clone()).collect()
}

#[test]
fn no_rules_restrict_nothing() {
    for rules in [Rules::default(), rules(""), rules("# none\n"), rules("zone = []")] {
        assert!(rules.is_empty() && rules.zones().is_empty());
        assert_eq!(at(&rules, "/"), None);
        assert_eq!(cloned(&rules, "https://git.example.com/acme/r"), None);
        assert!(rules.all(&Place { path: Path::new("/"), repo: None }).is_empty());
    }
}

#[test]
fn what_is_not_said_is_everything() {
    let rules = rules(&zone("a", "paths = [\"/a\"]"));
    let zone = &rules.zones()[0];
    assert_eq!((zone.severity.as_str(), &zone.reason), ("medium", &None));
    assert_eq!((zone.agents.len(), &zone.touches[..]), (0, &Touch::ALL[..]));
    let place = Place { path: Path::new("/a"), repo: None };
    for touch in Touch::ALL {
        assert!(rules.judge(&place, Some("codex"), touch).is_some());
        assert_eq!(Touch::parse(touch.as_str()), Some(touch));
    }
    assert_eq!(Touch::parse("chdir"), None);
}

#[test]
fn who_and_how_narrow_a_zone_and_then_a_wider_one_applies() {
    let text = zone("wide", "paths = [\"/a\"]")
        + &zone("codex", "paths = [\"/a/b\"]\nagents = [\"codex\"]")
        + &zone("writes", "paths = [\"/a/b/c\"]\ntouches = [\"write\", \"add-dir\", \"write\"]");
    let rules = rules(&text);
    assert_eq!(rules.zones()[2].touches, [Touch::Write, Touch::AddDir]);
    let place = Place { path: Path::new("/a/b/c/d"), repo: None };
    let name = |agent, touch| rules.judge(&place, agent, touch).unwrap().zone.name.clone();
    assert_eq!(name(Some("claude"), Touch::Read), "wide");
    assert_eq!(name(Some("claude"), Touch::Write), "writes");
    assert_eq!(name(Some("codex"), Touch::Read), "codex");
    assert_eq!(name(Some("codex"), Touch::AddDir), "writes");
    // Whoever it is, every zone may be about it.
    assert_eq!(name(None, Touch::Read), "codex");
    // Another agent than those of the catalogue is in those zones that are about all.
    assert_eq!(name(Some("gemini"), Touch::Read), "wide");
    assert_eq!(names(&rules.all(&place)), ["writes", "codex", "wide"]);
}

#[test]
fn the_deepest_decides_then_what_says_more_then_the_gravest_then_the_name() {
    let zones = [
        zone("shallow", "paths = [\"/a\"]\nseverity = \"high\""),
        zone("any", "paths = [\"/*/?\"]\nseverity = \"high\""),
        zone("b-low", "paths = [\"/a/b*\"]\nseverity = \"low\""),
        zone("b-high", "paths = [\"/a/b?\"]\nseverity = \"high\""),
        zone("c-high", "paths = [\"/a/?b\", \"/a/b?\"]\nseverity = \"high\""),
        zone("plain", "paths = [\"/a/bb\"]\nseverity = \"low\""),
    ];
    let expected = ["plain", "b-high", "c-high", "b-low", "shallow"];
    let mut order: Vec<usize> = (0..zones.len()).collect();
    for _ in 0..zones.len() {
        order.rotate_left(1);
        for order in [order.clone(), order.iter().rev().copied().collect()] {
            let rules = rules(&order.iter().map(|at| &zones[*at][..]).collect::<String>());
            let hits = rules.all(&Place { path: Path::new("/a/bb/x"), repo: None });
            assert_eq!(names(&hits), expected, "{order:?}");
            assert_eq!(at(&rules, "/a/bb/x"), Some("/a/bb"));
        }
    }
}

#[test]
fn a_zone_s_best_pattern_is_told_in_any_order() {
    for list in ["'/a', '/a/b*', '/a/?b'", "'/a/?b', '/a/b*', '/a'"] {
        let rules = rules(&zone("a", &format!("paths = [{list}]")));
        let hits = rules.all(&Place { path: Path::new("/a/bb/x"), repo: None });
        assert_eq!(hits.len(), 1);
        assert_eq!((hits[0].pattern, hits[0].by), ("/a/?b", By::Path));
    }
}

#[test]
fn the_hash_is_of_what_a_zone_means_and_not_of_how_it_is_typed() {
    let hash = |text: &str| rules(text).zones()[0].hash.clone();
    let one = hash(&zone("a", "paths = [\"/a\", \"/b\"]\nagents = [\"codex\", \"claude\"]"));
    assert!(one.len() == 64 && one.bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
    let same = "# why\n[[zone]]\nagents = ['claude', 'codex', 'claude']\nseverity = 'medium'\n\
        touches = ['add-dir', 'write', 'read', 'command', 'launch']\npaths = ['/b', '/a']\nname = 'a'";
    assert_eq!(hash(same), one);
    for other in [
        zone("b", "paths = [\"/a\", \"/b\"]\nagents = [\"codex\", \"claude\"]"),
        zone("a", "paths = [\"/a/b\"]\nagents = [\"codex\", \"claude\"]"),
        zone("a", "paths = [\"/a\"]\nremotes = [\"b/c\"]\nagents = [\"codex\", \"claude\"]"),
        zone("a", "paths = [\"/a\", \"/b\"]\nagents = [\"codex\"]"),
        zone("a", "paths = [\"/a\", \"/b\"]"),
        zone("a", "paths = [\"/a\", \"/b\"]\nagents = [\"codex\", \"claude\"]\nreason = \"\""),
        zone("a", "paths = [\"/a\", \"/b\"]\nagents = [\"codex\", \"claude\"]\nseverity = \"low\""),
        zone(
            "a",
            "paths = [\"/a\", \"/b\"]\nagents = [\"codex\", \"claude\"]\ntouches = [\"read\"]",
        ),
    ] {
        assert_ne!(hash(&other), one, "{other}");
    }
}
