//! What the report is about, in short, and what needs attention.

use trackway_protocol::report::{Report, ReportRange};

use super::page::Page;
use super::table::Column::{Numbers, Words};
use super::table::table;
use super::text::{code, code_or_unknown, prose};
use crate::calendar::zoned;
use crate::words::{
    attention, change, cost_change, length, number, priced, range, sentences, share,
};

pub(super) fn head(page: &mut Page, report: &Report, is_zone_known: bool) {
    let about = &report.range;
    let title = match &about.week {
        Some(week) => format!("Trackway: week {}", prose(week)),
        None => "Trackway: report".into(),
    };
    page.heading(1, &title);
    let days = range(&zoned(about.from, page.zone()), &zoned(about.until, page.zone()));
    page.paragraph(&days);
    page.item(0, &format!("Host: {}", code_or_unknown(report.host.as_deref())));
    let zone = match is_zone_known {
        true => prose(&about.time_zone),
        false => format!("UTC, since this is no known time zone: {}", code(&about.time_zone)),
    };
    page.item(0, &format!("Times in: {zone}"));
    let state = if about.complete { "complete" } else { "not over yet" };
    page.item(0, &format!("Made: {}; {state}", page.time(report.made_at)));
    page.item(
        0,
        &match report.seq {
            0 => "From: an empty ledger".into(),
            seq => format!("From: the ledger up to record {}", number(seq)),
        },
    );
    page.item(0, &format!("About: {}", filters(about)));
}

fn filters(range: &ReportRange) -> String {
    let filters =
        [("agent", &range.agent), ("repository", &range.repo), ("what lies below", &range.dir)];
    let only: Vec<String> = filters
        .into_iter()
        .filter_map(|(what, filter)| Some(format!("{what} {}", code(filter.as_ref()?))))
        .collect();
    match only.is_empty() {
        true => "everything that was recorded".into(),
        false => format!("only {}", only.join(", ")),
    }
}

pub(super) fn summary(page: &mut Page, report: &Report) {
    page.heading(2, "Summary");
    for sentence in sentences::summary(report) {
        page.item(0, &prose(&sentence));
    }
    if sentences::is_empty(report) {
        return;
    }
    let before = report.before.as_ref().map(|before| &before.totals);
    let mut rows: Vec<Vec<String>> = sentences::FIGURES
        .into_iter()
        .map(|(name, of, shown)| {
            let change = before.map(|before| change(of(&report.totals), of(before), shown));
            vec![name.into(), shown(of(&report.totals)), change.unwrap_or_default()]
        })
        .collect();
    let use_ = &report.totals.use_;
    let change = before.map(|before| cost_change(use_, &before.use_));
    rows.insert(3, vec!["API-equivalent cost".into(), priced(use_), change.unwrap_or_default()]);
    if before.is_none() {
        rows.iter_mut().for_each(|row| row.truncate(2));
    }
    let columns = [Words("What"), Numbers("How much"), Words("Change")];
    table(page, &columns[..if before.is_some() { 3 } else { 2 }], &rows);
    if let Some(before) = &report.before {
        let text = sentences::compared(before, page.zone());
        page.paragraph(&text);
    }
}

pub(super) fn needs_attention(page: &mut Page, report: &Report) {
    page.heading(2, "What needs attention");
    let matters = attention::matters(report);
    if matters.is_empty() {
        page.paragraph(attention::CALM);
    }
    for matter in matters {
        let place = matter.place.map(|place| format!(" {}", code(place))).unwrap_or_default();
        let when = page.time(matter.at);
        let text = format!("**{}** {}{place}, {when}", matter.risk, prose(&matter.what));
        page.item(0, &text);
    }
    if let Some(more) = attention::more(report) {
        page.paragraph(&more);
    }
}

pub(super) fn coverage(page: &mut Page, report: &Report) {
    page.heading(2, "How much was seen");
    page.paragraph(&sentences::seen(report));
    let Some(time) = report.unknown.time.first() else { return };
    let all = sentences::all(time);
    for (name, ms) in sentences::parts(time).into_iter().filter(|(_, ms)| *ms > 0) {
        page.item(0, &format!("{name}: {} ({})", length(ms), share(ms, all)));
    }
    page.paragraph(sentences::ABOUT_LAUNCHES);
}
