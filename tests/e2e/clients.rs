//! Clients that mean harm, or nothing: each costs the daemon its own connection and no more.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use trackway_tests::harness::Tests;
use trackway_tests::wait;
use trackway_tests::watch::Watch;

use crate::load::{launch, wait_until_told};
use crate::stub;

pub(crate) fn all(tests: &mut Tests) {
    tests.add(garbage_is_answered_with_a_failure);
    tests.add(a_line_of_1_gb_is_cut_off);
    tests.add(a_thousand_silent_clients_keep_nobody_waiting);
    tests.add(a_client_that_never_reads_keeps_nobody_waiting);
    tests.add_alone(bad_clients_of_every_kind_at_once_cost_no_launch_and_little_memory);
}

fn garbage_is_answered_with_a_failure() {
    let watch = stub::watch();
    for garbage in
        [&b"\0\xff\xfe{]\n"[..], b"{}\n", b"[[[[[[[[\n", b"{\"type\":\"dance\",\"id\":1}\n"]
    {
        let mut client = connect(&watch);
        client.get_mut().write_all(garbage).expect("the daemon reads");
        let answer = line(&mut client);
        assert!(answer.contains("\"failure\""), "{garbage:?}: {answer}");
    }
    assert_answers(&watch);
}

fn a_line_of_1_gb_is_cut_off() {
    let watch = stub::watch();
    let before = resident(&watch);
    let mut client = connect(&watch);
    let piece = vec![b'x'; 1 << 20];
    // The daemon may hang up at any point after its limit.
    let sent = (0..1024).take_while(|_| client.get_mut().write_all(&piece).is_ok()).count();
    let mut answer = String::new();
    client.read_to_string(&mut answer).ok();
    assert!(sent < 1024, "the daemon read a line of 1 GB");
    assert_answers(&watch);
    assert!(resident(&watch) < before + 8 * 1024, "{} kB after {before}", resident(&watch));
}

fn a_thousand_silent_clients_keep_nobody_waiting() {
    let watch = stub::watch();
    allow_descriptors(4096);
    let before = resident(&watch);
    let mut clients = Vec::new();
    for index in 0..1000 {
        // Where the daemon has enough it hangs up, or lets us wait in its queue: either is well.
        let Ok(mut client) = UnixStream::connect(watch.daemon.socket()) else { break };
        if index % 3 == 1 {
            client.write_all(b"garbage").ok();
        }
        clients.push(client);
    }
    let busy = resident(&watch);
    assert!(busy < before + 32 * 1024, "{busy} kB with {} clients, {before} before", clients.len());
    let answered = || watch.daemon.try_status().filter(|status| status.recording).map(drop);
    assert!(wait::until(Duration::from_secs(5), answered).is_some(), "others are answered");
    let mut child = stub::call(&watch.world, 30).spawn().expect("the stub is there");
    child.wait().expect("it is our child");
    watch.wait_for_end(watch.wait_for_start(child.id()));
    drop(clients);
    assert_answers(&watch);
}

fn a_client_that_never_reads_keeps_nobody_waiting() {
    let watch = stub::watch();
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connect(&watch);
        let request = b"{\"type\":\"tail\",\"id\":1,\"after\":0}\n";
        client.get_mut().write_all(request).expect("the daemon reads");
        clients.push(client);
    }
    let child = stub::call(&watch.world, 30).spawn();
    let mut child = child.expect("the stub is there");
    child.wait().expect("it is our child");
    watch.wait_for_end(watch.wait_for_start(child.id()));
    assert_answers(&watch);
}

fn bad_clients_of_every_kind_at_once_cost_no_launch_and_little_memory() {
    let watch = stub::watch();
    allow_descriptors(4096);
    let before = resident(&watch);
    let over = AtomicBool::new(false);
    let is_over = || over.load(Ordering::SeqCst);
    let served = |request: &[u8]| {
        let mut client = UnixStream::connect(watch.daemon.socket()).ok()?;
        client.set_write_timeout(Some(Duration::from_millis(100))).ok()?;
        client.write_all(request).ok()?;
        Some(client)
    };
    let silent: Vec<_> = (0..300).map_while(|_| served(b"")).collect();
    let asks = [
        &b"{\"type\":\"tail\",\"id\":1,\"after\":0}\n"[..],
        b"{\"type\":\"export\",\"id\":1,\"after\":0}\n",
        b"{\"type\":\"launches\",\"id\":1}\n",
    ];
    let unread: Vec<_> = (0..60).filter_map(|index| served(asks[index % asks.len()])).collect();
    thread::scope(|scope| {
        // A line that does not end, and garbage that does, as fast as they are taken.
        for piece in [vec![b'x'; 1 << 16], b"\0\xff{]\n".repeat(1 << 12)] {
            scope.spawn(move || {
                while !is_over() {
                    let Some(mut client) = served(b"") else { continue };
                    while !is_over() && client.write_all(&piece).is_ok() {}
                }
            });
        }
        launch(&watch, 50, 50, Some(50));
        assert_answers(&watch);
        over.store(true, Ordering::SeqCst);
    });
    let rows = wait_until_told(&watch, 50);
    assert_eq!(rows.len(), 50, "{:#?}", watch.daemon.gaps());
    let after = resident(&watch);
    assert!(after < before + 32 * 1024, "{after} kB after {before}");
    drop((silent, unread));
}

fn connect(watch: &Watch) -> BufReader<UnixStream> {
    let client = UnixStream::connect(watch.daemon.socket()).expect("the daemon listens");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("the socket is ours");
    let mut client = BufReader::new(client);
    assert!(line(&mut client).contains("\"hello\""));
    client
}

fn line(client: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).expect("the daemon answers");
    line
}

fn assert_answers(watch: &Watch) {
    let asked = Instant::now();
    assert!(watch.daemon.status().recording);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

/// The daemon's resident memory in kB.
fn resident(watch: &Watch) -> u64 {
    let path = format!("/proc/{}/status", watch.daemon.pid());
    let status = fs::read_to_string(path).expect("the daemon runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("the kernel tells")
}

fn allow_descriptors(number: u64) {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum.map_or(number, |maximum| number.min(maximum));
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit }).ok();
}
