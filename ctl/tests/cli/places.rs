//! Questions about places: what a place is taken for, and what is said where nothing is known of it.

use std::os::unix::fs::symlink;
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};

use crate::fake::{Fake, block};

const WHO: &str = r#"{"launch":"3f2a9c41-0000-8000-8000-000000000001","session":null,"agent":"claude","agent_version":"2.1.330","mode":"headless","flags":[],"endpoint":null,"cwd":"/home/ann","path":"/home/ann/src/\u001b[2Jx","paths":2,"how":["command"],"first_at":"2020-11-16T11:57:00.000Z","last_at":"2020-11-16T11:57:00.000Z","evidence":"kernel"}"#;
const REPO: &str = r#"{"id":"github.com/o/r","repo":{"root":"/home/ann/r"},"roots":["/home/ann/r"],"agents":["codex"],"how":["launch"],"first_at":"2020-11-16T11:57:00.000Z","last_at":"2020-11-16T11:57:00.000Z","dirs":1,"launches":12,"sessions":null,"evidence":"kernel"}"#;

const STATUS: &str = r#"{"version":"0.1.0","pid":7,"started_at":"2026-11-16T08:00:00.000Z","recording":true,"sources":[],"ledger":{"records":1,"bytes":1,"seq":1,"begins_at":"2026-11-23T11:00:00.000Z"},"backfill":{"state":"done","done_bytes":0,"total_bytes":0},"running":0,"launches":0,"paths":{"state_dir":"/s","config":"/c","socket":"/k"},"agents":[]}"#;

/// Returns a daemon that knows of no touch, and the requests that it gets.
fn ignorant() -> (Fake, Receiver<Value>) {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        match request["type"].as_str() {
            Some("who") => block("rows", &[]),
            Some("gaps") => block("rows", &["{}", "{}"]),
            Some("status") => block("rows", &[STATUS]),
            Some("sessions") => block("rows", &[]),
            _ => panic!("{request}"),
        }
    });
    (daemon, requests)
}

#[test]
fn a_place_is_a_path_that_may_be_gone_or_a_remote() {
    let (daemon, requests) = ignorant();
    let here = daemon.home.path().canonicalize().unwrap();
    std::fs::create_dir(here.join("real")).unwrap();
    symlink("real", here.join("link")).unwrap();
    for (typed, asked) in [
        (".", json!({"dir": here})),
        ("link/../real/gone", json!({"dir": here.join("real/gone")})),
        ("link/gone", json!({"dir": here.join("real/gone")})),
        ("gone/x", json!({"dir": here.join("gone/x")})),
        ("~/src", json!({"dir": "/home/ann/src"})),
        ("/", json!({"dir": "/"})),
        ("https://github.com/o/r.git", json!({"repo": "https://github.com/o/r.git"})),
        ("git@github.com:o/r", json!({"repo": "git@github.com:o/r"})),
        ("github.com/o/r", json!({"repo": "github.com/o/r"})),
        ("./github.com/o/r", json!({"dir": here.join("github.com/o/r")})),
    ] {
        daemon.run(&["who", typed, "--json"]);
        let request = requests.iter().find(|request| request["type"] == "who").unwrap();
        let mut expected = asked;
        expected["helpers"] = true.into();
        assert_eq!(request["filter"], expected, "{typed}");
    }
}

#[test]
fn where_nothing_was_recorded_it_is_said_what_that_means() {
    let (daemon, requests) = ignorant();
    let args = ["who", "~/src/secret", "--agent", "codex", "--since", "2020-11-16"];
    let ended = daemon.run(&args);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let told = "No touch of ~/src/secret or anything below was recorded of codex, from 2020-11-16";
    assert!(ended.stdout.starts_with(told), "{ended:?}");
    assert!(
        ended.stdout.contains("The ledger begins 2026-11-23 11:00;")
            || ended.stdout.contains("The ledger begins Nov 23 11:00;"),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("blind: 2 gaps in the range asked for"), "{ended:?}");
    assert!(!ended.stdout.to_lowercase().contains("never"));
    let gaps = requests.iter().find(|request| request["type"] == "gaps").unwrap();
    assert_eq!(gaps["filter"], json!({"since_ms": 1_605_484_800_000_i64}));

    let json = daemon.run(&[&args[..], &["--json"]].concat());
    assert_eq!((json.code, json.stdout.as_str()), (0, ""));
    assert_eq!(json.stderr, ended.stdout, "a program gets rows alone, its user the meaning");
}

#[test]
fn what_cannot_be_learnt_about_an_absence_is_unknown() {
    let daemon = Fake::answering(|request| match request["type"].as_str() {
        Some("who") => block("rows", &[]),
        _ => r#"{"type":"failure","id":1,"code":"storage","message":"m"}"#.into(),
    });
    let ended = daemon.run(&["who", "/x"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("begins ?;"), "{ended:?}");
    assert!(ended.stdout.contains("blind: ? gaps"), "{ended:?}");
}

#[test]
fn places_are_listed_for_people() {
    let daemon = Fake::answering(|request| match request["type"].as_str() {
        Some("who") => block("rows", &[WHO]),
        _ => block("rows", &[REPO]),
    });
    let who = daemon.run(&["who", "~/src"]);
    assert_eq!((who.code, who.stderr.as_str()), (0, ""));
    assert!(who.stdout.contains("3f2a9c41  claude 2.1.330  headless"), "{who:?}");
    assert!(who.stdout.ends_with("command  ~/src/\\x1b[2Jx\n"), "{who:?}");
    let repos = daemon.run(&["repos"]);
    assert!(repos.stdout.ends_with("github.com/o/r\n"), "{repos:?}");
}
