//! See `trackway_daemon::fuzzing::proc_cmdline`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::proc_cmdline(bytes));
