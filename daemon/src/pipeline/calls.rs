//! Shell calls: when each ran, and where, so that it can be said in which one a file changed.
//!
//! A call is a process that bears the agent's mark of a tool call, with all below it.
//!
//! # Whose a change is
//!
//! It is that session's of which a call ran at the time, if the launch of that session works in the
//! tree. Of several, those count that work in the tree themselves; of an agent and the one in whose
//! call it was started, the inner one. Where two sessions of a launch are left, the change is the
//! launch's and no session's; where two launches are, it is nobody's and counted for each.
//!
//! A call that runs for long is a server, say, that was started to stay: whatever changes then is
//! more likely to be somebody else's. It is counted as not told, as is what changes while something
//! runs below an agent that was gone before it could be read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use trackway_protocol::ids::{LaunchId, Timestamp};

use crate::event::{Alteration, COARSE_MS};

/// After so long it is not known any more who changes files.
const LONG_MS: i64 = 10 * 60 * 1000;
/// What could not be read began so long before at most.
const UNREAD_MS: i64 = 200;
/// How many calls are remembered that have ended: what changed in them is told a moment later.
const PAST: usize = 256;
/// How many files one call is told to have changed.
const MOST_TOLD: usize = 2000;
/// So long after a call it is forgotten what was told of it.
const LATE_MS: i64 = 10_000;
/// Within so long all of a tree is met.
const MET_MS: i64 = 60_000;
/// How many trees one launch works in, and how many directories of its are remembered.
const MOST_TREES: usize = 64;
const MOST_DIRS: usize = 4096;
/// How many ignored files of one call are told apart.
const MOST_APART: usize = 50_000;

/// One shell call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: u64,
    pub(super) launch: LaunchId,
    pub(super) agent: &'static str,
    /// Absent where its environment does not name it.
    pub(super) session: Option<String>,
    began: Timestamp,
    ended: Option<Timestamp>,
    /// The call in which its agent was started.
    inside: Option<u64>,
    /// Where its programs worked.
    dirs: BTreeSet<PathBuf>,
    /// What is known of it already.
    told: HashSet<u64>,
    ignored: HashSet<u64>,
    /// What was left out and is not recorded yet.
    left: LeftOut,
    /// Whether it is over, and what was left out of it was said.
    settled: bool,
    /// Whether it may have been no call: it was gone before it could be read.
    doubtful: bool,
}

/// Changes that are not told, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) ignored: u64,
    pub(super) untold: u64,
}

/// Whose a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// No call ran.
    Nobody,
    /// One session's: the youngest of its calls.
    Session(u64),
    /// Of several sessions of one launch; their calls.
    Launch(Vec<u64>),
    /// Nobody knows whose; the calls that ran.
    Unknown(Vec<u64>),
}

/// The calls that run, and those that ran.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The oldest first.
    all: VecDeque<Call>,
    next: u64,
    /// Where each launch was, and the trees that are watched for it.
    visited: HashMap<LaunchId, Visited>,
    /// Directories that are not watched, by tree.
    unwatched: HashMap<PathBuf, u64>,
    /// What was said of that, and to which session.
    said: HashSet<(String, PathBuf, u64)>,
    /// Directories of agents' own.
    own: HashSet<PathBuf>,
    /// For how many launches each tree is watched.
    watched: HashMap<PathBuf, usize>,
    /// Launches that have ended since it was last tidied up.
    over: usize,
}

#[derive(Debug, Default)]
struct Visited {
    dirs: HashSet<PathBuf>,
    /// Since when each is wanted.
    trees: BTreeMap<PathBuf, Timestamp>,
    /// How many more there are, at least, and of how many that was said.
    left_out: u64,
    left_out_said: u64,
    /// Whether the launch has ended.
    over: bool,
}

