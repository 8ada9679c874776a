//! From a request to its answer.

use serde::Serialize;
use trackway_protocol::codec;
use trackway_protocol::message::{Answer, FailureCode, Filter, Request};
use trackway_protocol::row::{Backfill, Paths, Status};

use super::connection::{Client, Gone};
use super::{Sight, doctor};
use crate::store::{Health, LookupError, Page, Reader};

/// Bytes of records that are read at once: what an export holds in memory.
const PAGE_BYTES: usize = 512 * 1024;
/// Rows that are sent below one header.
const BLOCK_ROWS: usize = 1000;

/// Why a query has no answer.
struct Refusal {
    code: FailureCode,
    message: String,
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { code: FailureCode::Storage, message }
    }
}

/// Answers one request.
pub(super) async fn answer(
    client: &mut Client,
    sight: &Sight,
    request: Request,
) -> Result<(), Gone> {
    let id = request.id();
    match request {
        Request::Status { .. } => {
            let counts = query(sight, |reader| Ok(reader.counts()?)).await;
            let status = counts.map(|counts| (vec![status(sight, &counts)], None));
            rows(client, id, status).await
        }
        Request::Doctor { .. } => rows(client, id, Ok((doctor::checks(sight), None))).await,
        Request::Launches { filter, .. } => {
            let found = query(sight, move |reader| {
                let rows = reader.launches(&filter)?;
                let more = reader.more_launches(&filter, rows.len())?;
                Ok((rows, more))
            });
            rows(client, id, found.await).await
        }
        Request::Dirs { filter, .. } => {
            let found = query(sight, move |reader| {
                let rows = reader.dirs(&filter)?;
                let more = reader.more_dirs(&filter, rows.len())?;
                Ok((rows, more))
            });
            rows(client, id, found.await).await
        }
        Request::Gaps { filter, .. } => {
            let found = query(sight, move |reader| {
                let rows = reader.gaps(&filter)?;
                let more = reader.more_gaps(&filter, rows.len())?;
                Ok((rows, more))
            });
            rows(client, id, found.await).await
        }
        Request::Show { of, .. } => show(client, sight, id, of).await,
        Request::Tail { after, filter, .. } => {
            let after = after.unwrap_or(*sight.committed.borrow());
            Err(tail(client, sight, id, after, filter).await)
        }
        Request::Export { after, filter, .. } => {
            export(client, sight, id, after.unwrap_or(0), filter).await
        }
    }
}

/// Runs a query on another thread.
async fn query<T: Send + 'static>(
    sight: &Sight,
    ask: impl FnOnce(&Reader) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let reader = sight.reader.clone();
    let asked = tokio::task::spawn_blocking(move || ask(&reader)).await;
    asked.unwrap_or_else(|error| Err(Refusal::from(error)))
}

/// Sends rows, and how many more there are.
async fn rows<T: Serialize>(
    client: &mut Client,
    id: u64,
    found: Result<(Vec<T>, Option<u64>), Refusal>,
) -> Result<(), Gone> {
    match found {
        Ok((rows, more)) => {
            for block in rows.chunks(BLOCK_ROWS) {
                let count = block.len().try_into().unwrap_or(u64::MAX);
                let mut bytes = codec::to_line(&Answer::Rows { id, count });
                block.iter().for_each(|row| bytes.extend(codec::to_line(row)));
                client.write(&bytes).await?;
            }
            client.say(&Answer::Done { id, seq: None, more }).await
        }
        Err(refusal) => client.fail(Some(id), refusal.code, &refusal.message).await,
    }
}

async fn show(client: &mut Client, sight: &Sight, id: u64, of: String) -> Result<(), Gone> {
    let found = query(sight, move |reader| {
        let row = reader.launch(&of).map_err(|error| not_one(&of, error))?;
        let records = reader.records_of(row.id)?;
        Ok((row, records))
    });
    match found.await {
        Ok((row, records)) => {
            let mut bytes = codec::to_line(&Answer::Rows { id, count: 1 });
            bytes.extend(codec::to_line(&row));
            client.write(&bytes).await?;
            block(client, id, &records).await?;
            client.say(&Answer::Done { id, seq: None, more: None }).await
        }
        Err(refusal) => client.fail(Some(id), refusal.code, &refusal.message).await,
    }
}

