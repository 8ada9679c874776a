//! `zones` and what is asked below it: what it asks, prints, and how it ends.

use std::sync::mpsc;

use serde_json::{Value, json};

use crate::fake::{Fake, block};

const ZONE: &str = r#"{"zone":"training","managed":true,"in_force":true,"severity":"high","reason":"policy 12 \u001b[1m","agents":[],"touches":["read"],"paths":["~/src/llama-*"],"remotes":[],"rule":"9f","places":["/home/ann/src/llama-7"],"more_places":2,"entries":3,"open":1,"last_at":"2020-11-16T11:57:00.000Z"}"#;
const ENTRY: &str = r#"{"seq":1203,"id":"01a20861-8159-7700-a526-3cdda88b8950","at":"2020-11-16T11:57:00.000Z","last_at":"2020-11-16T11:57:00.000Z","touches":12,"zone":"training","managed":false,"severity":"high","agent":"claude","launch":null,"session":"76a56c1b-7339","subagent":null,"how":"read","path":"/home/ann/src/llama-7/\u001b[2Jx","pattern":"~/src/llama-*","repo":null,"rule":"9f","evidence":"transcript","acknowledged_at":"2020-11-17T11:57:00.000Z","note":null}"#;
const RULE: &str = r#"{"place":"/home/ann/src/llama-7","zone":"training","managed":false,"severity":"high","reason":null,"pattern":"~/src/llama-*","applies":true,"touches":["read"],"why":"it matches by path"}"#;
const TOUCH: &str = r#"{"place":null,"zone":"training","managed":false,"severity":"high","agent":"claude","launch":null,"session":"76a56c1b-7339","how":"read","path":"/home/ann/src/llama-7/x","first_at":"2020-11-16T11:57:00.000Z","last_at":"2020-11-16T11:57:00.000Z","evidence":"transcript","entry":1203,"acknowledged":true}"#;
const CHECKED: &str = r#"{"checked":true,"from":"2020-11-15T12:00:00.000Z","until":"2020-11-16T12:00:00.000Z","zones":3,"outside":[],"unknown_repos":0,"unresolved_calls":0,"blind_ms":0,"degraded_ms":0,"off_ms":0,"unrecorded_ms":0,"missed":0,"reading":false,"failing":[]}"#;
const STATUS: &str = r#"{"version":"0.1.0","pid":7,"started_at":"2026-11-16T08:00:00.000Z","recording":true,"sources":[],"ledger":{"records":1,"bytes":1,"seq":1},"backfill":{"state":"done","done_bytes":0,"total_bytes":0},"running":0,"launches":0,"paths":{"state_dir":"/s","config":"/c","socket":"/k"},"agents":[],"zones":{"files":[{"path":"/etc/trackway/zones.toml","managed":true,"state":"failing","zones":1,"since":"2026-11-16T08:00:00.000Z","reason":"line 3: what is this?"},{"path":"/home/ann/.config/trackway/zones.toml","managed":false,"state":"missing","zones":0,"since":"2026-11-16T08:00:00.000Z","reason":null}],"open":0,"worst":"none"}}"#;

/// Returns the row that ends a check, with other facts in it.
fn checked(facts: Value) -> String {
    let mut checked: Value = serde_json::from_str(CHECKED).unwrap();
    let Value::Object(facts) = facts else { panic!("{facts}") };
    checked.as_object_mut().unwrap().extend(facts);
    checked.to_string()
}

/// Returns a daemon that answers a check with these rows.
fn checking(rows: &[&str]) -> Fake {
    let answer = block("rows", rows);
    Fake::answering(move |_| answer.clone())
}

