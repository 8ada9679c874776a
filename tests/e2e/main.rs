//! Trackway from end to end: the real agents, our programs as they are built, and nothing faked but
//! the agents' models.
//!
//! Each module adds its tests to the list. A new one is a function of about ten lines and one line
//! in `all` of its module.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod cage;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let mut tests = trackway_tests::harness::Tests::default();
    cage::all(&mut tests);
    tests.run()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    // The cage is made of Linux namespaces.
    ExitCode::SUCCESS
}
