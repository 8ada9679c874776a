//! Tokens, as `assistant` lines tell them.

use crate::session::{Key, Tokens, Usage, What};

use super::line::{Counters, Line};
use super::{Reader, word};

/// The model of messages that no model wrote.
pub(super) const SYNTHETIC: &str = "<synthetic>";

impl Reader<'_> {
    pub(super) fn usage(&mut self, line: &Line<'_>) {
        let message = &line.message;
        if message.usage.output.0.or(message.usage.input.0).is_none()
            || message.model.is(SYNTHETIC)
            || line.api_error.is_set()
        {
            return;
        }
        let id = message.id.get().as_bytes();
        let request = line.request.get().as_bytes();
        // A gateway may give the same id to responses of different sessions.
        let scope = &self.scope;
        let session = scope.origin.as_ref().unwrap_or(&scope.who.session).as_str().as_bytes();
        let uuid = Key::of("claude line", &[&scope.line]);
        let (response, line_key) = match (id, request) {
            (b"", _) => (uuid, None),
            (_, b"") => (Key::of("claude message", &[session, id]), Some(uuid)),
            _ => (Key::of("claude response", &[id, request]), None),
        };
        let own = scope.who.session.as_str().as_bytes();
        self.fact(What::Usage(Box::new(Usage {
            response,
            line: line_key,
            family: (!id.is_empty()).then(|| Key::of("claude family", &[own, id])),
            instead_of: None,
            response_id: word(&message.id),
            model: word(&message.model),
            tokens: tokens(&message.usage),
            sidechain: line.sidechain.is_set() || line.agent.0.is_some(),
        })));
    }

    pub(super) fn reported(&mut self, line: &Line<'_>) {
        let mut sum = Tokens::default();
        for (_, model) in &line.model_usage.0 {
            let one_hour = model.cache_write_1h.get();
            sum.add(&Tokens {
                output: model.output.get(),
                input: model.input.get(),
                cache_read: model.cache_read.get(),
                cache_write_5m: model.cache_write.get().saturating_sub(one_hour),
                cache_write_1h: one_hour,
                reasoning: model.thinking.get(),
            });
        }
        self.fact(What::Reported(sum));
    }
}

/// The sum is told apart from its parts, which may be absent or 0: what they leave is of unknown
/// lifetime.
fn tokens(counters: &Counters<'_>) -> Tokens {
    let one_hour = counters.cache_writes.one_hour.get();
    let five_minutes = counters.cache_writes.five_minutes.get();
    let rest = counters.cache_write.get().saturating_sub(one_hour.saturating_add(five_minutes));
    Tokens {
        output: counters.output.get(),
        input: counters.input.get(),
        cache_read: counters.cache_read.get(),
        cache_write_5m: five_minutes.saturating_add(rest),
        cache_write_1h: one_hour,
        // A part of it, whatever the file says.
        reasoning: counters.details.thinking.get().min(counters.output.get()),
    }
}
