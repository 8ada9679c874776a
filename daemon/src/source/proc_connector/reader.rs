//! The reader thread: events in, facts out, no lock and no disk in between.
//!
//! # Sweeps
//!
//! A look at the whole table takes milliseconds, and events go on meanwhile. So the queue is emptied
//! before and after it: a process whose end is found in the queue has ended as the kernel says, and
//! is not one that the sweep missed; a fork or an exec from before the end of the look says nothing
//! new of a process that was looked at.

use std::collections::{HashMap, HashSet};
use std::os::fd::AsFd as _;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use trackway_protocol::ids::Timestamp;

use super::frame::{Frame, Hole, Sequence, What};
use super::look::{is_candidate, look};
use super::{Socket, TIER};
use crate::agents;
use crate::clock;
use crate::event::{Event, SourceReport, State};
use crate::pipeline::LAUNCHES;
use crate::procfs::{Exe, Procfs};
use crate::source::follow::{Follow, Left};
use crate::source::sweep::could_be_agent;
use crate::source::{Ended, EventSender, Order, Waker};

/// After so long without any event, the canary asks whether the connector still speaks.
const CANARY: Duration = Duration::from_secs(10);
/// Counts of unnamed programs are reported once in this time.
const MINUTE: Duration = Duration::from_secs(60);
/// After a loss, holes are collected for so long before they are reported; and sweeps are at least
/// so far apart, or they would themselves make the queue run over.
const SETTLE: Duration = Duration::from_secs(1);
/// A process whose first thread has ended is looked at again after this time.
const LEAVING: Duration = Duration::from_millis(50);
/// How often a new socket is tried at once.
const REPLACEMENTS: u32 = 3;
/// While nothing is followed, events are gathered for so long before they are looked at.
const GATHER: Duration = Duration::from_millis(2);
/// With so many gathered, more than one program makes, this thread sleeps on instead of waiting: who
/// starts programs then need not wake it, which on a virtual machine costs them more than the rest.
const BUSY: usize = 4;
/// Events taken in one go before orders are looked at.
const BATCH: usize = 4096;
/// Of a program that is no agent's own, only the beginning of its command line matters.
const MAX_OTHER_ARGV: usize = 4096;

/// Owns the socket and everything that belongs to it.
pub(super) struct Reader {
    socket: Socket,
    procfs: Procfs,
    events: EventSender,
    orders: Receiver<Order>,
    waker: Waker,
    follow: Follow,
    /// Whether events come so fast that they are not waited for.
    busy: bool,
    /// Room for the events at hand.
    gathered: Vec<Frame>,
    /// Processes of the events at hand that have ended by now, and when.
    gone: HashMap<u32, u64>,
    sequence: Sequence,
    /// Our own thread, whose change of name is the canary.
    thread: u32,
    canary_seen: bool,
    /// When the connector last gave a sign of life, by the monotonic clock of its events.
    alive_ns: u64,
    alive_since: Instant,
    unnamed: Option<Unnamed>,
    loss: Option<Loss>,
    /// Processes whose end was found before it was told, and since when.
    fading: HashMap<u32, Instant>,
    sweep_due: Option<Instant>,
    last_sweep: Instant,
    /// Whether the connector is known to be dead, and has been reported so.
    lost: bool,
}

/// Programs that could not be read, of the current minute.
struct Unnamed {
    count: u64,
    from: Timestamp,
    due: Instant,
}

/// Events that were lost, while they are being counted.
struct Loss {
    from_ns: u64,
    until_ns: u64,
    missed: u64,
    due: Instant,
}

/// The receiving end is gone: the daemon is ending.
pub(super) struct Closed;

type Outcome = Result<(), Closed>;

