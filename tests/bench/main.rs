//! What recording costs and how much it sees, beside a peer, in one run.
//!
//! ```text
//! cargo build --release
//! cargo bench -p trackway-tests --bench bench -- [backfill] [configuration] [cost] [latency]
//!     [launches] [ledger] [poll] [report] [start] [touches] [work] [zones] [--quick]
//! ```
//!
//! Without a name all parts run, which takes more than half an hour; `--quick` makes them short and
//! rough. The peers are left out where they are missing: `forkstat`, which needs root, `ccusage`,
//! `aiburn` and `inotifywait`. Nothing here passes or fails: read it on a machine that does nothing
//! else, on which no other daemon of yours records.

use std::io::{self, Write};

use anyhow::{Context as _, Result};

mod backfill;
mod configuration;
mod cost;
mod latency;
mod launches;
mod ledger;
#[expect(dead_code, reason = "the tests of the parsers use more of it")]
#[path = "../../daemon/src/session/tally/tests/corpus/made.rs"]
mod made;
mod numbers;
mod peer;
mod poll;
mod process;
mod report;
mod start;
mod touches;
mod trackway;
mod work;
mod zones;

/// How long everything takes.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    /// To see that it works.
    Quick,
    /// To be quoted.
    Full,
}

impl Effort {
    /// Chooses a number by effort.
    pub(crate) fn of<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

type Part = fn(Effort, &mut dyn Write) -> Result<()>;

const PARTS: [(&str, Part); 12] = [
    ("backfill", backfill::run),
    ("configuration", configuration::run),
    ("cost", cost::run),
    ("latency", latency::run),
    ("launches", launches::run),
    ("ledger", ledger::run),
    ("poll", poll::run),
    ("report", report::run),
    ("start", start::run),
    ("touches", touches::run),
    ("work", work::run),
    ("zones", zones::run),
];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| args.iter().any(|arg| arg == name);
    // `cargo test --all-targets` starts this, too, and does not want to wait for it.
    if !has("--bench") {
        return Ok(());
    }
    let effort = if has("--quick") { Effort::Quick } else { Effort::Full };
    let all = !PARTS.iter().any(|(name, _)| has(name));
    let mut out = io::stdout();
    for (name, part) in PARTS {
        if all || has(name) {
            part(effort, &mut out).with_context(|| format!("running the part {name}"))?;
            writeln!(out)?;
        }
    }
    Ok(())
}
