//! Where agents worked, in arrangements that one agent alone does not show.

use std::sync::Arc;

use trackway_tests::agent::{self, CLAUDE, CODEX};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{bash, exec_command, subagent, visit};
use trackway_tests::scenario::Scenario;
use trackway_tests::watch::Watch;
use trackway_tests::world::repository;

use crate::launches;

pub(crate) fn all(tests: &mut Tests) {
    tests.each(launches::claude(), commands_of_a_subagent_are_the_agent_s);
    tests.add_with_agents(an_agent_in_a_tool_call_is_a_launch_of_its_own);
    tests.add_with_agents(two_agents_in_one_directory_are_told_apart);
    tests.add_with_agents(a_directory_that_was_added_is_no_place_of_work);
    tests.add_with_agents(a_start_outside_of_any_repository_has_none);
}

fn commands_of_a_subagent_are_the_agent_s(agent: agent::Agent) {
    let run = Scenario::new(agent)
        .print("Have somebody look into it")
        .turn(subagent("Look into the walrus"))
        .subagent("Look into the walrus", [bash(&visit("{other}"))])
        .run();
    run.one_launch().commands_in(&["{repo}", "{other}"]);
}

fn an_agent_in_a_tool_call_is_a_launch_of_its_own() {
    let run = Scenario::new(CLAUDE)
        .print("Ask the other one")
        .turn(bash(&(visit("{other}") + "; codex exec --skip-git-repo-check 'What do you think?'")))
        .with(CODEX, [exec_command(&visit("{home}"))])
        .run();
    let launches = run.watch.launches();
    let inner = launches.iter().find(|row| row.agent == "codex").expect("codex was noticed");
    assert_eq!(launches.len(), 2, "{launches:#?}");
    assert_eq!(inner.parent_launch, Some(run.launch));
    let inner = run.seen(inner.id);
    inner.in_dir("{other}").exit(0).mode("headless").commands_in(&["{other}", "{home}"]);
    run.own_launch().commands_in(&["{repo}", "{other}"]);
}

fn two_agents_in_one_directory_are_told_apart() {
    let watch = Arc::new(Watch::start(&[CLAUDE, CODEX]));
    let claude = Scenario::new(CLAUDE).print("One").turn(bash(&visit("{other}")));
    let codex = Scenario::new(CODEX).print("Two").turn(exec_command(&visit("{home}")));
    let (claude, codex) = (claude.start_in(&watch), codex.start_in(&watch));
    let (claude, codex) = (claude.finish(), codex.finish());
    assert_eq!(watch.launches().len(), 2);
    claude.own_launch().commands_in(&["{repo}", "{other}"]);
    codex.own_launch().commands_in(&["{repo}", "{home}"]);
}

fn a_directory_that_was_added_is_no_place_of_work() {
    let scenario = Scenario::new(CLAUDE).print("Hello").args(["--add-dir", "{other}"]);
    let run = scenario.turn(bash("sleep 0.3")).run();
    let world = &run.watch.world;
    run.one_launch().commands_in(&["{repo}"]);
    assert_eq!(run.watch.dirs(run.launch, "add-dir"), [world.other()]);
    assert_eq!(run.watch.dirs(run.launch, "launch"), [world.repo()]);
}

fn a_start_outside_of_any_repository_has_none() {
    let run = Scenario::new(CODEX)
        .started_in("{other}")
        .args(["exec", "--skip-git-repo-check", "Go below"])
        .turn(exec_command(&visit("deep/er")))
        .turn(exec_command(&visit("{root}/second/src")))
        .run_in(&with_a_second_repository());
    run.one_launch().commands_in(&["{other}", "{other}/deep/er", "{root}/second/src"]);
    let dirs = run.watch.daemon.dirs(run.launch);
    let repo = dirs.iter().find(|row| row.dir.ends_with("/src")).and_then(|row| row.repo.as_ref());
    assert_eq!(repo.map(|repo| repo.root.clone()), Some(run.watch.world.tell("{root}/second")));
}

fn with_a_second_repository() -> Arc<Watch> {
    let watch = Watch::start(&[CODEX]);
    let second = watch.world.root().join("second");
    repository(&second);
    // `mkdir -p` would go through each on its way.
    for dir in [second.join("src"), watch.world.other().join("deep/er")] {
        std::fs::create_dir_all(dir).expect("the world is ours");
    }
    Arc::new(watch)
}
