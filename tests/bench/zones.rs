//! What rules of zones cost each touch: a first start without any, with a thousand that are about
//! something else, and with a thousand of which one is about everything.
//!
//! The same session files are read each time, so the difference in processor time, over all records
//! that tell of a touch, is what judging costs; in the last case also noting and counting entries.
//! What reading the rules costs is taken off: it is paid once.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;

use anyhow::{Result, ensure};

use crate::Effort;
use crate::backfill::{await_end, corpus, first_start};
use crate::numbers::median;
use crate::trackway::{Daemon, Home};

/// Rules.
const RULES: usize = 1000;

pub(crate) fn run(effort: Effort, out: &mut dyn Write) -> Result<()> {
    let home = Home::new()?;
    corpus::write(&home.path(""), effort.of(20_000_000, 200_000_000))?;
    let cases = [
        ("no rules", String::new()),
        ("1,000 rules, none is met", rules("")),
        ("1,000 rules, one is met by all", rules("[[zone]]\nname = \"all\"\npaths = [\"/\"]\n")),
    ];
    let mut took = [const { Vec::new() }; 3];
    // In turns: what else the machine does hits all alike.
    for _ in 0..effort.of(2, 9) {
        for ((_, rules), took) in cases.iter().zip(&mut took) {
            fs::write(home.path("zones.toml"), rules)?;
            fs::remove_dir_all(home.path("state")).ok();
            let [_, cpu] = first_start(&home)?;
            // Another start has as many rules to read, and nothing else.
            let [_, again] = first_start(&home)?;
            took.push(cpu - again);
        }
    }
    let daemon = Daemon::start(&home)?;
    await_end(&daemon)?;
    let records = daemon.ask("export")?;
    let of = |kinds: &[&str]| {
        let kind = |record: &&serde_json::Value| {
            record["kind"].as_str().is_some_and(|kind| kinds.contains(&kind))
        };
        records.iter().filter(kind).count()
    };
    let (touches, entries) = (of(&["dir.touched", "file.accessed"]), of(&["zone.entered"]));
    ensure!(touches > 0 && entries > 0, "{touches} touches, {entries} entries");
    writeln!(out, "zones: {touches} touches in {} records, {entries} entries", records.len())?;
    let base = median(&took[0]);
    for ((name, _), took) in cases.iter().zip(&took) {
        let cpu = median(took);
        let each = (cpu - base) * 1e6 / touches as f64;
        writeln!(out, "{name:<32} {cpu:>6.2} s on a core, {each:>5.2} µs more for each touch")?;
    }
    Ok(())
}

/// A thousand rules by path and by remote, that look alike as those of one company do; and another.
fn rules(another: &str) -> String {
    let mut rules = another.to_owned();
    for number in 0..RULES {
        let rule = format!(
            "[[zone]]\nname = \"zone-{number}\"\npaths = [\"~/src/llama-{number:04}-*\"]\n\
             remotes = [\"git.example.com/acme/llama-{number:04}-*\"]\n"
        );
        rules.write_str(&rule).expect("a String takes all");
    }
    rules
}
