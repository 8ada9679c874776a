//! Every renderer with strings that whoever names a directory, a model or a key may choose: nothing
//! that a terminal acts on, or that turns text around, reaches the output, and no line of its own.
//!
//! The rows are made of one object with all fields that rows have, in which `%` stands for what was
//! captured: a field that a row type needs and the object lacks fails the test.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Record, Risk};
use trackway_protocol::report::{RepoUse, Report, ReportFinding};
use trackway_protocol::row::{
    AnyFinding, Check, ConfigRow, DirRow, FileRow, FindingRow, GapRow, LaunchRow, RepoRow,
    SessionRow, SettingRow, Status, WhoRow, ZoneCheckedRow, ZoneEntryRow, ZoneMatchRow, ZoneRow,
    ZoneTouchRow, ZonesStatus,
};

use super::record::Entry;
use super::selection::{Nothing, Unresolved};
use super::service::ServiceRow;
use super::show::Subject;
use super::who::Untouched;
use super::{
    View, checks, config, dirs, files, findings, gaps, glance, launches, repos, service, sessions,
    show, status, verify, who, written, zones,
};
use trackway_report::clean::is_unsafe;

/// One record of each kind, as it is stored.
const RECORDS: &str = include_str!("../../../protocol/tests/wire/v1/records.jsonl");

const LAUNCH: &str = "3f2a9c41-0000-8000-8000-000000000001";

/// What any row has.
const ALL: &str = r#"{
    "id": "3f2a9c41-0000-8000-8000-000000000001", "agent": "%", "agent_version": "%", "layout": "%",
    "mode": "%", "pid": 7, "started_at": "2026-11-23T11:57:00Z", "ended_at": "2026-11-23T11:58:00Z",
    "end_seen": true, "exit_code": 1, "signal": null, "duration_ms": 7, "cwd": "%",
    "repo": {"root": "%", "remote": "%", "branch": "%", "commit": "%", "main": "%", "upstream": "%"},
    "repo_unknown": "%", "argv": ["%", "%"], "flags": ["%"], "env": ["%"], "exe": "%", "tty": "%",
    "launcher": {"kind": "%", "name": "%", "pid": 1}, "parent_launch": "3f2a9c41-0000-8000-8000-000000000002",
    "endpoint": {"host": "%", "how": "%"}, "namespace": "%", "found_running": false,
    "sessions": ["%"], "links": [{"launch": "3f2a9c41-0000-8000-8000-000000000001", "session": "%",
    "how": ["%"], "evidence": "kernel"}], "unread_execs": 1, "evidence": "kernel", "dir": "%",
    "agents": ["%"], "how": ["%"], "first_at": "2026-11-23T11:57:00Z",
    "last_at": "2026-11-23T11:57:00Z", "launches": 3, "roots": ["%", "%"], "dirs": 2,
    "models": ["%"], "launch": "3f2a9c41-0000-8000-8000-000000000001", "linked_by": "%",
    "parent_session": "%", "permission_mode": "%", "sandbox": "%", "provider": "%",
    "transcript": "%", "transcript_gone_at": "2026-11-23T11:57:00Z", "trace": false, "responses": 1,
    "tokens": {"input": 1, "output": 2}, "cost_usd": null, "files_read": 1, "files_written": 1,
    "shell_calls": 2, "unresolved_calls": 1, "left_out": {"ignored": 1, "untold": 1,
    "unwatched_dirs": 1}, "path": "%", "tool": "%", "session": "%", "at": "2026-11-23T11:57:00Z",
    "times": 1, "changed": 1, "lines_added": 1, "lines_removed": 1, "paths": 3, "seq": 7,
    "scope": "%", "file": "%", "found": false, "key": "%", "what": "%", "before": "%",
    "after": "%", "risk": "high", "why": "%", "written_by": ["%"], "value": "%", "layer": "%",
    "since": "2026-11-23T11:57:00Z", "in_force": "unknown", "fix": "%", "source": "%",
    "state": "%", "from": "2026-11-23T11:57:00Z", "until": "2026-11-23T11:58:00Z", "reason": "%",
    "missed": 1, "unit": "%", "unnamed": 1, "name": "%", "version": "%", "recording": true,
    "sources": [{"name": "%", "tier": "%", "state": "%", "reason": "%",
    "since": "2026-11-23T11:57:00Z"}], "ledger": {"records": 1, "bytes": 1, "seq": 1,
    "begins_at": "2026-11-23T11:57:00Z"}, "backfill": {"state": "%", "done_bytes": 1,
    "total_bytes": 2}, "running": 1, "zone": "%", "managed": true, "severity": "high",
    "touches": 3, "pattern": "%", "rule": "%", "note": "%", "subagent": "%",
    "acknowledged_at": "2026-11-23T11:57:00Z", "acknowledged": false, "entry": null, "place": "%"
}"#;

