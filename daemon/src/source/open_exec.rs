//! Counts how often each known agent binary is opened for execution.
//!
//! This is the witness that bounds what the other sources did not name: the kernel's fanotify tells
//! of every exec of a marked file, to ordinary users as well (Linux 5.13), though not of who did it.
//! One group for each binary, because that says which binary was meant without reading file handles.
//!
//! Limits: other users' executions of the same file are counted too; and a binary that is not known
//! yet is counted from its first named launch on.

use std::collections::HashSet;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::mpsc::Receiver;

use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use rustix::event::{PollFd, PollFlags, poll};

use super::{Control, Ended, EventSender, Name, Order, Running, Waker};
use crate::clock;
use crate::event::{Event, FileId, Opens, SourceReport, State};

/// The name in `status`.
pub(crate) const NAME: &str = "open-exec";
/// The name of the mechanism in `status`.
pub(crate) const TIER: &str = "fanotify";
/// `FAN_REPORT_FID`: what the kernel asks of a listener without privileges.
const REPORT_FID: u32 = 0x200;
/// A user may have 128 groups (`fanotify/max_user_groups`); others want some as well.
const MAX_BINARIES: usize = 64;

/// Starts the counter.
///
/// # Errors
///
/// Those of starting a thread, and of fanotify where the kernel does not have it or refuses.
pub(crate) fn start(events: EventSender) -> std::io::Result<Running> {
    // Refusal shows at once, not when the first binary is found.
    drop(group()?);
    let waker = super::waker()?;
    let (control, orders) = Control::new(Some(waker.clone()));
    let counter = Counter {
        events: events.clone(),
        orders,
        waker,
        watched: Vec::new(),
        known: HashSet::new(),
    };
    let name = Name { source: NAME, tier: TIER };
    Running::start(name, control, events, move || counter.run())
}

struct Counter {
    events: EventSender,
    orders: Receiver<Order>,
    waker: Waker,
    watched: Vec<(FileId, Fanotify)>,
    known: HashSet<FileId>,
}

impl Counter {
    fn run(mut self) -> Ended {
        loop {
            self.wait();
            let orders: Vec<Order> = self.orders.try_iter().collect();
            // Before a stop as well: what was counted is told.
            for (binary, group) in &self.watched {
                let event = read(group).map(|count| Event::Opened { binary: *binary, count });
                if event.is_some_and(|event| self.events.blocking_send(event).is_err()) {
                    return Ended::Ordered;
                }
            }
            for order in orders {
                match order {
                    Order::Stop => return Ended::Ordered,
                    Order::Count(path) => self.watch(&path),
                    _ => {}
                }
            }
        }
    }

    /// Waits for an order or an execution.
    fn wait(&self) {
        let mut fds: Vec<PollFd<'_>> = std::iter::once(self.waker.as_fd())
            .chain(self.watched.iter().map(|(_, group)| group.as_fd()))
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let _ = poll(&mut fds, None);
        if !fds[0].revents().is_empty() {
            let _ = rustix::io::read(&*self.waker, &mut [0; 8]);
        }
    }

    fn watch(&mut self, path: &Path) {
        let Some(binary) = FileId::of(path) else { return };
        if !self.known.insert(binary) {
            return;
        }
        if self.watched.len() == MAX_BINARIES {
            // Old versions are the first to be replaced by an update.
            self.known.remove(&self.watched.remove(0).0);
        }
        let marked = group().and_then(|group| {
            let flags = MarkFlags::FAN_MARK_ADD;
            group.mark(flags, MaskFlags::FAN_OPEN_EXEC, nix::fcntl::AT_FDCWD, Some(path))?;
            Ok(group)
        });
        match marked {
            Ok(group) => {
                self.watched.push((binary, group));
                let since = clock::read().now();
                // The pipeline ends before its sources: then nobody is left to be told.
                drop(self.events.blocking_send(Event::Counting { binary, since }));
            }
            Err(error) => {
                self.known.remove(&binary);
                self.report(format!("failed to watch {}: {error}", path.display()));
            }
        }
    }

    fn report(&self, reason: String) {
        tracing::warn!(reason, "an agent's binary is not counted");
        let from = clock::read().now().at;
        let report = SourceReport {
            name: NAME,
            tier: TIER,
            state: State::Degraded,
            reason,
            from,
            until: Some(from),
            missed: None,
        };
        drop(self.events.blocking_send(Event::Source(report)));
    }
}

fn group() -> std::io::Result<Fanotify> {
    let flags = InitFlags::FAN_CLASS_NOTIF
        | InitFlags::FAN_CLOEXEC
        | InitFlags::FAN_NONBLOCK
        | InitFlags::from_bits_retain(REPORT_FID);
    Ok(Fanotify::init(flags, EventFFlags::O_RDONLY)?)
}

/// Takes what a group has counted; none where it has nothing.
fn read(group: &Fanotify) -> Option<Opens> {
    let mut count = 0;
    while let Ok(events) = group.read_events() {
        for event in events {
            if event.mask().contains(MaskFlags::FAN_Q_OVERFLOW) {
                return Some(Opens::Overflowed);
            }
            count += 1;
        }
    }
    (count > 0).then_some(Opens::Counted(count))
}
