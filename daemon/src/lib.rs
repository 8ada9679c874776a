//! `trackwayd`: notices and records the launches of AI coding agents.
//!
//! This file is where the parts meet. Data flows one way: sources send events, the pipeline makes
//! records of them, the store keeps them, the server answers from the store.
//!
//! Things stop in the order in which they depend on each other: the server first, so that nobody
//! waits for an answer, and with it the socket; then the sources, which tell what they have counted;
//! the pipeline takes what is still queued; the ledger is flushed and closed; the lock is let go last.

use std::process::Command;

use anyhow::Context as _;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};
use trackway_protocol::endpoint::{self, Places};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, DaemonRun, Evidence};

mod agents;
mod clock;
pub mod config;
mod configuration;
mod downtime;
mod enrich;
mod event;
#[cfg(all(any(fuzzing, test), target_os = "linux"))]
pub mod fuzzing;
mod heartbeat;
mod host;
mod ingest;
pub mod logging;
mod pipeline;
#[cfg(target_os = "linux")]
mod procfs;
mod server;
mod service;
mod session;
mod shell;
pub mod shutdown;
mod source;
mod store;
mod tiers;

use config::Config;
use downtime::Before;
use heartbeat::Heartbeat;
use pipeline::{Outside, Pipeline, Snapshot};
use shutdown::Shutdown;
use store::{Draft, Recovered};

/// How long sources may take to stop.
const STOPPING: std::time::Duration = std::time::Duration::from_secs(10);
/// Events that wait for the pipeline: some seconds of a busy machine.
const QUEUE: usize = 8192;

/// Where the daemon lives and what it is told to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its files and its socket.
    pub places: Places,
    /// Its configuration.
    pub config: Config,
    /// Starts a harmless program that waits for the end of its input: the kernel's telling of it
    /// proves that process events come.
    pub canary: fn() -> Command,
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
    agents::user::add(&options.config.programs, &home.unwrap_or_default());
    let places = options.places.clone();
    endpoint::private_dir(&places.state_dir)?;
    let heartbeat = Heartbeat::lock(&places.state_dir)?;
    let store = store::open(&places.state_dir).context("failed to open the ledger")?;
    let recovered = store.recover().context("failed to read the ledger")?;
    let listener = server::bind(&places.socket)?;
    host::raise_descriptor_limit();
    host::forbid_core_dumps();

    let started_at = Timestamp::now();
    let boot_id = host::boot_id();
    let before = before(&recovered, heartbeat.last());
    heartbeat.beat();
    let reader = store.reader();
    let writer = store.start();
    let (reason, gap) = downtime::since(before.as_ref(), &boot_id, started_at);
    info!(reason, version = env!("CARGO_PKG_VERSION"), "started");
    let mut first = vec![note(Body::DaemonStarted(daemon_run(&boot_id, reason)))];
    first.extend(gap.map(|gap| note(Body::Coverage(gap))));
    writer.append(first).await?;

    let (events, queue) = mpsc::channel(QUEUE);
    let (snapshot, snapshots) = watch::channel(Snapshot::default());
    let sources = tiers::start(&options, &events);
    let intake = writer.intake();
    let configuration = configuration::start(&places.state_dir, &intake, &events);
    let told = configuration.orders();
    let sessions = ingest::start(&places.state_dir, &intake, &events, told, ingest::homes);
    drop(events);
    let outside = Outside {
        boot_id: boot_id.clone(),
        writer: writer.clone(),
        snapshot,
        launches: sources.launches.as_ref().map(|source| source.control.clone()),
        open_exec: sources.open_exec.as_ref().map(|source| source.control.clone()),
        changes: sources.changes.as_ref().map(|source| source.control.clone()),
        heartbeat,
        cwd_of: tiers::cwd_of,
        written_by: tiers::written_by,
        resolve_within: tiers::resolve_within,
        homes: sessions.orders(),
        configuration: configuration.orders(),
    };
    let last_seen = before.map(|before| before.last_alive);
    let pipeline = Pipeline::new(outside, &recovered, last_seen);
    let (stop_pipeline, pipeline_stops) = shutdown::channel();
    let mut pipeline = tokio::spawn(pipeline.run(queue, pipeline_stops));

    let sight = server::Sight {
        places,
        started_at,
        reader,
        snapshot: snapshots,
        committed: writer.committed(),
        health: writer.health(),
    };
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
    writer.close().await;
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

/// A fact about the daemon itself.
fn note(body: Body) -> Draft {
    Draft { at: Timestamp::now(), evidence: Evidence::Kernel, replaces: None, body }
}

fn daemon_run(boot_id: &str, reason: &str) -> DaemonRun {
    DaemonRun {
        version: env!("CARGO_PKG_VERSION").into(),
        host: host::name(),
        boot_id: boot_id.into(),
        pid: std::process::id(),
        reason: reason.into(),
    }
}

fn before(recovered: &Recovered, heartbeat: Option<Timestamp>) -> Option<Before> {
    let last = recovered.last_run.as_ref()?;
    Some(Before {
        boot_id: last.boot_id.clone(),
        stopped: (last.kind == "daemon.stopped").then_some(last.at),
        last_alive: heartbeat.map_or(last.last_record_at, |beat| beat.max(last.last_record_at)),
    })
}
