//! A report as tables for a spreadsheet, one fact a cell: what has many values has many rows, but for
//! words, which have blanks between them.
//!
//! An empty cell is unknown, never nothing; where a repository has no name, the row is about what is
//! elsewhere. Times are RFC 3339 in UTC, costs are US dollars of what has a price, with
//! `unpriced_responses` beside them. A row is one line, and a cell does nothing ([`cell`]).
//!
//! Compatibility: tables, and columns at the end of one, are only ever added.

use trackway_protocol::report::Report;

mod activity;
mod attention;
pub mod cell;
mod places;
mod sheet;
mod unknown;

#[cfg(test)]
mod tests;

/// A table by its name, which its file has as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name: `repos`, `days` …
    pub name: &'static str,
    /// The table, with a line of headings.
    pub text: String,
}

type Make = fn(&Report) -> String;

const TABLES: [(&str, Make); 17] = [
    ("summary", activity::summary),
    ("days", activity::days),
    ("hours", activity::hours),
    ("repos", places::repos),
    ("roots", places::roots),
    ("dirs", places::dirs),
    ("read_under", places::read_under),
    ("agents", activity::agents),
    ("models", activity::models),
    ("zones", attention::zones),
    ("zone_entries", attention::zone_entries),
    ("config_changes", attention::config_changes),
    ("risky_changes", attention::risky_changes),
    ("findings", attention::findings),
    ("coverage", unknown::coverage),
    ("gaps", unknown::gaps),
    ("unknown", unknown::unknown),
];

const NAMES: [&str; TABLES.len()] = {
    let mut names = [""; TABLES.len()];
    let mut at = 0;
    while at < TABLES.len() {
        names[at] = TABLES[at].0;
        at += 1;
    }
    names
};

/// Returns the names of the tables, in their order.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &NAMES
}

/// Returns all tables of a report.
#[must_use]
pub fn tables(report: &Report) -> Vec<Table> {
    TABLES.iter().map(|(name, make)| Table { name, text: make(report) }).collect()
}

/// Returns the table of this name.
#[must_use]
pub fn table(report: &Report, name: &str) -> Option<String> {
    TABLES.iter().find(|(other, _)| *other == name).map(|(_, make)| make(report))
}

/// Returns the table of repositories.
#[must_use]
pub fn repos(report: &Report) -> String {
    places::repos(report)
}
