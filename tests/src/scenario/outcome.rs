//! What came of a scenario, and claims about it.
//!
//! [`Outcome::one_launch`] already claims whatever the scenario knows by itself: directory,
//! repository, exit code, times, version, launcher. What follows it is particular to the test. A
//! claim that does not hold panics with all that is known.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Evidence, Repo};
use trackway_protocol::row::LaunchRow;

use crate::agent::Agent;
use crate::cage::fence::Leftover;
use crate::cage::plan::MOCK;
use crate::watch::Watch;
use crate::world::{COMMIT, REMOTE};

/// An agent that ran, and what is known of it from outside.
#[derive(Debug)]
pub struct Outcome {
    /// World and daemon.
    pub watch: Arc<Watch>,
    /// The agent.
    pub agent: Agent,
    /// Its launch.
    pub launch: LaunchId,
    /// Pid of its outermost process.
    pub pid: u32,
    /// Its exit code as its shell saw it.
    pub code: i32,
    /// What it left running and was ended by pid.
    pub leftovers: Vec<Leftover>,
    /// The file that has what it printed.
    pub output: PathBuf,
    pub(super) cwd: PathBuf,
    pub(super) interactive: bool,
    pub(super) window: (Timestamp, Timestamp),
}

/// A launch as the daemon tells it, to make claims about.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The row.
    pub row: LaunchRow,
    watch: &'a Watch,
}

impl Outcome {
    /// Claims that there was this one launch in the world, and that what is known of it is right.
    #[must_use]
    #[track_caller]
    pub fn one_launch(&self) -> Seen<'_> {
        let launches = self.watch.launches();
        assert_eq!(launches.len(), 1, "one launch, and not {launches:#?}");
        self.own_launch()
    }

    /// Claims that there was this launch, a shared daemon that it started, and nothing else; the
    /// daemon must be among what had to be ended by pid.
    #[must_use]
    #[track_caller]
    pub fn launch_and_daemon(&self) -> (Seen<'_>, Seen<'_>) {
        let mut others = self.watch.launches();
        others.retain(|row| row.id != self.launch);
        let [daemon] = &others[..] else { panic!("one shared daemon, and not {others:#?}") };
        self.watch.wait_for_end(daemon.id);
        let daemon = self.seen(daemon.id);
        daemon.mode("app-server-daemon");
        let left = self.leftovers.iter().any(|left| Some(left.pid) == daemon.row.pid);
        daemon.claim(left, "the process that it left is the daemon");
        (self.own_launch(), daemon)
    }

    /// Claims what the scenario knows about its own launch.
    #[must_use]
    #[track_caller]
    pub fn own_launch(&self) -> Seen<'_> {
        let seen = self.seen(self.launch);
        seen.in_dir(&self.cwd.display().to_string()).exit(self.code).started_by("shell");
        let row = &seen.row;
        let same = |told: &Option<String>, known: &str| told.as_deref() == Some(known);
        seen.claim(row.pid == Some(self.pid), "the pid is that of the outermost process");
        seen.claim(row.agent == self.agent.name(), "it is that agent");
        seen.claim(same(&row.agent_version, self.agent.version()), "it is that version");
        seen.claim(same(&row.layout, "npm"), "it came from npm");
        seen.claim(same(&row.namespace, "host"), "a network of its own is no container");
        seen.claim(row.evidence == Evidence::Kernel, "the kernel told");
        seen.claim(!row.found_running, "its start was seen");
        seen.claim(row.endpoint.as_ref().is_none_or(|to| to.host == MOCK), "it talks to the mock");
        let terminal = row.tty.as_deref().is_some_and(|tty| tty.starts_with("pts/"));
        seen.claim(terminal || !self.interactive, "it has a terminal");
        seen.claim_times(self.window);
        seen
    }

    /// Looks at any launch in the world.
    #[must_use]
    #[track_caller]
    pub fn seen(&self, launch: LaunchId) -> Seen<'_> {
        let found = self.watch.launches().into_iter().find(|row| row.id == launch);
        Seen { row: found.expect("the launch was recorded"), watch: &self.watch }
    }

    /// Claims that none of `secrets` occurs in what the daemon keeps, logs or says.
    pub fn no_trace_of(&self, secrets: &[&str]) {
        self.watch.no_trace_of(secrets);
    }
}

