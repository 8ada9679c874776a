//! See `trackway_daemon::fuzzing::own_configuration`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::own_configuration(bytes));
