//! One account of each response of a model, from any number of lines about it, in any order.
//!
//! A response is written on several lines, each with a little more output; it is copied into forks,
//! pages and archives; a subagent may repeat what its parent was told. The account is that of the
//! line with the largest output, whole and never mixed with another's; its time is the earliest; its
//! session is the one that the response was first written in, not one that took a copy.
//!
//! Every choice is made by comparing the lines themselves, so that the order in which files are
//! found does not matter.
//!
//! What is known of a response lives outside, by [`Key`]: in memory here, in the ledger's database
//! in the daemon.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;

use super::{Fact, Key, Tokens, Usage, What, Who, Word};

/// What was said about responses so far.
pub(crate) trait Known {
    fn get(&self, key: Key) -> Option<Entry>;
    fn set(&mut self, key: Key, entry: Entry);
}

/// What is known under a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// A response that counts.
    #[serde(rename = "r")]
    Response(Box<Response>),
    /// An account that another took the place of: it does not count, nor will it.
    #[serde(rename = "g")]
    Gone,
    /// A line whose response is known under another key.
    #[serde(rename = "l")]
    Line(Key),
    /// A response that a subagent may repeat: its parent's own line was seen.
    #[serde(rename = "m")]
    Main,
    /// A response that only subagents wrote so far, and the account of it that counts.
    #[serde(rename = "s")]
    Side(Key),
}

/// A response as it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Response {
    /// The earliest time of its lines.
    #[serde(rename = "a")]
    pub(crate) at: Option<Ms>,
    #[serde(rename = "w")]
    pub(crate) who: Who,
    #[serde(rename = "i")]
    pub(crate) response_id: Option<Word>,
    #[serde(rename = "m")]
    pub(crate) model: Option<Word>,
    #[serde(rename = "t")]
    pub(crate) tokens: Tokens,
    /// Time of the line that `tokens` and `model` are from.
    #[serde(rename = "b")]
    best_at: Option<Ms>,
    /// Whether `who` is that of a copy, or of a subagent, and when it was written.
    #[serde(rename = "o")]
    origin: (bool, bool, Option<Ms>),
}

/// Milliseconds since the epoch.
type Ms = i64;

/// What a line changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What became of the response itself.
    pub(crate) count: Count,
    /// An account that counted until now and no longer does.
    pub(crate) gone: Option<Key>,
}

/// See [`Verdict`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Count {
    /// Nothing that matters to a record.
    #[default]
    Nothing,
    /// A response that was not known.
    New(Key, Box<Response>),
    /// A response that was known as something else.
    Replaces(Key, Box<Response>),
}

impl Response {
    fn of(fact: &Fact, usage: &Usage) -> Self {
        let at = fact.at.map(Timestamp::ms);
        Self {
            at,
            who: fact.who.clone(),
            response_id: usage.response_id.clone(),
            model: usage.model.clone(),
            tokens: usage.tokens,
            best_at: at,
            origin: (fact.copied, usage.sidechain, at),
        }
    }

    /// Joins two accounts of one response.
    fn join(self, other: Self) -> Self {
        // The later of two with the same output, and the rest only to be independent of the order.
        let weight = |line: &Self| (line.tokens.output, line.best_at, line.tokens);
        let origin = |line: &Self| {
            let (copied, side, at) = line.origin;
            (
                Reverse(copied),
                Reverse(side),
                Reverse(at.unwrap_or(Ms::MAX)),
                Reverse(line.who.clone()),
            )
        };
        let best = if (weight(&other), &other.model) > (weight(&self), &self.model) {
            &other
        } else {
            &self
        };
        let first = if origin(&other) > origin(&self) { &other } else { &self };
        Self {
            at: earlier(self.at, other.at),
            who: first.who.clone(),
            response_id: best.response_id.clone(),
            model: best.model.clone(),
            tokens: best.tokens,
            best_at: best.best_at,
            origin: first.origin,
        }
    }

    /// Whether a record would say the same.
    fn reads_like(&self, other: &Self) -> bool {
        (self.at, &self.who, &self.model, self.tokens)
            == (other.at, &other.who, &other.model, other.tokens)
    }
}

fn earlier(a: Option<Ms>, b: Option<Ms>) -> Option<Ms> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Takes one line's account.
pub(crate) fn take(fact: &Fact, known: &mut dyn Known) -> Verdict {
    let What::Usage(usage) = &fact.what else { return Verdict::default() };
    let (key, merged) = own_key(usage, known);
    let verdict = match (usage.family, usage.sidechain) {
        (Some(family), true) => side(family, key, fact, usage, known),
        (Some(family), false) => main(family, key, fact, usage, known),
        (None, _) => count(key, fact, usage, known),
    };
    match (merged, usage.instead_of) {
        (Some((gone, before)), _) => after_merge(key, gone, &before, verdict, known),
        (None, Some(other)) => Verdict { gone: retire(other, known), ..verdict },
        (None, None) => verdict,
    }
}

