//! What the witnesses disagree about, with real agents: each disagreement is found, and a run about
//! which they agree leaves none.

use std::fs;
use std::sync::Arc;

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::{Body, Finding, Risk};
use trackway_protocol::row::{AnyFinding, TimeRow};
use trackway_tests::agent::{self, Agent, CLAUDE, CODEX};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{bash, say};
use trackway_tests::scenario::Scenario;
use trackway_tests::watch::Watch;

use super::launches::claude;
use super::sessions::shell;

pub(crate) fn all(tests: &mut Tests) {
    tests.each(agent::ALL, of_two_runs_the_one_that_left_no_session_file_is_found);
    tests.each(claude(), a_variable_that_switches_transcripts_off_is_named);
    tests.each(agent::ALL, a_session_file_that_is_deleted_is_found);
    tests.add_with_agents(a_recorder_that_is_away_while_an_agent_runs_says_so);
    tests.add_with_agents(how_time_divides_adds_up);
}

/// Waits for a finding that has this code and is about this launch.
fn wait_for(watch: &Watch, code: &str, launch: LaunchId) -> Finding {
    watch.daemon.wait_for(&format!("{code} of {launch}"), |record| match &record.body {
        Body::Finding(finding) if finding.launch == Some(launch) && finding.code == code => {
            Some((**finding).clone())
        }
        _ => None,
    })
}

/// What was found in this world, but for settings.
fn findings(watch: &Watch) -> Vec<AnyFinding> {
    let root = watch.world.root().display().to_string();
    let mut rows: Vec<AnyFinding> = watch.daemon.rows(&["findings", "--dir", &root]);
    rows.retain(|row| row.key.is_none());
    rows
}

/// A run that works in a shell, told to keep its session to itself.
fn silent(agent: Agent) -> (Scenario, &'static str) {
    let scenario = Scenario::new(agent);
    match agent {
        Agent::Claude(_) => {
            let flag = "--no-session-persistence";
            (scenario.print("Look").args([flag]), flag)
        }
        Agent::Codex(_) => {
            let yolo = "--dangerously-bypass-approvals-and-sandbox";
            (scenario.args(["exec", "--ephemeral", yolo, "Look"]), "--ephemeral")
        }
    }
}

fn of_two_runs_the_one_that_left_no_session_file_is_found(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let normal = Scenario::new(agent).print("Look").turn(shell(agent, "sleep 0.3")).run_in(&watch);
    watch.wait_for_responses(1, 2);
    let (scenario, flag) = silent(agent);
    let silent = scenario.turn(shell(agent, "sleep 0.3")).run_in(&watch);
    assert_eq!((normal.code, silent.code), (0, 0), "{}", silent.output.display());
    // Of the first run the verdict was due earlier.
    let finding = wait_for(&watch, "transcripts-off", silent.launch);
    assert_eq!((finding.agent.as_str(), finding.risk), (agent.name(), Risk::Medium));
    assert!(finding.why.contains(flag), "{finding:?}");
    let rows = findings(&watch);
    let [row] = &rows[..] else { panic!("one finding, and not {rows:#?}") };
    assert_eq!((row.launch, row.code.as_str()), (Some(silent.launch), "transcripts-off"));
    assert_eq!(row.dir, Some(watch.world.tell("{repo}")));
    let narrowed = |args: &[&str]| {
        let args = [&["findings"], args].concat();
        let rows: Vec<AnyFinding> = watch.daemon.rows(&args);
        rows.iter().filter(|row| row.launch == Some(silent.launch)).count()
    };
    let (repo, other) = (watch.world.tell("{repo}"), watch.world.tell("{other}"));
    assert_eq!(narrowed(&["--repo", &repo, "--agent", agent.name(), "--risk", "medium"]), 1);
    assert_eq!(narrowed(&["--launch", &silent.launch.to_string(), "--since", "1h"]), 1);
    for refused in [&["--dir", &other][..], &["--risk", "high"], &["--until", "1h"]] {
        assert_eq!(narrowed(refused), 0, "{refused:?}");
    }
    watch.no_trace_of(&["Look"]);
}

