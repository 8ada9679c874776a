//! Many short launches, as an ordinary user: nothing is lost, or its loss is counted.

use std::collections::HashMap;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use trackway_protocol::row::LaunchRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_alone(a_thousand_launches_of_20_ms_are_all_recorded_in_full);
    tests.add_alone(two_thousand_launches_at_once_are_named_or_counted);
}

fn a_thousand_launches_of_20_ms_are_all_recorded_in_full() {
    // Who else is on the machine may keep it so busy that 20 ms are over before anybody could look.
    // Such launches are counted in every round; in one of a minute's rounds there must be none.
    let (begin, mut rounds) = (Instant::now(), Vec::new());
    while begin.elapsed() < Duration::from_secs(60) {
        let watch = stub::watch();
        let started = Instant::now();
        let codes = launch(&watch, 1000, 20, Some(500));
        let took = started.elapsed();
        let rows = wait_until_told(&watch, 1000);
        let complete = rows.iter().filter(|row| is_complete(row, &watch, &codes)).count();
        if complete == 1000 {
            return;
        }
        rounds.push(format!("{complete} in full, {} at all; started in {took:?}", rows.len()));
    }
    panic!("no round was recorded completely: {rounds:#?}");
}

fn two_thousand_launches_at_once_are_named_or_counted() {
    let watch = stub::watch();
    launch(&watch, 2000, 0, None);
    wait_until_told(&watch, 2000);
}

/// Waits until so many launches are named or counted, and returns those that are named.
pub(crate) fn wait_until_told(watch: &Watch, count: usize) -> Vec<LaunchRow> {
    let told = || {
        let rows = watch.launches();
        let ended = rows.iter().all(|row| row.ended_at.is_some());
        let missed = usize::try_from(watch.missed()).expect("it is a small number");
        (ended && rows.len() + missed == count).then_some(rows)
    };
    wait::until(Duration::from_secs(10), told).unwrap_or_else(|| {
        let (named, missed) = (watch.launches().len(), watch.missed());
        panic!("{named} named, {missed} missed of {count}: {:#?}", watch.daemon.gaps())
    })
}

/// Whether all of a launch was seen. What was seen must be right.
fn is_complete(row: &LaunchRow, watch: &Watch, codes: &HashMap<u32, i32>) -> bool {
    let code = row.pid.and_then(|pid| codes.get(&pid)).copied();
    assert_eq!((row.exit_code, row.end_seen), (code, Some(true)), "{row:#?}");
    let (exe, cwd) = (stub::path(&watch.world), watch.world.repo());
    let places = [(&row.exe, exe), (&row.cwd, cwd)];
    places.iter().for_each(|(told, known)| {
        assert!(told.as_ref().is_none_or(|told| Path::new(told) == known), "{row:#?}");
    });
    places.iter().all(|(told, _)| told.is_some())
}

/// Launches the stub so many times, at so many per second or as fast as it goes, and returns what
/// each exited with.
pub(crate) fn launch(watch: &Watch, count: u32, ms: u32, rate: Option<u32>) -> HashMap<u32, i32> {
    let (sender, children) = mpsc::channel::<(Child, i32)>();
    // Somebody else waits for them, as soon as they end: a zombie would be easier to read.
    let reaper = thread::spawn(move || {
        let wait = |(mut child, code): (Child, i32)| {
            assert_eq!(child.wait().expect("it is our child").code(), Some(code));
            (child.id(), code)
        };
        children.into_iter().map(wait).collect()
    });
    let begin = Instant::now();
    for index in 0..count {
        if let Some(rate) = rate {
            let due = begin + Duration::from_secs(1) * index / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let code = i32::try_from(index % 3).expect("it is 0, 1 or 2");
        let mut command = stub::call(&watch.world, ms);
        let child = command.env("STUB_CODE", code.to_string()).spawn();
        sender.send((child.expect("the stub is there"), code)).expect("the reaper waits");
    }
    drop(sender);
    reaper.join().expect("every stub exits as it is told")
}
