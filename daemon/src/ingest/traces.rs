//! Traces of sessions that have no session file any more, or never had one: what histories and
//! `.claude.json` tell.
//!
//! A trace is recorded of a session of which no session file is known. Since a session's file may
//! be read a moment after the history, a trace waits until it is old enough: it is recorded when
//! something is read after that, or at the next start.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::warn;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{self, Body, DirTouched, Evidence, PathText};

use super::Ingest;
use super::facts::Deed;
use crate::agents::{self, Agent};
use crate::session::{Fact, Key, Place, Project, Trace, What, Who, Word};
use crate::store::Draft;
use crate::store::ingest::Kept;

/// By then a session's file has been read.
const LATE_MS: i64 = 10 * 60 * 1000;
/// How many traces wait.
const MOST_WAITING: usize = 64;
/// Longest file of projects that is read, in bytes.
const LONGEST: u64 = 32 << 20;

/// A trace that is too young.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    agent: String,
    session: Word,
    place: Option<Place>,
    at_ms: i64,
}

impl Ingest {
    /// A history names a session.
    pub(super) fn traced(&mut self, agent: &'static dyn Agent, fact: &Fact, trace: &Trace) {
        let Some(at) = fact.at else { return };
        let session = &fact.who.session;
        if self.is_told(agent, session) {
            return;
        }
        let one = Waiting {
            agent: agent.name().to_owned(),
            session: session.clone(),
            place: trace.place.clone(),
            at_ms: at.ms(),
        };
        let is_young = at.ms() > Timestamp::now().ms() - LATE_MS;
        if is_young && self.waiting.iter().any(|other| other.is_like(&one)) {
            return;
        }
        // What has no place to wait is told at once: a trace too many is better than one too few.
        if is_young && self.waiting.len() < MOST_WAITING {
            self.waiting.push(one);
            self.keep_waiting();
            return;
        }
        self.record_trace(agent, session, trace.place.as_ref(), at, "launch");
    }

