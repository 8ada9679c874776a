//! No value that may be a secret is kept, whichever key it is of.

use serde_json::Value;
use trackway_tests::harness::Tests;

use super::known::{FILES, FIRST, Form, Known, SECOND, watch, write_and_wait};
use super::{last, rows, wait_for_change};

/// With which each word begins that is written into a file.
const SECRET: &str = "planted-text";

pub(crate) fn all(tests: &mut Tests) {
    tests.add(no_text_of_a_file_is_kept);
    tests.add(no_text_of_a_broken_file_is_kept);
}

fn no_text_of_a_file_is_kept() {
    assert!([FIRST, SECOND].iter().all(|word| word.starts_with(SECRET)));
    let watch = watch();
    for known in &FILES {
        write_and_wait(&watch, known, SECOND);
    }
    watch.daemon.stop();
    watch.daemon.start_again();
    watch.no_trace_of(&[SECRET]);
    // What changed is told all the same, and of addresses where they lead.
    for known in FILES.iter().filter(|known| is_settings(known)) {
        let rows = rows(&watch, known.path);
        let is_told = |key: &str| rows.iter().any(|row| !row.found && row.key == key);
        let key = if known.form == Form::Json { "mcpServers.remote.url" } else { "model" };
        assert!(is_told(key), "{}: {key} is not in {rows:#?}", known.path);
    }
    let address = rows(&watch, "{home}/.claude/settings.json")
        .into_iter()
        .find(|row| row.found && row.key == "env.ANTHROPIC_BASE_URL");
    let address = address.and_then(|row| row.after);
    assert_eq!(address.as_ref().and_then(Value::as_str), Some("api.example.com"));
}

/// Whether all of a file's keys are settings of its agent's.
fn is_settings(known: &Known) -> bool {
    matches!(known.path, "{home}/.claude.json" | "{repo}/.mcp.json") || known.form == Form::Toml
}

fn no_text_of_a_broken_file_is_kept() {
    let watch = watch();
    let is_parsed = |known: &&Known| matches!(known.form, Form::Json | Form::Toml);
    let after = last(&watch);
    for known in FILES.iter().filter(is_parsed) {
        // The parser of either format would quote what it stumbles over.
        super::put(known.place(&watch.world), &format!("{{\"a\": {SECRET}-63, \n {SECRET} = ["));
    }
    for known in FILES.iter().filter(is_parsed) {
        let changed = wait_for_change(&watch, after, known.path, |it| it.state == "unreadable");
        assert!(changed.unreadable.is_some(), "{changed:#?}");
    }
    watch.no_trace_of(&[SECRET]);
}
