//! What codex keeps of what was typed: a line for each prompt, with session and time. The prompt
//! itself has no place in the line's type.

use trackway_protocol::ids::Timestamp;

use crate::session::json::{self, Number, Str};
use crate::session::{Drift, Fact, LineError, Parser, ReadShell, Trace, What, Who, Word};

json::object! {
    /// A line.
    struct Line<'a> {
        "session_id" => session: Str<'a>,
        "ts" => at_s: Number,
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
        let Some(session) = Word::new(line.session.get()) else { return Ok(()) };
        let ms = line.at_s.0.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1000));
        let what = What::Trace(Trace::default());
        let who = Who { session, subagent: None };
        facts.push(Fact { at: ms.map(Timestamp::from_ms), who, copied: false, origin: None, what });
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn take_drift(&mut self) -> Drift {
        Drift::default()
    }
}
