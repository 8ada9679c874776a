//! Launches: which exec begins one, which belongs to one, and when it ends.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use trackway_protocol::ids::{LaunchId, ProcessKey, Timestamp};
use trackway_protocol::record::{Body, Endpoint, Evidence, Launch, LaunchEnded, PathText};

use super::Pipeline;
use super::links::{Expected, Work};
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
    /// Whether a look at the table found it: it began before, at its start time.
    pub(super) found: bool,
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
        found: bool,
    ) {
        if self.is_another(&facts) {
            self.exited(facts.pid, None, moment);
        }
        let facts = Arc::new(facts);
        let (recognised, script) = self.recognise(&facts).await;
        if let Some(recognised) = recognised {
            self.count(&recognised, &facts, moment, found);
            let sighting =
                Sighting { recognised, facts: Arc::clone(&facts), script, moment, evidence, found };
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
    async fn recognise(
        &mut self,
        facts: &Arc<ProcessFacts>,
    ) -> (Option<Recognised>, Option<PathBuf>) {
        if let Some(recognised) = with_image(facts, None, agents::recognise) {
            return (Some(recognised), None);
        }
        let Some(script) = with_image(facts, None, agents::script_argument) else {
            return (None, None);
        };
        // A relative script is relative to the directory at the time of the exec.
        let script = facts.cwd.as_deref().map(|cwd| cwd.join(&script)).unwrap_or(script);
        let Some(resolved) = self.resolve(facts, script.clone()).await else {
            self.unresolved(&script);
            return (None, None);
        };
        let recognised = with_image(facts, resolved.clone(), agents::recognise);
        (recognised, resolved)
    }

    /// Counts the exec of an agent's own binary, and has unknown ones counted from now on.
    fn count(
        &mut self,
        recognised: &Recognised,
        facts: &ProcessFacts,
        moment: Moment,
        found: bool,
    ) {
        let Some(exe) = facts.exe.as_ref().filter(|_| recognised.role != Role::Wrapper) else {
            return;
        };
        // Under a container's path there is something else here.
        let contained = facts.other_namespace == Some(true);
        let by_path = || self.counts.at(exe).filter(|_| !contained);
        let Some(binary) = facts.exe_id.or_else(by_path) else { return };
        if !facts.exe_deleted && !contained {
            self.begin_to_count(binary, exe);
        }
        let known = self.tree.get(facts.pid).filter(|member| member.exe == facts.exe);
        if known.is_some_and(|member| moment.boot_ns <= member.read_ns) {
            // A look at the table came before its exec, and counted it.
            return;
        }
        // What runs already was opened when it started.
        let started_ns = facts.start_ticks.map(|ticks| ticks.saturating_mul(TICK_NS));
        let opened_ns = started_ns.filter(|_| found).unwrap_or(moment.boot_ns);
        let ago_ms = moment.boot_ns.saturating_sub(opened_ns) / 1_000_000;
        let opened = moment.at.ms().saturating_sub(i64::try_from(ago_ms).unwrap_or(i64::MAX));
        // What was opened in a pause was not counted.
        if !self.outside.pauses.cover(Timestamp::from_ms(opened)) {
            self.counts.named(binary, opened_ns);
        }
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
            // A launcher may go through a shell of its own.
            _ if !live.proper && role != Role::Daemon => Meaning::PartOf(parent.launch),
            // A look at the table met a fork of it that has not become anything else yet.
            _ if sighting.found && role == Role::Daemon && self.is_daemon(live, facts) => {
                Meaning::Chore
            }
            Some(_) if role == Role::Daemon => Meaning::Launch { parent: launch },
            // The agent starts itself, not in a tool call: `codex --version` of the TUI.
            Some(_) if !self.in_tool_call(live, facts) => Meaning::Chore,
            _ => Meaning::Launch { parent: launch },
        }
    }

    /// Whether a process runs the program of the daemon that is its launch.
    fn is_daemon(&self, live: &Live, facts: &ProcessFacts) -> bool {
        let outermost = self.tree.get(live.outermost);
        outermost.is_some_and(|it| it.role == Some(Role::Daemon) && it.exe == facts.exe)
    }

    /// Whether a process is at work for the model: by its own marks, or by those that its pid bore
    /// before, such as the shell that became it.
    fn in_tool_call(&self, live: &Live, facts: &ProcessFacts) -> bool {
        marks(live, facts) || self.tree.get(facts.pid).is_some_and(|member| member.tool_call)
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
        let started = if sighting.found {
            clock::read().at_boottime(ticks.saturating_mul(TICK_NS))
        } else {
            sighting.moment
        };
        let known = self.open.remove(&id);
        let outer = parent.and_then(|outer| self.live.get(&outer));
        let outer = outer.filter(|live| self.in_tool_call(live, &facts)).map(|live| live.id);
        let inside = |pid: Option<u32>| self.tree.get(pid?).and_then(|member| member.call);
        let inside = inside(Some(facts.pid)).or_else(|| inside(facts.ppid));
        let found_running = started.boot_ns < self.began.boot_ns;
        let live = Live {
            id,
            agent: sighting.recognised.agent,
            env: facts.env.clone(),
            outermost: facts.pid,
            processes: HashMap::from([(facts.pid, facts.cwd.clone())]),
            started,
            seen: sighting.moment.at,
            contained: facts.other_namespace == Some(true),
            unread: 0,
            // What a former daemon recorded is not recorded again.
            proper: known == Some(true) || sighting.recognised.role != Role::Wrapper,
            looks: 0,
            inside,
            end: None,
        };
        self.live.insert(id, live);
        self.add_member(&sighting, id);
        self.tell_home(id);
        let arguments = facts.argv.as_ref().map(|argv| sighting.recognised.agent.arguments(argv));
        self.links.begin(id, work(&sighting, arguments.as_ref(), started.at));
        self.claim_by_argument(id, &facts, started, sighting.evidence);
        self.end_calls(sighting.moment);
        if let Some(cwd) = &facts.cwd {
            self.watch_files_of(id, cwd, sighting.found).await;
        }
        if known.is_some() {
            return;
        }
        let disk = self.read_disk(&sighting).await;
        self.know_program(&sighting, &disk);
        self.note_limits(&facts, started.at);
        let mut body = describe(&sighting, id, arguments.as_ref(), disk);
        body.boot_id = Some(self.outside.boot_id.clone());
        body.start_ticks = Some(ticks);
        body.parent_launch = parent;
        body.found_running = found_running.then_some(true);
        let ours = facts.env.as_ref().filter(|_| facts.other_namespace != Some(true));
        let home = ours.and_then(|env| sighting.recognised.agent.home(env));
        body.home = home.map(|home| home.to_string_lossy().into_owned());
        let env = facts.env.as_ref().map(AgentEnv::telling);
        body.env = env.map(|env| env.into_iter().map(str::to_owned).collect());
        (body.repo, body.repo_unknown) = match &facts.cwd {
            Some(cwd) => self.repo(id, cwd).await,
            None => (None, Some("the directory is unknown".into())),
        };
        self.draft(started.at, sighting.evidence, Body::LaunchStarted(Box::new(body)));
        let of = (id, sighting.recognised.agent);
        self.find_silence(of, arguments.as_ref(), facts.env.as_ref(), started.at);
        self.touch_start(&facts, id, arguments.as_ref(), started, sighting.evidence).await;
        if let (Some(outer), Some(cwd)) = (outer, &facts.cwd) {
            // To the agent in whose tool call it was started, it is a command like any other.
            self.touch(outer, cwd, "command", started, sighting.evidence).await;
        }
    }

    /// The agent proper appears below, or in place of, what started it.
    async fn join(&mut self, sighting: Sighting, launch: LaunchId) {
        let pid = sighting.facts.pid;
        self.add_member(&sighting, launch);
        self.claim_by_argument(launch, &sighting.facts, sighting.moment, sighting.evidence);
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
            call: None,
            exe: facts.exe.clone(),
            start_ticks: facts.start_ticks,
            read_ns: sighting.moment.boot_ns,
        };
        self.tree.insert(facts.pid, member);
    }

    /// Takes the agent's program into `status`, where it is one of this machine's own.
    fn know_program(&self, sighting: &Sighting, disk: &FromDisk) {
        let ours = sighting.facts.other_namespace != Some(true);
        let exe = sighting.facts.exe.as_ref().filter(|_| ours);
        if let Some(exe) = exe.filter(|_| sighting.recognised.role != Role::Wrapper) {
            self.know(sighting.recognised.agent.name(), exe, disk.version.clone());
        }
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
                endpoint: agent.endpoint(image.argv, image.env, facts.cwd.as_deref()),
            })
        });
        read.await.unwrap_or(FromDisk { version: None, endpoint: None })
    }

    /// A process has ended: `status` is its wait status, none where nobody saw it end.
    pub(super) fn exited(&mut self, pid: u32, status: Option<u32>, moment: Moment) {
        self.tree.remove(pid);
        self.end_calls(moment);
        self.process_ended(pid, status, moment);
    }

    /// Ends the launch whose last process this was.
    pub(super) fn process_ended(&mut self, pid: u32, status: Option<u32>, moment: Moment) {
        let owner = self.live.values().find(|live| live.processes.contains_key(&pid));
        let Some(launch) = owner.map(|live| live.id) else { return };
        let Some(live) = self.live.get_mut(&launch) else { return };
        live.processes.remove(&pid);
        if pid == live.outermost {
            live.end = status.map(|status| (status, moment));
        }
        if live.processes.is_empty() {
            let draft = live.ended(moment, status.is_some());
            let started_ns = live.started.boot_ns;
            self.live.remove(&launch);
            self.links.end(launch, moment.at);
            if let Body::LaunchEnded(LaunchEnded { exit_code, .. }) = &draft.body {
                let ran_ns = moment.boot_ns.saturating_sub(started_ns);
                self.links.expect_file(launch, *exit_code, (ran_ns, moment.boot_ns));
            }
            self.drafts.push(draft);
            self.leave_files(launch);
        }
    }

    /// A member of the tree has a child. A pid that is given away again has lost its former bearer.
    pub(super) fn forked(&mut self, parent: u32, child: u32) {
        self.exited(child, None, clock::read().now());
        self.tree.forked(parent, child);
    }
}

