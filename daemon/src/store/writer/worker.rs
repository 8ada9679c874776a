//! The writing thread's loop: collect, write, and again.

use std::future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout_at;
use tracing::{error, info, warn};

use super::super::append::{Append, Load, is_the_records_fault};
use super::super::ingest::{Batch, Change, Flow};
use super::backlog::Backlog;
use super::sealing::Due;
use super::trouble::{Bound, Trouble};
use super::{Command, Health, PACE, PACE_OF_FILES};
use crate::store::{Plan, Sealed};

/// Records per transaction: enough to make the sync to disk cheap, few enough to keep the
/// transaction short.
const BATCH: usize = 4096;
/// The same at a first start, where pages that many records change are written less often for it.
const HEAVY_BATCH: usize = 16_384;

/// The state of the writing thread.
pub(super) struct Worker<A> {
    ledger: A,
    commands: mpsc::Receiver<Command>,
    batches: Batches,
    /// Changes of ingest state that go with what is in the backlog, and how many batches and records
    /// they came in.
    changes: Vec<Change>,
    taken: (u64, usize),
    /// Whether anything waits that is nowhere else, or that somebody waits for.
    is_pressing: bool,
    /// What the ledger is prepared for since the first batch.
    load: Option<Load>,
    told: Told,
    sealing: Due,
    /// Who waits for a checkpoint.
    sealers: Vec<oneshot::Sender<Result<Sealed, String>>>,
    bound: Bound,
    backlog: Backlog,
    trouble: Option<Trouble>,
    /// A trouble that is over and could not be put on record.
    untold: Option<Trouble>,
    last_attempt: Option<Instant>,
    /// Nothing more will come.
    is_ending: bool,
    /// Who waits for the end.
    closed: Option<oneshot::Sender<()>>,
    /// For waiting with a deadline, which a tokio channel does not offer to threads.
    runtime: Runtime,
}

/// What others are told.
pub(super) struct Told {
    pub(super) committed: watch::Sender<u64>,
    pub(super) health: watch::Sender<Health>,
    pub(super) sealed: watch::Sender<Option<Sealed>>,
}

/// What readers of session files hand over.
pub(super) struct Batches {
    pub(super) queue: mpsc::UnboundedReceiver<Batch>,
    pub(super) flow: Arc<Flow>,
}

enum Received {
    Command(Command),
    Batch(Batch),
    /// It is time to write.
    Due,
    /// Nobody is left who could send.
    End,
}

impl<A: Append> Worker<A> {
    pub(super) fn new(
        ledger: A,
        (commands, batches): (mpsc::Receiver<Command>, Batches),
        told: Told,
        sealing: Due,
        bound: Bound,
    ) -> Self {
        Self {
            ledger,
            commands,
            batches,
            changes: Vec::new(),
            taken: (0, 0),
            is_pressing: false,
            load: None,
            told,
            sealing,
            sealers: Vec::new(),
            bound,
            backlog: Backlog::default(),
            trouble: None,
            untold: None,
            last_attempt: None,
            is_ending: false,
            closed: None,
            runtime: runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime without I/O asks nothing of the system"),
        }
    }

    /// Writes what comes until nothing more does.
    pub(super) fn run(mut self) {
        loop {
            self.collect();
            if self.has_something() {
                self.write();
            } else if self.is_ending {
                break;
            }
            self.seal_where_due();
            // At the end nobody waits for a later attempt.
            if self.is_ending && self.trouble.is_some() && !self.is_overdue() {
                break;
            }
        }
        self.end();
    }

    /// Takes commands until it is time to write, or nothing more will come.
    fn collect(&mut self) {
        while !self.is_ending && !self.is_overdue() {
            match self.receive() {
                Received::Command(command) => self.accept(command),
                Received::Batch(batch) => self.take(batch),
                Received::Due => return,
                Received::End => {
                    self.is_ending = true;
                    self.take_all();
                }
            }
        }
    }

    fn receive(&mut self) -> Received {
        let due = self.due();
        // Left in the channel, commands make their senders wait. In trouble nobody shall wait: the
        // backlog has its own bound then.
        let batch = if self.load == Some(Load::Heavy) { HEAVY_BATCH } else { BATCH };
        let is_full = self.trouble.is_none() && self.backlog.len() >= batch;
        // What was read from files waits where it is until all goes well, and is not lost.
        let takes_batches = !is_full && self.trouble.is_none();
        let received = async {
            tokio::select! {
                biased;
                command = self.commands.recv(), if !is_full => match command {
                    Some(command) => Received::Command(command),
                    None => Received::End,
                },
                Some(batch) = self.batches.queue.recv(), if takes_batches => Received::Batch(batch),
                () = future::pending() => Received::Due,
            }
        };
        self.runtime.block_on(async {
            match due {
                Some(due) => timeout_at(due.into(), received).await.unwrap_or(Received::Due),
                None => received.await,
            }
        })
    }

