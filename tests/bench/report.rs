//! How long the report of one week takes, whole process, on ledgers of 10⁵ and 10⁶ responses at the
//! same pace, which is five weeks and a year; and what it says of a corpus of session files, beside
//! readers that keep nothing.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::Effort;
use crate::backfill::{self, corpus};
use crate::ledger::made::Made;
use crate::ledger::station::{Station, program, times};
use crate::numbers::{median, quantile};
use crate::trackway::{Daemon, Home};
use year::Year;

mod year;

/// Readers of session files, and what makes them tell all of them as JSON.
const PEERS: [(&str, &[&str]); 2] =
    [("ccusage", &["daily", "--json", "--offline"]), ("aiburn", &["daily", "--json"])];

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let keep = std::env::args().any(|arg| arg == "--keep");
    writeln!(out, "report of the last full week, milliseconds")?;
    writeln!(out, "{:<28} {:>10} {:>9} {:>9}", "", "responses", "p50", "p99")?;
    for responses in effort.of(&[10_000][..], &[100_000, 1_000_000]) {
        speed(*responses, effort, keep, out)?;
    }
    beside(effort, out)
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
    let truth = &corpus.sums;
    writeln!(out, "tokens of {} MB of session files", corpus.bytes / 1_000_000)?;
    writeln!(
        out,
        "{:<12} {:>14} {:>16} {:>14} {:>14}",
        "", "input", "cache read", "cache write", "output"
    )?;
    let mut row = |name: &str, [input, read, write, output]: [u64; 4]| {
        writeln!(out, "{name:<12} {input:>14} {read:>16} {write:>14} {output:>14}")
    };
    row("truth", [truth.input, truth.cache_read, truth.cache_write, truth.output])?;
    // Sessions of the corpus may end later than now.
    let words = [
        "report",
        "--since",
        "2020-01-01",
        "--until",
        "2030-01-01",
        "--time-zone",
        "UTC",
        "--json",
    ];
    let report = daemon.ask_of(&words)?.pop().context("a report is a row")?;
    let of = |name: &str| report["totals"]["tokens"][name].as_u64().unwrap_or_default();
    let ours =
        [of("input"), of("cache_read"), of("cache_write_5m") + of("cache_write_1h"), of("output")];
    row("trackwayctl", ours)?;
    for (name, args) in PEERS {
        if let Some(told) = peer(&home, name, args)? {
            row(name, told)?;
        }
    }
    ensure!(
        ours == [truth.input, truth.cache_read, truth.cache_write, truth.output],
        "the report does not tell the truth"
    );
    Ok(())
}

/// Returns the totals of a peer, where it is installed. It is given no network.
fn peer(home: &Home, name: &str, args: &[&str]) -> Result<Option<[u64; 4]>> {
    let found = Command::new("which").arg(name).stdout(Stdio::null()).status()?;
    if !found.success() {
        return Ok(None);
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "--map-root-user", name]).args(args).env("HOME", home.path(""));
    let output = command.output()?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).context("JSON of a peer")?;
    let mut totals = [0; 4];
    let names: [&[&str]; 4] = [
        &["inputTokens", "input_tokens", "input"],
        &["cacheReadTokens", "cache_read_tokens", "cache_read", "cachedInputTokens"],
        &["cacheCreationTokens", "cache_creation_tokens", "cache_write", "cache_creation"],
        &["outputTokens", "output_tokens", "output"],
    ];
    for (total, names) in totals.iter_mut().zip(names) {
        *total = find(&told["totals"], names).unwrap_or_default();
    }
    Ok(Some(totals))
}

fn find(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| value[name].as_u64())
}
