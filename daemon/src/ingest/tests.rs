//! From files to the ledger and back: nothing twice, nothing missed, whatever happens in between.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Evidence, Record, Usage};

use crate::event::{Event, Growth};
use crate::ingest;
use crate::pauses::Pauses;
use crate::pipeline::misread::Misread;
use crate::session::tally::tests::corpus::{made, place};
use crate::source::sessions::Home;
use crate::store::{self, Sealing};

mod defects;
mod reported;
mod traces;
mod vanished;

/// A home with session files, and a ledger.
struct Scene {
    dir: TempDir,
    runtime: Runtime,
    /// What the pipeline was told of sessions.
    growths: RefCell<Vec<Growth>>,
    /// What the last run said was not understood.
    misread: RefCell<Misread>,
}

impl Scene {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let (growths, misread) = Default::default();
        Self { dir: tempfile::tempdir().unwrap(), runtime, growths, misread }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn append(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::options().create(true).append(true).open(path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Runs until everything is read, and returns the ledger.
    fn run(&self) -> Vec<Record> {
        self.run_keeping(None)
    }

    /// The same with pauses.
    fn run_pausing(&self, pauses: Pauses) -> Vec<Record> {
        self.run_with((None, pauses))
    }

    /// The same with a ledger that keeps its records for so long.
    fn run_keeping(&self, keep: Option<Duration>) -> Vec<Record> {
        self.run_with((keep, Pauses::default()))
    }

    fn run_with(&self, limits: (Option<Duration>, Pauses)) -> Vec<Record> {
        let state = self.path("state");
        let store = store::open(&state).unwrap();
        let (reader, writer) = (store.reader(), store.start(Sealing::default()));
        let (events, mut queue) = mpsc::channel(1024);
        let homes = ["claude", "codex"].map(|agent| Home { agent, dir: self.path(agent) });
        let intake = writer.intake();
        let following =
            ingest::start(&state, &intake, &events, None, limits, move |_| homes.into());
        drop(events);
        self.misread.take();
        loop {
            match self.runtime.block_on(queue.recv()) {
                Some(Event::Misread(misread)) => drop(self.misread.replace(misread)),
                Some(Event::Backfill { running: false, .. }) => break,
                Some(Event::SessionGrew(growth)) => self.growths.borrow_mut().push(*growth),
                Some(_) => {}
                None => panic!("it has ended"),
            }
        }
        following.stop();
        self.runtime.block_on(writer.close());
        let page = reader.page(0, u64::MAX, usize::MAX, &Filter::default()).unwrap();
        let lines = page.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}

impl Scene {
    /// Claims that no marker is in anything that is kept.
    fn claim_nothing_planted(&self) {
        for file in fs::read_dir(self.path("state")).unwrap().flatten() {
            let bytes = fs::read(file.path()).unwrap_or_default();
            assert!(!bytes.windows(7).any(|window| window == b"planted"), "{file:?}");
        }
    }
}

/// The responses that count: of each the newest record, unless that took it back.
fn responses(records: &[Record]) -> Vec<Usage> {
    let mut newest = HashMap::new();
    let mut ids = HashMap::new();
    for record in records {
        if let Body::Usage(usage) = &record.body {
            assert_eq!(record.replaces, ids.get(&usage.key).copied(), "it names what it corrects");
            ids.insert(usage.key.clone(), record.id);
            newest.insert(usage.key.clone(), usage.as_ref().clone());
        }
    }
    newest.into_values().filter(|usage| !usage.retracted).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn tokens_are_exact_whatever_is_cut_and_restarted(seed in 1..u64::MAX, cut in 0.0..1.0_f64) {
        let (scene, made) = (Scene::new(), made(seed));
        let parts = made.files.iter().enumerate().map(|(number, text)| {
            let at = (text.len() as f64 * cut) as usize;
            (place(number, text), text.split_at(at))
        });
        let parts: Vec<_> = parts.collect();
        for (place, (head, _)) in &parts {
            scene.append(place, head);
        }
        scene.run();
        for (place, (_, tail)) in &parts {
            scene.append(place, tail);
        }
        scene.run();
        let responses = responses(&scene.run());
        let sum = |take: fn(&Usage) -> u64| responses.iter().map(take).sum::<u64>();
        let told = [
            sum(|usage| usage.tokens.input),
            sum(|usage| usage.tokens.output),
            sum(|usage| usage.tokens.cache_read),
            sum(|usage| usage.tokens.cache_write_5m + usage.tokens.cache_write_1h),
        ];
        prop_assert_eq!((responses.len(), told), (made.responses, made.tokens));
    }
}

fn user(session: &str, second: u32) -> String {
    format!(
        "{{\"type\":\"user\",\"uuid\":\"u{second}\",\"sessionId\":\"{session}\",\
         \"timestamp\":\"2026-11-20T09:00:{second:02}.000Z\",\"cwd\":\"/w\",\"version\":\"2.1.330\",\
         \"message\":{{\"role\":\"user\",\"content\":\"x\"}}}}\n"
    )
}

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.body.kind()).collect()
}

#[test]
fn what_was_not_understood_is_known_after_a_restart() {
    let scene = Scene::new();
    let odd = user("s", 1).replace("\"user\",\"uuid\"", "\"oddity\",\"uuid\"");
    scene.append("claude/projects/-w/s.jsonl", &[user("s", 0), odd, "planted\n".into()].concat());
    let expected = [
        "claude (version unknown): 1 unreadable lines",
        "claude 2.1.330: 1 unknown line types, 1 times",
    ];
    for _ in 0..2 {
        scene.run();
        assert_eq!(scene.misread.borrow().lines(), expected);
    }
    scene.append("claude/projects/-w/s.jsonl", "planted too\n");
    scene.run();
    assert!(scene.misread.borrow().lines()[0].ends_with(": 2 unreadable lines"));
    scene.claim_nothing_planted();
}

#[test]
fn what_was_recorded_is_not_recorded_again() {
    let scene = Scene::new();
    let file = "claude/projects/-w/s.jsonl";
    scene.append(file, &user("s", 1));
    let first = kinds(&scene.run()).len();
    assert_eq!(kinds(&scene.run()).len(), first);
    // The same lines in another file, and in the same one from its beginning on.
    let text = fs::read_to_string(scene.path(file)).unwrap();
    scene.append("claude/projects/-w/t.jsonl", &text);
    fs::write(scene.path(file), [user("s", 0), text].concat()).unwrap();
    let again = scene.run();
    let started = kinds(&again).iter().filter(|kind| **kind == "session.started").count();
    let dirs = kinds(&again).iter().filter(|kind| **kind == "dir.touched").count();
    assert_eq!((started, dirs), (1, 1), "{:?}", kinds(&again));
}

/// A line of a session with a time, in a directory, with more fields.
fn timed(session: &str, at: Timestamp, cwd: &Path, more: &str) -> String {
    let (uuid, cwd) = (format!("{session} {at}"), cwd.display());
    format!(
        "{{\"type\":\"user\",\"uuid\":\"{uuid}\",\"sessionId\":\"{session}\",\"timestamp\":\"{at}\",\
         \"cwd\":\"{cwd}\",{more}\"version\":\"2.1.330\",\"message\":{{\"role\":\"user\"}}}}\n"
    )
}

#[test]
fn where_and_when_a_session_is_worked_in_is_told() {
    let scene = Scene::new();
    let root = scene.dir.path().canonicalize().unwrap();
    for dir in ["a", "b"] {
        fs::create_dir(root.join(dir)).unwrap();
    }
    std::os::unix::fs::symlink(root.join("a"), root.join("link")).unwrap();
    let now = Timestamp::now();
    let ago = |ms: i64| Timestamp::from_ms(now.ms() - ms);
    let (link, b) = (root.join("link"), root.join("b"));
    let file = "claude/projects/-w/s.jsonl";
    let copied =
        timed("s", ago(9), &b, "\"forkedFrom\":{\"sessionId\":\"r\",\"messageUuid\":\"u\"},");
    scene.append(
        file,
        &[copied, timed("s", ago(5), &link, ""), timed("s", ago(4), &b, "")].concat(),
    );
    scene.append(
        "claude/projects/-w/s/subagents/agent-1.jsonl",
        &timed("s", ago(3), &b, "\"agentId\":\"1\","),
    );
    scene.append("claude/projects/-w/old.jsonl", &user("old", 1));
    scene.run();
    let expected = Growth {
        agent: "claude",
        session: "s".into(),
        begun: Some(ago(5)),
        cwd: Some(root.join("a")),
        first: ago(5),
        last: ago(4),
    };
    assert_eq!(scene.growths.take(), std::slice::from_ref(&expected));
    scene.append(file, &timed("s", ago(1), &link, ""));
    scene.run();
    let later = Growth { first: ago(1), last: ago(1), ..expected };
    assert_eq!(scene.growths.take(), [later], "another daemon knows where it began");
    scene.run();
    assert_eq!(scene.growths.take(), []);
}

/// A tool's call and its result, as a session has them or as a fork of it has copied them.
fn reads(session: &str, copied_from: Option<&str>) -> String {
    let copied = copied_from.map(|from| format!(",\"forkedFrom\":{{\"sessionId\":\"{from}\"}}"));
    let rest = format!(
        "\"sessionId\":\"{session}\",\"timestamp\":\"2026-11-20T09:00:02.000Z\",\"cwd\":\"/w\",\
         \"version\":\"2.1.330\"{}}}\n",
        copied.unwrap_or_default()
    );
    format!(
        "{{\"type\":\"assistant\",\"uuid\":\"a\",\"message\":{{\"id\":\"m\",\"content\":[{{\"type\":\
         \"tool_use\",\"id\":\"t\",\"name\":\"Read\",\"input\":{{\"file_path\":\"/w/f\"}}}}]}},{rest}\
         {{\"type\":\"user\",\"uuid\":\"r\",\"message\":{{\"content\":[{{\"type\":\"tool_result\",\
         \"tool_use_id\":\"t\"}}]}},\"toolUseResult\":{{\"file\":{{\"filePath\":\"/w/f\"}}}},{rest}"
    )
}

#[test]
fn what_only_a_copy_tells_is_the_original_s_and_told_once() {
    let scene = Scene::new();
    let fork = [reads("fork", Some("first")), user("fork", 9)].concat();
    scene.append("claude/projects/-w/fork.jsonl", &fork);
    scene.run();
    scene.append(
        "claude/projects/-w/first.jsonl",
        &[user("first", 1), reads("first", None)].concat(),
    );
    let accesses = |records: Vec<Record>| -> Vec<_> {
        let accesses = records.into_iter().filter_map(|record| match record.body {
            Body::FileAccessed(access) => Some((access.session.unwrap(), access.path)),
            _ => None,
        });
        accesses.collect()
    };
    assert_eq!(accesses(scene.run()), [("first".to_owned(), "/w/f".to_owned())]);
}

/// A line about a pull request, and a shell call that committed and pushed.
fn made_in(session: &str) -> String {
    let lines = [
        r#"{"type":"assistant","uuid":"U1","sessionId":"S","timestamp":"2026-11-20T09:00:01.000Z","cwd":"/w","message":{"id":"m","model":"x","role":"assistant","content":[{"type":"tool_use","id":"T","name":"Bash","input":{"command":"git push"}}]}}"#,
        r#"{"type":"user","uuid":"U2","sessionId":"S","timestamp":"2026-11-20T09:00:02.000Z","cwd":"/w","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"T","content":"planted-output"}]},"toolUseResult":{"stdout":"planted-output","gitOperation":{"commit":{"sha":"1b32344","kind":"committed"},"push":{"branch":"main"},"pr":{"number":7,"url":"https://bot:planted-token@h.example/w/pull/7?planted=query"}}}}"#,
        r#"{"type":"pr-link","sessionId":"S","prNumber":7,"prUrl":"https://h.example/w/pull/7","prRepository":"w","timestamp":"2026-11-20T09:00:03.000Z"}"#,
        "",
    ];
    lines.join("\n").replace("\"S\"", &format!("\"{session}\""))
}

#[test]
fn what_a_session_made_is_told_once_for_each() {
    let scene = Scene::new();
    let text = [user("s", 0), made_in("s"), made_in("s")].concat();
    scene.append("claude/projects/-w/s.jsonl", &text);
    scene.run();
    scene.append("claude/projects/-w/s.jsonl", &made_in("s"));
    let pull = made_in("t").lines().last().unwrap().to_owned();
    scene.append("claude/projects/-w/t.jsonl", &format!("{}{pull}\n", user("t", 1)));
    let made = scene.run().into_iter().filter_map(|record| match record.body {
        Body::SessionMade(made) => Some((made.session, made.what, made.id, made.number)),
        _ => None,
    });
    let mut made: Vec<_> = made.collect();
    made.sort();
    let told = |session: &str, what: &str, id: &str, number| {
        (session.to_owned(), what.to_owned(), id.to_owned(), number)
    };
    let url = "https://h.example/w/pull/7";
    let expected = [
        told("s", "commit", "1b32344", None),
        told("s", "pull-request", url, Some(7)),
        told("s", "push", "main", None),
        told("t", "pull-request", url, Some(7)),
    ];
    assert_eq!(made, expected);
    scene.claim_nothing_planted();
}

#[test]
fn who_waits_for_a_writer_that_is_closed_waits_no_longer() {
    let state = tempfile::tempdir().unwrap();
    let store = store::open(state.path()).unwrap();
    let writer = store.start(Sealing::default());
    let intake = writer.intake();
    let mut kept = store::Store::kept(state.path(), intake.clone()).unwrap();
    intake.close();
    kept.set([1; 16], vec![2]);
    assert!(kept.hand_over().is_err());
}

#[test]
fn what_was_handed_over_is_answered_at_once_and_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    let id = crate::event::FileId { device: u64::MAX, inode: 7 };
    let file = store::ingest::File { path: "/h/a.jsonl".into(), value: vec![1, 2] };
    let open = || {
        let writer = store::open(state.path()).unwrap().start(Sealing::default());
        let kept = store::Store::kept(state.path(), writer.intake()).unwrap();
        (writer, kept)
    };
    let all_below = |kept: &store::ingest::Kept| {
        let mut found = Vec::new();
        kept.each(Path::new("/h"), &mut |id, path| found.push((id, path.to_owned())));
        found
    };
    let (writer, mut kept) = open();
    kept.keep(id, Some(file.clone()));
    kept.set([3; 16], vec![4]);
    kept.keep_home("claude", "/h".into());
    for handed_over in [false, true] {
        assert_eq!(kept.file(id), Some(file.clone()), "{handed_over}");
        assert_eq!(kept.get([3; 16]), Some(vec![4]));
        assert_eq!(all_below(&kept), [(id, file.path.clone())]);
        kept.hand_over().unwrap();
    }
    runtime.block_on(writer.close());
    let (writer, mut kept) = open();
    assert_eq!(kept.file(id), Some(file.clone()));
    assert_eq!(kept.named("a.jsonl".as_ref()), Some(file.clone()));
    assert_eq!(all_below(&kept), [(id, file.path)]);
    assert_eq!(kept.homes(), [("claude".to_owned(), PathBuf::from("/h"))]);
    assert!(kept.has([3; 16]) && !kept.has([4; 16]));
    kept.keep(id, None);
    assert_eq!((kept.file(id), kept.named("a.jsonl".as_ref())), (None, None));
    runtime.block_on(writer.close());
}

