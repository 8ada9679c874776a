//! The user's scope: what lies outside of it is counted, and not kept.
//!
//! It is judged where every record passes, by the place that the record names; one that names none goes
//! with its launch or its session. Which of these began outside is kept with the ingest state, by a
//! digest, so that it is known after a restart.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::record::{Body, Coverage, Evidence, PathText, Record, Repo};

use super::ingest::{Change, Key};
use crate::config::{Scope, Standing};
use crate::event::os_string;
use crate::session;
use crate::zones::Place;

/// Launches and sessions of which it is remembered whether they are outside.
const REMEMBERED: usize = 4096;
/// How often it is told how much was left out.
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Judges what is to be written.
#[derive(Default)]
pub(super) struct Gate {
    standing: Option<watch::Receiver<Standing>>,
    outside: HashMap<String, bool>,
    /// None before it was read.
    left_out: Option<LeftOut>,
}

/// What was left out since that was last told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LeftOut {
    records: u64,
    since_ms: i64,
}

/// What one transaction leaves out.
pub(super) struct Batch {
    scope: Arc<Scope>,
    left_out: LeftOut,
    was: LeftOut,
    /// Launches and sessions that turned out to be outside, or not.
    changes: Vec<Change>,
}

impl Gate {
    pub(super) fn new(standing: watch::Receiver<Standing>) -> Self {
        Self { standing: Some(standing), ..Self::default() }
    }

    /// Begins a transaction; none where everything is kept and nothing is to be told.
    pub(super) fn begin(&mut self, tx: &Connection) -> rusqlite::Result<Option<Batch>> {
        let Some(standing) = &self.standing else { return Ok(None) };
        let scope = Arc::clone(&standing.borrow().config().scope);
        let left_out = match self.left_out {
            Some(left_out) => left_out,
            None => stored(tx, count_key())?
                .and_then(|it| postcard::from_bytes(&it).ok())
                .unwrap_or_default(),
        };
        self.left_out = Some(left_out);
        let is_idle = scope.is_all() && left_out.records == 0;
        let batch = Batch { scope, left_out, was: left_out, changes: Vec::new() };
        Ok((!is_idle).then_some(batch))
    }

    /// Whether a record is left out; it is counted then.
    pub(super) fn leaves_out(
        &mut self,
        tx: &Connection,
        batch: &mut Batch,
        record: &Record,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        if batch.scope.is_all() {
            return Ok(false);
        }
        let is_out = match place(&record.body) {
            Where::Anywhere => false,
            Where::At(path, repo) => {
                let at = path.as_deref().map(|path| Place { path, repo });
                let is_out = batch.scope.leaves_out(at.as_ref());
                self.remember(tx, batch, &record.body, is_out)?;
                is_out
            }
            Where::OfSubject => self.is_of_outside(tx, &record.body)?,
        };
        if is_out {
            let left_out = &mut batch.left_out;
            if left_out.records == 0 {
                left_out.since_ms = now.ms();
            }
            left_out.records += 1;
        }
        Ok(is_out)
    }

    /// Remembers whether a launch or a session began outside, or has moved since.
    fn remember(
        &mut self,
        tx: &Connection,
        batch: &mut Batch,
        body: &Body,
        is_out: bool,
    ) -> rusqlite::Result<()> {
        let subject = match body {
            Body::LaunchStarted(launch) => launch.launch.to_string(),
            Body::SessionStarted(session) | Body::SessionUpdated(session) => {
                session.session.clone()
            }
            _ => return Ok(()),
        };
        let was_out = self.is_outside(tx, &subject)?;
        if was_out != is_out {
            let value = if is_out { vec![1] } else { Vec::new() };
            batch.changes.push(Change::Key(subject_key(&subject), value));
            self.outside.insert(subject, is_out);
        }
        Ok(())
    }

