//! The conversation with the daemon: one connection, one request at a time, answers line by line.
//!
//! Lines are handed out as they came. Whoever prints JSON never parses them; whoever streams
//! never holds more than one.

use std::io::{self, BufReader, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use trackway_protocol::PROTOCOL;
use trackway_protocol::codec::{self, CodecError, MAX_ANSWER_LINE, MAX_REQUEST_LINE};
use trackway_protocol::endpoint::{self, EndpointError};
use trackway_protocol::message::{Answer, FailureCode, Request};
use trackway_protocol::row::Backfill;

use crate::exit;

/// How long to wait for a daemon that says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the connection and the greeting.
    pub hello: Duration,
    /// For the next line of an answer. `tail` waits for ever.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { hello: Duration::from_secs(5), answer: Duration::from_secs(30) }
    }
}

/// Why the conversation failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("trackwayd cannot be reached")]
    Unreachable(#[source] EndpointError),
    /// Somebody listens and says nothing.
    #[error("trackwayd did not answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// The listener runs under another user.
    #[error("the socket is served by another user (uid {0})")]
    ForeignPeer(u32),
    /// The listener does not greet as the daemon does.
    #[error("what listens on the socket does not greet like trackwayd")]
    NoGreeting,
    /// The daemon speaks another version of the protocol.
    #[error(
        "trackwayd {version} speaks version {protocol} of the protocol, trackwayctl {} speaks \
         version {PROTOCOL}",
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The number of the daemon's protocol.
        protocol: u32,
        /// The daemon's version.
        version: String,
    },
    /// The connection ended.
    #[error("trackwayd ended the connection before its answer was complete")]
    Gone {
        /// What the transport says.
        #[source]
        source: Option<io::Error>,
    },
    /// The answer is not one.
    #[error("trackwayd's answer cannot be understood: {0}")]
    Garbled(String),
    /// The daemon refused.
    #[error("{message}")]
    Failure {
        /// What kind of failure.
        code: FailureCode,
        /// What the daemon says about it.
        message: String,
    },
}

/// What helps where the daemon is the older one.
pub(crate) const OLDER_DAEMON: &str = "the running daemon is older than this program: `trackwayctl service \
    restart` starts the one that is installed now";

/// What helps where the daemon is the newer one.
pub(crate) const NEWER_DAEMON: &str = "this program is older than the running daemon: use the trackwayctl \
    that was installed with it, or install one version of both and restart the service";

impl ClientError {
    /// Returns the code to exit with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable(_) | Self::Silent(_) | Self::ForeignPeer(_) | Self::NoGreeting => {
                exit::UNREACHABLE
            }
            Self::Gone { .. } | Self::Failure { code: FailureCode::Busy, .. } => exit::UNREACHABLE,
            Self::Version { .. } => exit::VERSION,
            Self::Garbled(_) | Self::Failure { .. } => exit::FAILED,
        }
    }

    /// Returns what helps, where something is known to.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable(_) | Self::Silent(_) | Self::Gone { .. } => {
                Some("is the daemon running? try `trackwayctl doctor`")
            }
            Self::ForeignPeer(_) | Self::NoGreeting => {
                Some("is this the right socket? try `trackwayctl doctor`")
            }
            Self::Version { protocol, .. } if *protocol < PROTOCOL => Some(OLDER_DAEMON),
            Self::Version { .. } => Some(NEWER_DAEMON),
            Self::Garbled(_) => {
                Some("are both programs of one version? `trackwayctl doctor` compares them")
            }
            Self::Failure { code: FailureCode::NotFound, .. } => {
                Some("`trackwayctl launches` lists the ids")
            }
            Self::Failure { code: FailureCode::Ambiguous, .. } => Some("give more of the id"),
            Self::Failure { code: FailureCode::Busy, .. } => Some("try again in a moment"),
            Self::Failure { code: FailureCode::Storage, .. } => {
                Some("`trackwayctl doctor` looks at the ledger")
            }
            Self::Failure { .. } => None,
        }
    }
}

/// A connection to a daemon that has greeted.
#[derive(Debug)]
pub(crate) struct Client {
    reader: BufReader<Stream>,
    line: Vec<u8>,
    requests: u64,
    patience: Patience,
    version: String,
}