/// Returns an object with what any row has; `own` is what this type has otherwise.
fn row<T: DeserializeOwned>(own: Value, text: &str) -> T {
    let mut all: Value = serde_json::from_str(ALL).unwrap();
    let (fields, own) = (all.as_object_mut().unwrap(), own.as_object().unwrap().clone());
    fields.extend(own);
    fill(&mut all, text);
    serde_json::from_value(all).unwrap()
}

/// Puts `text` in the place of each `%`.
fn fill(value: &mut Value, text: &str) {
    match value {
        Value::String(string) if string == "%" => text.clone_into(string),
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, text)),
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, text)),
        _ => {}
    }
}

fn session(text: &str) -> SessionRow {
    row(json!({"id": "%", "launches": [LAUNCH]}), text)
}

/// Returns records with `text` in each field that may hold any text.
fn records(text: &str) -> Vec<String> {
    RECORDS.lines().map(|line| with_text(line, text)).collect()
}

fn with_text(line: &str, text: &str) -> String {
    let mut record: Value = serde_json::from_str(line).unwrap();
    let mut places = Vec::new();
    find(&record, "", &mut places);
    for place in places {
        let old = record.pointer_mut(&place).unwrap().take();
        *record.pointer_mut(&place).unwrap() = text.into();
        // What must be an id, a time or a word of ours cannot be any text.
        if serde_json::from_value::<Record>(record.clone()).is_err() {
            *record.pointer_mut(&place).unwrap() = old;
        }
    }
    record.to_string()
}

/// Finds every string but the record's kind.
fn find(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::String(_) if at != "/kind" => places.push(at.to_owned()),
        Value::Array(values) => {
            let values = values.iter().enumerate();
            values.for_each(|(index, value)| find(value, &format!("{at}/{index}"), places));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| find(value, &format!("{at}/{key}"), places));
        }
        _ => {}
    }
}

/// Returns a glance at a day of which everything is called so.
fn glanced(status: &Status, launch: &LaunchRow, text: &str, view: &View) -> String {
    let repo = RepoUse {
        id: text.into(),
        agents: vec![text.into()],
        roots: vec![text.into()],
        ..RepoUse::default()
    };
    let finding = ReportFinding {
        agent: text.into(),
        why: text.into(),
        path: Some(text.into()),
        key: Some(text.into()),
        risk: Risk::High,
        ..ReportFinding::default()
    };
    let day = Report { repos: vec![repo], findings: vec![finding], ..Report::default() };
    let running = std::slice::from_ref(launch);
    written(|out| glance::write(status, running, Some(&day), view, out))
}

