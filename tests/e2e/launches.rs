//! Every way to start an agent, on each pinned version: one launch, and all that is known of it.

use std::fs;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use trackway_tests::agent::{self, Agent, CLAUDE};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{
    apply_patch, bash, edit, exec_command, read, say, visit, write,
};
use trackway_tests::npm;
use trackway_tests::scenario::Scenario;
use trackway_tests::watch::Watch;
use trackway_tests::world::{copy_program, link};

const PROMPT: &str = "Please look into the walrus matter";
/// What redaction makes of it.
const LENGTH: &str = "<34 bytes>";

pub(crate) fn all(tests: &mut Tests) {
    let (claude, codex) = (claude(), codex());
    tests.each(claude.clone(), a_headless_claude_is_one_launch);
    tests.each(claude.clone(), a_claude_at_a_terminal_is_one_launch);
    tests.each(claude.clone(), a_question_about_claude_s_servers_is_one_launch);
    tests.each(claude, a_claude_that_refuses_its_arguments_is_one_launch);
    tests.each(codex.clone(), a_headless_codex_is_one_launch);
    tests.each(codex.clone(), a_sandboxed_codex_is_one_launch);
    tests.each(codex, a_codex_at_a_terminal_is_one_launch_and_one_daemon);
    tests.each(agent::ALL, a_question_for_the_version_is_one_launch);
    tests.each(agent::ALL, an_agent_that_is_killed_ended_by_that_signal);
    tests.add_with_agents(a_native_claude_is_one_launch);
}

pub(crate) fn claude() -> Vec<Agent> {
    agent::ALL.into_iter().filter(|agent| agent.name() == "claude").collect()
}

pub(crate) fn codex() -> Vec<Agent> {
    agent::ALL.into_iter().filter(|agent| agent.name() == "codex").collect()
}

fn a_headless_claude_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent)
        .print(PROMPT)
        .turn(bash(&visit("{other}")))
        .turn(read("{repo}/a.txt").and(bash("sleep 0.3")))
        .turn(edit("{repo}/a.txt", "two", "2"))
        .turn(write("{root}/elsewhere/b.txt", "new"))
        .run();
    run.one_launch()
        .mode("headless")
        .shows(&["-p", LENGTH, "--permission-mode", "bypassPermissions"])
        .commands_in(&["{repo}", "{other}"]);
    run.no_trace_of(&[PROMPT, agent::KEY]);
}

fn a_claude_at_a_terminal_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent)
        .interactive(PROMPT)
        .turn(bash(&visit("{other}")))
        .turn(read("{repo}/a.txt"))
        .run();
    run.one_launch().mode("interactive").commands_in(&["{repo}", "{other}"]);
    run.no_trace_of(&[PROMPT, agent::KEY]);
}

fn a_question_about_claude_s_servers_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent).args(["mcp", "list"]).run();
    run.one_launch().mode("mcp").shows(&["mcp", "list"]).commands_in(&[]);
}

fn a_claude_that_refuses_its_arguments_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent).args(["-p", PROMPT, "--no-such-flag"]).run();
    assert_ne!(run.code, 0);
    run.one_launch().mode("headless").shows(&["-p", LENGTH]).commands_in(&[]);
    run.no_trace_of(&[PROMPT, "no-such-flag"]);
}

fn a_headless_codex_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent)
        .print(PROMPT)
        .turn(exec_command(&visit("{other}")))
        .turn(apply_patch("*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** End Patch\n"))
        .run();
    run.one_launch()
        .mode("headless")
        .shows(&["exec", "--dangerously-bypass-approvals-and-sandbox", LENGTH])
        .commands_in(&["{repo}", "{other}"]);
    run.no_trace_of(&[PROMPT, agent::KEY]);
}

fn a_sandboxed_codex_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent)
        .args(["exec", "--sandbox", "workspace-write", PROMPT])
        .turn(exec_command(&visit("{other}")))
        .run();
    run.one_launch()
        .mode("headless")
        .shows(&["exec", "--sandbox", "workspace-write", LENGTH])
        .commands_in(&["{repo}", "{other}"]);
}

fn a_codex_at_a_terminal_is_one_launch_and_one_daemon(agent: Agent) {
    let run = Scenario::new(agent)
        .interactive(PROMPT)
        .turn(exec_command(&visit("{other}")))
        .turn(apply_patch("*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** End Patch\n"))
        .run();
    let (launch, daemon) = run.launch_and_daemon();
    launch.mode("interactive").commands_in(&[]);
    daemon.commands_in(&["{repo}", "{other}"]);
    run.no_trace_of(&[PROMPT, agent::KEY]);
}

fn a_question_for_the_version_is_one_launch(agent: Agent) {
    let run = Scenario::new(agent).args(["--version"]).run();
    run.one_launch().mode("version").exit(0).shows(&["--version"]).commands_in(&[]);
}

fn an_agent_that_is_killed_ended_by_that_signal(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let scenario = Scenario::new(agent).print(PROMPT).turn(say("Never.").once("{root}/never"));
    let mut going = scenario.start_in(&watch);
    going.wait_for_turn(0);
    let pid = i32::try_from(going.cage.pid).ok().and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("the agent is ours");
    let run = going.finish();
    assert_eq!(run.one_launch().row.signal, Some(9));
}

fn a_native_claude_is_one_launch() {
    let watch = Watch::start_in(&[CLAUDE], |world| {
        let versions = world.home().join(".local/share/claude/versions");
        fs::create_dir_all(&versions).expect("the home is ours");
        let program = npm::bin(CLAUDE).join("claude").canonicalize().expect("it is installed");
        let native = versions.join(CLAUDE.version());
        if fs::hard_link(&program, &native).is_err() {
            copy_program(&program, &native);
        }
        link(&native, world.root().join("claude"));
    });
    let path = format!("{}:/usr/bin:/bin", watch.world.root().display());
    let scenario = Scenario::new(CLAUDE).print(PROMPT).env("PATH", &path);
    let run = scenario.turn(bash(&visit("{other}"))).run_in(&Arc::new(watch));
    let [row] = &run.watch.launches()[..] else { panic!("{:#?}", run.watch.launches()) };
    assert_eq!((row.id, row.exit_code), (run.launch, Some(0)));
    assert_eq!(row.layout.as_deref(), Some("native"));
    assert_eq!(row.agent_version.as_deref(), Some(CLAUDE.version()));
    run.seen(run.launch).mode("headless").commands_in(&["{repo}", "{other}"]);
}
