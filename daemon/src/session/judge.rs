//! What is understood of real session files: to be run by hand, and read.
//!
//! `TRACKWAY_SESSIONS=DIR cargo test -p trackway-daemon --lib real_files -- --ignored --nocapture`

use std::path::{Path, PathBuf};

use crate::agents::claude::transcript::Transcript;
use crate::agents::codex::rollout::Rollout;

use super::tally::memory::Ledger;
use super::{How, Parser, ShellReading, ShellTouch, What};

/// A shell that only tells where it is.
fn shell(_: &str, cwd: &Path) -> ShellReading {
    let touch = ShellTouch { path: cwd.to_owned(), how: How::Search, is_dir: true };
    ShellReading { touches: vec![touch], cwd_after: None, unresolved: 0 }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "jsonl") {
            found.push(path);
        }
    }
}

fn show(path: &Path, ledger: &mut Ledger) {
    let text = std::fs::read(path).unwrap();
    let is_rollout = path.file_name().unwrap().to_string_lossy().starts_with("rollout-");
    let mut parser: Box<dyn Parser> =
        if is_rollout { Box::<Rollout>::default() } else { Box::<Transcript>::default() };
    let mut facts = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if let Err(error) = parser.line(line, &shell, &mut facts) {
            println!("  {error}");
        }
    }
    println!("{}: {} bytes of state", path.display(), parser.save().len());
    for fact in &facts {
        ledger.take(fact);
        if !matches!(fact.what, What::Usage(_)) {
            println!("  {}{:?}", if fact.copied { "copied " } else { "" }, fact.what);
        }
    }
    println!("  {:?}", parser.take_drift());
}

#[test]
#[ignore = "claims nothing: shows a directory of session files that a person names"]
fn real_files_are_shown() {
    let dir = std::env::var_os("TRACKWAY_SESSIONS").expect("TRACKWAY_SESSIONS names a directory");
    let mut found = Vec::new();
    files(Path::new(&dir), &mut found);
    found.sort();
    let mut ledger = Ledger::default();
    found.iter().for_each(|path| show(path, &mut ledger));
    println!("{} responses: {:?}", ledger.records.len(), ledger.total());
}
