//! How much of the range was seen: what no report of nothing is worth anything without.

use trackway_protocol::report::Report;
use trackway_protocol::row::TimeRow;

use super::page::Page;
use super::words::length;
use super::words::share;
use super::{chart, words};
use crate::words::count;

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("coverage", "How much was seen", |page| {
        let text = sentence(report);
        let Some(time) = report.unknown.time.first().filter(|time| all(time) > 0) else {
            page.paragraph(&text);
            return;
        };
        page.paragraph(&text);
        let parts: Vec<_> = parts(time).into_iter().filter(|part| part.ms > 0).collect();
        let widths: Vec<_> = parts.iter().map(|part| (part.class, part.ms)).collect();
        chart::strip(page, &widths);
        page.tag("ul", &[("class", "legend")], |page| {
            for part in &parts {
                page.tag("li", &[], |page| {
                    chart::key(page, part.class);
                    let (name, ms) = (part.name, part.ms);
                    page.text(&format!("{name}: {} ({})", length(ms), share(ms, all(time))));
                });
            }
        });
        page.note(
            "This is about launches. The other sources, and when and why less was seen, are below, \
             under what this report does not know.",
        );
    });
}

/// One part of a range.
struct Part {
    name: &'static str,
    class: &'static str,
    ms: u64,
}

fn parts(time: &TimeRow) -> [Part; 5] {
    [
        Part { name: "recorded", class: "recorded", ms: time.recorded_ms },
        Part { name: "recorded in part", class: "degraded", ms: time.degraded_ms },
        Part { name: "blind", class: "blind", ms: time.blind_ms },
        Part { name: "machine off", class: "off", ms: time.off_ms },
        Part { name: "before Trackway was there", class: "unrecorded", ms: time.unrecorded_ms },
    ]
}

fn all(time: &TimeRow) -> u64 {
    parts(time).iter().map(|part| part.ms).sum()
}

/// Says in a sentence how much was seen.
pub(super) fn sentence(report: &Report) -> String {
    let Some(time) = report.unknown.time.first().filter(|time| all(time) > 0) else {
        return "How much of it was recorded is not known.".into();
    };
    let recorded = share(time.recorded_ms, all(time));
    let gaps = match time.blind_gaps {
        0 => "no gap".into(),
        gaps => format!("blind for {} in {}", length(time.blind_ms), count(gaps, "gap", "gaps")),
    };
    let mut rest = vec![gaps];
    for (ms, what) in [
        (time.degraded_ms, "recorded in part for"),
        (time.off_ms, "the machine off for"),
        (time.unrecorded_ms, "not recorded at all for"),
    ] {
        if ms > 0 {
            rest.push(format!("{what} {}", length(ms)));
        }
    }
    let so_far = if report.range.complete { "" } else { " so far" };
    format!("Recorded {recorded} of {}{so_far}; {}.", length(all(time)), words::list(&rest))
}

/// Returns the parts of a range that there are, as shares of it.
pub(super) fn shares(time: &TimeRow) -> String {
    let parts: Vec<_> = parts(time)
        .into_iter()
        .filter(|part| part.ms > 0)
        .map(|part| format!("{} {}", part.name, share(part.ms, all(time))))
        .collect();
    parts.join(", ")
}