/// Finds the key that a line's response has. A copy of a line belongs to the response of the line,
/// whatever the session it was copied to. Where two responses turn out to be one, returns also the
/// key that is no longer one, and the other as it was.
fn own_key(usage: &Usage, known: &mut dyn Known) -> (Key, Option<(Key, Box<Response>)>) {
    let mine = resolve(usage.response, known);
    let Some(line) = usage.line else { return (mine, None) };
    let Some(Entry::Line(theirs)) = known.get(line) else {
        known.set(line, Entry::Line(mine));
        return (mine, None);
    };
    let theirs = resolve(theirs, known);
    if theirs == mine {
        return (mine, None);
    }
    let merged = match (known.get(mine), known.get(theirs)) {
        (Some(Entry::Response(gone)), Some(Entry::Response(before))) => {
            let both = gone.join(*before.clone());
            known.set(theirs, Entry::Response(Box::new(both)));
            Some((mine, before))
        }
        _ => None,
    };
    known.set(mine, Entry::Line(theirs));
    (theirs, merged)
}

fn resolve(mut key: Key, known: &dyn Known) -> Key {
    // Keys only ever lead to such that were there before, so this ends.
    while let Some(Entry::Line(other)) = known.get(key) {
        key = other;
    }
    key
}

fn after_merge(
    key: Key,
    gone: Key,
    before: &Response,
    verdict: Verdict,
    known: &dyn Known,
) -> Verdict {
    let count = match (verdict.count, known.get(key)) {
        (Count::Nothing, Some(Entry::Response(now))) if !now.reads_like(before) => {
            Count::Replaces(key, now)
        }
        (count, _) => count,
    };
    Verdict { count, gone: Some(gone) }
}

/// A line of the session itself ends what a subagent's line was counted for.
fn main(family: Key, key: Key, fact: &Fact, usage: &Usage, known: &mut dyn Known) -> Verdict {
    let before = known.get(family);
    if before != Some(Entry::Main) {
        known.set(family, Entry::Main);
    }
    // What was counted for a subagent may have become one with this by now.
    let gone = match before {
        Some(Entry::Side(other)) => Some(resolve(other, known)).filter(|other| *other != key),
        _ => None,
    };
    let gone = gone.and_then(|other| retire(other, known));
    Verdict { gone, ..count(key, fact, usage, known) }
}

/// A line of a subagent counts unless the session itself has the response under another request.
/// Of several subagents that have it, one counts, and which does not matter.
fn side(family: Key, key: Key, fact: &Fact, usage: &Usage, known: &mut dyn Known) -> Verdict {
    let mut gone = None;
    let before = match known.get(family) {
        Some(Entry::Side(other)) => Some(Entry::Side(resolve(other, known))),
        before => before,
    };
    match before {
        Some(Entry::Main) => {
            if !matches!(known.get(key), Some(Entry::Response(_))) {
                return Verdict::default();
            }
        }
        Some(Entry::Side(other)) if other < key => return Verdict::default(),
        Some(Entry::Side(other)) if other == key => {}
        Some(Entry::Side(other)) => {
            known.set(family, Entry::Side(key));
            gone = retire(other, known);
        }
        _ => known.set(family, Entry::Side(key)),
    }
    Verdict { gone, ..count(key, fact, usage, known) }
}

/// Ends an account for good, and tells whether it counted.
fn retire(key: Key, known: &mut dyn Known) -> Option<Key> {
    let counted = matches!(known.get(key), Some(Entry::Response(_)));
    known.set(key, Entry::Gone);
    counted.then_some(key)
}

fn count(key: Key, fact: &Fact, usage: &Usage, known: &mut dyn Known) -> Verdict {
    let line = Response::of(fact, usage);
    let (now, count) = match known.get(key) {
        Some(Entry::Response(before)) => {
            let now = Box::new(before.clone().join(line));
            if now == before {
                return Verdict::default();
            }
            let same = now.reads_like(&before);
            (now.clone(), if same { Count::Nothing } else { Count::Replaces(key, now) })
        }
        Some(_) => return Verdict::default(),
        None => {
            let now = Box::new(line);
            (now.clone(), Count::New(key, now))
        }
    };
    known.set(key, Entry::Response(now));
    Verdict { count, gone: None }
}

#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
pub(crate) mod tests;