/// Returns what each renderer makes of the text, with the renderer's name.
fn everything(text: &str, view: &View) -> Vec<(&'static str, String)> {
    let launch = || row::<LaunchRow>(json!({}), text);
    let filter = Filter {
        agent: Some(text.into()),
        repo: Some(text.into()),
        dir: Some(text.into()),
        launch: Some(text.into()),
        session: Some(text.into()),
        mode: Some(text.into()),
        flag: Some(text.into()),
        endpoint: Some(text.into()),
        how: Some(text.into()),
        ..Filter::default()
    };
    let at_path = Filter { repo: None, ..filter.clone() };
    let unresolved = Unresolved { calls: 1, is_all: false };
    let untouched =
        || Untouched { begin: None, is_scoped: true, gaps: Some(1), unresolved: Some(unresolved) };
    let of_status: Status = row(
        json!({"agents": [{"agent": "%", "exe": "%", "version": "%", "counted": true}],
            "paths": {"state_dir": "%", "config": "%", "socket": "%"}, "zones": zones_status(),
            "managed": ["%"], "config_notes": ["%"],
            "scope": {"include": ["%"], "exclude": ["%"], "left_out": 1}}),
        text,
    );
    let gap = || row::<GapRow>(json!({}), text);
    let lines = records(text);
    let entries = || lines.iter().map(|line| Entry::of(line.as_bytes(), view)).collect::<Vec<_>>();
    let of_config: [ConfigRow; 2] = [
        row(json!({"launches": [LAUNCH]}), text),
        row(json!({"launches": [], "before": null, "found": true}), text),
    ];
    let of_sessions = [session(text)];
    let mut all = vec![
        (
            "checks",
            written(|out| checks::write(&[row::<Check>(json!({"found": "%"}), text)], view, out)),
        ),
        ("launches", written(|out| launches::write(&[launch()], view, out))),
        (
            "dirs",
            written(|out| dirs::write(&[row::<DirRow>(json!({"sessions": 1}), text)], view, out)),
        ),
        (
            "repos",
            written(|out| {
                repos::write(&[row::<RepoRow>(json!({"id": "%", "sessions": 1}), text)], view, out)
            }),
        ),
        ("sessions", written(|out| sessions::write(&of_sessions, view, out))),
        ("a note on sessions", sessions::note(&of_sessions, view).unwrap_or_default()),
        (
            "files",
            written(|out| files::write(&[row::<FileRow>(json!({"how": "%"}), text)], view, out)),
        ),
        ("who", written(|out| who::write(&[row::<WhoRow>(json!({}), text)], view, out))),
        ("an untouched repository", untouched().told(&filter, view)),
        ("an untouched path", untouched().told(&at_path, view)),
        ("config", written(|out| config::changes::write(&of_config, view, out))),
        (
            "settings",
            written(|out| {
                config::settings::write(&[row::<SettingRow>(json!({}), text)], view, out)
            }),
        ),
        ("no settings", written(|out| config::settings::nothing(&filter, Some(0), view, out))),
        (
            "findings",
            written(|out| {
                config::findings::write(&[row::<FindingRow>(json!({}), text)], view, out)
            }),
        ),
        (
            "all findings",
            written(|out| {
                let one = row::<AnyFinding>(json!({"code": "%", "value": "%"}), text);
                findings::write(&[one], view, out)
            }),
        ),
        (
            "verify",
            written(|out| {
                let found = json!({
                    "verdict": "altered", "origin": "%", "records": 1, "pruned": 1, "left_out": 1,
                    "sealed": 0, "checkpoints": 0, "outside": 0, "not_compared": 1, "key": "%",
                    "faults": [{"verdict": "forged", "why": "%"}], "more_faults": 1,
                });
                verify::write(&row(found, text), &view.path(text), view, out)
            }),
        ),
        ("gaps", written(|out| gaps::write(&[gap()], view, out))),
        ("a glance", glanced(&of_status, &launch(), text, view)),
        ("status", written(|out| status::write(&of_status, (Some(&[gap()]), None), view, out))),
        (
            "show a launch",
            written(|out| show::write(&Subject::Launch(launch().into()), entries(), view, out)),
        ),
        (
            "show a session",
            written(|out| {
                let subject = Subject::Session(session(text).into(), vec![launch()]);
                show::write(&subject, entries(), view, out)
            }),
        ),
    ];
    let of_service = ServiceRow {
        manager: Some("systemd"),
        file: Some(text.into()),
        state: Some(text.into()),
        pid: Some(7),
        since: Some("2026-11-23T11:57:00Z".parse().unwrap()),
        program: Some(text.into()),
        version: Some(text.into()),
        same_version: Some(false),
        state_dir: text.into(),
        ..ServiceRow::default()
    };
    all.push(("service", written(|out| service::write(&of_service, view, out))));
    all.extend(of_zones(text, view));
    for entry in entries() {
        all.push(("a record", written(|out| entry.write(view, out))));
    }
    let broken = Entry::of(format!("{{\"a\": {text}").as_bytes(), view);
    all.push(("a line that is no record", written(|out| broken.write(view, out))));
    use Nothing::{
        Configuration, Directory, Entry as Entered, File, Finding, Gap, Launch, Repository,
        Running, Session,
    };
    let of_work = [Launch, Running, Directory, Repository, Session, File];
    for nothing in of_work.into_iter().chain([Configuration, Finding, Entered, Gap]) {
        all.push(("nothing", written(|out| nothing.write(&filter, view, out))));
    }
    all
}

