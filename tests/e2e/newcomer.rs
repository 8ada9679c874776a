//! The first minute: what each question is answered while nothing is recorded.
//!
//! `UPDATE=1` writes the answers into `tests/fixtures/newcomer`, to be read as a whole.

use std::fmt::Write as _;
use std::fs;

use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;

use crate::readme::{narrow, steady};

const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/newcomer/empty.txt");

/// What is asked. What a status, a report, a checkpoint or the doctor says differs from run to run, and
/// other tests look at it; findings are also of the settings of other tests' agents.
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

pub(crate) fn all(tests: &mut Tests) {
    tests.add(an_empty_ledger_answers_everything_in_words);
}

fn an_empty_ledger_answers_everything_in_words() {
    // Where other tests keep the machine so busy that something is missed, that is told.
    let is_known = |told: &String| {
        let known = fs::read_to_string(ANSWERS).unwrap_or_default();
        steady(told) == steady(&known)
    };
    let mut told = answers();
    for _ in 0..2 {
        if is_known(&told) {
            break;
        }
        told = answers();
    }
    if std::env::var_os("UPDATE").is_some() && !is_known(&told) {
        let dir = std::path::Path::new(ANSWERS).parent().expect("it lies in a directory");
        fs::create_dir_all(dir).expect("it is ours");
        fs::write(ANSWERS, &told).expect("it is ours");
    }
    assert!(is_known(&told), "what is said now:\n{told}");
}

/// Asks a daemon that has just been started.
fn answers() -> String {
    let watch = Watch::start_in(&[], |world| {
        narrow(world);
        fs::write(world.home().join(".claude/settings.json"), "{}").expect("the home is ours");
        fs::create_dir_all(world.home().join("src")).expect("the home is ours");
    });
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
        write!(told, "$ trackwayctl {question}\n{said}[{code}]\n\n").expect("it is memory");
        assert!(!said.trim().is_empty(), "`{question}` says nothing");
    }
    told
}
