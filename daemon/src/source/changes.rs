//! Tells which files change in the directories where agents work.
//!
//! It tells that a file changed, and when; whose shell call ran at that time is for the pipeline to
//! say. Nothing is read of a file but its times.
//!
//! # Times
//!
//! The kernel's queue of changes has no times. What was written has its time of change; what is gone
//! has that of its directory, which is the last one's of all that went together. So each change comes
//! with the span in which it happened.
//!
//! # Bounds
//!
//! So many directories are watched of one tree, of what its repository ignores fewer, and of the
//! user's watches no more than a part: editors want some as well. The directories that are left out
//! are counted and reported. What a repository ignores is counted and never named.
//!
//! # Never in the way
//!
//! The thread has a low priority, for the disk as well, gathers what comes close together, and waits
//! for nobody who changes files. Where the queue runs over everything is looked at again.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use trackway_protocol::ids::Timestamp;

use super::sessions::watch::{Scope, Seen, Watch, Watcher};
use super::{Control, Ended, EventSender, Name, Order, Running};
use crate::event::{Alteration, Altered, Event, SourceReport, State};

mod disk;
mod rules;
mod scan;
mod seen;
mod table;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

pub(crate) use disk::watches;
use scan::{News, Scan};
use table::Table;

/// The name in `status`.
pub(crate) const NAME: &str = "changes";
/// The name of the mechanism in `status`.
pub(crate) const TIER: &str = "inotify";

/// How long changes are gathered before they are looked at.
const GATHER: Duration = Duration::from_millis(40);
/// How long before it was looked at something may have gone.
const UNSURE_MS: i64 = 100;
/// How often the queue is read before anything else is done: on a busy machine it is never empty.
const ROUNDS: usize = 16;
/// So long a new file must be there to be told: what goes before that was in passing.
const YOUNG: Duration = Duration::from_millis(250);
/// So long a tree is watched after it was left: agents come and go.
const LINGER: Duration = Duration::from_secs(30);
/// How often is looked for trees whose directories are gone.
const LOST: Duration = Duration::from_millis(500);
/// Directories that hold version control, not the user's files.
const INTERNAL: [&str; 4] = [".git", ".hg", ".jj", ".svn"];
/// The niceness of the thread; the disk's priority follows it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// How many directories are watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Of one tree.
    pub(crate) of_tree: usize,
    /// Of these, how many that its repository ignores.
    pub(crate) ignored: usize,
    /// In all.
    pub(crate) all: usize,
    /// How many names of files are remembered in all.
    pub(crate) names: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { of_tree: 4096, ignored: 1024, all: disk::watches() / 8, names: 200_000 }
    }
}

/// Starts to wait for directories to watch. `excluded` are no work of agents.
///
/// # Errors
///
/// Those of starting a thread; and where nothing tells of changes, that.
pub(crate) fn start(events: EventSender, excluded: Vec<PathBuf>) -> std::io::Result<Running> {
    let watcher = Watcher::open()?;
    let Some(waker) = watcher.waker() else {
        return Err(std::io::Error::other("nothing tells of changes"));
    };
    let (control, orders) = Control::new(Some(waker));
    let mut changes = Changes::new(events.clone(), orders, watcher, Bounds::default());
    let name = Name { source: NAME, tier: TIER };
    Running::start(name, control, events, move || {
        keep_back();
        excluded.iter().for_each(|dir| changes.exclude(dir));
        changes.run()
    })
}

/// Has this thread let everybody else go first.
#[cfg(target_os = "linux")]
pub(crate) fn keep_back() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the thread has the usual priority");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_back() {}

struct Changes {
    events: EventSender,
    orders: Receiver<Order>,
    watcher: Watcher,
    bounds: Bounds,
    table: Table,
    /// Directories to be listed, and those of them that are ignored, which come last.
    scans: VecDeque<Scan>,
    ignored: VecDeque<Scan>,
    excluded: Vec<PathBuf>,
    seen: Vec<Seen>,
    /// What the next event tells, by directory.
    next: BTreeMap<Arc<Path>, Altered>,
    /// Files that are new, each with the span in which it came and when it was seen first.
    young: BTreeMap<(Arc<Path>, OsString), (Timestamp, Timestamp, Instant)>,
    /// When the queue was last found empty.
    emptied: Timestamp,
    /// Directories that are not watched, by tree, as it was last reported.
    told: Vec<(PathBuf, usize)>,
    /// When trees that are lost were last looked for.
    looked: Instant,
}

impl Changes {
    fn new(events: EventSender, orders: Receiver<Order>, watcher: Watcher, bounds: Bounds) -> Self {
        Self {
            events,
            orders,
            watcher,
            bounds,
            table: Table::default(),
            scans: VecDeque::new(),
            ignored: VecDeque::new(),
            excluded: Vec::new(),
            seen: Vec::new(),
            next: BTreeMap::new(),
            young: BTreeMap::new(),
            emptied: Timestamp::now(),
            told: Vec::new(),
            looked: Instant::now(),
        }
    }

