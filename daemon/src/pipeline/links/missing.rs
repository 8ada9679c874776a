//! What one witness tells and the other should: a launch that left no session file, and a session
//! that no launch accounts for.
//!
//! Where it cannot be known nothing is said: of a launch that may have had nothing to write down, of
//! one from before this daemon, of one that nobody else's session can be told from; and of whatever
//! happened while a witness was blind.

use std::collections::HashSet;

use trackway_protocol::ids::{LaunchId, Timestamp};

use super::{ENVIRONMENT, FUTURE_MS, Links, PATIENCE_NS, Seen, Work};
use crate::event::Moment;

/// A launch that is over sooner may have found out that it had nothing to do.
const BRIEF_NS: u64 = 1_000_000_000;
/// So far apart the clocks of who wrote a session file and of the kernel may be.
const SLACK_MS: i64 = 60_000;

/// What is known of a launch by which its session file is missed.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Expected {
    /// Whether its session files are looked for where it keeps them.
    is_followed: bool,
    /// Whether it asks something of its model by itself.
    asks: bool,
    /// By what it was told to leave no session file.
    silenced: Option<&'static str>,
    /// Whether it is over, did what it asked for, and was no matter of a moment.
    did_ask: bool,
    /// When a verdict is due, by the boottime clock; none where it was given.
    due: Option<u64>,
}

/// How well the witnesses see.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Sight {
    /// Whether all session files are read, and none is out of sight.
    pub(in super::super) sessions: bool,
    /// Since when every launch was seen; none where some are missed.
    pub(in super::super) launches: Option<Timestamp>,
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Missing {
    /// A launch's session file.
    File {
        launch: LaunchId,
        agent: &'static str,
        started: Timestamp,
        /// The session that its tool calls named.
        session: Option<String>,
        silenced: Option<&'static str>,
    },
    /// A session's launch.
    Launch { agent: &'static str, session: String, since: Timestamp },
}

impl Expected {
    pub(in super::super) fn new(
        is_followed: bool,
        asks: bool,
        silenced: Option<&'static str>,
    ) -> Self {
        Self { is_followed, asks, silenced, did_ask: false, due: None }
    }

    /// Nothing is missed of it, whatever comes.
    pub(super) fn give_up(&mut self) {
        self.is_followed = false;
    }
}

impl Work {
    /// Whether it is to have a session file, or was told to leave none, as far as it itself tells.
    fn misses_file(&self) -> bool {
        let Expected { is_followed, did_ask, silenced, .. } = self.expected;
        let is_known = is_followed && !self.is_contained && !self.is_service;
        let may_work = self.may_work() && self.mode != "unknown";
        is_known && may_work && (did_ask || silenced.is_some() || self.marked().is_some())
    }

    /// Returns a session that its tool calls named.
    fn marked(&self) -> Option<&String> {
        let marks = self.linked.iter().filter(|(_, how)| *how == ENVIRONMENT);
        marks.map(|(session, _)| session).min()
    }

    /// Whether it may be forgotten.
    pub(super) fn is_settled(&self) -> bool {
        self.expected.due.is_none()
    }
}

impl Links {
    /// A launch that has ended after `ran_ns`: its session file is waited for.
    pub(in super::super) fn expect_file(
        &mut self,
        launch: LaunchId,
        exit_code: Option<i32>,
        (ran_ns, now_ns): (u64, u64),
    ) {
        let began = self.began;
        if let Some(work) = self.works.get_mut(&launch) {
            let did_ask = work.expected.asks && exit_code == Some(0) && ran_ns >= BRIEF_NS;
            work.expected.did_ask = did_ask;
            let is_missed = work.started >= began && work.misses_file();
            work.expected.due = is_missed.then(|| now_ns.saturating_add(PATIENCE_NS));
        }
    }

    /// Nothing was seen until then: of what began before it nothing is missed.
    pub(in super::super) fn blind_until(&mut self, now: Timestamp) {
        self.began = now;
        self.unclaimed.clear();
        for work in self.works.values_mut() {
            work.expected.give_up();
            work.expected.due = None;
        }
    }

    /// Whether a verdict is due some time.
    pub(super) fn expects(&self) -> bool {
        self.works.values().any(|work| work.expected.due.is_some())
    }

    /// Returns what is due to be missed. What `sight` rules out is never missed, not later either.
    pub(in super::super) fn missing(&mut self, now: Moment, sight: Sight) -> Vec<Missing> {
        let mut missing = Vec::new();
        for (agent, session) in std::mem::take(&mut self.unclaimed) {
            let Some(seen) = self.sessions.get(&(agent, session.clone())) else { continue };
            if self.has_no_launch(agent, &session, seen, now, sight) {
                missing.push(Missing::Launch { agent, session, since: seen.first });
            }
        }
        let is_due = |work: &Work| work.expected.due.is_some_and(|due| due <= now.boot_ns);
        let due: Vec<LaunchId> =
            self.works.iter().filter(|(_, work)| is_due(work)).map(|(launch, _)| *launch).collect();
        for launch in due {
            let file = self.file_of(launch);
            // What it was told is so, whoever looks.
            let is_told = |it: &Missing| matches!(it, Missing::File { silenced: Some(_), .. });
            missing.extend(file.filter(|it| sight.sessions || is_told(it)));
            if let Some(work) = self.works.get_mut(&launch) {
                work.expected.due = None;
            }
        }
        missing
    }

    fn file_of(&self, launch: LaunchId) -> Option<Missing> {
        let work = self.works.get(&launch)?;
        if !work.misses_file() || self.may_have_file(launch, work) {
            return None;
        }
        let (agent, started, silenced) = (work.agent, work.started, work.expected.silenced);
        let session = work.marked().cloned();
        Some(Missing::File { launch, agent, started, session, silenced })
    }

    /// Whether a session file that was read may be this launch's.
    fn may_have_file(&self, launch: LaunchId, work: &Work) -> bool {
        let others: HashSet<&str> = self
            .works
            .iter()
            .filter(|(id, other)| **id != launch && other.agent == work.agent)
            .flat_map(|(_, other)| other.linked.iter().map(|(session, _)| session.as_str()))
            .collect();
        self.sessions.iter().any(|((agent, session), seen)| {
            let is_its = work.is_linked(session);
            // What was told to leave none is believed, where nothing of its place contradicts.
            let is_there = seen.dir.is_none() || work.dir.is_none() || seen.dir == work.dir;
            let may_be = (is_there || work.expected.silenced.is_none())
                && !others.contains(session.as_str())
                && work.may_have_done(seen.earliest, seen.last);
            *agent == work.agent && (is_its || may_be)
        })
    }

    /// Whether something was done in a session while every launch was seen, and none lived that could
    /// have done it.
    fn has_no_launch(
        &self,
        agent: &str,
        session: &str,
        seen: &Seen,
        now: Moment,
        sight: Sight,
    ) -> bool {
        let Some(launches) = sight.launches.filter(|_| sight.sessions) else { return false };
        let since = self.since.max(launches).ms().saturating_add(SLACK_MS);
        let is_in_time =
            seen.earliest.ms() >= since && seen.last.ms() <= now.at.ms().saturating_add(FUTURE_MS);
        let could = |work: &Work| {
            let left = work.ended.map(|ended| ended.ms().saturating_add(SLACK_MS));
            work.started.ms().saturating_sub(SLACK_MS) <= seen.last.ms()
                && left.is_none_or(|left| seen.earliest.ms() <= left)
        };
        let mut works = self.works.values().filter(|work| work.agent == agent);
        is_in_time && !works.any(|work| work.is_linked(session) || could(work))
    }
}
