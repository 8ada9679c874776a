//! A hundred agents for a long time: memory and descriptors stay as they are, and every launch is
//! accounted for.

use std::env;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use trackway_tests::harness::Tests;
use trackway_tests::wait;

use super::{Load, SOON, is_full, size, told};
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add_alone(a_hundred_agents_cost_no_more_as_time_goes_by);
}

/// How much resident memory may grow once it has settled, in kB: caches fill up, and no more.
const GROWTH: u64 = 8 * 1024;
/// How many programs are counted at once, at most.
const PROGRAMS: u64 = 64;
/// How many descriptors more may be open at one moment than at another.
const FEW: u64 = 8;

fn a_hundred_agents_cost_no_more_as_time_goes_by() {
    let watch = stub::watch();
    let (duration, pid) = (duration(), watch.daemon.pid());
    let load = Load::start(&watch, 100, size(1000..3000, 30_000..90_000));
    let (begin, before) = (Instant::now(), ticks(pid));
    let mut samples = Vec::new();
    while begin.elapsed() < duration {
        thread::sleep(duration / 60);
        samples.push(Sample::of(pid));
    }
    let cpu = (ticks(pid) - before) / begin.elapsed().as_secs_f64();
    let launches = load.stop();
    // The first third is for what fills up once.
    let (settling, settled) = samples.split_at(samples.len() / 3);
    let (settling, settled) = (Sample::most(settling), Sample::most(settled));
    told(&format!(
        "{launches} launches in {duration:?}: {cpu:.1} % of a core, {settling:?}, then {settled:?}"
    ));
    assert!(settled.resident < settling.resident + GROWTH, "{settling:?}, then {settled:?}");
    assert!(settled.programs <= PROGRAMS, "{settled:?}");
    assert!(settled.descriptors <= settling.descriptors + FEW, "{settling:?}, then {settled:?}");
    let told = || {
        let rows = watch.launches();
        let ended = rows.iter().all(|row| row.ended_at.is_some());
        (ended && rows.len() as u64 + watch.missed() == launches).then_some(())
    };
    wait::until(SOON, told).unwrap_or_else(|| {
        let named = watch.launches().len();
        panic!("{named} named, {} missed of {launches}: {:#?}", watch.missed(), watch.daemon.gaps())
    });
}

fn duration() -> Duration {
    let hours: Option<f64> = env::var("TRACKWAY_SOAK_HOURS").ok().and_then(|it| it.parse().ok());
    let hours = hours.or_else(|| is_full().then_some(1.0));
    hours.map_or(Duration::from_secs(20), |hours| Duration::from_secs_f64(hours * 3600.0))
}

#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    /// In kB.
    resident: u64,
    descriptors: u64,
    /// Of programs that are counted when they are run, each has one: also those of other tests.
    programs: u64,
}

impl Sample {
    fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("the daemon runs");
        let open = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let (programs, others): (Vec<_>, Vec<_>) =
            open.partition(|open| open.as_os_str() == "anon_inode:[fanotify]");
        Self {
            resident: resident.expect("the kernel tells"),
            descriptors: others.len() as u64,
            programs: programs.len() as u64,
        }
    }

    fn most(samples: &[Self]) -> Self {
        samples.iter().fold(Self::default(), |most, sample| Self {
            resident: most.resident.max(sample.resident),
            descriptors: most.descriptors.max(sample.descriptors),
            programs: most.programs.max(sample.programs),
        })
    }
}

/// Returns the time that a process was on a core, in hundredths of a second.
fn ticks(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the daemon runs");
    let (_, fields) = stat.rsplit_once(") ").expect("a stat has a name");
    fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum()
}
