//! What is told of the thread itself, and whose lines are whose.

use serde_json::json;

use super::*;

fn text(word: Option<&Word>) -> Option<&str> {
    word.map(Word::as_str)
}

#[test]
fn a_thread_is_told_once_and_then_only_what_changes() {
    let meta = json!({"id": THREAD, "session_id": THREAD, "cwd": "/w", "originator": "codex_exec",
        "cli_version": "0.169.0", "source": "exec", "model_provider": "openai",
        "git": {"commit_hash": "5f1c0de", "branch": "main",
            "repository_url": "https://bot:token@git.example.com/team/widget.git"}});
    let turn = json!({"cwd": "/w", "model": "m", "approval_policy": "never",
        "sandbox_policy": {"type": "workspace-write", "writable_roots": []}});
    let settings = json!({"type": "thread_settings_applied", "thread_settings": {
        "cwd": "/w/sub", "model": "n", "model_provider_id": "mock",
        "approval_policy": {"granular": {"rules": true}}, "permission_profile": {"type": "disabled"}}});
    let read = Read::default()
        .of("session_meta", &meta)
        .of("turn_context", &turn)
        .of("turn_context", &turn)
        .of("event_msg", &settings);
    let [thread, turn, applied] = read.sessions()[..] else { panic!("{:?}", read.facts) };
    assert_eq!(text(thread.remote.as_ref()), Some("https://git.example.com/team/widget.git"));
    assert_eq!(text(thread.commit.as_ref()), Some("5f1c0de"));
    assert_eq!(text(thread.source.as_ref()), Some("exec"));
    assert_eq!(text(turn.approval_policy.as_ref()), Some("never"));
    assert_eq!((text(turn.sandbox.as_ref()), &turn.cwd), (Some("workspace-write"), &None));
    assert_eq!(applied.cwd, Place::new("/w/sub"));
    assert_eq!(text(applied.approval_policy.as_ref()), Some("granular"));
    assert_eq!(text(applied.sandbox.as_ref()), Some("danger-full-access"));
    assert_eq!(text(applied.provider.as_ref()), Some("mock"));
}

#[test]
fn a_thread_knows_where_it_came_from() {
    let parent = |more: Value| {
        let mut meta = json!({"id": THREAD});
        meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let read = Read::default().of("session_meta", &meta);
        let session = read.sessions().into_iter().next();
        session.and_then(|session| session.parent.clone()).map(|parent| parent.how)
    };
    let spawn =
        json!({"source": {"subagent": {"thread_spawn": {"parent_thread_id": OTHER, "depth": 1}}}});
    assert_eq!(parent(spawn), Some(Descent::Subagent));
    assert_eq!(parent(json!({"parent_thread_id": OTHER})), Some(Descent::Subagent));
    assert_eq!(parent(json!({"forked_from_id": OTHER})), Some(Descent::Fork));
    assert_eq!(parent(json!({"source": {"subagent": "review"}})), None);
    assert_eq!(parent(json!({"source": "cli"})), None);
}

#[test]
fn a_parent_s_lines_tell_nothing_of_the_child() {
    let turn = |id: &str| json!({"type": "task_started", "turn_id": id});
    let work = |id: &str| command(id, "cat x", "completed");
    let read = Read::default()
        .begin()
        .of("session_meta", &json!({"id": OTHER, "cwd": "/other"}))
        .of("event_msg", &turn("019e0000-bbbb-7000-8000-000000000001"))
        .of(
            "turn_context",
            &json!({"turn_id": "019e0000-bbbb-7000-8000-000000000001", "cwd": "/no"}),
        )
        .item(&work("c1"))
        .of("event_msg", &turn("019f0000-bbbb-7000-8000-000000000001"))
        .item(&work("c2"));
    assert_eq!(read.shells().len(), 1);
    assert_eq!(read.sessions().len(), 1);
    let early = Read::default()
        .of("session_meta", &json!({"id": THREAD, "subagent_history_start_ordinal": 3}))
        .item(&work("c1"))
        .item(&work("c2"))
        .item(&work("c3"));
    assert_eq!(early.shells().len(), 1);
}

#[test]
fn a_response_is_told_with_its_model_and_disjoint_tokens() {
    let usage = json!({"input_tokens": 9000, "cached_input_tokens": 6000,
        "cache_write_input_tokens": 2000, "output_tokens": 300, "reasoning_output_tokens": 120,
        "total_tokens": 9300});
    let record = |thread: &str| json!({"thread_id": thread, "response_id": "r", "usage": usage});
    let read = Read::default()
        .begin()
        .of("turn_context", &json!({"model": "m"}))
        .of("token_usage_record", &record(OTHER))
        .of("token_usage_record", &record(THREAD));
    let [.., Fact { what: What::Usage(told), .. }] = &read.facts[..] else { panic!() };
    assert_eq!(read.facts.len(), 3);
    assert_eq!(
        (text(told.model.as_ref()), text(told.response_id.as_ref())),
        (Some("m"), Some("r"))
    );
    assert_eq!((told.tokens.input, told.tokens.cache_read), (1000, 6000));
    assert_eq!(
        (told.tokens.cache_write_5m, told.tokens.output, told.tokens.reasoning),
        (2000, 300, 120)
    );
}

/// Found by fuzzing.
#[test]
fn reasoning_is_never_more_than_the_output_that_it_is_a_part_of() {
    let usage = json!({"input_tokens": 1, "output_tokens": 2, "reasoning_output_tokens": 3});
    let record = json!({"thread_id": THREAD, "response_id": "r", "usage": usage});
    let read = Read::default().begin().of("token_usage_record", &record);
    let [.., Fact { what: What::Usage(told), .. }] = &read.facts[..] else { panic!() };
    assert_eq!((told.tokens.output, told.tokens.reasoning), (2, 2));
}

#[test]
fn a_compaction_is_told() {
    let read = Read::default().begin().of("compacted", &json!({"message": "x"}));
    assert!(matches!(read.facts[1].what, What::Compacted(_)));
}
