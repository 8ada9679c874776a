//! A launch that has not ended.

use std::collections::HashMap;
use std::path::PathBuf;

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Body, Evidence, LaunchEnded};

use crate::agents::Agent;
use crate::event::{AgentEnv, Moment};
use crate::store::Draft;

/// What is kept of a launch while it runs.
pub(crate) struct Live {
    pub(crate) id: LaunchId,
    pub(crate) agent: &'static dyn Agent,
    /// Environment of the outermost process: marks that it bears itself are no tool call of its own.
    /// Unknown where it could not be read: then nothing tells its own marks from others'.
    pub(crate) env: Option<AgentEnv>,
    pub(crate) outermost: u32,
    /// The agent's own processes that are alive, with the directory in which each was last seen:
    /// the launch ends with the last of them.
    pub(crate) processes: HashMap<u32, Option<PathBuf>>,
    pub(crate) started: Moment,
    /// When it was last known to run.
    pub(crate) seen: Timestamp,
    /// Whether it runs in a container: what it says of paths is true in there. A sandbox around a
    /// single command is none: agents give it the paths that they have themselves.
    pub(crate) contained: bool,
    /// Execs below it that could not be read.
    pub(crate) unread: u64,
    /// Whether the agent proper has been seen, not only what starts it.
    pub(crate) proper: bool,
    /// How often it was looked at for what it works on while it was young.
    pub(crate) looks: u32,
    /// The shell call in which it was started.
    pub(crate) inside: Option<u64>,
    /// How the outermost process ended, where that was seen.
    pub(crate) end: Option<(u32, Moment)>,
}

impl Live {
    /// Returns the record of its end. `moment` is when the last process ended, or was first missed.
    pub(crate) fn ended(&self, moment: Moment, seen: bool) -> Draft {
        let status = self.end.map(|(status, _)| status);
        let (exit_code, signal) = status.map_or((None, None), decode);
        let ran_ns = moment.boot_ns.saturating_sub(self.started.boot_ns);
        Draft {
            at: moment.at,
            evidence: if seen { Evidence::Kernel } else { Evidence::Polled },
            replaces: None,
            body: Body::LaunchEnded(LaunchEnded {
                launch: self.id,
                exit_code,
                signal,
                unknown: status.is_none(),
                duration_ms: seen.then_some(ran_ns / 1_000_000),
                last_seen: (!seen).then_some(self.seen),
                unread_execs: self.unread,
            }),
        }
    }
}

/// Takes a wait status apart: exit code, or the signal that ended the process.
fn decode(status: u32) -> (Option<i32>, Option<i32>) {
    let byte = |value: u32| i32::try_from(value).ok();
    match status & 0x7f {
        0 => (byte((status >> 8) & 0xff), None),
        signal => (None, byte(signal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        assert_eq!(decode(0x0300), (Some(3), None));
        assert_eq!(decode(0), (Some(0), None));
        assert_eq!(decode(9), (None, Some(9)));
        // With the flag of a core dump.
        assert_eq!(decode(0x8b), (None, Some(11)));
    }
}
