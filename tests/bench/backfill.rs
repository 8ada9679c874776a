//! How fast a first start reads the session files that are there, durably and exactly, beside readers
//! that keep nothing and beside `cat | wc -c`; and what it leaves behind.
//!
//! Files of 500 MB and 1 GB, or of as many MB as is given, are made in the temporary directory and
//! removed. They lie in the page
//! cache then, for all alike.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::Effort;
use crate::numbers::{median, quantile};
use crate::process;
use crate::trackway::{Daemon, Home};
use corpus::{Corpus, Sums};

pub(crate) mod corpus;

/// Readers of session files that store nothing, and what makes them read all of them.
const PEERS: [(&str, &[&str]); 2] =
    [("ccusage", &["daily", "--json", "--offline"]), ("aiburn", &["daily", "--json"])];
const MB: f64 = 1e6;

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let mut sizes: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = effort.of(&[50][..], &[500, 1000]).to_vec();
    }
    for megabytes in sizes {
        measure(megabytes * 1_000_000, effort, out)?;
    }
    Ok(())
}

fn measure(bytes: u64, effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let corpus = corpus::write(&home.path(""), bytes)?;
    let Corpus { bytes, files, lines, sums, .. } = &corpus;
    let megabytes = *bytes as f64 / MB;
    writeln!(
        out,
        "backfill of {megabytes:.0} MB: {files} files, {lines} lines, {} responses",
        sums.responses
    )?;
    writeln!(out, "{:<12} {:>9} {:>10} {:>9}", "", "wall", "speed", "CPU")?;
    let print = |out: &mut dyn Write, name: &str, [wall, cpu]: [f64; 2]| {
        let speed = megabytes / wall;
        writeln!(out, "{name:<12} {wall:>7.2} s {speed:>5.0} MB/s {cpu:>7.2} s")
    };
    let rounds = effort.of(1, 5);
    // Once for the page cache.
    floor(&home)?;
    print(out, "cat | wc -c", rounds_of(rounds, || floor(&home))?)?;
    for (name, args) in PEERS {
        match peer(&home, name, args)? {
            Some(_) => {
                let took = || peer(&home, name, args)?.context("it was there");
                print(out, name, rounds_of(rounds, took)?)?;
            }
            None => writeln!(out, "{name:<12} not installed")?,
        }
    }
    let mut took = Vec::new();
    for _ in 0..effort.of(1, 3) {
        fs::remove_dir_all(home.path("state")).ok();
        took.push(first_start(&home)?);
    }
    print(out, "trackwayd", medians(&took))?;
    let daemon = Daemon::start(&home)?;
    await_end(&daemon)?;
    aftermath(&home, &daemon, &corpus, effort, out)
}

/// Says what the first start left, and how the daemon goes on.
fn aftermath(
    home: &Home,
    daemon: &Daemon<'_>,
    corpus: &Corpus,
    effort: Effort,
    out: &mut dyn Write,
) -> Result<()> {
    let status = status(daemon)?;
    let number = |name: &str| status["ledger"][name].as_u64().context("a number in status");
    let (records, ledger) = (number("records")?, number("bytes")?);
    let share = ledger as f64 / corpus.bytes as f64 * 100.0;
    writeln!(
        out,
        "{records} records, ledger {:.0} MB: {share:.1} % of the files, {:.0} bytes a record",
        ledger as f64 / MB,
        ledger as f64 / records as f64
    )?;
    let told = sums(daemon, home)?;
    let verdict = if told == corpus.sums { "exact" } else { "WRONG" };
    writeln!(out, "{} responses and their tokens in `sessions`: {verdict}", told.responses)?;
    ensure!(told == corpus.sums, "{told:?} is told, {:?} was written", corpus.sums);
    let delays = delays(daemon, corpus, effort.of(10, 200))?;
    let [half, most] = [0.5, 0.99].map(|share| quantile(&delays, share) * 1000.0);
    writeln!(out, "a line appended is in `tail` after {half:.0} ms (p50), {most:.0} ms (p99)")?;
    let [idle] = &process::watch(&[daemon.pid()], Duration::from_secs(effort.of(5, 30)))?[..]
    else {
        return Ok(());
    };
    writeln!(out, "idle: {:.2} % of a core, {:.1} MiB resident", idle.cpu, idle.resident)?;
    Ok(())
}

