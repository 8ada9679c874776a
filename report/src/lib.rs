//! What a report looks like, and what it takes to make one: the calendar and the prices.
//!
//! Pure, but for the system's time zones: no clock, no file, no environment. `trackwayd` fills a [`Report`] and writes one every week;
//! `trackwayctl` asks for others and shows them; both by what is here.
//!
//! [`Report`]: trackway_protocol::report::Report

pub mod calendar;
pub mod clean;
pub mod csv;
pub mod html;
pub mod markdown;
pub mod prices;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod words;
pub mod zone;

use trackway_protocol::report::Report;

/// What a report can be made into, as one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal and for a pull request.
    Markdown,
    /// One file for a browser.
    Html,
    /// The table of repositories ([`csv::tables`] has the others).
    Csv,
    /// The report itself, for programs.
    Json,
}

impl Format {
    /// The formats by the names that people type.
    pub const ALL: [(&'static str, Self); 4] =
        [("md", Self::Markdown), ("html", Self::Html), ("csv", Self::Csv), ("json", Self::Json)];

    /// Returns the format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(other, _)| *other == name).map(|(_, format)| format)
    }

    /// Returns what the names of its files end in, and people type.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, other)| *other == self).map_or("", |(name, _)| name)
    }
}

/// Makes a report into text.
#[must_use]
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Csv => csv::repos(report),
        Format::Json => json(report),
    }
}

fn json(report: &Report) -> String {
    let mut text = serde_json::to_string(report).unwrap_or_default();
    text.push('\n');
    text
}
