//! When and where sessions are worked in, for whoever knows the launches.

use trackway_protocol::ids::Timestamp;

use super::{Ingest, Reader};
use crate::event::{Event, Growth};
use crate::session::Fact;

/// What happened longer ago is nothing that a launch of now did.
const RECENT_MS: i64 = 24 * 60 * 60 * 1000;

impl Reader {
    /// Takes note of when the session itself did something. A subagent's file is another one, and a
    /// copy is its original's.
    pub(super) fn grow(&mut self, fact: &Fact) {
        let Some(at) = fact.at.filter(|_| !fact.copied && fact.who.subagent.is_none()) else {
            return;
        };
        let begun = &mut self.known.begun;
        *begun = Some(begun.map_or(at, |begun| begun.min(at)));
        let (first, last) = self.grown.unwrap_or((at, at));
        self.grown = Some((first.min(at), last.max(at)));
    }
}

impl Ingest {
    /// Tells what was read now, where it may be the work of a launch that is known.
    pub(super) fn tell_growth(&mut self, reader: &mut Reader) {
        let Some((first, last)) = reader.grown.take() else { return };
        let Some(session) = reader.known.session.clone() else { return };
        if Timestamp::now().ms() - last.ms() > RECENT_MS {
            return;
        }
        let growth = Growth {
            agent: reader.agent.name(),
            session,
            begun: reader.known.begun,
            cwd: reader.known.cwd.as_ref().map(Into::into),
            first,
            last,
        };
        // Nobody is left to be told where the daemon ends.
        drop(self.events.blocking_send(Event::SessionGrew(Box::new(growth))));
    }
}
