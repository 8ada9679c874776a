//! The threads that ask the ledger.
//!
//! They are not the runtime's: those look things up for the recorder, which must never wait because
//! clients ask much. What waits here is a small closure per client, and is dropped unasked when
//! nobody waits for its answer any more; nothing waits for these threads when the daemon stops.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use tokio::sync::oneshot;
use tracing::error;

use crate::store::Reader;

/// Questions that are asked at once, each on a thread.
pub(super) const THREADS: usize = 4;

type Job = Box<dyn FnOnce(&Reader) + Send>;

/// A handle to the threads, which end with the last one.
#[derive(Clone)]
pub(super) struct Queries {
    jobs: mpsc::Sender<Job>,
}

impl Queries {
    /// Starts the threads.
    pub(super) fn start(reader: &Reader) -> Self {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..THREADS {
            let (queue, reader) = (Arc::clone(&queue), reader.clone());
            thread::Builder::new()
                .name("query".into())
                .spawn(move || work(&queue, &reader))
                .expect("the daemon starts few threads, all of them at its beginning");
        }
        Self { jobs }
    }

    /// Asks on one of the threads; none where the question panicked.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |reader: &Reader| {
            if !reply.is_closed() {
                // Who asked may have left meanwhile.
                drop(reply.send(question(reader)));
            }
        });
        self.jobs.send(job).ok()?;
        answer.await.ok()
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>, reader: &Reader) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // One question without an answer must not cost the thread that all the others need.
        if catch_unwind(AssertUnwindSafe(|| job(reader))).is_err() {
            error!("a query panicked");
        }
    }
}
