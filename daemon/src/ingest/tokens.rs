//! Responses of models: one record each, and another one where more became known.

use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::record::{Body, Evidence, Tokens, Usage};

use super::{Ingest, Reader};
use crate::session::tally::{self, Count, Entry, Known, Response};
use crate::session::{Fact, Key};
use crate::store::Draft;
use crate::store::ingest::Kept;

/// Of a key is kept what the tally knows, and behind that the newest record about it.
impl Known for Kept {
    fn get(&self, key: Key) -> Option<Entry> {
        let value = Self::get(self, key.0)?;
        postcard::take_from_bytes(&value).ok().map(|(entry, _)| entry)
    }

    fn set(&mut self, key: Key, entry: Entry) {
        let mut value = postcard::to_stdvec(&entry).expect("it is plain data");
        let before = Self::get(self, key.0).unwrap_or_default();
        value.extend_from_slice(record_of(&before));
        Self::set(self, key.0, value);
    }
}

/// Returns the part of a value that is the id of a record; empty where there is none.
fn record_of(value: &[u8]) -> &[u8] {
    postcard::take_from_bytes::<Entry>(value).map(|(_, record)| record).unwrap_or_default()
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
        if !self.pauses.cover(at) {
            self.put(key, at, replaces, usage(agent, key, Some(response), fact));
        }
    }

    /// Records what is known of a response now. Lines about one are mostly written together: a record
    /// that nobody has seen yet is amended instead of corrected.
    fn put(&mut self, key: Key, at: Timestamp, replaces: Option<RecordId>, usage: Usage) {
        let body = Body::Usage(Box::new(usage));
        let record = Draft { at, evidence: Evidence::Transcript, replaces, body }.into_record();
        let Some(record) = self.kept.amend(replaces, record) else { return };
        let mut value = self.kept.get(key.0).unwrap_or_default();
        value.truncate(value.len() - record_of(&value).len());
        value.extend(postcard::to_stdvec(&record.id).expect("an id is plain data"));
        self.kept.set(key.0, value);
        self.kept.record(record);
    }

    /// Returns the newest record of a response.
    fn recorded(&self, key: Key) -> Option<RecordId> {
        postcard::from_bytes(record_of(&self.kept.get(key.0)?)).ok()
    }
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
