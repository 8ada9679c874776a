//! What agents did, from their own session files: sessions, files and tokens equal what the script
//! did, with nothing besides.

use std::sync::Arc;
use std::time::Duration;

use trackway_protocol::record::Evidence::{Inferred, Registry, Transcript};
use trackway_protocol::row::LaunchRow;
use trackway_tests::agent::{self, Agent, CLAUDE, CODEX, KEY};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{
    Turn, apply_patch, bash, edit, exec_command, read, say, subagent, write,
};
use trackway_tests::scenario::Scenario;
use trackway_tests::scenario::work::claim_session;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use super::launches::{claude, codex};

pub(crate) fn all(tests: &mut Tests) {
    tests.each(claude(), what_claude_s_tools_did_is_told);
    tests.each(codex(), what_codex_s_patches_did_is_told);
    tests.each(agent::ALL, what_a_shell_did_is_inferred);
    tests.each(agent::ALL, a_session_is_the_work_of_its_launch);
    tests.each(agent::ALL, a_session_at_a_terminal_is_told);
    tests.each(agent::ALL, what_was_there_before_the_daemon_is_read);
    tests.each(agent::ALL, a_killed_daemon_tells_nothing_twice);
    tests.each(claude(), what_outlives_a_session_file_is_told);
    tests.each(claude(), a_commit_is_its_session_s);
    tests.each(claude(), a_subagent_s_work_is_its_session_s);
    tests.add_with_agents(two_sessions_in_one_directory_are_two);
    tests.each(agent::ALL, no_content_is_kept);
}

/// A shell call of either agent.
pub(crate) fn shell(agent: Agent, command: &str) -> Turn {
    if agent.name() == "claude" { bash(command) } else { exec_command(command) }
}

fn what_claude_s_tools_did_is_told(agent: Agent) {
    let run = Scenario::new(agent)
        .print("Change it")
        .turn(read("{repo}/a.txt"))
        .turn(edit("{repo}/a.txt", "two", "2"))
        .turn(write("{other}/b.txt", "new"))
        .turn(read("{repo}/nothing.txt"))
        .run();
    let session = run.one_session(5);
    let watch = &run.watch;
    let expected = [
        ("read", "{repo}/a.txt", Transcript),
        ("write", "{repo}/a.txt", Transcript),
        ("create", "{other}/b.txt", Transcript),
    ];
    watch.claim_files(&session.id, &expected);
    let files = (session.files_read, session.files_written);
    assert_eq!(files, (Some(1), Some(2)), "{session:#?}");
    assert_eq!(session.cwd, Some(watch.world.tell("{repo}")));
    assert_eq!(session.permission_mode.as_deref(), Some("bypassPermissions"));
    assert_eq!(session.shell_calls, Some(0));
    let row = watch.files(&session.id).into_iter().find(|row| row.how == "write");
    let row = row.expect("it was claimed");
    assert_eq!((row.tool.as_str(), row.lines_added, row.lines_removed), ("Edit", Some(1), Some(1)));
    assert_eq!(row.repo.map(|repo| repo.root), Some(watch.world.tell("{repo}")));
}

fn what_codex_s_patches_did_is_told(agent: Agent) {
    let patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-two\n+2\n\
                 *** Add File: new/c.txt\n+one\n*** End Patch\n";
    let run = Scenario::new(agent).print("Change it").turn(apply_patch(patch)).run();
    let session = run.one_session(2);
    let expected =
        [("write", "{repo}/a.txt", Transcript), ("create", "{repo}/new/c.txt", Transcript)];
    run.watch.claim_files(&session.id, &expected);
    assert_eq!(session.sandbox.as_deref(), Some("danger-full-access"));
}

