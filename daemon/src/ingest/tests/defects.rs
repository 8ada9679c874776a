//! What other programs are known to count wrongly: from session files to the totals of a report, each
//! defect is a test of its own.

use serde_json::{Value, json};
use trackway_protocol::record::Tokens;
use trackway_protocol::report::Report;
use trackway_report::prices::PriceList;

use super::Scene;

const S1: &str = "11111111-2222-4333-8444-555555555555";
const S2: &str = "22222222-2222-4333-8444-555555555555";
const THREAD: &str = "019f0000-aaaa-7000-8000-000000000001";
const MODEL: &str = "claude-opus-4-5";

/// Writes files, has them read, and returns the report of all of it.
fn reported(files: &[(&str, Vec<Value>)]) -> Report {
    let scene = Scene::new();
    for (path, lines) in files {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        scene.append(path, &text);
    }
    scene.run();
    scene.report("UTC")
}

/// Responses, input, output, and what was read from and written to caches.
fn totals(report: &Report) -> [u64; 5] {
    let (use_, tokens) = (&report.totals.use_, &report.totals.use_.tokens);
    let written = tokens.cache_write_5m + tokens.cache_write_1h;
    [use_.responses, tokens.input, tokens.output, tokens.cache_read, written]
}

/// A line of claude: session, time of day on November 20, the end of its uuid, and the response's id.
fn answer([session, time, uuid, id]: [&str; 4], usage: Value) -> Value {
    json!({"type": "assistant", "uuid": format!("00000000-0000-4000-8000-0000000000{uuid}"),
        "requestId": format!("req_{id}"), "sessionId": session, "cwd": "/w", "version": "2.1.197",
        "timestamp": format!("2026-11-{time}Z"),
        "message": {"id": format!("msg_{id}"), "model": MODEL, "role": "assistant", "usage": usage}})
}

