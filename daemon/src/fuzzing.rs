//! What fuzzing reaches: one function for each reader of bytes that others wrote.
//!
//! Each takes any bytes, and asserts what must hold whatever they are. `tests/fuzz` runs them under
//! libFuzzer; here the corpus is read once more by an ordinary test, so that what was found once
//! cannot come back unseen. Only tests and `cargo fuzz` build this module.
//!
//! **Adding one:** a function here, its name in [`TARGETS`], a program of the same name in
//! `tests/fuzz/fuzz_targets/` and `tests/fuzz/Cargo.toml`, and some files in `tests/fuzz/corpus/NAME/`.
//! A reader that `trackway-protocol` has (the wire, records, checkpoints and proofs) is called from
//! `fuzzing/wire.rs`.

mod processes;
mod sessions;
mod wire;

pub use crate::configuration::fuzzed::{configuration_json, configuration_toml};
pub use crate::enrich::repo::fuzzed::{git_files, remote_address};
pub use crate::source::sessions::fuzzed::{compressed_sessions, long_lines};
pub use crate::zones::fuzzed::zone_rules;
pub use processes::{netlink_frame, proc_cmdline, proc_environ, proc_stat, shell_command};
pub use sessions::{agent_lists, claude_transcript, codex_rollout};
pub use wire::{export_line, own_configuration, record, signed_note, wire};

/// Reads any bytes, and panics where something does not hold that must.
pub type Target = fn(&[u8]);

/// Every target by its name, which its program and its corpus bear.
pub const TARGETS: &[(&str, Target)] = &[
    ("agent_lists", agent_lists),
    ("claude_transcript", claude_transcript),
    ("codex_rollout", codex_rollout),
    ("compressed_sessions", compressed_sessions),
    ("configuration_json", configuration_json),
    ("configuration_toml", configuration_toml),
    ("export_line", export_line),
    ("git_files", git_files),
    ("long_lines", long_lines),
    ("netlink_frame", netlink_frame),
    ("own_configuration", own_configuration),
    ("proc_cmdline", proc_cmdline),
    ("proc_environ", proc_environ),
    ("proc_stat", proc_stat),
    ("record", record),
    ("remote_address", remote_address),
    ("shell_command", shell_command),
    ("signed_note", signed_note),
    ("wire", wire),
    ("zone_rules", zone_rules),
];

/// Asserts that a text which is to be recorded has nothing in it that acts on a terminal.
fn assert_no_control(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn names(dir: &str) -> BTreeSet<String> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz").join(dir);
        let names = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        names.map(|name| name.trim_end_matches(".rs").to_owned()).collect()
    }

    #[test]
    fn every_target_has_a_program_and_a_corpus() {
        let known: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("fuzz_targets"), known);
        assert_eq!(names("corpus"), known);
        let manifest = include_str!("../../tests/fuzz/Cargo.toml");
        for name in known {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }

    #[test]
    fn the_corpus_holds_what_must_hold() {
        for (name, target) in TARGETS {
            let files = names(&format!("corpus/{name}"));
            assert!(!files.is_empty(), "{name}");
            for file in files {
                let path = format!("../tests/fuzz/corpus/{name}/{file}");
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
                let bytes = fs::read(&path).unwrap();
                let held = std::panic::catch_unwind(|| target(&bytes));
                assert!(held.is_ok(), "{} does not hold", path.display());
            }
        }
    }
}
