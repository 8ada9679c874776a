//! A time in which writing fails.

use std::time::{Duration, Instant};

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, Coverage, Evidence, Record};

use super::super::Draft;
use super::Health;
use super::backlog::Backlog;

/// What the record of it says.
const SOURCE: &str = "ledger";
const RESTORED: &str = "restored";

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// What may wait in memory while writing fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Default for Bound {
    fn default() -> Self {
        Self { records: 50_000, bytes: 64 << 20 }
    }
}

/// Writing has failed, and has not succeeded since.
#[derive(Debug)]
pub(super) struct Trouble {
    since: Timestamp,
    reason: String,
    delay: Duration,
    /// When to try again.
    pub(super) retry_at: Instant,
    /// How many records to try at once, while the one is searched that cannot be written.
    pub(super) searching: Option<usize>,
    /// Records that were given up.
    pub(super) dropped: u64,
    bound: Bound,
    held_bytes: usize,
}

impl Trouble {
    /// Begins with a first failure.
    pub(super) fn new(bound: Bound, backlog: &Backlog) -> Self {
        Self {
            since: Timestamp::now(),
            reason: String::new(),
            delay: FIRST_DELAY,
            retry_at: Instant::now(),
            searching: None,
            dropped: 0,
            bound,
            held_bytes: backlog.iter().map(|record| size(&record.body)).sum(),
        }
    }

    /// Tells of an earlier one as well, of which there is no record.
    pub(super) fn after(self, untold: Option<Self>) -> Self {
        let Some(untold) = untold else { return self };
        Self { since: untold.since, dropped: untold.dropped, ..self }
    }

    /// Takes note of a failure that time may mend.
    pub(super) fn wait(&mut self, error: &rusqlite::Error) {
        self.reason = error.to_string();
        self.retry_at = Instant::now() + self.delay;
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
    }

    /// Takes note that one of `tried` records cannot be written at all.
    ///
    /// Halving finds it; it is given up, so that it does not block those behind it. Returns how many
    /// records at the front to give up.
    pub(super) fn search(&mut self, error: &rusqlite::Error, tried: usize) -> usize {
        self.reason = error.to_string();
        self.retry_at = Instant::now();
        if tried > 1 {
            self.searching = Some(tried / 2);
            return 0;
        }
        self.searching = None;
        self.dropped += 1;
        1
    }

    /// Whether there is room for one more draft; counts it as dropped where there is none.
    pub(super) fn admits(&mut self, draft: &Draft, waiting: usize) -> bool {
        let bytes = self.held_bytes + size(&draft.body);
        let has_room = waiting < self.bound.records && bytes <= self.bound.bytes;
        if has_room {
            self.held_bytes = bytes;
        } else {
            self.dropped += 1;
        }
        has_room
    }

    /// Returns what to publish.
    pub(super) fn health(&self, waiting: usize) -> Health {
        Health::Failing {
            since: self.since,
            reason: self.reason.clone(),
            waiting: waiting as u64,
            dropped: self.dropped,
        }
    }

    /// Returns how many records were given up, where `record` is that of a trouble.
    pub(super) fn told_by(record: &Record) -> Option<u64> {
        let Body::Coverage(coverage) = &record.body else { return None };
        (coverage.source == SOURCE && coverage.state == RESTORED).then_some(coverage.missed?)
    }

    /// Returns the record of it, now that it is over.
    pub(super) fn coverage(self) -> Draft {
        let now = Timestamp::now();
        let coverage = Coverage {
            source: SOURCE.to_owned(),
            state: RESTORED.to_owned(),
            from: self.since,
            until: Some(now),
            reason: format!("the ledger could not be written: {}", self.reason),
            missed: Some(self.dropped),
            unit: Some("records".to_owned()),
            unnamed: None,
        };
        let (evidence, replaces) = (Evidence::Kernel, None);
        Draft { at: now, evidence, replaces, body: Body::Coverage(coverage) }
    }
}

/// Returns about how much memory a body takes.
fn size(body: &Body) -> usize {
    serde_json::to_vec(body).map_or(0, |json| json.len())
}
