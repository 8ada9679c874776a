//! What is told of the session itself.

use serde_json::json;

use super::*;

fn text(word: Option<&Word>) -> Option<&str> {
    word.map(Word::as_str)
}

#[test]
fn a_session_is_told_once_and_then_only_what_changes() {
    let mode = json!({"type": "permission-mode", "permissionMode": "plan", "sessionId": SESSION});
    let read = Read::default()
        .of("user", &json!({"permissionMode": "acceptEdits", "message": {"content": "x"}}))
        .of("user", &json!({"message": {"content": "y"}}))
        .line(&mode)
        .line(&mode)
        .of("assistant", &json!({"message": {"model": "claude-sonnet-5"}, "gitBranch": "HEAD"}))
        .of("user", &json!({"cwd": "/home/ada/src/widget/sub"}));
    let [first, mode, model, moved] = read.sessions()[..] else { panic!("{:?}", read.facts) };
    assert_eq!(text(first.version.as_ref()), Some("2.1.330"));
    assert_eq!(text(first.branch.as_ref()), Some("main"));
    assert_eq!(text(first.entrypoint.as_ref()), Some("cli"));
    assert_eq!(text(first.permission_mode.as_ref()), Some("acceptEdits"));
    assert_eq!(text(mode.permission_mode.as_ref()), Some("plan"));
    assert_eq!((text(model.model.as_ref()), &model.cwd), (Some("claude-sonnet-5"), &None));
    assert_eq!(moved.cwd, Place::new("/home/ada/src/widget/sub"));
}

#[test]
fn a_session_moves_into_a_working_tree_and_back() {
    let worktree = json!({"originalCwd": "/w", "worktreePath": "/w/.claude/worktrees/fix"});
    let read = Read::default()
        .line(&json!({"type": "worktree-state", "worktreeSession": worktree, "sessionId": SESSION}))
        .line(&json!({"type": "worktree-state", "worktreeSession": null, "sessionId": SESSION}))
        .line(&json!({"type": "relocated", "relocatedCwd": "/w", "sessionId": SESSION}))
        .line(
            &json!({"type": "continued-in", "continuedInSessionId": OTHER, "sessionId": SESSION}),
        );
    let [into, back, on] = read.sessions()[..] else { panic!("{:?}", read.facts) };
    assert_eq!(into.cwd, Place::new("/w/.claude/worktrees/fix"));
    assert_eq!(back.cwd, Place::new("/w"));
    assert_eq!(text(on.continued_in.as_ref()), Some(OTHER));
}

#[test]
fn a_subagent_is_itself_and_has_a_parent() {
    let read = Read::default().of(
        "assistant",
        &json!({"agentId": "a1", "isSidechain": true, "message": {
            "id": "m", "model": "x", "usage": {"input_tokens": 1, "output_tokens": 2}}}),
    );
    let parent = read.sessions()[0].parent.as_ref().unwrap();
    assert_eq!((parent.session.as_str(), parent.how), (SESSION, Descent::Subagent));
    assert_eq!(text(read.facts[0].who.subagent.as_ref()), Some("a1"));
    let What::Usage(usage) = &read.facts[1].what else { panic!() };
    assert!(usage.sidechain);
}

#[test]
fn a_copy_is_known_by_its_mark_or_by_its_age() {
    let queued = json!({"type": "queue-operation", "operation": "enqueue", "sessionId": SESSION,
        "timestamp": "2026-11-20T10:00:00.000Z"});
    let marked = json!({"forkedFrom": {"sessionId": OTHER, "messageUuid": "x"},
        "message": {"model": "m"}});
    let newer = json!({"requestSessionId": OTHER, "message": {"model": "m"}});
    for (line, parent) in [(marked, Some(OTHER)), (newer, Some(OTHER)), (json!({}), None)] {
        let read = Read::default().line(&queued).of("assistant", &line);
        let read = read.of("user", &json!({"timestamp": "2026-11-20T10:00:01.000Z"}));
        let told = read.sessions();
        let told = told.iter().find_map(|session| session.parent.as_ref());
        assert_eq!(told.map(|parent| parent.session.as_str()), parent, "{line}");
        assert!(told.is_none_or(|parent| parent.how == Descent::Fork));
        assert_eq!(read.facts.last().map(|fact| fact.copied), Some(false));
        assert!(read.facts.iter().all(|fact| fact.copied || text_of(fact) != Some("m")));
    }
    let old = |hour: &str| {
        let at = json!({"timestamp": format!("2026-11-20T{hour}:00:00.000Z"), "message": {
            "id": "m", "model": "x", "usage": {"input_tokens": 1, "output_tokens": 2}}});
        let read = Read::default().line(&queued).of("assistant", &at).of(
            "user",
            &json!({
            "timestamp": "2026-11-20T10:00:01.000Z"}),
        );
        // A clock that goes back makes no copy of what follows.
        let read = read.of("assistant", &at);
        let told = read.facts.iter().filter(|fact| matches!(fact.what, What::Usage(_)));
        told.map(|fact| fact.copied).collect::<Vec<_>>()
    };
    assert_eq!(old("09"), [true, false]);
    assert_eq!(old("10"), [false, false]);
}

fn text_of(fact: &Fact) -> Option<&str> {
    match &fact.what {
        What::Session(session) => session.model.as_ref().map(Word::as_str),
        _ => None,
    }
}

#[test]
fn compactions_links_and_the_agent_s_own_sum_are_told() {
    let link = json!({"type": "pr-link", "prNumber": 7, "prUrl": "https://git.example.com/w/pull/7",
        "prRepository": "w", "timestamp": "2026-11-20T09:00:03.100Z", "sessionId": SESSION});
    let sums = json!({"type": "cost-state", "sessionId": SESSION, "totalCostUSD": 0.1, "modelUsage": {
        "a": {"inputTokens": 40, "outputTokens": 290, "cacheReadInputTokens": 1,
            "cacheCreationInputTokens": 1000, "costUSD": 0.0123},
        "b": {"inputTokens": 2, "outputTokens": 3}}});
    let mut read = Read::default()
        .of("system", &json!({"subtype": "compact_boundary", "compactMetadata": {"preTokens": 9}}))
        .of("system", &json!({"subtype": "turn_duration", "durationMs": 9}))
        .line(&link)
        .line(&link)
        .line(&sums);
    let compacted = |fact: &&Fact| matches!(fact.what, What::Compacted(_));
    assert_eq!(read.facts.iter().filter(compacted).count(), 1);
    let [Target::PullRequest(_), Target::PullRequest(_)] = read.links()[..] else { panic!() };
    let Some(What::Reported(sum)) = read.facts.last().map(|fact| &fact.what) else { panic!() };
    assert_eq!((sum.input, sum.output, sum.cache_write_5m), (42, 293, 1000));
    assert!(read.transcript.take_drift().is_empty());
}
