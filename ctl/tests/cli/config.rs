//! `config` and what is asked below it; what `tail` and `show` tell of configuration.

use std::sync::mpsc;

use serde_json::{Value, json};

use crate::fake::{Fake, LAUNCH, block, record};

const CHANGE: &str = r#"{"seq":9,"at":"2026-11-16T11:57:00.000Z","agent":"claude","scope":"project","file":"settings","path":"/home/ann/src/\u001b[2J/.claude/settings.json","dir":"/home/ann/src","repo":null,"found":false,"key":"permissions.defaultMode","what":"changed","before":"default","after":"bypassPermissions\u202e","risk":"high","why":"every tool runs without being asked","launches":["3f2a9c41-0000-8000-8000-000000000001"],"written_by":[],"evidence":"config"}"#;

const IN_FORCE: &str = r#"{"agent":"claude","key":"model","value":"opus","layer":"user","path":"/home/ann/.claude/settings.json","since":null,"in_force":true,"why":null,"risk":"none"}"#;
const NOT_IN_FORCE: &str = r#"{"agent":"claude","key":"model","value":"haiku","layer":"local","path":"/x","since":null,"in_force":false,"why":"not trusted","risk":"none"}"#;
const PERHAPS: &str = r#"{"agent":"claude","key":"env.TOKEN","value":null,"layer":"env","path":null,"since":null,"in_force":"unknown","why":null,"risk":"low"}"#;

const FINDING: &str = r#"{"risk":"high","agent":"codex","scope":"user","dir":null,"path":"/home/ann/.codex/config.toml","key":"sandbox_mode","value":"danger-full-access","why":"Commands write anywhere.","fix":"Set it to workspace-write.","since":"2026-11-16T11:57:00.000Z"}"#;

/// Returns what a daemon is asked by a command line.
fn asked(args: &[&str]) -> Value {
    let (sender, requests) = mpsc::channel();
    let daemon = Fake::answering(move |request| {
        sender.send(request.clone()).unwrap();
        block("rows", &[])
    });
    let ended = daemon.run(args);
    assert_eq!(ended.code, 0, "{ended:?}");
    requests.recv().unwrap()
}

#[test]
fn flags_become_the_filter() {
    let range = ["--since", "2026-11-16", "--until", "2026-11-23T00:00:00Z"];
    let of = ["--agent", "codex", "--session", "01", "--launch", "3f", "--risk", "medium"];
    let place = ["--dir", "~/src", "--repo", "github.com/a/b", "--limit", "5", "--found"];
    assert_eq!(
        asked(&[&["config", "--json"][..], &range, &of, &place].concat()),
        json!({"type": "config", "id": 1, "filter": {
            "since_ms": 1_794_787_200_000_i64, "until_ms": 1_795_392_000_000_i64,
            "agent": "codex", "session": "01", "launch": "3f", "risk": "medium",
            "repo": "github.com/a/b", "dir": "/home/ann/src", "found": true, "limit": 5,
        }})
    );
    assert_eq!(asked(&["config"])["filter"], json!({"limit": 51}));
    let args = ["config", "findings", "--risk", "low", "--agent", "claude", "--dir", "~/src"];
    assert_eq!(
        asked(&args),
        json!({"type": "findings", "id": 1, "filter":
            {"risk": "low", "agent": "claude", "dir": "/home/ann/src"}})
    );
}

#[test]
fn what_is_in_force_is_asked_of_nothing_that_was_not_named() {
    let bare = json!({"type": "settings", "id": 1, "filter": {}});
    assert_eq!(asked(&["config", "show"]), bare);
    for (args, filter) in [
        (
            &["--agent", "codex", "--dir", "~/x"][..],
            json!({"agent": "codex", "dir": "/home/ann/x"}),
        ),
        (&["--launch", "3f"], json!({"launch": "3f"})),
        (&["--session", "01"], json!({"session": "01"})),
    ] {
        assert_eq!(asked(&[&["config", "show"], args].concat())["filter"], filter);
    }
    let at = asked(&["config", "show", "--at", "2026-11-16", "--json"]);
    assert_eq!(at["at_ms"], 1_794_787_200_000_i64);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let nobody = Fake::absent();
    for args in [
        &["config", "--risk", "none"][..],
        &["config", "x"],
        &["config", "--found", "show"],
        &["config", "show", "--repo", "."],
        &["config", "show", "--launch", "a", "--session", "b"],
        &["config", "show", "--launch", "a", "--dir", "."],
        &["config", "show", "--at", "soon"],
        &["config", "show", "--limit", "1"],
        &["config", "findings", "--since", "7d"],
        &["config", "--session", ""],
    ] {
        assert_eq!(nobody.run(args).code, 2, "{args:?}");
    }
    let ended = nobody.run(&["config", "--risk", "severe"]);
    assert!(ended.stderr.contains("possible values: low, medium, high"), "{ended:?}");
}

#[test]
fn flags_for_all_commands_may_stand_around_the_question() {
    for args in [["--json", "config", "show"], ["config", "show", "--json"]] {
        assert_eq!(asked(&args)["type"], "settings");
    }
}

