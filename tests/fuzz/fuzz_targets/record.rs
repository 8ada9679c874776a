//! See `trackway_daemon::fuzzing::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::record(bytes));
