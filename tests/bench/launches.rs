//! How many of many short launches are seen, and whether the rest is counted.

use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use crate::Effort;
use crate::trackway::{Daemon, Home};

/// Misses are reconciled once a minute.
const PATIENCE: Duration = Duration::from_secs(75);

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "many launches: named, of these with exe, cwd and end; and counted as missed")?;
    measure(effort.of(100, 1000), 500, 20, out)?;
    measure(effort.of(200, 2000), 0, 0, out)
}

fn measure(count: u64, rate: u32, life_ms: u32, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let daemon = Daemon::start(&home)?;
    let (agent, cwd) = (home.agent(), home.project());
    let [count_text, rate, life] = [count.to_string(), rate.to_string(), life_ms.to_string()];
    let report = home.spawn(&[
        "--program",
        &agent.to_string_lossy(),
        "--count",
        &count_text,
        "--rate",
        &rate,
        "--cwd",
        &cwd.to_string_lossy(),
        "--live-ms",
        &life,
    ])?;
    let seen = settled(&daemon, &home, count)?;
    writeln!(
        out,
        "{count} launches of {life_ms} ms at {:.0}/s, tier {}: named {}, complete {}, missed {}, in all {}",
        report["rate"].as_f64().unwrap_or_default(),
        daemon.tier()?,
        seen.named,
        seen.complete,
        seen.missed,
        seen.named + seen.missed,
    )?;
    Ok(())
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Seen {
    named: u64,
    complete: u64,
    missed: u64,
}

/// Waits until every launch is accounted for and ended, or nothing more can be expected.
fn settled(daemon: &Daemon<'_>, home: &Home, count: u64) -> Result<Seen> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = seen(daemon, home)?;
        let is_settled = seen.named + seen.missed >= count && seen.complete >= seen.named;
        if is_settled || Instant::now() > deadline {
            return Ok(seen);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn seen(daemon: &Daemon<'_>, home: &Home) -> Result<Seen> {
    let mut launches = daemon.ask("launches")?;
    // Not those that somebody makes elsewhere meanwhile.
    let program = home.program();
    launches.retain(|row| row["exe"].as_str().is_none_or(|exe| program == Path::new(exe)));
    let gaps = daemon.ask("gaps")?;
    let is_complete = |row: &&Value| {
        ["exe", "cwd"].iter().all(|key| row[key].is_string()) && row["end_seen"] == true
    };
    let missed = |row: &Value| match row["unit"].as_str() {
        Some("launches") => row["missed"].as_u64(),
        _ => None,
    };
    Ok(Seen {
        named: launches.len() as u64,
        complete: launches.iter().filter(is_complete).count() as u64,
        missed: gaps.iter().filter_map(missed).sum(),
    })
}
