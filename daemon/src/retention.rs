//! Prunes what is older than the ledger is told to keep, by itself.
//!
//! All tables are made anew when something is pruned. So it is done in slices of a week: when the oldest
//! record is a week older than it should be.

use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};
use trackway_protocol::ids::Timestamp;

use crate::config::Standing;
use crate::store::{Reader, What, Writer};

/// How often it is looked whether there is something to prune.
const LOOK: Duration = Duration::from_secs(6 * 60 * 60);
/// How long after the start, or a change of how long is kept, that is for the first time.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// How much older than it should be a record may get.
const SLICE_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Prunes from now on; ends with the runtime.
pub(crate) fn start(mut standing: watch::Receiver<Standing>, reader: Reader, writer: Writer) {
    tokio::spawn(async move {
        let mut patience = FIRST;
        loop {
            let keep = standing.borrow_and_update().config().keep;
            tokio::select! {
                // Who mistyped it has some minutes to notice.
                Ok(()) = standing.changed() => {
                    if standing.borrow().config().keep != keep {
                        patience = FIRST;
                    }
                    continue;
                }
                () = tokio::time::sleep(patience) => patience = LOOK,
            }
            let Some(keep) = keep else { continue };
            if let Err(why) = prune(keep, &reader, &writer, Timestamp::now()).await {
                warn!(why, "what is old enough cannot be pruned");
            }
        }
    });
}

async fn prune(
    keep: Duration,
    reader: &Reader,
    writer: &Writer,
    now: Timestamp,
) -> Result<u64, String> {
    let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_ms(now.ms().saturating_sub(keep_ms));
    let reader = reader.clone();
    let plan = tokio::task::spawn_blocking(move || {
        let oldest = reader.oldest()?;
        let is_due = oldest.is_some_and(|oldest| before.ms() - oldest.ms() > SLICE_MS);
        is_due.then(|| reader.plan(&What::Before(before), "retention")).transpose()
    });
    let plan = plan.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let Some(plan) = plan.filter(|plan| plan.count() > 0) else { return Ok(0) };
    let records = writer.prune(plan).await?;
    info!(records, "what is older than the ledger keeps was pruned");
    Ok(records)
}
