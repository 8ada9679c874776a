//! Which session was the work of which launch, and how that is known: whatever way an agent is
//! started, each link is there, and none besides.

use std::fs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use trackway_protocol::record::Body;
use trackway_protocol::record::Evidence::Inferred;
use trackway_protocol::row::SessionRow;
use trackway_tests::agent::{self, Agent, CLAUDE};
use trackway_tests::cage::Cage;
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{bash, say};
use trackway_tests::scenario::work::claim_session;
use trackway_tests::scenario::{Going, Scenario};
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use super::launches::{claude, codex};
use super::sessions::shell;

pub(crate) fn all(tests: &mut Tests) {
    tests.each(agent::ALL, a_run_without_a_tool_call_is_known_as_well);
    tests.each(claude(), a_session_that_was_given_its_name_is_known_by_it);
    tests.each(claude(), a_resumed_session_is_the_work_of_both_launches);
    tests.each(codex(), a_resumed_thread_is_the_work_of_both_launches);
    tests.each(claude(), a_fork_is_the_work_of_who_forked);
    tests.each(claude(), what_cannot_be_resumed_is_nobody_s_work);
    tests.each(claude(), a_claude_at_a_terminal_registers_its_session);
    tests.each(claude(), a_cleared_session_makes_place_for_another_of_the_same_launch);
    tests.each(codex(), a_thread_at_a_terminal_is_its_service_s_work);
    tests.each(codex(), a_thread_that_is_resumed_at_a_terminal_is_that_terminal_s_work_too);
    tests.each(agent::ALL, an_agent_in_a_tool_call_works_on_a_session_of_its_own);
    tests.each(agent::ALL, two_of_a_kind_in_one_directory_are_told_apart);
    tests.each(claude(), what_no_other_can_have_done_is_concluded);
    tests.each(claude(), of_two_that_nothing_tells_apart_nothing_is_concluded);
    tests.each(agent::ALL, a_restarted_daemon_links_nothing_twice);
    tests.add_with_agents(a_session_in_the_background_is_its_supervisor_s_work);
}

/// Returns an id that no other session has: there are other tests' in each daemon's sight.
fn fresh_id() -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{:08x}-bba9-4fba-9400-{:012x}", std::process::id(), nanos & 0xffff_ffff_ffff)
}

fn unhurried(agent: Agent) -> Scenario {
    Scenario::new(agent).unhurried()
}

/// How a session is known of which nothing but the agent itself tells.
fn quietly(agent: Agent) -> &'static [&'static str] {
    if agent.name() == "claude" { &["registry"] } else { &["open-file"] }
}

/// How a session is known in which a command was run.
fn busily(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Claude(_) => &["environment", "registry"],
        Agent::Codex(_) => &["environment", "open-file"],
    }
}

/// Has the daemon come to its conclusions at once: it does when it stops.
fn conclude(watch: &Watch) {
    watch.daemon.stop();
    watch.daemon.start_again();
}

/// Returns the session that is another one than this.
#[track_caller]
fn other(rows: &[SessionRow], session: &str) -> SessionRow {
    let [row] = &rows.iter().filter(|row| row.id != session).collect::<Vec<_>>()[..] else {
        panic!("one session beside {session}, and not {rows:#?}")
    };
    (*row).clone()
}

fn a_run_without_a_tool_call_is_known_as_well(agent: Agent) {
    let run = unhurried(agent).print("Say something").run();
    let session = run.one_session(1);
    conclude(&run.watch);
    run.watch.claim_links(&session.id, &[(run.launch, quietly(agent))]);
    run.watch.claim_files(&session.id, &[]);
    assert_eq!(session.cwd, Some(run.watch.world.tell("{repo}")));
}

fn a_session_that_was_given_its_name_is_known_by_it(agent: Agent) {
    let id = fresh_id();
    let scenario = unhurried(agent).args(["--session-id", &id]).print("Look");
    let run = scenario.turn(bash("cat a.txt; sleep 0.3")).run();
    let session = run.one_session(2);
    assert_eq!(session.id, id);
    conclude(&run.watch);
    run.watch.claim_links(&id, &[(run.launch, &["argument", "environment", "registry"])]);
    run.watch.claim_files(&id, &[("read", "{repo}/a.txt", Inferred)]);
}

