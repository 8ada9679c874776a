//! Secrets in command lines and environments, of agents and of others, are kept nowhere.

use std::process::Command;

use trackway_tests::agent::{CLAUDE, CODEX, KEY};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{bash, exec_command};
use trackway_tests::scenario::Scenario;
use trackway_tests::world::REMOTE_SECRET;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_with_agents(secrets_of_claude_and_its_commands_occur_nowhere);
    tests.add_with_agents(secrets_of_codex_and_its_commands_occur_nowhere);
}

const PROMPT: &str = "planted-prompt-1 with words";
const SYSTEM: &str = "planted-system-2";
const FLAG: &str = "planted-flag-3";
const VARIABLE: &str = "planted-variable-4";
const COMMAND: &str = "planted-command-5";
const BYSTANDER: &str = "planted-bystander-6";
const OTHERS_VARIABLE: &str = "planted-variable-7";
const SECRETS: [&str; 9] =
    [PROMPT, SYSTEM, FLAG, VARIABLE, COMMAND, BYSTANDER, OTHERS_VARIABLE, KEY, REMOTE_SECRET];

fn secrets_of_claude_and_its_commands_occur_nowhere() {
    let settings = format!(r#"{{"env":{{"A":"{FLAG}"}}}}"#);
    let run = Scenario::new(CLAUDE)
        .print(PROMPT)
        .args(["--append-system-prompt", SYSTEM, "--settings", &settings])
        .env("MY_TOKEN", VARIABLE)
        .turn(bash(&format!("sleep 0.1; env TOKEN={COMMAND} sh -c 'sleep 0.1' {COMMAND}")))
        .run();
    bystander();
    run.one_launch().exit(0).mode("headless");
    run.no_trace_of(&SECRETS);
}

fn secrets_of_codex_and_its_commands_occur_nowhere() {
    let run = Scenario::new(CODEX)
        .print(PROMPT)
        .args(["-c", &format!("model_providers.mock.http_headers.Authorization={FLAG}")])
        .env("OPENAI_API_KEY", VARIABLE)
        .turn(exec_command(&format!("sleep 0.1; env TOKEN={COMMAND} sh -c 'sleep 0.1' {COMMAND}")))
        .run();
    bystander();
    run.one_launch().mode("headless");
    run.no_trace_of(&SECRETS);
}

/// A process that is no agent's, with secrets of its own.
fn bystander() {
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 0.1", "claude", BYSTANDER]).env("TOKEN", OTHERS_VARIABLE);
    assert!(command.status().expect("a shell is there").success());
}