    /// Whether what a record speaks of began outside.
    fn is_of_outside(&mut self, tx: &Connection, body: &Body) -> rusqlite::Result<bool> {
        let launch = body.launch().map(|launch| launch.to_string());
        let session = body.session().map(str::to_owned);
        for subject in launch.into_iter().chain(session) {
            if self.is_outside(tx, &subject)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_outside(&mut self, tx: &Connection, subject: &str) -> rusqlite::Result<bool> {
        if let Some(is_outside) = self.outside.get(subject) {
            return Ok(*is_outside);
        }
        let is_outside = stored(tx, subject_key(subject))?.is_some_and(|value| !value.is_empty());
        if self.outside.len() >= REMEMBERED {
            self.outside.clear();
        }
        self.outside.insert(subject.to_owned(), is_outside);
        Ok(is_outside)
    }

    /// Takes note that a transaction is durable.
    pub(super) fn committed(&mut self, left_out: LeftOutNow) {
        self.left_out = Some(left_out.0);
    }

    /// Takes note that a transaction was rolled back: what it remembered may not be kept.
    pub(super) fn rolled_back(&mut self) {
        self.outside.clear();
    }
}

/// What is left to be told after a transaction.
pub(super) struct LeftOutNow(LeftOut);

impl Batch {
    /// Returns what tells how much was left out, where that is due: once in an hour, and when the daemon
    /// stops, before it says so.
    pub(super) fn due(&mut self, now: Timestamp, record: Option<&Record>) -> Option<Record> {
        let LeftOut { records, since_ms } = self.left_out;
        let is_last = record.is_some_and(|it| matches!(it.body, Body::DaemonStopped(_)));
        if records == 0 || !(is_last || now.ms().saturating_sub(since_ms) >= HOUR_MS) {
            return None;
        }
        self.left_out = LeftOut::default();
        let body = Coverage {
            source: "scope".into(),
            state: "degraded".into(),
            from: Timestamp::from_ms(since_ms.min(now.ms())),
            until: Some(now),
            reason: "records of places outside of the user's scope were not kept".into(),
            missed: Some(records),
            unit: Some("records".into()),
            unnamed: None,
        };
        let (evidence, replaces, body) = (Evidence::Kernel, None, Body::Coverage(body));
        let (seq, id, recorded_at) = (0, RecordId::new(), Timestamp::default());
        Some(Record { seq, id, at: now, recorded_at, evidence, replaces, body })
    }

    /// Writes what it remembers, in the transaction of its records.
    pub(super) fn write(mut self, tx: &Connection) -> rusqlite::Result<LeftOutNow> {
        if self.left_out != self.was {
            let value = postcard::to_stdvec(&self.left_out).expect("numbers are plain data");
            self.changes.push(Change::Key(count_key(), value));
        }
        super::ingest::write(tx, &self.changes)?;
        Ok(LeftOutNow(self.left_out))
    }
}

/// Where something was.
enum Where<'a> {
    /// It is about no place.
    Anywhere,
    /// There; none where the record has a place for it and it is not known.
    At(Option<PathBuf>, Option<&'a Repo>),
    /// Where its launch or its session was.
    OfSubject,
}

fn place(body: &Body) -> Where<'_> {
    let path =
        |text: &str, b64: Option<&str>| Some(PathBuf::from(os_string(&PathText::bytes(text, b64))));
    match body {
        Body::LaunchStarted(body) => {
            let cwd = body.cwd.as_deref().and_then(|cwd| path(cwd, body.cwd_b64.as_deref()));
            Where::At(cwd, body.repo.as_ref())
        }
        Body::DirTouched(body) => {
            Where::At(path(&body.dir, body.dir_b64.as_deref()), body.repo.as_ref())
        }
        Body::FileAccessed(body) => Where::At(path(&body.path, None), body.repo.as_ref()),
        Body::SessionStarted(body) => {
            Where::At(body.cwd.as_deref().and_then(|cwd| path(cwd, None)), body.repo.as_ref())
        }
        Body::SessionUpdated(body) => match &body.cwd {
            Some(cwd) => Where::At(path(cwd, None), body.repo.as_ref()),
            None => Where::OfSubject,
        },
        Body::SessionMade(body) => match &body.repo {
            Some(repo) => Where::At(path(&repo.root, repo.root_b64.as_deref()), Some(repo)),
            None => Where::OfSubject,
        },
        // The user's own settings and the machine's hold everywhere.
        Body::ConfigChanged(body) if matches!(&body.scope[..], "project" | "local") => {
            Where::At(path(&body.path, body.path_b64.as_deref()), body.repo.as_ref())
        }
        Body::LaunchUpdated(_)
        | Body::LaunchEnded(_)
        | Body::SessionLinked(_)
        | Body::Usage(_)
        | Body::Finding(_) => Where::OfSubject,
        Body::ConfigChanged(_)
        | Body::ZoneEntered(_)
        | Body::ZoneAcknowledged(_)
        | Body::Coverage(_)
        | Body::Pruned(_)
        | Body::DaemonStarted(_)
        | Body::DaemonStopped(_)
        | Body::Other { .. } => Where::Anywhere,
    }
}

/// What was left out and is not told by a record yet; none where there is nothing.
pub(super) fn untold(tx: &Connection) -> rusqlite::Result<Option<(u64, Timestamp)>> {
    let left_out = stored(tx, count_key())?
        .and_then(|it| postcard::from_bytes::<LeftOut>(&it).ok())
        .unwrap_or_default();
    let since = Timestamp::from_ms(left_out.since_ms);
    Ok((left_out.records > 0).then_some((left_out.records, since)))
}

fn subject_key(subject: &str) -> Key {
    session::Key::of("outside scope", &[subject.as_bytes()]).0
}

fn count_key() -> Key {
    session::Key::of("left out of scope", &[]).0
}

fn stored(tx: &Connection, key: Key) -> rusqlite::Result<Option<Vec<u8>>> {
    let select = "SELECT value FROM ingest_key WHERE key = ?";
    tx.prepare_cached(select)?.query_row([key], |row| row.get(0)).optional()
}

#[cfg(test)]
mod tests;
