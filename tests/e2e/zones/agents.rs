//! Every way in which a real agent comes into a zone, and the same ways elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trackway_protocol::record::Body;
use trackway_protocol::row::ZoneEntryRow;
use trackway_tests::agent::{self, Agent};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{Turn, apply_patch, exec_command, read, subagent, write};
use trackway_tests::scenario::{Going, Scenario};
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{World, link};

use super::{PATIENCE, Whose, check, clone, dir, entries, id, worktree, zone};
use crate::sessions::shell;

/// So soon after what it follows from an entry is recorded.
const AT_ONCE_MS: i64 = 100;
/// What the subagent is told.
const PART: &str = "Look after the part";

pub(super) fn all(tests: &mut Tests) {
    tests.each(agent::ALL, each_way_into_a_zone_is_an_entry_and_none_elsewhere);
    tests.each(agent::ALL, an_agent_that_is_started_in_a_zone_is_an_entry);
}

/// A way into a clone `{root}/KIND-WAY`; of those that are restricted each is a zone of its own.
struct Way {
    name: &'static str,
    how: &'static str,
    /// Who tells of it.
    witnesses: &'static [&'static str],
}

const fn way(name: &'static str, how: &'static str, witnesses: &'static [&'static str]) -> Way {
    Way { name, how, witnesses }
}

const WAYS: [Way; 9] = [
    way("add-dir", "add-dir", &["launch"]),
    way("read", "read", &["session"]),
    way("link", "read", &["session"]),
    way("tree", "read", &["session"]),
    way("write", "write", &["session"]),
    way("cat", "read", &["session"]),
    way("sed", "write", &["session"]),
    way("cd", "command", &["launch", "session"]),
    way("part", "read", &["session"]),
];

/// The ways of an agent: only claude has subagents.
fn ways(agent: Agent) -> impl Iterator<Item = &'static Way> {
    WAYS.iter().filter(move |way| way.name != "part" || agent.name() == "claude")
}

/// Starts a daemon, with clones of both kinds for each name, and rules about what is `shut`.
fn watch(agent: Agent, names: &[&str]) -> Arc<Watch> {
    Arc::new(Watch::start_in(&[agent], |world| {
        let mut rules = String::new();
        for name in names {
            for kind in ["free", "shut"] {
                furnish(world, kind, name);
            }
            let remote = format!("remotes = [\"git.example.com/acme/{}-shut-{name}\"]", id(world));
            rules += &zone(name, &remote);
        }
        fs::write(Whose::User.path(world), rules).expect("the world is ours");
    }))
}

/// Makes a clone: `tree` and `link` lead to one that lies elsewhere.
fn furnish(world: &World, kind: &str, name: &str) {
    let remote = format!("git@git.example.com:acme/{}-{kind}-{name}.git", id(world));
    let root = world.root().join(format!("{kind}-{name}"));
    let elsewhere = world.root().join(format!("{kind}-{name}-itself"));
    match name {
        "tree" => {
            clone(&elsewhere, &[("origin", &remote)]);
            worktree(&elsewhere, &root);
        }
        "link" => {
            clone(&elsewhere, &[("origin", &remote)]);
            link(&elsewhere, &root);
        }
        _ => clone(&root, &[("origin", &remote)]),
    }
}

/// Goes all ways, from a clone that nothing restricts.
fn going(agent: Agent, kind: &str) -> Scenario {
    let at = |way: &str| format!("{{root}}/{kind}-{way}/a.txt");
    let clone = |way: &str| format!("{{root}}/{kind}-{way}");
    let scenario = Scenario::new(agent).print("Work").args(["--add-dir".into(), clone("add-dir")]);
    let scenario = match agent {
        Agent::Claude(_) => scenario
            .turn(read(at("read")).and(read(at("link"))).and(read(at("tree"))))
            .turn(write(clone("write") + "/new.txt", "new"))
            .turn(subagent(PART))
            .subagent(PART, [read(at("part"))]),
        Agent::Codex(_) => {
            let reads =
                ["read", "link", "tree"].map(|way| exec_command(&format!("cat {}", at(way))));
            let patch = format!(
                "*** Begin Patch\n*** Add File: {}/new.txt\n+new\n*** End Patch\n",
                clone("write")
            );
            let [one, two, three] = reads;
            scenario.turn(one).turn(two).turn(three).turn(apply_patch(&patch))
        }
    };
    let call = |command: String| -> Turn { shell(agent, &command) };
    scenario
        .turn(call(format!("cat {}", at("cat"))))
        .turn(call(format!("sed -i s/two/2/ {}", at("sed"))))
        .turn(call(format!("cd {} && sleep 0.3", clone("cd"))))
}

/// How many answers the model gives meanwhile.
fn answers(agent: Agent) -> u64 {
    match agent {
        Agent::Claude(_) => 6 + 1 + 2,
        Agent::Codex(_) => 7 + 1,
    }
}

