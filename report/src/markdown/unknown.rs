//! What the report does not know, how costs are reckoned, and what the report itself is worth.

use trackway_protocol::report::Report;
use trackway_protocol::row::{GapRow, TimeRow};

use super::page::Page;
use super::table::Column::{Numbers, Words};
use super::table::table;
use super::text::{code, code_or_unknown, prose};
use crate::words::{count, length, number, sentences};

pub(super) fn write(page: &mut Page, report: &Report) {
    let unknown = &report.unknown;
    page.heading(2, "What this report does not know");
    sentences::unknown(unknown).iter().for_each(|sentence| page.item(0, sentence));
    list(page, "Session files that were not understood", &unknown.not_understood);
    list(page, "Models without a price", &unknown.unpriced);
    page.heading(3, "How much of the range each source saw");
    times(page, &unknown.time);
    page.heading(3, "When a source saw nothing, or less than everything");
    if unknown.gaps.is_empty() {
        page.paragraph("There was no such time.");
    }
    unknown.gaps.iter().for_each(|gap| self::gap(page, gap));
    page.more(unknown.more_gaps);
}

fn list(page: &mut Page, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    page.heading(3, title);
    lines.iter().for_each(|line| page.item(0, &prose(line)));
}

/// Writes how a range divides for each source.
pub(super) fn times(page: &mut Page, times: &[TimeRow]) {
    if times.is_empty() {
        page.paragraph("This is not known.");
        return;
    }
    let columns = [
        Words("Source"),
        Numbers("Recorded"),
        Numbers("In part"),
        Numbers("Blind"),
        Numbers("Gaps"),
        Numbers("Off"),
        Numbers("Not recorded"),
    ];
    let rows: Vec<_> = times
        .iter()
        .map(|time| {
            vec![
                prose(&time.source),
                length(time.recorded_ms),
                length(time.degraded_ms),
                length(time.blind_ms),
                number(time.blind_gaps),
                length(time.off_ms),
                length(time.unrecorded_ms),
            ]
        })
        .collect();
    table(page, &columns, &rows);
}

fn gap(page: &mut Page, gap: &GapRow) {
    let until = gap.until.map_or_else(|| "not over yet".into(), |until| page.time(until));
    let (source, state) = (prose(&gap.source), prose(&gap.state));
    page.item(
        0,
        &format!("{source} {state}, {} – {until}: {}", page.time(gap.from), prose(&gap.reason)),
    );
    let missed = match gap.missed {
        Some(many) => format!("{} {}", number(many), prose(gap.unit.as_deref().unwrap_or("times"))),
        None => "not known".into(),
    };
    let unnamed = gap.unnamed.map(|many| count(many, "program", "programs"));
    let unnamed = unnamed.map(|many| format!(", {many} of unknown name")).unwrap_or_default();
    page.item(1, &format!("missed: {missed}{unnamed}; record {}", number(gap.seq)));
}

pub(super) fn costs(page: &mut Page, report: &Report) {
    page.heading(2, "How costs are reckoned");
    page.paragraph(sentences::COSTS);
    let prices = &report.prices;
    let mut text = match (prices.date.is_empty(), prices.source.is_empty()) {
        (true, _) => "When the prices were looked up is not known.".into(),
        (false, true) => format!("Prices are those of {}.", prose(&prices.date)),
        (false, false) => {
            format!("Prices are those of {}, from {}.", prose(&prices.date), prose(&prices.source))
        }
    };
    if let Some(own) = &prices.own {
        text.push_str(&format!(" The user's own prices go first: {}", code(own)));
    }
    page.paragraph(&text);
}

pub(super) fn foot(page: &mut Page, report: &Report) {
    page.heading(2, "What this is worth");
    page.paragraph(sentences::LIMIT);
    page.item(0, &format!("Ledger: up to record {}", number(report.seq)));
    page.item(0, &format!("SHA-256: {}", code_or_unknown(report.sha256.as_deref())));
    let version = prose(&report.version);
    page.item(0, &format!("Made by: Trackway {version}, report format {}", report.report));
}