/// Returns what a daemon is asked by a command line.
fn asked(args: &[&str]) -> Value {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("rows", &[CHECKED])
    });
    let ended = daemon.run(&[args, &["--json"]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    requests.recv().unwrap()
}

#[test]
fn flags_become_the_request() {
    assert_eq!(asked(&["zones"]), json!({"type": "zones", "id": 1}));
    assert_eq!(
        asked(&[
            "zones",
            "entries",
            "--zone",
            "z",
            "--open",
            "--severity",
            "high",
            "--how",
            "read",
            "--since",
            "2026-11-16",
            "--agent",
            "codex",
            "--dir",
            "~/x",
            "--repo",
            "h.example/o/r",
            "--session",
            "01",
            "--launch",
            "3f",
            "--limit",
            "5",
        ]),
        json!({"type": "zone-entries", "id": 1, "zone": "z", "open": true, "filter": {
            "since_ms": 1_794_787_200_000_i64, "agent": "codex", "repo": "h.example/o/r",
            "dir": "/home/ann/x", "launch": "3f", "session": "01", "how": "read", "risk": "high",
            "limit": 5}})
    );
    assert_eq!(
        asked(&["zones", "explain", "~/a/../x", "--agent", "claude"]),
        json!({"type": "zone-explain", "id": 1, "place": "/home/ann/x", "agent": "claude"})
    );
    assert_eq!(
        asked(&["zones", "check", "~/x", "git@h:o/r", "--until", "2026-11-16", "--agent", "codex"]),
        json!({"type": "zone-check", "id": 1, "places": ["/home/ann/x", "git@h:o/r"],
            "filter": {"until_ms": 1_794_787_200_000_i64, "agent": "codex"}})
    );
    assert_eq!(
        asked(&["zones", "ack", "12", "7", "--note", "it's fine"]),
        json!({"type": "zone-ack", "id": 1, "entries": [12, 7], "note": "it's fine"})
    );
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let nobody = Fake::absent();
    let long = "é".repeat(501);
    for args in [
        &["zones", "x"][..],
        &["zones", "--open"],
        &["zones", "explain"],
        &["zones", "explain", ""],
        &["zones", "entries", "--how", "search"],
        &["zones", "entries", "--severity", "none"],
        &["zones", "check", "--limit", "1"],
        &["zones", "check", "--since", "today", "--until", "today"],
        &["zones", "ack"],
        &["zones", "ack", "0"],
        &["zones", "ack", "seven"],
        &["zones", "ack", "7", "--note", &long],
        &["zones", "ack", "7", "--note", "a\nb"],
        &["zones", "ack", "7", "--note", "\u{9b}2J"],
    ] {
        let ended = nobody.run(args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(!ended.stderr.contains('\u{9b}'), "{ended:?}");
    }
    let fits = nobody.run(&["zones", "ack", "7", "--note", &"é".repeat(500)]);
    assert_eq!(fits.code, 3, "{fits:?}");
}

#[test]
fn zones_are_listed_and_files_that_cannot_be_used_are_noted() {
    let daemon = Fake::answering(|request| match request["type"].as_str() {
        Some("zones") => block("rows", &[ZONE]),
        _ => block("rows", &[STATUS]),
    });
    let output = daemon.command(&["zones"]).env("COLUMNS", "80").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\
SEVERITY  ZONE                ENTRIES  OPEN  LAST              WHERE
high      training (managed)        3     1  2020-11-16 11:57  ~/src/llama-7 +2
      policy 12 \\x1b[1m
"
    );
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "/etc/trackway/zones.toml cannot be used: line 3: what is this?; what was in force before \
         still is: 1 zone\n"
    );
}

#[test]
fn without_any_zone_it_is_said_where_they_would_come_from() {
    let daemon = Fake::answering(|request| match request["type"].as_str() {
        Some("zones") => block("rows", &[]),
        _ => block("rows", &[STATUS]),
    });
    let ended = daemon.run(&["zones"]);
    assert_eq!(ended.code, 0);
    assert_eq!(
        ended.stdout,
        "There are no zones. Rules are read from /etc/trackway/zones.toml (the machine's) and \
         ~/.config/trackway/zones.toml (your own).\n"
    );
    assert!(ended.stderr.contains("zones.toml cannot be used: line 3"), "{ended:?}");
}

#[test]
fn entries_are_listed_and_cannot_act() {
    let daemon = checking(&[ENTRY]);
    let ended = daemon.run(&["zones", "entries"]);
    assert!(ended.stdout.contains("claude  read ×12  76a56c1b  yes  ~/src/llama-7/\\x1b[2Jx"));
    let none = checking(&[]).run(&["zones", "entries", "--open", "--zone", "a\x1b"]);
    assert_eq!(none.code, 0);
    assert!(none.stdout.starts_with("No entry into a zone is open.\n"), "{none:?}");
    assert_eq!(none.stderr, "That is of the zone a\\x1b; `trackwayctl zones` lists all.\n");
}

#[test]
fn which_rule_applies_is_told_or_that_there_is_none() {
    let told = checking(&[RULE]).run(&["zones", "explain", "~/src/llama-7"]).stdout;
    assert!(told.starts_with("high  training  applies to read: it matches by path\n"), "{told}");
    let none = checking(&[]).run(&["zones", "explain", "~/src/x"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, "No zone has ~/src/x.\n"));
}

#[test]
fn a_touch_ends_with_6_unless_somebody_acknowledged_it() {
    let open = TOUCH.replace("true", "false");
    let no_entry = open.replace("1203", "null");
    for (touch, flag, code) in [
        (TOUCH, None, 6),
        (TOUCH, Some("--open"), 0),
        (&open, Some("--open"), 6),
        (&no_entry, Some("--open"), 6),
    ] {
        let daemon = checking(&[touch, CHECKED]);
        let args: Vec<_> = ["zones", "check"].into_iter().chain(flag).collect();
        let ended = daemon.run(&args);
        assert_eq!(ended.code, code, "{touch} {flag:?}: {ended:?}");
        let json = daemon.run(&[&args[..], &["--json"]].concat());
        assert_eq!((json.code, json.stdout), (code, format!("{touch}\n{CHECKED}\n")));
    }
    let ended = checking(&[TOUCH, CHECKED]).run(&["zones", "check", "/x"]);
    assert_eq!(
        ended.stdout.lines().skip(1).collect::<Vec<_>>().join("\n"),
        "1203  2020-11-16 11:57  high      training  claude  read  76a56c1b  yes  ~/src/llama-7/x\n\
         \n\
         1 touch of a zone was recorded in /x from 2020-11-15 12:00 to 2020-11-16 12:00: 3 zones; \
         recorded 100.0 % of the time."
    );
    assert_eq!(ended.stderr, "error: zones were touched: 1 touch recorded\n");
}

#[test]
fn where_nothing_was_touched_it_is_said_what_that_is_worth() {
    let blind = checked(json!({"blind_ms": 720_000, "unresolved_calls": 4, "outside": ["/x"]}));
    let daemon = checking(&[&blind]);
    let ended = daemon.run(&["zones", "check", "/x"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        ended.stdout,
        "No touch of a zone was recorded in /x from 2020-11-15 12:00 to 2020-11-16 12:00: 3 zones; \
         recorded 99.1 % of the time, blind 12m 0s; 4 shell calls could not be read.\n"
    );
    assert_eq!(ended.stderr, "/x itself lies in no zone\n");
    let json = daemon.run(&["zones", "check", "--json"]);
    assert_eq!((json.code, json.stdout), (0, format!("{blind}\n")));
}

#[test]
fn whoever_wants_to_be_certain_is_told_of_every_reason_not_to_be() {
    let daemon = |facts| checking(&[&checked(facts)]);
    for (facts, reason) in [
        (json!({"blind_ms": 1}), "blind 1ms"),
        (json!({"unrecorded_ms": 1}), "before the first start 1ms"),
        (json!({"missed": 2}), "2 launches could not be named"),
        (json!({"missed": null}), "how many launches were missed is not known"),
        (json!({"unresolved_calls": 1}), "1 shell call could not be read"),
        (json!({"unknown_repos": 2}), "the repository of 2 places is not known"),
        (json!({"reading": true}), "not all older session files are read"),
        (json!({"failing": ["/z: line 3: x"]}), "rules cannot be used: /z: line 3: x"),
        (json!({"outside": ["/x"]}), "/x lies in no zone"),
        (json!({"zones": 0}), "no rule is in force"),
    ] {
        let daemon = daemon(facts);
        assert_eq!(daemon.run(&["zones", "check"]).code, 0, "{reason}");
        for args in [&["zones", "check", "--strict"][..], &["zones", "check", "--strict", "--json"]]
        {
            let ended = daemon.run(args);
            let error = format!("error: no touch was found, and not all is known: {reason}\n");
            assert_eq!(ended.code, 1, "{ended:?}");
            assert!(ended.stderr.ends_with(&error), "{ended:?}");
        }
    }
    let fine = daemon(json!({"degraded_ms": 86_400_000}));
    let ended = fine.run(&["zones", "check", "--strict"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.contains("with less than full sight 1d 0h"), "{ended:?}");
    let touched = checking(&[TOUCH, &checked(json!({"blind_ms": 1}))]);
    assert_eq!(touched.run(&["zones", "check", "--strict"]).code, 6);
}

#[test]
fn an_answer_that_does_not_say_what_was_looked_at_is_no_answer() {
    let ended = checking(&[]).run(&["zones", "check"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
    assert!(ended.stderr.contains("it does not say what was looked at"), "{ended:?}");
}

#[test]
fn what_was_acknowledged_is_told_and_a_wrong_number_helped() {
    let ended = checking(&[ENTRY]).run(&["zones", "ack", "1203"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.stdout, "1203: acknowledged, training, claude read ~/src/llama-7/\\x1b[2Jx\n");
    let refusal = r#"{"type":"failure","id":1,"code":"not-found","message":"record 9 is no entry into a zone"}"#;
    let daemon = Fake::answering(move |_| refusal.into());
    for args in [&["zones", "ack", "9"][..], &["zones", "ack", "9", "--json"]] {
        let ended = daemon.run(args);
        assert_eq!(ended.code, 1);
        assert_eq!(
            ended.stderr,
            "error: record 9 is no entry into a zone\n\
             hint: `trackwayctl zones entries` lists the numbers\n"
        );
    }
}