fn what_a_shell_did_is_inferred(agent: Agent) {
    let run = Scenario::new(agent)
        .print("Work in the shell")
        .turn(shell(agent, "cat ../other/x a.txt"))
        .turn(shell(agent, "sed -i s/two/2/ a.txt"))
        .turn(shell(agent, "cat > h.txt <<'END'\nsome text\nEND"))
        .turn(shell(agent, "(cd ../other && cp x y)"))
        .turn(shell(agent, "python3 -c 'open(\"p\", \"w\")'"))
        .run_in(&with_a_file(agent));
    let session = run.one_session(6);
    let mut expected = vec![
        ("read", "{other}/x", Inferred),
        ("read", "{repo}/a.txt", Inferred),
        ("write", "{repo}/a.txt", Inferred),
        ("write", "{repo}/h.txt", Inferred),
        ("write", "{other}/y", Inferred),
        // This one no command line names; it was seen to change.
        ("write", "{repo}/p", Inferred),
    ];
    if agent.version() == "2.1.330" {
        // It looks itself which files below its directory a command has changed.
        expected
            .extend([("create", "{repo}/h.txt", Transcript), ("create", "{repo}/p", Transcript)]);
    }
    run.watch.claim_files(&session.id, &expected);
    // What the program did is in no command line, and is counted.
    let calls = (session.shell_calls, session.unresolved_calls);
    assert_eq!(calls, (Some(5), Some(1)), "{session:#?}");
}

fn with_a_file(agent: Agent) -> Arc<Watch> {
    let write = |world: &trackway_tests::world::World| {
        std::fs::write(world.other().join("x"), "x\n").expect("the world is ours");
    };
    Arc::new(Watch::start_in(&[agent], write))
}

fn a_session_is_the_work_of_its_launch(agent: Agent) {
    let run = Scenario::new(agent).print("Wait").turn(shell(agent, "sleep 0.3")).run();
    let session = run.one_session(2);
    assert_eq!(session.launch, Some(run.launch), "{session:#?}");
    assert_eq!(session.linked_by.as_deref(), Some("environment"));
    let launch = run.seen(run.launch).row;
    assert_eq!(launch.sessions.as_deref(), Some(&[session.id.clone()][..]));
    let daemon = &run.watch.daemon;
    let shown = daemon.ctl(["show", &session.id]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains(&run.launch.to_string()), "{shown}");
    let of_session: Vec<LaunchRow> = daemon.rows(&["launches", "--session", &session.id]);
    assert_eq!(of_session.iter().map(|row| row.id).collect::<Vec<_>>(), [run.launch]);
}

fn a_session_at_a_terminal_is_told(agent: Agent) {
    let call = shell(agent, "cat a.txt");
    let run = Scenario::new(agent).interactive("Please look at it").turn(call).run();
    let session = run.one_session(2);
    run.watch.claim_files(&session.id, &[("read", "{repo}/a.txt", Inferred)]);
}

fn what_was_there_before_the_daemon_is_read(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    watch.daemon.stop();
    let going = Scenario::new(agent).print("Look").turn(shell(agent, "cat a.txt"));
    going.start_in(&watch).leave();
    watch.daemon.start_again();
    let rows = watch.wait_for_responses(1, 2);
    claim_session(&rows[0], agent, 2);
    watch.claim_files(&rows[0].id, &[("read", "{repo}/a.txt", Inferred)]);
    assert_eq!(watch.daemon.status().backfill.state, "done");
}

fn a_killed_daemon_tells_nothing_twice(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    let scenario = Scenario::new(agent).print("Look").turn(shell(agent, "cat a.txt"));
    let mut going = scenario.turn(say("Over.").once("{root}/gate")).start_in(&watch);
    going.wait_for_turn(1);
    watch.wait_for_responses(1, 1);
    watch.daemon.kill();
    std::fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    going.leave();
    watch.daemon.start_again();
    let rows = watch.wait_for_responses(1, 2);
    claim_session(&rows[0], agent, 2);
    let files = watch.files(&rows[0].id);
    let times: Vec<_> = files.iter().map(|row| row.times).collect();
    assert_eq!(times, [1], "{files:#?}");
}