    /// Whether there is anything to write.
    fn has_something(&self) -> bool {
        !self.backlog.is_empty() || !self.changes.is_empty()
    }

    /// Takes what was handed over before the end.
    fn take_all(&mut self) {
        while let Ok(batch) = self.batches.queue.try_recv() {
            self.take(batch);
        }
    }

    fn take(&mut self, batch: Batch) {
        let load = if batch.is_last { Load::Light } else { Load::Heavy };
        // Once light, it stays so.
        if !batch.is_aside && self.load.is_none_or(|now| now != load && load == Load::Light) {
            self.load = Some(load);
            if let Err(error) = self.ledger.prepare(load) {
                warn!(%error, "the ledger cannot be prepared for its load");
            }
        }
        self.is_pressing |= batch.is_last || batch.is_aside;
        self.taken.0 += 1;
        self.taken.1 += batch.weight();
        self.backlog.extend(batch.records);
        self.changes.extend(batch.changes);
        // One that changes nothing is not waited for by any write.
        if !self.has_something() {
            self.land();
        }
    }

    /// Tells that all that was taken is durable.
    fn land(&mut self) {
        let (batches, records) = std::mem::take(&mut self.taken);
        self.batches.flow.landed(batches, records);
    }

    /// Returns when to write or to seal next.
    fn due(&self) -> Option<Instant> {
        let sealing =
            if self.sealers.is_empty() { self.sealing.at() } else { Some(Instant::now()) };
        match (self.writing_due(), sealing.filter(|_| self.trouble.is_none())) {
            // Whoever wants a checkpoint wants what waits to be in it.
            (Some(writing), _) if !self.sealers.is_empty() => Some(writing),
            (Some(writing), Some(sealing)) => Some(writing.min(sealing)),
            (writing, sealing) => writing.or(sealing),
        }
    }

    /// Returns when to write next, if there is anything to write.
    fn writing_due(&self) -> Option<Instant> {
        match (&self.trouble, self.last_attempt) {
            _ if !self.has_something() => None,
            (Some(trouble), _) => Some(trouble.retry_at),
            (None, Some(last)) => Some(last + self.pace()),
            (None, None) => Some(Instant::now()),
        }
    }

    /// Returns the shortest time between the last commit and that of what waits.
    fn pace(&self) -> Duration {
        // Readers of many files are not to wait for the writer, nor is who wants a checkpoint.
        let is_little = self.load == Some(Load::Light) && self.taken.1 < BATCH;
        if is_little && !self.is_pressing && self.sealers.is_empty() { PACE_OF_FILES } else { PACE }
    }