impl Client {
    /// Connects and waits for the greeting.
    ///
    /// # Errors
    ///
    /// All but [`ClientError::Garbled`] and, unless the daemon is busy, [`ClientError::Failure`].
    pub(crate) fn connect(socket: &Path, patience: Patience) -> Result<Self, ClientError> {
        let (sender, greeted) = mpsc::sync_channel(1);
        let path = socket.to_owned();
        // Connecting itself blocks where the listener's backlog is full, and not every platform
        // has timeouts on reading. A thread that still hangs dies with this short-lived process.
        let greeter = move || sender.send(greet(&path));
        thread::Builder::new().spawn(greeter).map_err(|source| {
            ClientError::Unreachable(EndpointError::Io { path: socket.to_owned(), source })
        })?;
        let (reader, version) = greeted
            .recv_timeout(patience.hello)
            .map_err(|_| ClientError::Silent(patience.hello))??;
        Ok(Self { reader, line: Vec::new(), requests: 0, patience, version })
    }

    /// Returns the daemon's version.
    #[must_use]
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Sends the request that `with` makes of a fresh id, and returns its answer to come.
    ///
    /// # Errors
    ///
    /// [`ClientError::Gone`].
    pub(crate) fn ask(
        &mut self,
        with: impl FnOnce(u64) -> Request,
    ) -> Result<Reply<'_>, ClientError> {
        self.requests += 1;
        let request = with(self.requests);
        let endless = matches!(request, Request::Tail { .. });
        let patience = (!endless).then_some(self.patience.answer);
        let stream = self.reader.get_mut();
        // Windows' named pipes know no timeout: there, the user's own patience has to do.
        stream.set_recv_timeout(patience).or_else(unsupported).map_err(gone)?;
        stream.write_all(&codec::to_line(&request)).map_err(gone)?;
        Ok(Reply { id: self.requests, client: self, kind: Kind::Rows, left: 0 })
    }

    /// Asks, and returns all rows and the end of the answer.
    ///
    /// # Errors
    ///
    /// All that can happen after the greeting.
    pub(crate) fn rows<T: DeserializeOwned>(
        &mut self,
        with: impl FnOnce(u64) -> Request,
    ) -> Result<(Vec<T>, End), ClientError> {
        let mut reply = self.ask(with)?;
        let mut rows = Vec::new();
        loop {
            match reply.line()? {
                Line::Row(row) => rows.push(understood(row)?),
                Line::Record(_) => {}
                Line::End(end) => return Ok((rows, end)),
            }
        }
    }

    fn read(&mut self) -> Result<(), ClientError> {
        match codec::read_line(&mut self.reader, &mut self.line, MAX_ANSWER_LINE) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ClientError::Gone { source: None }),
            Err(error) => Err(unreadable(error, self.patience.answer)),
        }
    }
}

/// One line of an answer.
#[derive(Debug)]
pub(crate) enum Line<'l> {
    /// An object of [`trackway_protocol::row`], as it came.
    Row(&'l [u8]),
    /// A record's stored bytes.
    Record(&'l [u8]),
    /// The answer is complete.
    End(End),
}

/// What the end of an answer tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// Greatest `seq` that the answer looked at.
    pub(crate) seq: Option<u64>,
    /// How many rows the limit left out.
    pub(crate) more: Option<u64>,
    /// How far session files were read, where the answer lacks some.
    pub(crate) backfill: Option<Backfill>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Rows,
    Records,
    /// A block that this version does not know.
    Foreign,
}

/// An answer that is being read.
#[derive(Debug)]
pub(crate) struct Reply<'c> {
    client: &'c mut Client,
    id: u64,
    kind: Kind,
    /// Lines that are left of the current block.
    left: u64,
}

