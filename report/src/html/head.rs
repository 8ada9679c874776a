//! The head: what the report is about.

use trackway_protocol::report::{Report, ReportRange};

use super::page::Page;
use crate::calendar::zoned;
use crate::words::{self, number};

pub(super) fn write(page: &mut Page, report: &Report, is_zone_known: bool) {
    let range = &report.range;
    page.tag("header", &[], |page| {
        page.tag("div", &[("class", "title")], |page| {
            page.tag("p", &[("class", "brand")], |page| {
                trail(page);
                page.text("Trackway");
            });
            match &range.week {
                Some(week) => page.leaf("h1", &[], &format!("Week {week}")),
                None => page.leaf("h1", &[], "Report"),
            }
            let days =
                words::range(&zoned(range.from, page.zone()), &zoned(range.until, page.zone()));
            page.leaf("p", &[("class", "range")], &days);
        });
        page.tag("dl", &[("class", "about")], |page| {
            fact(page, "Host", |page| page.code_or_unknown(report.host.as_deref()));
            fact(page, "Times in", |page| {
                if is_zone_known {
                    page.text(&range.time_zone);
                } else {
                    page.text("UTC, since this is no known time zone: ");
                    page.code(&range.time_zone);
                }
            });
            fact(page, "Made", |page| {
                page.time(report.made_at);
                let is_complete = range.complete;
                page.chip(
                    if is_complete { "good" } else { "medium" },
                    if is_complete { "complete" } else { "not over yet" },
                );
            });
            fact(page, "From", |page| match report.seq {
                0 => page.text("an empty ledger"),
                seq => page.text(&format!("the ledger up to record {}", number(seq))),
            });
            fact(page, "About", |page| about(page, range));
        });
    });
}

fn fact(page: &mut Page, name: &str, inside: impl FnOnce(&mut Page)) {
    page.leaf("dt", &[], name);
    page.tag("dd", &[], inside);
}

fn about(page: &mut Page, range: &ReportRange) {
    let filters =
        [("agent", &range.agent), ("repository", &range.repo), ("what lies below", &range.dir)];
    let mut is_all = true;
    for (what, filter) in filters {
        let Some(filter) = filter else { continue };
        page.text(if is_all { "only " } else { ", " });
        page.text(&format!("{what} "));
        page.code(filter);
        is_all = false;
    }
    if is_all {
        page.text("everything that was recorded");
    }
}

/// Draws footprints: a trackway is a trail of them.
fn trail(page: &mut Page) {
    let attributes = [("class", "trail"), ("viewBox", "0 0 44 20"), ("aria-hidden", "true")];
    page.tag("svg", &attributes, |page| {
        for (x, y) in [("6", "14"), ("16", "6"), ("27", "14"), ("38", "6")] {
            let print = [("cx", x), ("cy", y), ("rx", "5"), ("ry", "3.2")];
            page.leaf("ellipse", &print, "");
        }
    });
}
