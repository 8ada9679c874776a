//! See `trackway_daemon::fuzzing::proc_stat`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::proc_stat(bytes));
