//! The loop: which directories are watched, and when places are looked at.
//!
//! Directories are watched, not files, which are mostly replaced. Of a directory that an agent works
//! in most names do not matter, and their changes are taken off the queue from time to time, not one
//! by one. Where a directory cannot be watched its places are looked at every few seconds.
//!
//! A watch is the kernel's word on a directory, whatever its name: each look asks again what lies
//! under the name now, and so does whoever tells that an agent works there.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Repo;

use super::Order;
use super::catalogue::Base;
use super::dirs::{Dir, Names};
use super::expand::Wanted;
use super::places::{Kind, Places};
use super::recorder::{Outcome, Recorder};
use crate::agents;
use crate::config::Standing;
use crate::event::State;
use crate::source::sessions::watch::{Change, Refused, Scope, Seen, Watch, Watcher};
use crate::source::{Ended, EventSender, changes};
use crate::store::ingest::Closed;
use crate::zones::Place as Location;

mod telling;

/// How long changes that do not matter are left on the queue.
const GATHER: Duration = Duration::from_millis(50);
/// When a file that was not whole is looked at again.
const AGAIN: Duration = Duration::from_millis(250);
/// How often places are looked at that cannot be watched.
pub(super) const POLL: Duration = Duration::from_secs(10);
/// How many of them at once.
const POLLED: usize = 500;
/// How often everything is looked at, at most, where the kernel's queue runs over.
const ALL: Duration = Duration::from_secs(10);
/// A place that was looked at so lately is not looked at because an agent comes to it.
const LATELY: Duration = Duration::from_secs(5);
/// How soon after the ledger takes nothing more the order to end comes.
const ENDING: Duration = Duration::from_secs(2);
/// How many times the queue is taken before something else is done.
const ROUNDS: usize = 16;
/// How many places are looked at before something else is done.
const LOOKS: usize = 64;

