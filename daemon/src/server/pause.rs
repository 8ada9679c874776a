//! Pauses, when a client asks for one or for its end.

use std::time::Duration;

use tokio::time::timeout;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::FailureCode;
use trackway_protocol::row::PauseRow;

use super::answer::{Refusal, small};
use super::connection::{Client, Gone};
use super::{Desk, blocks};

/// How long the pipeline may take to hear of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Begins a pause, or gives the one that lasts another end.
pub(super) async fn begin(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    until: Timestamp,
) -> Result<(), Gone> {
    let now = Timestamp::now();
    let longest = desk.sight.configured.borrow().config().longest_pause;
    if let Err(why) = allowed(now, until, longest) {
        return client.fail(Some(id), FailureCode::BadRequest, &why).await;
    }
    change(client, desk, id, Some(until)).await
}

/// Ends the pause, if there is one.
pub(super) async fn end(client: &mut Client, desk: &Desk, id: u64) -> Result<(), Gone> {
    change(client, desk, id, None).await
}

/// Says why a pause may not be.
fn allowed(now: Timestamp, until: Timestamp, longest: Duration) -> Result<(), String> {
    let left = until.ms().saturating_sub(now.ms());
    let longest_ms = i64::try_from(longest.as_millis()).unwrap_or(i64::MAX);
    match () {
        () if longest.is_zero() => {
            Err("the configuration forbids pauses (pause.max): see `trackwayctl status`".into())
        }
        () if left <= 0 => Err("a pause ends in the future".into()),
        // Whoever asked for the longest has asked a moment ago.
        () if left > longest_ms.saturating_add(1000) => {
            let minutes = longest.as_secs() / 60;
            Err(format!("a pause may take {} h {} min (pause.max)", minutes / 60, minutes % 60))
        }
        () => Ok(()),
    }
}

async fn change(
    client: &mut Client,
    desk: &Desk,
    id: u64,
    until: Option<Timestamp>,
) -> Result<(), Gone> {
    let pauses = desk.sight.pauses.clone();
    let kept = tokio::task::spawn_blocking(move || {
        let now = Timestamp::now();
        until.map_or_else(|| pauses.end(now), |until| pauses.begin(now, until))
    });
    let kept = kept.await.map_err(|error| error.to_string());
    let done = match kept.and_then(|kept| kept.map_err(|error| error.to_string())) {
        Ok(()) => recorded(desk, until).await,
        Err(why) => Err(why),
    };
    let row = done.map(|()| vec![PauseRow { paused_until: until }]).map_err(|why| {
        let message = format!("the pause cannot be changed now: {why}");
        Refusal { code: FailureCode::Storage, message }
    });
    small(client, id, row.map(|row| blocks::rows(id, row))).await
}

/// Waits until it is so, and durable: it is somebody's word.
async fn recorded(desk: &Desk, until: Option<Timestamp>) -> Result<(), String> {
    let mut snapshot = desk.sight.snapshot.clone();
    let heard = snapshot.wait_for(|snapshot| snapshot.paused_until == until);
    match timeout(PATIENCE, heard).await {
        Ok(Ok(_)) => {}
        Ok(Err(_)) | Err(_) => return Err("the recorder does not answer".into()),
    }
    desk.sight.writer.seal().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_as_long_as_it_may_be_or_not_at_all() {
        let hour = Duration::from_secs(3600);
        let allowed = |until_ms: i64, longest| {
            let at = Timestamp::from_ms;
            allowed(at(1_000_000), at(1_000_000 + until_ms), longest).err().unwrap_or_default()
        };
        assert_eq!(allowed(3_600_000, hour), "");
        assert_eq!(allowed(3_602_000, hour), "a pause may take 1 h 0 min (pause.max)");
        assert_eq!(allowed(0, hour), "a pause ends in the future");
        assert!(allowed(1000, Duration::ZERO).contains("forbids pauses"));
    }
}
