//! What a rule is about: paths however they are spelled, and repositories in whatever guise.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use trackway_protocol::record::{Body, PathText};
use trackway_protocol::row::{ZoneMatchRow, ZoneRow};
use trackway_tests::harness::Tests;
use trackway_tests::world::{World, link};

use super::{
    Whose, check, claim_zones, clone, dir, entries_of, id, launch_in, put_rules, status,
    watch_with, watch_without, worktree, zone,
};

pub(super) fn all(tests: &mut Tests) {
    tests.add(a_path_is_about_what_is_there_and_below);
    tests.add(a_path_that_is_no_text_is_known_by_its_bytes);
    tests.add(of_a_zone_in_a_zone_the_inner_one_counts);
    tests.add(a_repository_is_known_in_every_guise);
    tests.add(a_clone_of_what_lies_in_a_zone_is_in_it);
    tests.add(a_clone_that_was_moved_is_known_by_its_remote);
}

/// Returns directories of a world, made now, and what is expected of each.
fn places<'a>(
    world: &World,
    places: &[(&str, Option<&'a str>)],
) -> Vec<(PathBuf, Option<&'a str>)> {
    places.iter().map(|(place, zone)| (dir(world.tell(place)), *zone)).collect()
}

fn a_path_is_about_what_is_there_and_below() {
    let rules = [
        zone("home", "paths = [\"~/src/llama-*\", \"{root}/unused\"]"),
        zone("keys", "paths = [\"{root}/**/keys\"]"),
        zone("one", "paths = [\"{root}/data?/train/\"]"),
        zone("literal", "paths = [\"{root}/data\\\\*/x\"]"),
        zone("link", "paths = [\"{root}/link/in\"]"),
    ];
    let watch = watch_with(&rules.concat(), |world| {
        dir(world.root().join("real/in"));
        link(world.root().join("real"), world.root().join("link"));
    });
    let expected = [
        ("{home}/src/llama-7", Some("home")),
        ("{home}/src/llama-7/deep/er", Some("home")),
        ("{home}/src", None),
        ("{home}/src/alpaca-7", None),
        ("{home}/src/Llama-7", None),
        ("{root}/a/b/keys", Some("keys")),
        ("{root}/keys/a", Some("keys")),
        ("{root}/a/b/keys2", None),
        ("{root}/data1/train", Some("one")),
        ("{root}/data1/training", None),
        ("{root}/data12/train", None),
        ("{root}/data*/x", Some("literal")),
        ("{root}/data1/x", None),
        ("{root}/real/in/side", Some("link")),
        ("{root}/real", None),
    ];
    let rows = claim_zones(&watch, &places(&watch.world, &expected));
    let pattern = |zone: &str| rows.iter().find(|row| row.zone == zone).map(|row| &row.pattern[..]);
    assert_eq!(pattern("home"), Some("~/src/llama-*"));
    assert_eq!(pattern("one"), Some(&*watch.world.tell("{root}/data?/train/")));
    assert!(
        rows.iter().all(|row| row.agent.as_deref() == Some("claude") && !row.managed),
        "{rows:#?}"
    );
}

fn a_path_that_is_no_text_is_known_by_its_bytes() {
    let rules =
        zone("below", "paths = [\"{root}/shut\"]") + &zone("odd", "paths = [\"{root}/odd-*\"]");
    let watch = watch_with(&rules, |_| {});
    let at = |above: &str, name: &[u8]| {
        let name = OsStr::from_bytes(name);
        dir(Path::new(&watch.world.tell(above)).join(name))
    };
    let expected = [
        (at("{root}/shut", b"\xfe\xff"), Some("below")),
        (at("{root}", b"odd-\xff"), Some("odd")),
        (at("{root}", b"ood-\xff"), None),
        // As text it would be another name of the first.
        (at("{root}/shut\u{fffd}", b"x"), None),
    ];
    claim_zones(&watch, &expected);
    let records = watch.daemon.export();
    let told: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.body {
            Body::ZoneEntered(entry) => {
                Some(PathText::bytes(&entry.path, entry.path_b64.as_deref()))
            }
            _ => None,
        })
        .collect();
    for (dir, zone) in &expected {
        let is_told = told.iter().any(|path| path == dir.as_os_str().as_bytes());
        assert_eq!(is_told, zone.is_some(), "{}: {told:?}", dir.display());
    }
}

