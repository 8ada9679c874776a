//! Which session was the work of which launch: what is known, and what follows from it.
//!
//! Pure: no process, no file and no clock is looked at here.
//!
//! # Claims
//!
//! An argument, a list of running sessions or an open file says that a launch works on a session.
//! It becomes a link when the session's own file tells that something was done in it while the
//! launch lived: a name that leads nowhere, and an agent that was left before anything was asked,
//! make no session. Tool calls need no such proof: they are what was done.
//!
//! # Conclusions
//!
//! A session that nothing else links, after a while in which better evidence may come, is the work
//! of the one launch that lived in its directory when it began. Where two did, nothing is concluded,
//! and nothing of a session that began before anybody watched.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::Evidence;

use crate::event::{Growth, Moment};

mod missing;

pub(super) use missing::{Expected, Missing, Sight};

/// How each link is known, the best first.
pub(super) const ENVIRONMENT: &str = "environment";
pub(super) const OPEN_FILE: &str = "open-file";
pub(super) const ARGUMENT: &str = "argument";
pub(super) const REGISTRY: &str = "registry";
pub(super) const PLACE_AND_TIME: &str = "place-and-time";

const ALL: [&str; 5] = [ENVIRONMENT, OPEN_FILE, ARGUMENT, REGISTRY, PLACE_AND_TIME];

/// How long better evidence is waited for before a conclusion, by the boottime clock.
const PATIENCE_NS: u64 = 10_000_000_000;
/// How long after the end of a launch its work may still be written down.
const LATE_MS: i64 = 2_000;
/// What began later than this was written by another clock: the clock was set back meanwhile.
const FUTURE_MS: i64 = 5 * 60_000;
/// Launches that are remembered after their end.
const MOST_ENDED: usize = 256;
/// Sessions that are remembered.
const MOST_SESSIONS: usize = 1024;
/// Sessions that one launch may be claimed to work on and that showed no sign yet.
const MOST_CLAIMS: usize = 64;

/// A launch, as far as its sessions go. It is remembered for a while after its end.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) agent: &'static str,
    /// What it was started to do.
    pub(super) mode: &'static str,
    /// Whether sessions of other launches run in it.
    pub(super) is_service: bool,
    /// Whether it runs in a container: then it is linked to nothing.
    pub(super) is_contained: bool,
    /// Where it was started; unknown where that could not be read.
    pub(super) dir: Option<PathBuf>,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) claims: Vec<Claim>,
    pub(super) linked: HashSet<(String, &'static str)>,
    /// By what its session file is missed.
    pub(super) expected: Expected,
}

/// Something says that a launch works on a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) session: String,
    pub(super) how: &'static str,
    pub(super) evidence: Evidence,
    pub(super) at: Timestamp,
}

/// A session was the work of a launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) launch: LaunchId,
    pub(super) agent: &'static str,
    pub(super) claim: Claim,
}

/// A session whose own file was read.
#[derive(Clone, Debug)]
struct Seen {
    begun: Option<Timestamp>,
    dir: Option<PathBuf>,
    /// The first of what was read of it since this daemon began.
    earliest: Timestamp,
    /// What was read of it last.
    first: Timestamp,
    last: Timestamp,
    /// When agents were looked at because of it, by the boottime clock.
    looked: Option<u64>,
    /// When a conclusion is due; none where it was drawn.
    due: Option<u64>,
}

