//! The one loop: events in, records out. It alone owns the tree of processes and the launches.
//!
//! Nothing here blocks. What may block — a file system that does not answer — runs on another
//! thread with a time limit, and what it did not say in time is recorded as unknown.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tracing::warn;
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Body, Coverage, Evidence};
use trackway_protocol::row::Backfill;

use crate::clock::{self, Clocks};
use crate::config::Standing;
use crate::enrich::offload::Offload;
use crate::enrich::repo::lookup::Lookup;
use crate::event::{Event, Moment, SourceReport, State};
use crate::heartbeat::Heartbeat;
use crate::pauses::Pauses;
use crate::shutdown::Shutdown;
use crate::source::Control;
use crate::store::{Draft, Recovered, Writer, WriterGone};
use crate::watchdog::Knock;

mod calls;
mod changing;
mod clocks;
mod counting;
mod counts;
pub(crate) mod finding;
mod launching;
mod limits;
mod linking;
mod links;
mod live;
mod looking;
pub(crate) mod misread;
mod pausing;
mod snapshot;
mod sweeping;
#[cfg(test)]
mod tests;
mod touch;
mod touching;
mod tree;

use calls::Calls;
use changing::{FileChange, Wrote};
use counts::Counts;
use limits::Limits;
use links::Links;
use live::Live;
use looking::Registries;
use pausing::Pausing;
pub(crate) use snapshot::Snapshot;
use touch::Touched;
use tree::Tree;

/// The source of launches in `status` and in coverage, whatever its tier.
pub(crate) const LAUNCHES: &str = "launches";

/// How often live agents are asked for their directory, and counts are compared.
const TICK: Duration = Duration::from_secs(1);
/// How often the heartbeat is given and the clocks are compared.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// What the pipeline is given.
pub(crate) struct Outside {
    pub(crate) boot_id: String,
    pub(crate) writer: Writer,
    pub(crate) snapshot: watch::Sender<Snapshot>,
    pub(crate) launches: Option<Control>,
    pub(crate) open_exec: Option<Control>,
    pub(crate) changes: Option<Control>,
    pub(crate) heartbeat: Heartbeat,
    /// When no daemon ran before this one, though the machine did.
    pub(crate) downtime: Option<finding::Downtime>,
    /// Reads a live process's directory; none where it is gone or cannot be read.
    pub(crate) cwd_of: fn(u32) -> Option<PathBuf>,
    /// Lists the files that a live process has open for writing.
    pub(crate) written_by: fn(u32) -> Vec<PathBuf>,
    /// Resolves a path as a live process in another namespace sees it. May touch the disk.
    pub(crate) resolve_within: fn(u32, &Path) -> Option<PathBuf>,
    /// Is told where agents keep their session files: the agent, and the directory.
    pub(crate) homes: Option<crate::source::sessions::Orders>,
    /// When nothing is to be recorded.
    pub(crate) pauses: Pauses,
    /// The configuration, for the places of which anything is.
    pub(crate) standing: watch::Receiver<Standing>,
    /// Is told where agents work, and where they keep their things.
    pub(crate) configuration: Option<crate::configuration::Orders>,
}

