//! See `trackway_daemon::fuzzing::shell_command`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::shell_command(bytes));