fn a_resumed_session_is_the_work_of_both_launches(agent: Agent) {
    let (watch, id) = (Arc::new(Watch::start(&[agent])), fresh_id());
    let first = unhurried(agent).args(["--session-id", &id]).print("Say something");
    let first = first.run_in(&watch);
    watch.wait_for_responses(1, 1);
    let second = unhurried(agent).args(["--resume", &id]).print("Say more");
    let second = second.run_in(&watch);
    let rows = watch.wait_for_responses(1, 2);
    claim_session(&rows[0], agent, 2);
    conclude(&watch);
    let how: &[&str] = &["argument", "registry"];
    watch.claim_links(&id, &[(first.launch, how), (second.launch, how)]);
    watch.claim_files(&id, &[]);
}

fn a_resumed_thread_is_the_work_of_both_launches(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let first = unhurried(agent).print("Look").turn(shell(agent, "cat a.txt")).run_in(&watch);
    let thread = watch.wait_for_responses(1, 2).remove(0).id;
    let yolo = "--dangerously-bypass-approvals-and-sandbox";
    let second = unhurried(agent).args(["exec", yolo, "resume", &thread, "Say more"]);
    // Two turns of the conversation were taken before.
    let second = second.turn(say("")).turn(say("")).turn(shell(agent, "sleep 0.3"));
    let second = second.run_in(&watch);
    let rows = watch.wait_for_responses(1, 4);
    claim_session(&rows[0], agent, 4);
    conclude(&watch);
    let expected = [
        (first.launch, &["environment", "open-file"][..]),
        (second.launch, &["argument", "environment", "open-file"]),
    ];
    watch.claim_links(&thread, &expected);
    watch.claim_files(&thread, &[("read", "{repo}/a.txt", Inferred)]);
}

fn a_fork_is_the_work_of_who_forked(agent: Agent) {
    let (watch, id) = (Arc::new(Watch::start(&[agent])), fresh_id());
    let first = unhurried(agent).args(["--session-id", &id]).print("Say something");
    let first = first.run_in(&watch);
    watch.wait_for_responses(1, 1);
    let fork = unhurried(agent).args(["--resume", &id, "--fork-session"]);
    let fork = fork.print("Go another way").run_in(&watch);
    let rows = watch.wait_for_responses(2, 2);
    let forked = other(&rows, &id);
    if agent.version() == "2.1.330" {
        // The older one does not say from where it was forked.
        assert_eq!(forked.parent_session.as_deref(), Some(&*id), "{forked:#?}");
    }
    for row in &rows {
        claim_session(row, agent, 1);
    }
    conclude(&watch);
    watch.claim_links(&id, &[(first.launch, &["argument", "registry"])]);
    watch.claim_links(&forked.id, &[(fork.launch, &["registry"])]);
}

fn what_cannot_be_resumed_is_nobody_s_work(agent: Agent) {
    let id = fresh_id();
    let run = unhurried(agent).args(["--resume", &id]).print("Go on").run();
    assert_ne!(run.code, 0);
    conclude(&run.watch);
    let sessions: Vec<SessionRow> = run.watch.daemon.rows(&["sessions"]);
    assert!(sessions.iter().all(|row| row.id != id), "{sessions:#?}");
    assert_eq!(run.seen(run.launch).row.links, []);
}

fn a_claude_at_a_terminal_registers_its_session(agent: Agent) {
    let run = unhurried(agent).interactive("Please look at it").run();
    let session = run.one_session(1);
    conclude(&run.watch);
    run.watch.claim_links(&session.id, &[(run.launch, &["registry"])]);
    run.watch.claim_files(&session.id, &[]);
}

