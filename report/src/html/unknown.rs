//! What the report does not know. A nothing is said as well: it is known then.

use trackway_protocol::report::Report;
use trackway_protocol::row::{GapRow, TimeRow};

use super::page::Page;
use super::table::{long, numbers, short, table, words};
use crate::words::{count, length, number, sentences};

pub(super) fn write(page: &mut Page, report: &Report) {
    let unknown = &report.unknown;
    page.section("unknown", "What this report does not know", |page| {
        page.tag("ul", &[("class", "sentences")], |page| {
            for sentence in sentences::unknown(unknown) {
                page.leaf("li", &[], &sentence);
            }
        });
        list(page, "Session files that were not understood", &unknown.not_understood);
        list(page, "Models without a price", &unknown.unpriced);
        page.leaf("h3", &[], "How much of the range each source saw");
        if unknown.time.is_empty() {
            page.paragraph("This is not known.");
        } else {
            times(page, &unknown.time);
        }
        page.leaf("h3", &[], "When a source saw nothing, or less than everything");
        if unknown.gaps.is_empty() {
            page.paragraph("There was no such time.");
        } else {
            gaps(page, &unknown.gaps);
        }
        page.more(unknown.more_gaps);
    });
}

fn list(page: &mut Page, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    page.leaf("h3", &[], title);
    page.tag("ul", &[("class", "paths")], |page| {
        for line in lines {
            page.tag("li", &[], |page| page.code(line));
        }
    });
}

fn times(page: &mut Page, times: &[TimeRow]) {
    let columns = [
        words("Source"),
        numbers("Recorded"),
        numbers("In part"),
        numbers("Blind"),
        numbers("Gaps"),
        numbers("Off"),
        numbers("Not recorded"),
    ];
    table(page, "How much each source saw", &columns, times, |row, time| {
        row.text(&time.source);
        row.text(&length(time.recorded_ms));
        row.text(&length(time.degraded_ms));
        row.text(&length(time.blind_ms));
        row.number(time.blind_gaps);
        row.text(&length(time.off_ms));
        row.text(&length(time.unrecorded_ms));
    });
}

fn gaps(page: &mut Page, gaps: &[GapRow]) {
    let columns = [
        short("From"),
        short("Until"),
        words("Source"),
        words("State"),
        long("What happened"),
        words("Missed"),
        numbers("Record"),
    ];
    table(page, "Gaps", &columns, gaps, |row, gap| {
        row.cell(|page| page.time(gap.from));
        row.cell(|page| match gap.until {
            Some(until) => page.time(until),
            None => page.text("not over yet"),
        });
        row.text(&gap.source);
        row.text(&gap.state);
        row.text(&gap.reason);
        row.cell(|page| missed(page, gap));
        row.number(gap.seq);
    });
}

fn missed(page: &mut Page, gap: &GapRow) {
    match gap.missed {
        Some(many) => {
            page.text(&format!("{} {}", number(many), gap.unit.as_deref().unwrap_or("times")));
        }
        None => page.unknown(),
    }
    if let Some(unnamed) = gap.unnamed {
        let text = format!("{} of unknown name", count(unnamed, "program", "programs"));
        page.sub(&text);
    }
}
