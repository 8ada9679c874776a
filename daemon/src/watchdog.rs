//! The service manager is told that all is well only as long as it is: every part that recording and
//! answering need is knocked at, and a part that does not open keeps the next ping back. What is
//! killed then is started again, and the gap is recorded.
//!
//! A ledger that cannot be written for a reason that is known — a full disk — is no reason: its writer
//! waits and answers. A disk that hangs is one.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::store::Writer;

/// Somebody wants to know whether anybody is there. Answered by sending, and by nothing else.
pub(crate) type Knock = oneshot::Sender<()>;

/// Where to knock at a part.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    /// A loop of this name.
    Loop(&'static str, mpsc::Sender<Knock>),
    /// The ledger's writer.
    Writer(Writer),
}

/// Makes the door of a loop and what is behind it.
pub(crate) fn door(name: &'static str) -> (Door, mpsc::Receiver<Knock>) {
    let (knocks, heard) = mpsc::channel(1);
    (Door::Loop(name, knocks), heard)
}

impl Door {
    fn name(&self) -> &'static str {
        match self {
            Self::Loop(name, _) => name,
            Self::Writer(_) => "writer",
        }
    }

    /// Waits until somebody answers. Returns whether there is anybody left.
    async fn knock(&self) -> bool {
        match self {
            Self::Loop(_, knocks) => {
                let (reply, answer) = oneshot::channel();
                knocks.send(reply).await.is_ok() && answer.await.is_ok()
            }
            Self::Writer(writer) => writer.knock().await.is_ok(),
        }
    }
}

/// Pings every so often, as long as whoever is behind `doors` answers. Ends when one is gone: the
/// daemon is stopping.
pub(crate) async fn run<const N: usize>(every: Duration, doors: [Door; N], ping: fn()) {
    loop {
        for door in &doors {
            if !answered(door, every).await {
                return;
            }
        }
        ping();
        sleep(every).await;
    }
}

/// Waits for an answer, and says so where it is late.
async fn answered(door: &Door, soon: Duration) -> bool {
    let mut knock = std::pin::pin!(door.knock());
    if let Ok(answer) = timeout(soon, &mut knock).await {
        return answer;
    }
    let part = door.name();
    warn!(part, "it does not answer: the service manager is told nothing until it does");
    knock.await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::Instant;

    use super::*;

    const EVERY: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn pings_come_in_time_and_stop_while_a_part_does_not_answer() {
        static PINGS: AtomicU32 = AtomicU32::new(0);
        let (door, mut heard) = door("loop");
        let ping = || {
            PINGS.fetch_add(1, Ordering::SeqCst);
        };
        tokio::spawn(run(EVERY, [door], ping));
        let begin = Instant::now();
        for _ in 0..3 {
            heard.recv().await.unwrap().send(()).unwrap();
        }
        // At once, after half a minute and after a whole one.
        assert_eq!(begin.elapsed(), 2 * EVERY);
        let unanswered = heard.recv().await.unwrap();
        assert_eq!(PINGS.load(Ordering::SeqCst), 3);
        sleep(100 * EVERY).await;
        assert_eq!(PINGS.load(Ordering::SeqCst), 3);
        unanswered.send(()).unwrap();
        heard.recv().await.unwrap();
        assert_eq!(PINGS.load(Ordering::SeqCst), 4);
    }
}
