//! `trackwayctl tail --json`, followed from the first record on: what tests wait for.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use trackway_protocol::record::Record;

use crate::wait;

/// A running `tail`, and what it printed.
#[derive(Debug)]
pub(super) struct Tail {
    child: Child,
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    grew: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    lines: Vec<String>,
    records: Vec<Record>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    pub(super) fn start(mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("trackwayctl was built");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let shared = Arc::new(Shared::default());
        let seen_by_us = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let record = serde_json::from_str(&line);
                let mut seen = seen_by_us.lock();
                // What is no record is still a line: tests look for secrets there.
                seen.records.extend(record.ok());
                seen.lines.push(line);
                seen_by_us.grew.notify_all();
            }
        });
        Self { child, shared, reader: Some(reader) }
    }

    /// Waits until `pick` finds something in the records.
    pub(super) fn wait<T>(
        &self,
        limit: Duration,
        pick: impl Fn(&[Record]) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        let wanting = |seen: &mut Seen| {
            found = pick(&seen.records);
            found.is_none()
        };
        drop(self.shared.grew.wait_timeout_while(self.shared.lock(), limit, wanting));
        found
    }

    /// Returns every line so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.shared.lock().lines.clone()
    }
}

impl Tail {
    /// Waits until it has nothing more to print, for its daemon is gone, and returns every line.
    pub(super) fn finish(mut self) -> Vec<String> {
        // It ends with the connection; where it should not, dropping it ends it.
        let reader = self.reader.take();
        let over = || reader.as_ref().is_none_or(JoinHandle::is_finished).then_some(());
        wait::until(Duration::from_secs(15), over).expect("a tail ends with its daemon");
        self.lines()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
