//! Nothing tells of changes here.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::{Refused, Scope, Seen, Watch};

/// Waits, and refuses everything else.
#[derive(Debug)]
pub(crate) struct Watcher(Receiver<()>, Wake);

/// Wakes the watcher's thread.
#[derive(Clone, Debug)]
pub(crate) struct Wake(SyncSender<()>);

impl Wake {
    pub(crate) fn wake(&self) {
        // A full channel wakes as well.
        let _ = self.0.try_send(());
    }
}

impl Watcher {
    pub(crate) fn open() -> std::io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        Ok(Self(woken, Wake(wake)))
    }

    pub(crate) fn wake(&self) -> Wake {
        self.1.clone()
    }

    /// Nothing tells of changes here.
    pub(crate) fn waker(&self) -> Option<crate::source::Waker> {
        None
    }

    pub(crate) fn watch(&mut self, _dir: &Path, _scope: Scope) -> Result<Watch, Refused> {
        Err(Refused::Queues)
    }

    pub(crate) fn unwatch(&mut self, _watch: Watch) {}

    pub(crate) fn wait(&self, at_most: Option<Duration>) {
        let _ = match at_most {
            Some(at_most) => self.0.recv_timeout(at_most).is_ok(),
            None => self.0.recv().is_ok(),
        };
    }

    pub(crate) fn take(&mut self, _seen: &mut Vec<Seen>) {}
}