#[test]
fn what_the_ledger_would_not_keep_is_not_recorded() {
    let scene = Scene::new();
    let old = user("11111111-2222-4333-8444-555555555555", 1).replace("2026-11", "2019-11");
    scene.append("claude/projects/-w/a.jsonl", &old);
    let day = Duration::from_secs(24 * 60 * 60);
    let sessions = |records: &[Record]| {
        records.iter().filter(|record| record.body.session().is_some()).count()
    };
    assert_eq!(sessions(&scene.run_keeping(Some(400 * day))), 0);

    let scene = Scene::new();
    scene.append("claude/projects/-w/a.jsonl", &old);
    assert!(sessions(&scene.run()) > 0, "without that it is");
}

#[test]
fn what_was_written_in_a_pause_is_not_recorded_whenever_it_is_read() {
    let scene = Scene::new();
    let at = |second: u32| format!("2026-11-20T09:00:{second:02}Z").parse::<Timestamp>().unwrap();
    let pauses = Pauses::default();
    pauses.begin(at(0), at(10)).unwrap();
    let session = "11111111-2222-4333-8444-555555555555";
    scene.append("claude/projects/-w/a.jsonl", &user(session, 1));
    assert_eq!(kinds(&scene.run_pausing(pauses.clone())), [""; 0]);
    // What goes on after it is known by where it is then.
    let moved = user("b", 10).replace("\"/w\"", "\"/v\"");
    scene.append("claude/projects/-w/b.jsonl", &[user("b", 9), moved].concat());
    let records = scene.run_pausing(pauses.clone());
    assert_eq!(kinds(&records)[..2], ["session.started", "dir.touched"]);
    assert!(records.iter().all(|record| record.at >= at(10)), "{records:#?}");
    let Body::SessionStarted(started) = &records[0].body else { panic!("{records:#?}") };
    assert_eq!(started.cwd.as_deref(), Some("/v"));
    assert_eq!(started.agent_version.as_deref(), Some("2.1.330"));
    // A copy of the file is no way around it.
    scene.append("claude/projects/-w/c.jsonl", &user(session, 1));
    assert_eq!(scene.run_pausing(pauses).len(), records.len());
}
