//! One client: its requests one after the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use trackway_protocol::PROTOCOL;
use trackway_protocol::codec::{self, MAX_REQUEST_LINE};
use trackway_protocol::message::{Answer, FailureCode, Request};

use super::{Desk, answer};

/// How long a client may stay without a request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a client may stop reading while an answer is written.
const STALLED: Duration = Duration::from_secs(30);
/// How often a client that only listens is asked whether it still does.
const LISTENS: Duration = Duration::from_secs(5);
/// Buffer for requests, which are short; a longer line grows it up to its limit.
const READ_BUFFER: usize = 1024;
/// How much is written at once: so much must get through in [`STALLED`].
const WRITE_CHUNK: usize = 64 * 1024;

/// Why a client is let go.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gone {
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    #[error("it asked nothing for {} s", IDLE.as_secs())]
    Idle,
    #[error("it read nothing for {} s", STALLED.as_secs())]
    Stalled,
    #[error("it read too slowly")]
    Slow,
    #[error("it spoke while it was to listen")]
    Spoke,
    #[error("it sent a line that is too long")]
    TooLong,
    #[error("it left")]
    Left,
}

/// A connection.
pub(super) struct Client {
    stream: BufReader<Stream>,
}

/// Greets a client and answers it until it leaves.
pub(super) async fn serve(stream: Stream, desk: Arc<Desk>, has_place: bool) -> Result<(), Gone> {
    let mut client = Client::new(stream);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    client.say(&Answer::Hello { protocol: PROTOCOL, version }).await?;
    if !has_place {
        return client.fail(None, FailureCode::Busy, "too many clients: try again later").await;
    }
    let mut line = Vec::new();
    while client.read_line(&mut line).await? {
        match serde_json::from_slice::<Request>(&line) {
            Ok(request) => answer::answer(&mut client, &desk, request).await?,
            Err(error) => {
                let message = format!("this is no request: {error}");
                client.fail(None, FailureCode::BadRequest, &message).await?;
            }
        }
    }
    Ok(())
}

impl Client {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream: BufReader::with_capacity(READ_BUFFER, stream) }
    }

    /// Writes one line of the protocol.
    pub(super) async fn say(&mut self, answer: &Answer) -> Result<(), Gone> {
        self.write(&codec::to_line(answer)).await
    }

    /// Says that a request failed.
    pub(super) async fn fail(
        &mut self,
        id: Option<u64>,
        code: FailureCode,
        message: &str,
    ) -> Result<(), Gone> {
        self.say(&Answer::Failure { id, code, message: message.to_owned() }).await
    }

    /// Writes bytes, as long as the client keeps reading.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        for chunk in bytes.chunks(WRITE_CHUNK) {
            let written =
                tokio::time::timeout(STALLED, self.stream.get_mut().write_all(chunk)).await;
            written.map_err(|_| Gone::Stalled)??;
        }
        Ok(())
    }

    /// Resolves when a client that is to listen leaves, or speaks.
    ///
    /// One that closed only its own direction has nothing more to ask, and listens.
    pub(super) async fn interrupted(&mut self) -> Gone {
        match self.stream.fill_buf().await {
            Ok([]) => {}
            Ok(_) => return Gone::Spoke,
            Err(error) => return Gone::Io(error),
        }
        while !has_hung_up(self.stream.get_ref()) {
            tokio::time::sleep(LISTENS).await;
        }
        Gone::Left
    }

    /// Reads a line without its end. Returns false at the end of the stream.
    async fn read_line(&mut self, line: &mut Vec<u8>) -> Result<bool, Gone> {
        let read = tokio::time::timeout(IDLE, self.read_whole_line(line)).await;
        match read.map_err(|_| Gone::Idle)? {
            Err(Gone::TooLong) => {
                let message = format!("a line is longer than {MAX_REQUEST_LINE} bytes");
                self.fail(None, FailureCode::BadRequest, &message).await?;
                Err(Gone::TooLong)
            }
            read => read,
        }
    }

    async fn read_whole_line(&mut self, line: &mut Vec<u8>) -> Result<bool, Gone> {
        line.clear();
        loop {
            let buffer = self.stream.fill_buf().await?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            if line.len() + part.len() > MAX_REQUEST_LINE {
                return Err(Gone::TooLong);
            }
            line.extend_from_slice(part);
            let used = part.len() + usize::from(end.is_some());
            self.stream.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// Whether a client that will say nothing more does not listen either.
#[cfg(unix)]
fn has_hung_up(stream: &Stream) -> bool {
    use std::os::fd::AsFd as _;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Stream::UdSocket(stream) = stream;
    // Without being asked for, poll tells of a peer that closed both directions.
    let mut descriptors = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::empty())];
    let polled = poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    polled.is_err() || descriptors[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// A pipe has no directions that could be closed one by one.
#[cfg(not(unix))]
fn has_hung_up(_stream: &Stream) -> bool {
    true
}
