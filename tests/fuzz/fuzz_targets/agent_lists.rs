//! See `trackway_daemon::fuzzing::agent_lists`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::agent_lists(bytes));
