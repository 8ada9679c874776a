//! A connector that falls silent, against the real kernel: its socket is one that was never put into
//! the group that events go to, and so looks sound and hears nothing.

use std::fs;
use std::time::Instant;

use tokio::sync::mpsc;

use super::reader::CANARY;
use super::*;
use crate::event::{Event, SourceReport, State};

/// A socket on which no event ever comes, and no error either.
fn deaf() -> Socket {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (family, kind) = (AddressFamily::NETLINK, SocketType::DGRAM);
    let fd = rustix::net::socket_with(family, kind, flags, Some(netlink::CONNECTOR)).unwrap();
    rustix::net::bind(&fd, &SocketAddrNetlink::new(0, 0)).unwrap();
    Socket(fd)
}

fn next<T>(events: &mut mpsc::Receiver<Event>, pick: impl Fn(Event) -> Option<T>) -> T {
    loop {
        let event = events.blocking_recv().expect("the reader runs");
        if let Some(picked) = pick(event) {
            return picked;
        }
    }
}

#[test]
fn a_silenced_socket_is_found_within_one_canary_period_replaced_and_the_gap_told() {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().canonicalize().unwrap().join(".local/share/claude/versions/9.9.9");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::copy("/bin/sleep", &program).unwrap();

    let (sender, mut events) = mpsc::channel(4096);
    let (silent, from) = (Instant::now(), clock::read().now().at);
    let connector = ProcConnector { socket: deaf(), procfs: Procfs::open().unwrap() };
    let running = connector.start(sender).unwrap();
    let told: SourceReport = next(&mut events, |event| match event {
        Event::Source(report) => Some(report),
        _ => None,
    });
    let found = silent.elapsed();
    assert!(found < CANARY + PATIENCE, "found after {found:?}");
    assert_eq!(told.state, State::Restored, "{told:?}");
    assert!(told.reason.contains("went silent"), "{told:?}");
    // Nobody knows what was missed in between.
    assert_eq!(told.missed, None);
    assert!(told.from.ms() <= from.ms() + 1000, "{told:?}, and silent since {from}");
    assert!(told.until > Some(told.from), "{told:?}");

    // The table is looked at for what began meanwhile, and what begins now is heard.
    next(&mut events, |event| matches!(event, Event::Swept { .. }).then_some(()));
    let mut child = Command::new(&program).arg("0.2").spawn().unwrap();
    next(&mut events, |event| match event {
        Event::Exec(facts, _) => (facts.pid == child.id()).then_some(()),
        _ => None,
    });
    child.wait().unwrap();
    running.stop();
}
