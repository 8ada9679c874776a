//! Reports, when a client asks for one.

use trackway_protocol::message::{FailureCode, Filter};

use super::answer::Refusal;
use crate::report::Subject;

/// Reads what a report is to be about.
pub(super) fn subject(
    filter: Filter,
    week: Option<String>,
    time_zone: Option<String>,
) -> Result<Subject, Refusal> {
    let name = time_zone.as_deref().unwrap_or("UTC");
    let zone = trackway_report::zone::named(name).ok_or_else(|| Refusal {
        code: FailureCode::BadRequest,
        message: format!("the daemon knows no time zone {name:?}"),
    })?;
    Ok(Subject { filter, week, zone })
}
