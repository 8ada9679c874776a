//! Who may hold a whole answer in memory.
//!
//! Rows are read in one go, so that they are of one moment, and may be many. A client takes a seat
//! before its rows are read and keeps it until all but the last block was sent: memory is bounded
//! by the seats, not by the clients.
//!
//! # Fairness
//!
//! A client that reads nothing keeps its seat only while nobody else wants it. Of those who wait
//! the last to come is served first: under a flood somebody is answered soon, where in a queue
//! everybody would wait for all those who never read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// How long a client waits for a seat: less than `trackwayctl` waits for a line.
const WAIT: Duration = Duration::from_secs(20);
/// How long one block may take while somebody else waits.
const PATIENCE: Duration = Duration::from_millis(500);

/// All seats.
pub(super) struct Seats(Mutex<State>);

struct State {
    /// More than none only where nobody waits.
    free: usize,
    waiting: Vec<oneshot::Sender<Seat>>,
}

/// One seat, passed on when it is dropped.
pub(super) struct Seat(Option<Arc<Seats>>);

impl Seats {
    /// Makes `free` seats.
    pub(super) fn new(free: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { free, waiting: Vec::new() })))
    }

    /// Waits for a seat; none where that takes too long.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Seat> {
        let seat = match self.take_free() {
            Ok(seat) => return Some(seat),
            Err(seat) => seat,
        };
        timeout(WAIT, seat).await.ok()?.ok()
    }

    fn take_free(self: &Arc<Self>) -> Result<Seat, oneshot::Receiver<Seat>> {
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return Ok(Seat(Some(Arc::clone(self))));
        }
        // Those who gave up lie at the bottom, where nothing else would ever find them.
        state.waiting.retain(|waiting| !waiting.is_closed());
        let (sender, seat) = oneshot::channel();
        state.waiting.push(sender);
        Err(seat)
    }

    fn is_wanted(&self) -> bool {
        self.lock().waiting.iter().any(|waiting| !waiting.is_closed())
    }

    fn pass_on(self: Arc<Self>) {
        let mut seat = Seat(Some(self));
        while let Some(seats) = seat.0.take() {
            let mut state = seats.lock();
            let Some(waiting) = state.waiting.pop() else {
                state.free += 1;
                return;
            };
            drop(state);
            if let Err(refused) = waiting.send(Seat(Some(seats))) {
                seat = refused;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Resolves once its holder has had enough time for a block and somebody waits for the seat.
    pub(super) async fn is_due(&self) {
        loop {
            sleep(PATIENCE).await;
            if self.0.as_ref().is_some_and(|seats| seats.is_wanted()) {
                return;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(seats) = self.0.take() {
            seats.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_last_to_come_is_served_first_and_who_gave_up_is_passed_over() {
        let seats = Seats::new(1);
        let seat = seats.take().await.unwrap();
        let first = seats.take_free().err().unwrap();
        let second = seats.take_free().err().unwrap();
        drop(seats.take_free().err().unwrap());
        drop(seat);
        drop(second.await.unwrap());
        drop(first.await.unwrap());
        assert_eq!(seats.lock().free, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_seat_is_due_only_while_somebody_waits_for_it() {
        let seats = Seats::new(1);
        let seat = seats.take().await.unwrap();
        assert!(timeout(WAIT, seat.is_due()).await.is_err());
        let waiting = seats.take_free().err().unwrap();
        let start = Instant::now();
        seat.is_due().await;
        assert_eq!(start.elapsed(), PATIENCE);
        drop(waiting);
        assert!(timeout(WAIT, seat.is_due()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_turned_away_and_forgotten() {
        let seats = Seats::new(1);
        let seat = seats.take().await.unwrap();
        assert!(seats.take().await.is_none());
        assert!(!seats.is_wanted());
        drop(seat);
        assert!(seats.take().await.is_some());
    }
}