/// The loop and everything that it knows.
pub(crate) struct Pipeline {
    outside: Outside,
    tree: Tree,
    live: HashMap<LaunchId, Live>,
    /// Launches of the ledger that had not ended when a former daemon stopped, and whether the agent
    /// proper was seen; the first sweep finds them again, or ends them.
    open: HashMap<LaunchId, bool>,
    /// Whose they are.
    open_agents: HashMap<LaunchId, String>,
    /// When a former daemon last lived.
    last_seen: Option<Timestamp>,
    touched: Touched,
    /// The user's own home, where that is known.
    user_home: Option<PathBuf>,
    /// Directories of session files that were told already.
    homes: HashSet<(&'static str, PathBuf)>,
    links: Links,
    /// Agent and id of sessions of which it was told that they have no launch.
    lonely: HashSet<(String, String)>,
    /// Since when every launch is seen; none where some are not.
    all_seen: Option<Timestamp>,
    registries: Registries,
    counts: Counts,
    calls: Calls,
    /// Changes of files for which no call is known yet.
    waiting: VecDeque<FileChange>,
    wrote: Wrote,
    limits: Limits,
    lookup: Lookup,
    offload: Offload,
    clocks: Clocks,
    /// The pause that lasts.
    pausing: Option<Pausing>,
    /// The pause that a former daemon recorded the begin of, and no end.
    paused_since: Option<Timestamp>,
    /// Whether the next look at the process table finds what was there to be told before.
    is_relearning: bool,
    /// When this daemon began.
    began: Moment,
    /// Records that the current event makes; they are appended together.
    drafts: Vec<Draft>,
}

impl Pipeline {
    /// Begins with what a former run left in the ledger.
    pub(crate) fn new(
        outside: Outside,
        recovered: &Recovered,
        last_seen: Option<Timestamp>,
    ) -> Self {
        let open = recovered.open_launches.iter();
        let agents = open.clone().filter_map(|open| Some((open.launch, open.agent.clone()?)));
        let began = clock::read().now();
        Self {
            outside,
            tree: Tree::default(),
            live: HashMap::new(),
            open: open.map(|open| (open.launch, open.agent_version.is_some())).collect(),
            open_agents: agents.collect(),
            last_seen,
            touched: Touched::new(&recovered.touched),
            user_home: directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            homes: HashSet::new(),
            links: Links::new(&recovered.linked, began.at),
            lonely: recovered.lonely.iter().cloned().collect(),
            all_seen: None,
            registries: Registries::new(),
            counts: Counts::default(),
            calls: Calls::default(),
            waiting: VecDeque::new(),
            wrote: Wrote::default(),
            limits: Limits::default(),
            lookup: Lookup::new(),
            offload: Offload::default(),
            clocks: clock::read(),
            pausing: None,
            paused_since: recovered.paused_since,
            is_relearning: false,
            began,
            drafts: Vec::new(),
        }
    }

    /// Runs until shutdown is ordered, then takes what is still in the queue. Gives the lock of the
    /// state directory back: it is let go last.
    ///
    /// # Errors
    ///
    /// [`WriterGone`] where the ledger's writer has ended: there is nothing left to do.
    pub(crate) async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut knocks: mpsc::Receiver<Knock>,
        mut shutdown: Shutdown,
    ) -> Result<Heartbeat, WriterGone> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = interval(looking::LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut pauses = self.outside.pauses.changes();
        let now = Timestamp::now();
        self.recall_pause(self.paused_since, now);
        self.mind_pause(now);
        loop {
            let pause_ends = self.until_pause_ends();
            tokio::select! {
                biased;
                () = shutdown.ordered() => break,
                // Before the events, which on a busy machine never end.
                _ = heartbeat.tick() => self.heartbeat(),
                Ok(()) = pauses.changed() => self.mind_pause(Timestamp::now()),
                () = pause_ends, if self.pausing.is_some() => self.mind_pause(Timestamp::now()),
                // Who asked may have given up.
                Some(knock) = knocks.recv() => { let _ = knock.send(()); }
                _ = tick.tick(), if self.wants_tick() => self.tick().await,
                _ = look.tick(), if self.wants_look() => self.look_at_young().await,
                Some(event) = events.recv() => self.handle(event).await,
            }
            self.append().await?;
            self.publish_pause();
        }
        // The sources end when their channel does.
        events.close();
        while let Some(event) = events.recv().await {
            self.handle(event).await;
            self.append().await?;
        }
        self.settle(true);
        self.conclude(true);
        self.tell_left_out(true);
        self.append().await?;
        Ok(self.outside.heartbeat)
    }

