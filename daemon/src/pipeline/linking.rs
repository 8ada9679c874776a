//! Links: which session was the work of which launch, each as its own witness knew it.
//!
//! What follows from what is known is in `links.rs`; here is where it is looked for.

use std::path::PathBuf;

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::{Body, Evidence, SessionLinked};

use super::Pipeline;
use super::launching::marks;
use super::links::{ARGUMENT, Claim, ENVIRONMENT, Link};
use super::live::Live;
use crate::clock;
use crate::enrich::redact::value::is_uuid;
use crate::event::{Growth, Moment, ProcessFacts};
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
        let Some(session) = session else { return };
        let evidence = Evidence::Kernel;
        let claim = Claim { session, how: ENVIRONMENT, evidence, at: moment.at };
        let link = self.links.link(launch, claim);
        self.put_down(link);
    }

    /// An agent's own process may be told by its arguments in which session to work.
    pub(super) fn claim_by_argument(
        &mut self,
        launch: LaunchId,
        facts: &ProcessFacts,
        moment: Moment,
        evidence: Evidence,
    ) {
        let agent = self.live.get(&launch).map(|live| live.agent);
        let argv = facts.argv.as_ref();
        let session = agent.zip(argv).and_then(|(agent, argv)| agent.session_argument(argv));
        let Some(session) = session else { return };
        let claim = Claim { session, how: ARGUMENT, evidence, at: moment.at };
        let link = self.links.claim(launch, claim);
        self.put_down(link);
    }

    /// More was read of a session.
    pub(super) async fn grew(&mut self, growth: Growth) {
        let now_ns = clock::read().now().boot_ns;
        if self.links.wants_look(&growth, now_ns) {
            self.look_at_agent(growth.agent).await;
        }
        let links = self.links.grew(growth, now_ns);
        self.put_down(links);
    }

    /// Draws the conclusions that are due.
    pub(super) fn conclude(&mut self, all: bool) {
        let links = self.links.conclude(clock::read().now(), all);
        self.put_down(links);
    }

    pub(super) fn put_down(&mut self, links: impl IntoIterator<Item = Link>) {
        for Link { launch, agent, claim } in links {
            let Claim { session, how, evidence, at } = claim;
            let body = SessionLinked { session, agent: agent.into(), launch, how: how.into() };
            self.draft(at, evidence, Body::SessionLinked(body));
        }
    }

    /// Tells whoever follows session files of the directory in which a launch keeps its own.
    pub(super) fn tell_home(&mut self, launch: LaunchId) {
        let live = self.live.get(&launch).filter(|live| !live.contained);
        let Some((live, env)) = live.and_then(|live| Some((live, live.env.as_ref()?))) else {
            return;
        };
        let Some(home) = live.agent.home(env) else { return };
        let told: (&'static str, PathBuf) = (live.agent.name(), home);
        if !self.homes.insert(told.clone()) {
            return;
        }
        if let Some(configuration) = &self.outside.configuration {
            configuration.home(told.0, told.1.clone());
        }
        if let Some(homes) = &self.outside.homes {
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
