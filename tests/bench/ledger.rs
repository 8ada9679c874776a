//! How fast questions about places are answered, beside the `sqlite3` shell on the same file.
//!
//! Ledgers of 10⁵ and 10⁶ records, and of 10⁷ with `--full`, or of any number that is given, are made
//! below `target/bench-ledgers` and removed, unless `--keep` is given. Whole processes are timed, from
//! their start to their end.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Result;
use trackway_protocol::ids::Timestamp;

use crate::Effort;
use crate::numbers::{median, quantile};
use made::Made;
use station::{Flood, Station, flood, program, times};

pub(crate) mod made;
pub(crate) mod station;
mod story;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is selected in plain SQL, and where the conditions go.
const SELECTS: [(&str, &str); 4] = [
    ("launches", "SELECT l.id, l.facts FROM launch l WHERE {} ORDER BY l.started_at DESC LIMIT 51"),
    (
        "dirs",
        "SELECT d.path, group_concat(DISTINCT l.agent), group_concat(DISTINCT t.how),
            min(t.first_at), max(t.last_at), count(DISTINCT t.launch)
         FROM dir_touch t JOIN dir d ON d.key = t.dir LEFT JOIN launch l ON l.key = t.launch
         WHERE {} GROUP BY t.dir ORDER BY 5 DESC LIMIT 51",
    ),
    (
        "repos",
        "SELECT r.identity, group_concat(DISTINCT l.agent), group_concat(DISTINCT t.how),
            min(t.first_at), max(t.last_at), count(DISTINCT t.dir), count(DISTINCT t.launch)
         FROM dir_touch t JOIN dir d ON d.key = t.dir LEFT JOIN launch l ON l.key = t.launch
            JOIN repo r ON r.key = t.repo
         WHERE {} GROUP BY t.repo ORDER BY 5 DESC LIMIT 51",
    ),
    (
        "who",
        "SELECT l.id, l.facts, group_concat(DISTINCT t.how), min(t.first_at), max(t.last_at),
            count(DISTINCT t.dir)
         FROM dir_touch t JOIN dir d ON d.key = t.dir LEFT JOIN launch l ON l.key = t.launch
         WHERE {} GROUP BY t.launch ORDER BY 5 DESC LIMIT 51",
    ),
];

/// What each question is narrowed by: words for trackwayctl, and the same in plain SQL of launches
/// and of touches.
const NARROWED: [(&str, &str, &str); 8] = [
    ("", "true", "true"),
    ("--since 7d", "l.ended_at >= :week", "t.last_at >= :week"),
    ("--since 26w", "l.ended_at >= :half", "t.last_at >= :half"),
    ("--agent codex", "l.agent = 'codex'", "l.agent = 'codex'"),
    ("--repo https://github.com/team/part-4", "l.repo = :repo", "t.repo = :repo"),
    (
        "--dir /home/user/src0/part-1",
        "l.cwd >= '/home/user/src0/part-1' AND l.cwd < '/home/user/src0/part-10'",
        "d.path >= '/home/user/src0/part-1' AND d.path < '/home/user/src0/part-10'",
    ),
    (
        "--dir /home/user/src0/part-111 --since 26w",
        "l.cwd >= '/home/user/src0/part-111' AND l.cwd < '/home/user/src0/part-1110'
            AND l.ended_at >= :half",
        "d.path >= '/home/user/src0/part-111' AND d.path < '/home/user/src0/part-1110'
            AND t.last_at >= :half",
    ),
    ("--dir /home/user --since 26w", "l.ended_at >= :half", "t.last_at >= :half"),
];

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let mut sizes: Vec<u64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = match (effort, has("--full")) {
            (Effort::Quick, _) => vec![100_000],
            (Effort::Full, false) => vec![100_000, 1_000_000],
            (Effort::Full, true) => vec![100_000, 1_000_000, 10_000_000],
        };
    }
    let dir = program("trackwayd")?.parent().map(|dir| dir.join("../bench-ledgers"));
    for records in sizes {
        let made = Made::new(&dir.clone().unwrap_or_default(), records, has("--keep"))?;
        measure(&made, records, effort, out)?;
    }
    Ok(())
}

fn measure(made: &Made, records: u64, effort: Effort, out: &mut dyn Write) -> Result<()> {
    let bytes = made.file().metadata()?.len() as f64 / (1 << 20) as f64;
    writeln!(out, "ledger of {records} records, {bytes:.0} MiB")?;
    if let Some(seconds) = made.rebuilt {
        writeln!(out, "tables made anew: {:.0} records/s", records as f64 / seconds)?;
    }
    let (station, runs) = (Station::start(made.dir())?, effort.of(10, 100));
    writeln!(out, "{:<52} {:>9} {:>9} {:>14}", "milliseconds", "p50", "p99", "sqlite3 p50")?;
    for (command, select) in SELECTS {
        for (narrow, of_launches, of_touches) in NARROWED {
            let Some(words) = words(command, narrow) else { continue };
            let of = if command == "launches" { of_launches } else { of_touches };
            let sql = select.replace("{}", of);
            question(made, &station, &words, &sql, runs, out)?;
        }
    }
    export(made, &station, out)?;
    verify(made, records, &station, out)
}

