//! As much of HTTP/1.1 as two known clients need.

use std::io::{self, BufRead, Write};

use serde_json::Value;

use super::unique;

/// A request, read to its end.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

/// What to send back.
pub(super) enum Reply {
    /// No body.
    Nothing,
    /// One JSON document.
    Json(Value),
    /// Server-sent events, each named by its `type`; they end the connection.
    Events(Vec<Value>),
}

/// Reads the next request; none when the client has hung up.
pub(super) fn read(
    reader: &mut impl BufRead,
    mut client: impl Write,
) -> io::Result<Option<Request>> {
    let Some(start) = read_line(reader)? else { return Ok(None) };
    let mut words = start.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let headers = Headers::read(reader)?;
    if headers.get("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = if headers.get("transfer-encoding") == Some("chunked") {
        read_chunks(reader)?
    } else {
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        read_exactly(reader, length)?
    };
    Ok(Some(Request { method, path, body }))
}

struct Headers(Vec<(String, String)>);

impl Headers {
    fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut headers = Vec::new();
        while let Some(line) = read_line(reader)?.filter(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Ok(Self(headers))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = reader.read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

fn read_exactly(reader: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
            .map_err(|_| io::ErrorKind::InvalidData)?;
        body.extend(read_exactly(reader, size)?);
        read_line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Sends `reply`. Events are sent one by one, as a model would.
pub(super) fn write(mut client: impl Write + Shutdown, reply: Reply) -> io::Result<()> {
    let id = unique("req");
    let head = format!("HTTP/1.1 200 OK\r\nrequest-id: {id}\r\nx-request-id: {id}\r\n");
    match reply {
        Reply::Nothing => client.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes()),
        Reply::Json(value) => {
            let body = value.to_string();
            let length = body.len();
            let head = format!("{head}content-type: application/json\r\ncontent-length: {length}");
            client.write_all(format!("{head}\r\n\r\n{body}").as_bytes())
        }
        Reply::Events(events) => {
            let head = format!("{head}content-type: text/event-stream\r\nconnection: close");
            client.write_all(format!("{head}\r\n\r\n").as_bytes())?;
            for event in events {
                let name = event["type"].as_str().unwrap_or_default();
                client.write_all(format!("event: {name}\ndata: {event}\n\n").as_bytes())?;
                client.flush()?;
            }
            client.shutdown()
        }
    }
}

/// A connection that can be ended for good while others still hold it.
pub(super) trait Shutdown {
    /// Ends the connection.
    fn shutdown(&self) -> io::Result<()>;
}

impl Shutdown for &std::net::TcpStream {
    fn shutdown(&self) -> io::Result<()> {
        std::net::TcpStream::shutdown(self, std::net::Shutdown::Both)
    }
}
