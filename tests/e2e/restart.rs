//! The daemon goes and comes back while agents run.

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, Record};
use trackway_tests::agent::{CLAUDE, CODEX};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{bash, exec_command, say, visit};
use trackway_tests::scenario::{Going, Scenario};
use trackway_tests::watch::Watch;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_with_agents(a_killed_daemon_finds_its_agents_again);
    tests.add_with_agents(an_agent_that_ends_unseen_is_known_to_be_over);
    tests.add_with_agents(an_agent_that_was_there_first_is_found);
    tests.add_with_agents(a_rebuild_changes_no_answer);
}

fn a_killed_daemon_finds_its_agents_again() {
    let watch = Arc::new(Watch::start(&[CLAUDE, CODEX]));
    let gate = watch.world.root().join("gate");
    let claude = Scenario::new(CLAUDE)
        .print("Wait")
        .turn(bash("sleep 0.3"))
        .turn(bash(&visit("{other}")).once("{root}/gate"));
    let codex = Scenario::new(CODEX)
        .print("Wait")
        .turn(exec_command("sleep 0.3"))
        .turn(exec_command(&visit("{other}")).once("{root}/gate"));
    let going = [claude, codex].map(|scenario| waiting(scenario, &watch));
    let killed = Timestamp::now();
    watch.daemon.kill();
    watch.daemon.start_again();
    let back = Timestamp::now();
    fs::write(gate, "").expect("the world is ours");
    for run in going.map(Going::finish) {
        run.own_launch().commands_in(&["{repo}", "{other}"]);
    }
    assert_eq!(watch.launches().len(), 2);
    assert_nothing_is_twice(&watch.daemon.export());
    let gaps = watch.daemon.gaps();
    let blind = gaps.iter().find(|gap| gap.source == "daemon" && gap.state == "lost");
    let blind = blind.unwrap_or_else(|| panic!("the blind time is a gap: {gaps:#?}"));
    // The last sign of life was some time before the kill: what was blind is never told too short.
    assert!(blind.from <= killed, "{blind:?} {killed}");
    assert!(blind.until.is_some_and(|until| killed < until && until <= back), "{blind:?} {back}");
}

fn an_agent_that_ends_unseen_is_known_to_be_over() {
    let watch = Arc::new(Watch::start(&[CLAUDE]));
    let scenario = Scenario::new(CLAUDE).print("Wait").turn(bash("sleep 0.3"));
    let going = waiting(scenario.turn(say("Over.").once("{root}/gate")), &watch);
    let launch = watch.wait_for_start(going.cage.pid);
    watch.daemon.kill();
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    going.leave();
    watch.daemon.start_again();
    watch.wait_for_end(launch);
    let rows = watch.launches();
    let [row] = &rows[..] else { panic!("one launch, and not {rows:#?}") };
    assert_eq!((row.id, row.end_seen, row.exit_code), (launch, Some(false), None));
    assert!(row.ended_at.is_some(), "{row:#?}");
}

fn an_agent_that_was_there_first_is_found() {
    let watch = Arc::new(Watch::start(&[CLAUDE]));
    watch.daemon.stop();
    let scenario = Scenario::new(CLAUDE).print("Wait").turn(bash("sleep 0.3"));
    let mut going = scenario.turn(bash(&visit("{other}")).once("{root}/gate")).start_in(&watch);
    going.wait_for_turn(1);
    watch.daemon.start_again();
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    let run = going.finish();
    let rows = watch.launches();
    let [row] = &rows[..] else { panic!("one launch, and not {rows:#?}") };
    assert!(row.found_running, "{row:#?}");
    let launch = run.seen(run.launch);
    launch
        .in_dir("{repo}")
        .exit(0)
        .started_by("shell")
        .mode("headless")
        .commands_in(&["{repo}", "{other}"]);
}

fn a_rebuild_changes_no_answer() {
    let scenario = Scenario::new(CLAUDE).print("Work").turn(bash(&visit("{other}")));
    let watch = scenario.run().watch;
    // What other tests do meanwhile is in these answers as well.
    let root = watch.world.root().display().to_string();
    let answer = |query: &[&str]| -> Vec<String> {
        let output = String::from_utf8(watch.daemon.ctl(query).stdout).expect("JSON is UTF-8");
        output.lines().filter(|line| line.contains(&root)).map(str::to_owned).collect()
    };
    let answers = || [answer(&["launches", "--json"]), answer(&["dirs", "--all", "--json"])];
    let before = answers();
    assert_eq!(before.each_ref().map(Vec::len), [1, 2]);
    watch.daemon.stop();
    let rebuild = watch.daemon.trackwayd(["rebuild"]);
    assert!(rebuild.status.success(), "{}", String::from_utf8_lossy(&rebuild.stderr));
    watch.daemon.start_again();
    assert_eq!(answers(), before);
}

/// Starts an agent and waits until it is in the middle of its work.
fn waiting(scenario: Scenario, watch: &Arc<Watch>) -> Going {
    let mut going = scenario.start_in(watch);
    going.wait_for_turn(1);
    watch.wait_for_start(going.cage.pid);
    going
}

fn assert_nothing_is_twice(records: &[Record]) {
    let mut seen = HashSet::new();
    for record in records {
        let fact = match &record.body {
            Body::LaunchStarted(launch) => format!("start of {}", launch.launch),
            Body::LaunchEnded(ended) => format!("end of {}", ended.launch),
            Body::DirTouched(touch) => {
                let quarter = record.at.ms() / 900_000;
                let who = (touch.launch, &touch.session);
                format!("{who:?} {} {} {quarter}", touch.dir, touch.how)
            }
            Body::SessionLinked(linked) => format!("{linked:?}"),
            Body::SessionStarted(session) => format!("start of {}", session.session),
            _ => continue,
        };
        assert!(seen.insert(fact.clone()), "twice: {fact}");
    }
}
