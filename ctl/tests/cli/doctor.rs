//! `doctor`, with and without a daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::fake::{Fake, block};

#[test]
fn the_doctor_works_without_a_daemon() {
    let nobody = Fake::absent();
    let ended = nobody.run(&["doctor"]);
    assert_eq!(ended.code, 1);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("ok      places            state in "), "{ended:?}");
    assert!(lines[1].starts_with("ok      socket-directory  "), "{ended:?}");
    assert!(lines[2].starts_with("failed  socket            "), "{ended:?}");
    assert!(lines[3].trim_start().starts_with("→ start the daemon"), "{ended:?}");
    assert_eq!(ended.stderr, "error: 1 check failed\n");
    assert_eq!(nobody.run(&["doctor", "--socket", "s"]).stdout, ended.stdout);
}

#[test]
fn the_daemons_own_checks_follow_ours() {
    let check = r#"{"name":"proc-connector","state":"ok",  "found":"acknowledged","fix":null}"#;
    let daemon = Fake::answering(move |_| block("rows", &[check]));
    fs::set_permissions(daemon.socket(), fs::Permissions::from_mode(0o600)).unwrap();
    let ended = daemon.run(&["doctor"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert!(ended.stdout.ends_with("ok  proc-connector    acknowledged\n"), "{ended:?}");
    let json = daemon.run(&["doctor", "--json"]);
    let names = json.stdout.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["name"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["places", "socket-directory", "socket", "connection", "version", "proc-connector"]
    );
    assert_eq!(json.stdout.lines().last(), Some(check));
}

#[test]
fn a_daemon_that_cannot_check_itself_fails_the_doctor_but_not_our_checks() {
    let daemon = Fake::answering(|_| {
        r#"{"type":"failure","id":1,"code":"storage","message":"the ledger is locked"}"#.into()
    });
    let ended = daemon.run(&["doctor"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("both programs are"), "{ended:?}");
    assert!(ended.stdout.contains("its own checks failed to come: the ledger is locked"));
}
