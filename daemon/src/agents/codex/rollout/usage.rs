//! Tokens: records where there are some, differences of the thread's counters where not.
//!
//! A record is one response. Before records there were only the thread's counters, which are written
//! again when nothing has changed, start from 0 after some errors, and go on from the parent's in a
//! fork. From the first record on counters are not looked at: a compaction is in none of them.

use serde::{Deserialize, Serialize};

use crate::session::{Key, Tokens, Usage, What};

use super::line::{Counters, Payload};
use super::{Reader, word};

/// The thread's counters as they were last seen.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Meter {
    /// True for a file that goes on with another: its first counters have been counted there.
    pub(super) is_page: bool,
    total: Option<Count>,
    /// Whether records are written.
    has_records: bool,
    /// What the last `token_count` was counted as: a record may tell of the same response.
    last: Option<(Key, Count)>,
}

/// Token counters, as they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    input: u64,
    cached: u64,
    written: u64,
    output: u64,
    reasoning: u64,
    total: u64,
}

impl Meter {
    /// Takes a parent's counters, from which the thread's own go on.
    pub(super) fn baseline(&mut self, payload: &Payload<'_>) {
        self.total = Count::of(&payload.info.total).or(self.total);
    }

    /// A record of a later turn tells of a later response, however alike the two are.
    pub(super) fn begin_turn(&mut self) {
        self.last = None;
    }

    /// Returns what was used since the last counters.
    fn used(&mut self, total: Count, last: Count) -> Option<Count> {
        let before = match self.total.replace(total) {
            Some(before) => before,
            None if self.is_page => return None,
            None => Count::default(),
        };
        // The sum is not compared: an estimate changes it and nothing else.
        if total.parts() == before.parts() || total.parts() == [0; 5] {
            return None;
        }
        // A thread whose counters are those of its last response alone has begun to count again.
        match total.minus(before).filter(|_| total.parts() != last.parts()) {
            Some(used) => Some(used),
            None => Some(last).filter(|last| last.input > 0 || last.output > 0),
        }
    }
}

impl Count {
    fn of(counters: &Counters<'_>) -> Option<Self> {
        counters.total.0.or(counters.input.0)?;
        Some(Self {
            input: counters.input.get(),
            cached: counters.cached.get(),
            written: counters.written.get(),
            output: counters.output.get(),
            reasoning: counters.reasoning.get(),
            total: counters.total.get(),
        })
    }

    fn parts(self) -> [u64; 5] {
        [self.input, self.cached, self.written, self.output, self.reasoning]
    }

    /// Returns the difference, unless one counter went back.
    fn minus(self, other: Self) -> Option<Self> {
        Some(Self {
            input: self.input.checked_sub(other.input)?,
            cached: self.cached.checked_sub(other.cached)?,
            written: self.written.checked_sub(other.written)?,
            output: self.output.checked_sub(other.output)?,
            reasoning: self.reasoning.checked_sub(other.reasoning)?,
            total: self.total.saturating_sub(other.total),
        })
    }

    /// The vendor counts what came from a cache or went into one as input. How long its cache keeps
    /// what is written nobody tells.
    fn tokens(self) -> Tokens {
        Tokens {
            output: self.output,
            input: self.input.saturating_sub(self.cached).saturating_sub(self.written),
            cache_read: self.cached,
            cache_write_5m: self.written,
            cache_write_1h: 0,
            // A part of it, whatever the file says.
            reasoning: self.reasoning.min(self.output),
        }
    }
}

impl Reader<'_> {
    pub(super) fn count(&mut self, payload: &Payload<'_>) {
        let meter = &mut self.rollout.state.meter;
        let Some(total) = Count::of(&payload.info.total).filter(|_| !meter.has_records) else {
            return;
        };
        let last = Count::of(&payload.info.last).unwrap_or_default();
        let Some(used) = meter.used(total, last) else { return };
        let parts: Vec<u8> = total.parts().iter().flat_map(|part| part.to_le_bytes()).collect();
        let response = self.key("codex count", &parts);
        self.rollout.state.meter.last = Some((response, last));
        self.usage(response, None, used, payload);
    }

    pub(super) fn record(&mut self, payload: &Payload<'_>) {
        let thread = self.who.session.as_str();
        let Some(used) = Count::of(&payload.usage) else { return };
        // What a copy of the parent's tells is the parent's.
        if payload.thread.0.is_some() && !payload.thread.is(thread) {
            return;
        }
        let response = match payload.response.0.as_deref() {
            Some(id) => Key::of("codex response", &[thread.as_bytes(), id.as_bytes()]),
            None => self.key("codex record", b""),
        };
        let meter = &mut self.rollout.state.meter;
        meter.has_records = true;
        let last = meter.last.take();
        let instead_of = last.filter(|(_, last)| *last == used).map(|(key, _)| key);
        self.usage(response, instead_of, used, payload);
    }

    fn usage(
        &mut self,
        response: Key,
        instead_of: Option<Key>,
        used: Count,
        payload: &Payload<'_>,
    ) {
        let model = self.rollout.state.session.model.clone();
        let response_id = word(&payload.response);
        let tokens = used.tokens();
        self.fact(What::Usage(Box::new(Usage {
            response,
            line: None,
            family: None,
            instead_of,
            response_id,
            model,
            tokens,
            sidechain: false,
        })));
    }
}
