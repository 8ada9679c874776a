//! How long it takes from a launch until `trackwayctl tail` shows it, durably recorded.

use std::io::Write;
use std::time::Instant;

use anyhow::Result;

use crate::Effort;
use crate::numbers::quantile;
use crate::trackway::{Daemon, Home};

/// Longer than the answer takes, so that an agent is alive when it is looked at.
const LIFE_MS: u32 = 100;

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let daemon = Daemon::start(&home)?;
    let mut tail = daemon.tail()?;
    let mut milliseconds = Vec::new();
    for _ in 0..effort.of(20, 200) {
        let begin = Instant::now();
        let mut child = home.launch(LIFE_MS)?;
        let pid = child.id();
        tail.find(|record| record["kind"] == "launch.started" && record["body"]["pid"] == pid)?;
        milliseconds.push(begin.elapsed().as_secs_f64() * 1000.0);
        child.wait()?;
    }
    let at = |share| quantile(&milliseconds, share);
    writeln!(out, "launch to tail, {} launches, tier {}", milliseconds.len(), daemon.tier()?)?;
    writeln!(out, "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", at(0.5), at(0.99), at(1.0))?;
    Ok(())
}
