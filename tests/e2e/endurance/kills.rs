//! SIGKILL in the middle of work, again and again.

use std::process::{Command, Stdio};

use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;
use trackway_tests::world::program;

use super::ledger::{self, Copy};
use super::{Load, Numbers, SOON, size, told, until_tailed};
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(nothing_that_tail_had_shown_is_lost_by_kills);
    tests.add(a_second_daemon_is_refused_and_the_first_goes_on);
}

/// How often the tables are compared with a rebuild, which takes longer than the rest.
const REBUILT: u32 = 20;

fn nothing_that_tail_had_shown_is_lost_by_kills() {
    let watch = stub::watch();
    let load = Load::start(&watch, 8, 5..60);
    let (kills, mut numbers, mut shown) = (size(40, 1000), Numbers(0x7261_636b), 0);
    let mut newest = 0;
    for kill in 1..=kills {
        // From the first record that the start itself makes to some hundred of the load's.
        let lines = numbers.next(120) + 1;
        until_tailed(&watch, usize::try_from(lines).expect("it is small"));
        let tailed = watch.daemon.kill();
        shown += tailed.len();
        if kill % REBUILT == 0 || kill == kills {
            newest = ledger::assert_whole(&watch, &tailed);
            Copy::of(&watch.daemon.state_dir()).equals_a_rebuild();
        } else {
            newest = Copy::of(&watch.daemon.state_dir()).holds(&tailed);
        }
        watch.daemon.start_after(newest);
    }
    let launches = load.stop();
    told(&format!(
        "{kills} kills: {shown} records shown, none lost; {newest} records, {launches} launches"
    ));
    // All of it is what the daemon tells, too.
    let exported = watch.daemon.export();
    assert!(exported.len() as u64 >= newest);
    assert!(exported.iter().zip(1..).all(|(record, seq)| record.seq == seq));
    let killed = watch.daemon.gaps();
    let killed = killed.iter().filter(|gap| gap.source == "daemon" && gap.state == "lost").count();
    assert_eq!(killed, usize::try_from(kills).expect("it is small"));
    // Nor does a rebuild change what is answered, once the last end is told.
    let ended = || watch.launches().iter().all(|row| row.ended_at.is_some()).then_some(());
    wait::until(SOON, ended).expect("every launch has ended");
    let before = wait::until(SOON, || {
        let first = answers(&watch);
        (first == answers(&watch)).then_some(first)
    });
    watch.daemon.stop();
    assert!(watch.daemon.trackwayd(["rebuild"]).status.success());
    watch.daemon.start_after(newest);
    assert_eq!(Some(answers(&watch)), before);
}

/// What is answered about the test's world; what other tests do meanwhile is left out.
fn answers(watch: &Watch) -> Vec<String> {
    let queries = [&["launches", "--json"][..], &["dirs", "--all", "--json"]];
    let root = watch.world.root().display().to_string();
    let answer = |query: &[&str]| {
        let rows = String::from_utf8(watch.daemon.ctl(query).stdout).expect("JSON is UTF-8");
        let ours = rows.lines().filter(|line| line.contains(&root));
        ours.map(str::to_owned).collect::<Vec<_>>()
    };
    queries.into_iter().flat_map(answer).collect()
}

fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let watch = stub::watch();
    let mut second = Command::new(program("trackwayd"))
        .arg("run")
        .arg("--state-dir")
        .arg(watch.daemon.state_dir())
        .arg("--socket")
        .arg(watch.world.root().join("run/second.sock"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("trackwayd was built");
    let ended = wait::until(SOON, || second.try_wait().expect("it is our child"));
    if ended.is_none() {
        second.kill().ok();
    }
    let output = second.wait_with_output().expect("it is our child");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "{said}");
    assert!(said.contains("another trackwayd uses"), "{said}");
    let mut child = stub::call(&watch.world, 30).spawn().expect("the stub is there");
    child.wait().expect("it is our child");
    watch.wait_for_end(watch.wait_for_start(child.id()));
}