impl Reply<'_> {
    /// Returns the next line of the answer.
    ///
    /// # Errors
    ///
    /// All that can happen after the greeting.
    pub(crate) fn line(&mut self) -> Result<Line<'_>, ClientError> {
        loop {
            self.client.read()?;
            if self.left == 0 {
                if let Some(end) = self.header()? {
                    return Ok(Line::End(end));
                }
                continue;
            }
            self.left -= 1;
            // A block that is shorter than announced would pass the next header off as a fact.
            if self.client.line.starts_with(br#"{"type":"#) {
                return Err(ClientError::Garbled("a block is shorter than announced".into()));
            }
            match self.kind {
                Kind::Foreign => {}
                Kind::Rows => return Ok(Line::Row(&self.client.line)),
                Kind::Records => return Ok(Line::Record(&self.client.line)),
            }
        }
    }

    /// Takes in a header; returns the end where it is one.
    fn header(&mut self) -> Result<Option<End>, ClientError> {
        let Ok(answer) = serde_json::from_slice(&self.client.line) else {
            return self.foreign_header();
        };
        let (id, kind, left) = match answer {
            Answer::Rows { id, count } => (id, Kind::Rows, count),
            Answer::Records { id, count } => (id, Kind::Records, count),
            Answer::Done { id, seq, more, backfill } => {
                self.check(id)?;
                return Ok(Some(End { seq, more, backfill }));
            }
            Answer::Failure { code, message, .. } => {
                return Err(ClientError::Failure { code, message });
            }
            Answer::Hello { .. } => {
                return Err(ClientError::Garbled("it greets a second time".into()));
            }
        };
        self.check(id)?;
        (self.kind, self.left) = (kind, left);
        Ok(None)
    }

    /// Steps over what a newer daemon may say.
    fn foreign_header(&mut self) -> Result<Option<End>, ClientError> {
        #[derive(Deserialize)]
        struct Foreign {
            #[serde(rename = "type")]
            _type: String,
            #[serde(default)]
            count: u64,
        }
        let header: Foreign = understood(&self.client.line)?;
        (self.kind, self.left) = (Kind::Foreign, header.count);
        Ok(None)
    }

    fn check(&self, id: u64) -> Result<(), ClientError> {
        if id == self.id {
            return Ok(());
        }
        Err(ClientError::Garbled(format!("it answers request {id} instead of {}", self.id)))
    }
}

/// Reads one line of an answer as what it should be.
///
/// # Errors
///
/// [`ClientError::Garbled`].
pub(crate) fn understood<T: DeserializeOwned>(line: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(line).map_err(|error| ClientError::Garbled(error.to_string()))
}

fn greet(socket: &Path) -> Result<(BufReader<Stream>, String), ClientError> {
    let stream = endpoint::connect(socket).map_err(ClientError::Unreachable)?;
    check_peer(&stream)?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let mut line = Vec::new();
    match codec::read_line(&mut reader, &mut line, MAX_REQUEST_LINE) {
        Ok(true) => {}
        Ok(false) => return Err(ClientError::Gone { source: None }),
        Err(CodecError::Io(source)) => return Err(gone(source)),
        Err(CodecError::TooLong { .. } | CodecError::Cut) => return Err(ClientError::NoGreeting),
    }
    match serde_json::from_slice(&line) {
        Ok(Answer::Hello { protocol: PROTOCOL, version }) => Ok((reader, version)),
        Ok(Answer::Hello { protocol, version }) => Err(ClientError::Version { protocol, version }),
        Ok(Answer::Failure { code, message, .. }) => Err(ClientError::Failure { code, message }),
        _ => Err(ClientError::NoGreeting),
    }
}

/// Refuses a listener of another user: it could tell us anything.
#[cfg(unix)]
fn check_peer(stream: &Stream) -> Result<(), ClientError> {
    match stream.peer_creds().map_err(gone)?.euid() {
        Some(uid) if uid != rustix::process::geteuid().as_raw() => {
            Err(ClientError::ForeignPeer(uid))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_peer(_: &Stream) -> Result<(), ClientError> {
    Ok(())
}

fn gone(source: io::Error) -> ClientError {
    ClientError::Gone { source: Some(source) }
}

fn unsupported(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::Unsupported { Ok(()) } else { Err(error) }
}

fn unreadable(error: CodecError, patience: Duration) -> ClientError {
    match error {
        CodecError::Cut => ClientError::Gone { source: None },
        CodecError::TooLong { .. } => ClientError::Garbled(error.to_string()),
        CodecError::Io(source)
            if matches!(source.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
        {
            ClientError::Silent(patience)
        }
        CodecError::Io(source) => gone(source),
    }
}
