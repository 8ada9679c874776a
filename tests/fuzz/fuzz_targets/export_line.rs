//! See `trackway_daemon::fuzzing::export_line`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::export_line(bytes));
