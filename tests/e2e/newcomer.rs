//! The first minute: what each question is answered while nothing is recorded.
//!
//! `UPDATE=1` writes the answers into `tests/fixtures/newcomer`, to be read as a whole.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use trackway_protocol::row::GapRow;
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use crate::readme::{narrow, steady};

const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/newcomer/empty.txt");

/// What is asked.
const QUESTIONS: [&str; 17] = [
    "",
    "launches",
    "launches --running",
    "launches --since 7d --agent codex",
    "dirs",
    "repos",
    "sessions",
    "files",
    "who ~/src",
    "show 3f2a9c41",
    "config show --dir ~/src",
    "zones",
    "zones entries",
    "zones check ~/src",
    "gaps",
    "prune --dry-run",
    "resume",
];

/// What these say of a first minute differs from run to run, and other tests look at it; findings are
/// of the settings of other tests' agents as well.
const ELSEWHERE: [&str; 14] = [
    "status",
    "doctor",
    "findings",
    "tail",
    "report",
    "export",
    "verify",
    "checkpoint",
    "forget",
    "privacy",
    "pause",
    "service",
    "completions",
    "man",
];

pub(crate) fn all(tests: &mut Tests) {
    tests.add(every_command_is_asked_here_or_elsewhere);
    tests.add_alone(an_empty_ledger_answers_everything_in_words);
}

fn an_empty_ledger_answers_everything_in_words() {
    // What a busy machine keeps from being seen is told as well.
    let told = (0..5).find_map(|_| answers()).expect("one daemon of five misses nothing");
    let known = fs::read_to_string(ANSWERS).unwrap_or_default();
    let is_known = steady(&told) == steady(&known);
    if std::env::var_os("UPDATE").is_some() && !is_known {
        let dir = std::path::Path::new(ANSWERS).parent().expect("it lies in a directory");
        fs::create_dir_all(dir).expect("it is ours");
        fs::write(ANSWERS, &told).expect("it is ours");
        return;
    }
    assert!(is_known, "what is said now:\n{told}");
}

fn every_command_is_asked_here_or_elsewhere() {
    let watch = Watch::start(&[]);
    let help = String::from_utf8(watch.daemon.ctl(["help"]).stdout).expect("it is text");
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let lines = list.expect("help lists the commands").lines();
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        let asked = QUESTIONS.iter().any(|question| question.split(' ').next() == Some(name));
        assert!(asked != ELSEWHERE.contains(&name), "{name}");
    }
}

/// Asks a daemon that has just been started; none where it missed something meanwhile.
fn answers() -> Option<String> {
    let watch = Watch::start_in(&[], |world| {
        narrow(world);
        fs::write(world.home().join(".claude/settings.json"), "{}").expect("the home is ours");
        fs::create_dir_all(world.home().join("src")).expect("the home is ours");
    });
    let is_read = || (watch.daemon.status().backfill.state == "done").then_some(());
    wait::until(Duration::from_secs(20), is_read).expect("there is nothing to read");
    let home = watch.world.home().display().to_string();
    let root = watch.world.root().display().to_string();
    let mut told = String::new();
    for question in QUESTIONS {
        let words = question.split_whitespace().map(|word| word.replace('~', &home));
        let mut command = watch.daemon.ctl_command(words);
        let output = command.env("COLUMNS", "80").output().expect("trackwayctl was built");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).replace(&home, "~").replace(&root, "/root");
        let code = output.status.code().expect("it ends by itself");
        let asked = format!("trackwayctl {question}");
        write!(told, "$ {}\n{said}[{code}]\n\n", asked.trim()).expect("it is memory");
        assert!(!said.trim().is_empty(), "`{question}` says nothing");
    }
    let is_all_seen = |gap: &GapRow| gap.source == "scope";
    watch.daemon.gaps().iter().all(is_all_seen).then_some(told)
}
