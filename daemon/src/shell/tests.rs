//! Command lines as agents write them, and what is told of them; and what must never be told.

use std::fmt::Write as _;
use std::path::Path;

use super::*;

mod lines;
mod properties;
mod rules;

const CWD: &str = "/w/p";
const HOME: &str = "/home/u";

fn read_here(command: &str) -> Reading {
    read(command, Path::new(CWD), Some(Path::new(HOME)))
}

/// Writes a reading in one line: how, path and target of each touch, `maybe` before those that are only
/// possible; then the reasons, then the directory afterwards where it is another one.
fn render(reading: &Reading) -> String {
    let mut parts = Vec::new();
    for touch in &reading.touches {
        let maybe = if touch.likelihood == Likelihood::Possible { "maybe " } else { "" };
        let how = format!("{:?}", touch.how).to_lowercase();
        let path = touch.path.to_str().unwrap();
        let path = path.strip_prefix("/w/p/").unwrap_or(path);
        let path = if path == CWD { "." } else { path };
        let target = match touch.target {
            Target::File => "",
            Target::Directory => "/",
            Target::Either => "?",
            Target::Within => "/*",
        };
        parts.push(format!("{maybe}{how} {path}{target}"));
    }
    let mut line = parts.join(", ");
    for (reason, count) in reading.unresolved.iter() {
        write!(
            line,
            " !{}{}",
            reason.as_str(),
            if count > 1 { count.to_string() } else { String::new() }
        )
        .unwrap();
    }
    match reading.cwd_after.as_deref().and_then(Path::to_str) {
        Some(CWD) => {}
        Some(cwd) => write!(line, " -> {cwd}").unwrap(),
        None => line.push_str(" -> unknown"),
    }
    line.trim().to_owned()
}

#[track_caller]
fn check(lines: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (command, expected) in lines {
        let told = render(&read_here(command));
        if told != *expected {
            write!(wrong, "\n{command}\n  expected {expected}\n  told     {told}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