fn each_way_into_a_zone_is_an_entry_and_none_elsewhere(agent: Agent) {
    let names: Vec<_> = ways(agent).map(|way| way.name).collect();
    let watch = watch(agent, &names);
    let free = going(agent, "free").run_in(&watch);
    let session = watch.wait_for_responses(1, answers(agent)).remove(0).id;
    assert_eq!((free.code, entries(&watch)), (0, Vec::new()));
    let found = check(&watch, &[]);
    assert_eq!((found.code, found.touches.len()), (Some(0), 0), "{found:#?}");

    let shut = going(agent, "shut").run_in(&watch);
    assert_eq!(shut.code, 0, "{}", shut.output.display());
    let mut sessions = watch.wait_for_responses(2, 2 * answers(agent));
    sessions.retain(|row| row.id != session);
    let session = &sessions[0].id;
    let expected =
        ways(agent).flat_map(|way| way.witnesses.iter().map(|who| (way.name, way.how, *who)));
    claim(&watch, expected, |row| match (row.launch, &row.session) {
        (Some(launch), None) if launch == shut.launch => "launch",
        (None, Some(id)) if id == session => "session",
        _ => "somebody else",
    });
    for row in entries(&watch) {
        assert_eq!(row.agent.as_deref(), Some(agent.name()), "{row:#?}");
        assert_eq!(row.subagent.is_some(), row.zone == "part", "{row:#?}");
        let pattern = format!("git.example.com/acme/{}-shut-{}", id(&watch.world), row.zone);
        assert_eq!(row.pattern, pattern);
        let repo = row.repo.as_ref().map(|repo| PathBuf::from(&repo.root));
        let root = watch.world.root().join(format!("shut-{}", row.zone));
        assert_eq!(repo, Some(root.canonicalize().expect("it is there")), "{row:#?}");
    }
    claim_at_once(&watch);
}

/// Waits until these are the entries, told by zone, way and witness, and claims that there are no
/// others.
#[track_caller]
fn claim<'a>(
    watch: &Watch,
    expected: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    who: impl Fn(&ZoneEntryRow) -> &'static str,
) {
    let expected = expected.map(|(zone, how, who)| format!("{zone}: {how}, told by the {who}"));
    let expected: BTreeSet<_> = expected.collect();
    let told = || -> BTreeSet<_> {
        let rows = entries(watch).into_iter();
        rows.map(|row| format!("{}: {}, told by the {}", row.zone, row.how, who(&row))).collect()
    };
    wait::until(PATIENCE, || told().is_superset(&expected).then_some(()));
    let (told, rows) = (told(), entries(watch));
    let missing: Vec<_> = expected.difference(&told).collect();
    let besides: Vec<_> = told.difference(&expected).collect();
    assert!(
        missing.is_empty() && besides.is_empty(),
        "missing: {missing:#?}\nbesides: {besides:#?}\n{rows:#?}\n{}",
        watch.daemon.log()
    );
    assert_eq!(rows.len(), expected.len(), "each is one entry: {rows:#?}");
}

/// Claims that every entry follows from a record before it, and was recorded as soon as that.
fn claim_at_once(watch: &Watch) {
    let records = watch.daemon.export();
    for record in &records {
        let Body::ZoneEntered(entry) = &record.body else { continue };
        let told_by = records.iter().find(|other| other.id == entry.told_by);
        let told_by = told_by.unwrap_or_else(|| panic!("nothing tells of {record:#?}"));
        assert!(told_by.seq < record.seq, "{record:#?}");
        assert_eq!((told_by.at, told_by.evidence), (record.at, record.evidence), "{record:#?}");
        let late = record.recorded_at.ms() - told_by.recorded_at.ms();
        assert!((0..=AT_ONCE_MS).contains(&late), "{late} ms: {record:#?}");
    }
}

fn an_agent_that_is_started_in_a_zone_is_an_entry(agent: Agent) {
    let zones = ["in", "tree", "link"];
    let watch = watch(agent, &zones);
    dir(watch.world.root().join("shut-in/deep"));
    let start =
        |dir: &str| Scenario::new(agent).print("Say something").started_in(dir).start_in(&watch);
    // Nothing tells one from another but where it is.
    let dirs = ["{root}/shut-in/deep", "{root}/shut-tree", "{root}/shut-link", "{root}/free-in"];
    let runs = dirs.map(start).map(Going::finish);
    let sessions = watch.wait_for_responses(4, 4);
    let real =
        dirs.map(|dir| Path::new(&watch.world.tell(dir)).canonicalize().expect("it is there"));
    let of_zone = |zone: &str| zones.iter().position(|known| *known == zone).expect("it is a zone");
    let expected =
        zones.iter().flat_map(|zone| ["launch", "session"].map(|who| (*zone, "launch", who)));
    claim(&watch, expected, |row| {
        let place = of_zone(&row.zone);
        let session =
            sessions.iter().find(|it| it.cwd.as_deref().map(Path::new) == Some(&real[place]));
        match (row.launch, &row.session) {
            (Some(launch), None) if launch == runs[place].launch => "launch",
            (None, Some(id)) if Some(id) == session.map(|it| &it.id) => "session",
            _ => "somebody else",
        }
    });
    for row in entries(&watch) {
        assert_eq!(Path::new(&row.path), real[of_zone(&row.zone)], "{row:#?}");
    }
    claim_at_once(&watch);
}