fn not_one(of: &str, error: LookupError) -> Refusal {
    match error {
        LookupError::NotFound => Refusal {
            code: FailureCode::NotFound,
            message: format!("no launch has an id that begins with {of:?}"),
        },
        LookupError::Ambiguous(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let message = format!(
                "more than one launch has an id that begins with {of:?}: {}",
                ids.join(", ")
            );
            Refusal { code: FailureCode::Ambiguous, message }
        }
        LookupError::Store(error) => Refusal::from(error),
    }
}

/// Sends every record up to the newest at this moment, in constant memory.
async fn export(
    client: &mut Client,
    sight: &Sight,
    id: u64,
    mut after: u64,
    filter: Filter,
) -> Result<(), Gone> {
    let end = *sight.committed.borrow();
    while after < end {
        match page(sight, after, end, &filter).await {
            Ok(page) => {
                block(client, id, &page.records).await?;
                after = page.last_seq;
            }
            Err(refusal) => {
                return client.fail(Some(id), refusal.code, &refusal.message).await;
            }
        }
    }
    client.say(&Answer::Done { id, seq: Some(end), more: None }).await
}

/// Sends records as they are committed, at the client's pace, until it leaves.
async fn tail(client: &mut Client, sight: &Sight, id: u64, mut after: u64, filter: Filter) -> Gone {
    let mut committed = sight.committed.clone();
    loop {
        let end = *committed.borrow_and_update();
        while after < end {
            match page(sight, after, end, &filter).await {
                Ok(page) => {
                    if let Err(gone) = block(client, id, &page.records).await {
                        return gone;
                    }
                    after = page.last_seq;
                }
                Err(refusal) => {
                    let failed = client.fail(Some(id), refusal.code, &refusal.message).await;
                    return failed.err().unwrap_or(Gone::Left);
                }
            }
        }
        tokio::select! {
            gone = client.left() => return gone,
            changed = committed.changed() => if changed.is_err() {
                let message = "the daemon is going down";
                let failed = client.fail(Some(id), FailureCode::Busy, message).await;
                return failed.err().unwrap_or(Gone::Left);
            },
        }
    }
}

async fn page(sight: &Sight, after: u64, end: u64, filter: &Filter) -> Result<Page, Refusal> {
    let filter = filter.clone();
    query(sight, move |reader| Ok(reader.page(after, end, PAGE_BYTES, &filter)?)).await
}

async fn block(client: &mut Client, id: u64, records: &[Vec<u8>]) -> Result<(), Gone> {
    if records.is_empty() {
        return Ok(());
    }
    let count = records.len().try_into().unwrap_or(u64::MAX);
    let mut bytes = codec::to_line(&Answer::Records { id, count });
    for record in records {
        bytes.extend_from_slice(record);
        bytes.push(b'\n');
    }
    client.write(&bytes).await
}

fn status(sight: &Sight, counts: &crate::store::Counts) -> Status {
    let snapshot = sight.snapshot.borrow().clone();
    let recording = matches!(*sight.health.borrow(), Health::Ok)
        && snapshot.sources.first().is_some_and(|source| source.state != "lost");
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        pid: std::process::id(),
        started_at: sight.started_at,
        recording,
        sources: snapshot.sources,
        ledger: counts.ledger,
        // Nothing older than the daemon is read yet, so nothing is left to read.
        backfill: Backfill { state: "done".into(), done_bytes: 0, total_bytes: 0 },
        running: snapshot.running,
        launches: counts.launches,
        paths: Paths {
            state_dir: text(&sight.places.state_dir),
            config: text(&sight.places.config),
            socket: text(&sight.places.socket),
        },
        agents: snapshot.agents,
    }
}
