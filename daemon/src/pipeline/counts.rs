//! How often each agent binary was opened for execution, beside how often that was named.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use trackway_protocol::ids::Timestamp;

use crate::event::FileId;

/// Both witnesses are asked only after both have been quiet for so long: they report on different
/// ways and one may be behind.
const QUIET: Duration = Duration::from_secs(2);
/// Where they are never quiet, they are asked after so long all the same. What was opened just now may
/// still be named then, and is left to the next time.
const LONGEST: Duration = Duration::from_secs(60);
/// Openings within so long are kept together.
const TOGETHER: Duration = Duration::from_millis(50);

/// The counts, by binary.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    binaries: HashMap<FileId, Count>,
    /// Executions that may have been of these binaries and were no launches of this user's.
    explained: u64,
}

#[derive(Debug)]
struct Count {
    path: PathBuf,
    opened: u64,
    named: u64,
    /// Of `opened` what is not older than [`QUIET`], each with the time until which it may have been.
    recent: VecDeque<(Instant, u64)>,
    changed: Instant,
    /// When the first of what was not compared yet was heard of.
    first: Option<(Instant, Timestamp)>,
    since: Since,
}

impl Count {
    fn change(&mut self) {
        self.changed = Instant::now();
        self.first.get_or_insert_with(|| (Instant::now(), Timestamp::now()));
    }

    fn open(&mut self, times: u64) {
        self.opened += times;
        self.change();
        let now = self.changed;
        self.forget(now);
        match self.recent.back_mut() {
            Some((until, many)) if now <= *until => *many += times,
            _ => self.recent.push_back((now + TOGETHER, times)),
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|(until, _)| now.duration_since(*until) >= QUIET) {
            self.recent.pop_front();
        }
    }

    fn is_quiet(&self) -> bool {
        self.changed.elapsed() >= QUIET
    }

    /// Whether both witnesses may be compared: they are quiet, or have not been for too long.
    fn is_due(&self) -> bool {
        let waits = self.first.is_some_and(|(since, _)| since.elapsed() >= LONGEST);
        waits || self.is_quiet()
    }

    /// Takes out what can be compared: how much was opened, and how much named. What was opened just
    /// now stays, unless all is wanted or nothing more is to come.
    fn take(&mut self, all: bool) -> (u64, u64) {
        if all || self.is_quiet() {
            self.recent.clear();
        } else {
            self.forget(Instant::now());
        }
        let recent: u64 = self.recent.iter().map(|(_, many)| many).sum();
        let (opened, named) = (self.opened - recent.min(self.opened), self.named);
        // What is named beyond that is some of what was opened just now.
        self.opened = self.opened.saturating_sub(opened.max(named));
        self.named = 0;
        (opened, named)
    }
}

/// From when on a binary's executions are counted, by the boottime clock in nanoseconds.
#[derive(Debug)]
enum Since {
    /// It has been ordered. These were named meanwhile.
    Ordered(Vec<u64>),
    At(u64),
}

/// How many executions are kept for a binary whose counting has been ordered and not begun.
const MAX_WAITING: usize = 10_000;

/// More executions than were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortfall {
    pub(crate) path: PathBuf,
    pub(crate) opened: u64,
    pub(crate) named: u64,
    /// When the first of them was heard of.
    pub(crate) from: Timestamp,
    /// How many may have been chores of running agents, or other users'.
    pub(crate) explained: u64,
}

impl Counts {
    /// Begins to count a binary. Returns whether it is new.
    pub(crate) fn add(&mut self, binary: FileId, path: PathBuf) -> bool {
        let new = !self.binaries.contains_key(&binary);
        if new {
            let (since, changed) = (Since::Ordered(Vec::new()), Instant::now());
            let recent = VecDeque::new();
            let count = Count { path, opened: 0, named: 0, recent, changed, first: None, since };
            self.binaries.insert(binary, count);
        }
        new
    }

    /// Notes that a binary was opened for execution `times` times.
    pub(crate) fn opened(&mut self, binary: FileId, times: u64) {
        if let Some(count) = self.binaries.get_mut(&binary) {
            count.open(times);
        }
    }

    /// Notes from when on a binary's executions are counted.
    pub(crate) fn counting(&mut self, binary: FileId, since_ns: u64) {
        let Some(count) = self.binaries.get_mut(&binary) else { return };
        if let Since::Ordered(waiting) = &count.since {
            let counted = waiting.iter().filter(|opened_ns| **opened_ns >= since_ns).count();
            count.named += u64::try_from(counted).unwrap_or(u64::MAX);
            count.since = Since::At(since_ns);
            count.change();
        }
    }

    /// Notes that an execution of a binary was named. It was opened at `opened_ns` by the boottime
    /// clock; what was opened before it was counted does not count here either.
    pub(crate) fn named(&mut self, binary: FileId, opened_ns: u64) {
        let Some(count) = self.binaries.get_mut(&binary) else { return };
        match &mut count.since {
            Since::Ordered(waiting) if waiting.len() < MAX_WAITING => waiting.push(opened_ns),
            Since::At(since_ns) if *since_ns <= opened_ns => {
                count.named += 1;
                count.change();
            }
            Since::Ordered(_) | Since::At(_) => {}
        }
    }

    /// Returns the binary that was known under this path: a process may be gone before its
    /// executable's file can be asked for, and after its path was read.
    pub(crate) fn at(&self, path: &Path) -> Option<FileId> {
        let known = self.binaries.iter().find(|(_, count)| count.path == path);
        known.map(|(binary, _)| *binary)
    }