fn zones_status() -> Value {
    let file = json!({"path": "%", "managed": true, "state": "failing", "zones": 0,
        "since": "2026-11-23T11:57:00Z", "reason": "%"});
    json!({"files": [file], "open": 1, "worst": "high"})
}

/// Returns what is made of it that is about zones.
fn of_zones(text: &str, view: &View) -> Vec<(&'static str, String)> {
    let zone = json!({"in_force": true, "touches": ["%"], "paths": ["%"], "remotes": ["%"],
        "places": ["%", "%"], "more_places": 1, "entries": 2, "open": 1});
    let zone = row::<ZoneRow>(zone, text);
    let entry = row::<ZoneEntryRow>(json!({"how": "%"}), text);
    let touch = row::<ZoneTouchRow>(json!({"how": "%"}), text);
    let rules = [true, false]
        .map(|applies| row::<ZoneMatchRow>(json!({"applies": applies, "touches": ["%"]}), text));
    let checked = json!({"checked": true, "zones": 1, "outside": ["%"], "unknown_repos": 1,
        "blind_ms": 1, "degraded_ms": 1, "off_ms": 1, "unrecorded_ms": 1, "reading": true, "failing": ["%"]});
    let checked = row::<ZoneCheckedRow>(checked, text);
    let places = [text.to_owned()];
    let found = zones::checked::Found { places: &places, agent: Some(text), ..Default::default() };
    let mut files = json!({"zones": zones_status()});
    fill(&mut files, text);
    let files = serde_json::from_value::<ZonesStatus>(files["zones"].take()).unwrap().files;
    vec![
        ("zones", written(|out| zones::write(&[zone], view, out))),
        ("no zones", written(|out| zones::none(Some(&files), view, out))),
        ("files of rules", zones::failing(&files, view).concat()),
        (
            "entries",
            written(|out| zones::touches::entries(std::slice::from_ref(&entry), view, out)),
        ),
        ("an acknowledged entry", zones::touches::acknowledged(&entry, view)),
        ("touches", written(|out| zones::touches::found(&[&touch], view, out))),
        ("rules", written(|out| zones::matches::write(&rules, view, out))),
        ("no rule", written(|out| zones::matches::none(text, view, out))),
        ("a check", zones::checked::sentence(&checked, found, view)),
        ("what is uncertain", zones::checked::uncertain(&checked, view).concat()),
        ("what is outside", zones::checked::outside(&checked, view).concat()),
    ]
}

/// Text as somebody writes it who wants to be believed, or to be overlooked.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        proptest::sample::select(vec![
            "\x1b[2J",
            "\x1b]0;owned\x07",
            "\x1b[31m",
            "\u{9b}2J",
            "\r",
            "\n",
            "\r\n",
            "\t",
            "\u{8}",
            "\u{7f}",
            "\0",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{2028}",
            "\u{e0041}",
            "/",
            "~",
            "/home/ann",
            " ",
            "a",
            "é",
            "日本",
            "\\n",
            "\\x1b",
            "<",
            "`",
            "\u{fe0f}",
            "%",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    // Each renders everything.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_reaches_a_terminal_as_anything_but_text(
        text in any_text(),
        width in proptest::option::of(1_u16..200),
    ) {
        let view = View { width, ..View::plain() };
        for (what, shown) in everything(&text, &view) {
            let acts = shown.chars().find(|char| *char != '\n' && is_unsafe(*char));
            prop_assert_eq!(acts, None, "{}: {:?}", what, shown);
        }
    }

    #[test]
    fn no_text_makes_a_line_of_its_own(text in any_text()) {
        let (shown, plain) = (everything(&text, &View::piped()), everything("x", &View::piped()));
        for ((what, shown), (_, plain)) in shown.iter().zip(&plain) {
            prop_assert_eq!(shown.lines().count(), plain.lines().count(), "{}: {}", what, shown);
        }
    }
}

#[test]
fn every_renderer_shows_what_was_captured() {
    let shown = everything("walrus", &View::piped());
    let names: BTreeSet<_> = shown.iter().map(|(what, _)| *what).collect();
    let telling = shown.iter().filter(|(_, text)| text.contains("walrus"));
    let telling: BTreeSet<_> = telling.map(|(what, _)| *what).collect();
    let silent: Vec<_> = names.difference(&telling).collect();
    assert_eq!(silent, [&"a note on sessions"]);
}
