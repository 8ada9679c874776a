//! A report as Markdown, to be read in a terminal and on a pull request. Nothing that was captured can
//! become a link, a mention, an element or a part of the layout (`text`).
//!
//! The order is that of the page for a browser.

use jiff::tz::TimeZone;
use trackway_protocol::report::{Absence, Report};

use crate::zone;
use page::Page;

mod absence;
mod activity;
mod changes;
mod overview;
mod page;
mod places;
mod table;
mod text;
mod unknown;

#[cfg(test)]
mod tests;

/// Makes a report into Markdown.
#[must_use]
pub fn render(report: &Report) -> String {
    let zone = zone::named(&report.range.time_zone);
    let is_zone_known = zone.is_some();
    let mut page = Page::new(zone.unwrap_or(TimeZone::UTC));
    overview::head(&mut page, report, is_zone_known);
    let sections = [
        overview::summary,
        overview::needs_attention,
        overview::coverage,
        places::write,
        places::left,
        places::zones,
        activity::agents,
        activity::models,
        activity::write,
        changes::changes,
        changes::findings,
        unknown::write,
        unknown::costs,
        unknown::foot,
    ];
    sections.iter().for_each(|section| section(&mut page, report));
    page.finish()
}

/// Makes the answer to whether a place was touched into Markdown.
#[must_use]
pub fn absence(absence: &Absence) -> String {
    absence::write(absence)
}
