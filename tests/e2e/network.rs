//! The daemon opens no network socket, whatever happens around it.

use std::sync::Arc;

use trackway_tests::agent::CLAUDE;
use trackway_tests::harness::Tests;
use trackway_tests::mock::script::{bash, visit};
use trackway_tests::scenario::Scenario;
use trackway_tests::watch::Watch;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_needing(&["npm", "node", "strace"], the_daemon_opens_local_sockets_only);
}

fn the_daemon_opens_local_sockets_only() {
    let watch = Arc::new(Watch::start_traced(&[CLAUDE]));
    let scenario = Scenario::new(CLAUDE).print("Go there, please").turn(bash(&visit("{other}")));
    scenario.run_in(&watch).one_launch().exit(0).mode("headless");
    watch.no_trace_of(&["Go there"]);
    watch.daemon.stop();
    let trace = watch.trace();
    let opened: Vec<_> = trace.lines().filter(|line| line.contains(" socket(")).collect();
    assert!(!opened.is_empty(), "strace saw the daemon open nothing:\n{trace}");
    for line in opened {
        assert!(line.contains("AF_UNIX") || line.contains("AF_NETLINK"), "{line}");
    }
    assert!(!trace.contains("AF_INET"), "{trace}");
}
