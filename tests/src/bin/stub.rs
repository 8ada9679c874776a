//! Stands in for an agent where only its path, its command line and its process matter.
//!
//! `STUB_MS` is how long it lives, `STUB_CODE` what it exits with.

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    thread::sleep(Duration::from_millis(number("STUB_MS")));
    ExitCode::from(u8::try_from(number("STUB_CODE")).unwrap_or(u8::MAX))
}

fn number(name: &str) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}
