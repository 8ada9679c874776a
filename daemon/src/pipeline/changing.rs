//! Files that change while shell calls run, and what is recorded of them.
//!
//! The kernel is the witness of the call, and of the change; that the one made the other is
//! concluded. So a record names the session, which the call's own environment names, and is
//! `inferred`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{
    Body, Coverage, DirTouched, Evidence, FileAccessed, LeftOut, PathText, Session,
};

use super::Pipeline;
use super::calls::{Whom, Whose};
use crate::clock;
use crate::enrich::repo::lookup::Found;
use crate::event::{Alteration, Altered, Moment, State};
use crate::source::{Order, changes};
use crate::zones::Place;

/// How many changes wait for a call that may be told of later, and for how long.
const WAITING: usize = 1024;
const WAIT: std::time::Duration = std::time::Duration::from_secs(3);
/// So long after its start an agent makes its first shell call, at the earliest.
const FIRST_CALL_MS: i64 = 300;
/// So long after the end of a call everything that changed in it is told.
const SETTLED_MS: i64 = 1000;
/// A quarter of an hour in milliseconds.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// One file that changed.
#[derive(Clone, Debug)]
pub(super) struct FileChange {
    dir: Arc<Path>,
    repo: Option<Arc<Path>>,
    path: PathBuf,
    what: Alteration,
    early: Timestamp,
    at: Timestamp,
    came: Instant,
}

impl Pipeline {
    /// A launch works in a directory from some time on: what changes in its tree is wanted.
    pub(super) async fn watch_files(&mut self, launch: LaunchId, dir: &Path, since: Timestamp) {
        let Some(changes) = self.outside.changes.clone() else { return };
        let contained = self.live.get(&launch).is_none_or(|live| live.contained);
        if contained || !self.calls.visit(launch, dir) {
            return;
        }
        let repo = match self.lookup.repo(dir).await {
            Found::Repo(repo) => Some(repo),
            Found::None => None,
            // Taken for a tree of its own it would be none of its repository's.
            Found::Unknown(_) => return self.calls.unvisit(launch, dir),
        };
        let tree = repo.as_ref().map_or_else(|| dir.to_owned(), |repo| repo.root.clone().into());
        let place = Place { path: &tree, repo: repo.as_ref() };
        if self.outside.standing.borrow().config().scope.leaves_out(Some(&place)) {
            return self.calls.unvisit(launch, dir);
        }
        if self.is_everybodys(&tree) {
            return self.calls.leave_out(launch);
        }
        if self.calls.watch(launch, &tree, since) {
            changes.order(Order::Watch(tree, since));
        }
    }

    /// Whether all kinds of programs write in a tree, so that nothing could be said of who did.
    fn is_everybodys(&self, tree: &Path) -> bool {
        let home = self.user_home.as_deref();
        let temporary = [Path::new("/tmp"), Path::new("/var/tmp")];
        home.is_some_and(|home| home.starts_with(tree))
            || temporary.iter().any(|other| other.starts_with(tree))
    }

    /// The same for a launch that begins.
    pub(super) async fn watch_files_of(&mut self, launch: LaunchId, cwd: &Path, found: bool) {
        let own = self.live.get(&launch).and_then(|live| live.agent.home(live.env.as_ref()?));
        if let (Some(changes), Some(own)) = (&self.outside.changes, own)
            && self.calls.exclude(&own)
        {
            changes.order(Order::Exclude(own));
        }
        let now = Timestamp::now();
        let first = if found { now } else { Timestamp::from_ms(now.ms() + FIRST_CALL_MS) };
        self.watch_files(launch, cwd, first).await;
    }

    /// A launch has ended.
    pub(super) fn leave_files(&mut self, launch: LaunchId) {
        for tree in self.calls.leave(launch) {
            if let Some(changes) = &self.outside.changes {
                changes.order(Order::Leave(tree));
            }
        }
        self.calls.forget();
    }

    /// Ends the calls whose last process has ended.
    pub(super) fn end_calls(&mut self, moment: Moment) {
        for call in self.tree.take_ended_calls() {
            self.calls.end(call, moment.at);
        }
    }

    /// Files changed.
    pub(super) async fn altered(&mut self, altered: Vec<Altered>) {
        for Altered { dir, repo, files } in altered {
            for (name, what, early, at) in files {
                let (dir, repo, path) = (dir.clone(), repo.clone(), dir.join(name));
                let came = Instant::now();
                self.file_changed(FileChange { dir, repo, path, what, early, at, came }).await;
            }
        }
    }

    /// Looks again at what changed when no call was known: one is known now.
    pub(super) async fn look_at_waiting(&mut self) {
        for change in std::mem::take(&mut self.waiting) {
            if change.came.elapsed() < WAIT {
                self.file_changed(change).await;
            }
        }
    }

