//! Links: which session was the work of which launch.
//!
//! A link is what its own witness knew, and nothing else follows from it. Each way of knowing tells
//! a session of a launch once.

use std::path::PathBuf;

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::{Body, Evidence, SessionLinked};

use super::Pipeline;
use super::launching::marks;
use super::live::Live;
use crate::event::{Moment, ProcessFacts};
use crate::source::sessions::Home;

impl Pipeline {
    /// A process below a launch bears the agent's own mark of a tool call: that names its session.
    pub(super) fn link_by_environment(
        &mut self,
        launch: LaunchId,
        facts: &ProcessFacts,
        moment: Moment,
    ) {
        let session = self.live.get(&launch).and_then(|live| named(live, facts));
        if let Some(session) = session {
            self.link(launch, session, "environment", moment, Evidence::Kernel);
        }
    }

    fn link(
        &mut self,
        launch: LaunchId,
        session: String,
        how: &'static str,
        moment: Moment,
        evidence: Evidence,
    ) {
        let Some(live) = self.live.get_mut(&launch) else { return };
        if live.contained || !live.linked.insert((session.clone(), how)) {
            return;
        }
        let agent = live.agent.name().into();
        if self.linked.contains(&(launch, session.clone(), how.to_owned())) {
            // A former daemon has recorded it.
            return;
        }
        let body = SessionLinked { session, agent, launch, how: how.into() };
        self.draft(moment.at, evidence, Body::SessionLinked(body));
    }

    /// Tells whoever follows session files of the directory in which a launch keeps its own.
    pub(super) fn tell_home(&mut self, launch: LaunchId) {
        let Some(homes) = &self.outside.homes else { return };
        let live = self.live.get(&launch).filter(|live| !live.contained);
        let Some((live, env)) = live.and_then(|live| Some((live, live.env.as_ref()?))) else {
            return;
        };
        let Some(home) = live.agent.home(env) else { return };
        let told: (&'static str, PathBuf) = (live.agent.name(), home);
        if self.homes.insert(told.clone()) {
            homes.follow(Home { agent: told.0, dir: told.1 });
        }
    }
}

/// Returns the session that a process's own mark names, where the launch itself does not bear it.
pub(super) fn named(live: &Live, facts: &ProcessFacts) -> Option<String> {
    if live.contained || !marks(live, facts) {
        return None;
    }
    let variable = live.agent.session_variable();
    let session = facts.env.as_ref()?.get(variable)?;
    let own = live.env.as_ref()?.get(variable);
    let session = session.to_str().filter(|session| own != Some(session.as_ref()))?;
    is_uuid(session).then(|| session.to_owned())
}

/// Whether a text has the form of a UUID, as both agents name their sessions.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
