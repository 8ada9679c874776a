//! How much of the range was seen: what no report of nothing is worth anything without.

use trackway_protocol::report::Report;

use super::chart;
use super::page::Page;
use crate::words::sentences::{self, all, parts};
use crate::words::{length, share};

const CLASSES: [&str; 5] = ["recorded", "degraded", "blind", "off", "unrecorded"];

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("coverage", "How much was seen", |page| {
        let text = sentences::seen(report);
        let Some(time) = report.unknown.time.first().filter(|time| all(time) > 0) else {
            page.paragraph(&text);
            return;
        };
        page.paragraph(&text);
        let parts: Vec<_> =
            parts(time).into_iter().zip(CLASSES).filter(|((_, ms), _)| *ms > 0).collect();
        let widths: Vec<_> = parts.iter().map(|((_, ms), class)| (*class, *ms)).collect();
        chart::strip(page, &widths);
        page.tag("ul", &[("class", "legend")], |page| {
            for ((name, ms), class) in parts {
                page.tag("li", &[], |page| {
                    chart::key(page, class);
                    page.text(&format!("{name}: {} ({})", length(ms), share(ms, all(time))));
                });
            }
        });
        page.note(sentences::ABOUT_LAUNCHES);
    });
}
