//! Findings: what the witnesses disagree about, as records. Each is told once.
//!
//! What is missing, and when that can be known, `links/missing.rs` decides; here is what it is asked
//! with, and how it is told.

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Body, Evidence, Finding, Risk};

use super::links::{Missing, Sight};
use super::{LAUNCHES, Pipeline};
use crate::agents::{Agent, Arguments};
use crate::clock;
use crate::event::{AgentEnv, SourceReport, State};
use crate::ingest;

/// A restart that takes no longer is an update, or a hand that was quick.
const BRIEF_MS: i64 = 60_000;
/// Sessions of which it is remembered that they have no launch.
const MOST_TOLD: usize = 4096;

/// The time in which no daemon ran, and the machine did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Downtime {
    /// When the former daemon last lived, or stopped.
    pub(crate) from: Timestamp,
    /// When this one began.
    pub(crate) until: Timestamp,
}

impl Pipeline {
    /// Tells what is due to be missed.
    pub(super) fn find_missing(&mut self) {
        let now = clock::read().now();
        for missing in self.links.missing(now, self.sight()) {
            self.tell_missing(missing, now.at);
        }
    }

    fn tell_missing(&mut self, missing: Missing, at: Timestamp) {
        let finding = match missing {
            Missing::File { launch, agent, started, session, silenced } => {
                let (code, why) = match (silenced, &session) {
                    (Some(by), _) => (
                        "transcripts-off",
                        format!("It was told by {by} to leave no session file."),
                    ),
                    (None, Some(_)) => (
                        "launch-without-session",
                        "It ran commands for its model, and left no session file.".to_owned(),
                    ),
                    (None, None) => (
                        "launch-without-session",
                        "It did what it was asked for, and left no session file.".to_owned(),
                    ),
                };
                let launch = Some(launch);
                let (agent, code) = (agent.to_owned(), code.to_owned());
                let (path, risk) = (None, Risk::Medium);
                Finding { agent, code, launch, session, path, since: started, risk, why }
            }
            Missing::Launch { agent, session, since } => {
                if !self.remember((agent.to_owned(), session.clone())) {
                    return;
                }
                Finding {
                    agent: agent.to_owned(),
                    code: "session-without-launch".into(),
                    session: Some(session),
                    since,
                    risk: Risk::Medium,
                    why: "Something was done in it while every launch was seen, and none that was \
                          seen can have done it."
                        .into(),
                    ..Finding::default()
                }
            }
        };
        self.find(at, finding);
    }

    /// Takes note of a session without launch; false where that was told before.
    fn remember(&mut self, session: (String, String)) -> bool {
        if self.lonely.len() >= MOST_TOLD {
            self.lonely.clear();
        }
        self.lonely.insert(session)
    }

    /// Tells what a launch was told not to do, whatever comes of it.
    pub(super) fn find_silence(
        &mut self,
        (launch, agent): (LaunchId, &'static dyn Agent),
        arguments: Option<&Arguments>,
        env: Option<&AgentEnv>,
        started: Timestamp,
    ) {
        let Some(Arguments { flags, .. }) = arguments else { return };
        let finding = |code: &str, risk, why| Finding {
            agent: agent.name().to_owned(),
            code: code.to_owned(),
            launch: Some(launch),
            since: started,
            risk,
            why,
            ..Finding::default()
        };
        let hooks = agent.hooks_off(flags).map(|flag| {
            let why = format!("It was told by {flag} not to run hooks, which may be guards.");
            finding("hooks-off", Risk::Medium, why)
        });
        let unknown = AgentEnv::default();
        let silence = agent.silence(flags, env.unwrap_or(&unknown)).filter(|it| it.leaves_file);
        let history = silence.map(|silence| {
            let why = format!("It was told by {} to keep no history of its sessions.", silence.by);
            finding("transcripts-off", Risk::Low, why)
        });
        for finding in hooks.into_iter().chain(history) {
            self.find(started, finding);
        }
    }

    /// Tells which agents ran while no daemon did: those that are found now and began before, and
    /// those that had not ended when the former daemon was last there, `over` by now.
    pub(super) fn find_downtime(&mut self, over: &[LaunchId], at: Timestamp) {
        let Some(Downtime { from, until }) = self.outside.downtime.take() else { return };
        let still = self.live.values().filter(|live| live.started.at < until);
        let mut ran: Vec<(LaunchId, String, &str)> =
            still.map(|live| (live.id, live.agent.name().to_owned(), "while it ran")).collect();
        ran.sort_unstable();
        for launch in over {
            let agent = self.open_agents.get(launch).cloned().unwrap_or_default();
            ran.push((*launch, agent, "before it ended, and nobody saw how"));
        }
        let long = until.ms().saturating_sub(from.ms());
        let risk = if long > BRIEF_MS { Risk::Medium } else { Risk::Low };
        for (launch, agent, how) in ran {
            let why = format!(
                "The recorder stopped {how}: what it did in those {} s may be missing.",
                long.max(0).div_euclid(1000).max(1)
            );
            let code = "recorder-stopped-while-agent-ran".to_owned();
            let launch = Some(launch);
            let (session, path) = (None, None);
            self.find(at, Finding { agent, code, launch, session, path, since: from, risk, why });
        }
    }

    fn find(&mut self, at: Timestamp, finding: Finding) {
        self.draft(at, Evidence::Inferred, Body::Finding(Box::new(finding)));
    }

    /// Takes note of since when every launch is seen.
    pub(super) fn note_sight(&mut self, report: &SourceReport) {
        if report.name != LAUNCHES {
            return;
        }
        self.all_seen = match (report.state, report.until) {
            (State::Active, _) => self.all_seen.max(Some(report.from)),
            // It was blind, and sees again.
            (_, Some(until)) => self.all_seen.max(Some(until)),
            (_, None) => None,
        };
    }

    fn sight(&self) -> Sight {
        let snapshot = self.outside.snapshot.borrow();
        let is_active = |name: &str| {
            let mut sources = snapshot.sources.iter();
            sources.any(|it| it.name == name && it.state == State::Active.as_str())
        };
        let is_read = snapshot.backfill.as_ref().is_some_and(|backfill| backfill.state == "done");
        Sight {
            sessions: is_active(ingest::NAME) && is_read,
            launches: self.all_seen.filter(|_| is_active(LAUNCHES)),
        }
    }
}
