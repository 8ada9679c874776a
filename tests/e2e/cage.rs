//! The cage itself: what the other tests rely on, and what protects the machine from them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use trackway_tests::agent::{self, Agent};
use trackway_tests::cage::plan::Plan;
use trackway_tests::cage::{Cage, Departure};
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{Conversation, Script, say};
use trackway_tests::wait;
use trackway_tests::world::{World, program};

pub(crate) fn all(tests: &mut Tests) {
    tests.add(nothing_outside_can_be_reached);
    if !rustix::process::geteuid().is_root() {
        tests.add(no_capability_comes_with_it);
    }
    tests.add(a_network_that_is_not_new_is_refused);
    tests.add(what_detaches_itself_is_ended);
    tests.add(a_cage_that_is_given_up_is_emptied);
    tests.each(agent::ALL, an_agent_finds_its_model);
}

fn nothing_outside_can_be_reached() {
    // A name server and a web server, both by address; bash opens TCP by itself.
    let script = "for to in 1.1.1.1/53 93.184.216.34/443; do : </dev/tcp/$to && exit 9; done
        readlink /proc/self/ns/net";
    let (departure, output) = run(&["bash", "-c", script]);
    assert_eq!(departure.code, 0);
    let ours = fs::read_link("/proc/self/ns/net").expect("/proc is there");
    assert_ne!(Path::new(output.trim()), ours);
}

fn no_capability_comes_with_it() {
    let (_, output) = run(&["grep", "-E", "Cap(Eff|Prm|Amb)", "/proc/self/status"]);
    assert!(output.lines().all(|line| line.ends_with("0000000000000000")), "{output}");
    assert_eq!(output.lines().count(), 3);
}

fn a_network_that_is_not_new_is_refused() {
    let cage = program("cage").display().to_string();
    // A cage within the cage: were it not refused, it could do no harm here.
    let world = World::new();
    for left in ["inside", "0:0"] {
        let plan = plan(&world, &[&cage, left]);
        assert_ne!(Cage::start(&plan).finish(&plan).code, 0);
        let errors = fs::read_to_string(plan.errors()).expect("the cage wrote it");
        assert!(errors.contains("no new network namespace"), "{left}: {errors}");
    }
}

fn what_detaches_itself_is_ended() {
    let (departure, output) = run(&["sh", "-c", "setsid -f sleep 600; pgrep -s 0 >&2; echo out"]);
    assert_eq!((departure.code, output.trim()), (0, "out"));
    let [left] = &departure.leftovers[..] else { panic!("{:?}", departure.leftovers) };
    assert!(left.exe.ends_with("sleep"));
    assert!(is_gone(left.pid));
}

fn a_cage_that_is_given_up_is_emptied() {
    let world = World::new();
    let cage = Cage::start(&plan(&world, &["sh", "-c", "trap '' TERM; sleep 600; sleep 600"]));
    let pid = cage.pid;
    drop(cage);
    assert!(is_gone(pid));
}

fn an_agent_finds_its_model(agent: Agent) {
    let world = World::new();
    agent::furnish(&world);
    let command = if agent.name() == "claude" { "-p" } else { "exec" };
    let mut plan = plan(&world, &[agent.name(), command, "Say what you have to say."]);
    plan.env = agent::environment(&world, &[agent]);
    let turns = vec![say("I have nothing to say.")];
    let talk = Conversation { api: agent.api(), marker: String::new(), turns };
    plan.script = Script { conversations: vec![talk], ..Script::default() };
    let departure = Cage::start(&plan).finish(&plan);
    let output = fs::read_to_string(plan.output()).expect("the cage wrote it");
    assert_eq!((departure.code, output.trim()), (0, "I have nothing to say."));
}

fn run(argv: &[&str]) -> (Departure, String) {
    let world = World::new();
    let plan = plan(&world, argv);
    let departure = Cage::start(&plan).finish(&plan);
    (departure, fs::read_to_string(plan.output()).expect("the cage wrote it"))
}

fn plan(world: &World, argv: &[&str]) -> Plan {
    Plan {
        argv: argv.iter().map(ToString::to_string).collect(),
        env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        cwd: world.repo(),
        scratch: world.fresh("cage-"),
        script: Script::default(),
        keys: None,
        limit: Duration::from_secs(20),
    }
}

/// Whether a process has ended, or will when its parent asks for it.
fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
    let zombie =
        || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z"));
    let gone = || (test_kill_process(pid).is_err() || zombie()).then_some(());
    wait::until(Duration::from_secs(5), gone).is_some()
}
