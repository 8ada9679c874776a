//! `trackwayd`: notices and records the launches of AI coding agents.
//!
//! This file is where the parts meet. Data flows one way: sources send events, the pipeline makes
//! records of them, the store keeps them, the server answers from the store.
//!
//! Things stop in the order in which they depend on each other: the server first, so that nobody
//! waits for an answer, and with it the socket; then the sources, which tell what they have counted;
//! the pipeline takes what is still queued; the ledger is flushed and closed; the lock is let go last.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};
use trackway_protocol::endpoint::{self, Places};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::{Notes, Verification, VerifierKey};
use trackway_protocol::record::{Body, Coverage, DaemonRun, Evidence};

mod agents;
mod clock;
pub mod config;
mod configuration;
mod copies;
mod downtime;
mod enrich;
mod event;
#[cfg(all(any(fuzzing, test), target_os = "linux"))]
pub mod fuzzing;
mod heartbeat;
mod host;
mod ingest;
pub mod logging;
mod pauses;
mod pipeline;
#[cfg(target_os = "linux")]
mod procfs;
mod report;
mod retention;
mod server;
mod service;
mod session;
mod shell;
pub mod shutdown;
mod source;
mod store;
mod tiers;
mod watchdog;
mod zones;

use config::{Files, Loaded, Standing};
use downtime::Before;
use heartbeat::Heartbeat;
use pauses::Pauses;
use pipeline::{Outside, Pipeline, Snapshot};
use report::{Reporter, weekly};
use shutdown::Shutdown;
use store::{Draft, Health, Opened, Recovered, Sealed, Writer};
use watchdog::Door;

/// How long sources may take to stop.
const STOPPING: std::time::Duration = std::time::Duration::from_secs(10);
/// How long answers wait for the first records of a start.
const FIRST_WRITE: std::time::Duration = std::time::Duration::from_secs(5);
/// Events that wait for the pipeline: some seconds of a busy machine.
const QUEUE: usize = 8192;

/// Where the daemon lives and what it is told to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its files and its socket.
    pub places: Places,
    /// Its configuration.
    pub configured: Loaded,
    /// Where the configuration of the whole machine lies.
    pub managed_dir: PathBuf,
    /// Starts a harmless program that waits for the end of its input: the kernel's telling of it
    /// proves that process events come.
    pub canary: fn() -> Command,
}

impl Options {
    /// Returns the files of the configuration.
    fn files(&self) -> Files {
        Files::new(&self.managed_dir, self.places.config.clone())
    }

    /// Returns the file of the machine's rules of zones.
    fn managed_rules(&self) -> PathBuf {
        self.managed_dir.join(zones::files::NAME)
    }

    /// Returns the file of the user's own, which lies beside their configuration.
    fn user_rules(&self) -> PathBuf {
        self.places.config.with_file_name(zones::files::NAME)
    }
}

/// Returns where whoever administers the machine keeps its configuration, if they do.
#[must_use]
pub fn managed_dir() -> PathBuf {
    if cfg!(target_os = "macos") {
        return "/Library/Application Support/Trackway".into();
    }
    if cfg!(windows) {
        let all = std::env::var_os("ProgramData");
        return all.map_or_else(|| "C:\\ProgramData".into(), PathBuf::from).join("Trackway");
    }
    "/etc/trackway".into()
}

/// Lets nobody else read, and the user always read, what the process makes from now on, whatever it
/// was started with.
pub fn keep_files_private() {
    host::set_umask();
}