impl Calls {
    /// A call begins.
    pub(super) fn begin(
        &mut self,
        (launch, agent): (LaunchId, &'static str),
        session: Option<String>,
        inside: Option<u64>,
        at: Timestamp,
    ) -> u64 {
        self.next += 1;
        let id = self.next;
        self.all.push_back(Call {
            id,
            launch,
            agent,
            session,
            began: at,
            ended: None,
            inside,
            dirs: BTreeSet::new(),
            told: HashSet::new(),
            ignored: HashSet::new(),
            left: LeftOut::default(),
            settled: false,
            doubtful: false,
        });
        id
    }

    /// Something began below an agent that could not be read. What changes then is counted.
    pub(super) fn doubt(
        &mut self,
        whose: (LaunchId, &'static str),
        session: Option<String>,
        at: Timestamp,
    ) -> u64 {
        let began = Timestamp::from_ms(at.ms() - UNREAD_MS);
        let id = self.begin(whose, session, None, began);
        if let Some(call) = self.get(id) {
            call.doubtful = true;
        }
        id
    }

    /// The last process of a call has ended.
    pub(super) fn end(&mut self, id: u64, at: Timestamp) {
        if let Some(call) = self.get(id) {
            call.ended = Some(at.max(call.began));
        }
    }

    /// Whether a call may have been none.
    pub(super) fn is_doubtful(&self, id: u64) -> bool {
        let at = self.all.binary_search_by_key(&id, |call| call.id);
        at.is_ok_and(|at| self.all[at].doubtful)
    }

    pub(super) fn get(&mut self, id: u64) -> Option<&mut Call> {
        let at = self.all.binary_search_by_key(&id, |call| call.id).ok()?;
        self.all.get_mut(at)
    }

    /// A program of a call works in a directory.
    pub(super) fn work_in(&mut self, id: u64, dir: &Path) {
        if let Some(call) = self.get(id)
            && !call.dirs.contains(dir)
        {
            call.dirs.insert(dir.to_owned());
        }
    }

    /// A launch is in a directory. Whether that is new.
    pub(super) fn visit(&mut self, launch: LaunchId, dir: &Path) -> bool {
        let visited = self.visited.entry(launch).or_default();
        if visited.dirs.len() >= MOST_DIRS && !visited.dirs.contains(dir) {
            // It may lie in a tree that is watched; if it does not, nobody knows.
            visited.left_out = visited.left_out.max(1);
            return false;
        }
        !visited.dirs.contains(dir) && visited.dirs.insert(dir.to_owned())
    }

    /// It is not known yet in which tree a directory lies: it is asked for when it is met again.
    pub(super) fn unvisit(&mut self, launch: LaunchId, dir: &Path) {
        if let Some(visited) = self.visited.get_mut(&launch) {
            visited.dirs.remove(dir);
        }
    }

    /// A directory is an agent's own. Whether that is new.
    pub(super) fn exclude(&mut self, dir: &Path) -> bool {
        !self.own.contains(dir) && self.own.insert(dir.to_owned())
    }

    /// A launch works in a directory of which the tree is not to be watched.
    pub(super) fn leave_out(&mut self, launch: LaunchId) {
        self.visited.entry(launch).or_default().left_out += 1;
    }

    /// A tree is watched for a launch from some time on. Whether that is new; false also where there
    /// are too many, which is counted.
    pub(super) fn watch(&mut self, launch: LaunchId, tree: &Path, since: Timestamp) -> bool {
        let visited = self.visited.entry(launch).or_default();
        if visited.trees.contains_key(tree) {
            return false;
        }
        if visited.trees.len() >= MOST_TREES {
            visited.left_out += 1;
            return false;
        }
        visited.trees.insert(tree.to_owned(), since);
        *self.watched.entry(tree.to_owned()).or_default() += 1;
        true
    }

    /// A launch has ended. Returns the trees that are watched for no other.
    pub(super) fn leave(&mut self, launch: LaunchId) -> Vec<PathBuf> {
        let Some(visited) = self.visited.get_mut(&launch).filter(|visited| !visited.over) else {
            return Vec::new();
        };
        visited.over = true;
        self.over += 1;
        let mut left = Vec::new();
        for tree in visited.trees.keys() {
            let Some(launches) = self.watched.get_mut(tree) else { continue };
            *launches -= 1;
            if *launches == 0 {
                self.watched.remove(tree);
                left.push(tree.clone());
            }
        }
        left
    }

    /// Forgets what is long over, now and then.
    pub(super) fn forget(&mut self) {
        if self.all.len() > 2 * PAST {
            let over = self.all.iter().filter(|call| call.is_over()).count();
            let mut surplus = over.saturating_sub(PAST);
            self.all.retain(|call| {
                let goes = surplus > 0 && call.is_over();
                surplus -= usize::from(goes);
                !goes
            });
            self.said.clear();
        }
        if self.over > PAST {
            self.over = 0;
            let known: HashSet<LaunchId> = self.all.iter().map(|call| call.launch).collect();
            self.visited.retain(|launch, visited| !visited.over || known.contains(launch));
        }
    }

    /// Says whose a change in a directory is, that was somewhen in a span of time.
    pub(super) fn whose(&self, dir: &Path, early: Timestamp, at: Timestamp) -> Whose {
        let ran = |call: &&Call| {
            let (began, over) = (call.began.ms(), call.ended.is_some_and(|ended| ended < early));
            began <= at.ms() + COARSE_MS && !over && self.is_near(call, dir)
        };
        let all: Vec<&Call> = self.all.iter().filter(ran).collect();
        if all.is_empty() {
            return Whose::Nobody;
        }
        let young = all.iter().copied().filter(|call| at.ms() - call.began.ms() <= LONG_MS);
        let mut calls: Vec<&Call> = young.filter(|call| !call.doubtful).collect();
        // What could not be read was perhaps a part of the call that ran; or somebody else's.
        let others =
            |doubtful: &&Call| doubtful.doubtful && !calls.iter().any(|call| call.is_of(doubtful));
        if calls.is_empty() || all.iter().any(others) {
            return Whose::Unknown(ids(&all));
        }
        let outer: HashSet<u64> = calls.iter().filter_map(|call| call.inside).collect();
        calls.retain(|call| !outer.contains(&call.id));
        let here: Vec<&Call> =
            calls.iter().copied().filter(|it| self.works_near(it, dir)).collect();
        let calls = if here.is_empty() { calls } else { here };
        let Some(last) = calls.last() else { return Whose::Nobody };
        if calls.iter().any(|call| call.launch != last.launch) {
            Whose::Unknown(ids(&calls))
        } else if last.session.is_none() || calls.iter().any(|it| it.session != last.session) {
            Whose::Launch(ids(&calls))
        } else {
            Whose::Session(last.id)
        }
    }

    /// Whether the launch of a call works in the tree that a directory lies in.
    fn is_near(&self, call: &Call, dir: &Path) -> bool {
        let visited = self.visited.get(&call.launch);
        visited.is_some_and(|visited| visited.trees.keys().any(|tree| dir.starts_with(tree)))
    }

    /// Whether a call itself does.
    fn works_near(&self, call: &Call, dir: &Path) -> bool {
        let visited = self.visited.get(&call.launch).map(|visited| visited.trees.keys());
        let mut trees = visited.into_iter().flatten().filter(|tree| dir.starts_with(tree));
        trees.any(|tree| call.dirs.iter().any(|worked| worked.starts_with(tree)))
    }

    /// So many directories of a tree are not watched.
    ///
    /// That is known when all of the tree was met, which a short call does not wait for: what is over
    /// is to be told of as well, unless so long that all was watched then.
    pub(super) fn unwatched(&mut self, tree: PathBuf, dirs: u64, now: Timestamp) {
        if dirs == 0 {
            self.unwatched.remove(&tree);
            return;
        }
        for call in &mut self.all {
            let since = self.visited.get(&call.launch).and_then(|it| it.trees.get(&tree));
            let is_recent = |ended: Timestamp| now.ms() - ended.ms() <= MET_MS;
            let ran = |since: &Timestamp| {
                call.ended.is_some_and(|ended| ended >= *since && is_recent(ended))
            };
            call.settled &= !since.is_some_and(ran);
        }
        self.unwatched.insert(tree, dirs);
    }

    /// Returns what was left out of calls that are over, and of all at the end: each count once.
    pub(super) fn take_left(
        &mut self,
        at_end: bool,
        until: Timestamp,
    ) -> Vec<(Whom, LeftOut, u64)> {
        let mut left = Vec::new();
        for call in &mut self.all {
            let is_due = call.ended.is_some_and(|ended| ended <= until);
            if !(is_due || at_end) {
                continue;
            }
            if call.ended.is_some_and(|ended| ended.ms() + LATE_MS < until.ms()) {
                // Nothing comes so late any more.
                (call.told, call.ignored) = (HashSet::new(), HashSet::new());
            }
            let settled = std::mem::replace(&mut call.settled, true);
            let mut unwatched = 0;
            let visited = self.visited.get_mut(&call.launch).filter(|_| !settled);
            let mut trees = None;
            if let Some(visited) = visited {
                if visited.left_out > visited.left_out_said {
                    visited.left_out_said = visited.left_out;
                    unwatched += visited.left_out;
                }
                trees = Some(visited.trees.keys());
            }
            let trees = trees.into_iter().flatten();
            for (tree, dirs) in trees.filter_map(|tree| Some((tree, *self.unwatched.get(tree)?))) {
                let session = call.session.clone().unwrap_or_default();
                if self.said.insert((session, tree.clone(), dirs)) {
                    unwatched += dirs;
                }
            }
            let counts = std::mem::take(&mut call.left);
            if counts != LeftOut::default() || unwatched > 0 {
                let whom =
                    Whom { agent: call.agent, session: call.session.clone(), launch: call.launch };
                left.push((whom, counts, unwatched));
            }
        }
        left
    }

    /// Whether something is left to be told.
    pub(super) fn has_left(&self) -> bool {
        let open = |call: &Call| call.ended.is_some() && !call.settled;
        self.all.iter().any(|call| open(call) || call.left != LeftOut::default())
    }
}

/// Of whom something was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whom {
    pub(super) agent: &'static str,
    pub(super) session: Option<String>,
    pub(super) launch: LaunchId,
}

impl Call {
    /// Whether another one is of the same launch, and of the same session as far as that is known.
    fn is_of(&self, other: &Self) -> bool {
        self.launch == other.launch && (other.session.is_none() || self.session == other.session)
    }