/// Appends lines to a session file, one after another; returns the seconds until `tail` showed each.
fn delays(daemon: &Daemon<'_>, corpus: &Corpus, lines: u32) -> Result<Vec<f64>> {
    let mut tail = daemon.tail()?;
    // What was there comes first.
    let mut file = File::options().append(true).open(&corpus.newest)?;
    let mut delays = Vec::new();
    for number in 0..=lines {
        let response = format!("msg_appended_{number}");
        let line = corpus::response(&corpus.newest, &response);
        let begin = Instant::now();
        file.write_all(line.as_bytes())?;
        tail.find(|record| record["body"]["response_id"] == response.as_str())?;
        delays.push(begin.elapsed().as_secs_f64());
    }
    // Before the first, all that was there before was printed.
    Ok(delays.split_off(1))
}

/// Runs several times; returns the medians of wall and CPU time.
fn rounds_of(rounds: u32, once: impl Fn() -> Result<[f64; 2]>) -> Result<[f64; 2]> {
    let took = (0..rounds).map(|_| once()).collect::<Result<Vec<_>>>()?;
    Ok(medians(&took))
}

fn medians(took: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|which| median(&took.iter().map(|times| times[which]).collect::<Vec<_>>()))
}

/// Starts a daemon that has no ledger yet; returns the seconds until everything is read and durable,
/// and those on a core.
pub(crate) fn first_start(home: &Home) -> Result<[f64; 2]> {
    let begin = Instant::now();
    let daemon = Daemon::start(home)?;
    await_end(&daemon)?;
    Ok([begin.elapsed().as_secs_f64(), process::seconds(daemon.pid())?])
}

pub(crate) fn await_end(daemon: &Daemon<'_>) -> Result<()> {
    while status(daemon)?["backfill"]["state"] != "done" {
        // Asking costs processor time as well.
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn status(daemon: &Daemon<'_>) -> Result<Value> {
    daemon.ask("status")?.pop().context("status prints a row")
}

/// Returns what the daemon tells of all sessions in this home: it may have found others', whose agents
/// run on this machine meanwhile.
pub(crate) fn sums(daemon: &Daemon<'_>, home: &Home) -> Result<Sums> {
    let mut sums = Sums::default();
    for session in daemon.ask("sessions")? {
        let file = session["transcript"].as_str().map(Path::new);
        if !file.is_some_and(|file| file.starts_with(home.path(""))) {
            continue;
        }
        let tokens = |class: &str| session["tokens"][class].as_u64().unwrap_or_default();
        sums.responses += session["responses"].as_u64().unwrap_or_default();
        sums.input += tokens("input");
        sums.cache_read += tokens("cache_read");
        sums.cache_write += tokens("cache_write");
        sums.output += tokens("output");
    }
    Ok(sums)
}

/// Reads all files and counts their bytes.
fn floor(home: &Home) -> Result<[f64; 2]> {
    let script = "find .claude .codex -name '*.jsonl' -print0 | xargs -0 cat | wc -c";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).current_dir(home.path(""));
    timed(&mut command)
}

/// Has a peer read all files, where it is installed. It is given no network.
fn peer(home: &Home, name: &str, args: &[&str]) -> Result<Option<[f64; 2]>> {
    let found = Command::new("which").arg(name).stdout(Stdio::null()).status()?;
    if !found.success() {
        return Ok(None);
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "--map-root-user", name]).args(args).env("HOME", home.path(""));
    timed(&mut command).map(Some)
}

fn timed(command: &mut Command) -> Result<[f64; 2]> {
    let before = process::seconds_of_children()?;
    let begin = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok([begin.elapsed().as_secs_f64(), process::seconds_of_children()? - before])
}