/// Records and answers until shutdown is ordered.
///
/// # Errors
///
/// Whatever keeps it from starting: the state directory, its lock, the ledger, the socket. After
/// that only the end of the ledger's writer.
pub async fn run(options: Options, shutdown: Shutdown) -> anyhow::Result<()> {
    let home = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
    agents::user::add(&options.configured.config.programs, home.as_deref().unwrap_or("".as_ref()));
    let places = options.places.clone();
    endpoint::private_dir(&places.state_dir)?;
    let heartbeat = Heartbeat::lock(&places.state_dir)?;
    let pauses = Pauses::open(&places.state_dir).context("failed to read the pauses")?;
    host::survive_file_size_limit()?;
    let opened = store::open_or_set_aside(&places.state_dir);
    let Opened { store, recovered, instead_of } = opened.context("failed to open the ledger")?;
    let listener = server::bind(&places.socket)?;
    host::raise_descriptor_limit();
    host::forbid_core_dumps();

    let (damage, newest) = (store.damage()?, store.newest_checkpoint()?);
    let key = store.verifier();
    let started_at = Timestamp::now();
    let boot_id = host::boot_id();
    let before = before(&recovered, heartbeat.last());
    heartbeat.beat();
    let reader = store.reader();
    let rules = [options.managed_rules(), options.user_rules()];
    let zones = zones::files::start(rules, &places.state_dir, home.clone());
    let standing = config::standing::start(options.files(), options.configured.clone());
    let store = store.judged_by(zones.clone()).within(standing.clone());
    let writer = store.start(options.configured.config.sealing);
    let place = follow(&standing, &writer, home);
    let (reason, gap) = downtime::since(before.as_ref(), &boot_id, started_at);
    info!(reason, version = env!("CARGO_PKG_VERSION"), "started");
    let started = DaemonRun {
        key: Some(key.to_string()),
        sealed: newest.as_ref().and_then(Sealed::root),
        ..daemon_run(&boot_id, reason)
    };
    let mut first = vec![note(Body::DaemonStarted(started))];
    let downtime = downtime::while_up(before.as_ref(), &boot_id, gap.as_ref());
    first.extend(gap.map(|gap| note(Body::Coverage(gap))));
    first.extend(damage.map(|damage| note(Body::Coverage(damaged(damage, started_at)))));
    let last_beat = heartbeat.last();
    let aside = instead_of.map(|aside| aside.coverage(last_beat, started_at));
    first.extend(aside.map(|gap| note(Body::Coverage(gap))));
    let (mut committed, mut health) = (writer.committed(), writer.health());
    let before_these = *committed.borrow();
    writer.append(first).await?;

    let (events, queue) = mpsc::channel(QUEUE);
    let (snapshot, snapshots) = watch::channel(Snapshot::default());
    let sources = tiers::start(&options, &events);
    let intake = writer.intake();
    let configuration = configuration::start(&places.state_dir, &intake, &events, &standing);
    let told = configuration.orders();
    let keep = options.configured.config.keep;
    let sessions = {
        let limits = (keep, pauses.clone());
        ingest::start(&places.state_dir, &intake, &events, told, limits, ingest::homes)
    };
    drop(events);
    let outside = Outside {
        boot_id: boot_id.clone(),
        writer: writer.clone(),
        snapshot,
        launches: sources.launches.as_ref().map(|source| source.control.clone()),
        open_exec: sources.open_exec.as_ref().map(|source| source.control.clone()),
        changes: sources.changes.as_ref().map(|source| source.control.clone()),
        heartbeat,
        downtime,
        cwd_of: tiers::cwd_of,
        written_by: tiers::written_by,
        resolve_within: tiers::resolve_within,
        homes: sessions.orders(),
        pauses: pauses.clone(),
        standing: standing.clone(),
        configuration: configuration.orders(),
    };
    let last_seen = before.map(|before| before.last_alive);
    let (knock_at_pipeline, pipeline_knocks) = watchdog::door("pipeline");
    let (knock_at_server, server_knocks) = watchdog::door("server");
    let pipeline = Pipeline::new(outside, &recovered, last_seen);
    let (stop_pipeline, pipeline_stops) = shutdown::channel();
    let mut pipeline = tokio::spawn(pipeline.run(queue, pipeline_knocks, pipeline_stops));

    let copies = copies::start(place.clone(), writer.sealed());
    retention::start(standing.clone(), reader.clone(), writer.clone());
    let reporter =
        Reporter::new(&places.config, zones.clone(), snapshots.clone(), standing.clone());
    let weekly = options.configured.config.weekly.clone();
    let reports = weekly::start(weekly, &places.state_dir, reader.clone(), reporter.clone());
    let sight = server::Sight {
        places,
        started_at,
        reader,
        snapshot: snapshots,
        committed: writer.committed(),
        health: writer.health(),
        writer: writer.clone(),
        key,
        copies,
        configured: standing,
        zones,
        pauses,
        reporter,
        reports,
        knocks: server_knocks,
    };
    if let Some(every) = service::watchdog_every() {
        let doors = [knock_at_pipeline, Door::Writer(writer.clone()), knock_at_server];
        tokio::spawn(watchdog::run(every, doors, service::watchdog));
    }
    // Whoever asks is told of the time before as well, if the ledger can be written at all.
    let told = async {
        tokio::select! {
            _ = committed.wait_for(|newest| *newest > before_these) => {}
            _ = health.wait_for(|health| *health != Health::Ok) => {}
        }
    };
    if tokio::time::timeout(FIRST_WRITE, told).await.is_err() {
        warn!("the disk is slow: what is asked now lacks the time before this start");
    }
    service::ready();
    tokio::select! {
        () = server::run(listener, sight, shutdown) => {}
        // A daemon that answers and does not record would be worse than none.
        ended = &mut pipeline => {
            ended??;
            anyhow::bail!("the pipeline has ended");
        }
    }

    service::stopping();
    info!("stopping");
    let (stopped, sources_stopped) = oneshot::channel();
    std::thread::spawn(move || {
        // Where the writer cannot follow, it is not waited for: what was not recorded is read again.
        intake.close();
        sources.stop();
        sessions.stop();
        configuration.stop();
        // Nobody waits any more where the runtime is gone.
        let _ = stopped.send(());
    });
    // A disk that hangs holds up whoever reads it, and not the end: the rest is to be recorded.
    if tokio::time::timeout(STOPPING, sources_stopped).await.is_err() {
        warn!("a source does not stop, and is left behind");
    }
    stop_pipeline.stop();
    let lock = pipeline.await??;
    writer.append(vec![note(Body::DaemonStopped(daemon_run(&boot_id, "ordered to stop")))]).await?;
    let sealed = writer.sealed();
    writer.close().await;
    let place = place.borrow().clone();
    if let Some(place) = place {
        copies::finish(&place, &sealed).await;
    }
    drop(lock);
    Ok(())
}