/// The thread's state.
pub(super) struct Watching {
    pub(super) watcher: Watcher,
    recorder: Recorder,
    places: Places,
    dirs: HashMap<PathBuf, Dir>,
    /// Names that directories share.
    names: HashMap<Vec<Cow<'static, str>>, Rc<Names>>,
    /// The names of each watched directory: links may give it several.
    by_watch: HashMap<Watch, Vec<PathBuf>>,
    /// What the user wants recorded.
    standing: watch::Receiver<Standing>,
    /// How many directories are watched at most.
    most: usize,
    /// Places that are to be looked at, and when.
    due: BTreeMap<usize, Instant>,
    orders: mpsc::Receiver<Order>,
    events: EventSender,
    refused: Option<Refused>,
    pub(super) polled: Instant,
    /// The place from which on is polled next.
    next_polled: usize,
    told: Option<(State, Vec<(&'static str, usize)>)>,
    /// When the queue was last found empty.
    emptied: Timestamp,
    /// Since when something may have been missed.
    overflowed: Option<Timestamp>,
    looked_at_all: Option<Instant>,
}

impl Watching {
    pub(super) fn new(
        watcher: Watcher,
        recorder: Recorder,
        orders: mpsc::Receiver<Order>,
        events: EventSender,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        Self {
            standing,
            watcher,
            recorder,
            places: Places::default(),
            dirs: HashMap::new(),
            names: HashMap::new(),
            by_watch: HashMap::new(),
            most: changes::watches() / 8,
            due: BTreeMap::new(),
            orders,
            events,
            refused: None,
            polled: Instant::now(),
            next_polled: 0,
            told: None,
            emptied: Timestamp::now(),
            overflowed: None,
            looked_at_all: None,
        }
    }

    /// Takes up the places that are known from the start.
    pub(super) fn begin(&mut self, homes: Vec<(&'static str, PathBuf)>) {
        for agent in agents::CATALOGUE {
            let files = agent.configuration().files.iter();
            let managed: BTreeSet<&str> = files
                .filter_map(|rule| match rule.base {
                    Base::Managed(dir) => Some(dir),
                    _ => None,
                })
                .collect();
            for dir in managed {
                self.add(Kind::Managed(agent.name()), Path::new(dir));
            }
        }
        let (dirs, earlier) = self.recorder.known();
        for (agent, home) in homes {
            self.add_home(agent, &home);
        }
        for (name, home) in earlier {
            if let Some(agent) = agents::CATALOGUE.iter().find(|agent| agent.name() == name) {
                self.add_home(agent.name(), &home);
            }
        }
        for dir in dirs {
            self.add_project(&dir);
        }
    }

    fn add(&mut self, kind: Kind, dir: &Path) -> bool {
        if self.places.is_full()
            && let Some(number) = self.places.dispensable()
        {
            // Until an agent comes to it again, what appears there is not seen.
            self.forget(number);
            self.places.left_out += 1;
        }
        let Some(number) = self.places.add(kind, dir) else { return false };
        self.make_due([number]);
        true
    }

    fn add_home(&mut self, agent: &'static str, dir: &Path) {
        if !dir.is_absolute() {
            return;
        }
        self.add(Kind::Home(agent), dir);
        // The default directory has a file beside it.
        if let Some(above) = dir.parent().filter(|_| dir.ends_with(format!(".{agent}"))) {
            self.add(Kind::BesideHome(agent), above);
        }
    }

    /// Takes up a directory, and those above it up to the top of its repository; looks at it again
    /// where it is known.
    pub(super) fn add_project(&mut self, dir: &Path) {
        if !dir.is_absolute() || dir.starts_with("/proc") {
            return;
        }
        if let Some(number) = self.places.number(Kind::Project, dir) {
            let looked = self.places.all[number].looked;
            if looked.is_some_and(|looked| looked.elapsed() >= LATELY) {
                self.make_due([number]);
            }
            return;
        }
        let repo = self.recorder.repo(dir);
        let top = repo.as_ref().map(|repo| PathBuf::from(&repo.root));
        let top = top.filter(|top| dir.starts_with(top));
        for dir in dir.ancestors() {
            // Of what lies outside nothing is kept, not even which files there are.
            let is_outside = self.leaves_out(dir, repo.as_ref());
            if !is_outside && !self.add(Kind::Project, dir)
                || top.as_deref().is_none_or(|top| top == dir)
            {
                break;
            }
        }
    }

    fn leaves_out(&self, dir: &Path, repo: Option<&Repo>) -> bool {
        let standing = self.standing.borrow();
        standing.config().scope.leaves_out(Some(&Location { path: dir, repo }))
    }

    /// Watches until it is told to stop.
    pub(super) fn run(mut self) -> Ended {
        loop {
            if self.turn().is_err() {
                return self.closed();
            }
            self.watcher.wait(self.patience());
            while let Ok(order) = self.orders.try_recv() {
                match order {
                    Order::Dir(dir) => self.add_project(&dir),
                    Order::Home(agent, dir) => self.add_home(agent, &dir),
                    Order::Look => self.look_at_all(),
                    // What is not told now is told by the next daemon.
                    Order::Stop => return Ended::Ordered,
                }
            }
            self.take();
            if self.due.is_empty() {
                // Nothing mattered: more of the like is waited for.
                std::thread::sleep(GATHER);
                self.take();
            }
        }
    }

    /// The ledger takes nothing any more: mostly because everything ends.
    fn closed(&self) -> Ended {
        while let Ok(order) = self.orders.recv_timeout(ENDING) {
            if matches!(order, Order::Stop) {
                return Ended::Ordered;
            }
        }
        Ended::Lost("the ledger takes nothing any more".into())
    }

    /// Looks at some of what is due, and tells how well configuration is seen.
    pub(super) fn turn(&mut self) -> Result<(), Closed> {
        let now = Instant::now();
        let due = self.due.iter().filter(|(_, due)| **due <= now).map(|(place, _)| *place);
        let due: Vec<usize> = due.take(LOOKS).collect();
        for number in &due {
            self.due.remove(number);
            self.look(*number);
        }
        // Together: each commit waits for the disk.
        self.recorder.hand_over()?;
        if !due.is_empty() || self.told.is_none() {
            self.report();
        }
        Ok(())
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        let now = Instant::now();
        let due = self.due.values().min().map(|due| due.saturating_duration_since(now));
        let poll = self.is_blind().then(|| POLL.saturating_sub(self.polled.elapsed()));
        let all = self.overflowed.and(self.looked_at_all);
        let all = all.map(|looked| ALL.saturating_sub(looked.elapsed()));
        due.into_iter().chain(poll).chain(all).min()
    }

    fn is_blind(&self) -> bool {
        self.refused.is_some() && self.dirs.values().any(|dir| dir.watch.is_none())
    }

    /// Takes what is on the queue.
    pub(super) fn take(&mut self) {
        let mut seen = Vec::new();
        for _ in 0..ROUNDS {
            let emptied = Timestamp::now();
            self.watcher.take(&mut seen);
            if seen.is_empty() {
                self.emptied = emptied;
                break;
            }
            for seen in seen.drain(..) {
                self.saw(seen);
            }
        }
        if self.is_blind() && self.polled.elapsed() >= POLL {
            self.polled = Instant::now();
            self.poll();
        }
        if let Some(from) = self.overflowed
            && self.looked_at_all.is_none_or(|looked| looked.elapsed() >= ALL)
        {
            self.overflowed = None;
            self.looked_at_all = Some(Instant::now());
            self.look_at_all();
            let reason = "the kernel's queue of changes ran over; all was looked at again";
            let until = Some(Timestamp::now());
            self.note(State::Degraded, reason.to_owned(), from, until);
        }
    }

    fn saw(&mut self, seen: Seen) {
        match seen {
            Seen::Name(watch, name, change) => {
                // A directory's own permissions show as a change without a name.
                let is_own = name.is_empty() && change == Change::Content;
                let paths = self.by_watch.get(&watch).into_iter().flatten();
                let mut met = Vec::new();
                for dir in paths.filter_map(|path| self.dirs.get(path)) {
                    match is_own {
                        true => met.extend(dir.places()),
                        false => met.extend(dir.met(&name)),
                    }
                }
                self.make_due(met);
            }
            Seen::Gone(watch) => {
                self.watcher.unwatch(watch);
                for path in self.by_watch.remove(&watch).into_iter().flatten() {
                    if let Some(dir) = self.dirs.remove(&path) {
                        self.make_due(dir.places().collect::<Vec<_>>());
                    }
                }
            }
            Seen::Overflow => drop(self.overflowed.get_or_insert(self.emptied)),
        }
    }

    /// Has some of the places looked at that cannot be watched, and the next ones the next time.
    fn poll(&mut self) {
        let blind = self.dirs.values().filter(|dir| dir.watch.is_none());
        let places: BTreeSet<usize> = blind.flat_map(Dir::places).collect();
        let rest = places.range(self.next_polled..);
        let first = places.range(..self.next_polled);
        let some: Vec<usize> = rest.chain(first).take(POLLED).copied().collect();
        self.next_polled = some.last().map_or(0, |last| last + 1);
        self.make_due(some);
    }

    fn look_at_all(&mut self) {
        self.make_due(0..self.places.all.len());
    }

    fn make_due(&mut self, places: impl IntoIterator<Item = usize>) {
        let now = Instant::now();
        for place in places {
            self.due.insert(place, now);
        }
    }

    /// Looks at a place: which files it has, and what is new in them.
    fn look(&mut self, number: usize) {
        let place = &self.places.all[number];
        if self.places.number(place.kind, &place.dir) != Some(number) {
            return;
        }
        if self.is_gone(number) {
            // An agent that comes back to it tells of it again.
            self.forget(number);
            return;
        }
        let (mut files, wanted, mut is_cut) = self.places.find(number);
        // What appeared in a directory before it was watched is found by looking once more.
        if self.watch(number, wanted) {
            let (again, wanted, is_more) = self.places.find(number);
            (files, is_cut) = (again, is_more);
            if self.watch(number, wanted) {
                self.due.insert(number, Instant::now());
            }
        }
        let place = &mut self.places.all[number];
        place.is_cut = is_cut;
        let mut found = false;
        if place.looked.replace(Instant::now()).is_none() {
            match self.recorder.files_of(place) {
                Some(files) => place.files = files,
                None => found = true,
            }
        }
        let now: BTreeSet<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let gone: Vec<PathBuf> = place.files.difference(&now).cloned().collect();
        let is_same = !found && place.files == now;
        place.had_files |= !now.is_empty() || !gone.is_empty();
        place.files = now;
        let place = &self.places.all[number];
        let gone = gone.iter().filter_map(|path| self.places.rule_of(number, path));
        let mut is_young = false;
        for file in files.into_iter().chain(gone) {
            is_young |= self.recorder.look(&file, place, found) == Outcome::Young;
        }
        if !is_same {
            self.recorder.keep_files(place);
        }
        if is_young {
            self.due.insert(number, Instant::now() + AGAIN);
        } else if place.kind == Kind::Project && !place.had_files && !place.dir.is_dir() {
            // An agent that comes back to it tells of it again.
            self.forget(number);
        }
    }

    /// Whether a directory that agents worked in is not there, and had nothing that could be missed. Most of
    /// those that are known from former runs are so: nobody waits for them, which would take a watch on
    /// whatever lies above each.
    fn is_gone(&mut self, number: usize) -> bool {
        let place = &self.places.all[number];
        if place.kind != Kind::Project || place.looked.is_some() || place.dir.is_dir() {
            return false;
        }
        let known = self.recorder.files_of(place);
        if known.is_none() {
            self.recorder.keep_files(place);
        }
        known.unwrap_or_default().is_empty()
    }

    fn forget(&mut self, number: usize) {
        self.watch(number, Wanted::new());
        self.due.remove(&number);
        self.places.remove(number);
    }

    /// Watches the directories of a place, and those no more that it has not. Whether any is new.
    fn watch(&mut self, number: usize, wanted: Wanted) -> bool {
        let mut is_any_new = false;
        let before = std::mem::take(&mut self.places.all[number].dirs);
        for path in &before {
            let Some(dir) = self.dirs.get_mut(path) else { continue };
            dir.remove(number);
            if dir.waiting.is_empty() && !wanted.contains_key(path) {
                let watch = dir.watch;
                self.dirs.remove(path);
                watch.inspect(|watch| self.unwatch(*watch, path));
            }
        }
        let mut gone = Vec::new();
        for (path, names) in &wanted {
            let names = self.shared(names);
            let dir = self.dirs.entry(path.clone()).or_default();
            dir.waiting.push((number, names));
            let known = dir.watch;
            let is_room = known.is_some() || self.by_watch.len() < self.most;
            let watched = match is_room {
                true => self.watcher.watch(path, Scope::Saved),
                false => Err(Refused::Watches),
            };
            match watched {
                Err(Refused::Directory) if !path.is_dir() => {
                    // It is gone again: the place is looked at once more.
                    self.due.insert(number, Instant::now() + AGAIN);
                    gone.push(path.clone());
                    continue;
                }
                Err(refused) => self.refused = Some(refused),
                Ok(_) => {}
            }
            let watch = watched.ok();
            if watch == known {
                continue;
            }
            // Another directory has the name now.
            self.dirs.entry(path.clone()).or_default().watch = watch;
            known.inspect(|known| self.unwatch(*known, path));
            if let Some(watch) = watch {
                self.by_watch.entry(watch).or_default().push(path.clone());
                is_any_new = true;
            }
        }
        self.places.all[number].dirs = wanted.into_keys().collect();
        for path in gone {
            // Whoever else waits for something in it finds out by itself.
            if let Some(dir) = self.dirs.remove(&path) {
                let others: Vec<usize> = dir.places().filter(|place| *place != number).collect();
                self.make_due(others);
                dir.watch.inspect(|watch| self.unwatch(*watch, &path));
            }
        }
        is_any_new
    }

    /// Returns names as others have them as well.
    fn shared(&mut self, names: &[Cow<'static, str>]) -> Rc<Names> {
        // What a missing directory is called is known to few.
        if names.iter().any(|name| matches!(name, Cow::Owned(_))) {
            return Rc::new(Names::of(names.to_vec()));
        }
        let known = self.names.entry(names.to_vec());
        Rc::clone(known.or_insert_with(|| Rc::new(Names::of(names.to_vec()))))
    }

    /// A directory is not watched any more by this name.
    fn unwatch(&mut self, watch: Watch, path: &Path) {
        let Some(paths) = self.by_watch.get_mut(&watch) else { return };
        paths.retain(|known| known != path);
        if paths.is_empty() {
            self.by_watch.remove(&watch);
            self.watcher.unwatch(watch);
        }
    }
}
