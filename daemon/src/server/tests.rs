//! Clients on a real socket, with a real ledger behind it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Shutdown as Direction;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use trackway_protocol::ids::{LaunchId, ProcessKey};
use trackway_protocol::record::{Body, Evidence, Launch};

use super::*;
use crate::report::Reporter;
use crate::shutdown::{self, Trigger};
use crate::store::{self, Draft, Sealing, Writer};
use crate::zones::Zones;

/// How long anything may take that a person waits for.
const SOON: Duration = Duration::from_secs(2);

/// A server on a thread of its own.
struct Server {
    dir: TempDir,
    writer: Writer,
    runtime: Runtime,
    trigger: Trigger,
    thread: JoinHandle<()>,
}

/// A client that blocks.
struct Asker {
    reader: BufReader<UnixStream>,
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn launch(number: u64) -> Draft {
    let key = ProcessKey { boot_id: "boot".into(), pid: 1, start_ticks: number };
    let body = Body::LaunchStarted(Box::new(Launch {
        launch: LaunchId::of(&key),
        agent: Some("claude".into()),
        argv: Some(vec!["x".repeat(1500)]),
        ..Launch::default()
    }));
    Draft { at: Timestamp::from_ms(0), evidence: Evidence::Kernel, replaces: None, body }
}

impl Server {
    /// Serves a ledger of so many launches.
    fn with(launches: u64) -> Self {
        Self::committed(launches, None)
    }

    /// Serves a ledger of so many launches that says to hold `committed` records.
    fn committed(launches: u64, committed: Option<u64>) -> Self {
        // A common limit is less than a thousand clients take, who live in this process as well.
        crate::host::raise_descriptor_limit();
        let dir = tempfile::tempdir().unwrap();
        let store = store::open(dir.path()).unwrap();
        let key = store.verifier();
        let (reader, writer, runtime) =
            (store.reader(), store.start(Sealing::default()), runtime());
        runtime.block_on(writer.append((0..launches).map(launch).collect())).unwrap();
        runtime.block_on(writer.committed().wait_for(|seq| *seq == launches)).unwrap();
        let snapshot = watch::channel(Snapshot::default()).1;
        let configured = watch::channel(Standing::default()).1;
        let reporter =
            Reporter::new(dir.path(), Zones::default(), snapshot.clone(), configured.clone());
        let sight = Sight {
            places: Places {
                config: PathBuf::new(),
                state_dir: dir.path().into(),
                socket: dir.path().join("socket"),
            },
            started_at: Timestamp::now(),
            reader,
            reporter,
            reports: watch::channel(ReportsStatus::default()).1,
            snapshot,
            committed: committed.map_or_else(|| writer.committed(), |seq| watch::channel(seq).1),
            health: writer.health(),
            writer: writer.clone(),
            key,
            copies: watch::channel(None).1,
            configured,
            zones: Zones::default(),
            pauses: Pauses::default(),
            knocks: mpsc::channel(1).1,
        };
        let (trigger, shutdown) = shutdown::channel();
        let (bound, is_bound) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || serve(sight, shutdown, &bound));
        is_bound.recv().unwrap();
        Self { dir, writer, runtime, trigger, thread }
    }

    fn record(&self, number: u64) {
        self.runtime.block_on(self.writer.append(vec![launch(number)])).unwrap();
    }

