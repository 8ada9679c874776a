//! How long the report of one week takes, whole process, on ledgers of 10⁵ and 10⁶ responses at the
//! same pace, which is five weeks and a year, beside the `sqlite3` shell that only counts what such a report
//! adds up; other questions to the same ledgers, whose work is told by session files; and what the report
//! says of a corpus of session files, beside readers that keep nothing.

use std::io::Write;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use trackway_protocol::ids::Timestamp;

use crate::Effort;
use crate::backfill::{self, corpus};
use crate::ledger::made::Made;
use crate::ledger::shell;
use crate::ledger::station::{Station, program, times};
use crate::numbers::{median, quantile};
use crate::trackway::{Daemon, Home};
use peers::PEERS;
use year::Year;

mod peers;
mod year;

/// Looks at all that a report of a week looks at, and counts it.
const COUNTS: &str = "
    SELECT count(DISTINCT dir), count(DISTINCT launch), count(DISTINCT session) FROM dir_touch
        WHERE quarter >= :from / 900000 AND quarter < :until / 900000;
    SELECT count(DISTINCT file), count(DISTINCT session) FROM file_access
        WHERE last_at >= :from AND last_at < :until;
    SELECT session, model, sum(input), sum(output) FROM usage_quarter
        WHERE quarter >= :from / 900000 AND quarter < :until / 900000 GROUP BY 1, 2;
    SELECT count(*), count(DISTINCT agent) FROM launch WHERE started_at >= :from AND started_at < :until;
";

/// What else is asked.
const QUESTIONS: [&str; 10] = [
    "who /home/user",
    "who /home/user --since 7d",
    "who /home/user --agent codex",
    "who /home/user --how create",
    "who /home/user/src",
    "repos",
    "dirs --dir /home/user",
    "files",
    "files --dir /home/user --since 7d",
    "sessions --dir /home/user",
];

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let keep = std::env::args().any(|arg| arg == "--keep");
    writeln!(out, "report of the last full week, milliseconds")?;
    writeln!(out, "{:<34} {:>10} {:>9} {:>9}", "", "responses", "p50", "p99")?;
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
    let runs = effort.of(5, 100);
    let mut row = |name: &str, ms: &[f64]| {
        let (middle, high) = (median(ms), quantile(ms, 0.99));
        writeln!(out, "{name:<34} {responses:>10} {middle:>9.1} {high:>9.1}")
    };
    for format in ["json", "md", "html"] {
        let words = ["report", "--time-zone", "Europe/Berlin", "--format", format];
        row(&format!("report --format {format}"), &times(runs, || station.ctl(&words))?)?;
    }
    for question in QUESTIONS {
        let words: Vec<&str> = question.split(' ').collect();
        row(question, &times(runs, || station.ctl(&words))?)?;
    }
    let output = station.ctl(&["report", "--time-zone", "UTC", "--json"])?.output()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let counts = counts(&report)?;
    if let Ok(ms) = times(runs, || Ok(shell(&made, &[&counts]))) {
        row("sqlite3, counting the same", &ms)?;
    }
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

/// Returns what counts the week of a report and the one before it, as the report does.
fn counts(report: &Value) -> Result<String> {
    let at = |name: &str| -> Result<i64> {
        let at = report["range"][name].as_str().context("a report has a range")?;
        Ok(at.parse::<Timestamp>()?.ms())
    };
    let (from, until) = (at("from")?, at("until")?);
    let of = |(from, until): (i64, i64)| {
        COUNTS.replace(":from", &from.to_string()).replace(":until", &until.to_string())
    };
    Ok([(from, until), (2 * from - until, from)].map(of).concat())
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
