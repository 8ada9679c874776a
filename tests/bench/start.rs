//! How long a person waits for the first answers of a daemon that has just been started, beside 500 MB
//! of session files (or as many MB as is given) that it has yet to read.
//!
//! A time is that of the whole program, from the daemon's start to the answer; it is asked anew at once
//! where there is none yet. What the answer of `status` says of those files stands beside it.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::Effort;
use crate::backfill::{await_end, corpus};
use crate::numbers::median;
use crate::trackway::{Daemon, Home};

/// What is asked, in this order.
const QUESTIONS: [&str; 3] = ["status", "launches", "sessions"];
/// How long is waited before a question is asked again.
const PAUSE: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// One start.
struct Round {
    /// Seconds from the start until each answer was there.
    answered: Vec<f64>,
    /// Seconds that each question took alone.
    took: Vec<f64>,
    /// How far session files were read then.
    backfill: String,
}

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let given = std::env::args().find_map(|arg| arg.parse::<u64>().ok());
    let megabytes = given.unwrap_or(effort.of(50, 500));
    let home = Home::new()?;
    let corpus = corpus::write(&home.path(""), megabytes * 1_000_000)?;
    let rounds = effort.of(2, 7);
    writeln!(
        out,
        "first answers beside {:.0} MB in {} session files, {rounds} starts",
        corpus.bytes as f64 / 1e6,
        corpus.files
    )?;
    let first = (0..rounds).map(|_| round(&home, true)).collect::<Result<Vec<_>>>()?;
    print(out, "no ledger yet", &first)?;
    // And as it is every morning: all is read, and the ledger is full.
    let daemon = Daemon::start(&home)?;
    await_end(&daemon)?;
    drop(daemon);
    let again = (0..rounds).map(|_| round(&home, false)).collect::<Result<Vec<_>>>()?;
    print(out, "all was read before", &again)
}

/// Starts a daemon, and asks.
fn round(home: &Home, is_first: bool) -> Result<Round> {
    if is_first {
        fs::remove_dir_all(home.path("state")).ok();
    }
    let begin = Instant::now();
    let daemon = Daemon::spawn(home)?;
    let (mut answered, mut took) = (Vec::new(), Vec::new());
    for question in QUESTIONS {
        let asked = loop {
            let asked = Instant::now();
            if daemon.answers(&[question])? {
                break asked;
            }
            if begin.elapsed() > PATIENCE {
                bail!("trackwayctl {question} is not answered");
            }
            thread::sleep(PAUSE);
        };
        answered.push(begin.elapsed().as_secs_f64());
        took.push(asked.elapsed().as_secs_f64());
    }
    let status = daemon.ask("status")?.pop().context("status prints a row")?;
    let backfill = &status["backfill"];
    let part = |name: &str| backfill[name].as_u64().unwrap_or_default() / 1_000_000;
    let state = backfill["state"].as_str().unwrap_or("?");
    let (done, total) = (part("done_bytes"), part("total_bytes"));
    Ok(Round { answered, took, backfill: format!("{state}, {done} of {total} MB") })
}

fn print(out: &mut dyn Write, what: &str, rounds: &[Round]) -> Result<()> {
    writeln!(out, "{what:<22} {:>14} {:>14} {:>14}", "from the start", "worst of them", "alone")?;
    for (index, question) in QUESTIONS.iter().enumerate() {
        let answered: Vec<_> = rounds.iter().map(|round| round.answered[index] * 1e3).collect();
        let took: Vec<_> = rounds.iter().map(|round| round.took[index] * 1e3).collect();
        let worst = answered.iter().copied().fold(0.0, f64::max);
        let name = format!("trackwayctl {question}");
        let (answered, took) = (median(&answered), median(&took));
        writeln!(out, "{name:<22} {answered:>11.0} ms {worst:>11.0} ms {took:>11.0} ms")?;
    }
    let said: Vec<_> = rounds.iter().map(|round| &*round.backfill).collect();
    writeln!(out, "session files by then: {}", said.join("; "))?;
    Ok(())
}