fn a_cleared_session_makes_place_for_another_of_the_same_launch(agent: Agent) {
    const SECOND: &str = "Look at the other matter";
    let run = unhurried(agent)
        .interactive("Please look at it")
        .turn(bash("cat a.txt"))
        .clear(SECOND, "The other matter is done.")
        .run();
    let rows = run.watch.wait_for_responses(2, 3);
    conclude(&run.watch);
    run.watch.claim_links(&rows[0].id, &[(run.launch, &["environment", "registry"])]);
    run.watch.claim_links(&rows[1].id, &[(run.launch, &["registry"])]);
    claim_session(&rows[0], agent, 2);
    claim_session(&rows[1], agent, 1);
    run.watch.claim_files(&rows[0].id, &[("read", "{repo}/a.txt", Inferred)]);
    run.watch.claim_files(&rows[1].id, &[]);
    let launch = run.seen(run.launch).row;
    assert_eq!(launch.sessions, Some(vec![rows[0].id.clone(), rows[1].id.clone()]));
}

fn a_thread_at_a_terminal_is_its_service_s_work(agent: Agent) {
    let run = unhurried(agent).interactive("Please look at it").run();
    let (_, daemon) = run.launch_and_daemon();
    let session = run.one_session(1);
    conclude(&run.watch);
    run.watch.claim_links(&session.id, &[(daemon.row.id, &["open-file"])]);
    run.watch.claim_files(&session.id, &[]);
}

fn a_thread_that_is_resumed_at_a_terminal_is_that_terminal_s_work_too(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let first = unhurried(agent).print("Say something").run_in(&watch);
    let thread = watch.wait_for_responses(1, 1).remove(0).id;
    let second = unhurried(agent).args(["resume", &thread]).interactive("Look at it");
    let second = second.turn(say("Not yet.")).run_in(&watch);
    let session = watch.wait_for_responses(1, 2).remove(0);
    claim_session(&session, agent, 2);
    conclude(&watch);
    let launches = watch.launches();
    let service = launches.iter().find(|row| row.mode.as_deref() == Some("app-server-daemon"));
    let expected = [
        (first.launch, &["open-file"][..]),
        (second.launch, &["argument"]),
        (service.expect("the terminal has a service").id, &["open-file"]),
    ];
    watch.claim_links(&thread, &expected);
    watch.claim_files(&thread, &[]);
}

fn an_agent_in_a_tool_call_works_on_a_session_of_its_own(agent: Agent) {
    const INNER: &str = "Look after the inner matter";
    let inner = match agent {
        Agent::Claude(_) => "claude -p --permission-mode bypassPermissions",
        Agent::Codex(_) => "codex exec --dangerously-bypass-approvals-and-sandbox",
    };
    let watch = Arc::new(Watch::start(&[agent]));
    // A login shell has a path of its own.
    let path = watch.env.iter().find(|(name, _)| name == "PATH").expect("it has a path");
    let inner = format!("PATH='{}' {inner} '{INNER}' </dev/null", path.1);
    let run = unhurried(agent)
        .print("Have it looked after")
        .turn(shell(agent, &inner))
        .subagent(INNER, [shell(agent, "cat ../other/z; sleep 0.3")])
        .run_in(&watch);
    let rows = run.watch.wait_for_responses(2, 4);
    conclude(&run.watch);
    let (outer_row, inner_row) = (&rows[0], &rows[1]);
    let launches = run.watch.launches();
    let [_, inner] = &launches[..] else { panic!("two launches, and not {launches:#?}") };
    assert_eq!(inner.parent_launch, Some(run.launch));
    run.watch.claim_links(&outer_row.id, &[(run.launch, busily(agent))]);
    run.watch.claim_links(&inner_row.id, &[(inner.id, busily(agent))]);
    for row in &rows {
        claim_session(row, agent, 2);
    }
    run.watch.claim_files(&inner_row.id, &[("read", "{other}/z", Inferred)]);
}

/// Starts two of a kind at once, which both go on when both have asked their models.
fn two_at_once(watch: &Arc<Watch>, scenarios: [Scenario; 2]) -> [Going; 2] {
    let mut going = scenarios.map(|scenario| scenario.start_in(watch));
    for going in &mut going {
        going.wait_for_turn(0);
    }
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    going
}

