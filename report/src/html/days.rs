//! Tokens and cost by day: two rows of columns above the same days, since they have no scale in common.

use trackway_protocol::report::{DayUse, Report};

use super::chart::{self, Area, CLASSES, Chart, WIDTH, area, label, scaled};
use super::page::Page;
use super::table::{grid, numbers, short};
use crate::words::{by_class, cost, dollars, number, quarters, tokens, total};

const TITLE: &str = "Tokens and cost by day";
const LEFT: u64 = 64;
const PLOT: u64 = WIDTH - LEFT;
/// Where tokens stand, and how high they are; then the same of costs.
const TOKENS: (u64, u64) = (130, 110);
const COSTS: (u64, u64) = (214, 56);
const HEIGHT: u64 = 236;
/// So many names of days are readable below a chart.
const MOST_NAMES: usize = 8;

pub(super) fn write(page: &mut Page, report: &Report) {
    if report.days.iter().all(|day| total(&day.use_.tokens) == 0) {
        return chart::no_figure(page, TITLE, "No tokens were recorded on any day.");
    }
    let most = report.days.iter().max_by_key(|day| total(&day.use_.tokens));
    let description = most.map_or_else(String::new, |day| {
        format!(
            "Columns for {} days. {} has the most tokens: {}, {}.",
            report.days.len(),
            day.date,
            tokens(total(&day.use_.tokens)),
            cost(&day.use_),
        )
    });
    let chart = Chart { id: "chart-days", title: TITLE, description: &description, height: HEIGHT };
    chart::figure(
        page,
        &chart,
        |page| draw(page, &report.days),
        |page| {
            chart::legend(page);
            page.details("Days, as a table", |page| table(page, &report.days));
        },
    );
}

fn draw(page: &mut Page, days: &[DayUse]) {
    let count = days.len() as u64;
    let most = |of: fn(&DayUse) -> u64| chart::round_up(days.iter().map(of).max().unwrap_or(0));
    let most_tokens = most(|day| total(&day.use_.tokens));
    let most_cost = most(|day| day.use_.cost_microusd.unwrap_or(0));
    axis(page, TOKENS, "tokens", &tokens(most_tokens));
    axis(page, COSTS, "cost", &dollars(most_cost));
    let every = days.len().div_ceil(MOST_NAMES);
    for (at, day) in days.iter().enumerate() {
        let index = at as u64;
        let (x, end) = (LEFT + index * PLOT / count, LEFT + (index + 1) * PLOT / count);
        let gap = if end - x > 12 { (end - x) / 6 } else { 0 };
        let (x, width) = (x + gap, (end - x).saturating_sub(2 * gap).max(1));
        page.tag("g", &[], |page| {
            let (all, worth) = (tokens(total(&day.use_.tokens)), cost(&day.use_));
            page.leaf("title", &[], &format!("{}: {all} tokens, {worth}", day.date));
            let (bottom, height) = TOKENS;
            let mut before: u64 = 0;
            for (part, (_, class)) in by_class(&day.use_.tokens).into_iter().zip(CLASSES) {
                let low = scaled(before, most_tokens, height);
                before = before.saturating_add(part);
                let high = scaled(before, most_tokens, height);
                area(page, class, Area { x, y: bottom - high, width, height: high - low }, "");
            }
            let (bottom, height) = COSTS;
            let high = scaled(day.use_.cost_microusd.unwrap_or(0), most_cost, height);
            area(page, "bar", Area { x, y: bottom - high, width, height: high }, "");
        });
        if at % every == 0 {
            label(page, "axis middle", x + width / 2, HEIGHT - 6, &name(&day.date, every));
        }
    }
}

/// Draws where a row of columns begins and ends, with what it ends at.
fn axis(page: &mut Page, (bottom, height): (u64, u64), what: &str, most: &str) {
    for y in [bottom - height, bottom] {
        area(page, "rule", Area { x: LEFT, y, width: PLOT, height: 1 }, "");
    }
    label(page, "axis end", LEFT - 8, bottom - height + 5, most);
    label(page, "axis end", LEFT - 8, bottom - height / 2 + 4, what);
    label(page, "axis end", LEFT - 8, bottom + 3, "0");
}

/// Returns a day without its year: by its weekday where every day has a name, otherwise by its month.
fn name(date: &str, every: usize) -> String {
    match date.parse::<jiff::civil::Date>() {
        Ok(date) if every == 1 => date.strftime("%a %-d").to_string(),
        Ok(date) => date.strftime("%-d %b").to_string(),
        Err(_) => date.to_owned(),
    }
}

fn table(page: &mut Page, days: &[DayUse]) {
    let columns = [
        short("Day"),
        numbers("Launches"),
        numbers("Active"),
        numbers("Responses"),
        numbers("Cache read"),
        numbers("Cache written"),
        numbers("Other input"),
        numbers("Output"),
        numbers("Cost"),
    ];
    grid(page, TITLE, &columns, days, |row, day| {
        row.text(&day.date);
        row.number(day.launches);
        row.text(&quarters(day.active_quarters));
        row.number(day.use_.responses);
        for part in by_class(&day.use_.tokens) {
            row.text(&number(part));
        }
        row.text(&cost(&day.use_));
    });
}
