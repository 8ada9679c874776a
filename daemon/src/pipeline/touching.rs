//! Directories: where agents and what they start have been.

use std::path::{Path, PathBuf};

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::{Body, DirTouched, Evidence, PathText, Repo};

use super::Pipeline;
use super::launching::marks;
use super::linking::named;
use super::tree::Member;
use crate::agents::{Arguments, Role};
use crate::clock;
use crate::enrich::normal::normal;
use crate::enrich::repo::lookup::Found;
use crate::event::{Moment, ProcessFacts};

impl Pipeline {
    /// Something below an agent, not one of its own processes, runs a program.
    pub(super) async fn below(
        &mut self,
        facts: &ProcessFacts,
        role: Option<Role>,
        moment: Moment,
        evidence: Evidence,
    ) {
        let parent = facts.ppid.and_then(|ppid| self.tree.get(ppid));
        let Some(member) = self.tree.get(facts.pid).or(parent) else { return };
        let Some(live) = self.live.get(&member.launch) else { return };
        let (launch, inherited) = (member.launch, member.tool_call);
        let parent_exe = parent.and_then(|parent| parent.exe.clone());
        // The agent's own program may do the model's work too: claude's shell has its `rg`.
        let machinery = live.agent.is_machinery(parent_exe.as_deref(), facts);
        let tool_call = inherited || marks(live, facts);
        let unknown = !tool_call && (facts.env.is_none() || live.env.is_none());
        let of_call = self.tree.get(facts.pid).and_then(|own| own.call);
        let of_call = of_call.or_else(|| parent.and_then(|parent| parent.call));
        // What was in doubt turns out to be one.
        let of_call = of_call.filter(|call| !(tool_call && self.calls.is_doubtful(*call)));
        let begins = of_call.is_none() && tool_call && !machinery && role.is_none();
        let call = if begins && !live.contained {
            let (whose, session) = ((launch, live.agent.name()), named(live, facts));
            Some(self.calls.begin(whose, session, live.inside, moment.at))
        } else {
            of_call
        };
        self.tree.insert(
            facts.pid,
            Member {
                launch,
                role: role.or(machinery.then_some(Role::Machinery)),
                tool_call,
                call,
                exe: facts.exe.clone(),
                start_ticks: facts.start_ticks,
                read_ns: moment.boot_ns,
            },
        );
        self.end_calls(moment);
        self.link_by_environment(launch, facts, moment);
        if let (Some(call), Some(cwd)) = (call, facts.cwd.as_ref().filter(|_| !machinery)) {
            self.calls.work_in(call, cwd);
            self.watch_files(launch, cwd, moment.at).await;
        }
        if begins {
            self.look_at_waiting().await;
            self.calls.forget();
        }
        match &facts.cwd {
            Some(cwd) if !unknown => {
                let how = if tool_call && !machinery { "command" } else { "helper" };
                self.touch(launch, cwd, how, moment, evidence).await;
            }
            _ => self.unread(facts.pid, false),
        }
    }

    /// A program below an agent could not be read.
    pub(super) fn unread(&mut self, pid: u32, may_be_agent: bool) {
        let Some(member) = self.tree.get(pid) else { return };
        if may_be_agent {
            self.counts.explain();
        }
        let member = member.clone();
        let Some(live) = self.live.get_mut(&member.launch) else { return };
        live.unread += 1;
        if member.call.is_none() && member.role.is_none() && !live.contained {
            // It may have been a shell call; then of the session that the launch works on, if that
            // is one.
            let whose = (member.launch, live.agent.name());
            let session = self.links.only_session(member.launch);
            let call = self.calls.doubt(whose, session, clock::read().now().at);
            self.tree.insert(pid, Member { call: Some(call), ..member });
            self.calls.forget();
        }
    }

    /// Records where a launch began, and the directories that its command line names.
    pub(super) async fn touch_start(
        &mut self,
        facts: &ProcessFacts,
        launch: LaunchId,
        arguments: Option<&Arguments>,
        moment: Moment,
        evidence: Evidence,
    ) {
        if let Some(cwd) = &facts.cwd {
            self.touch(launch, cwd, "launch", moment, evidence).await;
        }
        for (how, dir) in arguments.map_or(&[][..], |arguments| &arguments.dirs) {
            let typed = facts.cwd.as_deref().unwrap_or(Path::new("")).join(dir);
            // What cannot be resolved is recorded as it was typed, where that says where it is.
            let resolved = self.resolve(facts, typed.clone()).await.flatten();
            let dir = resolved.unwrap_or_else(|| normal(&typed));
            if dir.is_absolute() {
                self.touch(launch, &dir, how, moment, Evidence::Inferred).await;
                self.watch_files(launch, &dir, moment.at).await;
            }
        }
    }

    /// Resolves a path as the process sees it; none where that took too long.
    pub(super) async fn resolve(
        &self,
        facts: &ProcessFacts,
        path: PathBuf,
    ) -> Option<Option<PathBuf>> {
        let (pid, within) = (facts.pid, self.outside.resolve_within);
        let contained = facts.other_namespace == Some(true);
        let resolve = move || if contained { within(pid, &path) } else { path.canonicalize().ok() };
        self.offload.run(resolve).await
    }

    /// A live agent's process is in `cwd`: a touch where it was elsewhere before.
    pub(super) async fn is_in(&mut self, launch: LaunchId, pid: u32, cwd: PathBuf, moment: Moment) {
        let live = self.live.get_mut(&launch);
        let Some(last) = live.and_then(|live| live.processes.get_mut(&pid)) else { return };
        let before = last.replace(cwd.clone());
        if before.is_some_and(|before| before != cwd) {
            self.touch(launch, &cwd, "chdir", moment, Evidence::Polled).await;
        }
    }

    pub(super) async fn touch(
        &mut self,
        launch: LaunchId,
        dir: &Path,
        how: &'static str,
        moment: Moment,
        evidence: Evidence,
    ) {
        let path = PathText::from_os(dir);
        if !self.touched.is_new(launch, &path, how, moment.at) {
            return;
        }
        let contained = self.live.get(&launch).is_some_and(|live| live.contained);
        if let Some(configuration) = self.outside.configuration.as_ref().filter(|_| !contained) {
            configuration.comes_to(dir);
        }
        let (repo, repo_unknown) = self.repo(launch, dir).await;
        let touched = DirTouched {
            launch: Some(launch),
            session: None,
            agent: None,
            dir: path.text,
            dir_b64: path.b64,
            repo,
            repo_unknown,
            how: how.into(),
        };
        self.draft(moment.at, evidence, Body::DirTouched(touched));
    }

    /// Looks up the repository of a launch's directory, or says why it is not known.
    pub(super) async fn repo(
        &mut self,
        launch: LaunchId,
        dir: &Path,
    ) -> (Option<Repo>, Option<String>) {
        if self.live.get(&launch).is_some_and(|live| live.contained) {
            return (None, Some("the directory lies in a container".into()));
        }
        match self.lookup.repo(dir).await {
            Found::Repo(repo) => (Some(repo), None),
            Found::None => (None, None),
            Found::Unknown(why) => (None, Some(why)),
        }
    }
}
