//! A report as one page for a browser: no script, nothing from elsewhere, and nothing that was captured
//! can become a part of it (see `page`). It can be printed, and reads by day and by night.
//!
//! The order is that of a reviewer's questions: what it is about, what needs attention, how much was
//! seen; then where, what left, zones, who; at the end what the report does not know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use trackway_protocol::report::Report;

use crate::zone;
use page::Page;

mod activity;
mod agents;
mod attention;
mod bars;
mod changes;
mod chart;
mod coverage;
mod days;
mod foot;
mod head;
mod heat;
mod left;
mod page;
mod places;
mod summary;
mod table;
mod unknown;
mod zones;

#[cfg(test)]
mod tests;

const STYLE: &str = include_str!("html/style.css");

/// Makes a report into a page.
#[must_use]
pub fn render(report: &Report) -> String {
    let zone = zone::named(&report.range.time_zone);
    let is_zone_known = zone.is_some();
    let mut page = Page::new(zone.unwrap_or(TimeZone::UTC));
    page.tag("html", &[("lang", "en")], |page| {
        page.tag("head", &[], |page| about(page, report));
        page.tag("body", &[], |page| {
            head::write(page, report, is_zone_known);
            page.tag("main", &[], |page| sections(page, report));
            foot::write(page, report);
        });
    });
    page.finish()
}

fn sections(page: &mut Page, report: &Report) {
    summary::write(page, report);
    attention::write(page, report);
    coverage::write(page, report);
    places::write(page, report);
    left::write(page, report);
    zones::write(page, report);
    agents::write(page, report);
    activity::write(page, report);
    changes::write(page, report);
    unknown::write(page, report);
    foot::costs(page, report);
}

/// Says what the page is, and that nothing is to be fetched or run for it, whatever is in it.
fn about(page: &mut Page, report: &Report) {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    page.void("meta", &[("charset", "utf-8")]);
    page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
    page.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    page.leaf("title", &[], &title(report));
    page.style(STYLE);
}

fn title(report: &Report) -> String {
    let range = report.range.week.as_deref().unwrap_or("report");
    match &report.host {
        Some(host) => format!("Trackway: {range} on {host}"),
        None => format!("Trackway: {range}"),
    }
}
