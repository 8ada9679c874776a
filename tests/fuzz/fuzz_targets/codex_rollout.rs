//! See `trackway_daemon::fuzzing::codex_rollout`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::codex_rollout(bytes));