fn a_variable_that_switches_transcripts_off_is_named(agent: Agent) {
    const NAME: &str = "CLAUDE_CODE_SKIP_PROMPT_HISTORY";
    let run = Scenario::new(agent).env(NAME, "1").print("Look").turn(bash("sleep 0.3")).run();
    let finding = wait_for(&run.watch, "transcripts-off", run.launch);
    assert!(finding.why.contains(NAME), "{finding:?}");
}

fn a_session_file_that_is_deleted_is_found(agent: Agent) {
    let run = Scenario::new(agent).print("Look").turn(shell(agent, "sleep 0.3")).run();
    let session = run.one_session(2);
    let file = session.transcript.clone().expect("it has a file");
    fs::remove_file(&file).expect("the world is ours");
    let finding = run.watch.daemon.wait_for("the file's end", |record| match &record.body {
        Body::Finding(finding) if finding.session.as_ref() == Some(&session.id) => {
            Some((**finding).clone())
        }
        _ => None,
    });
    assert_eq!(finding.code, "session-file-vanished");
    assert_eq!((finding.path.as_ref(), finding.risk), (Some(&file), Risk::Medium));
    let rows = findings(&run.watch);
    let [row] = &rows[..] else { panic!("one finding, and not {rows:#?}") };
    assert_eq!((row.session.as_ref(), &row.dir), (Some(&session.id), &session.cwd));
}

fn a_recorder_that_is_away_while_an_agent_runs_says_so() {
    let watch = Arc::new(Watch::start(&[CLAUDE, CODEX]));
    let wait = |agent, gate: &str| {
        let scenario = Scenario::new(agent).print("Wait").turn(shell(agent, "sleep 0.3"));
        let mut going =
            scenario.turn(say("Over.").once(format!("{{root}}/{gate}"))).start_in(&watch);
        going.wait_for_turn(1);
        let launch = watch.wait_for_start(going.cage.pid);
        (going, launch)
    };
    let (stays, staying) = wait(CLAUDE, "gate-1");
    let (leaves, leaving) = wait(CODEX, "gate-2");
    watch.daemon.kill();
    fs::write(watch.world.root().join("gate-2"), "").expect("the world is ours");
    leaves.leave();
    watch.daemon.start_again();
    let found = [staying, leaving]
        .map(|launch| wait_for(&watch, "recorder-stopped-while-agent-ran", launch));
    assert_eq!(found.each_ref().map(|finding| finding.agent.as_str()), ["claude", "codex"]);
    fs::write(watch.world.root().join("gate-1"), "").expect("the world is ours");
    let run = stays.finish();
    // A restart at which none runs says nothing more.
    run.watch.daemon.stop();
    run.watch.daemon.start_again();
    let rows = findings(&run.watch);
    let mut launches: Vec<_> = rows.iter().filter_map(|row| row.launch).collect();
    launches.sort_unstable();
    let mut expected = vec![staying, leaving];
    expected.sort_unstable();
    assert_eq!(launches, expected, "{rows:#?}");
}

fn how_time_divides_adds_up() {
    let watch = Watch::start(&[CLAUDE]);
    watch.daemon.kill();
    watch.daemon.start_again();
    let rows: Vec<TimeRow> = watch.daemon.rows(&["gaps", "--time", "--since", "1h"]);
    assert_eq!(rows[0].source, "launches");
    for row in &rows {
        let parts = [row.recorded_ms, row.degraded_ms, row.blind_ms, row.off_ms];
        let sum = parts.iter().sum::<u64>() + row.unrecorded_ms;
        let range = row.until.ms() - row.from.ms();
        assert_eq!(i64::try_from(sum).ok(), Some(range), "{row:?}");
        assert!(row.unrecorded_ms > 0 && row.blind_gaps > 0, "{row:?}");
    }
    let told = |args: &[&str]| String::from_utf8(watch.daemon.ctl(args).stdout).expect("text");
    for args in [&["gaps"][..], &["gaps", "--time"], &["status"]] {
        assert!(told(args).contains("recorded "), "{}", told(args));
    }
    assert!(told(&["doctor"]).contains("the daemon was killed"), "{}", told(&["doctor"]));
}
