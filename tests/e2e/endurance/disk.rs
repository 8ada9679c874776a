//! The disk fails in the middle of work, and is mended: the daemon says so, goes on, and loses
//! nothing that its memory has room for.

use std::fs;

use rustix::process::Resource;
use trackway_protocol::row::Check;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use super::faults::{Broken, Lowered};
use super::mounts::{Mounts, PROGRAMS};
use super::{SOON, until_recording};
use crate::load::{launch, wait_until_told};
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_limit_on_file_size_loses_nothing_and_ends_nobody);
    tests.add_needing(&["strace"], whatever_the_disk_says_nothing_is_lost);
    tests.add_mounting(&PROGRAMS, a_full_file_system_loses_nothing);
}

/// Launches before, during and after trouble.
const LAUNCHES: u32 = 10;

fn a_limit_on_file_size_loses_nothing_and_ends_nobody() {
    let watch = stub::watch();
    let log = watch.daemon.state_dir().join("ledger.db-wal");
    survives(&watch, 0, || {
        let size = fs::metadata(&log).expect("there is a log").len();
        Lowered::to(size.saturating_sub(4096), watch.daemon.pid(), Resource::Fsize)
    });
}

fn whatever_the_disk_says_nothing_is_lost() {
    let watch = stub::watch();
    let log = watch.daemon.state_dir().join("ledger.db-wal");
    for (errors, error) in ["ENOSPC", "EDQUOT", "EIO", "EROFS"].into_iter().enumerate() {
        survives(&watch, errors, || Broken::with(error, watch.daemon.pid(), &log));
    }
}

fn a_full_file_system_loses_nothing() {
    let mounts = Mounts::new();
    let watch = stub::watch_below(|world| {
        let state = world.root().join("state");
        fs::create_dir(&state).expect("the world is ours");
        mounts.run(r#"mount -t tmpfs -o size=8m,mode=700 state "$1""#, &state);
        mounts.below()
    });
    let state = watch.daemon.state_dir();
    survives(&watch, 0, || {
        // It ends when there is no room left.
        mounts.attempt(r#"cat /dev/zero > "$1/filler""#, &state);
        Filled(&mounts, state.clone())
    });
    watch.daemon.stop();
}

struct Filled<'a>(&'a Mounts, std::path::PathBuf);

impl Drop for Filled<'_> {
    fn drop(&mut self) {
        self.0.attempt(r#"rm -f "$1/filler""#, &self.1);
    }
}

/// Claims that nothing is lost by trouble that `begin` makes and dropping what it returns ends.
fn survives<T>(watch: &Watch, before: usize, begin: impl FnOnce() -> T) {
    let pid = watch.daemon.pid();
    let all = |rounds: usize| 3 * LAUNCHES as usize * before + LAUNCHES as usize * rounds;
    launch(watch, LAUNCHES, 20, Some(100));
    wait_until_told(watch, all(1));
    let trouble = begin();
    launch(watch, LAUNCHES, 20, Some(100));
    let notes = until_recording(watch, false);
    assert!(notes.iter().any(|note| note.contains("no record can be written")), "{notes:?}");
    // It exits with a code of its own where a check failed.
    let checks = watch.daemon.ctl(["doctor", "--json"]).stdout;
    let checks = String::from_utf8(checks).expect("JSON is UTF-8");
    let checks = checks.lines().map(|line| serde_json::from_str(line).expect("it is a check"));
    let is_told = |check: &Check| check.name == "ledger" && check.state == "failed";
    assert!(checks.collect::<Vec<Check>>().iter().any(is_told));
    drop(trouble);
    until_recording(watch, true);
    launch(watch, LAUNCHES, 20, Some(100));
    wait_until_told(watch, all(3));
    assert_eq!(watch.daemon.pid(), pid);
    let gap = || {
        let gaps = watch.daemon.gaps().into_iter().filter(|gap| gap.source == "ledger");
        let gaps: Vec<_> = gaps.collect();
        (gaps.len() == before + 1).then_some(gaps)
    };
    let gaps = wait::until(SOON, gap).unwrap_or_else(|| panic!("{:#?}", watch.daemon.gaps()));
    let gap = gaps.last().expect("it was counted");
    assert_eq!((gap.state.as_str(), gap.missed), ("restored", Some(0)), "{gap:#?}");
    assert!(gap.until > Some(gap.from), "{gap:#?}");
}
