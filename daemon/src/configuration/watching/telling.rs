//! How well configuration is seen, as the source says it.

use trackway_protocol::ids::Timestamp;

use super::super::{NAME, TIER};
use super::{POLL, Watching};
use crate::event::{Event, SourceReport, State};
use crate::source::sessions::watch::Refused;

impl Watching {
    /// Tells how well configuration is seen, where that is new.
    pub(super) fn report(&mut self) {
        let blind = self.dirs.values().filter(|dir| dir.watch.is_none()).count();
        let cut = self.places.all.iter().filter(|place| place.is_cut).count();
        let left_out = usize::try_from(self.places.left_out).unwrap_or(usize::MAX);
        let counts = [("blind", blind), ("left out", left_out), ("cut", cut)];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        // A little more of the same is no news.
        let kinds: Vec<_> = counts.map(|(kind, count)| (kind, count.next_power_of_two())).collect();
        let state = if kinds.is_empty() { State::Active } else { State::Degraded };
        if self.told.as_ref() == Some(&(state, kinds.clone())) {
            return;
        }
        let advice = self.refused.map_or("", Refused::advice);
        let reason = |(kind, _): &(&str, usize)| match *kind {
            "blind" => {
                let seconds = POLL.as_secs();
                format!("{blind} directories are looked at every {seconds} s: {advice}")
            }
            "left out" => {
                format!("{left_out} directories that agents were in are not watched: too many")
            }
            _ => format!("{cut} directories have more files of configuration than are looked at"),
        };
        let reasons: Vec<String> = kinds.iter().map(reason).collect();
        let reason = match reasons.is_empty() {
            true => "watches the configuration of both agents".to_owned(),
            false => reasons.join("; "),
        };
        self.told = Some((state, kinds));
        self.note(state, reason, Timestamp::now(), None);
    }

    /// Tells of a state, or of a range that is over.
    pub(super) fn note(
        &self,
        state: State,
        reason: String,
        from: Timestamp,
        until: Option<Timestamp>,
    ) {
        let report =
            SourceReport { name: NAME, tier: TIER, state, reason, from, until, missed: None };
        // Nobody is left to be told where the daemon ends.
        drop(self.events.blocking_send(Event::Source(report)));
    }
}