    async fn handle(&mut self, event: Event) {
        if self.is_unwanted(&event) {
            return;
        }
        match event {
            Event::Exec(facts, moment) => {
                self.executed(*facts, moment, Evidence::Kernel, false).await;
            }
            Event::Unread { pid, may_be_agent } => self.unread(pid, may_be_agent),
            Event::Foreign => self.counts.explain(),
            Event::Forked { parent, child } => self.forked(parent, child),
            Event::Exited { pid, status, moment } => self.exited(pid, status, moment),
            Event::Swept { processes, moment } => self.swept(processes, moment).await,
            Event::Unnamed { count, from, until } => self.unnamed(count, from, until),
            Event::Counting { binary, since } => self.counting(binary, since),
            Event::Opened { binary, count } => self.opened(binary, count),
            Event::Installed(installs) => self.installed(installs).await,
            Event::Backfill { running, done_bytes, total_bytes } => {
                let state = if running { "running" } else { "done" }.to_owned();
                let backfill = Backfill { state, done_bytes, total_bytes };
                self.outside.snapshot.send_modify(|snapshot| snapshot.backfill = Some(backfill));
            }
            Event::SessionGrew(growth) => self.grew(*growth).await,
            Event::Misread(misread) => {
                self.outside.snapshot.send_modify(|snapshot| snapshot.misread = misread);
            }
            Event::Altered(altered) => self.altered(altered).await,
            Event::Unwatched { root, dirs } => self.unwatched(root, dirs),
            Event::Source(report) => self.report(report),
        }
    }

    async fn append(&mut self) -> Result<(), WriterGone> {
        if self.drafts.is_empty() {
            return Ok(());
        }
        self.publish_running();
        self.outside.writer.append(std::mem::take(&mut self.drafts)).await
    }

    fn draft(&mut self, at: Timestamp, evidence: Evidence, body: Body) {
        self.drafts.push(Draft { at, evidence, replaces: None, body });
    }

    fn coverage(&mut self, coverage: Coverage) {
        let at = coverage.until.unwrap_or(coverage.from);
        self.draft(at, Evidence::Kernel, Body::Coverage(coverage));
    }

    fn wants_tick(&self) -> bool {
        let has_work = !self.live.is_empty()
            || self.counts.unsettled()
            || self.links.is_waiting()
            || self.calls.has_left();
        has_work && self.pausing.is_none()
    }

    /// Asks the live agents where they are and what they work on, and compares the counts.
    async fn tick(&mut self) {
        // Before anything is told by a clock that was set.
        self.compare_clocks(clock::read);
        let now = self.clocks.now();
        let pids: Vec<(LaunchId, u32)> = self
            .live
            .values()
            .flat_map(|live| live.processes.keys().map(|pid| (live.id, *pid)))
            .collect();
        for (launch, pid) in pids {
            if let Some(cwd) = (self.outside.cwd_of)(pid) {
                if let Some(live) = self.live.get_mut(&launch) {
                    live.seen = now.at;
                }
                self.is_in(launch, pid, cwd, now).await;
            }
        }
        self.read_registries(None).await;
        self.settle(false);
        self.conclude(false);
        self.find_missing();
        self.tell_left_out(false);
    }

    fn unnamed(&mut self, count: u64, from: Timestamp, until: Timestamp) {
        self.coverage(Coverage {
            source: LAUNCHES.into(),
            state: State::Degraded.as_str().into(),
            from,
            until: Some(until),
            reason: "programs of unknown name ended before they could be read".into(),
            unnamed: Some(count),
            ..Coverage::default()
        });
    }

    fn report(&mut self, report: SourceReport) {
        self.note_sight(&report);
        if report.state != State::Active {
            warn!(source = report.name, state = report.state.as_str(), reason = report.reason);
        }
        self.outside.snapshot.send_modify(|snapshot| snapshot.apply(&report));
        self.coverage(Coverage {
            source: report.name.into(),
            state: report.state.as_str().into(),
            from: report.from,
            until: report.until,
            unit: report.missed.map(|_| "kernel-events".into()),
            missed: report.missed,
            reason: report.reason,
            unnamed: None,
        });
    }

    fn publish_running(&self) {
        let running = self.live.len().try_into().unwrap_or(u64::MAX);
        self.outside.snapshot.send_if_modified(|snapshot| {
            let changed = snapshot.running != running;
            snapshot.running = running;
            changed
        });
    }
}
