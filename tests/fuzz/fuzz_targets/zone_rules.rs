//! See `trackway_daemon::fuzzing::zone_rules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::zone_rules(bytes));
