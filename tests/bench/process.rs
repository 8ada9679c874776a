//! What a process has used, as the kernel counts it.

use std::fs;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::numbers::median;

/// Clock ticks per second in `/proc`: the same on every machine that Rust and the agents run on.
const TICKS: f64 = 100.0;

/// What a process used in a window of time.
pub(crate) struct Usage {
    /// In percent of one core.
    pub(crate) cpu: f64,
    /// In MiB, at the end of the window.
    pub(crate) resident: f64,
}

/// Watches processes for a while, all in the same window.
pub(crate) fn watch(pids: &[u32], window: Duration) -> Result<Vec<Usage>> {
    let ticks = || pids.iter().map(|pid| ticks(*pid)).collect::<Result<Vec<_>>>();
    let (begin, before) = (Instant::now(), ticks()?);
    thread::sleep(window);
    let (seconds, after) = (begin.elapsed().as_secs_f64(), ticks()?);
    let used = before.iter().zip(after).map(|(before, after)| after - before);
    used.zip(pids)
        .map(|(ticks, pid)| {
            Ok(Usage { cpu: ticks / TICKS / seconds * 100.0, resident: resident(*pid)? })
        })
        .collect()
}

/// Writes the medians of one process's windows as columns of a table.
pub(crate) fn write_medians(out: &mut dyn Write, usages: &[Usage]) -> io::Result<()> {
    let of = |take: fn(&Usage) -> f64| median(&usages.iter().map(take).collect::<Vec<_>>());
    write!(out, " {:>8.2} % {:>8.1} MiB", of(|usage| usage.cpu), of(|usage| usage.resident))
}

/// Returns the time that a process was on a core, in seconds.
pub(crate) fn seconds(pid: u32) -> Result<f64> {
    Ok(ticks(pid)? / TICKS)
}

/// Returns the time that our children, and theirs, were on a core until they were waited for, in
/// seconds.
pub(crate) fn seconds_of_children() -> Result<f64> {
    // cutime and cstime.
    Ok(fields(std::process::id(), 16)? / TICKS)
}

/// Returns the time that a process was on a core, in ticks.
fn ticks(pid: u32) -> Result<f64> {
    // utime and stime.
    fields(pid, 14)
}

/// Returns the sum of two neighbouring fields of a process's `stat`, numbered as in proc(5).
fn fields(pid: u32, first: usize) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may contain anything. The third field follows it.
    let (_, fields) = stat.rsplit_once(") ").context("a stat without a name")?;
    fields.split(' ').skip(first - 3).take(2).map(|field| Ok(field.parse::<f64>()?)).sum()
}

fn resident(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}
