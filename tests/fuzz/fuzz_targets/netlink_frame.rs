//! See `trackway_daemon::fuzzing::netlink_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::netlink_frame(bytes));
