use crate::agents::Agent;
use crate::agents::claude::Claude;
use crate::agents::codex::Codex;
use crate::session::{Fact, Parser, ShellReading, Tokens};

use super::memory::Ledger;

pub(crate) mod corpus;
mod vectors;

/// A session file and how far it was read.
struct Follower {
    text: String,
    read: usize,
    agent: &'static dyn Agent,
    parser: Box<dyn Parser>,
}

impl Follower {
    fn new(text: &str) -> Self {
        let agent: &dyn Agent = if text.contains("\"payload\"") { &Codex } else { &Claude };
        let parser = agent.parser(None).unwrap();
        Self { text: text.to_owned(), read: 0, agent, parser }
    }

    fn is_done(&self) -> bool {
        self.read == self.text.len()
    }

    /// Reads the whole lines that are there when the file has `length` bytes.
    fn grow_to(&mut self, length: usize) -> Vec<Fact> {
        let mut facts = Vec::new();
        let there = &self.text.as_bytes()[self.read..length];
        let Some(end) = there.iter().rposition(|byte| *byte == b'\n') else { return facts };
        for line in there[..end].split(|byte| *byte == b'\n') {
            let read = self.parser.line(line, &|_, _| ShellReading::default(), &mut facts);
            assert_eq!(read, Ok(()), "{}", String::from_utf8_lossy(line));
        }
        self.read += end + 1;
        facts
    }

    /// Goes on with another parser that knows only what this one has saved.
    fn restart(&mut self) {
        self.parser = self.agent.parser(Some(&self.parser.save())).unwrap();
    }
}

/// Reads whole files in this order.
fn read<T: AsRef<str>>(files: &[T]) -> Ledger {
    let mut ledger = Ledger::default();
    for file in files {
        let mut follower = Follower::new(file.as_ref());
        let length = follower.text.len();
        follower.grow_to(length).iter().for_each(|fact| ledger.take(fact));
        assert!(follower.is_done(), "the last line is whole");
    }
    ledger
}

/// Returns lines with a line feed after each.
fn file(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn cache_written(tokens: &Tokens) -> u64 {
    tokens.cache_write_5m + tokens.cache_write_1h
}
