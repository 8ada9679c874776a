//! See `trackway_daemon::fuzzing::signed_note`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::signed_note(bytes));
