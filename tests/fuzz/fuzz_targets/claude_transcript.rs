//! See `trackway_daemon::fuzzing::claude_transcript`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trackway_daemon::fuzzing::claude_transcript(bytes));
