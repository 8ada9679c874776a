//! See `trackway_daemon::fuzzing::git_files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::git_files(bytes));
