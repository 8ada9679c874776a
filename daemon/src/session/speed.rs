//! How fast session files are read: a measurement, to be run by hand in a release build.

use std::hint::black_box;
use std::time::Instant;

use crate::agents::claude::transcript::Transcript;
use crate::agents::codex::rollout::Rollout;

use super::{Parser, ShellReading};

const SIZE: usize = 200_000_000;

/// Text as it stands in source code and outputs, of about `length` bytes, escaped.
fn content(length: usize, seed: usize) -> String {
    let line = "    let answer = compute(\"walrus\", 42).unwrap_or_default(); // naïve\n";
    let text: String = line.repeat(length / line.len() + 1);
    let json = serde_json::to_string(&format!("{seed}{text}")).unwrap();
    json.trim_matches('"').to_owned()
}

fn claude() -> Vec<String> {
    let envelope = |uuid: usize| {
        format!(
            r#""uuid":"00000000-0000-4000-8000-{uuid:012}","timestamp":"2026-11-20T09:00:02.000Z","userType":"external","entrypoint":"cli","cwd":"/home/ada/src/widget","sessionId":"11111111-2222-4333-8444-555555555555","version":"2.1.330","gitBranch":"main""#
        )
    };
    let mut lines = Vec::new();
    for n in 0..40 {
        let length = [300, 2_000, 8_000, 30_000][n % 4];
        let text = content(length, n);
        let answer = content(500, n);
        lines.push(format!(
            r#"{{"parentUuid":"p","isSidechain":false,"message":{{"model":"claude-sonnet-5","id":"msg_{n}","type":"message","role":"assistant","content":[{{"type":"text","text":"{answer}"}},{{"type":"tool_use","id":"toolu_{n}","name":"Read","input":{{"file_path":"/home/ada/src/widget/{n}.rs"}}}}],"stop_reason":null,"usage":{{"input_tokens":3,"cache_creation_input_tokens":1000,"cache_read_input_tokens":0,"output_tokens":1}}}},"requestId":"req_{n}","type":"assistant",{}}}"#,
            envelope(2 * n)
        ));
        lines.push(format!(
            r#"{{"parentUuid":"p","isSidechain":false,"type":"user","message":{{"role":"user","content":[{{"tool_use_id":"toolu_{n}","type":"tool_result","content":"{text}"}}]}},"toolUseResult":{{"type":"text","file":{{"filePath":"/home/ada/src/widget/{n}.rs","content":"{text}","numLines":4}}}},{}}}"#,
            envelope(2 * n + 1)
        ));
    }
    lines
}

fn codex() -> Vec<String> {
    let line = |kind: &str, payload: &str| {
        format!(
            r#"{{"timestamp":"2026-11-20T08:15:00.101Z","ordinal":7,"type":"{kind}","payload":{payload}}}"#
        )
    };
    let mut lines =
        vec![line("session_meta", r#"{"id":"019f0000-aaaa-7000-8000-000000000001","cwd":"/w"}"#)];
    for n in 0..40 {
        let text = content([300, 2_000, 8_000, 30_000][n % 4], n);
        let usage = r#"{"input_tokens":9000,"cached_input_tokens":6000,"output_tokens":300,"total_tokens":9300}"#;
        lines.extend([
            line("response_item", &format!(r#"{{"type":"function_call","name":"exec_command","arguments":"{{\"cmd\":\"cat {n}.rs\"}}","call_id":"call_{n}"}}"#)),
            line("token_usage_record", &format!(r#"{{"thread_id":"019f0000-aaaa-7000-8000-000000000001","response_id":"r{n}","usage":{usage},"turn_token_usage":{usage},"thread_token_usage":{usage}}}"#)),
            line("event_msg", &format!(r#"{{"type":"item_completed","turn_id":"t","item":{{"type":"CommandExecution","id":"call_{n}","command":["bash","-lc","cat {n}.rs"],"cwd":"file:///w","parsed_cmd":[{{"type":"read","path":"{n}.rs"}}],"status":"completed","aggregated_output":"{text}","exit_code":0}}}}"#)),
            line("response_item", &format!(r#"{{"type":"function_call_output","call_id":"call_{n}","output":"{text}"}}"#)),
            line("event_msg", &format!(r#"{{"type":"token_count","info":{{"total_token_usage":{usage},"last_token_usage":{usage}}}}}"#)),
        ]);
    }
    lines
}

fn measure(name: &str, parser: &mut dyn Parser, lines: &[String]) {
    let (mut read, mut told) = (0, 0);
    let mut facts = Vec::new();
    let begin = Instant::now();
    while read < SIZE {
        for line in lines {
            parser.line(line.as_bytes(), &|_, _| ShellReading::default(), &mut facts).unwrap();
            read += line.len() + 1;
        }
        told += black_box(facts.drain(..)).count();
    }
    let seconds = begin.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "it is printed with three digits")]
    let speed = read as f64 / 1e6 / seconds;
    println!("{name}: {speed:.0} MB/s, {told} facts");
}

#[test]
#[ignore = "claims nothing: speed is for a release build and a reader"]
fn reading_is_measured() {
    measure("claude", &mut Transcript::default(), &claude());
    measure("codex", &mut Rollout::default(), &codex());
}
