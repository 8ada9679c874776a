//! Launches: which exec begins one, which belongs to one, and when it ends.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use trackway_protocol::ids::{LaunchId, ProcessKey};
use trackway_protocol::record::{Body, Endpoint, Evidence, Launch, PathText};

use super::Pipeline;
use super::live::Live;
use super::tree::Member;
use crate::agents::{self, Arguments, Image, Recognised, Role};
use crate::clock;
use crate::enrich::launcher;
use crate::event::{AgentEnv, Moment, ProcessFacts, RawArgv, Tty};

/// Nanoseconds in a clock tick of `/proc`: `USER_HZ` is 100 on every architecture that matters here.
const TICK_NS: u64 = 10_000_000;

/// A process that the catalogue knows, with everything that was read of it.
pub(super) struct Sighting {
    pub(super) recognised: Recognised,
    pub(super) facts: Arc<ProcessFacts>,
    pub(super) script: Option<PathBuf>,
    pub(super) moment: Moment,
    pub(super) evidence: Evidence,
    /// Whether it was already running when it was first seen.
    pub(super) found_running: bool,
}

/// What an exec of an agent's program means.
enum Meaning {
    /// A launch, perhaps inside a tool call of another.
    Launch { parent: Option<LaunchId> },
    /// The agent proper below, or in place of, the program that started it.
    PartOf(LaunchId),
    /// The agent's program doing a chore for the agent.
    Chore,
}

/// What was read on another thread.
struct FromDisk {
    version: Option<String>,
    endpoint: Option<Endpoint>,
}

impl Pipeline {
    /// A process runs a program: an agent, a part of one, or something below one.
    pub(super) async fn executed(
        &mut self,
        facts: ProcessFacts,
        moment: Moment,
        evidence: Evidence,
        found_running: bool,
    ) {
        if self.is_another(&facts) {
            self.exited(facts.pid, None, moment);
        }
        let facts = Arc::new(facts);
        let (recognised, script) = self.recognise(&facts).await;
        if let Some(recognised) = recognised {
            self.count(&recognised, &facts, moment, found_running);
            let sighting = Sighting {
                recognised,
                facts: Arc::clone(&facts),
                script,
                moment,
                evidence,
                found_running,
            };
            match self.meaning(&sighting) {
                Meaning::Launch { parent } => return self.launch(sighting, parent).await,
                Meaning::PartOf(launch) => return self.join(sighting, launch).await,
                Meaning::Chore => {}
            }
        }
        let role = recognised.map(|_| Role::Machinery);
        self.below(&facts, role, moment, evidence).await;
    }

    /// Whether a pid is borne by another process than the tree has under it.
    fn is_another(&self, facts: &ProcessFacts) -> bool {
        let known = self.tree.get(facts.pid).and_then(|member| member.start_ticks);
        known.is_some() && facts.start_ticks.is_some() && known != facts.start_ticks
    }

    /// Asks the catalogue, resolving an interpreter's script where that decides.
    async fn recognise(&self, facts: &Arc<ProcessFacts>) -> (Option<Recognised>, Option<PathBuf>) {
        if let Some(recognised) = with_image(facts, None, agents::recognise) {
            return (Some(recognised), None);
        }
        let Some(script) = with_image(facts, None, agents::script_argument) else {
            return (None, None);
        };
        // A relative script is relative to the directory at the time of the exec.
        let script = facts.cwd.as_deref().map(|cwd| cwd.join(&script)).unwrap_or(script);
        let resolved = self.offload.run(move || script.canonicalize().ok()).await.flatten();
        let recognised = with_image(facts, resolved.clone(), agents::recognise);
        (recognised, resolved)
    }

    /// Counts the exec of an agent's own binary, and has unknown ones counted from now on.
    fn count(
        &mut self,
        recognised: &Recognised,
        facts: &ProcessFacts,
        moment: Moment,
        found_running: bool,
    ) {
        let Some(exe) = facts.exe.as_ref().filter(|_| recognised.role != Role::Wrapper) else {
            return;
        };
        let Some(binary) = facts.exe_id.or_else(|| self.counts.at(exe)) else { return };
        if !facts.exe_deleted {
            self.begin_to_count(binary, exe);
        }
        // What runs already was opened when it started.
        let started_ns = facts.start_ticks.map(|ticks| ticks.saturating_mul(TICK_NS));
        let opened_ns = started_ns.filter(|_| found_running).unwrap_or(moment.boot_ns);
        self.counts.named(binary, opened_ns);
    }