fn two_of_a_kind_in_one_directory_are_told_apart(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let scenario = |prompt: &str, command: &str| {
        let call = shell(agent, &format!("{command}; sleep 0.3"));
        unhurried(agent).print(prompt).turn(call.once("{root}/gate"))
    };
    let scenarios = [scenario("One", "cat a.txt"), scenario("Other", "cat ../other/z")];
    let runs = two_at_once(&watch, scenarios).map(Going::finish);
    let rows = watch.wait_for_responses(2, 4);
    conclude(&watch);
    for (run, file) in runs.iter().zip(["{repo}/a.txt", "{other}/z"]) {
        let read = |row: &&SessionRow| watch.files(&row.id)[0].path == watch.world.tell(file);
        let row = rows.iter().find(read).expect("one of them read it");
        claim_session(row, agent, 2);
        watch.claim_files(&row.id, &[("read", file, Inferred)]);
        watch.claim_links(&row.id, &[(run.launch, busily(agent))]);
    }
}

/// A world in which claude can register nothing.
fn without_a_list(agent: Agent) -> Arc<Watch> {
    let no_list = |world: &World| {
        fs::write(world.home().join(".claude/sessions"), "").expect("the home is ours");
    };
    Arc::new(Watch::start_in(&[agent], no_list))
}

fn what_no_other_can_have_done_is_concluded(agent: Agent) {
    let run = unhurried(agent).print("Say something").run_in(&without_a_list(agent));
    let session = run.one_session(1);
    conclude(&run.watch);
    run.watch.claim_links(&session.id, &[(run.launch, &["place-and-time"])]);
}

fn of_two_that_nothing_tells_apart_nothing_is_concluded(agent: Agent) {
    let watch = without_a_list(agent);
    let scenario =
        |prompt: &str| unhurried(agent).print(prompt).turn(say("Over.").once("{root}/gate"));
    let runs = two_at_once(&watch, [scenario("One"), scenario("Other")]).map(Going::finish);
    let rows = watch.wait_for_responses(2, 2);
    conclude(&watch);
    for (row, run) in rows.iter().zip(&runs) {
        watch.claim_links(&row.id, &[]);
        assert_eq!(run.seen(run.launch).row.links, []);
    }
}

fn a_restarted_daemon_links_nothing_twice(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let scenario = unhurried(agent).print("Look").turn(shell(agent, "sleep 0.3"));
    let scenario = scenario.turn(shell(agent, "sleep 0.4").once("{root}/gate"));
    let mut going = scenario.start_in(&watch);
    going.wait_for_turn(1);
    let session = watch.wait_for_responses(1, 1).remove(0).id;
    let launch = watch.wait_for_start(going.cage.pid);
    watch.claim_links(&session, &[(launch, busily(agent))]);
    watch.daemon.kill();
    watch.daemon.start_again();
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    let run = going.finish();
    watch.wait_for_responses(1, 3);
    conclude(&watch);
    watch.claim_links(&session, &[(run.launch, busily(agent))]);
    let records = watch.daemon.export();
    let links = records.iter().filter(|record| match &record.body {
        Body::SessionLinked(link) => link.session == session,
        _ => false,
    });
    assert_eq!(links.count(), busily(agent).len());
}

fn a_session_in_the_background_is_its_supervisor_s_work() {
    const WORK: &str = "claude --bg 'Do it later' --permission-mode bypassPermissions
        until test -e \"$HOME/over\"; do sleep 0.05; done";
    let watch = Arc::new(Watch::start(&[CLAUDE]));
    let scenario = unhurried(CLAUDE).turn(bash("cat a.txt; sleep 0.3"));
    let mut plan = scenario.plan(&watch.world, &watch.env);
    plan.argv = ["/bin/sh", "-c", WORK].map(str::to_owned).into();
    let cage = Cage::start(&plan);
    let session = watch.wait_for_responses(1, 2).remove(0);
    fs::write(watch.world.home().join("over"), "").expect("the home is ours");
    drop(cage.finish(&plan));
    conclude(&watch);
    let launches = watch.launches();
    let in_mode = |mode: &str| launches.iter().find(|row| row.mode.as_deref() == Some(mode));
    let supervisor = in_mode("daemon").expect("it has a supervisor");
    watch.claim_links(&session.id, &[(supervisor.id, busily(CLAUDE))]);
    assert_eq!(in_mode("background").expect("somebody asked for it").links, []);
    claim_session(&session, CLAUDE, 2);
    watch.claim_files(&session.id, &[("read", "{repo}/a.txt", Inferred)]);
}
