//! Files that change while an agent's shell calls run, whatever it is that changes them.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use trackway_protocol::record::Evidence::{self, Inferred, Transcript};
use trackway_protocol::row::{FileRow, SessionLeftOut, SessionRow};
use trackway_tests::agent::{self, Agent};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::say;
use trackway_tests::scenario::Scenario;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use super::sessions::shell;

/// Writes, rewrites and removes files that no command line names.
const SCRIPT: &str = "import os
open('out.txt', 'w').write('x')
open('a.txt', 'a').write('x')
os.makedirs('made/deep')
open('made/deep/f', 'w').write('x')
os.remove('old.txt')
open('passing', 'w').close()
os.remove('passing')
";

const MAKEFILE: &str = "all:
\tmkdir -p build/obj
\techo x > build/obj/a.o
\techo x > build/b.o
\techo x > made.txt
";

pub(crate) fn all(tests: &mut Tests) {
    tests.each(agent::ALL, what_a_script_writes_is_told);
    tests.each(agent::ALL, what_a_build_makes_is_told_and_what_is_ignored_is_counted);
    tests.each(agent::ALL, what_is_told_twice_is_one_access);
    tests.each(agent::ALL, what_others_change_meanwhile_is_not_the_agent_s);
    tests.each(agent::ALL, what_cannot_all_be_watched_is_said);
}

/// How, where, and how it is known at least.
type Claim<'a> = (&'a str, &'a str, Evidence);

fn started(agent: Agent, furnish: impl FnOnce(&World)) -> Arc<Watch> {
    Arc::new(Watch::start_in(&[agent], furnish))
}

fn put(world: &World, path: &str, text: &str) {
    fs::write(world.repo().join(path), text).expect("the world is ours");
}

/// What that version of the agent tells of by itself: which new files it found after a command.
fn found_by_the_agent<'a>(agent: Agent, paths: &[&'a str]) -> Vec<Claim<'a>> {
    let tells = agent.version() == "2.1.330";
    paths.iter().filter(|_| tells).map(|path| ("create", *path, Transcript)).collect()
}

/// Waits until what was left out of a session is known.
#[track_caller]
fn left_out(watch: &Watch, is_told: impl Fn(&SessionRow) -> bool) -> SessionRow {
    let found = || watch.sessions().into_iter().find(&is_told);
    wait::until(Duration::from_secs(20), found)
        .unwrap_or_else(|| panic!("{:#?}\n{}", watch.sessions(), watch.daemon.log()))
}

fn what_a_script_writes_is_told(agent: Agent) {
    let watch = started(agent, |world| {
        put(world, "script.py", SCRIPT);
        put(world, "old.txt", "x");
    });
    let call = shell(agent, "python3 script.py");
    let run = Scenario::new(agent).print("Run the script").turn(call).run_in(&watch);
    let session = run.one_session(2);
    let mut expected = vec![
        ("read", "{repo}/script.py", Inferred),
        ("write", "{repo}/out.txt", Inferred),
        ("write", "{repo}/a.txt", Inferred),
        ("write", "{repo}/made/deep/f", Inferred),
        ("delete", "{repo}/old.txt", Inferred),
    ];
    expected.extend(found_by_the_agent(agent, &["{repo}/out.txt", "{repo}/made/deep/f"]));
    watch.claim_files(&session.id, &expected);
    let mut rows: Vec<FileRow> = watch.files(&session.id);
    rows.retain(|row| row.how == "delete");
    assert_eq!((rows.len(), rows[0].changed), (1, 1), "{rows:#?}");
    assert_eq!(rows[0].repo.as_ref().map(|repo| &repo.root), Some(&watch.world.tell("{repo}")));
    assert!(watch.dirs_of_session(&session.id, "write").contains(&watch.world.repo()));
}

fn what_a_build_makes_is_told_and_what_is_ignored_is_counted(agent: Agent) {
    let watch = started(agent, |world| {
        put(world, "Makefile", MAKEFILE);
        put(world, ".gitignore", "/build/\n");
    });
    let run = Scenario::new(agent).print("Build it").turn(shell(agent, "make")).run_in(&watch);
    let session = run.one_session(2);
    let row = left_out(&watch, |row| row.left_out.is_some_and(|it| it.ignored > 0));
    let expected = SessionLeftOut { ignored: 2, untold: 0, unwatched_dirs: 0 };
    assert_eq!(row.left_out, Some(expected), "{row:#?}");
    let files = watch.files(&session.id);
    assert!(files.iter().any(|row| row.path.ends_with("/repo/made.txt")), "{files:#?}");
    assert!(!files.iter().any(|row| row.path.contains("/build/") && row.changed > 0), "{files:#?}");
}

fn what_is_told_twice_is_one_access(agent: Agent) {
    let call = shell(agent, "sed -i s/two/2/ a.txt");
    let run = Scenario::new(agent).print("Edit it").turn(call).run();
    let session = run.one_session(2);
    run.watch.claim_files(&session.id, &[("write", "{repo}/a.txt", Inferred)]);
    let seen = || run.watch.files(&session.id).iter().any(|row| row.changed > 0).then_some(());
    wait::until(Duration::from_secs(5), seen);
    let rows = run.watch.files(&session.id);
    assert_eq!(
        (rows[0].times, rows[0].changed, session.files_written),
        (1, 1, Some(1)),
        "{rows:#?}"
    );
}

fn what_others_change_meanwhile_is_not_the_agent_s(agent: Agent) {
    let watch = started(agent, |_| {});
    let scenario = Scenario::new(agent)
        .print("Work")
        .turn(shell(agent, "python3 -c \"open('one', 'w')\""))
        .turn(shell(agent, "python3 -c \"open('two', 'w')\"").once("{root}/gate"))
        .turn(say("Over."));
    let mut going = scenario.start_in(&watch);
    going.wait_for_turn(1);
    put(&watch.world, "mine.txt", "by hand");
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    let run = going.finish();
    let session = run.one_session(3);
    let mut expected = vec![("write", "{repo}/one", Inferred), ("write", "{repo}/two", Inferred)];
    expected.extend(found_by_the_agent(agent, &["{repo}/one", "{repo}/two"]));
    watch.claim_files(&session.id, &expected);
}

fn what_cannot_all_be_watched_is_said(agent: Agent) {
    let watch = started(agent, |world| {
        for number in 0..4500 {
            let dir = world.repo().join(format!("d{}/e{number}", number % 10));
            fs::create_dir_all(dir).expect("the world is ours");
        }
    });
    let scenario = Scenario::new(agent).print("Work").turn(shell(agent, "touch x"));
    let mut going = scenario.turn(say("Over.").once("{root}/gate")).start_in(&watch);
    going.wait_for_turn(1);
    let source = || {
        let sources = watch.daemon.status().sources;
        sources.into_iter().find(|it| it.name == "changes" && it.state == "degraded")
    };
    let source = wait::until(Duration::from_secs(20), source).expect("it is said");
    assert!(source.reason.contains("are too many to be watched"), "{}", source.reason);
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    let run = going.finish();
    let session = run.one_session(2);
    let row = left_out(&watch, |row| row.left_out.is_some_and(|it| it.unwatched_dirs > 0));
    // The repository itself, its ten directories, and as many of those below as there is room for.
    assert_eq!(row.left_out.map(|it| it.unwatched_dirs), Some(4511 - 4096), "{row:#?}");
    let files = watch.files(&session.id);
    assert!(files.iter().any(|row| row.path.ends_with("/repo/x")), "{files:#?}");
}