fn of_a_zone_in_a_zone_the_inner_one_counts() {
    // Whichever comes first in the file, and whichever is graver.
    let outer = zone("outer", "paths = [\"{root}/out\"]\nseverity = \"high\"");
    let inner =
        zone("inner", "paths = [\"{root}/out/in\"]\nseverity = \"low\"\nreason = \"as a test\"");
    let glob = zone("glob", "paths = [\"{root}/*/in\"]\nseverity = \"high\"");
    for rules in [[&outer, &inner, &glob], [&glob, &inner, &outer]] {
        let rules = rules.map(String::as_str).concat();
        let watch = watch_with(&rules, |_| {});
        let expected = [
            ("{root}/out/in/deep", Some("inner")),
            ("{root}/out/in", Some("inner")),
            ("{root}/other/in", Some("glob")),
        ];
        claim_zones(&watch, &places(&watch.world, &expected[..2]));
        assert_eq!(status(&watch).worst.as_str(), "low");
        claim_zones(&watch, &places(&watch.world, &[("{root}/out", Some("outer")), expected[2]]));
        let now = status(&watch);
        assert_eq!((now.open, now.worst.as_str()), (4, "high"));

        let place = watch.world.tell("{root}/out/in/deep");
        let rows: Vec<ZoneMatchRow> = watch.daemon.rows(&["zones", "explain", &place]);
        let order: Vec<_> = rows.iter().map(|row| (&row.zone[..], row.applies)).collect();
        assert_eq!(order, [("inner", true), ("glob", false), ("outer", false)], "{rows:#?}");
        assert_eq!(rows[0].reason.as_deref(), Some("as a test"));
        assert_eq!(rows[0].place, place);
    }
}

/// A world with one repository in many guises, and others that look like it.
fn guises(world: &World) {
    let id = id(world);
    let at = |name: &str| world.root().join(name);
    let acme = |rest: &str| format!("acme/{id}-7{rest}");
    let origin = |name: &str, url: &str| clone(&at(name), &[("origin", url)]);
    origin("scp", &format!("git@git.example.com:{}", acme(".git")));
    origin("https", &format!("https://bot:planted-41@GIT.example.com/{}", acme("/")));
    origin("ssh", &format!("ssh://git@git.example.com:22/{}", acme(".git")));
    origin("other-name", &format!("git://git.example.com/{}", acme("")));
    let config = at("other-name/.git/config");
    let text = fs::read_to_string(&config).expect("it was just written").replace("origin", "acme");
    fs::write(config, text).expect("the world is ours");
    let upstream = format!("https://git.example.com/{}", acme(""));
    let own = format!("https://git.example.com/ada/{id}");
    clone(&at("fork"), &[("origin", &own), ("upstream", &upstream)]);
    worktree(&at("scp"), &at("tree"));
    dir(at("scp/deep/er"));

    origin("super", &own);
    // A submodule has its repository in that of the superproject.
    clone(&at("sub"), &[("origin", &upstream)]);
    let module = dir(at("super/.git/modules")).join("sub");
    fs::rename(at("sub/.git"), &module).expect("the world is ours");
    fs::rename(at("sub"), at("super/sub")).expect("the world is ours");
    let link = "gitdir: ../.git/modules/sub\n";
    fs::write(at("super/sub/.git"), link).expect("the world is ours");

    origin("shorter", &format!("git@git.example.com:acme/{id}.git"));
    origin("deeper", &format!("https://git.example.com/{}", acme("/more")));
    origin("host", &format!("https://git.example.com.evil.org/{}", acme("")));
    origin("beyond", &format!("https://evil.org/git.example.com/{}", acme("")));
    origin("elsewhere", &format!("https://git.example.com/{}", acme("").replace("acme", "acne")));
}

