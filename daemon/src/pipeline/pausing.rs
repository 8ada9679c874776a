//! The user's pauses: what happens meanwhile is dropped before anything is made of it, and the time is
//! a gap like others.

use std::time::Duration;

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Coverage;

use super::Pipeline;
use crate::event::{Event, State};
use crate::pauses::Pause;
use crate::source::Order;

/// Whom it concerns in coverage: every source.
const SOURCE: &str = "daemon";

/// A pause that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pausing {
    /// From when on nothing was recorded.
    since: Timestamp,
    pub(super) pause: Pause,
}

impl Pipeline {
    /// Does what the pause at this time asks for, or the end of one.
    pub(super) fn mind_pause(&mut self, now: Timestamp) {
        let wanted = self.outside.pauses.at(now);
        match (self.pausing, wanted) {
            (None, Some(pause)) => self.pause(pause),
            (Some(lasting), Some(pause)) if lasting.pause != pause => {
                self.say_paused(now, pause);
                self.pausing = Some(Pausing { since: now, pause });
            }
            (Some(lasting), None) => self.resume(lasting, now),
            _ => {}
        }
    }

    /// Goes on with what a former daemon has recorded of a pause: it lasts, or is over since.
    pub(super) fn recall_pause(&mut self, recorded: Option<Timestamp>, now: Timestamp) {
        let Some(since) = recorded else { return };
        match self.outside.pauses.at(now) {
            Some(pause) => self.pausing = Some(Pausing { since, pause }),
            None => self.say_resumed(since, now),
        }
    }

    fn pause(&mut self, pause: Pause) {
        // What was seen before it is told before it.
        self.settle(true);
        self.conclude(true);
        self.tell_left_out(true);
        self.say_paused(pause.from, pause);
        self.pausing = Some(Pausing { since: pause.from, pause });
    }

    fn resume(&mut self, lasting: Pausing, now: Timestamp) {
        self.pausing = None;
        self.say_resumed(lasting.since, now);
        // Of what began meanwhile nothing is missed, and what runs still is found by a look.
        self.links.blind_until(now);
        self.all_seen = self.all_seen.map(|_| now);
        self.is_relearning = true;
        if let Some(launches) = &self.outside.launches {
            launches.order(Order::Sweep);
        }
    }

    fn say_paused(&mut self, from: Timestamp, pause: Pause) {
        let reason = format!("paused by the user until {}", pause.until);
        let (source, state) = (SOURCE.into(), State::Lost.as_str().into());
        self.coverage(Coverage { source, state, from, reason, ..Coverage::default() });
    }

    fn say_resumed(&mut self, since: Timestamp, now: Timestamp) {
        let end = self.outside.pauses.last_end(now).unwrap_or(now).min(now);
        let (source, state) = (SOURCE.into(), State::Restored.as_str().into());
        let (until, reason) = (Some(end.max(since)), "paused by the user".into());
        self.coverage(Coverage {
            source,
            state,
            from: since,
            until,
            reason,
            ..Coverage::default()
        });
    }

    /// Waits until the pause is to end, by the clock of now. A clock that is set is noticed with the
    /// next heartbeat.
    pub(super) fn until_pause_ends(&self) -> tokio::time::Sleep {
        let left = self.pausing.map_or(0, |it| it.pause.until.ms() - Timestamp::now().ms());
        tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// Whether an event tells of what agents do, and comes in a pause.
    pub(super) fn is_unwanted(&self, event: &Event) -> bool {
        let is_of_agents = match event {
            Event::Exec(..)
            | Event::Unread { .. }
            | Event::Foreign
            | Event::Forked { .. }
            | Event::Exited { .. }
            | Event::Swept { .. }
            | Event::Unnamed { .. }
            | Event::Opened { .. }
            | Event::SessionGrew(_)
            | Event::Altered(_) => true,
            Event::Counting { .. }
            | Event::Installed(_)
            | Event::Backfill { .. }
            | Event::Misread(_)
            | Event::Unwatched { .. }
            | Event::Source(_) => false,
        };
        is_of_agents && self.pausing.is_some()
    }

    /// Lets whoever asks know whether it pauses, once that is on its way to the ledger.
    pub(super) fn publish_pause(&self) {
        let paused_until = self.pausing.map(|lasting| lasting.pause.until);
        let paused_since = self.pausing.map(|lasting| lasting.pause.from);
        self.outside.snapshot.send_if_modified(|snapshot| {
            snapshot.paused_since = paused_since;
            std::mem::replace(&mut snapshot.paused_until, paused_until) != paused_until
        });
    }
}
