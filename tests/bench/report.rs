//! How long the report of one week takes, whole process, on ledgers of 10⁵ and 10⁶ responses at the
//! same pace, which is five weeks and a year; and what it says of a corpus of session files, beside
//! readers that keep nothing.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::Effort;
use crate::backfill::{self, corpus};
use crate::ledger::made::Made;
use crate::ledger::station::{Station, program, times};
use crate::numbers::{median, quantile};
use crate::trackway::{Daemon, Home};
use peers::PEERS;
use year::Year;

mod peers;
mod year;

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let keep = std::env::args().any(|arg| arg == "--keep");
    writeln!(out, "report of the last full week, milliseconds")?;
    writeln!(out, "{:<28} {:>10} {:>9} {:>9}", "", "responses", "p50", "p99")?;
    for responses in effort.of(&[10_000][..], &[100_000, 1_000_000]) {
        speed(*responses, effort, keep, out)?;
    }
    beside(effort, out)?;
    peers::run(out)
}

fn speed(responses: u64, effort: Effort, keep: bool, out: &mut dyn Write) -> Result<()> {
    let below = program("trackwayd")?.parent().map(|dir| dir.join("../bench-ledgers"));
    let dir = below.unwrap_or_default().join(format!("year-{responses}"));
    let story = || Year::new(responses);
    let made = Made::of(&dir, story().len(), story, keep)?;
    let station = Station::start(made.dir())?;
    for format in ["json", "md", "html"] {
        let words = ["report", "--time-zone", "Europe/Berlin", "--format", format];
        let ms = times(effort.of(5, 100), || station.ctl(&words))?;
        let (middle, high) = (median(&ms), quantile(&ms, 0.99));
        let name = format!("report --format {format}");
        writeln!(out, "{name:<28} {responses:>10} {middle:>9.1} {high:>9.1}")?;
    }
    let output = station.ctl(&["report", "--time-zone", "UTC", "--json"])?.output()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let of = |name: &str| report["totals"][name].as_u64().unwrap_or_default();
    writeln!(
        out,
        "  that week: {} responses, {} sessions, {} launches, {} files read, {} repositories",
        of("responses"),
        of("sessions"),
        of("launches"),
        of("files_read"),
        of("repos")
    )?;
    Ok(())
}

/// Has the same session files told by everybody.
fn beside(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let corpus = corpus::write(&home.path(""), effort.of(20, 300) * 1_000_000)?;
    let daemon = Daemon::start(&home)?;
    backfill::await_end(&daemon)?;
    let corpus::Sums { input, output, cache_read, cache_write, .. } = corpus.sums;
    let truth = [input, output, cache_read, cache_write];
    writeln!(out, "tokens of {} MB of session files without traps", corpus.bytes / 1_000_000)?;
    let names = ["input", "output", "cache read", "cache write", "seconds"];
    let [input, output, read, write, seconds] = names;
    writeln!(out, "{:<12} {input:>10} {output:>12} {read:>14} {write:>14} {seconds:>8}", "")?;
    let row = |name: &str, [input, output, read, write]: [u64; 4], took: Option<f64>| {
        let took = took.map_or(String::new(), |took| format!("{took:.3}"));
        format!("{name:<12} {input:>10} {output:>12} {read:>14} {write:>14} {took:>8}")
    };
    writeln!(out, "{}", row("made", truth, None))?;
    let begin = Instant::now();
    let ours = told(&daemon)?;
    writeln!(out, "{}", row("trackwayctl", ours, Some(begin.elapsed().as_secs_f64())))?;
    for peer in PEERS {
        let begin = Instant::now();
        let told = peer.ask(&home.path(""))?;
        let took = begin.elapsed().as_secs_f64();
        let line = told.map(|told| row(peer.name, told, Some(took)));
        writeln!(out, "{}", line.unwrap_or_else(|| format!("{:<12} not installed", peer.name)))?;
    }
    ensure!(ours == truth, "the report does not tell the truth");
    Ok(())
}

/// Returns the tokens of a report over all time: input, output, read from and written to caches.
fn told(daemon: &Daemon<'_>) -> Result<[u64; 4]> {
    // Sessions that are made may end later than now.
    let range = ["--since", "2020-01-01", "--until", "2030-01-01", "--time-zone", "UTC"];
    let report = daemon.ask_of(&[&["report", "--json"][..], &range].concat())?;
    let report = report.into_iter().next_back().context("a report is a row")?;
    let of = |name: &str| report["totals"]["tokens"][name].as_u64().unwrap_or_default();
    let written = of("cache_write_5m") + of("cache_write_1h");
    Ok([of("input"), of("output"), of("cache_read"), written])
}
