//! See `trackway_daemon::fuzzing::configuration_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::configuration_json(bytes));
