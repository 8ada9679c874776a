//! The mock of both APIs: Anthropic's Messages and OpenAI's Responses, on loopback.
//!
//! It plays a [`Script`]. A turn is found from the request alone, which carries the conversation so
//! far; the mock remembers nothing, so that retries and parallel conversations cannot confuse it.

mod anthropic;
mod http;
mod openai;
pub mod script;

use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::http::{Reply, Request};
use self::script::Script;

/// One request to the mock, without its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Method and path.
    pub request: String,
    /// The model that was asked for.
    #[serde(default)]
    pub model: String,
    /// The tools that the agent offered.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Conversation and turn of the script that were played.
    #[serde(default)]
    pub played: Option<(usize, usize)>,
}

/// Serves `script` on `listener` until the process ends, and tells `watch` of each request before
/// it is answered.
pub fn serve(
    listener: TcpListener,
    script: Script,
    watch: impl Fn(Exchange) + Send + Sync + 'static,
) {
    let shared = Arc::new((script, watch));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&shared);
            // An agent that hangs up in the middle of an answer is nothing to speak of.
            thread::spawn(move || converse(&stream, &shared.0, &shared.1).ok());
        }
    });
}

fn converse(stream: &TcpStream, script: &Script, watch: &impl Fn(Exchange)) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = http::read(&mut reader, stream)? {
        let (exchange, reply) = answer(&request, script);
        watch(exchange);
        if let Some(turn) = reply.turn {
            turn.wait_for_gate();
            thread::sleep(script.thinking);
        }
        http::write(stream, reply.reply)?;
    }
    Ok(())
}

/// What is to be sent, and the turn whose gate must open first.
struct Planned<'a> {
    reply: Reply,
    turn: Option<&'a script::Turn>,
}

impl From<Value> for Planned<'_> {
    fn from(value: Value) -> Self {
        Self { reply: Reply::Json(value), turn: None }
    }
}

fn answer<'a>(request: &Request, script: &'a Script) -> (Exchange, Planned<'a>) {
    let mut exchange =
        Exchange { request: format!("{} {}", request.method, request.path), ..Default::default() };
    let path = request.path.split('?').next().unwrap_or_default();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    exchange.model = body["model"].as_str().unwrap_or_default().to_owned();
    let planned = match (request.method.as_str(), path) {
        ("HEAD", _) => Planned { reply: Reply::Nothing, turn: None },
        ("POST", path) if path.ends_with("/count_tokens") => json!({"input_tokens": 10}).into(),
        ("POST", path) if path.ends_with("/messages") => {
            anthropic::answer(&body, script, &mut exchange)
        }
        ("POST", path) if path.ends_with("/responses") => {
            openai::answer(&body, script, &mut exchange)
        }
        ("GET", path) if path.ends_with("/models") => {
            json!({"object": "list", "data": [], "models": []}).into()
        }
        _ => json!({}).into(),
    };
    (exchange, planned)
}

/// Returns an id that no other answer of this machine has.
fn unique(prefix: &str) -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{prefix}_{nanos}")
}
