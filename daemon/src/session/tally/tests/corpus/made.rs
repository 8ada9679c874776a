//! Corpora whose sums are known because they were made, with every trap that real files have, or with
//! some of them. Nothing but text is made here, so that the benchmark gives the same to other readers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

// Said, since this file is a module of the benchmark as well.
#[path = "made/thread.rs"]
mod thread;

/// A generator of numbers that is the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end as u64)).unwrap_or_default()
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        (1..items.len()).for_each(|n| items.swap(n, self.below(n + 1)));
    }

    fn tokens(&mut self) -> u64 {
        1 + self.next() % 5000
    }
}

/// What makes real files hard to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trap {
    /// A response is several lines, of which each repeats its usage and the output grows.
    Streamed,
    /// A gateway gives no request ids.
    SilentGateway,
    /// A gateway gives no request ids, and in each session the same message ids.
    ConstantGateway,
    /// Lines with numbers that are no usage of their own.
    Noise,
    /// A subagent's file, which repeats under other requests what it was told.
    Subagents,
    /// A session is forked or resumed: its lines are copied under another session id.
    Forks,
    /// The same file lies there twice.
    Twins,
    /// A codex thread tells its counters again where nothing was used.
    Again,
    /// A codex thread tells an estimate in the place of a usage, or its counters begin anew.
    Resets,
    /// A codex thread that begins as another went on, with that one's lines at other times.
    Children,
    /// A codex thread that has records of usage, beside counters.
    Records,
    /// A compaction is a response that counters do not tell of.
    Compactions,
    /// A codex thread is in several files, which overlap.
    Pages,
}

impl Trap {
    pub(crate) const ALL: [Self; 13] = [
        Self::Streamed,
        Self::SilentGateway,
        Self::ConstantGateway,
        Self::Noise,
        Self::Subagents,
        Self::Forks,
        Self::Twins,
        Self::Again,
        Self::Resets,
        Self::Children,
        Self::Records,
        Self::Compactions,
        Self::Pages,
    ];
}

/// Files and what they should sum up to.
#[derive(Default)]
struct Corpus {
    traps: BTreeSet<Trap>,
    files: Vec<String>,
    responses: usize,
    input: u64,
    output: u64,
    read: u64,
    written: u64,
    /// Ids that were given out; they are the time as well, in seconds.
    ids: usize,
    /// In which of the directories the session works.
    dir: usize,
    said: Vec<Said>,
}

/// A response: when it was, in quarter-hours since the beginning, by which model of claude's, in which
/// directory, and what it cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) quarter: usize,
    /// None of codex.
    pub(crate) model: Option<&'static str>,
    pub(crate) dir: usize,
    /// Of input, output, read from and written to caches.
    pub(crate) tokens: [u64; 4],
}

/// Sessions work in so many directories, called `/w0`, `/w1` …
pub(crate) const DIRS: usize = 3;
const QUARTER: usize = 900;

fn time(n: usize) -> String {
    format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}.000Z",
        1 + n / 86400,
        n / 3600 % 24,
        n / 60 % 60,
        n % 60
    )
}

/// How a session's requests are numbered.
#[derive(Clone, Copy, PartialEq)]
enum Gateway {
    Vendor,
    /// No request ids.
    Silent,
    /// No request ids, and in each session the same message ids.
    Constant,
}

impl Corpus {
    fn has(&self, trap: Trap) -> bool {
        self.traps.contains(&trap)
    }

    fn id(&mut self) -> usize {
        self.ids += 1;
        self.ids
    }

