//! The configuration of agents: what changed in it, what of it was in force, and what is a risk.
//!
//! [`catalogue`] has what an agent's configuration is made of; the tables are the agents'. A thread of
//! its own ([`start`]) watches the directories in which such files lie or may come to lie, and makes
//! records of what changes in them: it asks for what it knew of a file, and hands record and new
//! state to the ledger's writer in one piece, so that a daemon that is killed records nothing twice
//! and misses nothing. [`force`] says, from what was recorded, what was in force.
//!
//! # What is kept
//!
//! Of each value a digest, by which a change is known, outside of the records; and the value itself
//! only where its key is on a list and it has the form that the list asks for. Files of secrets are
//! never opened.
//!
//! # What it cannot see
//!
//! What was written and written over before anybody looked. A file that is being written is looked
//! at again when it is whole.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use tokio::sync::watch;
use trackway_protocol::ids::Timestamp;

use crate::agents;
use crate::config::Standing;
use crate::event::{Event, SourceReport, State};
use crate::source::sessions::watch::{Wake, Watcher};
use crate::source::{Ended, EventSender, changes};
use crate::store::Store;
use crate::store::ingest::Intake;

pub(crate) mod catalogue;
pub(crate) mod compare;
mod dirs;
pub(crate) mod entry;
mod expand;
pub(crate) mod force;
#[cfg(all(any(fuzzing, test), target_os = "linux"))]
pub(crate) mod fuzzed;
mod places;
mod read;
mod recorder;
mod rule;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
mod walk;
mod watching;

use recorder::Recorder;
use watching::Watching;

/// The source's name in `status` and in coverage.
pub(crate) const NAME: &str = "configuration";
/// Its mechanism.
pub(crate) const TIER: &str = "config-files";
/// How many directories one who tells of them remembers.
const TOLD: usize = 8192;

/// What the thread is told.
#[derive(Debug)]
enum Order {
    /// Agents work in this directory.
    Dir(PathBuf),
    /// An agent keeps its things in this directory.
    Home(&'static str, PathBuf),
    /// Look at everything again.
    Look,
    Stop,
}

/// Where the thread is told of places.
#[derive(Debug)]
pub(crate) struct Orders {
    sender: mpsc::Sender<Order>,
    wake: Wake,
    told: HashSet<PathBuf>,
}

impl Clone for Orders {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), wake: self.wake.clone(), told: HashSet::new() }
    }
}

impl Orders {
    /// Tells that an agent comes to a directory, whether that is known or not.
    pub(crate) fn comes_to(&self, dir: &Path) {
        self.give(Order::Dir(dir.to_owned()));
    }

    /// Tells of a directory in which a session worked.
    pub(crate) fn dir(&mut self, dir: &Path) {
        if self.told.contains(dir) {
            return;
        }
        if self.told.len() >= TOLD {
            self.told.clear();
        }
        self.told.insert(dir.to_owned());
        self.give(Order::Dir(dir.to_owned()));
    }

    /// Tells of a directory in which an agent keeps its things.
    pub(crate) fn home(&self, agent: &'static str, dir: PathBuf) {
        self.give(Order::Home(agent, dir));
    }

    /// Has everything looked at again: something may have happened unseen.
    pub(crate) fn look(&self) {
        self.give(Order::Look);
    }

    fn give(&self, order: Order) {
        // A thread that has ended has said so.
        if self.sender.send(order).is_ok() {
            self.wake.wake();
        }
    }
}

/// The thread that watches.
pub(crate) struct Running {
    orders: Option<Orders>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Returns where places are told.
    pub(crate) fn orders(&self) -> Option<Orders> {
        self.orders.clone()
    }

    /// Ends it, and waits for that.
    pub(crate) fn stop(self) {
        if let Some(orders) = &self.orders {
            orders.give(Order::Stop);
        }
        if self.thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watches configuration panicked");
        }
    }
}

/// Starts to watch the configuration of all agents. Where that cannot be, it is reported.
pub(crate) fn start(
    state_dir: &Path,
    intake: &Intake,
    events: &EventSender,
    standing: &watch::Receiver<Standing>,
) -> Running {
    let begun = begin(state_dir, intake, events, standing.clone());
    begun.unwrap_or_else(|why| {
        // The queue is new, and has room.
        drop(events.try_send(Event::Source(lost(&why))));
        Running { orders: None, thread: None }
    })
}

fn begin(
    state_dir: &Path,
    intake: &Intake,
    events: &EventSender,
    standing: watch::Receiver<Standing>,
) -> Result<Running, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let watcher = Watcher::open().map_err(|error| text(&error))?;
    let (sender, orders) = mpsc::channel();
    let wake = watcher.wake();
    let (state_dir, intake, events) = (state_dir.to_owned(), intake.clone(), events.clone());
    let run = move || {
        let run = || {
            changes::keep_back();
            let kept = Store::kept(&state_dir, intake).map_err(|error| error.to_string())?;
            let recorder = Recorder::new(kept).map_err(|error| error.to_string())?;
            let mut watching = Watching::new(watcher, recorder, orders, events.clone(), standing);
            watching.begin(agents::homes());
            match watching.run() {
                Ended::Ordered => Ok(()),
                Ended::Lost(why) => Err(why),
            }
        };
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        if let Err(why) = ended.unwrap_or_else(|_| Err("it panicked".into())) {
            // Nobody is left to be told where the daemon ends.
            drop(events.blocking_send(Event::Source(lost(&why))));
        }
    };
    let thread = std::thread::Builder::new().name(TIER.into()).spawn(run);
    let thread = thread.map_err(|error| text(&error))?;
    let orders = Orders { sender, wake, told: HashSet::new() };
    Ok(Running { orders: Some(orders), thread: Some(thread) })
}

/// Returns the scope that a word of records stands for; one that is not known counts for the user.
pub(crate) fn file_scope(word: &str) -> catalogue::Scope {
    use catalogue::Scope::{Local, Managed, Project, User};
    let all = [User, Project, Local, Managed].into_iter();
    all.into_iter().find(|scope| scope.as_str() == word).unwrap_or(User)
}

/// Reports that nothing is watched any more.
fn lost(why: &str) -> SourceReport {
    let reason = format!("the configuration of agents is not watched: {why}");
    let (from, until, missed) = (Timestamp::now(), None, None);
    SourceReport { name: NAME, tier: TIER, state: State::Lost, reason, from, until, missed }
}
