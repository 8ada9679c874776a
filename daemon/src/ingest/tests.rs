//! From files to the ledger and back: nothing twice, nothing missed, whatever happens in between.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Record, Usage};

use crate::event::{Event, Growth};
use crate::ingest;
use crate::session::tally::tests::corpus::made;
use crate::source::sessions::Home;
use crate::store;

/// A home with session files, and a ledger.
struct Scene {
    dir: TempDir,
    runtime: Runtime,
    /// What the pipeline was told of sessions.
    growths: RefCell<Vec<Growth>>,
}

impl Scene {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        Self { dir: tempfile::tempdir().unwrap(), runtime, growths: RefCell::default() }
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
        let state = self.path("state");
        let store = store::open(&state).unwrap();
        let (reader, writer) = (store.reader(), store.start());
        let (events, mut queue) = mpsc::channel(1024);
        let homes = ["claude", "codex"].map(|agent| Home { agent, dir: self.path(agent) });
        let intake = writer.intake();
        let following = ingest::start(&state, &intake, &events, move |_| homes.into());
        drop(events);
        loop {
            match self.runtime.block_on(queue.recv()) {
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

/// Where a file of a corpus lies.
fn place(number: usize, text: &str) -> String {
    let is_rollout = text.starts_with('{') && text.lines().next().unwrap().contains("session_meta");
    match is_rollout {
        true => format!("codex/sessions/2026/11/01/rollout-{number}.jsonl"),
        false => format!("claude/projects/-w/{number}.jsonl"),
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

#[test]
fn a_file_that_is_gone_is_recorded_once() {
    let scene = Scene::new();
    scene.append("claude/projects/-w/s.jsonl", &user("s", 1));
    scene.run();
    fs::remove_file(scene.path("claude/projects/-w/s.jsonl")).unwrap();
    for _ in 0..2 {
        let records = scene.run();
        let gone = records.iter().filter_map(|record| match &record.body {
            Body::SessionUpdated(session) if session.transcript_gone => Some(session),
            _ => None,
        });
        let gone: Vec<_> = gone.collect();
        assert_eq!(gone.len(), 1);
        assert_eq!((gone[0].session.as_str(), gone[0].agent.as_str()), ("s", "claude"));
    }
}

#[test]
fn who_waits_for_a_writer_that_is_closed_waits_no_longer() {
    let state = tempfile::tempdir().unwrap();
    let store = store::open(state.path()).unwrap();
    let writer = store.start();
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
        let writer = store::open(state.path()).unwrap().start();
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
