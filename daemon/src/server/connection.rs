//! One client: its requests one after the other.

use std::io;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf};
use trackway_protocol::PROTOCOL;
use trackway_protocol::codec::{self, MAX_REQUEST_LINE};
use trackway_protocol::message::{Answer, FailureCode, Request};

use super::{Sight, answer};

/// How long a client may stay without a request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a client may stop reading while an answer is written.
const STALLED: Duration = Duration::from_secs(30);
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
    #[error("it sent a line that is too long")]
    TooLong,
    #[error("it left")]
    Left,
}

/// The two directions of a connection.
pub(super) struct Client {
    reader: BufReader<ReadHalf<Stream>>,
    writer: WriteHalf<Stream>,
}

/// Greets a client and answers it until it leaves.
pub(super) async fn serve(stream: Stream, sight: Sight, has_place: bool) -> Result<(), Gone> {
    let (reader, writer) = tokio::io::split(stream);
    let mut client = Client { reader: BufReader::with_capacity(READ_BUFFER, reader), writer };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    client.say(&Answer::Hello { protocol: PROTOCOL, version }).await?;
    if !has_place {
        return client.fail(None, FailureCode::Busy, "too many clients: try again later").await;
    }
    let mut line = Vec::new();
    while client.read_line(&mut line).await? {
        match serde_json::from_slice::<Request>(&line) {
            Ok(request) => answer::answer(&mut client, &sight, request).await?,
            Err(error) => {
                let message = format!("this is no request: {error}");
                client.fail(None, FailureCode::BadRequest, &message).await?;
            }
        }
    }
    Ok(())
}

impl Client {
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
            let written = tokio::time::timeout(STALLED, self.writer.write_all(chunk)).await;
            written.map_err(|_| Gone::Stalled)??;
        }
        Ok(())
    }

    /// Resolves when the client leaves, or says anything while it is to listen.
    pub(super) async fn left(&mut self) -> Gone {
        match self.reader.fill_buf().await {
            Ok(_) => Gone::Left,
            Err(error) => Gone::Io(error),
        }
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
            let buffer = self.reader.fill_buf().await?;
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
            self.reader.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}
