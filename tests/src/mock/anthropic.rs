//! Anthropic's Messages API, as far as `claude` uses it.

use serde_json::{Value, json};

use super::http::Reply;
use super::script::{self, Api, Call, Script, Turn};
use super::{Exchange, Planned, unique};

pub(super) fn answer<'a>(body: &Value, script: &'a Script, exchange: &mut Exchange) -> Planned<'a> {
    exchange.tools = names(&body["tools"]);
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    // A request without tools is a chore of the agent's own, such as naming the conversation.
    let found = (!exchange.tools.is_empty())
        .then(|| script.conversation(Api::Anthropic, &opening(messages)))
        .flatten();
    let number = number(messages);
    let turn = found.and_then(|(_, talk)| talk.turn(number));
    let place = (found.map_or(0, |(index, _)| index), number);
    exchange.played = turn.map(|_| place);
    let content = turn.map_or_else(|| vec![text("ok")], |turn| content(turn, place));
    let model = &body["model"];
    let reply = if body["stream"] == true {
        Reply::Events(events(model, content))
    } else {
        Reply::Json(message(model, content, true))
    };
    Planned { reply, turn }
}

fn names(tools: &Value) -> Vec<String> {
    let tools = tools.as_array().map_or(&[][..], Vec::as_slice);
    tools.iter().filter_map(|tool| tool["name"].as_str()).map(str::to_owned).collect()
}

fn opening(messages: &[Value]) -> String {
    let first = messages.iter().find(|message| message["role"] == "user");
    first.map(|message| message["content"].to_string()).unwrap_or_default()
}

fn number(messages: &[Value]) -> usize {
    let said = messages.iter().filter(|message| message["role"] == "assistant");
    let (mut calls, mut texts) = (Vec::new(), 0);
    for message in said {
        let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
        let before = calls.len();
        calls.extend(blocks.iter().filter_map(|block| block["id"].as_str()));
        texts += usize::from(calls.len() == before);
    }
    script::due(calls.into_iter(), texts)
}

fn content(turn: &Turn, place: (usize, usize)) -> Vec<Value> {
    if turn.calls.is_empty() {
        return vec![text(&turn.text)];
    }
    let block = |(index, call): (usize, &Call)| {
        let id = script::call_id("toolu", place.0, place.1, index);
        json!({"type": "tool_use", "id": id, "name": call.name, "input": call.input})
    };
    turn.calls.iter().enumerate().map(block).collect()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn message(model: &Value, content: Vec<Value>, complete: bool) -> Value {
    let stop = complete.then(|| stop_reason(&content));
    let usage = json!({
        "input_tokens": 100, "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 30, "output_tokens": 7,
    });
    json!({
        "id": unique("msg"), "type": "message", "role": "assistant", "model": model,
        "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage,
    })
}

fn stop_reason(content: &[Value]) -> &'static str {
    let calls = content.iter().any(|block| block["type"] == "tool_use");
    if calls { "tool_use" } else { "end_turn" }
}

fn events(model: &Value, content: Vec<Value>) -> Vec<Value> {
    let stop = stop_reason(&content);
    let mut events =
        vec![json!({"type": "message_start", "message": message(model, Vec::new(), false)})];
    for (index, block) in content.into_iter().enumerate() {
        let (empty, delta) = halves(block);
        events.extend([
            json!({"type": "content_block_start", "index": index, "content_block": empty}),
            json!({"type": "content_block_delta", "index": index, "delta": delta}),
            json!({"type": "content_block_stop", "index": index}),
        ]);
    }
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 42}}));
    events.push(json!({"type": "message_stop"}));
    events
}

/// Splits a content block into what a stream starts it with and the delta that completes it.
fn halves(mut block: Value) -> (Value, Value) {
    if block["type"] == "tool_use" {
        let input = std::mem::replace(&mut block["input"], json!({}));
        return (block, json!({"type": "input_json_delta", "partial_json": input.to_string()}));
    }
    let text = std::mem::replace(&mut block["text"], json!(""));
    (block, json!({"type": "text_delta", "text": text}))
}
