//! See `trackway_daemon::fuzzing::remote_address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::remote_address(bytes));
