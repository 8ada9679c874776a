//! When agents were active, and with what: the charts.

use trackway_protocol::report::Report;

use super::bars::{self, Bar};
use super::chart::{self, CLASSES, Chart};
use super::page::Page;
use super::table::{grid, long, numbers, short};
use super::{days, heat};
use crate::words::{by_class, cost, number, quarters, tokens, total};

const REPOS: &str = "Repositories by active time";
const MODELS: &str = "Models by tokens";

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("activity", "Activity", |page| {
        page.tag("div", &[("class", "figures")], |page| {
            heat::write(page, report);
            days::write(page, report);
            repos(page, report);
            models(page, report);
        });
    });
}

fn repos(page: &mut Page, report: &Report) {
    if report.repos.iter().all(|repo| repo.active_quarters == 0) {
        return chart::no_figure(page, REPOS, "No activity was recorded in any repository.");
    }
    let bars: Vec<Bar> = report
        .repos
        .iter()
        .take(bars::MOST)
        .map(|repo| Bar {
            name: repo.id.clone(),
            value: quarters(repo.active_quarters),
            parts: vec![("bar", repo.active_quarters)],
        })
        .collect();
    figure(page, "chart-repos", REPOS, &bars, |page| {
        let columns = [long("Repository"), numbers("Active"), numbers("Quarter-hours")];
        page.details("Repositories, as a table", |page| {
            grid(page, REPOS, &columns, &report.repos, |row, repo| {
                row.code(&repo.id);
                row.text(&quarters(repo.active_quarters));
                row.number(repo.active_quarters);
            });
        });
    });
}

fn models(page: &mut Page, report: &Report) {
    if report.models.iter().all(|model| total(&model.use_.tokens) == 0) {
        return chart::no_figure(page, MODELS, "No tokens of a model were recorded.");
    }
    let name = |model: Option<&str>| model.unwrap_or("not known").to_owned();
    let bars: Vec<Bar> = report
        .models
        .iter()
        .take(bars::MOST)
        .map(|model| Bar {
            name: format!("{} ({})", name(model.model.as_deref()), model.agent),
            value: format!("{}, {}", tokens(total(&model.use_.tokens)), cost(&model.use_)),
            parts: CLASSES
                .map(|(_, class)| class)
                .into_iter()
                .zip(by_class(&model.use_.tokens))
                .collect(),
        })
        .collect();
    figure(page, "chart-models", MODELS, &bars, |page| {
        chart::legend(page);
        let columns = [
            long("Model"),
            short("Agent"),
            numbers("Cache read"),
            numbers("Cache written"),
            numbers("Other input"),
            numbers("Output"),
            numbers("All"),
        ];
        page.details("Models, as a table", |page| {
            grid(page, MODELS, &columns, &report.models, |row, model| {
                row.code_or_unknown(model.model.as_deref());
                row.text(&model.agent);
                for part in by_class(&model.use_.tokens) {
                    row.text(&number(part));
                }
                row.number(total(&model.use_.tokens));
            });
        });
    });
}

fn figure(
    page: &mut Page,
    id: &'static str,
    title: &str,
    bars: &[Bar],
    below: impl FnOnce(&mut Page),
) {
    let description = bars.first().map_or_else(String::new, |first| {
        format!("{} bars, the longest first: {}, {}.", bars.len(), first.name, first.value)
    });
    let chart = Chart { id, title, description: &description, height: bars::height(bars.len()) };
    chart::figure(page, &chart, |page| bars::draw(page, bars), below);
}
