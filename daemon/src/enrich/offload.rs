//! Work that may block, off the loop and with a time limit.
//!
//! A file system may never answer. Then the thread that asked is stuck for good; so only a few may
//! be, and after that nothing more is asked and everything of the kind is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_millis(200);
/// How many threads may be stuck at once.
const MAX_STUCK: usize = 4;

/// Runs work that may block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offload {
    running: Arc<AtomicUsize>,
}

/// Counts a piece of work for as long as it runs, even when nobody waits for it any more.
struct Ticket(Arc<AtomicUsize>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Offload {
    /// Runs `work` on another thread; none where it took too long, or too many took too long before.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.running.load(Ordering::Relaxed) >= MAX_STUCK {
            return None;
        }
        self.running.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket(Arc::clone(&self.running));
        let task = tokio::task::spawn_blocking(move || {
            let answer = work();
            drop(ticket);
            answer
        });
        tokio::time::timeout(LIMIT, task).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_never_answers_is_given_up_and_then_not_begun() {
        let offload = Offload::default();
        let (release, stuck) = mpsc::channel::<()>();
        let stuck = Arc::new(std::sync::Mutex::new(stuck));
        for _ in 0..MAX_STUCK {
            let stuck = Arc::clone(&stuck);
            let answer = offload.run(move || drop(stuck.lock().map(|stuck| stuck.recv()))).await;
            assert_eq!(answer, None);
        }
        assert_eq!(offload.run(|| 1).await, None);
        drop(release);
        while offload.running.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(offload.run(|| 1).await, Some(1));
    }
}
