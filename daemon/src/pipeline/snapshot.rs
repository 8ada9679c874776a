//! What `status` shows of the pipeline.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::{AgentInstall, Backfill, SourceStatus};

use super::LAUNCHES;
use super::misread::Misread;
use crate::configuration;
use crate::event::{SourceReport, State};
use crate::ingest;
use crate::source::changes;

/// What is known of the sources, of agents and of what runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) sources: Vec<SourceStatus>,
    pub(crate) agents: Vec<AgentInstall>,
    pub(crate) running: u64,
    /// None before anything was looked at.
    pub(crate) backfill: Option<Backfill>,
    pub(crate) misread: Misread,
    /// Until when nothing is recorded, where that is so.
    pub(crate) paused_until: Option<Timestamp>,
    /// Since when that is so.
    pub(crate) paused_since: Option<Timestamp>,
}

impl Snapshot {
    /// Takes a source's report into its row: a range that is over leaves the source active, or as
    /// limited as it is by itself.
    pub(crate) fn apply(&mut self, report: &SourceReport) {
        if report.name == ingest::NAME && report.state == State::Lost {
            let (done_bytes, total_bytes) =
                self.backfill.as_ref().map_or((0, 0), |it| (it.done_bytes, it.total_bytes));
            let state = "stopped".into();
            self.backfill = Some(Backfill { state, done_bytes, total_bytes });
        }
        let known = self.sources.iter().find(|source| source.name == report.name);
        let over = report.until.is_some() && report.state == State::Degraded;
        if over && known.is_some_and(|source| source.state == State::Degraded.as_str()) {
            return;
        }
        let state = match report.state {
            State::Restored => State::Active,
            _ if over => State::Active,
            state => state,
        };
        let row = SourceStatus {
            name: report.name.into(),
            tier: report.tier.into(),
            state: state.as_str().into(),
            reason: report.reason.clone(),
            since: report.until.unwrap_or(report.from),
        };
        match self.sources.iter_mut().find(|source| source.name == report.name) {
            Some(source) => *source = row,
            None => {
                self.sources.push(row);
                // Each begins on a thread of its own: they are told in one order all the same.
                self.sources.sort_by_key(|source| rank(&source.name));
            }
        }
    }
}

/// The place of a source in `status`: what decides whether launches are recorded comes first.
fn rank(name: &str) -> usize {
    const ORDER: [&str; 5] =
        [LAUNCHES, "open-exec", changes::NAME, ingest::NAME, configuration::NAME];
    ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len())
}