/// Projects every record of the ledger again. The daemon must not run.
///
/// # Errors
///
/// The lock where a daemon runs, and errors of the ledger.
pub fn rebuild(places: &Places) -> anyhow::Result<u64> {
    let lock = Heartbeat::lock(&places.state_dir)?;
    let rebuilt = store::rebuild(&places.state_dir).context("failed to rebuild")?;
    drop(lock);
    Ok(rebuilt.records)
}

/// Verifies the ledger, whether a daemon runs or not: against checkpoints that were kept elsewhere, as
/// the text of a file, and with a key, or with the one that lies beside the ledger.
///
/// # Errors
///
/// Where there is no ledger, or one of another version; and what is no checkpoint or no key.
pub fn verify(
    state_dir: &Path,
    checkpoints: &str,
    key: Option<&str>,
) -> anyhow::Result<Verification> {
    let outside = Notes::of(checkpoints).collect::<Result<Vec<_>, _>>();
    let outside = outside.context("failed to read the checkpoints")?;
    anyhow::ensure!(
        outside.iter().all(|note| note.checkpoint().is_some()),
        "failed to read the checkpoints: there is another note among them"
    );
    let key = key.map(VerifierKey::parse).transpose().context("failed to read the key")?;
    let question = store::Question { outside, key, own: None };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    store::verify(state_dir, &question, threads).context("failed to verify the ledger")
}

/// Has the writer, and whoever copies checkpoints, do as the configuration has it; returns where copies
/// are to go.
fn follow(
    standing: &watch::Receiver<Standing>,
    writer: &Writer,
    home: Option<PathBuf>,
) -> watch::Receiver<Option<PathBuf>> {
    let (mut standing, writer) = (standing.clone(), writer.clone());
    let copy_to = move |standing: &Standing| {
        standing.config().copy_to.as_ref().map(|place| expand(place, home.as_deref()))
    };
    let mut sealing = standing.borrow_and_update().config().sealing;
    let (told, place) = watch::channel(copy_to(&standing.borrow()));
    tokio::spawn(async move {
        while standing.changed().await.is_ok() {
            let now = standing.borrow_and_update().clone();
            let place = copy_to(&now);
            told.send_if_modified(|told| std::mem::replace(told, place.clone()) != place);
            let every = now.config().sealing;
            if std::mem::replace(&mut sealing, every) != every && writer.pace(every).await.is_err()
            {
                return;
            }
        }
    });
    place
}

/// Puts the user's home in the place of `~`.
fn expand(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// A fact about the daemon itself.
fn note(body: Body) -> Draft {
    Draft { at: Timestamp::now(), evidence: Evidence::Kernel, replaces: None, body }
}

/// What was sealed is not as it was: that is put down before anything follows it.
fn damaged(reason: String, at: Timestamp) -> Coverage {
    warn!(reason, "the ledger was changed by somebody else");
    Coverage {
        source: "ledger".into(),
        state: "lost".into(),
        from: at,
        until: Some(at),
        reason: format!("the ledger was changed by somebody else: {reason}"),
        ..Coverage::default()
    }
}

fn daemon_run(boot_id: &str, reason: &str) -> DaemonRun {
    DaemonRun {
        version: env!("CARGO_PKG_VERSION").into(),
        host: host::name(),
        boot_id: boot_id.into(),
        pid: std::process::id(),
        reason: reason.into(),
        ..DaemonRun::default()
    }
}

fn before(recovered: &Recovered, heartbeat: Option<Timestamp>) -> Option<Before> {
    let last = recovered.last_run.as_ref()?;
    Some(Before {
        boot_id: last.boot_id.clone(),
        stopped: (last.kind == "daemon.stopped").then_some(last.at),
        last_alive: heartbeat.map_or(last.last_written_at, |beat| beat.max(last.last_written_at)),
    })
}
