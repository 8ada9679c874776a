//! The reader thread: events in, facts out, no lock and no disk in between.

use std::ffi::OsStr;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use trackway_protocol::ids::Timestamp;

use super::frame::{Frame, Sequence, What};
use super::{Socket, TIER};
use crate::agents::{self, Image};
use crate::clock;
use crate::event::{Event, Moment, ProcessFacts, SourceReport, State};
use crate::procfs::{Exe, Procfs};
use crate::source::follow::Follow;
use crate::source::sweep::{self, Entry};
use crate::source::{EventSender, Order, Waker};

/// After so long without any event, the canary asks whether the connector still speaks.
const CANARY: Duration = Duration::from_secs(10);
/// Counts of unnamed programs are reported once in this time.
const MINUTE: Duration = Duration::from_secs(60);
/// After a loss, holes are collected for so long before they are reported.
const SETTLE: Duration = Duration::from_secs(1);
/// A process whose first thread has ended is looked at again after this time.
const LEAVING: Duration = Duration::from_millis(50);
/// How often a new socket is tried at once.
const REPLACEMENTS: u32 = 3;
/// Events taken in one go before orders are looked at.
const BATCH: usize = 4096;

/// Owns the socket and everything that belongs to it.
pub(super) struct Reader {
    socket: Socket,
    procfs: Procfs,
    events: EventSender,
    orders: Receiver<Order>,
    waker: Waker,
    follow: Follow,
    sequence: Sequence,
    /// Our own thread, whose change of name is the canary.
    thread: u32,
    canary_seen: bool,
    /// When the connector last gave a sign of life.
    alive: Moment,
    alive_since: Instant,
    unnamed: Option<Unnamed>,
    loss: Option<Loss>,
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
    from: Timestamp,
    until: Timestamp,
    missed: u64,
    due: Instant,
}

/// The receiving end is gone: the daemon is ending.
struct Closed;

impl Reader {
    pub(super) fn new(
        socket: Socket,
        procfs: Procfs,
        events: EventSender,
        orders: Receiver<Order>,
        waker: Waker,
    ) -> Self {
        Self {
            socket,
            procfs,
            events,
            orders,
            waker,
            follow: Follow::default(),
            sequence: Sequence::default(),
            thread: 0,
            canary_seen: false,
            alive: clock::read().now(),
            alive_since: Instant::now(),
            unnamed: None,
            loss: None,
            lost: false,
        }
    }

    pub(super) fn run(mut self) {
        self.thread = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        // The socket listens already, so nothing can start unseen between the sweep and the loop.
        if self.sweep().is_ok() {
            while self.turn().is_ok() {}
        }
        if self.unnamed.is_some() {
            drop(self.report_unnamed());
        }
    }

    fn turn(&mut self) -> Result<(), Closed> {
        self.wait();
        for order in self.orders.try_iter().collect::<Vec<_>>() {
            match order {
                Order::Sweep => self.sweep()?,
                Order::Stop => return Err(Closed),
                Order::Count(_) => {}
            }
        }
        self.drain()?;
        self.recheck_leaving()?;
        if self.alive_since.elapsed() >= CANARY {
            self.ask_canary()?;
        }
        let now = Instant::now();
        if self.loss.as_ref().is_some_and(|loss| loss.due <= now) {
            self.report_loss()?;
        }
        if self.unnamed.as_ref().is_some_and(|unnamed| unnamed.due <= now) {
            self.report_unnamed()?;
        }
        Ok(())
    }

    /// Waits for an event, an order or the next deadline.
    fn wait(&self) {
        let mut due = self.alive_since + CANARY;
        due = self.loss.as_ref().map_or(due, |loss| due.min(loss.due));
        due = self.unnamed.as_ref().map_or(due, |unnamed| due.min(unnamed.due));
        if !self.follow.leaving().is_empty() {
            due = due.min(Instant::now() + LEAVING);
        }
        let timeout = due.saturating_duration_since(Instant::now()).try_into().ok();
        let mut fds = [
            PollFd::from_borrowed_fd(self.socket.0.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.waker.as_fd(), PollFlags::IN),
        ];
        let _ = poll(&mut fds, timeout.as_ref());
        if fds[1].revents().contains(PollFlags::IN) {
            let _ = rustix::io::read(&*self.waker, &mut [0; 8]);
        }
    }

    /// Takes what is in the queue.
    fn drain(&mut self) -> Result<(), Closed> {
        let mut lossy = false;
        for _ in 0..BATCH {
            match self.socket.receive() {
                Ok(Some(frame)) => lossy |= self.frame(frame)?,
                Ok(None) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(Errno::NOBUFS) => {
                    self.lose(0);
                    lossy = true;
                }
                Err(errno) => {
                    tracing::warn!(%errno, "the proc connector failed");
                    return self.replace();
                }
            }
        }
        if lossy {
            return self.sweep();
        }
        if self.loss.is_none() {
            self.alive = clock::read().now();
        }
        Ok(())
    }