impl Reader {
    pub(super) fn new(
        socket: Socket,
        procfs: Procfs,
        events: EventSender,
        orders: Receiver<Order>,
        waker: Waker,
    ) -> Self {
        let now = Instant::now();
        Self {
            socket,
            procfs,
            events,
            orders,
            waker,
            follow: Follow::default(),
            busy: false,
            gathered: Vec::new(),
            gone: HashMap::new(),
            sequence: Sequence::default(),
            thread: 0,
            canary_seen: false,
            alive_ns: clock::read().monotonic_ns,
            alive_since: now,
            unnamed: None,
            loss: None,
            fading: HashMap::new(),
            // The socket listens already, so nothing can start unseen between this and the loop.
            sweep_due: Some(now),
            last_sweep: now,
            lost: false,
        }
    }

    pub(super) fn run(mut self) -> Ended {
        self.thread = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        while self.turn().is_ok() {}
        // What is known and not told yet is told at the end.
        let told = self.drain().and_then(|()| self.report_loss());
        drop(told.and_then(|()| self.report_unnamed()));
        Ended::Ordered
    }

    fn turn(&mut self) -> Outcome {
        if self.busy || self.wait() {
            self.obey()?;
        }
        if self.follow.any() {
            self.busy = false;
            self.drain()?;
        } else {
            self.busy = self.gather()? >= BUSY;
        }
        self.recheck_leaving()?;
        if self.alive_since.elapsed() >= CANARY {
            self.ask_canary()?;
        }
        let now = Instant::now();
        if self.sweep_due.is_some_and(|due| due <= now) {
            self.sweep()?;
        }
        if self.loss.as_ref().is_some_and(|loss| loss.due <= now) {
            self.report_loss()?;
        }
        if self.unnamed.as_ref().is_some_and(|unnamed| unnamed.due <= now) {
            self.report_unnamed()?;
        }
        Ok(())
    }

    /// Waits for an event, an order or the next deadline. Returns whether there is an order.
    fn wait(&self) -> bool {
        let leaving = self.follow.any_leaving().then(|| Instant::now() + LEAVING);
        let others = [
            self.loss.as_ref().map(|loss| loss.due),
            self.unnamed.as_ref().map(|unnamed| unnamed.due),
            self.sweep_due,
            leaving,
        ];
        let canary = self.alive_since + CANARY;
        let due = others.into_iter().flatten().fold(canary, Instant::min);
        let timeout = due.saturating_duration_since(Instant::now()).try_into().ok();
        let mut fds = [
            PollFd::from_borrowed_fd(self.socket.0.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.waker.as_fd(), PollFlags::IN),
        ];
        let _ = poll(&mut fds, timeout.as_ref());
        let ordered = fds[1].revents().contains(PollFlags::IN);
        if ordered {
            let _ = rustix::io::read(&*self.waker, &mut [0; 8]);
        }
        ordered
    }

    fn obey(&mut self) -> Outcome {
        for order in self.orders.try_iter().collect::<Vec<_>>() {
            match order {
                Order::Sweep => self.want_sweep(),
                Order::Stop => return Err(Closed),
                Order::Count(_) => {}
            }
        }
        Ok(())
    }

    /// Handles what is in the queue.
    fn drain(&mut self) -> Outcome {
        for _ in 0..BATCH {
            match self.receive()? {
                Some(frame) => self.frame(frame)?,
                None => break,
            }
        }
        Ok(())
    }

    /// Handles what is in the queue, a moment later. Returns how much that was.
    ///
    /// No agent lives, and one that starts now will for longer than that: so the events of a build
    /// come together, instead of waking this thread for each, and a program that has ended since
    /// is not looked for in vain.
    fn gather(&mut self) -> Result<usize, Closed> {
        std::thread::sleep(GATHER);
        let mut frames = std::mem::take(&mut self.gathered);
        while frames.len() < BATCH
            && let Some(frame) = self.receive()?
        {
            if let What::Exit { pid, tgid, .. } = frame.what
                && pid == tgid
            {
                self.gone.insert(pid, frame.timestamp_ns);
            }
            frames.push(frame);
        }
        let count = frames.len();
        for frame in frames.drain(..) {
            self.frame(frame)?;
        }
        self.gathered = frames;
        self.gone.clear();
        Ok(count)
    }

