//! Which sources run: the best tier that answers, and the reason where it is not the best.

use std::path::PathBuf;

use directories::UserDirs;
use trackway_protocol::ids::Timestamp;

use crate::Options;
use crate::agents;
use crate::config::Tier;
use crate::event::{Event, SourceReport, State};
use crate::pipeline::LAUNCHES;
use crate::source::poll::{Poll, TIER};
use crate::source::{EventSender, Running, changes};

/// The sources that run.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) launches: Option<Running>,
    pub(crate) open_exec: Option<Running>,
    pub(crate) changes: Option<Running>,
}

impl Sources {
    /// Stops them all and waits for their threads.
    pub(crate) fn stop(self) {
        for source in [self.open_exec, self.launches, self.changes].into_iter().flatten() {
            source.stop();
        }
    }
}

/// Starts the sources that the configuration and the machine allow, and reports what they are.
pub(crate) fn start(options: &Options, events: &EventSender) -> Sources {
    let launches = match options.configured.config.tier {
        Tier::Poll => start_poll(options, events, "the configuration asks for it"),
        tier => match imp::connect(options, events) {
            Ok(source) => Some(source),
            Err(why) if tier == Tier::Auto => start_poll(options, events, &why),
            Err(why) => {
                report(events, LAUNCHES, imp::CONNECTOR, State::Lost, why);
                None
            }
        },
    };
    let open_exec = imp::count(events);
    let changes = watch_files(options, events);
    look_for_agents(events.clone());
    Sources { launches, open_exec, changes }
}

/// Starts to wait for directories in which changes of files shall be told.
fn watch_files(options: &Options, events: &EventSender) -> Option<Running> {
    // What agents and this daemon write for themselves is no work on the user's files.
    let homes = agents::homes().into_iter().map(|(_, dir)| dir);
    let own = homes.chain([options.places.state_dir.clone()]).collect();
    let started = changes::start(events.clone(), own);
    let (state, reason) = match &started {
        Ok(_) => (State::Active, changes::WHAT.to_owned()),
        Err(error) => (State::Lost, format!("files that change are not seen: {error}")),
    };
    report(events, changes::NAME, changes::TIER, state, reason);
    started.ok()
}

fn start_poll(options: &Options, events: &EventSender, why: &str) -> Option<Running> {
    let why = [why].into_iter().chain(imp::confined()).collect::<Vec<_>>().join("; ");
    let started = Poll::open(options.configured.config.poll_interval, why).and_then(|poll| {
        // Told before the first event, so that the ledger has it in this order.
        report(events, LAUNCHES, TIER, State::Degraded, poll.reason());
        poll.start(events.clone()).map_err(|error| error.to_string())
    });
    if let Err(why) = &started {
        report(events, LAUNCHES, TIER, State::Lost, format!("failed to start: {why}"));
    }
    started.ok()
}

/// Looks for agents' programs on a thread of its own: a directory of `PATH` may never answer.
fn look_for_agents(events: EventSender) {
    let look = move || {
        let home = UserDirs::new().map(|dirs| dirs.home_dir().to_owned()).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
        // Nobody is left to be told where the daemon ends meanwhile.
        drop(events.blocking_send(Event::Installed(agents::installed(&home, &path))));
    };
    if let Err(error) = std::thread::Builder::new().name("look-for-agents".into()).spawn(look) {
        tracing::warn!(%error, "agents on disk are not looked for");
    }
}

fn report(
    events: &EventSender,
    name: &'static str,
    tier: &'static str,
    state: State,
    reason: String,
) {
    let from = Timestamp::now();
    let report = SourceReport { name, tier, state, reason, from, until: None, missed: None };
    events.try_send(Event::Source(report)).expect("the queue is new and has room");
}

#[cfg(target_os = "linux")]
mod imp {
    use super::{EventSender, Options, Running, State, report};
    use crate::pipeline::LAUNCHES;
    use crate::source::{open_exec, proc_connector};

    pub(super) const CONNECTOR: &str = proc_connector::TIER;

    /// Opens the kernel's process events, or says why they are not to be had.
    pub(super) fn connect(options: &Options, events: &EventSender) -> Result<Running, String> {
        let connector = proc_connector::ProcConnector::open((options.canary)())
            .map_err(|error| error.to_string())?;
        let reason = "the kernel tells of every exec and exit".to_owned();
        // Told before the first event, so that the ledger has it in this order.
        report(events, LAUNCHES, CONNECTOR, State::Active, reason);
        connector.start(events.clone()).map_err(|error| error.to_string())
    }

    /// Starts to count executions of agents' binaries.
    pub(super) fn count(events: &EventSender) -> Option<Running> {
        let started = open_exec::start(events.clone());
        let (state, reason) = match &started {
            Ok(_) => (State::Active, "counts every execution of each known agent binary".into()),
            Err(error) => (State::Lost, format!("fanotify refuses: {error}")),
        };
        report(events, open_exec::NAME, open_exec::TIER, state, reason);
        started.ok()
    }

    /// Says what of the machine cannot be seen from here, whatever the tier: what lies outside of
    /// the namespaces that this process lives in.
    pub(super) fn confined() -> Option<&'static str> {
        // `PROC_PID_INIT_INO` and `PROC_USER_INIT_INO`: the inode numbers of the first ones.
        if lives_in("pid", 0xEFFF_FFFC) {
            Some(
                "the daemon is in a pid namespace, as in a container: launches outside of it are not seen",
            )
        } else if lives_in("user", 0xEFFF_FFFD) {
            Some(
                "the daemon is in a user namespace, as in a sandboxed service: programs that hide from it are not seen",
            )
        } else {
            None
        }
    }

    /// Whether this process lives in another namespace of a kind than the first.
    fn lives_in(kind: &str, first: u64) -> bool {
        let namespace = rustix::fs::stat(format!("/proc/self/ns/{kind}"));
        namespace.is_ok_and(|namespace| namespace.st_ino != first)
    }

    /// Reads the directory of a live process.
    pub(crate) fn cwd_of(pid: u32) -> Option<std::path::PathBuf> {
        crate::procfs::Procfs::open().ok()?.cwd(pid)
    }

    /// Lists the files that a live process has open for writing.
    pub(crate) fn written_by(pid: u32) -> Vec<std::path::PathBuf> {
        crate::procfs::Procfs::open().map(|proc| proc.written(pid)).unwrap_or_default()
    }

    /// Resolves a path as a live process in another namespace sees it.
    pub(crate) fn resolve_within(pid: u32, path: &std::path::Path) -> Option<std::path::PathBuf> {
        crate::procfs::Procfs::open().ok()?.resolve_within(pid, path)
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use super::{EventSender, Options, Running};

    pub(super) const CONNECTOR: &str = "proc-connector";

    pub(super) fn connect(_: &Options, _: &EventSender) -> Result<Running, String> {
        Err("process events are had on Linux only".into())
    }

    pub(super) fn count(_: &EventSender) -> Option<Running> {
        None
    }

    pub(super) fn confined() -> Option<&'static str> {
        None
    }

    /// The `poll` tier reports directories itself.
    pub(crate) fn cwd_of(_: u32) -> Option<std::path::PathBuf> {
        None
    }

    /// Open files are seen on Linux only.
    pub(crate) fn written_by(_: u32) -> Vec<std::path::PathBuf> {
        Vec::new()
    }

    /// Nothing is known to be in another namespace.
    pub(crate) fn resolve_within(_: u32, _: &std::path::Path) -> Option<std::path::PathBuf> {
        None
    }
}

pub(crate) use imp::{cwd_of, resolve_within, written_by};
