//! Agents in containers, seen from the host; and the daemon in one, which says that it cannot see.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use trackway_protocol::row::LaunchRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::{self, World};

use crate::{poll, stub};

/// What the containers are made with.
const UNSHARE: &[&str] = &["unshare"];

pub(crate) fn all(tests: &mut Tests) {
    tests.add_needing(UNSHARE, an_agent_in_a_container_is_seen_and_marked);
    tests.add_needing(UNSHARE, an_agent_in_a_container_is_seen_by_polling);
    tests.add_needing(UNSHARE, an_agent_in_a_container_with_other_files_is_seen);
    tests.add_needing(UNSHARE, a_daemon_in_a_container_says_that_it_cannot_see_the_machine);
    tests.add_needing(UNSHARE, a_daemon_in_a_user_namespace_says_why_it_polls);
}

/// Prepares a container: pid and mount namespaces of its own, whose processes are this user's.
fn container() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]);
    command.stdin(Stdio::null());
    command
}

/// Runs the stub in a container to its end, and returns its launch.
fn run(watch: &Watch, mut container: Command) -> LaunchRow {
    let status = container.status().expect("unshare is there");
    assert!(status.success(), "the container works");
    let found = || {
        let launches = watch.daemon.launches();
        launches
            .into_iter()
            .find(|row| row.namespace.as_deref() == Some("other") && ours(watch, row))
    };
    let found = wait::until(Duration::from_secs(10), found);
    let row = found.unwrap_or_else(|| panic!("no launch: {:#?}", watch.daemon.launches()));
    watch.wait_for_end(row.id);
    row
}

fn ours(watch: &Watch, row: &LaunchRow) -> bool {
    let root = watch.world.root().file_name().and_then(|name| name.to_str()).expect("it is text");
    [&row.exe, &row.cwd].iter().any(|path| path.as_ref().is_some_and(|path| path.contains(root)))
}

fn an_agent_in_a_container_is_seen_and_marked() {
    marked(&stub::watch());
}

fn an_agent_in_a_container_is_seen_by_polling() {
    marked(&stub::watch_in(poll::configure));
}

fn marked(watch: &Watch) {
    let mut container = container();
    container.arg("--").arg(stub::path(&watch.world)).arg("--continue");
    container.current_dir(watch.world.repo()).env("STUB_MS", "400");
    let row = run(watch, container);
    assert_eq!(row.cwd.as_deref().map(Path::new), Some(watch.world.repo().as_path()));
    // The directory has a repository here; whether it is that one in there, nobody knows.
    assert_eq!(row.repo, None);
    assert_eq!(row.repo_unknown.as_deref(), Some("the directory lies in a container"));
    assert_eq!(row.pid.map(|pid| pid > 1), Some(true), "its pid is the host's");
    named_as_limit(watch, "an agent runs in a container");
}

/// Claims that coverage names a limit once.
fn named_as_limit(watch: &Watch, limit: &str) {
    let gaps = watch.daemon.gaps();
    let named = gaps.iter().filter(|gap| gap.reason.contains(limit)).count();
    assert!((1..=2).contains(&named), "{limit}: {gaps:#?}");
}

fn an_agent_in_a_container_with_other_files_is_seen() {
    let watch = stub::watch();
    let tree = watch.world.fresh("tree-");
    // In the container, the stub lies where another program lies here.
    let inside = watch.world.home().join(".local/share/claude/versions/8.8.8");
    let there = tree.join(inside.strip_prefix("/").expect("it is absolute"));
    world::copy_program(&world::program("stub"), &there);
    world::copy_program(Path::new("/bin/true"), &inside);
    let repo = tree.join(watch.world.repo().strip_prefix("/").expect("it is absolute"));
    world::repository(&repo);
    for dir in ["proc", "old", "lib", "lib64", "usr"] {
        fs::create_dir_all(tree.join(dir)).expect("the world is ours");
    }
    // pivot_root is not where an ordinary user looks for programs.
    let script = format!(
        "PATH=$PATH:/usr/sbin:/sbin; mount --bind {tree} {tree} && cd {tree} && \
         for dir in lib lib64 usr; do mount --rbind /$dir $dir; done && \
         mount --rbind /proc proc && pivot_root . old && cd {repo} && exec {program} --continue",
        tree = tree.display(),
        repo = watch.world.repo().display(),
        program = inside.display(),
    );
    let mut container = container();
    container.args(["--", "/bin/sh", "-ec", &script]).env("STUB_MS", "400");
    let row = run(&watch, container);
    assert_eq!(row.exe.as_deref().map(Path::new), Some(inside.as_path()));
    assert_eq!(row.cwd.as_deref().map(Path::new), Some(watch.world.repo().as_path()));
    assert_eq!((row.repo, row.agent_version), (None, None), "what lies here is another's");
    let status = watch.daemon.status();
    let told = status.agents.iter().any(|agent| Path::new(&agent.exe) == inside);
    assert!(!told, "no program of this machine: {:#?}", status.agents);
}

fn a_daemon_in_a_container_says_that_it_cannot_see_the_machine() {
    let container =
        ["--user", "--map-root-user", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child"];
    let found = sight(&[&["unshare"], &container[..]].concat());
    assert!(found.contains("in a pid namespace"), "{found}");
    assert!(found.contains("launches outside of it are not seen"), "{found}");
    assert!(found.contains("ignores the request"), "{found}");
}

fn a_daemon_in_a_user_namespace_says_why_it_polls() {
    // One in another, as a sandbox in a container.
    let nested = ["unshare", "--user", "--map-root-user", "unshare", "--user", "--map-root-user"];
    let found = sight(&nested);
    assert!(found.contains("in a user namespace"), "{found}");
    assert!(found.contains("ignores the request"), "{found}");
}

/// Asks a daemon as soon as it answers, and ends it.
const ASK: &str = r#"
    trackwayd=$1 trackwayctl=$2 root=$3
    $trackwayd run --state-dir $root/state --socket $root/run/s --config $root/config.toml &
    for try in $(seq 300); do
        $trackwayctl --socket $root/run/s status --json && break
        sleep 0.05
    done
    $trackwayctl --socket $root/run/s doctor --json
    kill $!
    wait"#;

/// Runs a daemon below another program; returns what it says in there of its sight of launches.
fn sight(below: &[&str]) -> String {
    let world = World::new();
    let mut command = Command::new(below[0]);
    command.args(&below[1..]).args(["/bin/sh", "-c", ASK, "sh"]);
    command.args(["trackwayd", "trackwayctl"].map(world::program)).arg(world.root());
    command.env_clear().envs(trackway_tests::agent::environment(&world, &[]));
    let output = command.stdin(Stdio::null()).output().expect("unshare is there");
    let said = String::from_utf8_lossy(&output.stdout);
    let find = |key, value| {
        let mut rows = said.lines().filter_map(|row| serde_json::from_str::<Value>(row).ok());
        rows.find(|row| row[key] == value).unwrap_or_else(|| panic!("{output:?}"))
    };
    let status = find("recording", Value::Bool(true));
    let source = &status["sources"][0];
    assert_eq!((&source["tier"], &source["state"]), (&"poll".into(), &"degraded".into()), "{said}");
    let check = find("name", "launches".into());
    assert_eq!(check["state"], "warning", "{said}");
    let found = check["found"].as_str().unwrap_or_default();
    assert!(found.contains(source["reason"].as_str().expect("it has a reason")), "{said}");
    found.to_owned()
}
