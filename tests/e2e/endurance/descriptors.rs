//! No descriptor is left: the recorder goes on, and what it could not read is counted.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::Resource;
use trackway_tests::harness::Tests;
use trackway_tests::wait;

use super::SOON;
use super::faults::Lowered;
use crate::load::{launch, wait_until_told};
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_alone(many_clients_of_a_daemon_with_few_descriptors_cost_no_launch);
    tests.add_alone(without_a_descriptor_launches_are_named_or_counted);
}

/// What a service manager might allow.
const FEW: &str = "--nofile=192:192";

fn many_clients_of_a_daemon_with_few_descriptors_cost_no_launch() {
    let watch = stub::watch_below(|_| vec!["prlimit".into(), FEW.into(), "--".into()]);
    let clients: Vec<UnixStream> = (0..400)
        .map_while(|_| UnixStream::connect(watch.daemon.socket()).ok())
        .inspect(|client| client.set_nonblocking(true).expect("the socket is ours"))
        .collect();
    assert!(clients.len() > 64, "{} clients", clients.len());
    // Each lives long enough to be read at leisure.
    launch(&watch, 50, 100, Some(50));
    drop(clients);
    let answers = || watch.daemon.try_status().filter(|status| status.recording).map(drop);
    wait::until(SOON, answers).expect("a place is free again");
    let rows = wait_until_told(&watch, 50);
    assert_eq!(rows.len(), 50, "{:#?}", watch.daemon.gaps());
    assert!(rows.iter().all(|row| row.cwd.is_some()), "{rows:#?}");
}

fn without_a_descriptor_launches_are_named_or_counted() {
    let watch = stub::watch();
    launch(&watch, 5, 50, Some(50));
    wait_until_told(&watch, 5);
    // Less than are open already: whatever is opened from now on fails.
    let lowered = Lowered::to(3, watch.daemon.pid(), Resource::Nofile);
    launch(&watch, 20, 50, Some(50));
    // Nobody can be answered now; the counts of the second witness are compared each second.
    let client = UnixStream::connect(watch.daemon.socket()).expect("the daemon still listens");
    client.set_read_timeout(Some(Duration::from_millis(1500))).expect("the socket is ours");
    let unanswered = std::io::Read::read(&mut &client, &mut [0; 1]);
    assert!(unanswered.is_err(), "a client was served without a descriptor");
    drop(lowered);
    launch(&watch, 5, 50, Some(50));
    wait_until_told(&watch, 30);
}
