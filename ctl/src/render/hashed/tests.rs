//! That nothing of a path is left, whatever the record.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::render::csv::Rows;

const GOLDEN: &str = include_str!("../../../../protocol/tests/wire/v1/records.jsonl");
const KEY: &[u8] = b"a key of these tests";

fn hashed_with(hashing: &Hashing, line: &str) -> Value {
    let mut hashed = Vec::new();
    hashing.record(line.as_bytes(), &mut hashed);
    serde_json::from_slice(&hashed).unwrap()
}

fn hashed(line: &str) -> Value {
    hashed_with(&Hashing::new(KEY, false), line)
}

fn names() -> Names {
    Names::new(KEY, false)
}

fn record(body: &Value) -> String {
    json!({"seq": 7, "id": "01a20861-8159-7700-a526-3cdda88b8944", "at": "2026-11-28T14:14:40.009Z",
        "recorded_at": "2026-11-28T14:14:40.012Z", "kind": "k", "evidence": "kernel", "body": body})
    .to_string()
}

/// Returns a record as both formats have it.
fn written(line: &str) -> [String; 2] {
    let mut hashed = Vec::new();
    Hashing::new(KEY, false).record(line.as_bytes(), &mut hashed);
    let mut sheet = Vec::new();
    let mut rows = Rows::begin(&mut sheet, false).unwrap();
    rows.write(&hashed).unwrap();
    rows.flush().unwrap();
    drop(rows);
    [hashed, sheet].map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn the_hash_is_that_of_hmac_sha_256() {
    // printf 'path\0src' | openssl dgst -sha256 -hmac 'a key of these tests'
    assert_eq!(names().path("src"), "path:9c21bae6e8b1c5f7");
}

#[test]
fn what_lies_below_what_can_still_be_told() {
    let dir = names().path("/home/ann/src");
    let below = names().path("/home/ann/src/a");
    assert!(below.starts_with(&format!("{dir}/")), "{dir} {below}");
    assert_eq!(dir.matches('/').count(), 3);
    assert_eq!(dir.len(), "path:".len() + 3 * 17);
    assert_ne!(Names::new(b"another key of tests", false).path("/home/ann/src"), dir);
    assert_eq!(names().path("~/./../*/**/"), "path:~/./../*/**/");
    let windows = names().path(r"C:\Users/ann");
    assert!(windows.starts_with(r"path:C:\") && windows.matches('/').count() == 1, "{windows}");
    assert!(names().path(r"\\host\share").starts_with(r"path:\\"));
}

#[test]
fn a_repository_has_one_hash_whatever_its_spelling() {
    let one = names().remote("https://github.com/o/r.git");
    assert_eq!(names().remote("git@github.com:o/r"), one);
    assert_eq!(names().pull_request("https://github.com/o/r/pull/7"), one);
    assert!(one.starts_with("repo:") && one.len() == 21);
    let place = names().path("/srv/r");
    for local in ["/srv/r", "file:///srv/r", "/srv/r/.git"] {
        assert_eq!(names().remote(local), place);
    }
}

#[test]
fn remotes_are_kept_where_that_is_asked_for_but_directories_are_not() {
    let names = Names::new(KEY, true);
    for kept in ["https://github.com/o/r.git", "git@host:o/r", "ssh://host:22/r"] {
        assert_eq!(names.remote(kept), kept);
    }
    let pull = "https://github.com/o/r/pull/7";
    assert_eq!(names.pull_request(pull), pull);
    for hidden in [
        "/srv/zebra",
        "file:///srv/zebra",
        "../zebra",
        "zebra",
        "a/zebra",
        r"C:\zebra",
        "C:/zebra",
        "ext::sh -c /zebra",
        r"\\host\zebra",
        "~/zebra",
    ] {
        assert!(!names.remote(hidden).contains("zebra"), "{hidden}");
    }
}

#[test]
fn of_arguments_flags_and_words_of_the_agents_stand() {
    let shown = |arguments: &[&str]| {
        let body = json!({"argv": arguments, "flags": arguments});
        let hashed = hashed(&record(&body));
        assert_eq!(hashed["body"]["argv"], hashed["body"]["flags"]);
        let shown = hashed["body"]["argv"].as_array().unwrap();
        shown.iter().map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let same = [
        "claude",
        "-p",
        "<17 bytes>",
        "--permission-mode",
        "bypassPermissions",
        "--model",
        "claude-opus-4-8",
        "--resume=11111111-2222-4333-8444-555555555555",
        "--yolo",
        "-c",
        "sandbox_mode=danger-full-access",
        "--config=model_providers.*.base_url=https://h:1",
        "--",
        "exec",
        "--sandbox=read-only",
        "-d2e",
        "<3 more>",
        "--listen",
        "ws://127.0.0.1:4500",
        "-mgpt-5",
    ];
    assert_eq!(shown(&same), same);
    let path = |path: &str| names().path(path);
    assert_eq!(
        shown(&[
            "/opt/x/claude",
            "--add-dir",
            "zebra",
            "--cd=/a",
            "-C../b",
            "-i",
            "/c d",
            "--config",
            "log_dir=zebra"
        ]),
        [
            &path("/opt/x/claude"),
            "--add-dir",
            &path("zebra"),
            &format!("--cd={}", path("/a")),
            &format!("-C{}", path("../b")),
            "-i",
            &path("/c d"),
            "--config",
            &format!("log_dir={}", path("zebra"))
        ]
    );
}

#[test]
fn of_settings_words_and_hosts_stand() {
    let change = |key: &str, after: Value| {
        let body = json!({"changes": [{"key": key, "what": "set", "after": after}]});
        let change = hashed(&record(&body))["body"]["changes"][0].clone();
        (change["key"].as_str().unwrap().to_owned(), change["after"].clone())
    };
    for (key, after) in [
        ("model", json!("gpt-5.1-codex")),
        ("env.ANTHROPIC_BASE_URL", json!("proxy.example:8443")),
        ("permissions.allow", json!("Bash(git status:*)")),
        ("permissions.deny", json!("Read(<6 bytes>)")),
        ("@file", json!("present")),
        ("cleanupPeriodDays", json!(3)),
        ("a.*.b", json!(["x", true, null])),
    ] {
        assert_eq!(change(key, after.clone()), (key.to_owned(), after));
    }
    let path = |path: &str| names().path(path);
    let (key, after) = change("projects.\"/home/ann/r.x\".trust_level", json!("trusted"));
    assert_eq!(key, format!("projects.\"{}\".trust_level", path("/home/ann/r.x")));
    assert_eq!(after, "trusted");
    assert!(!change("projects.zebra.a", json!(1)).0.contains("zebra"));
    for (key, text, shown) in [
        ("permissions.allow", "Read(~/src/**)", format!("Read({})", path("~/src/**"))),
        ("permissions.additionalDirectories", "/a", path("/a")),
        ("log_dir", "zebra", path("zebra")),
        ("x", "/a", path("/a")),
        ("x", "a/b", names().text("a/b")),
    ] {
        assert_eq!(change(key, json!(text)).1, shown, "{key}");
    }
}

#[test]
fn of_sentences_all_from_a_path_on_is_replaced() {
    let prose = |text: &str| names().prose(text);
    for plain in [
        "It ran commands for its model, and left no session file.",
        "no look for 1.5 s: the machine slept",
        "versions differ: 2.1.197 obeys a project here, 2.1.330 does not",
        "",
    ] {
        assert_eq!(prose(plain), plain);
    }
    let long = "5 directories below /home/ann/my zebra are too many";
    let rest = names().text("/home/ann/my zebra are too many");
    assert_eq!(prose(long), format!("5 directories below {rest}"));
    for text in [
        "zebra.js was run",
        "my zebra/x was run",
        r"a C:\zebra",
        "see ~/zebra",
        "'/zebra'",
        r"\\host\zebra",
        "(zebra.tar.gz)",
        "x=/zebra",
    ] {
        assert!(!prose(text).contains("zebra"), "{text}: {}", prose(text));
    }
}

#[test]
fn of_what_is_not_known_only_numbers_times_and_ids_stand() {
    let body = json!({"sky": "zebra", "clouds": [3, {"at": "2026-11-28T14:14:40.009Z",
        "/zebra": "01a20861-8159-7700-a526-3cdda88b8944", "dir_b64": "emVicmE=", "Zebra": 1}],
        "model": "a/zebra", "session": "~zebra", "path": {"zebra/x": "zebra"}, "dir": ["zebra"],
        "dir_b64": "emVicmE=", "branch": "/zebra", "tty": "/dev/zebra", "key": "trackway/zebra",
        "sealed": {"root": "zebra"}, "launcher": {"name": "zebra", "kind": "other"},
        "repo": "zebra", "body": {"body": {"cwd": "zebra"}}});
    let line = record(&body).replace("\"kind\":\"k\"", "\"kind\":\"/zebra\",\"new\":\"zebra\"");
    let hashed = hashed(&line);
    let text = hashed.to_string();
    assert!(!text.to_lowercase().contains("zebra") && !text.contains("b64"), "{text}");
    assert_eq!(hashed["body"]["clouds"][1]["at"], "2026-11-28T14:14:40.009Z");
    assert!(hashed["body"]["path"].is_object());
    for no_record in ["/zebra", "\"/zebra\"", "[\"zebra\"]", "{\"zebra\"", &"[".repeat(500)] {
        assert!(!super::tests::hashed(no_record).to_string().contains("zebra"));
    }
}

#[test]
fn every_golden_record_is_whole_but_for_its_places() {
    for line in GOLDEN.lines() {
        let before: Value = serde_json::from_str(line).unwrap();
        let after = hashed(line);
        let [text, _] = written(line);
        for place in
            ["/home", "ann/", "widget", "git.example.com", "src/repo", "claude.exe", "opt/"]
        {
            assert!(!text.contains(place), "{place}: {text}");
        }
        assert!(!text.contains("text:"), "a field or sentence is not known: {text}");
        // All fields are there, in their order.
        let fields = |json: &str| {
            let Json::Object(fields) = serde_json::from_str(json).unwrap() else { unreachable!() };
            let Some((_, Json::Object(body))) = fields.last().cloned() else { unreachable!() };
            fields.into_iter().chain(body).map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(fields(line), fields(&text));
        for field in ["seq", "id", "at", "recorded_at", "kind", "evidence"] {
            assert_eq!(before[field], after[field]);
        }
        for field in [
            "launch", "session", "agent", "argv", "flags", "reason", "why", "key", "sealed",
            "launcher", "tty", "host", "model", "endpoint", "env", "tokens", "code",
        ] {
            assert_eq!(before["body"][field], after["body"][field], "{field}");
        }
    }
}

/// Puts planted names into all that is a path in a record, and into sentences.
fn planted(value: &mut Value, plant: &str) {
    match value {
        Value::String(text) if text.contains('/') || text.contains(".git") => {
            let is_key = text.starts_with("trackway/") || text.ends_with('=');
            if !is_key {
                *text = text.replace("ann", plant).replace("repo", plant).replace("widget", plant);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| planted(value, plant)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text)
                        if name == "reason" || name == "why" || name == "unreadable" =>
                    {
                        *text += &format!(" In /home/{plant}/x it is.");
                    }
                    value => planted(value, plant),
                }
            }
        }
        _ => {}
    }
}

/// A name with what nothing else has in it: no hash and no golden record has `QX`.
fn name() -> impl Strategy<Value = String> {
    "[a-z .,=()'-]{0,4}QX[a-zA-Z0-9 ._()=,'~é-]{1,8}QX"
}

fn path() -> impl Strategy<Value = String> {
    let parts = proptest::collection::vec(name(), 1..5);
    (prop_oneof!["", "/", "~/", "../", "C:\\\\", "\\\\\\\\"], parts)
        .prop_map(|(root, parts)| format!("{root}{}", parts.join("/")))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![path().prop_map(Value::from), any::<i32>().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let field = prop_oneof![path(), "[a-z_]{1,8}".prop_map(String::from)];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(field, inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn survives(line: &str) -> Option<String> {
    written(line).into_iter().find(|text| text.contains("QX"))
}

proptest! {
    #[test]
    fn nothing_planted_survives_in_a_golden_record(plant in "QX[a-zA-Z0-9 ._é-]{1,8}QX") {
        for line in GOLDEN.lines() {
            let mut record: Value = serde_json::from_str(line).unwrap();
            planted(&mut record, &plant);
            prop_assert_eq!(survives(&record.to_string()), None);
        }
    }

    #[test]
    fn nothing_planted_survives_in_a_field_of_places(
        paths in proptest::collection::vec(path(), PLACES.len()),
        remote in path(),
        argument in path(),
        absolute in proptest::collection::vec(name(), 1..4),
        what in "(it|a file,) [a-z]{1,5}:? ",
    ) {
        // What begins so is a flag, and no path that would be recorded.
        prop_assume!(!argument.starts_with('-'));
        let absolute = format!("/{}", absolute.join("/"));
        let mut body = serde_json::Map::new();
        for (field, path) in PLACES.iter().zip(&paths) {
            body.insert((*field).to_owned(), json!(path));
            body.insert(format!("{field}_b64"), json!(path));
        }
        for field in PROSE {
            body.insert((*field).to_owned(), json!(format!("{what}{absolute} is not there")));
        }
        let flag = format!("--add-dir={argument}");
        body.insert("repo".into(), json!({"root": remote, "main": absolute, "remote": absolute,
            "upstream": format!("https://host/{remote}"), "main_b64": remote}));
        body.insert("argv".into(), json!(["claude", flag, "--cd", argument, absolute]));
        body.insert("flags".into(), json!([flag, format!("--config=log_dir={argument}")]));
        body.insert("what".into(), json!("pull-request"));
        body.insert("id".into(), json!(format!("https://host/{remote}/pull/3")));
        body.insert("launcher".into(), json!({"kind": "other", "name": argument, "pid": 3}));
        let key = format!("projects.\"{}\".x", absolute.replace('\\', "\\\\"));
        body.insert("changes".into(), json!([{"key": key, "what": "set", "after": absolute,
            "before": [format!("Read({absolute})")], "why": format!("{what}{absolute}")}]));
        prop_assert_eq!(survives(&record(&Value::Object(body))), None);
    }

    #[test]
    fn nothing_planted_survives_in_what_a_newer_daemon_says(body in any_json(), new in any_json()) {
        let body = json!({"new_thing": body, "/QX": new});
        prop_assert_eq!(survives(&record(&body)), None);
    }

    #[test]
    fn rooted_paths_survive_nowhere_in_known_fields(path in path(), field in 0..PLAIN.len()) {
        let path = if is_rooted(&path) { path } else { format!("/{path}") };
        let body = json!({PLAIN[field]: path, "changes": [{PLAIN[field]: path}],
            "endpoint": {PLAIN[field]: path}, "branch": path, "tty": path});
        prop_assert_eq!(survives(&record(&body)), None);
    }

    #[test]
    fn no_line_makes_it_panic(line in any::<Vec<u8>>()) {
        let mut hashed = Vec::new();
        Hashing::new(KEY, true).record(&line, &mut hashed);
        serde_json::from_slice::<Value>(&hashed).unwrap();
    }
}
