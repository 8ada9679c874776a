//! Reports, when a client asks for one.

use jiff::tz::TimeZone;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::{FailureCode, Filter};

use super::answer::{Refusal, Whole};
use super::blocks;
use crate::report::{self, Subject};
use crate::store::Reader;

/// Reads what a report is to be about.
pub(super) fn subject(
    filter: Filter,
    week: Option<String>,
    time_zone: Option<String>,
) -> Result<Subject, Refusal> {
    let name = time_zone.as_deref().unwrap_or("UTC");
    let zone = TimeZone::get(name).map_err(|_| Refusal {
        code: FailureCode::BadRequest,
        message: format!("the daemon knows no time zone {name:?}"),
    })?;
    Ok(Subject { filter, week, zone })
}

/// Answers with a report.
pub(super) fn report(reader: &Reader, id: u64, subject: &Subject) -> Result<Whole, Refusal> {
    let report = report::report(reader, subject, Timestamp::now())?;
    Ok(Whole { blocks: blocks::rows(id, vec![report]), more: None })
}

/// Answers whether a place was touched.
pub(super) fn absence(reader: &Reader, id: u64, filter: &Filter) -> Result<Whole, Refusal> {
    let absence = report::absence(reader, filter, Timestamp::now())?;
    Ok(Whole { blocks: blocks::rows(id, vec![absence]), more: None })
}
