//! The reader thread: events in, facts out, no lock and no disk in between.

use std::collections::HashMap;
use std::os::fd::AsFd as _;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use trackway_protocol::ids::Timestamp;

use super::Socket;
use super::frame::{Frame, Hole, Sequence, What};
use crate::clock;
use crate::event::Event;
use crate::procfs::Procfs;
use crate::source::follow::{Follow, Left};
use crate::source::{Ended, EventSender, Order, Waker};

mod health;
mod processes;

/// After so long without any event, the canary asks whether the connector still speaks.
pub(super) const CANARY: Duration = Duration::from_secs(10);
/// A process whose first thread has ended is looked at again after this time.
const LEAVING: Duration = Duration::from_millis(50);
/// While nothing is followed, events are gathered for so long before they are looked at.
const GATHER: Duration = Duration::from_millis(2);
/// With so many gathered, more than one program makes, this thread sleeps on instead of waiting: who
/// starts programs then need not wake it, which on a virtual machine costs them more than the rest.
const BUSY: usize = 4;
/// How long it sleeps then. Each waking costs more than the events that it is for; what an agent
/// starts with stays as it is for longer than that.
const GATHER_BUSY: Duration = Duration::from_millis(8);
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
                _ => {}
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
        std::thread::sleep(if self.busy { GATHER_BUSY } else { GATHER });
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

    fn send(&self, event: Event) -> Outcome {
        self.events.blocking_send(event).map_err(|_| Closed)
    }
}