/// Everything that is known of it.
#[derive(Debug)]
pub(super) struct Links {
    works: HashMap<LaunchId, Work>,
    sessions: HashMap<(&'static str, String), Seen>,
    /// Links that a former daemon recorded, of launches that had not ended then.
    recorded: HashSet<(LaunchId, String, String)>,
    /// Sessions of which no conclusion could be drawn just now.
    unclaimed: Vec<(&'static str, String)>,
    /// From when on all launches are known.
    since: Timestamp,
    /// When this daemon began: from then on session files are read as they grow.
    began: Timestamp,
}

impl Work {
    pub(super) fn new(agent: &'static str, mode: &'static str, started: Timestamp) -> Self {
        Self {
            agent,
            mode,
            is_service: false,
            is_contained: false,
            dir: None,
            started,
            ended: None,
            claims: Vec::new(),
            linked: HashSet::new(),
            expected: Expected::default(),
        }
    }

    /// Whether it lived at this time.
    fn lived(&self, at: Timestamp) -> bool {
        self.started <= at && self.ended.is_none_or(|ended| at <= ended)
    }

    /// Whether what was done between the two times may be its work: a service may write down what a
    /// terminal asked for when that has left.
    fn may_have_done(&self, first: Timestamp, last: Timestamp) -> bool {
        let left = self.ended.map(|ended| ended.ms().saturating_add(LATE_MS));
        self.started <= last && left.is_none_or(|left| first.ms() <= left)
    }

    /// Whether a session may run in it at all: `claude mcp list` has none.
    fn may_work(&self) -> bool {
        let modes = ["interactive", "headless", "background", "app-server", "remote-control"];
        self.is_service || modes.contains(&self.mode) || self.mode == "unknown"
    }

    fn is_linked(&self, session: &str) -> bool {
        self.linked.iter().any(|(linked, _)| linked == session)
    }
}

impl Links {
    /// Begins with the links of a former daemon; `since` is when this one began.
    pub(super) fn new(recorded: &[(LaunchId, String, String)], since: Timestamp) -> Self {
        let recorded = recorded.iter().cloned().collect();
        let (works, sessions, unclaimed) = Default::default();
        Self { works, sessions, recorded, unclaimed, since, began: since }
    }

    /// The clock was set by so many milliseconds: what was noted by the former one is told by the
    /// new one from now on. Nothing is concluded of sessions that began by the former one, and no
    /// file is missed: some of their lines may be read only now.
    pub(super) fn clock_set(&mut self, by_ms: i64) {
        let set = |at: &mut Timestamp| *at = Timestamp::from_ms(at.ms().saturating_add(by_ms));
        set(&mut self.since);
        set(&mut self.began);
        for work in self.works.values_mut() {
            set(&mut work.started);
            work.ended.iter_mut().for_each(set);
            work.expected.give_up();
        }
        for seen in self.sessions.values_mut() {
            seen.begun.iter_mut().for_each(set);
            [&mut seen.earliest, &mut seen.first, &mut seen.last].into_iter().for_each(set);
            seen.due = None;
        }
    }

    /// A launch has begun, or was found.
    pub(super) fn begin(&mut self, launch: LaunchId, mut work: Work) {
        for (_, session, how) in self.recorded.extract_if(|(of, ..)| *of == launch) {
            let how = ALL.into_iter().find(|known| *known == how);
            work.linked.extend(how.map(|how| (session, how)));
        }
        self.works.insert(launch, work);
    }

    /// A launch has ended.
    pub(super) fn end(&mut self, launch: LaunchId, at: Timestamp) {
        if let Some(work) = self.works.get_mut(&launch) {
            work.ended = Some(at);
        }
        // Those of which a verdict is due come last.
        let ended = self
            .works
            .iter()
            .filter_map(|(id, work)| Some(((!work.is_settled(), work.ended?), *id)));
        let ended: Vec<_> = ended.collect();
        if ended.len() > MOST_ENDED
            && let Some(((_, at), oldest)) = ended.into_iter().min()
        {
            self.works.remove(&oldest);
            self.since = self.since.max(at);
        }
    }

    /// Something is done for a session below a launch: it needs no other proof.
    pub(super) fn link(&mut self, launch: LaunchId, claim: Claim) -> Option<Link> {
        let work = self.works.get_mut(&launch).filter(|work| !work.is_contained)?;
        let is_new = work.linked.insert((claim.session.clone(), claim.how));
        is_new.then_some(Link { launch, agent: work.agent, claim })
    }

    /// Something says that a launch works on a session. Returns the link where that is proved.
    pub(super) fn claim(&mut self, launch: LaunchId, claim: Claim) -> Option<Link> {
        let work = self.works.get_mut(&launch)?;
        if work.linked.contains(&(claim.session.clone(), claim.how)) {
            return None;
        }
        let seen = self.sessions.get(&(work.agent, claim.session.clone()));
        if seen.is_some_and(|seen| work.may_have_done(seen.first, seen.last)) {
            return self.link(launch, claim);
        }
        let known = |known: &Claim| known.session == claim.session && known.how == claim.how;
        if work.claims.len() < MOST_CLAIMS && !work.claims.iter().any(known) {
            work.claims.push(claim);
        }
        None
    }

    /// Returns the session that a launch is linked to, where that is one.
    pub(super) fn only_session(&self, launch: LaunchId) -> Option<String> {
        let mut sessions = self.works.get(&launch)?.linked.iter().map(|(session, _)| session);
        let first = sessions.next()?;
        sessions.all(|other| other == first).then(|| first.clone())
    }

    /// Whether it is known of a launch in this way on which session it works.
    pub(super) fn is_known_by(&self, launch: LaunchId, how: &str) -> bool {
        self.works.get(&launch).is_some_and(|work| {
            work.claims.iter().map(|claim| claim.how).any(|known| known == how)
                || work.linked.iter().any(|(_, known)| *known == how)
        })
    }

    /// Whether live agents are to be looked at, because a session grew that none of them is known to
    /// have open. For each session not more often than every tenth of a second.
    pub(super) fn wants_look(&mut self, growth: &Growth, now_ns: u64) -> bool {
        const PAUSE_NS: u64 = 100_000_000;
        let Growth { agent, session, .. } = growth;
        let mut live = self.works.values().filter(|work| work.ended.is_none());
        let is_open = |work: &Work| {
            [OPEN_FILE, REGISTRY].iter().any(|how| work.linked.contains(&(session.clone(), *how)))
        };
        if live.any(|work| work.agent == *agent && is_open(work)) {
            return false;
        }
        let Some(seen) = self.sessions.get_mut(&(*agent, session.clone())) else { return true };
        let is_time = seen.looked.is_none_or(|looked| now_ns >= looked + PAUSE_NS);
        if is_time {
            seen.looked = Some(now_ns);
        }
        is_time
    }

    /// More was read of a session. Returns what that proves.
    pub(super) fn grew(&mut self, growth: Growth, now_ns: u64) -> Vec<Link> {
        let Growth { agent, session, begun, cwd, first, last } = growth;
        self.make_room(agent, &session);
        let due = Some(now_ns + PATIENCE_NS);
        let looked = Some(now_ns);
        let unseen = Seen { begun, dir: None, earliest: first, first, last, looked, due };
        let seen = self.sessions.entry((agent, session.clone())).or_insert(unseen);
        // Another file of the session may tell of an earlier time.
        seen.begun = [seen.begun, begun].into_iter().flatten().min();
        seen.dir = seen.dir.take().or(cwd);
        seen.earliest = seen.earliest.min(first);
        (seen.first, seen.last) = (first, last);
        let mut proved = Vec::new();
        for (launch, work) in &mut self.works {
            if work.agent == agent && work.may_have_done(first, last) {
                let claims = work.claims.extract_if(.., |claim| claim.session == session);
                proved.extend(claims.map(|claim| (*launch, claim)));
            }
        }
        proved.into_iter().filter_map(|(launch, claim)| self.link(launch, claim)).collect()
    }

    fn make_room(&mut self, agent: &'static str, session: &str) {
        let is_known = self.sessions.contains_key(&(agent, session.to_owned()));
        if self.sessions.len() >= MOST_SESSIONS && !is_known {
            let oldest = self.sessions.iter().min_by_key(|(_, seen)| seen.last);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.sessions.remove(&oldest);
            }
        }
    }

    /// Whether a conclusion is due some time.
    pub(super) fn is_waiting(&self) -> bool {
        self.sessions.values().any(|seen| seen.due.is_some()) || self.expects()
    }

    /// Draws the conclusions that are due; all where this is the end.
    pub(super) fn conclude(&mut self, now: Moment, all: bool) -> Vec<Link> {
        let is_due = |due: u64| all || due <= now.boot_ns;
        let mut due = Vec::new();
        for (key, seen) in &mut self.sessions {
            if seen.due.is_some_and(is_due) {
                seen.due = None;
                due.push((key.clone(), seen.clone()));
            }
        }
        let mut links = Vec::new();
        for ((agent, session), seen) in due {
            let Some(launch) = self.only_one(agent, &session, &seen, now.at) else {
                self.unclaimed.push((agent, session));
                continue;
            };
            let evidence = Evidence::Inferred;
            let claim = Claim { session, how: PLACE_AND_TIME, evidence, at: now.at };
            links.extend(self.link(launch, claim));
        }
        links
    }

    /// Returns the only launch whose work a session can be.
    fn only_one(
        &self,
        agent: &str,
        session: &str,
        seen: &Seen,
        now: Timestamp,
    ) -> Option<LaunchId> {
        let latest = Timestamp::from_ms(now.ms().saturating_add(FUTURE_MS));
        let begun = seen.begun.filter(|begun| (self.since..=latest).contains(begun))?;
        let dir = seen.dir.as_ref()?;
        if self.works.values().any(|work| work.agent == agent && work.is_linked(session)) {
            return None;
        }
        // A service works anywhere, and so may what could not be read.
        let is_there =
            |work: &Work| work.is_service || work.dir.as_ref().is_none_or(|at| at == dir);
        let mut able = self.works.iter().filter(|(_, work)| {
            work.agent == agent && work.lived(begun) && work.may_work() && is_there(work)
        });
        let (launch, work) = able.next()?;
        let is_certain = !work.is_service && work.dir.is_some() && able.next().is_none();
        is_certain.then_some(*launch)
    }
}

#[cfg(test)]
mod tests;
