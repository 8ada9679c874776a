//! OpenAI's Responses API, as far as `codex` uses it.

use serde_json::{Value, json};

use super::http::Reply;
use super::script::{self, Api, Call, Script, Turn};
use super::{Exchange, Planned, unique};

pub(super) fn answer<'a>(body: &Value, script: &'a Script, exchange: &mut Exchange) -> Planned<'a> {
    exchange.tools = names(&body["tools"]);
    let input = body["input"].as_array().map_or(&[][..], Vec::as_slice);
    let found = script.conversation(Api::Openai, &opening(input));
    let number = number(input);
    let turn = found.and_then(|(_, talk)| talk.turn(number));
    let place = (found.map_or(0, |(index, _)| index), number);
    exchange.played = turn.map(|_| place);
    let items = turn.map_or_else(|| vec![text("ok")], |turn| items(turn, place));
    Planned { reply: Reply::Events(events(items)), turn }
}

fn names(tools: &Value) -> Vec<String> {
    let tools = tools.as_array().map_or(&[][..], Vec::as_slice);
    let name = |tool: &Value| tool["name"].as_str().or(tool["type"].as_str()).map(str::to_owned);
    tools.iter().filter_map(name).collect()
}

/// Returns all that the user said: the instructions and the environment come as messages as well.
fn opening(input: &[Value]) -> String {
    let users = input.iter().filter(|item| item["role"] == "user");
    users.map(|item| item["content"].to_string()).collect()
}

fn number(input: &[Value]) -> usize {
    let is_call = |item: &&Value| item["type"].as_str().is_some_and(|kind| kind.ends_with("_call"));
    let calls = input.iter().filter(is_call).filter_map(|item| item["call_id"].as_str());
    let texts = input.iter().filter(|item| item["role"] == "assistant").count();
    script::due(calls, texts)
}

fn items(turn: &Turn, place: (usize, usize)) -> Vec<Value> {
    if turn.calls.is_empty() {
        return vec![text(&turn.text)];
    }
    let item = |(index, call): (usize, &Call)| {
        let call_id = script::call_id("call", place.0, place.1, index);
        match &call.input {
            Value::String(text) => json!({
                "type": "custom_tool_call", "id": unique("ctc"),
                "call_id": call_id, "name": call.name, "input": text,
            }),
            object => json!({
                "type": "function_call", "id": unique("fc"),
                "call_id": call_id, "name": call.name, "arguments": object.to_string(),
            }),
        }
    };
    turn.calls.iter().enumerate().map(item).collect()
}

fn text(text: &str) -> Value {
    let content = json!([{"type": "output_text", "text": text}]);
    json!({"type": "message", "id": unique("m"), "role": "assistant", "content": content})
}

fn events(items: Vec<Value>) -> Vec<Value> {
    let id = unique("resp");
    let mut events = vec![json!({"type": "response.created", "response": {"id": id}})];
    events.extend(items.into_iter().enumerate().map(|(index, item)| {
        json!({"type": "response.output_item.done", "output_index": index, "item": item})
    }));
    let usage = json!({
        "input_tokens": 200, "input_tokens_details": {"cached_tokens": 50},
        "output_tokens": 33, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 233,
    });
    events.push(json!({"type": "response.completed", "response": {"id": id, "usage": usage}}));
    events
}