    /// Whether trouble has waited long enough, however many commands are there to be taken.
    fn is_overdue(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.retry_at <= Instant::now())
    }

    fn accept(&mut self, command: Command) {
        match command {
            Command::Append(drafts) => {
                self.is_pressing = true;
                for draft in drafts {
                    let waiting = self.backlog.len();
                    if self.trouble.as_mut().is_none_or(|it| it.admits(&draft, waiting)) {
                        self.backlog.push(draft);
                    }
                }
            }
            Command::Pace(sealing) => self.sealing.pace(sealing),
            Command::Seal { reply } => self.sealers.push(reply),
            Command::Prune { plan, reply } => {
                // Who no longer waits needs no answer.
                drop(reply.send(self.prune(&plan)));
            }
            // Who asked may have given up.
            Command::Knock { reply } => {
                let _ = reply.send(());
            }
            Command::Close { reply } => {
                (self.is_ending, self.closed) = (true, Some(reply));
                self.take_all();
            }
        }
    }

    /// Makes a checkpoint where one is due or asked for, and everything that was to be in it is durable.
    fn seal_where_due(&mut self) {
        if let Some(trouble) = &self.trouble {
            let why = trouble.health(self.backlog.len()).reason();
            self.answer_sealers(&Err(why));
            return;
        }
        let is_asked = !self.sealers.is_empty() && !self.has_something();
        if !is_asked && !self.sealing.is_due() {
            return;
        }
        let sealed = self.ledger.seal();
        match &sealed {
            Ok(sealed) => {
                self.sealing.made();
                self.told.sealed.send_replace(Some(sealed.clone()));
            }
            Err(error) => {
                warn!(%error, "no checkpoint can be made");
                self.sealing.failed();
            }
        }
        if is_asked {
            self.answer_sealers(&sealed.map_err(|error| error.to_string()));
        }
    }

    fn answer_sealers(&mut self, answer: &Result<Sealed, String>) {
        for reply in self.sealers.drain(..) {
            drop(reply.send(answer.clone()));
        }
    }

    /// Prunes, and takes meanwhile what comes, so that nobody has to wait.
    fn prune(&mut self, plan: &Plan) -> Result<u64, String> {
        let Self { ledger, commands, .. } = self;
        let mut kept = Vec::new();
        let pruned = ledger.prune(plan, &mut || {
            while let Ok(command) = commands.try_recv() {
                match command {
                    Command::Knock { reply } => {
                        let _ = reply.send(());
                    }
                    other => kept.push(other),
                }
            }
        });
        let pruned = pruned.map(|(count, seq)| {
            if count > 0 {
                self.told.committed.send_replace(seq);
                self.sealing.written(1);
            }
            count
        });
        kept.into_iter().for_each(|command| self.accept(command));
        pruned.map_err(|error| {
            warn!(%error, "nothing was pruned");
            error.to_string()
        })
    }

    fn write(&mut self) {
        self.last_attempt = Some(Instant::now());
        // With changes of ingest state all that waits is one transaction, but for a record that
        // cannot be written at all: while it is searched, the changes wait for the last part.
        let most = if self.changes.is_empty() { BATCH } else { usize::MAX };
        let limit = self.trouble.as_ref().and_then(|it| it.searching).unwrap_or(most);
        let is_last = limit >= self.backlog.len();
        let changes = if is_last { &self.changes[..] } else { &[] };
        let batch = self.backlog.first(limit);
        let tried = batch.len();
        match self.ledger.append(batch, changes) {
            Ok(seq) => self.written(tried, seq),
            Err(error) => self.failed(tried, &error),
        }
    }

    fn written(&mut self, count: usize, seq: u64) {
        self.backlog.settle(count);
        self.sealing.written(count);
        if self.backlog.is_empty() {
            self.changes = Vec::new();
            self.is_pressing = false;
            self.land();
        }
        self.told.committed.send_replace(seq);
        let is_searching = self.trouble.as_ref().is_some_and(|it| it.searching.is_some());
        if !is_searching || self.backlog.is_empty() {
            self.recover();
        }
    }

    fn failed(&mut self, tried: usize, error: &rusqlite::Error) {
        self.ledger.failed(error);
        if self.trouble.is_none() {
            warn!(%error, "the ledger cannot be written: records wait in memory");
        }
        let new = || Trouble::new(self.bound, &self.backlog).after(self.untold.take());
        let trouble = self.trouble.get_or_insert_with(new);
        if is_the_records_fault(error) {
            let given_up = trouble.search(error, tried);
            let told = self.backlog.iter().take(given_up).find_map(Trouble::told_by);
            trouble.dropped += told.unwrap_or_default();
            self.backlog.settle(given_up);
            if told.is_some() && self.backlog.is_empty() {
                // Told once more now it would be given up once more: it waits for the next record.
                warn!("the ledger does not take that it could not be written");
                self.untold = self.end_trouble();
                if !self.has_something() {
                    self.land();
                }
                return;
            }
        } else {
            trouble.wait(error);
        }
        self.told.health.send_replace(trouble.health(self.backlog.len()));
        if self.backlog.is_empty() {
            self.recover();
        }
    }

    /// Ends the trouble, and puts on record that there was one.
    fn recover(&mut self) {
        let Some(trouble) = self.end_trouble().or_else(|| self.untold.take()) else { return };
        info!(dropped = trouble.dropped, "the ledger can be written again");
        self.backlog.push(trouble.coverage());
        self.is_pressing = true;
    }

    fn end_trouble(&mut self) -> Option<Trouble> {
        let trouble = self.trouble.take()?;
        self.told.health.send_replace(Health::Ok);
        Some(trouble)
    }

    fn end(mut self) {
        self.batches.flow.close();
        if !self.backlog.is_empty() {
            error!(records = self.backlog.len(), "records are lost: the ledger cannot be written");
        }
        if self.trouble.is_none() && self.sealing.has_unsealed() {
            match self.ledger.seal() {
                Ok(sealed) => drop(self.told.sealed.send_replace(Some(sealed))),
                Err(error) => warn!(%error, "the last records are not sealed"),
            }
        }
        if let Err(error) = self.ledger.close() {
            warn!(%error, "the write-ahead log could not be emptied");
        }
        drop(self.ledger);
        if let Some(closed) = self.closed {
            // Who no longer waits needs no answer.
            let _ = closed.send(());
        }
    }
}