fn what_outlives_a_session_file_is_told(agent: Agent) {
    let watch = Arc::new(Watch::start(&[agent]));
    watch.daemon.stop();
    let going = Scenario::new(agent).interactive("planted-prompt-21 of old").turn(bash("true"));
    going.start_in(&watch).leave();
    std::fs::remove_dir_all(watch.world.home().join(".claude/projects")).expect("it is ours");
    watch.daemon.start_again();
    let traced = || watch.sessions().into_iter().find(|row| row.trace);
    let row = wait::until(Duration::from_secs(20), traced)
        .unwrap_or_else(|| panic!("{:#?}\n{}", watch.sessions(), watch.daemon.log()));
    assert_eq!((row.evidence, row.cwd), (Registry, Some(watch.world.tell("{repo}"))));
    assert_eq!((row.transcript, row.responses), (None, None));
    assert_eq!(watch.dirs_of_session(&row.id, "trust"), [watch.world.repo()]);
    watch.no_trace_of(&["planted-prompt-21", KEY]);
}

fn a_commit_is_its_session_s(agent: Agent) {
    let commit = "git init -q -b main . && git -c user.name=a -c user.email=a@b.example commit \
                  --allow-empty -m planted-message-22";
    let scenario = Scenario::new(agent).print("Commit it").started_in("{other}");
    let run = scenario.turn(bash(commit)).run();
    let session = run.one_session(2);
    let shown = run.watch.daemon.ctl(["show", &session.id]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let head = std::fs::read_to_string(run.watch.world.other().join(".git/refs/heads/main"));
    let head = head.expect("git made it");
    assert!(shown.contains(&format!("commit {}", &head[..7])), "{shown}");
    run.no_trace_of(&["planted-message-22"]);
}

fn a_subagent_s_work_is_its_session_s(agent: Agent) {
    const PART: &str = "Look after the part";
    let run = Scenario::new(agent)
        .print("Share the work")
        .turn(subagent(PART))
        .subagent(PART, [read("{repo}/a.txt")])
        .run();
    let session = run.one_session(4);
    run.watch.claim_files(&session.id, &[("read", "{repo}/a.txt", Transcript)]);
}

fn two_sessions_in_one_directory_are_two() {
    let watch = Arc::new(Watch::start(&[CLAUDE, CODEX]));
    let claude = Scenario::new(CLAUDE).print("One").turn(read("{repo}/a.txt"));
    let codex = Scenario::new(CODEX).print("Other").turn(exec_command("cat ../other/z"));
    let going = [claude, codex].map(|scenario| scenario.start_in(&watch));
    for going in going {
        going.leave();
    }
    for row in watch.wait_for_responses(2, 4) {
        let agent = if row.agent == "claude" { CLAUDE } else { CODEX };
        claim_session(&row, agent, 2);
    }
}

fn no_content_is_kept(agent: Agent) {
    const PROMPT: &str = "planted-prompt-11 in a sentence";
    const TEXT: &str = "planted-text-12";
    const OUTPUT: &str = "planted-output-13";
    const FILE: &str = "planted-file-14";
    const ANSWER: &str = "planted-answer-15";
    let work = if agent.name() == "claude" {
        write("{repo}/n.txt", FILE)
    } else {
        apply_patch(&format!("*** Begin Patch\n*** Add File: n.txt\n+{FILE}\n*** End Patch\n"))
    };
    let run = Scenario::new(agent)
        .print(PROMPT)
        .turn(work)
        .turn(shell(agent, &format!("echo {OUTPUT} '{TEXT}'; cat n.txt")))
        .turn(say(ANSWER))
        .run();
    let responses = run.watch.wait_for_responses(1, 3);
    assert_eq!(responses[0].files_written, Some(1));
    run.no_trace_of(&[PROMPT, TEXT, OUTPUT, FILE, ANSWER, KEY]);
}
