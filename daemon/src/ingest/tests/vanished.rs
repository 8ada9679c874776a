//! Session files that are gone, some of them too early.

use super::*;

/// Sessions whose files are told to have vanished too early.
fn vanished(records: &[Record]) -> Vec<&str> {
    let findings = records.iter().filter_map(|record| match &record.body {
        Body::Finding(finding) if finding.code == "session-file-vanished" => {
            finding.session.as_deref()
        }
        _ => None,
    });
    let mut findings: Vec<_> = findings.collect();
    findings.sort_unstable();
    findings
}

#[test]
fn a_file_that_goes_before_its_agent_sweeps_it_is_a_finding_once() {
    const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    let scene = Scene::new();
    let rollout = "codex/sessions/2026/11/01/rollout-2026-11-01T00-00-00-t.jsonl";
    let meta = "{\"timestamp\":\"2026-11-20T09:00:01.000Z\",\"type\":\"session_meta\",\"payload\":\
        {\"id\":\"t\",\"timestamp\":\"2026-11-20T09:00:01.000Z\",\"cwd\":\"/w\"}}\n";
    scene.append(rollout, meta);
    let claude = |session: &str| format!("claude/projects/-w/{session}.jsonl");
    // Of `swept` it is what the agent does by itself.
    for (session, days) in [("fresh", 0), ("week", 7), ("swept", 31)] {
        scene.append(&claude(session), &user(session, 1));
        let file = File::options().write(true).open(scene.path(&claude(session))).unwrap();
        file.set_modified(std::time::SystemTime::now() - DAY * days).unwrap();
    }
    scene.append(&claude("aside"), &user("aside", 1));
    scene.append("claude/projects/-w/fresh/subagents/agent-a.jsonl", &user("fresh", 2));
    assert_eq!(vanished(&scene.run()), [""; 0]);
    let aside = scene.path("claude/projects/-w/aside.jsonl.superseded-1");
    fs::rename(scene.path(&claude("aside")), aside).unwrap();
    fs::remove_dir_all(scene.path("claude/projects/-w/fresh")).unwrap();
    for session in ["fresh", "week", "swept"] {
        fs::remove_file(scene.path(&claude(session))).unwrap();
    }
    fs::remove_file(scene.path(rollout)).unwrap();
    for _ in 0..2 {
        assert_eq!(vanished(&scene.run()), ["fresh", "t", "week"]);
    }
}

#[test]
fn a_file_that_its_settings_let_claude_sweep_is_no_finding() {
    let scene = Scene::new();
    scene.append("claude/settings.json", r#"{"cleanupPeriodDays": 2}"#);
    scene.append("claude/projects/-w/s.jsonl", &user("s", 1));
    let file = File::options().write(true).open(scene.path("claude/projects/-w/s.jsonl")).unwrap();
    let days = std::time::Duration::from_secs(3 * 24 * 60 * 60);
    file.set_modified(std::time::SystemTime::now() - days).unwrap();
    scene.run();
    fs::remove_file(scene.path("claude/projects/-w/s.jsonl")).unwrap();
    assert_eq!(vanished(&scene.run()), [""; 0]);
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
fn a_file_that_comes_back_is_there_again_and_its_calls_are_counted_on() {
    let call = |number: u32| {
        format!(
            "{{\"type\":\"assistant\",\"uuid\":\"c{number}\",\"sessionId\":\"s\",\"timestamp\":\
             \"2026-11-20T09:00:1{number}.000Z\",\"cwd\":\"/w\",\"message\":{{\"id\":\"m{number}\",\"content\":\
             [{{\"type\":\"tool_use\",\"id\":\"t{number}\",\"name\":\"Bash\",\"input\":{{\"command\":\"make\"}}}}]}}}}\n\
             {{\"type\":\"user\",\"uuid\":\"r{number}\",\"sessionId\":\"s\",\"timestamp\":\
             \"2026-11-20T09:00:1{number}.500Z\",\"cwd\":\"/w\",\"message\":{{\"content\":[{{\"type\":\
             \"tool_result\",\"tool_use_id\":\"t{number}\"}}]}},\"toolUseResult\":{{\"stdout\":\"\"}}}}\n"
        )
    };
    let scene = Scene::new();
    let file = "claude/projects/-w/s.jsonl";
    scene.append(file, &[user("s", 1), call(1), call(2)].concat());
    scene.run();
    let text = fs::read(scene.path(file)).unwrap();
    fs::remove_file(scene.path(file)).unwrap();
    scene.run();
    // Another file by its number, with the same content.
    fs::write(scene.path("elsewhere"), &text).unwrap();
    fs::rename(scene.path("elsewhere"), scene.path(file)).unwrap();
    scene.append(file, &call(3));
    let records = scene.run();
    let told = records.iter().filter_map(|record| match &record.body {
        Body::SessionUpdated(session) => Some((record.at, session)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let gone = told.iter().find(|(_, session)| session.transcript_gone).unwrap().0;
    let is_back = told.iter().any(|(at, session)| {
        session.transcript.is_some() && !session.transcript_gone && *at >= gone
    });
    assert!(is_back, "{told:#?}");
    let calls = told.iter().filter_map(|(_, session)| session.shell_calls).max();
    assert_eq!(calls, Some(3));
}
