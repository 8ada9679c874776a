//! The follower: one thread, and what it does next.

use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use super::lines::Lines;
use super::packed::Unpacking;
use super::roots::{Anchors, Beside, Root};
use super::scan::Scan;
use super::status::{Status, Troubles};
use super::table::{Lane, Table};
use super::watch::{Refused, Seen, Wake, Watcher};
use super::{Closed, Cursors, Home, Sink};
use crate::event::FileId;
use crate::source::Ended;

/// How often is looked at what nothing tells of.
const POLL: Duration = Duration::from_secs(5);
/// How often is looked at what other machines may change.
const REMOTE: Duration = Duration::from_secs(600);

/// Follows session files until it is told to stop.
pub(crate) struct Follower<C, S> {
    pub(super) cursors: C,
    pub(super) sink: S,
    pub(super) watcher: Watcher,
    orders: Receiver<Order>,
    pub(super) seen: Vec<Seen>,
    pub(super) roots: Vec<Root>,
    pub(super) besides: Vec<Beside>,
    pub(super) anchors: Anchors,
    pub(super) table: Table,
    /// Directories to be listed, the next one last.
    pub(super) scans: Vec<Scan>,
    pub(super) live: VecDeque<FileId>,
    /// By time of modification: the newest first.
    pub(super) backlog: BinaryHeap<(i64, FileId)>,
    /// Files that have lost their last name, with that.
    pub(super) lost: Vec<(FileId, PathBuf)>,
    pub(super) lines: Lines,
    pub(super) unpacking: Option<Unpacking>,
    pub(super) troubles: Troubles,
    /// Directories that are not watched.
    pub(super) unwatched: BTreeSet<Arc<Path>>,
    pub(super) status: Status,
    /// What was said last.
    told: Option<Status>,
    polled: Instant,
}

/// Gives orders to a follower on its thread.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    orders: Sender<Order>,
    wake: Wake,
}

#[derive(Debug)]
enum Order {
    Follow(Home),
    Stop,
}

impl Orders {
    /// Follows a home as well, from its first file on.
    pub(crate) fn follow(&self, home: Home) {
        self.order(Order::Follow(home));
    }

    /// Ends the follower, between two slices.
    pub(crate) fn stop(&self) {
        self.order(Order::Stop);
    }

    fn order(&self, order: Order) {
        // One that has ended takes no orders, and its end was told.
        if self.orders.send(order).is_ok() {
            self.wake.wake();
        }
    }
}

impl<C: Cursors, S: Sink> Follower<C, S> {
    /// Makes a follower that has looked at nothing yet.
    ///
    /// # Errors
    ///
    /// Where there is nothing to be woken by. Without a queue of changes it polls, and says so.
    pub(crate) fn open(cursors: C, sink: S) -> io::Result<(Self, Orders)> {
        let watcher = Watcher::open()?;
        let (sender, orders) = channel();
        let handle = Orders { orders: sender, wake: watcher.wake() };
        let follower = Self {
            cursors,
            sink,
            watcher,
            orders,
            seen: Vec::new(),
            roots: Vec::new(),
            besides: Vec::new(),
            anchors: Anchors::default(),
            table: Table::default(),
            scans: Vec::new(),
            live: VecDeque::new(),
            backlog: BinaryHeap::new(),
            lost: Vec::new(),
            lines: Lines::new(),
            unpacking: None,
            troubles: Troubles::default(),
            unwatched: BTreeSet::new(),
            status: Status::default(),
            told: None,
            polled: Instant::now(),
        };
        Ok((follower, handle))
    }

    /// Follows until it is told to stop, or nobody takes lines any more.
    pub(crate) fn run(mut self) -> Ended {
        while self.obey() && self.catch_up_once().is_ok() {}
        Ended::Ordered
    }

    /// Takes all orders. False where the last was to stop.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Follow(home)) => self.follow(home),
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    /// Does one thing, or waits where there is nothing to do.
    fn catch_up_once(&mut self) -> Result<(), Closed> {
        if !self.step()? {
            self.tell();
            let at_most = self.interval().map(|every| every.saturating_sub(self.polled.elapsed()));
            self.watcher.wait(at_most);
            self.poll_if_due();
        }
        Ok(())
    }