    /// Handles one frame. Returns whether events before it were lost.
    fn frame(&mut self, frame: Frame) -> Result<bool, Closed> {
        self.alive_since = Instant::now();
        let missed = self.sequence.take(frame.cpu, frame.seq);
        if missed > 0 {
            self.lose(missed);
        }
        match frame.what {
            What::Fork { parent_tgid, child_pid, child_tgid } if child_pid == child_tgid => {
                self.forked(parent_tgid, child_pid)?;
            }
            What::Exec { tgid, .. } => self.exec(tgid, frame.timestamp_ns)?,
            What::Exit { pid, tgid, status } => {
                self.exit(pid, tgid, status, frame.timestamp_ns)?;
            }
            What::Comm { pid, .. } => self.canary_seen |= pid == self.thread,
            _ => {}
        }
        Ok(missed > 0)
    }

    fn forked(&mut self, parent: u32, child: u32) -> Result<(), Closed> {
        if self.follow.forked(parent, child) {
            return self.send(Event::Forked { parent, child });
        }
        Ok(())
    }

    fn exec(&mut self, pid: u32, at_ns: u64) -> Result<(), Closed> {
        let mut buffer = [0; 4096];
        let followed = self.follow.contains(pid);
        self.follow.executed(pid);
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

    fn readable(&mut self, pid: u32, exe: &[u8], followed: bool, at_ns: u64) -> Result<(), Closed> {
        let mut facts = self.procfs.facts(pid, Some(exe));
        let agent = could_be_agent(&facts);
        if !agent && facts.argv.is_none() {
            // An interpreter that ended before it told what it was to run.
            return self.unreadable(pid, followed);
        }
        if agent {
            facts.ancestors = self.procfs.ancestors(facts.ppid.or_else(|| self.follow.parent(pid)));
        }
        if !followed {
            if !agent {
                return Ok(());
            }
            self.follow.insert(pid);
        }
        facts.ppid = facts.ppid.or_else(|| self.follow.parent(pid));
        let moment = clock::read().moment(at_ns);
        self.send(Event::Exec(Box::new(facts), moment))
    }

    /// Another user's program: what matters is only whether it may be counted elsewhere.
    fn foreign(&self, pid: u32) -> Result<(), Closed> {
        let may_be_agent = self.procfs.comm(pid).is_some_and(|comm| agents::has_comm(&comm));
        if may_be_agent { self.send(Event::Foreign) } else { Ok(()) }
    }

    /// Counts a program that ended before it could be read, unless its name rules an agent out.
    fn unreadable(&mut self, pid: u32, followed: bool) -> Result<(), Closed> {
        let comm = self.procfs.comm(pid);
        let may_be_agent = !comm.is_some_and(|comm| agents::rules_out(&comm));
        if followed {
            return self.send(Event::Unread { pid, may_be_agent });
        }
        if !may_be_agent || !self.is_own_by_parent(pid) {
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
        let own = self.procfs.is_own(pid);
        own.or_else(|| self.procfs.is_own(self.follow.parent(pid)?)).unwrap_or(true)
    }

    fn exit(&mut self, pid: u32, tgid: u32, status: u32, at_ns: u64) -> Result<(), Closed> {
        if !self.follow.contains(tgid) {
            return Ok(());
        }
        if pid == tgid {
            // A process ends with its last thread, not with its first; and where another thread
            // calls execve, the first one ends and the process goes on.
            self.follow.leave(tgid, status, at_ns);
        }
        self.recheck(tgid)
    }

    fn recheck_leaving(&mut self) -> Result<(), Closed> {
        for pid in self.follow.leaving() {
            self.recheck(pid)?;
        }
        Ok(())
    }

    /// Reports the end of a process whose first thread has ended, once no other thread is left.
    fn recheck(&mut self, pid: u32) -> Result<(), Closed> {
        let Some((status, at_ns)) = self.follow.left(pid) else { return Ok(()) };
        if self.procfs.threads(pid) > 1 {
            return Ok(());
        }
        self.follow.remove(pid);
        let moment = clock::read().moment(at_ns);
        self.send(Event::Exited { pid, status, moment })
    }

    /// Looks at the whole process table and reports what matters of it.
    fn sweep(&mut self) -> Result<(), Closed> {
        let moment = clock::read().now();
        let processes = look(&self.procfs);
        self.follow.reset(processes.iter().map(|facts| facts.pid));
        self.send(Event::Swept { processes, moment })
    }

    fn lose(&mut self, missed: u64) {
        let now = clock::read().now().at;
        let from = self.alive.at;
        let loss = self.loss.get_or_insert_with(|| Loss {
            from,
            until: now,
            missed: 0,
            due: Instant::now() + SETTLE,
        });
        loss.missed += missed;
        loss.until = now;
        loss.due = Instant::now() + SETTLE;
    }

    /// Asks for a sign of life where none came by itself for a while.
    fn ask_canary(&mut self) -> Result<(), Closed> {
        self.canary_seen = false;
        if rustix::thread::set_name(c"proc-connector").is_ok() {
            // The kernel has queued the event before the call returned.
            self.drain()?;
        }
        let now = clock::read().now();
        if self.canary_seen {
            self.alive = now;
            self.alive_since = Instant::now();
            return Ok(());
        }
        tracing::warn!("the proc connector went silent");
        self.replace()
    }

    /// Opens a new socket: on a connector that went silent only that helps.
    fn replace(&mut self) -> Result<(), Closed> {
        let from = self.alive.at;
        self.alive_since = Instant::now();
        let mut reason = String::new();
        for _ in 0..REPLACEMENTS {
            match Socket::open() {
                Ok(socket) => {
                    self.socket = socket;
                    self.alive = clock::read().now();
                    self.lost = false;
                    let reason = "the proc connector went silent and was opened again";
                    self.report(State::Restored, reason, from, Some(self.alive.at), None)?;
                    return self.sweep();
                }
                Err(error) => reason = error.to_string(),
            }
        }
        if !self.lost {
            self.lost = true;
            self.report(State::Lost, &reason, from, None, None)?;
        }
        // Until it comes back, looking is better than nothing.
        self.sweep()
    }

    fn report_loss(&mut self) -> Result<(), Closed> {
        let Some(loss) = self.loss.take() else { return Ok(()) };
        self.alive = clock::read().now();
        let missed = (loss.missed > 0).then_some(loss.missed);
        let reason = "the kernel's queue ran over: process events were lost";
        self.report(State::Restored, reason, loss.from, Some(loss.until), missed)
    }

    fn report_unnamed(&mut self) -> Result<(), Closed> {
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
    ) -> Result<(), Closed> {
        let reason = reason.to_owned();
        let name = crate::pipeline::LAUNCHES;
        self.send(Event::Source(SourceReport {
            name,
            tier: TIER,
            state,
            reason,
            from,
            until,
            missed,
        }))
    }

    fn send(&self, event: Event) -> Result<(), Closed> {
        self.events.blocking_send(event).map_err(|_| Closed)
    }
}

/// Reads all candidates and everything below them.
pub(crate) fn look(procfs: &Procfs) -> Vec<ProcessFacts> {
    let mut buffer = [0; 4096];
    let mut table = Vec::new();
    for pid in procfs.pids() {
        let Some(stat) = procfs.stat(pid).filter(|stat| !stat.zombie) else { continue };
        let candidate = match procfs.exe(pid, &mut buffer) {
            Exe::Path(exe) => is_candidate(exe) && procfs.is_own(pid) == Some(true),
            _ => false,
        };
        let candidate =
            candidate && could_be_agent(&procfs.facts(pid, exe_of(procfs, pid).as_deref()));
        table.push(Entry { pid, ppid: stat.ppid, candidate });
    }
    let mut processes = Vec::new();
    for pid in sweep::relevant(&table) {
        let Some(exe) = exe_of(procfs, pid) else { continue };
        let mut facts = procfs.facts(pid, Some(&exe));
        if facts.start_ticks.is_some() {
            facts.ancestors = procfs.ancestors(facts.ppid);
            processes.push(facts);
        }
    }
    processes
}

fn exe_of(procfs: &Procfs, pid: u32) -> Option<Vec<u8>> {
    match procfs.exe(pid, &mut [0; 4096]) {
        Exe::Path(exe) => Some(exe.to_vec()),
        _ => None,
    }
}

/// Whether an executable's path is one that an agent, or an interpreter of one, may have.
fn is_candidate(exe: &[u8]) -> bool {
    let exe = exe.strip_suffix(b" (deleted)").unwrap_or(exe);
    agents::candidate(Some(Path::new(OsStr::from_bytes(exe))), OsStr::new(""))
}

/// Whether what was read of a process may be an agent; an interpreter's script decides later.
fn could_be_agent(facts: &ProcessFacts) -> bool {
    let (no_argv, no_env) = Default::default();
    let argv = facts.argv.as_ref().unwrap_or(&no_argv);
    let env = facts.env.as_ref().unwrap_or(&no_env);
    let image = Image { exe: facts.exe.as_deref(), argv, script: None, env };
    agents::recognise(&image).is_some() || agents::script_argument(&image).is_some()
}
