//! The first start beside session files that are there: it answers while it reads them, and says so.

use std::time::Duration;

use trackway_protocol::row::Status;
use trackway_tests::harness::Tests;
use trackway_tests::transcript::Transcript;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

/// Sessions, and responses in each: 12 MB together.
const SESSIONS: u32 = 24;
const RESPONSES: u32 = 300;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(an_answer_is_had_while_older_session_files_are_read);
}

fn old_sessions(world: &World) {
    for number in 1..=SESSIONS {
        let mut session = Transcript::begin(world, &world.repo(), number);
        session.read_often(&world.repo().join("a.txt"), RESPONSES);
    }
}

fn an_answer_is_had_while_older_session_files_are_read() {
    let watch = Watch::start_in(&[], old_sessions);
    let sessions = watch.daemon.ctl(["sessions"]);
    let status: Status = watch.daemon.status();
    assert_eq!(status.backfill.state, "running", "{status:#?}");
    assert!(status.recording, "launches do not wait for it: {status:#?}");
    let said = String::from_utf8_lossy(&sessions.stderr).into_owned();
    assert!(sessions.status.success(), "{said}");
    assert!(said.contains("session files are still being read"), "{said}");

    let done = || (watch.daemon.status().backfill.state == "done").then_some(());
    wait::until(Duration::from_secs(180), done).expect("it comes to an end");
    let sessions = watch.daemon.ctl(["sessions"]);
    assert!(sessions.stderr.is_empty(), "{sessions:?}");
    let responses: u64 = watch.sessions().iter().filter_map(|row| row.responses).sum();
    assert_eq!(responses, u64::from(SESSIONS * RESPONSES));
}
