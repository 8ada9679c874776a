//! Sources notice what happens on this machine and report it as events.
//!
//! A source is opened before it runs: "the kernel refuses" is a value that picks the next tier, not
//! a log line. Each runs on a thread of its own, because what it reads vanishes while it waits.

use std::thread::JoinHandle;

use tokio::sync::mpsc;
use trackway_protocol::ids::Timestamp;

use crate::event::{Event, SourceReport, State};

pub(crate) mod changes;
#[cfg(target_os = "linux")]
pub(crate) mod follow;
#[cfg(target_os = "linux")]
pub(crate) mod open_exec;
pub(crate) mod poll;
#[cfg(target_os = "linux")]
pub(crate) mod proc_connector;
pub(crate) mod sessions;
pub(crate) mod sweep;

/// Where sources send what they saw. Bounded: a source waits where the pipeline cannot follow, and
/// what the kernel drops meanwhile is counted by its sequence numbers.
pub(crate) type EventSender = mpsc::Sender<Event>;

/// A source that runs on its own thread.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) control: Control,
    thread: JoinHandle<()>,
}

/// What can be asked of a running source.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    orders: std::sync::mpsc::Sender<Order>,
    /// Absent where the source waits for orders themselves.
    waker: Option<Waker>,
}

/// An order to a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Look at the whole process table and report it.
    Sweep,
    /// Count the executions of this file.
    Count(std::path::PathBuf),
    /// Tell what changes below this directory. What changed since that time is told as well.
    Watch(std::path::PathBuf, Timestamp),
    /// Tell it no more.
    Leave(std::path::PathBuf),
    /// This directory of an agent's own is no work of it.
    Exclude(std::path::PathBuf),
    /// End.
    Stop,
}

/// Wakes a source's thread out of its wait for descriptors.
#[cfg(target_os = "linux")]
pub(crate) type Waker = std::sync::Arc<std::os::fd::OwnedFd>;
/// Wakes a source's thread out of its wait. Nothing here waits for anything but orders.
#[cfg(not(target_os = "linux"))]
pub(crate) type Waker = std::convert::Infallible;

impl Control {
    /// Makes both ends of a source's orders.
    pub(crate) fn new(waker: Option<Waker>) -> (Self, std::sync::mpsc::Receiver<Order>) {
        let (orders, receiver) = std::sync::mpsc::channel();
        (Self { orders, waker }, receiver)
    }

    /// Gives an order. A source that has ended takes none, and its end was reported.
    pub(crate) fn order(&self, order: Order) {
        if self.orders.send(order).is_ok() {
            self.wake();
        }
    }

    #[cfg(target_os = "linux")]
    fn wake(&self) {
        // An eventfd refuses only when its counter is full, and then the thread wakes anyway.
        if let Some(waker) = &self.waker {
            let _ = rustix::io::write(&**waker, &1_u64.to_ne_bytes());
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn wake(&self) {}
}

/// What a source is called in `status`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) source: &'static str,
    pub(crate) tier: &'static str,
}

/// Why a source has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to, or there is nobody left to tell.
    Ordered,
    /// It cannot go on.
    Lost(String),
}

impl Running {
    /// Starts `run` on a thread named for the source. An end that was not ordered is reported.
    ///
    /// # Errors
    ///
    /// Those of starting a thread.
    pub(crate) fn start(
        name: Name,
        control: Control,
        events: EventSender,
        run: impl FnOnce() -> Ended + Send + 'static,
    ) -> std::io::Result<Self> {
        let run = move || {
            // Whatever a panic left behind is not looked at again: the source is over.
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            if let Ended::Lost(reason) = ended.unwrap_or_else(|_| Ended::Lost("it panicked".into()))
            {
                let from = crate::clock::read().now().at;
                let report = SourceReport {
                    name: name.source,
                    tier: name.tier,
                    state: State::Lost,
                    reason: format!("the source has ended: {reason}"),
                    from,
                    until: None,
                    missed: None,
                };
                drop(events.blocking_send(Event::Source(report)));
            }
        };
        let thread = std::thread::Builder::new().name(name.tier.to_owned()).spawn(run)?;
        Ok(Self { control, thread })
    }

    /// Stops the source and waits for its thread.
    pub(crate) fn stop(self) {
        self.control.order(Order::Stop);
        if self.thread.join().is_err() {
            tracing::error!("a source's thread panicked");
        }
    }
}

/// Makes the descriptor that wakes a source which waits in `poll`.
#[cfg(target_os = "linux")]
pub(crate) fn waker() -> rustix::io::Result<Waker> {
    let flags = rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK;
    Ok(std::sync::Arc::new(rustix::event::eventfd(0, flags)?))
}
