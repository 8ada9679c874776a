//! What outlives session files.

use super::*;

#[test]
fn what_outlives_session_files_is_told_as_a_trace_once() {
    let typed = |session: &str, project: &str, ms: i64| {
        format!(
            "{{\"display\":\"planted-prompt\",\"pastedContents\":{{\"1\":\"planted-paste\"}},\
             \"timestamp\":{ms},\"project\":\"{project}\",\"sessionId\":\"{session}\"}}\n"
        )
    };
    let scene = Scene::new();
    scene.append("claude/projects/-w/s.jsonl", &user("s", 1));
    let history = [
        typed("s", "/w", 1_700_000_000_000),
        typed("gone", "/v", 1_700_000_000_000),
        typed("gone", "/v", 1_700_000_001_000),
        typed("gone", "/v", 1_700_001_000_000),
        typed("young", "/u", Timestamp::now().ms()),
        "{\"display\":\"planted-old\",\"timestamp\":1,\"project\":\"/old\"}\n".to_owned(),
    ];
    scene.append("claude/history.jsonl", &history.concat());
    scene.append(
        "codex/history.jsonl",
        "{\"session_id\":\"thread\",\"ts\":1700000000,\"text\":\"planted-text\"}\n",
    );
    let projects = r#"{"projects":{"/p":{"lastSessionId":"other","lastStartTime":1700000000000,
        "lastSessionFirstPrompt":"planted-first"},"/q":{},"/w":{"lastSessionId":"s"}},
        "oauthAccount":{"emailAddress":"planted-account"}}"#;
    scene.append("claude/.claude.json", projects);
    let first = scene.run().len();
    scene.append("claude/history.jsonl", &typed("gone", "/v", 1_700_000_002_000));
    assert_eq!(scene.run().len(), first, "nothing is told twice");
    fs::write(scene.path("claude/.claude.json"), projects.replace("\"/q\"", "\"/new\":{},\"/q\""))
        .unwrap();
    let records = scene.run();
    let traces = records.iter().filter_map(|record| match &record.body {
        Body::SessionStarted(session) if session.trace => {
            assert_eq!(record.evidence, Evidence::Registry);
            Some((session.session.as_str(), session.cwd.as_deref(), record.at.ms()))
        }
        _ => None,
    });
    let mut traces: Vec<_> = traces.collect();
    traces.sort();
    let at = 1_700_000_000_000;
    let expected = [("gone", Some("/v"), at), ("other", Some("/p"), at), ("thread", None, at)];
    assert_eq!(traces, expected);
    let dirs = records.iter().filter_map(|record| match &record.body {
        Body::DirTouched(it) if record.evidence == Evidence::Registry => {
            Some((it.dir.as_str(), it.how.as_str(), it.session.as_deref(), it.agent.as_deref()))
        }
        _ => None,
    });
    let mut dirs: Vec<_> = dirs.collect();
    dirs.sort();
    let expected = [
        // Of "/q" nobody knows when it came.
        ("/new", "trust", None, Some("claude")),
        ("/p", "trust", Some("other"), None),
        ("/v", "launch", Some("gone"), None),
        ("/v", "launch", Some("gone"), None),
    ];
    assert_eq!(dirs, expected, "once in a quarter-hour");
    scene.claim_nothing_planted();
}

#[test]
fn a_trace_that_waits_is_told_at_a_later_start() {
    let scene = Scene::new();
    let young = Timestamp::now().ms() - 10 * 60 * 1000 + 1500;
    let line = format!("{{\"session_id\":\"thread\",\"ts\":{},\"text\":\"x\"}}\n", young / 1000);
    scene.append("codex/history.jsonl", &line);
    let traces = |records: &[Record]| {
        let is_trace = |record: &&Record| matches!(&record.body, Body::SessionStarted(session) if session.trace);
        records.iter().filter(is_trace).count()
    };
    assert_eq!(traces(&scene.run()), 0);
    while Timestamp::now().ms() - young / 1000 * 1000 <= 10 * 60 * 1000 {
        std::thread::yield_now();
    }
    assert_eq!(traces(&scene.run()), 1);
    assert_eq!(traces(&scene.run()), 1);
}
