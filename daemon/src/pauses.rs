//! Pauses: times in which the user wants nothing recorded of what agents do.
//!
//! All of them are kept, not only the one that lasts: what a session file tells of such a time may be
//! read long after it, or a second time from a copy, and is not recorded then either. They lie in a file
//! of the state directory, so that a pause outlives a restart.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tracing::warn;
use trackway_protocol::ids::Timestamp;

/// The file's name.
const FILE: &str = "paused";
/// How many pauses are kept.
const MOST: usize = 10_000;

/// A time in which nothing is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pause {
    pub(crate) from: Timestamp,
    /// When it ends, or is to end; the first moment that is recorded again.
    pub(crate) until: Timestamp,
}

impl Pause {
    fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// A handle to all pauses.
#[derive(Clone, Debug)]
pub(crate) struct Pauses(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    /// None where nothing is kept.
    path: Option<PathBuf>,
    /// In order, and none over another.
    pauses: watch::Sender<Vec<Pause>>,
}

impl Default for Pauses {
    /// No pause at all, kept nowhere.
    fn default() -> Self {
        Self(Arc::new(Kept { path: None, pauses: watch::channel(Vec::new()).0 }))
    }
}

impl Pauses {
    /// Reads those that are kept in a state directory.
    ///
    /// # Errors
    ///
    /// That the file is there and cannot be read: what the user wants is not known then.
    pub(crate) fn open(state_dir: &Path) -> io::Result<Self> {
        let path = state_dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let read: Vec<_> = text.lines().map(parse).collect();
        if read.contains(&None) {
            warn!(path = %path.display(), "a line of it is no pause");
        }
        let pauses = watch::channel(apart(read.into_iter().flatten().collect())).0;
        Ok(Self(Arc::new(Kept { path: Some(path), pauses })))
    }

    /// Whether a moment is in a pause.
    pub(crate) fn cover(&self, at: Timestamp) -> bool {
        let pauses = self.0.pauses.borrow();
        let after = pauses.partition_point(|pause| pause.from <= at);
        pauses[..after].last().is_some_and(|pause| pause.covers(at))
    }

    /// Returns the pause that a moment is in.
    pub(crate) fn at(&self, now: Timestamp) -> Option<Pause> {
        self.0.pauses.borrow().iter().rev().find(|pause| pause.covers(now)).copied()
    }

    /// Returns when the last pause that has begun by then was over, or is to be.
    pub(crate) fn last_end(&self, now: Timestamp) -> Option<Timestamp> {
        let pauses = self.0.pauses.borrow();
        pauses.iter().rev().find(|pause| pause.from <= now).map(|pause| pause.until)
    }

    /// Is told when a pause begins or ends otherwise than it was to.
    pub(crate) fn changes(&self) -> watch::Receiver<Vec<Pause>> {
        self.0.pauses.subscribe()
    }

    /// Begins a pause, or gives the one that lasts another end. Blocks until it is on disk.
    ///
    /// # Errors
    ///
    /// That it cannot be kept: then there is none.
    pub(crate) fn begin(&self, now: Timestamp, until: Timestamp) -> io::Result<()> {
        let from = self.at(now).map_or(now, |lasting| lasting.from);
        self.change(now, Some(Pause { from, until }))
    }

    /// Ends the pause that lasts, if one does. Blocks until it is on disk.
    ///
    /// # Errors
    ///
    /// That it cannot be kept: then the pause lasts.
    pub(crate) fn end(&self, now: Timestamp) -> io::Result<()> {
        match self.at(now) {
            Some(Pause { from, .. }) => self.change(now, Some(Pause { from, until: now })),
            None => Ok(()),
        }
    }

    /// Puts a pause in the place of the one that lasts.
    fn change(&self, now: Timestamp, pause: Option<Pause>) -> io::Result<()> {
        let mut pauses = self.0.pauses.borrow().clone();
        pauses.retain(|other| !other.covers(now));
        pauses.extend(pause);
        let pauses = apart(pauses);
        self.keep(&pauses)?;
        self.0.pauses.send_replace(pauses);
        Ok(())
    }

    fn keep(&self, pauses: &[Pause]) -> io::Result<()> {
        let Some(path) = &self.0.path else { return Ok(()) };
        let line = |Pause { from, until }: &Pause| format!("{from} {until}\n");
        let text: String = pauses.iter().map(line).collect();
        let part = path.with_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    }
}

fn parse(line: &str) -> Option<Pause> {
    let (from, until) = line.split_once(' ')?;
    Some(Pause { from: from.parse().ok()?, until: until.parse().ok()? })
}

/// Returns pauses in order, those that overlap as one, and the newest where there are too many.
fn apart(mut pauses: Vec<Pause>) -> Vec<Pause> {
    pauses.retain(|pause| pause.from < pause.until);
    pauses.sort_unstable();
    pauses.dedup_by(|next, pause| {
        let is_one = next.from <= pause.until;
        if is_one {
            pause.until = pause.until.max(next.until);
        }
        is_one
    });
    let surplus = pauses.len().saturating_sub(MOST);
    pauses.drain(..surplus);
    pauses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn covered(pauses: &Pauses) -> Vec<i64> {
        (0..200).step_by(10).filter(|ms| pauses.cover(at(*ms))).collect()
    }

    #[test]
    fn a_pause_outlives_a_restart_and_is_remembered_when_it_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let pauses = Pauses::open(dir.path()).unwrap();
        assert_eq!(covered(&pauses), [0; 0]);
        pauses.begin(at(20), at(50)).unwrap();
        assert_eq!(pauses.at(at(30)), Some(Pause { from: at(20), until: at(50) }));
        let pauses = Pauses::open(dir.path()).unwrap();
        pauses.end(at(40)).unwrap();
        assert_eq!(pauses.at(at(40)), None);
        pauses.begin(at(90), at(110)).unwrap();
        let pauses = Pauses::open(dir.path()).unwrap();
        assert_eq!(covered(&pauses), [20, 30, 90, 100]);
        assert_eq!(pauses.last_end(at(80)), Some(at(40)));
    }

    #[test]
    fn a_pause_that_lasts_is_given_another_end() {
        let pauses = Pauses::default();
        pauses.begin(at(20), at(100)).unwrap();
        pauses.begin(at(30), at(50)).unwrap();
        assert_eq!(covered(&pauses), [20, 30, 40]);
        pauses.begin(at(40), at(70)).unwrap();
        assert_eq!(covered(&pauses), [20, 30, 40, 50, 60]);
        pauses.end(at(20)).unwrap();
        assert_eq!(covered(&pauses), [0; 0], "it had just begun");
        pauses.end(at(30)).unwrap();
    }

    #[test]
    fn a_file_that_is_half_nonsense_keeps_what_makes_sense() {
        let dir = tempfile::tempdir().unwrap();
        let text = "x\n1970-01-01T00:00:00.020Z 1970-01-01T00:00:00.040Z\n\n";
        fs::write(dir.path().join(FILE), text).unwrap();
        assert_eq!(covered(&Pauses::open(dir.path()).unwrap()), [20, 30]);
    }
}
