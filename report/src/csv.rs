//! A report as tables for a spreadsheet.

use trackway_protocol::report::Report;

/// A table by its name, which its file has as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name: `repos`, `days` …
    pub name: &'static str,
    /// The table, with a line of headings.
    pub text: String,
}

/// Returns all tables of a report.
#[must_use]
pub fn tables(_report: &Report) -> Vec<Table> {
    Vec::new()
}

/// Returns the table of repositories.
#[must_use]
pub fn repos(_report: &Report) -> String {
    String::new()
}
