//! A report as markdown.

use trackway_protocol::report::{Absence, Report};

/// Makes a report into markdown.
#[must_use]
pub fn render(_report: &Report) -> String {
    String::new()
}

/// Says whether a place was touched, and how good that answer is.
#[must_use]
pub fn absence(_absence: &Absence) -> String {
    String::new()
}
