//! See `trackway_daemon::fuzzing::compressed_sessions`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::compressed_sessions(bytes));
