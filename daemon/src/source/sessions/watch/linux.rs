//! inotify.

use std::ffi::{OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::{Change, Refused, Scope, Seen, Watch};
use crate::source::{Waker, waker};

/// Some hundred events at once.
const BUFFER: usize = 64 * 1024;

const NAMES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::EXCL_UNLINK)
    .union(WatchFlags::ONLYDIR);

/// The kernel's queue of changes.
#[derive(Debug)]
pub(crate) struct Watcher {
    queue: Option<OwnedFd>,
    waker: Waker,
    buffer: Box<[MaybeUninit<u8>]>,
    /// How many more directories may be watched: tests know what it is to have no more.
    left: usize,
}

/// Wakes the watcher's thread.
#[derive(Clone, Debug)]
pub(crate) struct Wake(Waker);

impl Wake {
    pub(crate) fn wake(&self) {
        // An eventfd refuses only when its counter is full, and then the thread wakes anyway.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

impl Watcher {
    /// Opens the queue; without one everything is refused.
    pub(crate) fn open() -> std::io::Result<Self> {
        let waker = waker()?;
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        let buffer = vec![MaybeUninit::uninit(); BUFFER].into();
        Ok(Self { queue, waker, buffer, left: usize::MAX })
    }

    /// Allows so many watches and no more.
    #[cfg(test)]
    pub(crate) fn allow(&mut self, watches: usize) {
        self.left = watches;
    }

    pub(crate) fn wake(&self) -> Wake {
        Wake(self.waker.clone())
    }

    /// Returns what wakes it; none where nothing tells of changes.
    pub(crate) fn waker(&self) -> Option<Waker> {
        self.queue.as_ref().map(|_| self.waker.clone())
    }

    /// Watches a directory. One that is watched already keeps its number.
    pub(crate) fn watch(&mut self, dir: &Path, scope: Scope) -> Result<Watch, Refused> {
        let queue = self.queue.as_ref().ok_or(Refused::Queues)?;
        if self.left == 0 {
            return Err(Refused::Watches);
        }
        let flags = match scope {
            Scope::Files => NAMES | WatchFlags::MODIFY | WatchFlags::ATTRIB,
            // What it is watched for already stays.
            Scope::Names => NAMES | WatchFlags::MASK_ADD,
            // What a mapping wrote shows when it is closed.
            Scope::Writes => NAMES | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE,
            Scope::Saved => NAMES | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB,
        };
        let watch = inotify::add_watch(queue, dir, flags).map_err(|error| match error {
            Errno::NOSPC | Errno::NOMEM => Refused::Watches,
            _ => Refused::Directory,
        })?;
        self.left -= 1;
        Ok(watch)
    }

    pub(crate) fn unwatch(&mut self, watch: Watch) {
        if let Some(queue) = &self.queue {
            // It may be gone with its directory.
            let _ = inotify::remove_watch(queue, watch);
            self.left = self.left.saturating_add(1);
        }
    }

    /// Waits for a change or to be woken, at most so long.
    pub(crate) fn wait(&self, at_most: Option<Duration>) {
        let timeout = at_most.and_then(|at_most| Timespec::try_from(at_most).ok());
        let fds =
            std::iter::once(self.waker.as_fd()).chain(self.queue.as_ref().map(|fd| fd.as_fd()));
        let mut fds: Vec<PollFd<'_>> =
            fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let _ = poll(&mut fds, timeout.as_ref());
        if !fds[0].revents().is_empty() {
            let _ = rustix::io::read(&*self.waker, &mut [0; 8]);
        }
    }

    /// Takes what is queued, up to a bound, without waiting.
    pub(crate) fn take(&mut self, seen: &mut Vec<Seen>) {
        let Some(queue) = &self.queue else { return };
        let mut reader = inotify::Reader::new(queue, &mut self.buffer);
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            if let Some(event) = understood(event.wd(), event.events(), name)
                && seen.last() != Some(&event)
            {
                seen.push(event);
            }
            // The first half of a move is not taken without the second, which lies behind it.
            let halved = matches!(seen.last(), Some(Seen::Name(_, _, Change::Left)));
            if reader.is_buffer_empty() && !halved {
                break;
            }
        }
    }
}

fn understood(watch: Watch, events: ReadFlags, name: Option<&OsStr>) -> Option<Seen> {
    if events.contains(ReadFlags::QUEUE_OVERFLOW) {
        return Some(Seen::Overflow);
    }
    let named = |change| name.map(|name| Seen::Name(watch, OsString::from(name), change));
    if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
        named(Change::Appeared)
    } else if events.contains(ReadFlags::MOVED_FROM) {
        named(Change::Left)
    } else if events.contains(ReadFlags::DELETE) {
        named(Change::Deleted)
    } else if events.intersects(ReadFlags::MODIFY | ReadFlags::ATTRIB | ReadFlags::CLOSE_WRITE) {
        // Without a name it is the directory's own: permissions that may let us in.
        Some(named(Change::Content).unwrap_or(Seen::Name(watch, OsString::new(), Change::Content)))
    } else if events.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT)
    {
        Some(Seen::Gone(watch))
    } else {
        None
    }
}