    /// Whether every execution of the binary under this path is counted by now.
    pub(crate) fn is_counted(&self, path: &Path) -> bool {
        let count = self.at(path).and_then(|binary| self.binaries.get(&binary));
        count.is_some_and(|count| matches!(count.since, Since::At(_)))
    }

    /// Notes an execution that may have been of one of these binaries and was no launch of this
    /// user's: a chore of a running agent that could not be read (its launch counts it as unread),
    /// or another user's.
    pub(crate) fn explain(&mut self) {
        self.explained += 1;
    }

    /// Returns a binary's path.
    pub(crate) fn path(&self, binary: FileId) -> Option<PathBuf> {
        self.binaries.get(&binary).map(|count| count.path.clone())
    }

    /// Whether some counts have not been compared yet.
    pub(crate) fn unsettled(&self) -> bool {
        self.binaries.values().any(|count| count.opened > 0 || count.named > 0)
    }

    /// Compares the counts that have been quiet, or all of them at the end, and begins them anew.
    pub(crate) fn settle(&mut self, all: bool) -> Vec<Shortfall> {
        let mut shortfalls = Vec::new();
        for count in self.binaries.values_mut().filter(|count| all || count.is_due()) {
            let from = count.first.take().map(|(_, from)| from).unwrap_or_else(Timestamp::now);
            let (opened, named) = count.take(all);
            if count.opened > 0 {
                count.first = Some((Instant::now(), Timestamp::now()));
            }
            // More named than opened: the kernel merged two openings by one process.
            let short = opened.saturating_sub(named);
            let explained = short.min(self.explained);
            self.explained -= explained;
            if short > explained {
                shortfalls.push(Shortfall {
                    path: count.path.clone(),
                    opened,
                    named,
                    from,
                    explained,
                });
            }
        }
        if !self.unsettled() {
            self.explained = 0;
        }
        shortfalls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is short, without the time.
    fn short(counts: &mut Counts, all: bool) -> Vec<(u64, u64, u64)> {
        let short = counts.settle(all).into_iter();
        short.map(|short| (short.opened, short.named, short.explained)).collect()
    }

    const BINARY: FileId = FileId { device: 1, inode: 2 };

    #[tokio::test(start_paused = true)]
    async fn only_what_was_opened_more_often_than_named_is_short_and_only_once() {
        let mut counts = Counts::default();
        assert!(counts.add(BINARY, "/bin/claude".into()));
        assert!(!counts.add(BINARY, "/other/name".into()));
        counts.counting(BINARY, 100);
        counts.opened(BINARY, 5);
        (100..104).for_each(|opened_ns| counts.named(BINARY, opened_ns));
        assert_eq!(counts.settle(false), []);
        tokio::time::advance(QUIET).await;
        assert_eq!(short(&mut counts, false), [(5, 4, 0)]);
        assert!(!counts.unsettled());
        assert_eq!(counts.settle(true), []);
    }

    #[tokio::test(start_paused = true)]
    async fn binaries_that_are_never_quiet_are_compared_all_the_same() {
        let mut counts = Counts::default();
        counts.add(BINARY, "/bin/claude".into());
        for _ in 0..LONGEST.as_secs() {
            counts.opened(BINARY, 1);
            assert_eq!(counts.settle(false), []);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let [(first, 0, 0)] = short(&mut counts, false)[..] else { panic!("it is short") };
        assert!(first >= LONGEST.as_secs() - 3, "{first}: but for what was opened just now");
        tokio::time::advance(QUIET).await;
        assert_eq!(short(&mut counts, false), [(LONGEST.as_secs() - first, 0, 0)]);
        assert!(!counts.unsettled());
    }

    /// A launch was told as missing whose name came after the minute in which it was opened.
    #[tokio::test(start_paused = true)]
    async fn what_is_named_a_moment_later_is_not_short_where_it_is_never_quiet() {
        let mut counts = Counts::default();
        counts.add(BINARY, "/bin/claude".into());
        counts.counting(BINARY, 0);
        for second in 0..10 * LONGEST.as_secs() {
            counts.opened(BINARY, 1);
            assert_eq!(counts.settle(false), []);
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(counts.settle(false), []);
            counts.named(BINARY, second);
        }
        tokio::time::advance(QUIET).await;
        assert_eq!(counts.settle(false), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_missing_among_what_is_never_quiet_is_told_in_the_end() {
        let mut counts = Counts::default();
        counts.add(BINARY, "/bin/claude".into());
        counts.counting(BINARY, 0);
        let mut missing = 0;
        for second in 0..3 * LONGEST.as_secs() {
            counts.opened(BINARY, 1);
            if second % 20 != 0 {
                counts.named(BINARY, second);
            }
            missing += short(&mut counts, false).iter().map(|short| short.0 - short.1).sum::<u64>();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        missing += short(&mut counts, true).iter().map(|short| short.0 - short.1).sum::<u64>();
        assert_eq!(missing, 9);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_agent_did_unread_is_no_missing_launch() {
        let mut counts = Counts::default();
        counts.add(BINARY, "/bin/claude".into());
        counts.opened(BINARY, 3);
        counts.explain();
        assert_eq!(short(&mut counts, true), [(3, 0, 1)]);
        counts.opened(BINARY, 1);
        assert_eq!(counts.settle(true).len(), 1, "a chore explains one execution, once");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_opened_before_it_was_counted_does_not_count() {
        let mut counts = Counts::default();
        counts.add(BINARY, "/bin/claude".into());
        counts.named(BINARY, 99);
        counts.named(BINARY, 101);
        counts.counting(BINARY, 100);
        counts.named(BINARY, 98);
        counts.opened(BINARY, 2);
        assert_eq!(short(&mut counts, true), [(2, 1, 0)]);
    }
}
