//! What claude keeps of what was typed: a line for each prompt, with project, session and time. The
//! prompt itself, and what was pasted, have no place in the line's type.

use trackway_protocol::ids::Timestamp;

use crate::session::json::{self, Number, Str};
use crate::session::{Drift, Fact, LineError, Parser, Place, ReadShell, Trace, What, Who, Word};

json::object! {
    /// A line.
    struct Line<'a> {
        "timestamp" => at_ms: Number,
        "project" => project: Str<'a>,
        "sessionId" => session: Str<'a>,
    }
}

/// Reads the history; each line stands by itself.
#[derive(Default)]
pub(crate) struct History;

impl Parser for History {
    fn line(
        &mut self,
        line: &[u8],
        _: &ReadShell<'_>,
        facts: &mut Vec<Fact>,
    ) -> Result<(), LineError> {
        let line: Line<'_> = json::read(line)?;
        // Older versions named no session: then there is nothing that it could be a trace of.
        let Some(session) = Word::new(line.session.get()) else { return Ok(()) };
        let at = line.at_ms.0.and_then(|ms| Some(Timestamp::from_ms(i64::try_from(ms).ok()?)));
        let what = What::Trace(Trace { place: Place::new(line.project.get()) });
        facts.push(Fact {
            at,
            who: Who { session, subagent: None },
            copied: false,
            origin: None,
            what,
        });
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn take_drift(&mut self) -> Drift {
        Drift::default()
    }
}
