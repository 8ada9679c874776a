//! Small files whose sums were worked out by hand.

use super::{cache_written, file, read};

const S1: &str = "11111111-2222-4333-8444-555555555555";
const S2: &str = "22222222-2222-4333-8444-555555555555";

/// An `assistant` line: uuid's end, request, session, time, message id, model, and the tokens
/// `[input, cache_creation, cache_read, output]`; `more` are fields of the line.
fn line(
    uuid: &str,
    request: Option<&str>,
    session: &str,
    at: &str,
    message: (&str, &str),
    tokens: [u64; 4],
    more: &str,
) -> String {
    let request = request.map_or("null".to_owned(), |id| format!("\"{id}\""));
    let ([input, write, read, output], (id, model)) = (tokens, message);
    format!(
        r#"{{"type":"assistant","uuid":"00000000-0000-4000-8000-0000000000{uuid}","requestId":{request},"sessionId":"{session}","timestamp":"{at}",{more}"message":{{"id":"{id}","model":"{model}","usage":{{"input_tokens":{input},"cache_creation_input_tokens":{write},"cache_read_input_tokens":{read},"output_tokens":{output}}}}}}}"#
    )
}

fn first_session(request_b: Option<&str>) -> Vec<String> {
    let a = ("msg_A", "claude-sonnet-5");
    let b = ("msg_B", "claude-sonnet-5");
    let error = r#""isApiErrorMessage":true,"#;
    vec![
        line("a2", Some("req_1"), S1, "2026-11-20T09:00:02.000Z", a, [3, 1000, 0, 1], ""),
        line("a3", Some("req_1"), S1, "2026-11-20T09:00:03.000Z", a, [3, 1000, 0, 250], ""),
        line("b1", request_b, S1, "2026-11-20T23:59:59.900Z", b, [5, 0, 1000, 8], ""),
        line("b2", request_b, S1, "2026-11-21T00:00:01.000Z", b, [5, 0, 1000, 40], ""),
        line("b3", None, S1, "2026-11-21T00:00:02.000Z", ("err-1", "<synthetic>"), [0; 4], error),
    ]
}

