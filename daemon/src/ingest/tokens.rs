//! Responses of models: one record each, and another one where more became known.

use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::record::{Body, Evidence, Tokens, Usage};

use super::{Ingest, Reader};
use crate::session::tally::{self, Count, Entry, Known, Response};
use crate::session::{Fact, Key};
use crate::store::Draft;
use crate::store::ingest::Kept;

impl Known for Kept {
    fn get(&self, key: Key) -> Option<Entry> {
        serde_json::from_slice(&Self::get(self, key.0)?).ok()
    }

    fn set(&mut self, key: Key, entry: Entry) {
        let value = serde_json::to_vec(&entry).expect("it is plain data");
        Self::set(self, key.0, value);
    }
}

impl Ingest {
    /// Takes a line's account of a response.
    pub(super) fn used(&mut self, reader: &Reader, fact: &Fact) {
        let verdict = tally::take(fact, &mut self.kept);
        let agent = reader.agent.name();
        if let Some(gone) = verdict.gone {
            let replaces = self.recorded(gone);
            let at = fact.at.unwrap_or_else(Timestamp::now);
            let usage = Usage { retracted: true, ..usage(agent, gone, None, fact) };
            self.put(gone, at, replaces, usage);
        }
        match verdict.count {
            Count::Nothing => {}
            Count::New(key, response) => self.counts(agent, key, None, &response, fact),
            Count::Replaces(key, response) => {
                let replaces = self.recorded(key);
                self.counts(agent, key, replaces, &response, fact);
            }
        }
    }

    fn counts(
        &mut self,
        agent: &str,
        key: Key,
        replaces: Option<RecordId>,
        response: &Response,
        fact: &Fact,
    ) {
        let at = response.at.map(Timestamp::from_ms).or(fact.at).unwrap_or_else(Timestamp::now);
        self.put(key, at, replaces, usage(agent, key, Some(response), fact));
    }

    fn put(&mut self, key: Key, at: Timestamp, replaces: Option<RecordId>, usage: Usage) {
        let body = Body::Usage(Box::new(usage));
        let record = Draft { at, evidence: Evidence::Transcript, replaces, body }.into_record();
        let id = serde_json::to_vec(&record.id).expect("an id is plain data");
        self.kept.set(record_key(key).0, id);
        self.kept.record(record);
    }

    /// Returns the newest record of a response.
    fn recorded(&self, key: Key) -> Option<RecordId> {
        serde_json::from_slice(&self.kept.get(record_key(key).0)?).ok()
    }
}

fn record_key(key: Key) -> Key {
    Key::of("record of a response", &[&key.0])
}

fn usage(agent: &str, key: Key, response: Option<&Response>, fact: &Fact) -> Usage {
    let who = response.map_or(&fact.who, |response| &response.who);
    let tokens = response.map(|response| response.tokens).unwrap_or_default();
    let word = |word: Option<&crate::session::Word>| word.map(|word| word.as_str().to_owned());
    Usage {
        session: who.session.as_str().to_owned(),
        subagent: word(who.subagent.as_ref()),
        agent: agent.to_owned(),
        model: word(response.and_then(|response| response.model.as_ref())),
        response_id: word(response.and_then(|response| response.response_id.as_ref())),
        key: format!("{key:?}"),
        retracted: false,
        tokens: Tokens {
            input: tokens.input,
            cache_read: tokens.cache_read,
            cache_write_5m: tokens.cache_write_5m,
            cache_write_1h: tokens.cache_write_1h,
            output: tokens.output,
            reasoning: tokens.reasoning,
        },
    }
}
