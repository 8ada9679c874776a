//! Lines of session files, and the lists that agents keep besides.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::assert_no_control;
use crate::agents::{Agent, CATALOGUE, claude::Claude, codex::Codex};
use crate::enrich::redact::value;
use crate::ingest::shell;
use crate::session::{Fact, LineError, Parser, ShellReading, Target, What};
use crate::source::sessions::fuzzed::split;

/// Lines of claude's session files.
pub fn claude_transcript(bytes: &[u8]) {
    session_file(&Claude, bytes);
}

/// Lines of codex's rollout files.
pub fn codex_rollout(bytes: &[u8]) {
    session_file(&Codex, bytes);
}

/// What agents keep of all sessions, and of those that run. The first byte chooses the kind.
pub fn agent_lists(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else { return };
    for agent in CATALOGUE {
        match kind % 3 {
            0 => {
                let mut history = agent.history();
                for line in split(text) {
                    assert_plain(&read(&mut *history, &line).1);
                }
            }
            1 => {
                for project in agent.projects(text).into_iter().flatten() {
                    assert_no_control(&project.dir.as_path().to_string_lossy());
                }
            }
            _ => {
                if let Ok(Some(process)) = agent.registered(text) {
                    assert_no_control(&process.session);
                }
            }
        }
    }
}

/// Whoever goes on after a restart finds what it would have found without one; and of a line that
/// cannot be read nothing is told.
fn session_file(agent: &dyn Agent, bytes: &[u8]) {
    let mut through = agent.parser(None).expect("a new one needs no state");
    let mut saved = None;
    for line in split(bytes) {
        let mut restarted = agent.parser(saved.as_deref()).expect("its own state is known");
        let (outcome, facts) = read(&mut *through, &line);
        assert_eq!((outcome, &facts), (read(&mut *restarted, &line).0, &facts));
        if outcome.is_err() {
            assert_eq!(facts, [], "{outcome:?}");
        }
        assert_plain(&facts);
        saved = Some(through.save());
        assert_eq!(saved, Some(restarted.save()));
        assert_bounded(saved.as_deref().unwrap_or_default());
    }
    for seen in through.take_drift().seen.keys() {
        assert_no_control(&seen.name);
        assert_no_control(&seen.version);
    }
}

fn read(parser: &mut dyn Parser, line: &[u8]) -> (Result<(), LineError>, Vec<Fact>) {
    let mut facts = Vec::new();
    let outcome = parser.line(line, &read_shell, &mut facts);
    (outcome, facts)
}

fn read_shell(command: &str, cwd: &Path) -> ShellReading {
    shell::read(command, cwd, Some(Path::new("/home/ann"))).bounded()
}

/// A state holds at most what waits: it does not grow with the file.
fn assert_bounded(state: &[u8]) {
    const MOST: usize = 64 << 20;
    assert!(state.len() < MOST);
}

/// Asserts that facts hold names and paths alone.
fn assert_plain(facts: &[Fact]) {
    for fact in facts {
        assert_json_plain(&fact.who);
        fact.origin.iter().for_each(assert_json_plain);
        match &fact.what {
            What::Session(session) => assert_json_plain(session),
            What::Touch(touch) => {
                assert_json_plain(&touch.path);
                assert_json_plain(&touch.cwd);
                assert_json_plain(&touch.tool);
            }
            What::Shell(shell) => {
                assert_json_plain(&shell.cwd);
                assert!(shell.reading.touches.len() <= 64);
                for touch in &shell.reading.touches {
                    assert!(touch.path.is_absolute(), "{:?}", touch.path);
                    assert_no_control(&touch.path.to_string_lossy());
                }
            }
            What::Usage(usage) => {
                assert_json_plain(&usage.model);
                assert_json_plain(&usage.response_id);
                assert!(usage.tokens.reasoning <= usage.tokens.output, "it is a part of it");
            }
            What::Link(link) => match &link.to {
                Target::Commit(word) | Target::Push(word) => assert_json_plain(word),
                Target::PullRequest(url) => {
                    assert_json_plain(url);
                    let host = value::host(url.as_str());
                    assert!(host.is_some() || !url.as_str().contains('@'), "{url:?}");
                }
            },
            What::Trace(trace) => assert_json_plain(&trace.place),
            What::Compacted(_) | What::Reported(_) => {}
        }
    }
}

/// Asserts that no text in a value has control characters.
fn assert_json_plain(value: &impl Serialize) {
    fn look(value: &Value) {
        match value {
            Value::String(text) => assert_no_control(text),
            Value::Array(values) => values.iter().for_each(look),
            Value::Object(fields) => fields.values().for_each(look),
            _ => {}
        }
    }
    look(&serde_json::to_value(value).expect("facts serialise"));
}