    fn meaning(&self, sighting: &Sighting) -> Meaning {
        let facts = &sighting.facts;
        let role = sighting.recognised.role;
        let name = sighting.recognised.agent.name();
        if role == Role::Machinery {
            return Meaning::Chore;
        }
        if let Some(live) = self.own_process(facts.pid, name) {
            return Meaning::PartOf(live);
        }
        let Some(parent) = facts.ppid.and_then(|ppid| self.tree.get(ppid)) else {
            return self.meaning_by_itself(facts);
        };
        let launch = Some(parent.launch);
        let Some(live) = self.live.get(&parent.launch).filter(|live| live.agent.name() == name)
        else {
            return Meaning::Launch { parent: launch };
        };
        match parent.role {
            Some(Role::Wrapper) if role != Role::Daemon => Meaning::PartOf(parent.launch),
            Some(_) if role == Role::Daemon => Meaning::Launch { parent: launch },
            // The agent starts itself, not in a tool call: `codex --version` of the TUI.
            Some(_) if !marks(live, facts) => Meaning::Chore,
            _ => Meaning::Launch { parent: launch },
        }
    }

    /// Judges a process whose parent is no member: its own place in the tree is all that is known.
    fn meaning_by_itself(&self, facts: &ProcessFacts) -> Meaning {
        let parent = self.tree.get(facts.pid).map(|member| member.launch);
        Meaning::Launch { parent }
    }

    /// Returns the launch of which a pid is one of the agent's own processes: an exec in place.
    fn own_process(&self, pid: u32, agent: &str) -> Option<LaunchId> {
        let member = self.tree.get(pid)?;
        let live = self.live.get(&member.launch)?;
        (live.processes.contains_key(&pid) && live.agent.name() == agent).then_some(member.launch)
    }

    async fn launch(&mut self, sighting: Sighting, parent: Option<LaunchId>) {
        let facts = Arc::clone(&sighting.facts);
        let ticks = facts.start_ticks.unwrap_or(sighting.moment.boot_ns / TICK_NS);
        let boot_id = self.outside.boot_id.clone();
        let id = LaunchId::of(&ProcessKey { boot_id, pid: facts.pid, start_ticks: ticks });
        let started = if sighting.found_running {
            clock::read().at_boottime(ticks.saturating_mul(TICK_NS))
        } else {
            sighting.moment
        };
        let env = facts.env.clone().unwrap_or_default();
        let known = self.open.remove(&id).is_some();
        let live = Live {
            id,
            agent: sighting.recognised.agent,
            env,
            outermost: facts.pid,
            processes: HashMap::from([(facts.pid, facts.cwd.clone())]),
            started,
            contained: facts.other_namespace == Some(true),
            unread: 0,
            // What a former daemon recorded is not recorded again.
            proper: known || sighting.recognised.role != Role::Wrapper,
            end: None,
        };
        self.live.insert(id, live);
        self.add_member(&sighting, id);
        if known {
            return;
        }
        let arguments = facts.argv.as_ref().map(|argv| sighting.recognised.agent.arguments(argv));
        let disk = self.read_disk(&sighting).await;
        if let Some(exe) = facts.exe.as_ref().filter(|_| sighting.recognised.role != Role::Wrapper)
        {
            self.know(sighting.recognised.agent.name(), exe, disk.version.clone());
        }
        let mut body = describe(&sighting, id, arguments.as_ref(), disk);
        body.boot_id = Some(self.outside.boot_id.clone());
        body.start_ticks = Some(ticks);
        body.parent_launch = parent;
        (body.repo, body.repo_unknown) = match &facts.cwd {
            Some(cwd) => self.repo(id, cwd).await,
            None => (None, Some("the directory is unknown".into())),
        };
        self.draft(started.at, sighting.evidence, Body::LaunchStarted(Box::new(body)));
        self.touch_start(&facts, id, arguments.as_ref(), started, sighting.evidence).await;
    }

    /// The agent proper appears below, or in place of, what started it.
    async fn join(&mut self, sighting: Sighting, launch: LaunchId) {
        let pid = sighting.facts.pid;
        self.add_member(&sighting, launch);
        let Some(live) = self.live.get_mut(&launch) else { return };
        live.processes.insert(pid, sighting.facts.cwd.clone());
        if sighting.recognised.role == Role::Wrapper || std::mem::replace(&mut live.proper, true) {
            return;
        }
        let disk = self.read_disk(&sighting).await;
        let (exe, exe_b64) = path(sighting.facts.exe.as_deref());
        let body = Launch {
            launch,
            agent_version: disk.version,
            layout: Some(sighting.recognised.layout.into()),
            exe,
            exe_b64,
            ..Launch::default()
        };
        let at = sighting.moment.at;
        self.draft(at, sighting.evidence, Body::LaunchUpdated(Box::new(body)));
    }