fn fork_and_subagent() -> [Vec<String>; 2] {
    let a = ("msg_A", "claude-sonnet-5");
    let copied = format!(r#""forkedFrom":{{"sessionId":"{S1}","messageUuid":"x"}},"#);
    let side = r#""isSidechain":true,"agentId":"a1","#;
    [
        vec![
            line(
                "a3",
                Some("req_1"),
                S2,
                "2026-11-20T09:00:03.000Z",
                a,
                [3, 1000, 0, 250],
                &copied,
            ),
            line(
                "c1",
                Some("req_3"),
                S2,
                "2026-11-21T10:00:00.000Z",
                ("msg_C", "claude-sonnet-5"),
                [7, 0, 1000, 11],
                "",
            ),
        ],
        vec![
            line(
                "d1",
                Some("req_9"),
                S1,
                "2026-11-20T09:00:10.000Z",
                ("msg_S", "claude-haiku-4-5"),
                [2, 300, 0, 20],
                side,
            ),
            line("d2", Some("req_X"), S1, "2026-11-20T09:00:11.000Z", a, [3, 1000, 0, 250], side),
        ],
    ]
}

/// Each order of the files, and of the lines in each.
fn orders(files: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut orders = Vec::new();
    for turn in 0..files.len() {
        for backward in [false, true] {
            for reversed in [false, true] {
                let mut order = files.to_vec();
                order.rotate_left(turn);
                if backward {
                    order.reverse();
                }
                for lines in &mut order {
                    if reversed {
                        lines.reverse();
                    }
                }
                orders.push(order.iter().map(|lines| file(lines)).collect());
            }
        }
    }
    orders
}

#[test]
fn a_response_counts_once_whoever_copies_or_repeats_it() {
    for request_b in [Some("req_2"), None] {
        let [fork, subagent] = fork_and_subagent();
        for order in orders(&[first_session(request_b), fork, subagent]) {
            let ledger = read(&order);
            let total = ledger.total();
            assert_eq!(ledger.records.len(), 4);
            assert_eq!((total.input, total.output, total.cache_read), (17, 321, 2000));
            assert_eq!(cache_written(&total), 1300);
        }
    }
}

#[test]
fn a_response_is_of_the_time_and_session_in_which_it_began() {
    let [fork, subagent] = fork_and_subagent();
    for order in orders(&[first_session(Some("req_2")), fork, subagent]) {
        let ledger = read(&order);
        let of = |id: &str| {
            let find = |response: &&super::super::Response| {
                response.response_id.as_ref().is_some_and(|word| word.as_str() == id)
            };
            ledger.records.values().find(find).unwrap().clone()
        };
        let at = trackway_protocol::ids::Timestamp::from_ms(of("msg_B").at.unwrap());
        assert_eq!(at.to_string(), "2026-11-20T23:59:59.900Z");
        assert_eq!(of("msg_A").who.session.as_str(), S1);
        assert_eq!(of("msg_A").who.subagent, None);
        assert_eq!(of("msg_S").who.subagent.unwrap().as_str(), "a1");
    }
}

#[test]
fn a_gateway_may_give_two_sessions_the_same_id() {
    let id = ("chatcmpl-1", "m");
    let files = [
        vec![line("e1", None, S1, "2026-11-20T09:00:00.000Z", id, [1, 0, 0, 10], "")],
        vec![line("e2", None, S2, "2026-11-20T09:00:00.000Z", id, [1, 0, 0, 10], "")],
    ];
    orders(&files).iter().for_each(|order| assert_eq!(read(order).total().output, 20));
}

#[test]
fn an_unmarked_copy_without_a_request_is_still_a_copy() {
    let id = ("chatcmpl-1", "m");
    let of = |uuid, session, output| {
        line(uuid, None, session, "2026-11-20T09:00:00.000Z", id, [1, 0, 0, output], "")
    };
    let files = [vec![of("e1", S1, 3), of("e2", S1, 10)], vec![of("e1", S2, 3)]];
    for order in orders(&files) {
        let ledger = read(&order);
        assert_eq!((ledger.total().output, ledger.records.len()), (10, 1));
    }
}

const PARENT: &str = "019f0000-aaaa-7000-8000-000000000001";
const CHILD: &str = "019f1000-aaaa-7000-8000-000000000002";

/// A rollout line at second `n`.
fn rollout(n: usize, kind: &str, payload: &str) -> String {
    format!(
        r#"{{"timestamp":"2026-11-20T08:{:02}:{:02}.000Z","type":"{kind}","payload":{payload}}}"#,
        n / 60,
        n % 60
    )
}

fn meta(n: usize, id: &str) -> String {
    rollout(n, "session_meta", &format!(r#"{{"id":"{id}","cwd":"/w","cli_version":"0.147.0"}}"#))
}

/// `[input, cached, written, output, reasoning, total]`
type Counts = [u64; 6];

fn counts([input, cached, written, output, reasoning, total]: Counts) -> String {
    format!(
        r#"{{"input_tokens":{input},"cached_input_tokens":{cached},"cache_write_input_tokens":{written},"output_tokens":{output},"reasoning_output_tokens":{reasoning},"total_tokens":{total}}}"#
    )
}

fn token_count(n: usize, info: Option<(Counts, Counts)>) -> String {
    let info = info.map_or("null".to_owned(), |(total, last)| {
        let (total, last) = (counts(total), counts(last));
        format!(r#"{{"total_token_usage":{total},"last_token_usage":{last}}}"#)
    });
    rollout(n, "event_msg", &format!(r#"{{"type":"token_count","info":{info}}}"#))
}

fn record(n: usize, thread: &str, id: &str, usage: Counts) -> String {
    let usage = counts(usage);
    let payload = format!(r#"{{"thread_id":"{thread}","response_id":"{id}","usage":{usage}}}"#);
    rollout(n, "token_usage_record", &payload)
}

fn legacy_counts(begin: usize) -> Vec<String> {
    let rows = [
        Some(([1000, 0, 0, 100, 40, 1100], [1000, 0, 0, 100, 40, 1100])),
        Some(([1000, 0, 0, 100, 40, 1100], [1000, 0, 0, 100, 40, 1100])),
        None,
        Some(([2500, 900, 200, 160, 60, 2660], [1500, 900, 200, 60, 20, 1560])),
        Some(([2500, 900, 200, 160, 60, 2660], [0, 0, 0, 0, 0, 5363])),
        Some(([0, 0, 0, 0, 0, 258_400], [0, 0, 0, 0, 0, 255_740])),
        Some(([700, 0, 0, 30, 10, 259_130], [700, 0, 0, 30, 10, 730])),
    ];
    rows.iter().enumerate().map(|(n, row)| token_count(begin + n, *row)).collect()
}

#[test]
fn counters_count_what_they_grew_by() {
    let lines = [vec![meta(0, PARENT)], legacy_counts(1)].concat();
    let total = read(&[file(&lines)]).total();
    let input = total.input + total.cache_read + cache_written(&total);
    assert_eq!((input, total.cache_read, cache_written(&total)), (3200, 900, 200));
    assert_eq!((total.output, total.reasoning), (190, 70));
    assert_eq!(input + total.output, 3390);
}

fn upgraded() -> Vec<String> {
    let last = [700, 0, 0, 30, 10, 259_130];
    let grown =
        |input: u64, output: u64| [700 + input, 0, 0, 30 + output, 10, 259_130 + input + output];
    let of = |input: u64, output: u64| [input, 0, 0, output, 0, input + output];
    vec![
        record(20, PARENT, "resp_1", of(800, 50)),
        token_count(21, Some((grown(800, 50), of(800, 50)))),
        record(22, PARENT, "resp_c", of(4000, 200)),
        token_count(23, Some((grown(800, 50), of(800, 50)))),
        rollout(
            24,
            "compacted",
            &format!(
                r#"{{"message":"","latest_token_usage_record":{{"thread_id":"{PARENT}","response_id":"resp_c","usage":{}}}}}"#,
                counts(of(4000, 200))
            ),
        ),
        record(25, PARENT, "resp_2", of(900, 10)),
        token_count(26, Some((grown(1700, 60), last))),
    ]
}

#[test]
fn records_take_over_from_counters_and_include_compactions() {
    let first = [vec![meta(0, PARENT)], legacy_counts(1), upgraded()].concat();
    let page = format!(r#"{{"id":"{PARENT}","history_base":{{"thread_id":"{PARENT}"}}}}"#);
    let page = [
        vec![rollout(30, "session_meta", &page)],
        vec![token_count(31, Some(([2400, 0, 0, 90, 10, 260_890], [900, 0, 0, 10, 0, 910])))],
        vec![record(25, PARENT, "resp_2", [900, 0, 0, 10, 0, 910])],
    ]
    .concat();
    let files = [file(&first), file(&page), file(&first)];
    for order in [[0, 1, 2], [1, 0, 2]] {
        let ledger = read(&order.map(|n: usize| files[n].as_str()));
        let total = ledger.total();
        assert_eq!(total.input + total.cache_read + cache_written(&total), 3200 + 5700);
        assert_eq!(total.output, 190 + 260);
    }
}

#[test]
fn a_record_takes_the_place_of_the_counters_of_its_response() {
    let usage = [800, 0, 0, 50, 0, 850];
    let lines =
        [meta(0, PARENT), token_count(1, Some((usage, usage))), record(2, PARENT, "r", usage)];
    let ledger = read(&[file(&lines), file(&lines)]);
    assert_eq!((ledger.records.len(), ledger.total().output), (1, 50));
    let turn = rollout(2, "event_msg", r#"{"type":"task_started","turn_id":"2"}"#);
    let later = [meta(0, PARENT), lines[1].clone(), turn, record(3, PARENT, "r", usage)];
    assert_eq!(read(&[file(&later)]).total().output, 100);
}

#[test]
fn a_fork_counts_from_where_its_parent_s_lines_end() {
    for parent_s_turns in [false, true] {
        let turn = |n, id: &str| {
            rollout(n, "event_msg", &format!(r#"{{"type":"task_started","turn_id":"{id}"}}"#))
        };
        let settings = rollout(
            20,
            "event_msg",
            r#"{"type":"thread_settings_applied","thread_settings":{"model":"m"}}"#,
        );
        let mut lines = vec![meta(9, CHILD), meta(9, PARENT)];
        if parent_s_turns {
            lines.push(settings.clone());
            lines.push(turn(10, "019f0000-bbbb-7000-8000-000000000001"));
        }
        lines.extend(legacy_counts(11));
        lines.push(settings);
        lines.push(turn(21, "019f1000-bbbb-7000-8000-000000000001"));
        lines
            .push(token_count(22, Some(([1500, 0, 0, 80, 20, 259_980], [800, 0, 0, 50, 10, 850]))));
        let child = file(&lines);
        let total = read(&[child.as_str()]).total();
        assert_eq!((total.input, total.output), (800, 50));
        let parent = file(&[vec![meta(0, PARENT)], legacy_counts(1)].concat());
        for order in [[&child, &parent], [&parent, &child]] {
            assert_eq!(read(&order).total().output, 190 + 50);
        }
    }
}
