//! Answers of any length: records as they are stored, a page at a time.

use trackway_protocol::codec;
use trackway_protocol::log::ExportCheckpoint;
use trackway_protocol::message::{FailureCode, Filter};

use super::Desk;
use super::answer::{Refusal, done, query, refuse};
use super::blocks::{self, BLOCK_BYTES};
use super::connection::{Client, Gone};
use crate::store::{Page, Reader};

/// A page of records, ready to be sent.
struct Block {
    bytes: Vec<u8>,
    /// Where the next page begins.
    last_seq: u64,
}

/// Sends every record up to the newest at this moment, in constant memory.
pub(super) async fn export(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    mut after: u64,
    filter: Filter,
) -> Result<(), Gone> {
    let end = *desk.sight.committed.borrow();
    while after < end {
        match page(desk, id, after, end, &filter).await {
            Ok(page) => {
                client.write(&page.bytes).await?;
                after = page.last_seq;
            }
            Err(refusal) => return refuse(client, id, &refusal).await,
        }
    }
    client.say(&done(id, Some(end))).await
}

/// Sends the same with what it takes to verify it, and as the last line a checkpoint of all that was
/// there.
pub(super) async fn export_proven(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    (filter, skipped): (Filter, u64),
) -> Result<(), Gone> {
    let sealed = desk.sight.writer.seal().await;
    // What cannot be sealed is sent all the same.
    let end = sealed.as_ref().map_or_else(|_| *desk.sight.committed.borrow(), |sealed| sealed.size);
    let mut after = 0;
    while after < end {
        let filter = filter.clone();
        let ask = move |reader: &Reader| {
            let page = reader.proven_page(after, end, BLOCK_BYTES, (&filter, skipped))?;
            Ok(block(id, page, after, end))
        };
        match query(desk, ask).await {
            Ok(page) => {
                client.write(&page.bytes).await?;
                after = page.last_seq;
            }
            Err(refusal) => return refuse(client, id, &refusal).await,
        }
    }
    let key = Some(desk.sight.key.to_string());
    let last = ExportCheckpoint::new(sealed.ok().map(|sealed| sealed.note), key);
    client.write(&blocks::page(id, 1, &codec::to_line(&last))).await?;
    client.say(&done(id, Some(end))).await
}

/// Sends records as they are committed, at the client's pace, until it leaves.
pub(super) async fn tail(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    mut after: u64,
    filter: Filter,
) -> Gone {
    let mut committed = desk.sight.committed.clone();
    loop {
        let end = *committed.borrow_and_update();
        while after < end {
            let sent = match page(desk, id, after, end, &filter).await {
                Ok(page) => {
                    after = page.last_seq;
                    client.write(&page.bytes).await
                }
                Err(refusal) => refuse(client, id, &refusal).await.and(Err(Gone::Left)),
            };
            if let Err(gone) = sent {
                return gone;
            }
        }
        let failure = tokio::select! {
            gone = client.interrupted() => match gone {
                Gone::Spoke => (FailureCode::BadRequest, "a tail ends only with its connection"),
                gone => return gone,
            },
            changed = committed.changed() => match changed {
                Ok(()) => continue,
                Err(_) => (FailureCode::Busy, "the daemon is going down"),
            },
        };
        let failed = client.fail(Some(id), failure.0, failure.1).await;
        return failed.err().unwrap_or(Gone::Spoke);
    }
}

async fn page(
    desk: &Desk,
    id: u64,
    after: u64,
    end: u64,
    filter: &Filter,
) -> Result<Block, Refusal> {
    let filter = filter.clone();
    let ask = move |reader: &Reader| {
        Ok(block(id, reader.page(after, end, BLOCK_BYTES, &filter)?, after, end))
    };
    query(desk, ask).await
}

fn block(id: u64, page: Page, after: u64, end: u64) -> Block {
    // A page that looked at nothing has found the end, whatever number that was to have.
    let last_seq = if page.last_seq > after { page.last_seq } else { end };
    Block { bytes: blocks::page(id, page.count, &page.lines), last_seq }
}