fn usage([input, output, read, written]: [u64; 4]) -> Value {
    json!({"input_tokens": input, "output_tokens": output, "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written})
}

/// Returns a line with a field set, or without it.
fn with(mut line: Value, field: &str, value: Value) -> Value {
    line[field] = value;
    line
}

fn claude(name: &str) -> String {
    format!("claude/projects/-w/{name}.jsonl")
}

fn rollout(name: &str) -> String {
    format!("codex/sessions/2026/11/20/rollout-{name}.jsonl")
}

fn codex(second: u32, kind: &str, payload: Value) -> Value {
    let at = format!("2026-11-20T10:00:{second:02}.000Z");
    json!({"timestamp": at, "type": kind, "payload": payload})
}

fn meta() -> Value {
    codex(0, "session_meta", json!({"id": THREAD, "cwd": "/w", "cli_version": "0.147.0"}))
}

/// Counters: input with all of the next two, cached, written, output with the last, reasoning.
fn counts([input, cached, written, output, reasoning]: [u64; 5]) -> Value {
    json!({"input_tokens": input, "cached_input_tokens": cached, "cache_write_input_tokens": written,
        "output_tokens": output, "reasoning_output_tokens": reasoning,
        "total_tokens": input + output})
}

fn counters(second: u32, total: [u64; 5], last: [u64; 5]) -> Value {
    let info = json!({"total_token_usage": counts(total), "last_token_usage": counts(last)});
    codex(second, "event_msg", json!({"type": "token_count", "info": info}))
}

fn record(second: u32, id: &str, usage: [u64; 5]) -> Value {
    let payload = json!({"thread_id": THREAD, "response_id": id, "usage": counts(usage)});
    codex(second, "token_usage_record", payload)
}

#[test]
fn of_a_response_s_lines_the_last_counts_and_not_the_first() {
    let lines = vec![
        answer([S1, "20T09:00:01", "a1", "A"], usage([3, 1, 0, 1000])),
        answer([S1, "20T09:00:02", "a2", "A"], usage([3, 250, 0, 1000])),
    ];
    assert_eq!(totals(&reported(&[(&claude("a"), lines)])), [1, 3, 250, 0, 1000]);
}

#[test]
fn a_response_without_a_request_id_counts_once() {
    let line = |uuid| {
        let line = answer([S1, "20T09:00:01", uuid, "A"], usage([3, 250, 0, 0]));
        with(line, "requestId", Value::Null)
    };
    assert_eq!(totals(&reported(&[(&claude("a"), vec![line("a1"), line("a2")])]))[0], 1);
}

#[test]
fn responses_of_two_sessions_to_which_a_gateway_gives_one_id_are_two() {
    let line = |session, uuid| {
        let line = answer([session, "20T09:00:01", uuid, "same"], usage([3, 250, 0, 0]));
        with(line, "requestId", Value::Null)
    };
    let files = [(&*claude("a"), vec![line(S1, "a1")]), (&*claude("b"), vec![line(S2, "b1")])];
    assert_eq!(totals(&reported(&files)), [2, 6, 500, 0, 0]);
}

#[test]
fn what_a_fork_or_a_resumed_session_copies_counts_once() {
    let own = answer([S1, "20T09:00:01", "a1", "A"], usage([3, 250, 0, 0]));
    let copy = with(own.clone(), "sessionId", S2.into());
    let files = [(&*claude("a"), vec![own]), (&*claude("b"), vec![copy])];
    assert_eq!(totals(&reported(&files)), [1, 3, 250, 0, 0]);
}

#[test]
fn what_a_subagent_is_told_again_counts_once() {
    let own = answer([S1, "20T09:00:01", "a1", "A"], usage([3, 250, 0, 0]));
    let again = with(own.clone(), "uuid", "00000000-0000-4000-8000-0000000000b1".into());
    let again = with(with(again, "isSidechain", true.into()), "requestId", "req_other".into());
    let again = with(again, "agentId", "a1".into());
    let files = [(&*claude("a"), vec![own]), (&*claude("a/subagents/agent-a1"), vec![again])];
    assert_eq!(totals(&reported(&files)), [1, 3, 250, 0, 0]);
}

#[test]
fn what_is_cached_for_an_hour_costs_what_an_hour_does() {
    let split = json!({"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 3000});
    let usage = with(usage([0, 0, 0, 4000]), "cache_creation", split);
    let line = answer([S1, "20T09:00:01", "a1", "A"], usage);
    let report = reported(&[(&claude("a"), vec![line])]);
    let price = PriceList::known().find("claude", MODEL).unwrap();
    assert!(price.cache_write_1h > price.cache_write_5m);
    let tokens = Tokens { cache_write_5m: 1000, cache_write_1h: 3000, ..Tokens::default() };
    assert_eq!(report.totals.use_.tokens, tokens);
    let micro = u64::try_from(price.of(&tokens) / 1_000_000).unwrap();
    assert_eq!(report.totals.use_.cost_microusd, Some(micro));
}

#[test]
fn a_response_is_of_the_day_on_which_it_began() {
    let lines = vec![
        answer([S1, "20T23:59:59.900", "a1", "A"], usage([3, 1, 0, 0])),
        answer([S1, "21T00:00:01", "a2", "A"], usage([3, 250, 0, 0])),
    ];
    let report = reported(&[(&claude("a"), lines)]);
    let busy = report.days.iter().filter(|day| day.use_.responses > 0);
    let busy: Vec<_> = busy.map(|day| (&*day.date, day.use_.tokens.output)).collect();
    assert_eq!(busy, [("2026-11-20", 250)]);
}

/// Where another model takes over in the middle of a response, it is that one's.
#[test]
fn a_response_s_model_and_tokens_are_those_of_one_line() {
    let mut first = answer([S1, "20T09:00:01", "a1", "A"], usage([3, 10, 0, 1000]));
    first["message"]["model"] = "claude-opus-4-1".into();
    let last = answer([S1, "20T09:00:02", "a2", "A"], usage([900, 250, 100, 0]));
    let report = reported(&[(&claude("a"), vec![first, last])]);
    assert_eq!(totals(&report), [1, 900, 250, 100, 0]);
    let models: Vec<_> = report.models.iter().map(|model| model.model.as_deref()).collect();
    assert_eq!(models, [Some(MODEL)]);
}

#[test]
fn counters_that_are_told_again_count_once() {
    let told = [100, 60, 0, 30, 10];
    let lines =
        vec![meta(), counters(1, told, told), counters(2, told, told), counters(3, told, told)];
    assert_eq!(totals(&reported(&[(&rollout("a"), lines)])), [1, 40, 30, 60, 0]);
}

#[test]
fn reasoning_is_a_part_of_the_output_and_not_added_to_it() {
    let told = [100, 0, 0, 30, 10];
    let report = reported(&[(&rollout("a"), vec![meta(), counters(1, told, told)])]);
    let tokens = report.totals.use_.tokens;
    assert_eq!((tokens.output, tokens.reasoning), (30, 10));
}

#[test]
fn what_codex_writes_to_a_cache_is_told_and_is_no_input() {
    let told = [100, 60, 25, 30, 0];
    let lines = vec![meta(), counters(1, told, told)];
    assert_eq!(totals(&reported(&[(&rollout("a"), lines)])), [1, 15, 30, 60, 25]);
}

#[test]
fn records_of_usage_count_and_the_counters_beside_them_do_not() {
    let (old, new) = ([100, 0, 0, 10, 0], [40, 0, 0, 5, 0]);
    let lines = vec![
        meta(),
        counters(1, old, old),
        record(2, "r1", new),
        counters(3, [140, 0, 0, 15, 0], new),
    ];
    assert_eq!(totals(&reported(&[(&rollout("a"), lines)])), [2, 140, 15, 0, 0]);
}

#[test]
fn a_compaction_counts_though_no_counter_tells_of_it() {
    let (one, compaction) = ([100, 0, 0, 10, 0], [80, 0, 0, 7, 0]);
    let lines = vec![
        meta(),
        record(1, "r1", one),
        counters(2, one, one),
        record(3, "r2", compaction),
        codex(4, "compacted", json!({"message": ""})),
        counters(5, one, [0; 5]),
    ];
    assert_eq!(totals(&reported(&[(&rollout("a"), lines)])), [2, 180, 17, 0, 0]);
}

/// The importer of other agents' sessions writes nothing but a total.
#[test]
fn an_estimate_and_an_imported_thread_s_total_are_no_usage() {
    let info = json!({"total_token_usage": {"total_tokens": 5000}, "last_token_usage": {"total_tokens": 5000}});
    let line = codex(1, "event_msg", json!({"type": "token_count", "info": info}));
    let last = with(counts([0; 5]), "total_tokens", 255_740.into());
    let total = with(counts([0; 5]), "total_tokens", 258_400.into());
    let info = json!({"total_token_usage": total, "last_token_usage": last});
    let full = codex(2, "event_msg", json!({"type": "token_count", "info": info}));
    let told = [100, 0, 0, 30, 0];
    let lines = vec![meta(), line, full, counters(3, told, told)];
    assert_eq!(totals(&reported(&[(&rollout("a"), lines)])), [1, 100, 30, 0, 0]);
}

#[test]
fn a_thread_that_was_archived_or_is_in_two_pages_counts_once() {
    let told = [100, 0, 0, 30, 0];
    let first = vec![meta(), record(1, "r1", told)];
    let base = json!({"id": THREAD, "cwd": "/w", "history_base": {"thread_id": THREAD}});
    let page = vec![codex(2, "session_meta", base), record(1, "r1", told), record(3, "r2", told)];
    let files = [
        (&*rollout("a"), first.clone()),
        ("codex/archived_sessions/rollout-a.jsonl", first),
        (&*rollout("b"), page),
    ];
    assert_eq!(totals(&reported(&files)), [2, 200, 60, 0, 0]);
}

#[test]
fn a_compressed_thread_counts_and_once_beside_its_text() {
    let told = [100, 0, 0, 30, 0];
    let scene = Scene::new();
    let text: String =
        [meta(), record(1, "r1", told)].iter().map(|line| format!("{line}\n")).collect();
    let packed = zstd::stream::encode_all(text.as_bytes(), 0).unwrap();
    let path = scene.path("codex/archived_sessions/rollout-a.jsonl.zst");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, packed).unwrap();
    scene.run();
    assert_eq!(totals(&scene.report("UTC")), [1, 100, 30, 0, 0]);
    scene.append(&rollout("a"), &text);
    scene.run();
    assert_eq!(totals(&scene.report("UTC")), [1, 100, 30, 0, 0]);
}