fn a_repository_is_known_in_every_guise() {
    let watch = watch_without(guises);
    let pattern = format!("https://git.example.com/acme/{}-*.git", id(&watch.world));
    let rules = zone("acme", &format!("remotes = [\"{pattern}\"]\nseverity = \"high\""));
    put_rules(&watch, Whose::User, &rules);
    let shut = ["scp", "scp/deep/er", "https", "ssh", "other-name", "fork", "tree", "super/sub"];
    let free = ["super", "shorter", "deeper", "host", "beyond", "elsewhere", "other", "repo"];
    let place = |name: &&str| watch.world.root().join(name);
    let shut_places = shut.iter().map(|name| (place(name), Some("acme")));
    let free_places = free.iter().map(|name| (place(name), None));
    let rows = claim_zones(&watch, &shut_places.chain(free_places).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row.pattern == pattern && row.repo.is_some()), "{rows:#?}");
    watch.no_trace_of(&["planted-41"]);

    let zones: Vec<ZoneRow> = watch.daemon.rows(&["zones"]);
    let [zone] = &zones[..] else { panic!("one zone, and not {zones:#?}") };
    assert!(zone.in_force && zone.entries == 8 && zone.open == 8, "{zone:#?}");
    let mut wanted: Vec<_> = shut.iter().filter(|name| !name.contains("deep")).map(place).collect();
    wanted.sort();
    assert_eq!(zone.places.iter().map(PathBuf::from).collect::<Vec<_>>(), wanted);
    // The same by the remote, as a person would type it.
    let remote = format!("git@git.example.com:acme/{}-7.git", id(&watch.world));
    let found = check(&watch, &[&remote]);
    assert_eq!((found.code, found.touches.len()), (Some(6), 8), "{found:#?}");
}

fn a_clone_of_what_lies_in_a_zone_is_in_it() {
    let watch = watch_with(&zone("shut", "paths = [\"{root}/shut\"]"), |world| {
        let at = |name: &str| world.root().join(name);
        clone(&at("shut/itself"), &[]);
        clone(&at("clone"), &[("origin", &at("shut/itself").display().to_string())]);
        clone(&at("relative"), &[("origin", "../shut/itself")]);
        clone(&at("url"), &[("origin", &format!("file://{}", at("shut/itself/.git").display()))]);
        worktree(&at("shut/itself"), &at("tree"));
        clone(&at("free"), &[("origin", &at("shutter").display().to_string())]);
        clone(&at("shutter"), &[]);
    });
    let expected = [
        ("{root}/clone", Some("shut")),
        ("{root}/relative", Some("shut")),
        ("{root}/url", Some("shut")),
        ("{root}/tree", Some("shut")),
        ("{root}/free", None),
        ("{root}/shutter", None),
    ];
    claim_zones(&watch, &places(&watch.world, &expected));
}

fn a_clone_that_was_moved_is_known_by_its_remote() {
    let watch = watch_without(|world| {
        let remote = format!("git@git.example.com:acme/{}-7.git", id(world));
        clone(&world.root().join("known"), &[("origin", &remote)]);
        clone(&world.root().join("plain"), &[]);
    });
    let remote = format!("remotes = [\"git.example.com/acme/{}-*\"]", id(&watch.world));
    let rules = zone("remote", &remote) + &zone("path", "paths = [\"{root}/plain\"]");
    put_rules(&watch, Whose::User, &rules);
    let before = [("{root}/known", Some("remote")), ("{root}/plain", Some("path"))];
    claim_zones(&watch, &places(&watch.world, &before));
    for name in ["known", "plain"] {
        let at = |name: &str| watch.world.root().join(name);
        fs::rename(at(name), at(&format!("{name}-moved"))).expect("the world is ours");
    }
    let after = [("{root}/known-moved/deep", Some("remote")), ("{root}/plain-moved/deep", None)];
    claim_zones(&watch, &places(&watch.world, &after));
    let launch = launch_in(&watch, "{root}/known-moved");
    assert_eq!(entries_of(&watch, launch).len(), 1);
}
