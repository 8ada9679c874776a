//! The `poll` tier: what lives longer than the interval is complete, what does not is named as a limit.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use trackway_protocol::record::{Body, Evidence};
use trackway_tests::agent::{self, Agent, CLAUDE, CODEX};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{Turn, bash, exec_command, say, visit};
use trackway_tests::scenario::Scenario;
use trackway_tests::scenario::outcome::{Outcome, Seen};
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use crate::stub;

const PROMPT: &str = "Please look into the walrus matter";

pub(crate) fn all(tests: &mut Tests) {
    tests.each(agent::ALL, a_headless_agent_is_one_launch);
    tests.each(agent::ALL, an_agent_at_a_terminal_is_one_launch);
    tests.add_with_agents(an_agent_in_a_tool_call_is_a_launch_of_its_own);
    tests.add_with_agents(an_agent_that_was_there_first_is_found);
    tests.add_needing(&["cc"], an_agent_without_its_first_thread_goes_on);
    tests.add(an_exec_in_place_is_a_launch);
    tests.add(short_launches_are_missed_and_the_limit_is_named);
}

/// Has a world's daemon poll, often enough for a script's commands.
pub(crate) fn configure(world: &World) {
    configure_every(world, "50ms");
}

fn configure_every(world: &World, interval: &str) {
    let config = format!("[launches]\ntier = \"poll\"\npoll-interval = \"{interval}\"\n");
    fs::write(world.root().join("config.toml"), config).expect("the world is ours");
}

fn watch(agents: &[Agent]) -> Arc<Watch> {
    Arc::new(Watch::start_in(agents, configure))
}

fn work(agent: Agent, command: &str) -> Turn {
    match agent {
        Agent::Claude(_) => bash(command),
        Agent::Codex(_) => exec_command(command),
    }
}

fn a_headless_agent_is_one_launch(agent: Agent) {
    let scenario = Scenario::new(agent).print(PROMPT).turn(work(agent, &visit("{other}")));
    let run = scenario.run_in(&watch(&[agent]));
    let [row] = &run.watch.launches()[..] else { panic!("{:#?}", run.watch.launches()) };
    assert_eq!(row.id, run.launch);
    let seen = seen(&run);
    seen.mode("headless").commands_in(&["{repo}", "{other}"]);
    let version = seen.row.agent_version.as_deref();
    seen.claim(version == Some(agent.version()), "it is that version");
    run.no_trace_of(&[PROMPT, agent::KEY]);
}

fn an_agent_at_a_terminal_is_one_launch(agent: Agent) {
    let scenario = Scenario::new(agent).interactive(PROMPT).turn(work(agent, &visit("{other}")));
    let run = scenario.run_in(&watch(&[agent]));
    let launches = run.watch.launches();
    let seen = seen(&run);
    seen.mode("interactive");
    let terminal = seen.row.tty.as_deref().is_some_and(|tty| tty.starts_with("pts/"));
    seen.claim(terminal, "it has a terminal");
    match agent {
        Agent::Claude(_) => {
            assert_eq!(launches.len(), 1, "{launches:#?}");
            seen.commands_in(&["{repo}", "{other}"]);
        }
        Agent::Codex(_) => {
            let (daemon, _) = (&launches[1], assert_eq!(launches.len(), 2, "{launches:#?}"));
            run.watch.wait_for_end(daemon.id);
            run.seen(daemon.id).mode("app-server-daemon").commands_in(&["{repo}", "{other}"]);
        }
    }
}

fn an_agent_in_a_tool_call_is_a_launch_of_its_own() {
    let run = Scenario::new(CLAUDE)
        .print("Ask the other one")
        .turn(bash(&(visit("{other}") + "; codex exec --skip-git-repo-check 'What do you think?'")))
        .with(CODEX, [exec_command(&visit("{home}"))])
        .run_in(&watch(&[CLAUDE, CODEX]));
    let launches = run.watch.launches();
    let inner = launches.iter().find(|row| row.agent == "codex").expect("codex was noticed");
    assert_eq!(launches.len(), 2, "{launches:#?}");
    assert_eq!(inner.parent_launch, Some(run.launch));
    run.seen(inner.id).in_dir("{other}").commands_in(&["{other}", "{home}"]);
    seen(&run).commands_in(&["{repo}", "{other}"]);
}

fn an_agent_that_was_there_first_is_found() {
    let watch = watch(&[CLAUDE]);
    watch.daemon.stop();
    let scenario = Scenario::new(CLAUDE).print(PROMPT).turn(bash("sleep 0.3"));
    let mut going = scenario.turn(say("Over.").once("{root}/gate")).start_in(&watch);
    going.wait_for_turn(1);
    watch.daemon.start_again();
    let launch = watch.wait_for_start(going.cage.pid);
    // It is not told twice by a daemon that comes after this one.
    watch.daemon.kill();
    watch.daemon.start_again();
    fs::write(watch.world.root().join("gate"), "").expect("the world is ours");
    let run = going.finish();
    let launches = watch.launches();
    assert_eq!((launches.len(), run.launch), (1, launch), "{launches:#?}");
    assert!(launches[0].found_running, "{launches:#?}");
    seen(&run).mode("headless");
}

