//! What it costs to watch processes that are nobody's agent.

use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::Effort;
use crate::peer::Peer;
use crate::process::{Usage, watch, write_medians};
use crate::trackway::{Daemon, Home};

/// How long a rate is held before the window opens.
const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let daemon = Daemon::start(&home)?;
    let peer = Peer::start()?;
    let (windows, seconds) = (effort.of(1, 3), effort.of(3, 20));
    writeln!(out, "cost of bystanders: CPU of one core, resident memory")?;
    writeln!(out, "median of {windows} windows of {seconds} s, tier {}", daemon.tier()?)?;
    writeln!(out, "{:>9} {:>23} {:>23}", "execs/s", "trackwayd", "forkstat")?;
    for rate in [0, 100, 1000] {
        let pids: Vec<u32> = [Some(daemon.pid()), peer.pid()].into_iter().flatten().collect();
        let mut usages: Vec<Vec<Usage>> = pids.iter().map(|_| Vec::new()).collect();
        let mut achieved = 0.0;
        for _ in 0..windows {
            let (rate, window) = measure(&home, &pids, rate, seconds)?;
            achieved = rate;
            usages.iter_mut().zip(window).for_each(|(all, usage)| all.push(usage));
        }
        write!(out, "{achieved:>9.0}")?;
        for usages in &usages {
            write_medians(out, usages)?;
        }
        if let Peer::Missing(why) = &peer {
            write!(out, " {why:>23}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Watches while bystanders come and go; returns the rate that they reached, too.
fn measure(home: &Home, pids: &[u32], rate: u64, seconds: u64) -> Result<(f64, Vec<Usage>)> {
    let window = Duration::from_secs(seconds);
    if rate == 0 {
        thread::sleep(WARM_UP);
        return Ok((0.0, watch(pids, window)?));
    }
    let count = (rate * (seconds + 2 * WARM_UP.as_secs())).to_string();
    let order = ["--program", "/bin/true", "--count", &count, "--rate", &rate.to_string()];
    thread::scope(|scope| {
        let spawner = scope.spawn(|| home.spawn(&order));
        thread::sleep(WARM_UP);
        let usages = watch(pids, window)?;
        let report = spawner.join().map_err(|_| anyhow::anyhow!("the spawner panicked"))??;
        Ok((report["rate"].as_f64().unwrap_or_default(), usages))
    })
}