/// Whether a process bears the mark of a tool call of `live`.
pub(super) fn marks(live: &Live, facts: &ProcessFacts) -> bool {
    let (Some(own), Some(env)) = (&live.env, &facts.env) else { return false };
    live.agent.marks_tool_call(own, env)
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
    let mode = arguments.map(|arguments| arguments.mode);
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
        ..Launch::default()
    }
}

/// Returns what decides of a launch which sessions it may have worked on.
fn work(sighting: &Sighting, arguments: Option<&Arguments>, started: Timestamp) -> Work {
    let Sighting { recognised, facts, .. } = sighting;
    let mode = arguments.map_or("unknown", |arguments| arguments.mode);
    let (agent, env) = (recognised.agent, facts.env.as_ref());
    let silence = arguments.zip(env).and_then(|(it, env)| agent.silence(&it.flags, env));
    let asks = arguments.is_some_and(|it| mode == "headless" && agent.asks_at_once(&it.argv));
    let expected = Expected::new(
        env.and_then(|env| agent.home(env)).is_some(),
        asks,
        silence.filter(|silence| !silence.leaves_file).map(|silence| silence.by),
    );
    Work {
        expected,
        is_service: recognised.role == Role::Daemon,
        is_contained: facts.other_namespace == Some(true),
        dir: facts.cwd.clone(),
        ..Work::new(recognised.agent.name(), mode, started)
    }
}

/// Returns a path as records carry it.
pub(super) fn path(path: Option<&std::path::Path>) -> (Option<String>, Option<String>) {
    let text = path.map(PathText::from_os);
    text.map_or((None, None), |path| (Some(path.text), path.b64))
}