    fn uuid(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.id())
    }

    /// Lets time pass until some quarter-hour begins. What a response takes is over before the next.
    fn pass(&mut self, dice: &mut Dice) {
        self.ids = (self.ids / QUARTER + 1 + dice.below(12)) * QUARTER;
    }

    fn cwd(&self) -> String {
        format!("/w{}", self.dir)
    }

    fn count(&mut self, model: Option<&'static str>, tokens: [u64; 4]) {
        let (quarter, dir) = (self.ids / QUARTER, self.dir);
        self.said.push(Said { quarter, model, dir, tokens });
        let [input, output, read, written] = tokens;
        self.responses += 1;
        self.input += input;
        self.output += output;
        self.read += read;
        self.written += written;
    }

    /// The lines of one response: output grows from line to line, and may stay as it is at the end.
    fn response(
        &mut self,
        dice: &mut Dice,
        gateway: Gateway,
        base: &Value,
        number: usize,
    ) -> Vec<Value> {
        let [input, output, read, written] = [0; 4].map(|_| dice.tokens());
        let model = ["claude-sonnet-5", "claude-opus-4-5"][dice.below(2)];
        self.pass(dice);
        self.count(Some(model), [input, output, read, written]);
        let (id, request) = (self.id(), self.id());
        let id = if gateway == Gateway::Constant {
            format!("chatcmpl-{number}")
        } else {
            format!("msg_{id}")
        };
        let parts = 1 + dice.below(4);
        let parts = if self.has(Trap::Streamed) { parts } else { 1 };
        let mut lines = Vec::new();
        for part in 1..=parts {
            let so_far =
                if part == parts { output } else { output * part as u64 / (parts as u64 + 1) };
            let mut line = base.clone();
            line["uuid"] = self.uuid().into();
            line["timestamp"] = time(self.id()).into();
            if gateway == Gateway::Vendor {
                line["requestId"] = format!("req_{request}").into();
            }
            line["message"] = json!({"id": id, "model": model, "role": "assistant", "usage": {
                "input_tokens": input, "output_tokens": so_far, "cache_read_input_tokens": read,
                "cache_creation_input_tokens": written,
                "cache_creation": {"ephemeral_1h_input_tokens": written / 2,
                    "ephemeral_5m_input_tokens": written - written / 2},
                "iterations": [{"input_tokens": input, "output_tokens": output}]}});
            lines.push(line);
        }
        if dice.one_in(4) && self.has(Trap::Streamed) {
            lines.push(lines[parts - 1].clone());
        }
        lines
    }

    fn claude(&mut self, dice: &mut Dice) {
        let gateway =
            [Gateway::Vendor, Gateway::Vendor, Gateway::Silent, Gateway::Constant][dice.below(4)];
        let gateway = match gateway {
            Gateway::Silent if !self.has(Trap::SilentGateway) => Gateway::Vendor,
            Gateway::Constant if !self.has(Trap::ConstantGateway) => Gateway::Vendor,
            gateway => gateway,
        };
        let session = self.uuid();
        self.dir = dice.below(DIRS);
        let base = json!({"type": "assistant", "sessionId": session, "isSidechain": false,
            "version": "2.1.197", "cwd": self.cwd()});
        let mut lines = Vec::new();
        for number in 0..1 + dice.below(6) {
            lines.extend(self.response(dice, gateway, &base, number));
            let noise = self.noise(dice, &session);
            lines.extend(Some(noise).filter(|_| self.has(Trap::Noise)));
        }
        if gateway != Gateway::Constant && self.has(Trap::Subagents) {
            self.subagent(dice, gateway, &session, &lines);
        }
        let forks = dice.below(3);
        for _ in 0..if self.has(Trap::Forks) { forks } else { 0 } {
            self.fork(dice, gateway, &session, &lines);
        }
        self.add(dice, lines);
    }

    /// Lines with numbers that are no usage.
    fn noise(&mut self, dice: &mut Dice, session: &str) -> Value {
        let usage = json!({"input_tokens": 77, "output_tokens": 77});
        let (uuid, at) = (self.uuid(), time(self.id()));
        let lines = [
            json!({"type": "cost-state", "modelUsage": {"m": {"inputTokens": 77}}}),
            json!({"type": "assistant", "message": {"id": "e", "model": "<synthetic>", "usage": usage}}),
            json!({"type": "assistant", "isApiErrorMessage": true,
                "message": {"id": "e", "model": "m", "usage": usage}}),
            json!({"type": "user", "toolUseResult": {"usage": usage, "totalTokens": 77}, "message": {}}),
            json!({"type": "system", "subtype": "compact_boundary", "compactMetadata": {"preTokens": 77}}),
        ];
        let mut line = lines[dice.below(lines.len())].clone();
        line["sessionId"] = session.into();
        line["uuid"] = uuid.into();
        line["timestamp"] = at.into();
        line
    }

    /// A subagent's file: responses of its own, and what it was told again under another request.
    fn subagent(&mut self, dice: &mut Dice, gateway: Gateway, session: &str, parent: &[Value]) {
        let base = json!({"type": "assistant", "sessionId": session, "isSidechain": true,
            "agentId": format!("a{}", self.id()), "version": "2.1.197", "cwd": self.cwd()});
        let mut lines = Vec::new();
        for number in 0..1 + dice.below(3) {
            lines.extend(self.response(dice, gateway, &base, number));
        }
        let said = parent.iter().filter(|line| line["message"]["usage"].is_object());
        let said: Vec<Value> =
            said.filter(|line| line["isApiErrorMessage"].is_null()).cloned().collect();
        for _ in 0..dice.below(3) {
            let mut line = said[dice.below(said.len())].clone();
            for (field, value) in base.as_object().into_iter().flatten() {
                line[field] = value.clone();
            }
            line["uuid"] = self.uuid().into();
            if gateway == Gateway::Vendor {
                line["requestId"] = format!("req_{}", self.id()).into();
            }
            lines.push(line);
        }
        self.add(dice, lines);
    }

    /// A fork: lines under another session id, marked or not, and responses of its own.
    fn fork(&mut self, dice: &mut Dice, gateway: Gateway, session: &str, parent: &[Value]) {
        let fork = self.uuid();
        // Where nothing else tells sessions apart, the mark must.
        let mark = if gateway == Gateway::Constant { 1 + dice.below(2) } else { dice.below(3) };
        let mut lines = Vec::new();
        for line in &parent[..1 + dice.below(parent.len())] {
            let mut line = line.clone();
            line["sessionId"] = fork.clone().into();
            match mark {
                1 => line["forkedFrom"] = json!({"sessionId": session, "messageUuid": "x"}),
                2 => line["requestSessionId"] = session.into(),
                _ => {}
            }
            lines.push(line);
        }
        let base = json!({"type": "assistant", "sessionId": fork, "version": "2.1.197", "cwd": self.cwd()});
        for number in 0..dice.below(3) {
            lines.extend(self.response(dice, gateway, &base, number));
        }
        self.add(dice, lines);
    }

    /// Adds a file, sometimes twice.
    fn add(&mut self, dice: &mut Dice, lines: Vec<Value>) {
        let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        if dice.one_in(6) && self.has(Trap::Twins) {
            self.files.push(text.clone());
        }
        self.files.push(text);
    }
}