    fn connect(&self) -> Asker {
        let stream = UnixStream::connect(self.dir.path().join("socket")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Asker { reader: BufReader::new(stream) }
    }

    fn greeted(&self) -> Asker {
        let mut asker = self.connect();
        assert_eq!(asker.line().unwrap()["type"], "hello");
        asker
    }

    fn stop(self) {
        self.trigger.stop();
        self.thread.join().unwrap();
    }
}

fn serve(sight: Sight, shutdown: Shutdown, bound: &std::sync::mpsc::Sender<()>) {
    let runtime = runtime();
    runtime.block_on(async {
        let listener = bind(&sight.places.socket).unwrap();
        bound.send(()).unwrap();
        run(listener, sight, shutdown).await;
    });
    runtime.shutdown_background();
}

impl Asker {
    fn say(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn ask(&mut self, request: &Value) {
        self.say(&format!("{request}\n"));
    }

    /// Returns the next line; none at the end of the connection.
    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).unwrap();
        (read > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// Returns the lines below the headers of an answer, and the line that ends it.
    fn answer(&mut self) -> (Vec<Value>, Value) {
        let mut lines = Vec::new();
        loop {
            let header = self.line().unwrap();
            let Some(count) = header["count"].as_u64() else { return (lines, header) };
            lines.extend((0..count).map(|_| self.line().unwrap()));
        }
    }
}

/// Resident memory of this process in bytes, clients and all.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
#[cfg(target_os = "linux")]
fn clients_that_never_read_cost_little_memory_and_nobody_elses_time() {
    const LAUNCHES: u64 = 2000;
    let server = Server::with(LAUNCHES);
    let before = resident();
    let silent: Vec<Asker> = (1..=300)
        .map(|id| {
            let mut silent = server.connect();
            let kind = if id % 3 == 0 { "export" } else { "launches" };
            silent.ask(&json!({"type": kind, "id": id}));
            silent
        })
        .collect();
    let start = Instant::now();
    let mut other = server.greeted();
    other.ask(&json!({"type": "status", "id": 1}));
    assert_eq!(other.answer().0[0]["launches"], LAUNCHES);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    other.ask(&json!({"type": "launches", "id": 2, "filter": {"limit": 5}}));
    assert_eq!(other.answer().0.len(), 5);
    // Most of it is the work of the queries before, which are slow without optimisation.
    assert!(start.elapsed() < 4 * SOON, "{:?}", start.elapsed());
    let grown = resident().saturating_sub(before);
    // The answers of all of them would take more than half a gigabyte.
    assert!(grown < 150 << 20, "{} MiB", grown >> 20);
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < 2 * SOON, "{:?}", start.elapsed());
    drop(silent);
}

#[test]
fn a_thousand_idle_clients_do_not_disturb_one_that_works() {
    let server = Server::with(1);
    let idle: Vec<Asker> = (0..1000).map(|_| server.greeted()).collect();
    let start = Instant::now();
    let mut other = server.greeted();
    for id in 0..10 {
        other.ask(&json!({"type": "launches", "id": id}));
        assert_eq!(other.answer().0.len(), 1);
    }
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    drop(idle);
    server.stop();
}

#[test]
fn a_tail_goes_on_when_its_client_has_nothing_more_to_say() {
    let server = Server::with(1);
    let mut tail = server.greeted();
    tail.ask(&json!({"type": "tail", "id": 7, "after": 0}));
    tail.reader.get_ref().shutdown(Direction::Write).unwrap();
    for number in 1..=3 {
        assert_eq!(tail.line().unwrap(), json!({"type": "records", "id": 7, "count": 1}));
        assert_eq!(tail.line().unwrap()["seq"], number);
        server.record(number);
    }
    server.stop();
}

#[test]
fn a_client_that_speaks_during_its_tail_is_told_why_that_ends() {
    let server = Server::with(1);
    let mut tail = server.greeted();
    tail.say("{\"type\":\"tail\",\"id\":7,\"after\":0}\n{\"type\":\"status\",\"id\":8}\n");
    let (records, end) = tail.answer();
    assert_eq!(records.len(), 1);
    assert_eq!((&end["type"], &end["id"]), (&json!("failure"), &json!(7)));
    assert_eq!(end["code"], "bad-request");
    assert_eq!(tail.line(), None);
    server.stop();
}

#[tokio::test]
async fn a_client_that_left_is_told_from_one_that_only_listens() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("socket");
    let listener = bind(&socket).unwrap();
    let client = UnixStream::connect(&socket).unwrap();
    let mut served = connection::Client::new(listener.accept().await.unwrap());
    client.shutdown(Direction::Write).unwrap();
    let listens = tokio::time::timeout(Duration::from_millis(50), served.interrupted()).await;
    assert!(listens.is_err());
    drop(client);
    assert!(matches!(served.interrupted().await, connection::Gone::Left));
}

#[test]
fn records_that_are_not_there_do_not_keep_an_export_from_ending() {
    let server = Server::committed(2, Some(9));
    let mut export = server.greeted();
    export.ask(&json!({"type": "export", "id": 1}));
    let (records, end) = export.answer();
    assert_eq!(records.len(), 2);
    assert_eq!(end, json!({"type": "done", "id": 1, "seq": 9}));
    server.stop();
}

#[tokio::test]
async fn a_question_that_panics_costs_no_thread() {
    let dir = tempfile::tempdir().unwrap();
    let queries = Queries::start(&store::open(dir.path()).unwrap().reader());
    for _ in 0..=queries::THREADS {
        assert_eq!(queries.ask::<()>(|_| panic!("of a test")).await, None);
    }
    assert_eq!(queries.ask(|_| 7).await, Some(7));
}