    /// Records what has waited for long enough, unless a session file has come.
    pub(super) fn settle_traces(&mut self) {
        let until = Timestamp::now().ms() - LATE_MS;
        if self.waiting.iter().all(|it| it.at_ms > until) {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let (due, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|it| it.at_ms <= until);
        self.waiting = rest;
        self.keep_waiting();
        for Waiting { agent, session, place, at_ms } in due {
            let agent = agents::CATALOGUE.iter().find(|known| known.name() == agent);
            if let Some(agent) = agent.filter(|agent| !self.is_told(**agent, &session)) {
                let at = Timestamp::from_ms(at_ms);
                self.record_trace(*agent, &session, place.as_ref(), at, "launch");
            }
        }
    }

    fn keep_waiting(&mut self) {
        let value = serde_json::to_vec(&self.waiting).expect("it is plain data");
        self.kept.set(waiting_key().0, value);
    }

    /// An agent's file of projects is there, or was replaced.
    pub(super) fn projects(&mut self, name: &str, path: &Path) {
        let agent = agents::CATALOGUE.iter().find(|agent| agent.name() == name);
        let (Some(agent), Some((text, modified))) = (agent, read(path)) else { return };
        match agent.projects(&text) {
            Ok(projects) => {
                // Of what was there before anybody looked, the time of writing tells nothing.
                let name = path.as_os_str().as_encoded_bytes();
                let is_first = self.is_new(Key::of("list of projects", &[name]));
                let modified = Some(modified).filter(|_| !is_first);
                for project in projects {
                    self.project(*agent, &project, modified);
                }
            }
            Err(error) => {
                warn!(path = %path.display(), %error, "an agent's file of projects cannot be read");
            }
        }
    }

    /// A directory is in a list of projects, which was written at a time that may tell when.
    fn project(
        &mut self,
        agent: &'static dyn Agent,
        project: &Project,
        written: Option<Timestamp>,
    ) {
        let dir = project.dir.as_path();
        let session = project.session.as_ref().map(Word::as_str);
        let parts = [agent.name().as_bytes(), dir.as_os_str().as_encoded_bytes()];
        let session_part = session.unwrap_or_default().as_bytes();
        let is_new = self.is_new(Key::of("project", &[parts[0], parts[1], session_part]));
        let Some(at) = project.at.or(written).filter(|_| is_new && dir.is_absolute()) else {
            return;
        };
        match &project.session {
            Some(session) if self.is_told(agent, session) => {}
            Some(session) => self.record_trace(agent, session, Some(&project.dir), at, "trust"),
            None => self.known_project(agent, dir, at),
        }
    }

    /// Records a directory that an agent was used in, nobody knows in which session.
    fn known_project(&mut self, agent: &'static dyn Agent, dir: &Path, at: Timestamp) {
        let place = self.places.dir(dir, at);
        let text = PathText::from_os(&place.dir);
        let body = Body::DirTouched(DirTouched {
            launch: None,
            session: None,
            agent: Some(agent.name().into()),
            dir: text.text,
            dir_b64: text.b64,
            repo: place.repo,
            repo_unknown: place.repo_unknown,
            how: "trust".to_owned(),
        });
        let (evidence, replaces) = (Evidence::Registry, None);
        self.record(Draft { at, evidence, replaces, body });
    }

    /// Whether a session file tells of a session.
    fn is_told(&self, agent: &dyn Agent, session: &Word) -> bool {
        self.kept.has(super::facts::started(agent.name(), session.as_str()).0)
    }

    fn record_trace(
        &mut self,
        agent: &'static dyn Agent,
        session: &Word,
        place: Option<&Place>,
        at: Timestamp,
        how: &str,
    ) {
        let who = Who { session: session.clone(), subagent: None };
        let what = What::Trace(Trace::default());
        let fact = Fact { at: Some(at), who, copied: false, origin: None, what };
        let deed = Deed::of_trace(agent.name(), &fact, at);
        let place = place.filter(|place| place.as_path().is_absolute());
        let place = place.map(|place| self.places.dir(place.as_path(), at));
        let key = [agent.name(), session.as_str()].map(str::as_bytes);
        if self.is_new(Key::of("session trace", &key)) {
            let body = record::Session {
                session: session.as_str().to_owned(),
                agent: agent.name().to_owned(),
                cwd: place.as_ref().map(|place| PathText::from_os(&place.dir).text),
                repo: place.as_ref().and_then(|place| place.repo.clone()),
                repo_unknown: place.as_ref().and_then(|place| place.repo_unknown.clone()),
                trace: true,
                ..record::Session::default()
            };
            self.put_down(deed, Body::SessionStarted(Box::new(body)));
        }
        if let Some(place) = place {
            self.dir(deed, &place, how);
        }
    }
}

impl Waiting {
    /// Whether it is of the same session and place.
    fn is_like(&self, other: &Self) -> bool {
        (&self.agent, &self.session, &self.place) == (&other.agent, &other.session, &other.place)
    }
}

/// Returns the traces that an earlier run left to wait.
pub(super) fn waiting(kept: &Kept) -> Vec<Waiting> {
    let waiting = kept.get(waiting_key().0);
    waiting.and_then(|waiting| serde_json::from_slice(&waiting).ok()).unwrap_or_default()
}

fn waiting_key() -> Key {
    Key::of("waiting traces", &[])
}

/// Reads a file of projects, with the time at which it was written. A pipe would hold us up.
fn read(path: &Path) -> Option<(Vec<u8>, Timestamp)> {
    let meta = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    if meta.len() > LONGEST {
        warn!(path = %path.display(), "an agent's file of projects is too long to be read");
        return None;
    }
    let modified = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let mut text = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
    Some((text, Timestamp::from_ms(i64::try_from(modified.as_millis()).ok()?)))
}
