//! What readers of session files that keep nothing make of the same files, trap by trap.
//!
//! Each line of the table is of a corpus with one trap alone, which so explains the line's difference;
//! the first is of one with none, the last of one with all. What is made is known, to the token.
//!
//! Seen of ccusage 20.0.24: it counts a thread's lines again in a thread that begins with them (`Children`),
//! and usage on lines that are no responses (`Noise`). Seen of aiburn 0.4.5: it counts what a subagent was
//! told again (`Subagents`), a file that lies there twice (`Twins`), and some of `Noise`; and it takes what
//! codex writes to caches for input, which is `misplaced` here, in every line.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::backfill;
use crate::made::{self, Dice, Made, Trap};
use crate::trackway::{Daemon, Home};

/// What is made is the same each time.
const SEED: u64 = 0x7472_6163_6b77_6179;
/// So many sessions of each agent, and what comes of them; more would not fit into their month.
const ROUNDS: usize = 8;

/// A reader: its name, what makes it tell of all days as JSON, and how to read that.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    args: &'static [&'static str],
    read: fn(&Value) -> Option<[u64; 4]>,
}

/// The readers. aiburn adds up what is read from and written to caches.
pub(crate) const PEERS: [Peer; 2] = [
    Peer { name: "ccusage", args: &["daily", "--json", "--offline"], read: of_ccusage },
    Peer { name: "aiburn", args: &["daily", "--json"], read: of_aiburn },
];

impl Peer {
    /// Returns its sums of input, output, and what is read from and written to caches; none where it is
    /// not installed. It is given no network.
    pub(crate) fn ask(&self, home: &Path) -> Result<Option<[u64; 4]>> {
        let found = Command::new("which").arg(self.name).stdout(Stdio::null()).status()?;
        if !found.success() {
            return Ok(None);
        }
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user", self.name]).args(self.args).env("HOME", home);
        let output = command.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {said}", self.name);
        let told: Value = serde_json::from_slice(&output.stdout).context("JSON of a peer")?;
        let sums = (self.read)(&told).with_context(|| format!("{} has another form", self.name))?;
        Ok(Some(sums))
    }
}

fn of_ccusage(told: &Value) -> Option<[u64; 4]> {
    let of = |name: &str| told["totals"][name].as_u64();
    Some([
        of("inputTokens")?,
        of("outputTokens")?,
        of("cacheReadTokens")?,
        of("cacheCreationTokens")?,
    ])
}

fn of_aiburn(told: &Value) -> Option<[u64; 4]> {
    let groups = told["groups"].as_array()?;
    let sum = |name: &str| groups.iter().map(|group| group[name].as_u64()).sum::<Option<u64>>();
    Some([sum("input")?, sum("output")?, sum("cache")?, 0])
}

/// Prints the table. Fails where ours is not the truth.
pub(super) fn run(out: &mut dyn Write) -> Result<()> {
    writeln!(out, "tokens told, relative to what was made, of sessions with one trap")?;
    write!(out, "{:<16} {:>10} {:>12}", "", "made", "trackwayctl")?;
    for peer in PEERS {
        write!(out, " {:>12}", peer.name)?;
    }
    writeln!(out)?;
    row("none", &[], out)?;
    for trap in Trap::ALL {
        // Compactions and pages are of threads with records.
        let traps = match trap {
            Trap::Compactions | Trap::Pages => vec![Trap::Records, trap],
            trap => vec![trap],
        };
        row(&format!("{trap:?}"), &traps, out)?;
    }
    row("all", &Trap::ALL, out)
}

fn row(name: &str, traps: &[Trap], out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    let made = made::with(&mut Dice(SEED), traps, ROUNDS);
    write_files(&home.path(""), &made)?;
    let daemon = Daemon::start(&home)?;
    backfill::await_end(&daemon)?;
    let ours = super::told(&daemon)?;
    write!(out, "{name:<16} {:>10} {:>12}", made.tokens.iter().sum::<u64>(), off(&made, ours))?;
    for peer in PEERS {
        let told = peer.ask(&home.path(""))?.map(|told| off(&made, told));
        write!(out, " {:>12}", told.as_deref().unwrap_or("?"))?;
    }
    writeln!(out)?;
    ensure!(ours == made.tokens, "{ours:?} is told of {:?}", made.tokens);
    Ok(())
}

/// Says by how much the sum of all classes is off, or that all is as it was made.
fn off(made: &Made, told: [u64; 4]) -> String {
    let [input, output, read, written] = made.tokens;
    // Who does not tell the caches apart is not wrong for it.
    if told == made.tokens || told == [input, output, read + written, 0] {
        return "exact".into();
    }
    let [told, made] = [told, made.tokens].map(|tokens| tokens.iter().sum::<u64>() as f64);
    if told == made {
        return "misplaced".into();
    }
    format!("{:+.1} %", (told / made - 1.0) * 100.0)
}

fn write_files(home: &Path, made: &Made) -> Result<()> {
    for (number, text) in made.files.iter().enumerate() {
        let path = home.join(format!(".{}", made::place(number, text)));
        fs::create_dir_all(path.parent().unwrap_or(home))?;
        fs::write(path, text)?;
    }
    Ok(())
}