    fn add_member(&mut self, sighting: &Sighting, launch: LaunchId) {
        let facts = &sighting.facts;
        let member = Member {
            launch,
            role: Some(sighting.recognised.role),
            // Whatever marks it bears are its starter's: what it starts bears its own.
            tool_call: false,
            exe: facts.exe.clone(),
            start_ticks: facts.start_ticks,
        };
        self.tree.insert(facts.pid, member);
    }

    async fn read_disk(&self, sighting: &Sighting) -> FromDisk {
        if sighting.facts.other_namespace == Some(true) {
            // Its paths are not ours: what lies there on our side is something else.
            return FromDisk { version: None, endpoint: None };
        }
        let agent = sighting.recognised.agent;
        let (facts, script) = (Arc::clone(&sighting.facts), sighting.script.clone());
        let read = self.offload.run(move || {
            with_image(&facts, script, |image| FromDisk {
                version: agent.version(image),
                endpoint: agent.endpoint(image.argv, image.env),
            })
        });
        read.await.unwrap_or(FromDisk { version: None, endpoint: None })
    }

    /// A process has ended: `status` is its wait status, none where nobody saw it end.
    pub(super) fn exited(&mut self, pid: u32, status: Option<u32>, moment: Moment) {
        let Some(member) = self.tree.remove(pid) else { return };
        let Some(live) = self.live.get_mut(&member.launch) else { return };
        if live.processes.remove(&pid).is_none() {
            return;
        }
        if pid == live.outermost {
            live.end = status.map(|status| (status, moment));
        }
        if live.processes.is_empty() {
            let draft = live.ended(moment, status.is_some(), self.last_seen);
            self.live.remove(&member.launch);
            self.drafts.push(draft);
        }
    }
}

/// Whether a process bears the mark of a tool call of `live`.
pub(super) fn marks(live: &Live, facts: &ProcessFacts) -> bool {
    facts.env.as_ref().is_some_and(|env| live.agent.marks_tool_call(&live.env, env))
}

fn with_image<T>(
    facts: &ProcessFacts,
    script: Option<PathBuf>,
    look: impl FnOnce(&Image<'_>) -> T,
) -> T {
    let (no_argv, no_env) = (RawArgv::default(), AgentEnv::default());
    look(&Image {
        exe: facts.exe.as_deref(),
        argv: facts.argv.as_ref().unwrap_or(&no_argv),
        script: script.as_deref(),
        env: facts.env.as_ref().unwrap_or(&no_env),
    })
}

fn describe(
    sighting: &Sighting,
    launch: LaunchId,
    arguments: Option<&Arguments>,
    disk: FromDisk,
) -> Launch {
    let facts = &sighting.facts;
    let (exe, exe_b64) = path(facts.exe.as_deref());
    let (cwd, cwd_b64) = path(facts.cwd.as_deref());
    let mode = match sighting.recognised.role {
        Role::Daemon => Some("app-server-daemon"),
        _ => arguments.map(|arguments| arguments.mode),
    };
    let env = facts.env.clone().unwrap_or_default();
    Launch {
        launch,
        agent: Some(sighting.recognised.agent.name().into()),
        agent_version: disk.version,
        layout: Some(sighting.recognised.layout.into()),
        mode: mode.map(Into::into),
        pid: Some(facts.pid),
        ppid: facts.ppid,
        launcher: launcher::nearest(&facts.ancestors, &env),
        exe,
        exe_b64,
        argv: arguments.map(|arguments| arguments.argv.clone()),
        flags: arguments.map(|arguments| arguments.flags.clone()),
        cwd,
        cwd_b64,
        tty: facts.tty.as_ref().map(|tty| match tty {
            Tty::None => "none".to_owned(),
            Tty::Named(name) => name.clone(),
        }),
        endpoint: disk.endpoint,
        namespace: facts.other_namespace.map(|other| if other { "other" } else { "host" }.into()),
        found_running: sighting.found_running.then_some(true),
        ..Launch::default()
    }
}

/// Returns a path as records carry it.
pub(super) fn path(path: Option<&std::path::Path>) -> (Option<String>, Option<String>) {
    let text = path.map(PathText::from_os);
    text.map_or((None, None), |path| (Some(path.text), path.b64))
}
