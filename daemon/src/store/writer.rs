//! The one thread that writes.
//!
//! # Batches
//!
//! The first draft after a pause is committed at once. While more arrive, commits begin at most
//! every [`PACE`], each with all that was waiting: the cost of a sync to disk is shared. Where nothing
//! waits but a little of what session files bring, it is [`PACE_OF_FILES`]: an agent at work writes to them
//! many times a second, each commit takes time that may be the agent's, and what is not durable is
//! still in the files.
//!
//! # Failure
//!
//! What cannot be written waits and is tried again, for as long as it takes. Meanwhile the daemon
//! lives on: drafts are still taken, up to a bound of memory, beyond which the newest are dropped
//! and counted. When writing succeeds again, a `coverage` record of source `ledger` tells from when
//! to when nothing could be written, and how much was lost.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, warn};
use trackway_protocol::ids::Timestamp;

use super::append::Append;
use super::ingest::Intake;
use super::prune::Plan;
use super::{Draft, Sealed};

mod backlog;
mod sealing;
mod trouble;
mod worker;

pub(crate) use sealing::Sealing;
use trouble::Bound;

/// Shortest time between the beginnings of two commits.
const PACE: Duration = Duration::from_millis(25);
/// The same where all that waits can be read again.
const PACE_OF_FILES: Duration = Duration::from_millis(200);

/// Commands that wait for the writer before a sender has to.
const COMMANDS: usize = 1024;

/// Whether the ledger can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It can.
    Ok,
    /// Writing fails, and is tried again.
    Failing {
        /// When it first failed.
        since: Timestamp,
        /// How it failed.
        reason: String,
        /// Drafts that wait.
        waiting: u64,
        /// Drafts that were dropped.
        dropped: u64,
    },
}

impl Health {
    /// Returns why the ledger cannot be written.
    fn reason(&self) -> String {
        match self {
            Self::Ok => String::new(),
            Self::Failing { reason, .. } => reason.clone(),
        }
    }
}

/// The writer has stopped: it was closed, or its thread died.
#[derive(Debug, thiserror::Error)]
#[error("reach the ledger: its writer has stopped")]
pub(crate) struct WriterGone;

/// A handle to the writing thread. When the last one is dropped, the thread writes what it has and
/// ends; [`Writer::close`] waits for that.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    commands: mpsc::Sender<Command>,
    committed: watch::Receiver<u64>,
    health: watch::Receiver<Health>,
    sealed: watch::Receiver<Option<Sealed>>,
    intake: Intake,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

#[derive(Debug)]
enum Command {
    Append(Vec<Draft>),
    Pace(Sealing),
    Seal { reply: oneshot::Sender<Result<Sealed, String>> },
    Prune { plan: Plan, reply: oneshot::Sender<Result<u64, String>> },
    Knock { reply: oneshot::Sender<()> },
    Close { reply: oneshot::Sender<()> },
}

/// Starts the thread that writes to `ledger`, whose newest record is `last_seq`.
pub(super) fn start(ledger: impl Append, last_seq: u64, sealing: Sealing) -> Writer {
    start_bounded(ledger, last_seq, sealing, Bound::default())
}

fn start_bounded(ledger: impl Append, last_seq: u64, sealing: Sealing, bound: Bound) -> Writer {
    let (sender, commands) = mpsc::channel(COMMANDS);
    let (committed, committed_receiver) = watch::channel(last_seq);
    let (health, health_receiver) = watch::channel(Health::Ok);
    let (sealed, sealed_receiver) = watch::channel(None);
    let flow = Arc::default();
    let (intake, batches) = Intake::new(Arc::clone(&flow));
    let batches = worker::Batches { queue: batches, flow };
    let told = worker::Told { committed, health, sealed };
    let sealing = sealing::Due::new(sealing);
    let worker = worker::Worker::new(ledger, (commands, batches), told, sealing, bound);
    let thread = thread::Builder::new()
        .name("ledger-writer".into())
        .spawn(|| worker.run())
        .expect("the daemon starts few threads, all of them at its beginning");
    Writer {
        commands: sender,
        committed: committed_receiver,
        health: health_receiver,
        sealed: sealed_receiver,
        intake,
        thread: Arc::new(Mutex::new(Some(thread))),
    }
}

impl Writer {
    /// Hands over drafts, in order; waits while the writer has too many already.
    pub(crate) async fn append(&self, drafts: Vec<Draft>) -> Result<(), WriterGone> {
        self.commands.send(Command::Append(drafts)).await.map_err(|_| WriterGone)
    }

    /// Waits until the thread answers. It does so though nothing can be written, as long as the disk
    /// says so; it does not while it hangs.
    pub(crate) async fn knock(&self) -> Result<(), WriterGone> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Knock { reply }).await.map_err(|_| WriterGone)?;
        answer.await.map_err(|_| WriterGone)
    }

    /// Returns where readers of session files hand over what they found.
    pub(crate) fn intake(&self) -> Intake {
        self.intake.clone()
    }

    /// Returns the newest durable number; it changes with every commit.
    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }

    /// Returns whether the ledger can be written; it changes when that does.
    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Returns the newest checkpoint that this writer made; it changes with every one.
    pub(crate) fn sealed(&self) -> watch::Receiver<Option<Sealed>> {
        self.sealed.clone()
    }

    /// Has records sealed so often from now on.
    pub(crate) async fn pace(&self, sealing: Sealing) -> Result<(), WriterGone> {
        self.commands.send(Command::Pace(sealing)).await.map_err(|_| WriterGone)
    }

    /// Writes what is waiting, and seals all that was written.
    ///
    /// # Errors
    ///
    /// Why that cannot be done, for a person.
    pub(crate) async fn seal(&self) -> Result<Sealed, String> {
        self.order(|reply| Command::Seal { reply }).await
    }

    /// Removes the bodies of a plan's records; returns how many there were.
    ///
    /// # Errors
    ///
    /// Why that cannot be done, for a person: then nothing was.
    pub(crate) async fn prune(&self, plan: Plan) -> Result<u64, String> {
        self.order(|reply| Command::Prune { plan, reply }).await
    }

    async fn order<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, String>>) -> Command,
    ) -> Result<T, String> {
        let gone = || WriterGone.to_string();
        let (reply, done) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| gone())?;
        done.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Writes what is waiting, empties the write-ahead log and ends the thread.
    ///
    /// What cannot be written then, after one more attempt, is lost, and logged as lost.
    pub(crate) async fn close(self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Close { reply }).await.is_ok() && done.await.is_err() {
            error!("the ledger's writer died");
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // It has nothing left to do but to return.
        if thread.is_some_and(|thread| thread.join().is_err()) {
            warn!("the ledger's writer panicked");
        }
    }
}

#[cfg(test)]
mod tests;
