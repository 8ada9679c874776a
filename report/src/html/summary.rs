//! The week in a few sentences and numbers, beside those of the week before.

use trackway_protocol::report::{DayUse, Report};

use super::chart;
use super::page::Page;
use crate::words::{self, dollars, sentences, total};

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
    let now = &report.totals;
    let before = report.before.as_ref().map(|before| &before.totals);
    let days = |of: fn(&DayUse) -> u64| match report.days.len() {
        2..=MOST_DAYS => report.days.iter().map(of).collect(),
        _ => Vec::new(),
    };
    let of_days = [
        days(|day| day.launches),
        days(|day| day.active_quarters),
        days(|day| total(&day.use_.tokens)),
    ];
    let of_days = of_days.into_iter().chain(std::iter::repeat(Vec::new()));
    for (at, ((name, of, shown), days)) in sentences::FIGURES.into_iter().zip(of_days).enumerate() {
        if at == 3 {
            cost(page, report);
        }
        let change = before.map(|before| words::change(of(now), of(before), shown));
        tile(page, name, &shown(of(now)), change.as_deref(), &days);
    }
}

fn cost(page: &mut Page, report: &Report) {
    let now = &report.totals.use_;
    let before = report.before.as_ref().map(|before| before.totals.use_);
    let shown = now.cost_microusd.map_or_else(|| "unpriced".into(), dollars);
    let change = before.map(|before| match (now.cost_microusd, before.cost_microusd) {
        (Some(now), Some(before)) => words::change(now, before, dollars),
        (_, Some(before)) => format!("from {}", dollars(before)),
        (_, None) => "from unpriced".into(),
    });
    let days: Vec<u64> = match report.days.len() {
        2..=MOST_DAYS => {
            report.days.iter().map(|day| day.use_.cost_microusd.unwrap_or(0)).collect()
        }
        _ => Vec::new(),
    };
    tile(page, "API-equivalent cost", &shown, change.as_deref(), &days);
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