impl Seen<'_> {
    /// Claims its working directory, and the repository of that.
    #[track_caller]
    pub fn in_dir(&self, dir: &str) -> &Self {
        let dir = &PathBuf::from(self.watch.world.tell(dir));
        self.claim(self.row.cwd.as_deref().map(Path::new) == Some(dir), "the directory is right");
        let repo = dir.ancestors().find(|dir| dir.join(".git").exists()).map(|root| Repo {
            root: root.display().to_string(),
            remote: Some(REMOTE.to_owned()),
            branch: Some("main".to_owned()),
            commit: Some(commit(root)),
            ..Repo::default()
        });
        self.claim(self.row.repo == repo, &format!("the repository is {repo:?}"));
        self.claim(self.row.repo_unknown.is_none(), "the repository is known");
        self
    }

    /// Claims its exit code, as a shell tells it: a signal is 128 and its number.
    #[track_caller]
    pub fn exit(&self, code: i32) -> &Self {
        let told = self.row.exit_code.or(self.row.signal.map(|signal| 128 + signal));
        self.claim(told == Some(code), &format!("the exit code is {code}"));
        self.claim(self.row.end_seen == Some(true), "its end was seen");
        self
    }

    /// Claims what it was started to do.
    #[track_caller]
    pub fn mode(&self, mode: &str) -> &Self {
        self.claim(self.row.mode.as_deref() == Some(mode), &format!("the mode is {mode}"));
        self
    }

    /// Claims what kind of program started it.
    #[track_caller]
    pub fn started_by(&self, kind: &str) -> &Self {
        let told = self.row.launcher.as_ref().map(|launcher| launcher.kind.as_str());
        self.claim(told == Some(kind), &format!("a {kind} started it"));
        self
    }

    /// Claims that its command line shows these arguments, in this order.
    #[track_caller]
    pub fn shows(&self, arguments: &[&str]) -> &Self {
        let argv = self.row.argv.clone().unwrap_or_default();
        let mut told = argv.iter();
        let all = arguments.iter().all(|argument| told.any(|known| known == argument));
        self.claim(all, &format!("the command line shows {arguments:?}"));
        self
    }

    /// Claims in which directories the commands of its tool calls worked, and that there were no
    /// others.
    #[track_caller]
    pub fn commands_in(&self, dirs: &[&str]) -> &Self {
        let mut dirs: Vec<_> =
            dirs.iter().map(|dir| PathBuf::from(self.watch.world.tell(dir))).collect();
        dirs.sort();
        let told = self.watch.dirs(self.row.id, "command");
        self.claim(told == dirs, &format!("commands ran in {dirs:?}, and not in {told:?}"));
        self
    }

    #[track_caller]
    fn claim_times(&self, (from, until): (Timestamp, Timestamp)) {
        let row = &self.row;
        // The daemon reckons from another clock, and a millisecond is the finest that it tells.
        let slack = 50;
        self.claim(row.started_at.ms() >= from.ms() - slack, "it started after we began");
        let ended = row.ended_at.map(Timestamp::ms);
        self.claim(ended.is_some_and(|at| at <= until.ms() + slack), "it ended before we noticed");
        let lived = ended.unwrap_or_default() - row.started_at.ms();
        self.claim(lived > 0, "it started before it ended");
        let told = row.duration_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or_default();
        self.claim((told - lived).abs() <= slack, "its duration is the time between");
    }

    /// Claims anything about it.
    #[track_caller]
    pub fn claim(&self, holds: bool, what: &str) {
        if holds {
            return;
        }
        let row = &self.row;
        let dirs = self.watch.daemon.dirs(row.id);
        let log = self.watch.daemon.log();
        panic!("not so: {what}\n--- launch: {row:#?}\n--- directories: {dirs:#?}\n--- log:\n{log}");
    }
}

/// The commit that `main` is at: a script may have made one.
fn commit(root: &Path) -> String {
    let head = fs::read_to_string(root.join(".git/refs/heads/main"));
    head.map_or(COMMIT.to_owned(), |text| text.trim().to_owned())
}
