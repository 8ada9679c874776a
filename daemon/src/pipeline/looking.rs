//! Looking at live agents for the sessions that they work on: their own lists of what runs, and the
//! files that they have open.
//!
//! It is done often in the first seconds of a launch, for many live no longer, until something is
//! found; after that when a session's file grows that no live launch is known to write, and lists are
//! looked at in each tick. A list is read again only where it looks different.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::Evidence;

use super::Pipeline;
use super::links::{Claim, OPEN_FILE, REGISTRY};
use crate::agents::{Agent, Registered};
use crate::clock;
use crate::source::sessions::{Look, read_small};

/// A file that says more of one process is no list of an agent's.
const MOST_BYTES: u64 = 64 * 1024;
/// Processes of one launch that are looked for in its agent's list.
const MOST_PROCESSES: usize = 64;
/// So often a young launch is looked at, until something is found.
const LOOKS: u32 = 50;
/// How often young launches are looked at.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// What is kept of a process's entry: how the file looked when it was read.
pub(super) type Registries = HashMap<(u32, u64), Look>;

/// One process to look for in its agent's list.
struct Asked {
    agent: &'static dyn Agent,
    launch: LaunchId,
    pid: u32,
    start_ticks: u64,
    path: PathBuf,
    known: Option<Look>,
}

impl Pipeline {
    /// Whether a launch is so young that it is looked at more often than once in a tick.
    pub(super) fn wants_look(&self) -> bool {
        self.pausing.is_none() && self.live.values().any(|live| live.looks < LOOKS)
    }

    /// Looks at launches that are young and of which nothing was found yet: a short one is over before
    /// the next tick.
    pub(super) async fn look_at_young(&mut self) {
        let young = self.live.values_mut().filter(|live| live.looks < LOOKS);
        let mut launches = Vec::new();
        for live in young {
            live.looks += 1;
            launches.push(live.id);
        }
        self.look_at(&launches).await;
        for launch in launches {
            let is_known =
                [OPEN_FILE, REGISTRY].iter().any(|how| self.links.is_known_by(launch, how));
            if let Some(live) = self.live.get_mut(&launch).filter(|_| is_known) {
                live.looks = LOOKS;
            }
        }
    }

    /// Looks at the live agents of one kind.
    pub(super) async fn look_at_agent(&mut self, agent: &str) {
        let of_agent = self.live.values().filter(|live| live.agent.name() == agent);
        let launches: Vec<_> = of_agent.map(|live| live.id).collect();
        self.look_at(&launches).await;
    }

    async fn look_at(&mut self, launches: &[LaunchId]) {
        self.read_registries(Some(launches)).await;
        self.look_at_open_files(launches);
    }

    fn look_at_open_files(&mut self, launches: &[LaunchId]) {
        let (at, evidence) = (clock::read().now().at, Evidence::Kernel);
        for launch in launches {
            let Some(live) = self.live.get(launch).filter(|live| !live.contained) else { continue };
            let Some(session_of) = live.agent.session_file() else { continue };
            let files = live.processes.keys().flat_map(|pid| (self.outside.written_by)(*pid));
            let sessions: Vec<String> = files.filter_map(|file| session_of(&file)).collect();
            for session in sessions {
                let claim = Claim { session, how: OPEN_FILE, evidence, at };
                let link = self.links.claim(*launch, claim);
                self.put_down(link);
            }
        }
    }

    /// Reads what has changed in the lists of these launches, or of all.
    pub(super) async fn read_registries(&mut self, launches: Option<&[LaunchId]>) {
        let asked = self.processes(launches);
        if asked.is_empty() {
            return;
        }
        let read = self.offload.run(move || asked.into_iter().filter_map(read).collect::<Vec<_>>());
        let at = clock::read().now().at;
        for (asked, look, entry) in read.await.unwrap_or_default() {
            // What another process left under this pid is read once; what is half written, again.
            self.registries.insert((asked.pid, asked.start_ticks), look);
            let is_own = |entry: &Registered| {
                (entry.pid, entry.start_ticks) == (asked.pid, asked.start_ticks)
            };
            let Some(entry) = entry.filter(is_own) else { continue };
            let evidence = Evidence::Registry;
            let claim = Claim { session: entry.session, how: REGISTRY, evidence, at };
            let link = self.links.claim(asked.launch, claim);
            self.put_down(link);
        }
    }

    /// Lists the agents' own processes, those that work for a service among them.
    fn processes(&mut self, launches: Option<&[LaunchId]>) -> Vec<Asked> {
        let mut asked = Vec::new();
        let mut of_launch = HashMap::<LaunchId, usize>::new();
        for (pid, member) in self.tree.iter() {
            let Some(live) = self.live.get(&member.launch).filter(|live| !live.contained) else {
                continue;
            };
            let is_wanted =
                member.role.is_some() && launches.is_none_or(|them| them.contains(&live.id));
            let (Some(start_ticks), true) = (member.start_ticks, is_wanted) else { continue };
            let home = live.env.as_ref().and_then(|env| live.agent.home(env));
            let Some(path) = home.and_then(|home| live.agent.registry(&home, pid)) else {
                continue;
            };
            let count = of_launch.entry(live.id).or_default();
            *count += 1;
            if *count <= MOST_PROCESSES {
                let known = self.registries.get(&(pid, start_ticks)).copied();
                let (agent, launch) = (live.agent, live.id);
                asked.push(Asked { agent, launch, pid, start_ticks, path, known });
            }
        }
        if launches.is_none() {
            let is_asked =
                |key: &(u32, u64)| asked.iter().any(|it| (it.pid, it.start_ticks) == *key);
            self.registries.retain(|key, _| is_asked(key));
        }
        asked
    }
}

/// Reads what has changed. Touches the disk.
fn read(asked: Asked) -> Option<(Asked, Look, Option<Registered>)> {
    let (look, bytes) = read_small(&asked.path, MOST_BYTES, asked.known)?;
    let entry = asked.agent.registered(&bytes).ok()?;
    Some((asked, look, entry))
}