fn corpus(dice: &mut Dice, traps: &[Trap], rounds: usize) -> Corpus {
    let mut corpus = Corpus { traps: traps.iter().copied().collect(), ..Corpus::default() };
    for _ in 0..rounds {
        corpus.claude(dice);
        corpus.codex(dice);
    }
    dice.shuffle(&mut corpus.files);
    corpus
}

/// Files that hold what a seed makes, how many responses are in them, and what these cost in tokens
/// of input, output, read from and written to caches.
pub(crate) struct Made {
    pub(crate) files: Vec<String>,
    pub(crate) responses: usize,
    pub(crate) tokens: [u64; 4],
    pub(crate) said: Vec<Said>,
}

/// Returns what a seed makes, with every trap; the same each time.
pub(crate) fn made(seed: u64) -> Made {
    made_by(&mut Dice(seed))
}

/// Returns what dice make, with every trap.
pub(crate) fn made_by(dice: &mut Dice) -> Made {
    let rounds = 1 + dice.below(4);
    with(dice, &Trap::ALL, rounds)
}

/// Returns so many rounds of sessions of both agents with some traps.
pub(crate) fn with(dice: &mut Dice, traps: &[Trap], rounds: usize) -> Made {
    of(corpus(dice, traps, rounds))
}

fn of(corpus: Corpus) -> Made {
    let Corpus { files, responses, input, output, read, written, said, .. } = corpus;
    Made { files, responses, tokens: [input, output, read, written], said }
}

/// Returns where a file lies in a home, below the directories of the agents.
pub(crate) fn place(number: usize, text: &str) -> String {
    let is_rollout = text.lines().next().is_some_and(|line| line.contains("session_meta"));
    match is_rollout {
        true => format!("codex/sessions/2026/11/01/rollout-{number}.jsonl"),
        false => format!("claude/projects/-w/{number}.jsonl"),
    }
}
