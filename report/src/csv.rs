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
    names().iter().map(|name| Table { name, text: format!("{name}\n") }).collect()
}

/// Returns the table of repositories.
#[must_use]
pub fn repos(report: &Report) -> String {
    table(report, "repos").unwrap_or_default()
}

/// Returns the table of this name.
#[must_use]
pub fn table(report: &Report, name: &str) -> Option<String> {
    tables(report).into_iter().find(|table| table.name == name).map(|table| table.text)
}

/// Returns the names of all tables.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &["summary", "days", "repos"]
}