    fn run(mut self) -> Ended {
        loop {
            if !self.obey() {
                return Ended::Ordered;
            }
            if !self.step() {
                self.watcher.wait(self.patience());
                if !self.table.roots.is_empty() {
                    std::thread::sleep(GATHER);
                }
            }
            self.grow_up(YOUNG);
            self.remove_left(LINGER);
            self.look_for_lost();
            if self.take().is_err() {
                return Ended::Ordered;
            }
        }
    }

    /// Takes all orders. False where one was to stop.
    fn obey(&mut self) -> bool {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Watch(root, since) => self.add(&root, since),
                Order::Leave(root) => {
                    if let Some(known) = self.table.roots.get_mut(&*root) {
                        known.left_at = Some(Instant::now());
                    }
                }
                Order::Exclude(dir) => self.exclude(&dir),
                // What has changed before is told.
                Order::Stop => {
                    self.look_at_queue();
                    self.grow_up(Duration::ZERO);
                    let _nobody_left_to_tell = self.take();
                    return false;
                }
                Order::Sweep | Order::Count(_) => {}
            }
        }
        true
    }

    fn exclude(&mut self, dir: &Path) {
        // Links are what they lead to: the paths that we meet have none.
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        if !self.excluded.contains(&dir) {
            self.remove_below(&dir);
            self.excluded.push(dir);
        }
    }

    fn add(&mut self, root: &Path, since: Timestamp) {
        let outside = ["/proc", "/sys", "/dev"].iter().any(|other| root.starts_with(other));
        let excluded = self.excluded.iter().any(|dir| root.starts_with(dir));
        if let Some(known) = self.table.roots.get_mut(root) {
            known.left_at = None;
            return;
        }
        if outside || excluded {
            return;
        }
        let root: Arc<Path> = root.into();
        self.table.roots.insert(root.clone(), table::Root::default());
        self.scans.push_front(Scan::of_root(root, News::Since(since)));
    }

    /// Returns how long there is nothing to do but to wait; none where that is for ever.
    fn patience(&self) -> Option<Duration> {
        let young = self.young.values().map(|(_, _, seen)| YOUNG.saturating_sub(seen.elapsed()));
        let left = self.table.roots.values().filter_map(|root| root.left_at);
        let left = left.map(|left_at| LINGER.saturating_sub(left_at.elapsed()));
        let is_any_lost = self.table.roots.values().any(|root| root.lost.is_some());
        let lost = is_any_lost.then(|| LOST.saturating_sub(self.looked.elapsed()));
        young.chain(left).chain(lost).min()
    }

    /// Looks whether trees are there again whose directories were removed: nothing tells of that.
    fn look_for_lost(&mut self) {
        if self.looked.elapsed() < LOST {
            return;
        }
        self.looked = Instant::now();
        for (path, root) in &mut self.table.roots {
            if let Some(since) = root.lost.take_if(|_| path.is_dir()) {
                self.scans.push_front(Scan::of_root(path.clone(), News::Since(since)));
            }
        }
    }

    /// Tells the new files that are there for so long, and forgets those that are not any more.
    fn grow_up(&mut self, age: Duration) {
        let young = std::mem::take(&mut self.young);
        for ((dir, name), (early, at, seen)) in young {
            if seen.elapsed() < age {
                self.young.insert((dir, name), (early, at, seen));
            } else if disk::look(&dir.join(&name)).is_some_and(|look| look.is_file) {
                self.table.remember(&dir, &name, self.bounds.names);
                self.tell(&dir, &name, Alteration::Written, (early, at));
            }
        }
    }

    /// Watches trees no more that were left so long ago.
    fn remove_left(&mut self, age: Duration) {
        let over =
            |root: &table::Root| root.left_at.is_some_and(|left_at| left_at.elapsed() >= age);
        let left = self.table.roots.iter().filter(|(_, root)| over(root));
        let left: Vec<Arc<Path>> = left.map(|(path, _)| path.clone()).collect();
        left.iter().for_each(|root| self.remove_tree(root));
    }

    fn remove_tree(&mut self, root: &Path) {
        self.table.roots.remove(root);
        let of_root = self.table.of_root(root);
        of_root.iter().for_each(|dir| self.remove(dir));
        // What lies in another tree as well is that one's from now on.
        let others: Vec<Arc<Path>> = self.table.roots.keys().cloned().collect();
        for other in others.into_iter().filter(|it| it.starts_with(root) || root.starts_with(it)) {
            self.scans.push_back(Scan::of_root(other, News::Since(self.emptied)));
        }
        self.report();
    }

    /// Does a piece of work. False where there is none.
    fn step(&mut self) -> bool {
        let scan = self.scans.pop_front().or_else(|| self.ignored.pop_front());
        let Some(scan) = scan else { return false };
        self.scan(scan);
        if self.scans.is_empty() && self.ignored.is_empty() {
            self.report();
        }
        true
    }

    /// Takes what the queue has, and tells it.
    fn take(&mut self) -> Result<(), ()> {
        self.look_at_queue();
        self.send()
    }

    fn look_at_queue(&mut self) {
        for _ in 0..ROUNDS {
            self.watcher.take(&mut self.seen);
            if self.seen.is_empty() {
                self.emptied = Timestamp::now();
                return;
            }
            self.look_at_seen();
        }
    }

    fn tell(
        &mut self,
        path: &Arc<Path>,
        name: &OsStr,
        what: Alteration,
        (early, at): (Timestamp, Timestamp),
    ) {
        let Some(dir) = self.table.dirs.get(path) else { return };
        let new = || Altered { dir: path.clone(), repo: dir.repo.clone(), files: Vec::new() };
        let altered = self.next.entry(path.clone()).or_insert_with(new);
        altered.files.push((OsString::from(name), what, early, at));
    }

    fn send(&mut self) -> Result<(), ()> {
        if self.next.is_empty() {
            return Ok(());
        }
        let altered = std::mem::take(&mut self.next).into_values().collect();
        self.events.blocking_send(Event::Altered(altered)).map_err(drop)
    }

    /// Changes were lost: all that changed since the queue was last empty is found by its times.
    fn look_again(&mut self) {
        let (from, until) = (self.emptied, Timestamp::now());
        let reason = "the kernel's queue of changes ran over; all was looked at again";
        self.note(State::Degraded, reason.into(), from, Some(until));
        for root in self.table.roots.keys() {
            // One that waits begins earlier, and is enough.
            if !self.scans.iter().any(|scan| scan.is_again_of(root)) {
                self.scans.push_back(Scan::of_root(root.clone(), News::Again(from)));
            }
        }
    }

    /// Tells how many directories are not watched, where that has changed.
    fn report(&mut self) {
        let left_out = |(root, known): (&Arc<Path>, &table::Root)| {
            (known.left_out > 0).then(|| (root.to_path_buf(), known.left_out))
        };
        let trees: Vec<(PathBuf, usize)> = self.table.roots.iter().filter_map(left_out).collect();
        if trees == self.told {
            return;
        }
        let told = std::mem::replace(&mut self.told, trees.clone());
        let all: usize = trees.iter().map(|(_, dirs)| dirs).sum();
        let (state, reason) = match trees.first() {
            None => (State::Active, WHAT.to_owned()),
            Some((root, dirs)) => {
                let others = match trees.len() {
                    1 => String::new(),
                    count => format!(", and {} below {} others", all - dirs, count - 1),
                };
                let root = root.display();
                let reason = format!(
                    "{dirs} directories below {root} are too many to be watched{others}: what \
                     changes in them, or below, is not seen"
                );
                (State::Degraded, reason)
            }
        };
        let over = told.iter().filter(|(root, _)| !trees.iter().any(|(it, _)| it == root));
        let over: Vec<_> = over.map(|(root, _)| (root.clone(), 0)).collect();
        let news = trees.into_iter().filter(|it| !told.contains(it));
        for (root, dirs) in over.into_iter().chain(news) {
            drop(self.events.blocking_send(Event::Unwatched { root, dirs }));
        }
        self.note(state, reason, Timestamp::now(), None);
    }

    fn note(&self, state: State, reason: String, from: Timestamp, until: Option<Timestamp>) {
        let (name, tier, missed) = (NAME, TIER, None);
        let report = SourceReport { name, tier, state, reason, from, until, missed };
        // The pipeline ends before its sources: then nobody is left to be told.
        drop(self.events.blocking_send(Event::Source(report)));
    }

    /// Watches a directory no more, nor what lies below.
    fn remove_below(&mut self, dir: &Path) {
        for dir in self.table.below(dir) {
            self.remove(&dir);
        }
    }

    fn remove(&mut self, dir: &Path) {
        if let Some(watch) = self.table.remove(dir) {
            self.watcher.unwatch(watch);
        }
    }

    fn watch(&mut self, dir: &Path) -> Result<Watch, super::sessions::watch::Refused> {
        self.watcher.watch(dir, Scope::Writes)
    }
}

/// What it does, in a few words.
pub(crate) const WHAT: &str = "tells which files change where agents work";

/// Whether a file is one of an agent's own, wherever it lies.
fn is_own(name: &OsStr) -> bool {
    crate::agents::CATALOGUE.iter().any(|agent| agent.is_own_file(name))
}

fn earlier(at: Timestamp, by_ms: i64) -> Timestamp {
    Timestamp::from_ms(at.ms() - by_ms)
}

/// Names are kept as numbers: there may be many, and none is ever read.
fn hashed(name: &OsStr) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
