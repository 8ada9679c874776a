//! See `trackway_daemon::fuzzing::long_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::long_lines(bytes));
