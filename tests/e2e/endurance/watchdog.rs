//! The service manager's watchdog, with the test in its place.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Signal};
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use super::faults::Lowered;
use super::mounts::{Mounts, PROGRAMS};
use super::until_recording;
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(pings_come_twice_in_the_time_and_stop_with_the_daemon);
    tests.add(a_disk_that_refuses_is_no_reason_to_stop_the_pings);
    tests.add_mounting(&PROGRAMS, a_disk_that_hangs_stops_the_pings);
}

/// How long the manager waits for a ping.
const LIMIT: Duration = Duration::from_secs(2);

/// The manager's socket.
struct Manager(UnixDatagram);

impl Manager {
    fn new(world: &World) -> Self {
        let socket = UnixDatagram::bind(world.root().join("notify")).expect("the world is ours");
        socket.set_read_timeout(Some(3 * LIMIT)).expect("the socket is ours");
        Self(socket)
    }

    /// The program that lets the daemon know of it.
    fn below(world: &World) -> Vec<std::ffi::OsString> {
        let socket = format!("NOTIFY_SOCKET={}", world.root().join("notify").display());
        let limit = format!("WATCHDOG_USEC={}", LIMIT.as_micros());
        ["env".into(), socket.into(), limit.into()].to_vec()
    }

    /// Waits for the next ping; none where the manager would have ended the daemon by now.
    fn ping(&self) -> Option<Duration> {
        let begin = Instant::now();
        let mut message = [0; 256];
        while let Ok(length) = self.0.recv(&mut message) {
            if String::from_utf8_lossy(&message[..length]).contains("WATCHDOG=1") {
                return Some(begin.elapsed());
            }
        }
        None
    }

    /// Forgets what came already.
    fn forget(&self) {
        self.0.set_nonblocking(true).expect("the socket is ours");
        while self.0.recv(&mut [0; 256]).is_ok() {}
        self.0.set_nonblocking(false).expect("the socket is ours");
    }

    /// Claims that pings come in time.
    fn is_told(&self) {
        self.forget();
        for _ in 0..3 {
            let took = self.ping().expect("it pings");
            assert!(took < LIMIT, "a ping took {took:?}");
        }
    }
}

fn watched() -> (Manager, Watch) {
    let mut manager = None;
    let watch = stub::watch_below(|world| {
        manager = Some(Manager::new(world));
        Manager::below(world)
    });
    (manager.expect("the world was furnished"), watch)
}

fn pings_come_twice_in_the_time_and_stop_with_the_daemon() {
    let (manager, watch) = watched();
    manager.is_told();
    watch.daemon.signal(Signal::STOP);
    manager.forget();
    assert_eq!(manager.ping(), None);
    watch.daemon.signal(Signal::CONT);
    manager.is_told();
}

fn a_disk_that_refuses_is_no_reason_to_stop_the_pings() {
    let (manager, watch) = watched();
    let full = Lowered::to(0, watch.daemon.pid(), Resource::Fsize);
    stub::call(&watch.world, 20).status().expect("the stub is there");
    until_recording(&watch, false);
    manager.is_told();
    drop(full);
    until_recording(&watch, true);
}

fn a_disk_that_hangs_stops_the_pings() {
    let mounts = Mounts::new();
    let mut manager = None;
    let watch = stub::watch_below(|world| {
        let state = world.root().join("state");
        fs::create_dir(&state).expect("the world is ours");
        let file = fs::File::create(world.root().join("state.img")).expect("the world is ours");
        file.set_len(64 << 20).expect("holes take no room");
        mounts.run(r#"mkfs.ext4 -q -F "$1.img" && mount -o loop "$1.img" "$1""#, &state);
        mounts.run(r#"chmod 700 "$1""#, &state);
        manager = Some(Manager::new(world));
        [Manager::below(world), mounts.below()].concat()
    });
    let (manager, state) = (manager.expect("the world was furnished"), watch.daemon.state_dir());
    manager.is_told();
    let frozen = Frozen::new(&mounts, &state);
    stub::call(&watch.world, 20).status().expect("the stub is there");
    // The writer may have answered once before it came to write.
    manager.ping();
    manager.forget();
    assert_eq!(manager.ping(), None, "it pings though no record can be written");
    drop(frozen);
    manager.is_told();
    until_recording(&watch, true);
    watch.daemon.stop();
}

/// A file system on which every write waits. Dropping it lets them go on.
struct Frozen<'a>(&'a Mounts, &'a std::path::Path);

impl<'a> Frozen<'a> {
    fn new(mounts: &'a Mounts, place: &'a std::path::Path) -> Self {
        mounts.run(r#"fsfreeze --freeze "$1""#, place);
        Self(mounts, place)
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.attempt(r#"fsfreeze --unfreeze "$1""#, self.1);
    }
}