    /// Takes one frame from the queue, and notes what is missing before it. None where the queue is
    /// empty.
    fn receive(&mut self) -> Result<Option<Frame>, Closed> {
        loop {
            match self.socket.receive() {
                Ok(Some(frame)) => {
                    self.alive_since = Instant::now();
                    if let Some(hole) = self.sequence.take(&frame) {
                        self.lose(hole);
                    }
                    self.alive_ns = frame.timestamp_ns.max(self.alive_ns);
                    return Ok(Some(frame));
                }
                Ok(None) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::NOBUFS) => {
                    let until_ns = clock::read().monotonic_ns;
                    self.lose(Hole { missed: 0, from_ns: self.alive_ns, until_ns });
                }
                Err(errno) => {
                    tracing::warn!(%errno, "the proc connector failed");
                    self.replace()?;
                    return Ok(None);
                }
            }
        }
    }

    fn frame(&mut self, frame: Frame) -> Outcome {
        match frame.what {
            What::Fork { parent_tgid, child_pid, child_tgid } if child_pid == child_tgid => {
                self.forked(parent_tgid, child_pid)
            }
            What::Exec { tgid, .. } => self.exec(tgid, frame.timestamp_ns),
            What::Exit { pid, tgid, status } => {
                self.exit(pid, tgid, Left { status: Some(status), at_ns: frame.timestamp_ns })
            }
            What::Comm { pid, .. } => {
                self.canary_seen |= pid == self.thread;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn forked(&mut self, parent: u32, child: u32) -> Outcome {
        if let Some(left) = self.follow.left(child) {
            // The pid was given away again, so the process has ended.
            self.ended(child, left)?;
        }
        if self.follow.forked(parent, child) {
            return self.send(Event::Forked { parent, child });
        }
        Ok(())
    }

    fn exec(&mut self, pid: u32, at_ns: u64) -> Outcome {
        let mut buffer = [0; 4096];
        let followed = self.follow.contains(pid);
        self.follow.executed(pid);
        if self.gone.get(&pid).is_some_and(|ended_ns| *ended_ns >= at_ns) {
            return self.unreadable(pid, followed);
        }
        match self.procfs.exe(pid, &mut buffer) {
            Exe::Path(exe) => {
                if !followed && !is_candidate(exe) {
                    return Ok(());
                }
                match self.procfs.is_own(pid) {
                    Some(true) => self.readable(pid, exe, followed, at_ns),
                    Some(false) => self.send(Event::Foreign),
                    None => self.unreadable(pid, followed),
                }
            }
            Exe::Gone => self.unreadable(pid, followed),
            // A process of our own that hides itself is no less unnamed; others' are not ours.
            Exe::Denied if self.is_own_by_parent(pid) => self.unreadable(pid, followed),
            Exe::Denied => self.foreign(pid),
        }
    }

    fn readable(&mut self, pid: u32, exe: &[u8], followed: bool, at_ns: u64) -> Outcome {
        let mut facts = self.procfs.facts(pid, Some(exe));
        let agent = could_be_agent(&facts);
        if !agent && facts.argv.is_none() {
            // An interpreter that ended before it told what it was to run.
            return self.unreadable(pid, followed);
        }
        if !agent && !followed {
            return Ok(());
        }
        facts.ppid = facts.ppid.or_else(|| self.follow.parent(pid));
        if agent {
            facts.ancestors = self.procfs.ancestors(facts.ppid);
            self.follow.insert(pid);
        } else if let Some(argv) = &mut facts.argv {
            argv.truncate(MAX_OTHER_ARGV);
        }
        let moment = clock::read().moment(at_ns);
        self.send(Event::Exec(Box::new(facts), moment))
    }

    /// Another user's program: what matters is only whether it may be counted elsewhere.
    fn foreign(&self, pid: u32) -> Outcome {
        let may_be_agent = self.procfs.comm(pid).is_some_and(|comm| agents::has_comm(&comm));
        if may_be_agent { self.send(Event::Foreign) } else { Ok(()) }
    }

    /// Counts a program that ended before it could be read, unless its name rules an agent out.
    fn unreadable(&mut self, pid: u32, followed: bool) -> Outcome {
        let comm = self.procfs.comm(pid);
        if followed {
            let may_be_agent = comm.is_none_or(|comm| agents::has_comm(&comm));
            return self.send(Event::Unread { pid, may_be_agent });
        }
        let ours = match comm {
            Some(comm) => !agents::rules_out(&comm) && self.is_own_by_parent(pid),
            None => self.had_own_parent(pid),
        };
        if !ours {
            return Ok(());
        }
        let unnamed = self.unnamed.get_or_insert_with(|| Unnamed {
            count: 0,
            from: clock::read().now().at,
            due: Instant::now() + MINUTE,
        });
        unnamed.count += 1;
        Ok(())
    }

    /// Whether a process is ours, or may be: a vanished one is judged by its parent.
    fn is_own_by_parent(&self, pid: u32) -> bool {
        self.procfs.is_own(pid).unwrap_or_else(|| self.had_own_parent(pid))
    }

    fn had_own_parent(&self, pid: u32) -> bool {
        self.follow.parent(pid).and_then(|parent| self.procfs.is_own(parent)).unwrap_or(true)
    }

    fn exit(&mut self, pid: u32, tgid: u32, left: Left) -> Outcome {
        // A process ends with its last thread, not with its first; and where another thread calls
        // execve, the first one ends and the process goes on.
        if pid == tgid || self.follow.left(tgid).is_some() {
            self.follow.leave(tgid, left);
        }
        self.recheck(tgid)
    }

    /// Looks after processes whose end no event told. The kernel takes a thread away before it tells
    /// of its end, and only that tells the status: so it is waited for a little.
    fn recheck_leaving(&mut self) -> Outcome {
        for pid in self.follow.leaving() {
            if self.procfs.living_thread(pid).is_none()
                && self.fading.entry(pid).or_insert_with(Instant::now).elapsed() >= LEAVING
            {
                self.recheck(pid)?;
            }
        }
        let follow = &self.follow;
        self.fading.retain(|pid, _| follow.left(*pid).is_some());
        Ok(())
    }

    /// Reports the end of a process whose first thread has ended, once nothing of it lives. The
    /// kernel tells of an end after it has made the process a zombie: one that is none goes on.
    fn recheck(&mut self, pid: u32) -> Outcome {
        let Some(left) = self.follow.left(pid) else { return Ok(()) };
        if self.procfs.living_thread(pid).is_some() { Ok(()) } else { self.ended(pid, left) }
    }

    fn ended(&mut self, pid: u32, left: Left) -> Outcome {
        self.follow.remove(pid);
        let moment = clock::read().moment(left.at_ns);
        self.send(Event::Exited { pid, status: left.status, moment })
    }

    fn want_sweep(&mut self) {
        let earliest = (self.last_sweep + SETTLE).max(Instant::now());
        self.sweep_due.get_or_insert(earliest);
    }

    /// Looks at the whole process table and reports what matters of it.
    fn sweep(&mut self) -> Outcome {
        self.sweep_due = None;
        self.drain()?;
        let looked = look(&self.procfs, |pid| self.follow.contains(pid));
        let until = clock::read();
        self.last_sweep = Instant::now();
        let mut processes = match looked {
            Ok(processes) => processes,
            Err(errno) => {
                tracing::warn!(%errno, "the process table cannot be read");
                self.want_sweep();
                return Ok(());
            }
        };
        let (mut ended, mut later) = (HashSet::new(), Vec::new());
        while let Some(frame) = self.receive()? {
            match frame.what {
                What::Exit { tgid, .. } if self.follow.contains(tgid) => {
                    self.frame(frame)?;
                    if !self.follow.contains(tgid) {
                        ended.insert(tgid);
                    }
                }
                _ => later.push(frame),
            }
        }
        processes.retain(|facts| !ended.contains(&facts.pid));
        let seen: HashSet<u32> = processes.iter().map(|facts| facts.pid).collect();
        self.follow.reset(seen.iter().copied());
        self.follow_headless(&seen, until.monotonic_ns);
        self.send(Event::Swept { processes, moment: until.now() })?;
        for frame in later {
            let is_old = frame.timestamp_ns <= until.monotonic_ns;
            match frame.what {
                What::Fork { child_tgid, .. } if is_old && seen.contains(&child_tgid) => {}
                _ => self.frame(frame)?,
            }
        }
        Ok(())
    }

    /// Follows on what a sweep found to go on without its first thread: its last one will tell how
    /// it ended.
    fn follow_headless(&mut self, seen: &HashSet<u32>, at_ns: u64) {
        for pid in seen {
            let headless = self.procfs.stat(*pid).is_some_and(|stat| stat.zombie);
            if headless && self.follow.left(*pid).is_none() {
                self.follow.leave(*pid, Left { status: None, at_ns });
            }
        }
    }

    fn lose(&mut self, hole: Hole) {
        self.want_sweep();
        let loss = self.loss.get_or_insert(Loss {
            from_ns: hole.from_ns,
            until_ns: hole.until_ns,
            missed: 0,
            due: Instant::now(),
        });
        loss.missed += hole.missed;
        loss.from_ns = loss.from_ns.min(hole.from_ns);
        loss.until_ns = loss.until_ns.max(hole.until_ns);
        loss.due = Instant::now() + SETTLE;
    }

    /// Asks for a sign of life where none came by itself for a while.
    fn ask_canary(&mut self) -> Outcome {
        self.canary_seen = false;
        if rustix::thread::set_name(c"proc-connector").is_ok() {
            // The kernel has queued the event before the call returned.
            while let Some(frame) = self.receive()? {
                self.frame(frame)?;
            }
        }
        if self.canary_seen {
            return Ok(());
        }
        tracing::warn!("the proc connector went silent");
        self.replace()
    }

    /// Opens a new socket: on a connector that went silent only that helps.
    fn replace(&mut self) -> Outcome {
        let from = clock::read().moment(self.alive_ns).at;
        self.alive_since = Instant::now();
        // Until it comes back, looking is better than nothing.
        self.want_sweep();
        let mut reason = String::new();
        for _ in 0..REPLACEMENTS {
            match Socket::open() {
                Ok(socket) => {
                    self.socket = socket;
                    self.alive_ns = clock::read().monotonic_ns;
                    self.lost = false;
                    let until = clock::read().now().at;
                    let reason = "the proc connector went silent and was opened again";
                    return self.report(State::Restored, reason, from, Some(until), None);
                }
                Err(error) => reason = error.to_string(),
            }
        }
        if std::mem::replace(&mut self.lost, true) {
            return Ok(());
        }
        self.report(State::Lost, &reason, from, None, None)
    }

    fn report_loss(&mut self) -> Outcome {
        let Some(loss) = self.loss.take() else { return Ok(()) };
        let clocks = clock::read();
        let (from, until) = (clocks.moment(loss.from_ns).at, clocks.moment(loss.until_ns).at);
        let missed = (loss.missed > 0).then_some(loss.missed);
        let reason = "the kernel's queue ran over: process events were lost";
        self.report(State::Restored, reason, from, Some(until), missed)
    }

    fn report_unnamed(&mut self) -> Outcome {
        let Some(Unnamed { count, from, .. }) = self.unnamed.take() else { return Ok(()) };
        self.send(Event::Unnamed { count, from, until: clock::read().now().at })
    }

    fn report(
        &mut self,
        state: State,
        reason: &str,
        from: Timestamp,
        until: Option<Timestamp>,
        missed: Option<u64>,
    ) -> Outcome {
        let reason = reason.to_owned();
        let report =
            SourceReport { name: LAUNCHES, tier: TIER, state, reason, from, until, missed };
        self.send(Event::Source(report))
    }

    fn send(&self, event: Event) -> Outcome {
        self.events.blocking_send(event).map_err(|_| Closed)
    }
}
