//! Session files that are gone too early.

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
