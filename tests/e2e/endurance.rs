//! What a recorder must survive: kills, power cuts, disks that are full or broken, descriptors that
//! run out, stalls, damage, and a long time.
//!
//! In CI each is tried a few times. At full size, which takes hours:
//!
//! ```text
//! TRACKWAY_ENDURANCE=full cargo test -p trackway-tests --test e2e -- endurance
//! ```
//!
//! `TRACKWAY_SOAK_HOURS=24` makes the soak that long. What is measured is printed.

use std::env;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use crate::stub;

mod damage;
mod descriptors;
mod disk;
mod faults;
mod kills;
mod ledger;
mod mounts;
mod power;
mod soak;
mod stalls;
mod watchdog;

pub(crate) fn all(tests: &mut Tests) {
    damage::all(tests);
    descriptors::all(tests);
    disk::all(tests);
    kills::all(tests);
    power::all(tests);
    soak::all(tests);
    stalls::all(tests);
    watchdog::all(tests);
}

/// How long anything may take that follows at once.
const SOON: Duration = Duration::from_secs(20);

/// Whether everything is to be tried as often as it was promised.
fn is_full() -> bool {
    env::var("TRACKWAY_ENDURANCE").is_ok_and(|size| size == "full")
}

/// Chooses a number by size.
fn size<T>(ci: T, full: T) -> T {
    if is_full() { full } else { ci }
}

/// Says what was measured.
fn told(line: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).ok();
}

/// Agents that come and go until it is stopped.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Load {
    /// Keeps so many agents alive, each for some milliseconds of `lives`.
    fn start(watch: &Watch, agents: u32, lives: Range<u32>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (program, repo) = (stub::path(&watch.world), watch.world.repo());
        let threads = (0..agents).map(|number| {
            let (stop, lives) = (Arc::clone(&stop), lives.clone());
            let (program, repo) = (program.clone(), repo.clone());
            thread::spawn(move || {
                let mut launches = 0;
                let span = lives.end - lives.start;
                while !stop.load(Ordering::SeqCst) {
                    // Spread over the span, and the same in every run.
                    let ms = lives.start + (number * 7919 + launches * 104_729) % span;
                    let mut child = stub::call_as(&program, &repo, ms).spawn().expect("the stub");
                    child.wait().expect("it is our child");
                    launches += 1;
                }
                u64::from(launches)
            })
        });
        let threads = threads.collect();
        Self { stop, threads }
    }

    /// Ends it, and returns how many launches there were.
    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.threads.into_iter().map(|thread| thread.join().expect("the stub can be called")).sum()
    }
}

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        // Xorshift: any will do.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Waits until `tail` has shown so many lines since the daemon was started.
fn until_tailed(watch: &Watch, lines: usize) {
    let shown = || (watch.daemon.tailed().len() >= lines).then_some(());
    let why = || panic!("tail shows nothing more:\n{}", watch.daemon.log());
    wait::until(SOON, shown).unwrap_or_else(why);
}

/// Waits until the daemon records, or until it says that it cannot.
fn until_recording(watch: &Watch, recording: bool) -> Vec<String> {
    let begin = Instant::now();
    let so = || watch.daemon.try_status().filter(|status| status.recording == recording);
    let status = wait::until(SOON, so).unwrap_or_else(|| {
        panic!("recording is not {recording} after {:?}: {}", begin.elapsed(), watch.daemon.log())
    });
    status.ledger_notes
}
