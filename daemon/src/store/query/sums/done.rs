//! What was done in one place, added up.

use std::collections::BTreeSet;

use rusqlite::Row;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Evidence;

use super::super::super::register;

/// What was done in one place.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Done {
    pub(in super::super) hows: i64,
    /// Of the launches.
    pub(in super::super) kinds: BTreeSet<i64>,
    pub(in super::super) launches: u64,
    range: Option<(i64, i64)>,
    evidence: i64,
}

impl Done {
    /// Adds a row of [`super::parts`].
    pub(super) fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let (first, last): (i64, i64) = (row.get(4)?, row.get(5)?);
        self.hows |= row.get::<_, i64>(3)?;
        self.range = Some(match self.range {
            Some((earliest, latest)) => (earliest.min(first), latest.max(last)),
            None => (first, last),
        });
        self.evidence = self.evidence.max(row.get(6)?);
        Ok(())
    }

    pub(in super::super) fn first_at(&self) -> Timestamp {
        Timestamp::from_ms(self.range.unwrap_or_default().0)
    }

    pub(in super::super) fn last_at(&self) -> Timestamp {
        Timestamp::from_ms(self.range.unwrap_or_default().1)
    }

    pub(in super::super) fn evidence(&self) -> Evidence {
        register::evidence(self.evidence)
    }
}
