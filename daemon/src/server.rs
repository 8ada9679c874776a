//! Answers clients on the local socket. `protocol`'s page specifies what is said.
//!
//! A client costs nobody but itself: queries run on threads and with connections of their own
//! ([`queries`]), whole answers in memory are few ([`seats`]), every line has a limit, and a client
//! that neither asks nor reads is let go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tracing::{debug, warn};
use trackway_protocol::endpoint::{self, EndpointError, Places};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::VerifierKey;
use trackway_protocol::row::ReportsStatus;

use crate::config::Standing;
use crate::copies::Copies;
use crate::pauses::Pauses;
use crate::pipeline::Snapshot;
use crate::report::Reporter;
use crate::shutdown::Shutdown;
use crate::store::{Health, Reader, Writer};
use crate::watchdog::Knock;
use crate::zones::Zones;

mod answer;
mod blocks;
mod connection;
mod doctor;
mod evidence;
mod pause;
mod queries;
mod report;
mod scope;
mod seats;
mod stream;
mod zones;

use queries::Queries;
use seats::Seats;
pub(crate) use zones::finding as zone_finding;

/// Clients served at once where descriptors allow it; one more is told so and let go.
const MAX_CLIENTS: usize = 2048;
/// Descriptors that clients leave to the rest of the daemon.
#[cfg(unix)]
const OTHER_DESCRIPTORS: usize = 128;
/// Whole answers in memory at once: one thread is left to answer whoever asks little.
const SEATS: usize = queries::THREADS - 1;
/// How long answers that are under way may take once the daemon is to stop.
const FAREWELL: Duration = Duration::from_secs(1);
/// Pause after `accept` failed, so that a full descriptor table does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why clients cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// The socket's place is not usable.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Somebody answers there already.
    #[error("another program listens on {}", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// The socket cannot be made.
    #[error("failed to listen on {}", path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// What answers are made from.
pub(crate) struct Sight {
    pub(crate) places: Places,
    pub(crate) started_at: Timestamp,
    pub(crate) reader: Reader,
    pub(crate) snapshot: watch::Receiver<Snapshot>,
    pub(crate) committed: watch::Receiver<u64>,
    pub(crate) health: watch::Receiver<Health>,
    pub(crate) writer: Writer,
    /// The key that checkpoints are verified with.
    pub(crate) key: VerifierKey,
    /// How it is with the copies of checkpoints; none where none are wanted.
    pub(crate) copies: watch::Receiver<Option<Copies>>,
    /// What it is told to do.
    pub(crate) configured: watch::Receiver<Standing>,
    /// The rules of zones.
    pub(crate) zones: Zones,
    /// When nothing is to be recorded.
    pub(crate) pauses: Pauses,
    /// Makes reports.
    pub(crate) reporter: Reporter,
    /// How it is with the reports that are written every week.
    pub(crate) reports: watch::Receiver<ReportsStatus>,
    /// Is answered as long as clients are.
    pub(crate) knocks: mpsc::Receiver<Knock>,
}

/// What a connection answers with.
struct Desk {
    sight: Sight,
    queries: Queries,
    seats: Arc<Seats>,
    /// Held by whoever has the ledger verified.
    verifying: Arc<tokio::sync::Mutex<()>>,
}

impl Desk {
    /// Answers once the ledger could be asked, whatever it said.
    async fn answer(&self, knock: Knock) {
        if self.queries.ask(Reader::newest).await.is_some() {
            // Who asked may have given up.
            let _ = knock.send(());
        }
    }
}

/// Listens on `socket`. A socket that nobody answers on is a leftover and is replaced.
///
/// The caller holds the lock of the state directory, so a leftover of ours is nobody's.
pub(crate) fn bind(socket: &Path) -> Result<Listener, ServerError> {
    if let Some(dir) = socket.parent() {
        endpoint::private_dir(dir)?;
    }
    if endpoint::connect(socket).is_ok() {
        return Err(ServerError::Taken { path: socket.to_owned() });
    }
    let listen = |source| ServerError::Listen { path: socket.to_owned(), source };
    #[cfg(unix)]
    remove_leftover(socket).map_err(listen)?;
    let options = ListenerOptions::new().name(endpoint::name(socket)?);
    #[cfg(target_os = "linux")]
    let options = {
        use interprocess::os::unix::local_socket::ListenerOptionsExt as _;
        options.mode(0o600)
    };
    options.create_tokio().map_err(listen)
}

/// Removes a socket, and nothing but a socket.
#[cfg(unix)]
fn remove_leftover(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => std::fs::remove_file(path),
        // Whatever else lies there is not ours to remove: binding will say that it is in the way.
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Serves clients until shutdown is ordered.
pub(crate) async fn run(listener: Listener, mut sight: Sight, mut shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(max_clients()));
    let queries = Queries::start(&sight.reader);
    let mut knocks = std::mem::replace(&mut sight.knocks, mpsc::channel(1).1);
    let desk =
        Arc::new(Desk { sight, queries, seats: Seats::new(SEATS), verifying: Arc::default() });
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.ordered() => break,
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
            Some(knock) = knocks.recv() => {
                let desk = Arc::clone(&desk);
                clients.spawn(async move { desk.answer(knock).await });
                continue;
            }
        };
        match accepted {
            Ok(stream) if is_own_user(&stream) => {
                let (desk, place) =
                    (Arc::clone(&desk), Arc::clone(&places).try_acquire_owned().ok());
                clients.spawn(async move {
                    if let Err(error) = connection::serve(stream, desk, place.is_some()).await {
                        debug!(%error, "a client was let go");
                    }
                    drop(place);
                });
            }
            Ok(_) => warn!("a client of another user was refused"),
            Err(error) => {
                warn!(%error, "no client can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let farewell = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        clients.abort_all();
    }
}

/// Returns how many clients are served at once.
#[cfg(unix)]
fn max_clients() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(OTHER_DESCRIPTORS).clamp(1, MAX_CLIENTS)
}

/// Returns how many clients are served at once.
#[cfg(not(unix))]
fn max_clients() -> usize {
    MAX_CLIENTS
}

/// Whether a client runs as the daemon's own user, as the kernel says.
#[cfg(unix)]
fn is_own_user(stream: &Stream) -> bool {
    let euid = stream.peer_creds().ok().and_then(|creds| creds.euid());
    euid == Some(rustix::process::geteuid().as_raw())
}

/// Elsewhere the pipe's own access list decides.
#[cfg(not(unix))]
fn is_own_user(_stream: &Stream) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
