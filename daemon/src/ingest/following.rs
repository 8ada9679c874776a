//! The thread that follows session files and reads them: its beginning and its end.

use std::path::Path;
use std::time::Duration;

use trackway_protocol::ids::Timestamp;

use super::{Handle, Ingest, NAME, TIER};
use crate::agents;
use crate::event::{Event, SourceReport, State};
use crate::pauses::Pauses;
use crate::source::sessions::{Follower, Home, Orders};
use crate::source::{Ended, EventSender};
use crate::store::Store;
use crate::store::ingest::{Intake, Kept};

/// The thread that follows session files and reads them.
pub(crate) struct Following {
    orders: Option<Orders>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Following {
    /// Ends it, and waits for that.
    pub(crate) fn stop(self) {
        if let Some(orders) = &self.orders {
            orders.stop();
        }
        if self.thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that reads session files panicked");
        }
    }

    /// Returns where more homes are told.
    pub(crate) fn orders(&self) -> Option<Orders> {
        self.orders.clone()
    }
}

/// Starts to follow the session files of all agents. Where that cannot be, it is reported.
///
/// `homes` are followed from the start.
pub(crate) fn start(
    state_dir: &Path,
    intake: &Intake,
    events: &EventSender,
    configuration: Option<crate::configuration::Orders>,
    (keep, pauses): (Option<Duration>, Pauses),
    homes: impl FnOnce(&Kept) -> Vec<Home> + Send + 'static,
) -> Following {
    let (orders, ordered) = std::sync::mpsc::channel();
    let (state_dir, intake, sender) = (state_dir.to_owned(), intake.clone(), events.clone());
    let run = move || {
        let follow = || {
            let handle = |kept| Ingest::begin(kept, sender.clone(), configuration, (keep, pauses));
            follow(&state_dir, intake, handle, &orders, homes)
        };
        let follow = std::panic::AssertUnwindSafe(follow);
        let ended = std::panic::catch_unwind(follow).unwrap_or_else(|_| Err("it panicked".into()));
        if let Err(why) = ended {
            // Nobody is left to be told where the daemon ends.
            drop(sender.blocking_send(Event::Source(lost(&why))));
        }
    };
    let thread = std::thread::Builder::new().name(TIER.into()).spawn(run);
    if let Err(error) = &thread {
        // The queue is new, and has room.
        drop(events.try_send(Event::Source(lost(&error.to_string()))));
    }
    // The first that it does, or nothing where it has failed already.
    Following { orders: ordered.recv().ok(), thread: thread.ok() }
}

/// Reports that nothing is read any more.
fn lost(why: &str) -> SourceReport {
    let reason = format!("session files are not read: {why}");
    let (from, until, missed) = (Timestamp::now(), None, None);
    SourceReport { name: NAME, tier: TIER, state: State::Lost, reason, from, until, missed }
}

/// Follows until it is told to stop.
fn follow(
    state_dir: &Path,
    intake: Intake,
    begin: impl FnOnce(Kept) -> Handle,
    orders: &std::sync::mpsc::Sender<Orders>,
    homes: impl FnOnce(&Kept) -> Vec<Home>,
) -> Result<(), String> {
    let kept = Store::kept(state_dir, intake).map_err(|error| error.to_string())?;
    let homes = homes(&kept);
    let handle = begin(kept);
    let opened = Follower::open(handle.clone(), handle.clone()).map_err(|error| error.to_string());
    let (follower, orderly) = opened?;
    for home in homes {
        orderly.follow(home);
    }
    drop(orders.send(orderly));
    // Not before: whoever takes events waits for that.
    handle.0.borrow().tell_misread();
    match follower.run() {
        Ended::Ordered => Ok(()),
        Ended::Lost(why) => Err(why),
    }
}

/// The homes that are followed from the start: the default ones, those that the environment names,
/// and all in which session files were ever found.
pub(crate) fn homes(kept: &Kept) -> Vec<Home> {
    let known = agents::homes().into_iter();
    let earlier = kept.homes().into_iter().filter_map(|(name, dir)| {
        let agent = agents::CATALOGUE.iter().find(|agent| agent.name() == name)?;
        Some((agent.name(), dir))
    });
    let all = known.chain(earlier).filter(|(_, dir)| dir.is_absolute());
    all.map(|(agent, dir)| Home { agent, dir }).collect()
}