/// Claims what polling knows of a scenario's own launch, and that it knows no more.
#[track_caller]
fn seen(run: &Outcome) -> Seen<'_> {
    let seen = run.seen(run.launch);
    seen.in_dir("{repo}").started_by("shell");
    let row = &seen.row;
    seen.claim(row.evidence == Evidence::Polled, "nobody told");
    seen.claim(row.pid == Some(run.pid), "the pid is that of the outermost process");
    seen.claim((row.exit_code, row.signal) == (None, None), "its exit code is unknown");
    seen.claim(row.end_seen == Some(false) && row.ended_at.is_some(), "it has ended unseen");
    let ended = run.watch.daemon.export().into_iter().find_map(|record| match record.body {
        Body::LaunchEnded(ended) if ended.launch == run.launch => Some((record.at, ended)),
        _ => None,
    });
    let (at, ended) = ended.expect("its end was recorded");
    let between = ended.last_seen.is_some_and(|last| last <= at && at.ms() - last.ms() < 5_000);
    seen.claim(between, "its end lies between two looks");
    seen
}

fn stub_watch(interval: &str) -> Watch {
    stub::watch_in(|world| configure_every(world, interval))
}

fn an_exec_in_place_is_a_launch() {
    let watch = stub_watch("50ms");
    let script = r#"sleep 0.3; exec "$0" --continue"#;
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(script).arg(stub::path(&watch.world)).env("STUB_MS", "400");
    let mut shell = shell.current_dir(watch.world.repo()).spawn().expect("there is a shell");
    let launch = watch.wait_for_start(shell.id());
    shell.wait().expect("it is our child");
    watch.wait_for_end(launch);
    let launches = watch.launches();
    assert_eq!((launches.len(), launches[0].evidence), (1, Evidence::Polled));
}

fn short_launches_are_missed_and_the_limit_is_named() {
    let watch = stub_watch("2s");
    for _ in 0..100 {
        let status = stub::call(&watch.world, 20).status().expect("the stub is there");
        assert!(status.success());
    }
    let status = watch.daemon.status();
    let source = status.sources.iter().find(|source| source.tier == "poll").expect("it polls");
    assert_eq!(source.state, "degraded");
    for fact in ["looks every 2 s", "% of a core", "may be missed"] {
        assert!(source.reason.contains(fact), "{}", source.reason);
    }
    let gaps = watch.daemon.gaps();
    let limit = gaps.iter().find(|gap| gap.source == "launches" && gap.reason == source.reason);
    assert_eq!(limit.map(|gap| gap.until), Some(None), "it lasts: {gaps:#?}");
    // The second witness counts them all.
    let told = || (watch.launches().len() as u64 + watch.missed() == 100).then_some(());
    let all = wait::until(Duration::from_secs(15), told);
    assert!(all.is_some() && watch.missed() > 50, "{:#?}", watch.daemon.gaps());
}

/// An agent whose first thread ends while another goes on.
const HEADLESS: &str = "
#include <pthread.h>
#include <unistd.h>
static void *live(void *none) { sleep(2); _exit(7); return none; }
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, live, 0);
    usleep(300000);
    pthread_exit(0);
}";

fn an_agent_without_its_first_thread_goes_on() {
    for tier in ["poll", "proc-connector"] {
        let watch = stub::watch_in(|world| {
            let config = format!("[launches]\ntier = \"{tier}\"\npoll-interval = \"50ms\"\n");
            fs::write(world.root().join("config.toml"), config).expect("the world is ours");
        });
        let (source, program) = (watch.world.root().join("a.c"), stub::path(&watch.world));
        fs::write(&source, HEADLESS).expect("the world is ours");
        fs::remove_file(&program).expect("the home is ours");
        let mut compiler = Command::new("cc");
        compiler.arg("-pthread").arg("-o").arg(&program).arg(&source);
        assert!(compiler.status().expect("there is a compiler").success());
        let mut agent = stub::call(&watch.world, 0).spawn().expect("it was compiled");
        let launch = watch.wait_for_start(agent.id());
        let stat = format!("/proc/{}/stat", agent.id());
        let headless = || fs::read_to_string(&stat).ok().filter(|stat| stat.contains(") Z "));
        wait::until(Duration::from_secs(5), headless).expect("its first thread ends");
        if tier == "proc-connector" {
            // A new daemon sweeps.
            watch.daemon.kill();
            watch.daemon.start_again();
        }
        agent.wait().expect("it is our child");
        let exited = trackway_protocol::ids::Timestamp::now();
        watch.wait_for_end(launch);
        let launches = watch.launches();
        let [row] = &launches[..] else { panic!("one launch, and not {launches:#?}") };
        let ended = row.ended_at.expect("it has ended").ms();
        assert!((ended - exited.ms()).abs() < 1_000, "{tier}: {row:#?} {exited}");
    }
}
