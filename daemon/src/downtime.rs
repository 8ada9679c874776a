//! The time in which no daemon ran: when it was, and what that means.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Coverage;

use crate::pipeline::finding::Downtime;

/// What is known of the run before this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// The boot it ran in.
    pub(crate) boot_id: String,
    /// When it stopped in order; none where it did not.
    pub(crate) stopped: Option<Timestamp>,
    /// The newest sign of it: its last heartbeat or its last record.
    pub(crate) last_alive: Timestamp,
}

/// Returns why the daemon starts, and the gap that it leaves behind.
///
/// Time is *off*, and no gap in what was seen, only where the daemon stopped in order and the
/// machine was started anew since: then nothing of the user's ran in between that a user service
/// could have seen.
pub(crate) fn since(
    before: Option<&Before>,
    boot_id: &str,
    now: Timestamp,
) -> (&'static str, Option<Coverage>) {
    let Some(before) = before else { return ("first start", None) };
    let rebooted = before.boot_id != boot_id;
    let (reason, state, why) = match (before.stopped, rebooted) {
        (Some(_), true) => ("reboot", "off", "the machine was shut down or restarted"),
        (Some(_), false) => ("restart", "lost", "the daemon was stopped"),
        (None, true) => {
            ("restart after a crash", "lost", "the machine or the daemon ended without an order")
        }
        (None, false) => ("restart after a crash", "lost", "the daemon was killed"),
    };
    let from = before.stopped.unwrap_or(before.last_alive).min(now);
    let gap = Coverage {
        source: "daemon".into(),
        state: state.into(),
        from,
        until: Some(now),
        reason: why.into(),
        ..Coverage::default()
    };
    (reason, Some(gap))
}

/// Returns the part of a gap in which the machine is known to have run: all of it where the boot is
/// the same. After another boot nobody knows when the former one ended.
pub(crate) fn while_up(
    before: Option<&Before>,
    boot_id: &str,
    gap: Option<&Coverage>,
) -> Option<Downtime> {
    let gap = gap.filter(|_| before.is_some_and(|before| before.boot_id == boot_id))?;
    Some(Downtime { from: gap.from, until: gap.until? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn gap(boot_id: &str, stopped: Option<i64>) -> (String, i64, i64) {
        let before =
            Before { boot_id: boot_id.into(), stopped: stopped.map(at), last_alive: at(50) };
        let gap = since(Some(&before), "b", at(100)).1.unwrap();
        (gap.state, gap.from.ms(), gap.until.unwrap().ms())
    }

    #[test]
    fn the_first_start_leaves_no_gap() {
        assert_eq!(since(None, "b", at(100)), ("first start", None));
    }

    #[test]
    fn only_an_orderly_stop_before_another_boot_is_off() {
        assert_eq!(gap("a", Some(60)), ("off".into(), 60, 100));
        assert_eq!(gap("b", Some(60)), ("lost".into(), 60, 100));
        assert_eq!(gap("a", None), ("lost".into(), 50, 100));
        assert_eq!(gap("b", None), ("lost".into(), 50, 100));
    }

    #[test]
    fn after_another_boot_nobody_knows_for_how_long_agents_ran() {
        let while_up = |boot_id| {
            let before = Before { boot_id: "a".into(), stopped: None, last_alive: at(50) };
            let (_, gap) = since(Some(&before), boot_id, at(100));
            super::while_up(Some(&before), boot_id, gap.as_ref())
        };
        assert_eq!(while_up("a"), Some(Downtime { from: at(50), until: at(100) }));
        assert_eq!(while_up("b"), None);
        assert_eq!(super::while_up(None, "a", None), None);
    }

    #[test]
    fn a_clock_set_back_does_not_turn_the_range_around() {
        assert_eq!(gap("b", Some(500)), ("lost".into(), 100, 100));
    }
}