    /// Does one thing: what was seen first, then directories, then files. False where there is
    /// nothing to do.
    ///
    /// # Errors
    ///
    /// `Closed` where nobody takes lines any more.
    pub(super) fn step(&mut self) -> Result<bool, Closed> {
        self.watch_events();
        if let Some(scan) = self.scans.pop() {
            self.scan(&scan);
            return Ok(true);
        }
        self.settle();
        let Some((id, lane)) = self.next_file() else {
            self.tell_besides()?;
            self.status.backfill.running = false;
            self.backlog.shrink_to_fit();
            return Ok(false);
        };
        self.read(id, lane)?;
        self.tell();
        Ok(true)
    }

    fn next_file(&mut self) -> Option<(FileId, Lane)> {
        while let Some(id) = self.live.pop_front() {
            if self.leave_lane(id, Lane::Live) {
                return Some((id, Lane::Live));
            }
        }
        while let Some((_, id)) = self.backlog.pop() {
            if self.leave_lane(id, Lane::Backlog) {
                return Some((id, Lane::Backlog));
            }
        }
        None
    }

    /// False where the file waits elsewhere by now, or is gone.
    fn leave_lane(&mut self, id: FileId, lane: Lane) -> bool {
        let known = self.table.files.get_mut(&id).filter(|known| known.lane == lane);
        known.map(|known| known.lane = Lane::Nowhere).is_some()
    }

    /// Takes what the kernel tells.
    fn watch_events(&mut self) {
        let mut seen = std::mem::take(&mut self.seen);
        self.watcher.take(&mut seen);
        for event in seen.drain(..) {
            match event {
                Seen::Name(watch, name, change) => self.name_changed(watch, &name, change),
                Seen::Gone(watch) => self.directory_gone(watch),
                Seen::Overflow => {
                    tracing::warn!(
                        "the kernel's queue of changes ran over; all is looked at again"
                    );
                    self.status.overflows += 1;
                    self.look_at_everything();
                }
            }
        }
        self.seen = seen;
    }

    /// Returns how often something must be looked at; none where the kernel tells everything.
    pub(super) fn interval(&self) -> Option<Duration> {
        if self.is_partly_blind() {
            Some(POLL)
        } else {
            self.roots.iter().any(|root| root.remote).then_some(REMOTE)
        }
    }

    fn is_partly_blind(&self) -> bool {
        !self.unwatched.is_empty()
            || self.anchors.refused > 0
            || self.troubles.failed().next().is_some()
    }

    fn poll_if_due(&mut self) {
        if self.interval().is_some_and(|every| self.polled.elapsed() >= every) {
            self.poll();
        }
    }

    /// Loses what the kernel has to tell.
    #[cfg(test)]
    pub(super) fn lose_events(&mut self) {
        self.watcher.take(&mut Vec::new());
    }

    /// Looks at what nothing tells of.
    pub(super) fn poll(&mut self) {
        self.polled = Instant::now();
        if !self.is_partly_blind() {
            self.look_at_everything();
            return;
        }
        self.resolve_all();
        let failed = self.troubles.failed().filter_map(Path::parent);
        let dirs: BTreeSet<&Path> = failed.chain(self.unwatched.iter().map(|dir| &**dir)).collect();
        let scans: Vec<Scan> = dirs.iter().filter_map(|dir| self.scan_of(dir)).collect();
        self.scans.extend(scans);
    }

    /// Tells how well it goes, where that has changed.
    pub(super) fn tell(&mut self) {
        let status = &mut self.status;
        status.files = self.table.files.len();
        status.directories = self.table.dirs.len();
        status.unwatched = self.unwatched.len() + self.anchors.refused;
        if status.unwatched == 0 {
            status.refused = None;
        }
        if let Some(unread) = self.troubles.count() {
            status.unread = unread;
        }
        // Also where there is nothing: then that is known.
        if self.told.as_ref() != Some(&self.status) {
            self.sink.status(&self.status);
            self.told = Some(self.status.clone());
        }
    }

    pub(super) fn refused(&mut self, why: Refused) {
        if self.status.refused != Some(why) {
            tracing::warn!(?why, advice = why.advice(), "a directory is not watched");
        }
        self.status.refused = Some(why);
    }
}