    fn is_over(&self) -> bool {
        self.settled && self.ended.is_some() && self.left == LeftOut::default()
    }

    /// Whether a change is to be recorded: each once, and not too many. What is not is counted.
    pub(super) fn is_news(&mut self, path: &Path, what: Alteration) -> bool {
        let key = hashed(path, what);
        match what {
            Alteration::Ignored => {
                let is_new = self.ignored.len() >= MOST_APART || self.ignored.insert(key);
                self.left.ignored += u64::from(is_new);
                false
            }
            Alteration::Untold => {
                self.left.untold += 1;
                false
            }
            _ if self.told.len() >= MOST_TOLD => {
                self.left.untold += u64::from(!self.told.contains(&key));
                false
            }
            _ => self.told.insert(key),
        }
    }

    /// Counts a change that is not told, because nobody knows whose it is.
    pub(super) fn leave_out(&mut self, path: &Path, what: Alteration) {
        let what = if what == Alteration::Ignored { what } else { Alteration::Untold };
        let is_new = what == Alteration::Ignored
            || self.ignored.len() >= MOST_APART
            || self.ignored.insert(hashed(path, what));
        if is_new {
            let _counted = self.is_news(path, what);
        }
    }

    /// Returns a time at which it ran, as near as can be.
    pub(super) fn while_it_ran(&self, at: Timestamp) -> Timestamp {
        at.max(self.began).min(self.ended.unwrap_or(at).max(self.began))
    }
}

fn ids(calls: &[&Call]) -> Vec<u64> {
    calls.iter().map(|call| call.id).collect()
}

fn hashed(path: &Path, what: Alteration) -> u64 {
    let mut hasher = DefaultHasher::new();
    (path, what).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