    async fn file_changed(&mut self, change: FileChange) {
        match self.calls.whose(&change.dir, change.early, change.at) {
            Whose::Nobody => {
                if self.waiting.len() == WAITING {
                    self.waiting.pop_front();
                }
                self.waiting.push_back(change);
            }
            Whose::Session(call) => {
                let Some(call) = self.calls.get(call) else { return };
                if call.is_news(&change.path, change.what) {
                    let at = call.while_it_ran(change.at);
                    let (launch, agent) = (call.launch, call.agent);
                    let whom = Whom { agent, session: call.session.clone(), launch };
                    self.record_change(whom, change, at).await;
                }
            }
            Whose::Launch(calls) => {
                // The first one keeps account.
                let call = calls.first().and_then(|call| self.calls.get(*call));
                let Some(call) = call else { return };
                if call.is_news(&change.path, change.what) {
                    let at = call.while_it_ran(change.at);
                    let whom = Whom { agent: call.agent, session: None, launch: call.launch };
                    self.record_change(whom, change, at).await;
                }
            }
            Whose::Unknown(calls) => {
                for call in calls {
                    if let Some(call) = self.calls.get(call) {
                        call.leave_out(&change.path, change.what);
                    }
                }
            }
        }
    }

    async fn record_change(&mut self, whom: Whom, change: FileChange, at: Timestamp) {
        let how = match change.what {
            Alteration::Written => "write",
            Alteration::Deleted => "delete",
            Alteration::Renamed => "rename",
            Alteration::Ignored | Alteration::Untold => return,
        };
        let found = match &change.repo {
            Some(root) => self.lookup.repo(root).await,
            None => Found::None,
        };
        let (repo, repo_unknown) = match found {
            Found::Repo(repo) => (Some(repo), None),
            Found::None => (None, None),
            Found::Unknown(why) => (None, Some(why)),
        };
        // Where the session is known, what its file tells of the same file is the same access.
        let launch = whom.session.is_none().then_some(whom.launch);
        let accessed = FileAccessed {
            launch,
            session: whom.session.clone(),
            subagent: None,
            agent: whom.agent.into(),
            path: PathText::from_os(&change.path).text,
            path_as_told: None,
            repo: repo.clone(),
            repo_unknown: repo_unknown.clone(),
            how: how.into(),
            tool: "shell".into(),
            changed: true,
            outcome: None,
            lines_added: None,
            lines_removed: None,
        };
        self.draft(at, Evidence::Inferred, Body::FileAccessed(Box::new(accessed)));
        let dir = PathText::from_os(&*change.dir);
        let whose = whom.session.clone().unwrap_or_else(|| whom.launch.to_string());
        if !self.wrote.is_new(whose, &dir, at.ms().div_euclid(QUARTER_MS)) {
            return;
        }
        let touched = DirTouched {
            launch,
            session: whom.session,
            agent: None,
            dir: dir.text,
            dir_b64: dir.b64,
            repo,
            repo_unknown,
            how: "write".into(),
        };
        self.draft(at, Evidence::Inferred, Body::DirTouched(touched));
    }

    /// So many directories of a tree are not watched, which may be none any more.
    pub(super) fn unwatched(&mut self, root: PathBuf, dirs: usize) {
        let dirs = u64::try_from(dirs).unwrap_or(u64::MAX);
        self.calls.unwatched(root, dirs, Timestamp::now());
    }

    /// Records what was left out of calls that are over.
    pub(super) fn tell_left_out(&mut self, at_end: bool) {
        let now = clock::read().now().at;
        let until = Timestamp::from_ms(now.ms() - SETTLED_MS);
        for (whom, left, unwatched) in self.calls.take_left(at_end, until) {
            let Some(session) = whom.session else {
                self.note_nameless(left.ignored + left.untold, now);
                continue;
            };
            let some = |count: u64| Some(count).filter(|count| *count > 0);
            let body = Session {
                session,
                agent: whom.agent.into(),
                left_out: Some(LeftOut {
                    ignored: some(left.ignored),
                    untold: some(left.untold),
                    unwatched_dirs: some(unwatched),
                }),
                ..Session::default()
            };
            self.draft(now, Evidence::Inferred, Body::SessionUpdated(Box::new(body)));
        }
    }

    /// There is no session to say it of.
    fn note_nameless(&mut self, count: u64, now: Timestamp) {
        if count == 0 {
            return;
        }
        self.coverage(Coverage {
            source: changes::NAME.into(),
            state: State::Degraded.as_str().into(),
            from: now,
            until: Some(now),
            reason: "files changed in shell calls of unknown sessions, and are not told".into(),
            missed: Some(count),
            unit: Some("files".into()),
            unnamed: None,
        });
    }
}

/// Directories that a session or launch wrote in, in this quarter-hour.
#[derive(Debug, Default)]
pub(super) struct Wrote(i64, std::collections::HashSet<(String, PathText)>);

impl Wrote {
    fn is_new(&mut self, whose: String, dir: &PathText, quarter: i64) -> bool {
        if self.0 != quarter {
            (self.0, self.1) = (quarter, Default::default());
        }
        self.1.insert((whose, dir.clone()))
    }
}