/// Returns the words of a command; none where the question makes no sense.
fn words<'a>(command: &'a str, narrow: &'a str) -> Option<Vec<&'a str>> {
    let mut words = vec![command];
    words.extend(narrow.split_whitespace());
    if command == "who" {
        // The place is an argument, and everything else narrows.
        let place = words.iter().position(|word| ["--repo", "--dir"].contains(word))?;
        words.remove(place);
    }
    Some(words)
}

fn question(
    made: &Made,
    station: &Station,
    words: &[&str],
    sql: &str,
    runs: u32,
    out: &mut dyn Write,
) -> Result<()> {
    let ours = times(runs, || station.ctl(words))?;
    let ask = |runs| times(runs, || Ok(shell(made, &[&parameters(sql)])));
    // Where one takes seconds, one tells enough.
    let theirs = ask(1).and_then(|first| if first[0] > 1000.0 { Ok(first) } else { ask(5) });
    let theirs = theirs.map_or_else(|_| "missing".into(), |ms| format!("{:.1}", median(&ms)));
    let (middle, high) = (median(&ours), quantile(&ours, 0.99));
    writeln!(out, "{:<52} {middle:>9.1} {high:>9.1} {theirs:>14}", words.join(" "))?;
    Ok(())
}

fn export(made: &Made, station: &Station, out: &mut dyn Write) -> Result<()> {
    let write = |out: &mut dyn Write, name: &str, flood: &Flood| {
        let rate = flood.lines as f64 / flood.seconds;
        writeln!(out, "{name:<28} {rate:>12.0} records/s, {:.1} MiB resident at most", flood.peak)
    };
    let ours = flood(station.ctl(&["export", "--format", "ndjson"])?)?;
    write(out, "export --format ndjson", &ours)?;
    writeln!(out, "{:<28} {:>12} {:.1} MiB resident at most", "  trackwayd", "", station.peak()?)?;
    let sql = "SELECT seq, kind, at_ms, CAST(body AS TEXT) AS body FROM record ORDER BY seq";
    match flood(shell(made, &["-cmd", ".mode json", sql])) {
        Ok(theirs) => write(out, "sqlite3 .mode json", &theirs)?,
        Err(error) => writeln!(out, "sqlite3 .mode json: {error}")?,
    }
    Ok(())
}

/// Verifies every record, and beside it reads every record, and hashes the file.
fn verify(made: &Made, records: u64, station: &Station, out: &mut dyn Write) -> Result<()> {
    const RUNS: u32 = 3;
    let mut row = |name: &str, times: Result<Vec<f64>>| match times {
        Ok(ms) => {
            let rate = records as f64 / (median(&ms) / 1000.0);
            writeln!(out, "{name:<28} {rate:>12.0} records/s")
        }
        Err(error) => writeln!(out, "{name}: {error}"),
    };
    let offline = || {
        let mut command = Command::new(program("trackwayd")?);
        command.args(["verify", "--state-dir"]).arg(made.dir());
        Ok(command)
    };
    row("trackwayd verify", times(RUNS, offline))?;
    row("trackwayctl verify", times(RUNS, || station.ctl(&["verify"])))?;
    let sql = "SELECT sum(length(body) + length(leaf)) FROM record";
    row("sqlite3, reading it all", times(RUNS, || Ok(shell(made, &[sql]))))?;
    let hash = || {
        let mut command = Command::new("sha256sum");
        command.arg(made.file());
        Ok(command)
    };
    row("sha256sum of the file", times(RUNS, hash))?;
    Ok(())
}

/// Fills in what plain SQL has to know.
fn parameters(sql: &str) -> String {
    let now = Timestamp::now().ms();
    let repo = "(SELECT key FROM repo WHERE identity = 'github.com/team/part-4')";
    sql.replace(":week", &(now - 7 * DAY_MS).to_string())
        .replace(":half", &(now - 26 * 7 * DAY_MS).to_string())
        .replace(":repo", repo)
}

/// Prepares the shell on the ledger's file.
pub(crate) fn shell(made: &Made, args: &[&str]) -> Command {
    let mut command = Command::new("sqlite3");
    command.arg("-readonly").arg(made.file()).args(args).stdin(Stdio::null());
    command
}