#[test]
fn changes_are_listed_and_cannot_act() {
    let daemon = Fake::answering(|_| block("rows", &[CHANGE]));
    let output = daemon.command(&["config"]).env("COLUMNS", "80").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\
Nov 16 11:57  claude settings ~/src/\\x1b[2J/.claude/settings.json
          while 3f2a9c41 ran
  high    permissions.defaultMode: default → 'bypassPermissions\\u{202e}'
          every tool runs without being asked
"
    );
    let table = daemon.run(&["config"]).stdout;
    let [head, row] = table.lines().collect::<Vec<_>>()[..] else { panic!("{table}") };
    assert!(head.starts_with("WHEN          RISK  AGENT"), "{table}");
    assert!(row.contains("ran  ~/src/\\x1b[2J/.claude/settings.json  permissions."), "{table}");
    assert!(
        row.ends_with("'bypassPermissions\\u{202e}'  every tool runs without being asked"),
        "{table}"
    );
}

#[test]
fn what_is_not_in_force_is_shown_where_it_is_asked_for() {
    let daemon = Fake::answering(|_| block("rows", &[IN_FORCE, NOT_IN_FORCE, PERHAPS]));
    let ended = daemon.run(&["config", "show"]);
    assert!(ended.stdout.contains("model = opus"), "{ended:?}");
    assert!(ended.stdout.contains("env.TOKEN = (set)"), "{ended:?}");
    assert!(!ended.stdout.contains("haiku"), "{ended:?}");
    assert_eq!(
        ended.stderr,
        "… 1 setting is not in force, use --all\n\
         This is what counts everywhere; `--dir .` tells what does here.\n"
    );
    let ended = daemon.run(&["config", "show", "--all", "--dir", "."]);
    assert!(ended.stdout.contains("haiku") && ended.stderr.is_empty(), "{ended:?}");
    let json = daemon.run(&["config", "show", "--json"]);
    assert_eq!(json.stdout, format!("{IN_FORCE}\n{NOT_IN_FORCE}\n{PERHAPS}\n"));
    assert_eq!(json.stderr, "");
}

#[test]
fn that_there_are_findings_is_no_failure() {
    let daemon = Fake::answering(|_| block("rows", &[FINDING]));
    let ended = daemon.run(&["config", "findings"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.starts_with("high  codex  sandbox_mode = danger-full-access\n"));
    assert!(ended.stdout.ends_with("→ Set it to workspace-write.\n"), "{ended:?}");
}

/// Returns a record of this kind.
fn of_kind(kind: &str, evidence: &str, body: &Value) -> String {
    let mut record: Value = serde_json::from_str(&record(1)).unwrap();
    record["kind"] = kind.into();
    record["evidence"] = evidence.into();
    record["body"] = body.clone();
    record.to_string()
}

#[test]
fn records_of_configuration_are_told_in_a_line() {
    let changed = of_kind(
        "config.changed",
        "config",
        &json!({"agent": "claude", "scope": "project", "file": "settings", "state": "present",
            "path": "/home/ann/src/x/.claude/settings.json", "found": true, "changes": [
            {"key": "model", "what": "set", "after": "opus"},
            {"key": "permissions.defaultMode", "what": "set", "after": "bypassPermissions",
                "risk": "high"}]}),
    );
    let daemon = Fake::answering(move |_| block("records", &[&changed]));
    let told = "claude settings ~/src/x/.claude/settings.json, found: permissions.defaultMode = \
        bypassPermissions (high), +1 more [config]\n";
    let tail = daemon.run(&["tail"]).stdout;
    assert_eq!(tail, format!("Nov 23 11:00:00  -         config    {told}"));
}

#[test]
fn the_telling_variables_of_a_launch_are_shown_like_its_flags() {
    let launch = "3f2a9c41-0000-8000-8000-000000000001";
    let started = of_kind(
        "launch.started",
        "kernel",
        &json!({"launch": launch, "agent": "claude", "env": ["ANTHROPIC_BASE_URL", "A\u{1b}"]}),
    );
    let daemon = Fake::answering(move |_| {
        let mut launch: serde_json::Value = serde_json::from_str(LAUNCH).unwrap();
        launch["env"] = json!(["ANTHROPIC_BASE_URL", "A\u{1b}"]);
        let row = format!("{{\"type\":\"rows\",\"id\":1,\"count\":1}}\n{launch}\n");
        row + &block("records", &[&started])
    });
    let shown = daemon.run(&["show", "3f2a"]).stdout;
    assert!(shown.contains("\nenvironment    ANTHROPIC_BASE_URL 'A\\x1b'\n"), "{shown}");
    assert!(shown.contains(", environment: ANTHROPIC_BASE_URL A\\x1b\n"), "{shown}");
}

#[test]
fn shells_complete_the_questions_about_configuration() {
    let nobody = Fake::absent();
    for shell in ["bash", "zsh", "fish"] {
        let script = nobody.run(&["completions", shell]).stdout;
        assert!(script.contains("findings") && script.contains("medium"), "{shell}");
    }
    let help = nobody.run(&["config", "show", "--help"]).stdout;
    assert!(help.contains("Example: trackwayctl config show --dir ."), "{help}");
}
