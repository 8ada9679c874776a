//! Copies every checkpoint to a place of the user's, where whoever rewrites the ledger does not reach.
//!
//! That place may be a share that does not answer. Nobody waits for it: copies are made one after the
//! other on a thread of their own, and of checkpoints that came meanwhile the newest is copied.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;
use tracing::{info, warn};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::log::append_note;

use crate::store::Sealed;

/// How long the last copy may take when the daemon stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// How it is with the copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copies {
    /// Where they go.
    pub(crate) place: PathBuf,
    /// When a checkpoint was copied last.
    pub(crate) last: Option<Timestamp>,
    /// Since when none can be copied, and why.
    pub(crate) failing: Option<(Timestamp, String)>,
    /// Since when a copy is under way.
    pub(crate) writing: Option<Timestamp>,
}

impl Copies {
    fn to(place: PathBuf) -> Self {
        Self { place, last: None, failing: None, writing: None }
    }

    /// Returns since when no checkpoint can be copied, and why; a copy that takes this long included.
    pub(crate) fn trouble(&self, now: Timestamp) -> Option<(Timestamp, String)> {
        const LONG_MS: i64 = 60_000;
        let hangs = self.writing.filter(|since| now.ms() - since.ms() > LONG_MS);
        hangs
            .map(|since| (since, "its file system does not answer".to_owned()))
            .or_else(|| self.failing.clone())
    }
}

/// Copies checkpoints from now on to the place that is told, which may become another one, or none.
pub(crate) fn start(
    mut place: watch::Receiver<Option<PathBuf>>,
    mut sealed: watch::Receiver<Option<Sealed>>,
) -> watch::Receiver<Option<Copies>> {
    let (told, state) = watch::channel(place.borrow_and_update().clone().map(Copies::to));
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Ok(()) = place.changed() => {
                    told.send_replace(place.borrow_and_update().clone().map(Copies::to));
                }
                changed = sealed.changed() => if changed.is_err() { return },
            }
            let newest = sealed.borrow_and_update().clone();
            let to = told.borrow().as_ref().map(|copies| copies.place.clone());
            let (Some(newest), Some(to)) = (newest, to) else { continue };
            let modify = |change: &dyn Fn(&mut Copies)| {
                told.send_modify(|copies| copies.iter_mut().for_each(change));
            };
            modify(&|copies| copies.writing = Some(Timestamp::now()));
            let outcome = copy(to, newest).await;
            modify(&|copies| copies.took(outcome.clone()));
        }
    });
    state
}

/// Copies the last checkpoint of all.
pub(crate) async fn finish(place: &Path, sealed: &watch::Receiver<Option<Sealed>>) {
    let newest = sealed.borrow().clone();
    let Some(newest) = newest else { return };
    match tokio::time::timeout(FAREWELL, copy(place.to_owned(), newest)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(error, "the last checkpoint is not copied"),
        Err(_) => warn!("the last checkpoint is not copied: its file system does not answer"),
    }
}

async fn copy(place: PathBuf, sealed: Sealed) -> Result<(), String> {
    let copied = tokio::task::spawn_blocking(move || {
        let origin = sealed.checkpoint().map(|checkpoint| checkpoint.origin).unwrap_or_default();
        append_note(&place, &origin, &sealed.note).map_err(|error| error.to_string())
    });
    copied.await.unwrap_or_else(|error| Err(error.to_string())).map(drop)
}

impl Copies {
    fn took(&mut self, outcome: Result<(), String>) {
        let now = Timestamp::now();
        self.writing = None;
        match outcome {
            Ok(()) => {
                if self.failing.take().is_some() {
                    info!("checkpoints can be copied again");
                }
                self.last = Some(now);
            }
            Err(why) => {
                if self.failing.is_none() {
                    warn!(place = %self.place.display(), why, "a checkpoint cannot be copied");
                }
                let since = self.failing.take().map_or(now, |(since, _)| since);
                self.failing = Some((since, why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(size: u64) -> Option<Sealed> {
        Some(Sealed { size, at: Timestamp::from_ms(0), note: format!("note {size}\n") })
    }

    #[tokio::test]
    async fn a_copy_that_fails_is_told_and_so_is_one_that_works_again() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("share/mine");
        let (seal, receiver) = watch::channel(None);
        let (tell, told) = watch::channel(Some(place.clone()));
        let mut state = start(told, receiver);
        seal.send_replace(sealed(1));
        let is_failing = |state: &Option<Copies>| state.as_ref().unwrap().failing.is_some();
        let failing = state.wait_for(is_failing).await.unwrap().clone().unwrap();
        assert!(failing.trouble(Timestamp::now()).is_some());

        std::fs::create_dir(dir.path().join("share")).unwrap();
        seal.send_replace(sealed(2));
        let is_copied = |state: &Option<Copies>| state.as_ref().unwrap().last.is_some();
        let copied = state.wait_for(is_copied).await.unwrap().clone().unwrap();
        assert_eq!(copied.trouble(Timestamp::now()), None);
        assert_eq!(std::fs::read_to_string(place).unwrap(), "note 2\n\n");

        // Another place has the newest at once, and what was wrong with the former one is no more.
        let other = dir.path().join("other");
        tell.send_replace(Some(other.clone()));
        let moved = |state: &Option<Copies>| {
            state.as_ref().is_some_and(|state| state.place == other && state.last.is_some())
        };
        drop(state.wait_for(moved).await.unwrap());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "note 2\n\n");
        tell.send_replace(None);
        drop(state.wait_for(Option::is_none).await.unwrap());
    }

    #[test]
    fn a_copy_that_hangs_is_trouble() {
        let state = Copies {
            place: PathBuf::new(),
            last: None,
            failing: None,
            writing: Some(Timestamp::from_ms(0)),
        };
        assert_eq!(state.trouble(Timestamp::from_ms(50_000)), None);
        assert!(state.trouble(Timestamp::from_ms(61_000)).is_some());
    }
}
