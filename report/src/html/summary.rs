//! The week in a few sentences and numbers, beside those of the week before.

use trackway_protocol::report::{DayUse, Report};

use super::chart;
use super::page::Page;
use crate::words::sentences::Figure;
use crate::words::{self, number, sentences, total};

/// More days than these are no picture on a tile.
const MOST_DAYS: usize = 62;

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("summary", "Summary", |page| {
        page.tag("div", &[("class", "lead")], |page| {
            for sentence in sentences::summary(report) {
                page.paragraph(&sentence);
            }
        });
        if sentences::is_empty(report) {
            return;
        }
        page.tag("ul", &[("class", "tiles")], |page| tiles(page, report));
        if let Some(before) = &report.before {
            page.note(&sentences::compared(before, page.zone()));
        }
    });
}

fn tiles(page: &mut Page, report: &Report) {
    let of_days = [
        by_day(report, |day| day.launches),
        by_day(report, |day| day.active_quarters),
        by_day(report, |day| total(&day.use_.tokens)),
    ];
    let of_days = of_days.into_iter().chain(std::iter::repeat(Vec::new()));
    for (at, (figure, days)) in sentences::FIGURES.into_iter().zip(of_days).enumerate() {
        if at == 3 {
            cost_tile(page, report);
        }
        number_tile(page, report, figure, &days);
    }
}

/// Returns a number of each day; none where these are no picture.
fn by_day(report: &Report, of: fn(&DayUse) -> u64) -> Vec<u64> {
    match report.days.len() {
        2..=MOST_DAYS => report.days.iter().map(of).collect(),
        _ => Vec::new(),
    }
}

fn number_tile(page: &mut Page, report: &Report, figure: Figure, days: &[u64]) {
    let (name, of, shown) = figure;
    let now = of(&report.totals);
    let change = report.before.as_ref().map(|before| words::change(now, of(&before.totals), shown));
    tile(page, name, &shown(now), change.as_deref(), days);
}

fn cost_tile(page: &mut Page, report: &Report) {
    let now = &report.totals.use_;
    let mut notes = Vec::new();
    if let Some(before) = &report.before {
        notes.push(words::cost_change(now, &before.totals.use_));
    }
    if now.cost_microusd.is_some() && now.unpriced_responses > 0 {
        notes.push(format!("{} unpriced", number(now.unpriced_responses)));
    }
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let days = by_day(report, |day| day.use_.cost_microusd.unwrap_or(0));
    tile(page, "API-equivalent cost", &words::priced(now), note.as_deref(), &days);
}

fn tile(page: &mut Page, name: &str, value: &str, change: Option<&str>, days: &[u64]) {
    page.tag("li", &[], |page| {
        page.leaf("span", &[("class", "name")], name);
        page.leaf("strong", &[], value);
        if let Some(change) = change {
            page.leaf("span", &[("class", "change")], change);
        }
        if days.iter().any(|day| *day > 0) {
            chart::spark(page, days);
        }
    });
}
