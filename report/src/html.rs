//! A report as html.

use trackway_protocol::report::Report;

/// Makes a report into html.
#[must_use]
pub fn render(_report: &Report) -> String {
    String::new()
}
