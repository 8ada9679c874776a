//! Which agents ran, and which models answered.

use trackway_protocol::report::{ModelUse, Report, Use};

use super::page::Page;
use super::table::{Row, long, numbers, short, table, words};
use crate::words::{cost, number};

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("agents", "Agents", |page| agents(page, report));
    page.section("models", "Models", |page| models(page, report));
}

fn agents(page: &mut Page, report: &Report) {
    if report.agents.is_empty() {
        page.paragraph("No launch was recorded.");
        return;
    }
    let columns = [
        short("Agent"),
        short("Version"),
        words("Mode"),
        long("Endpoint"),
        long("Flags that matter"),
        numbers("Launches"),
    ];
    table(page, "Agents", &columns, &report.agents, |row, agent| {
        row.text(&agent.agent);
        row.text_or_unknown(agent.version.as_deref());
        row.text_or_unknown(agent.mode.as_deref());
        row.code_or_unknown(agent.endpoint.as_deref());
        row.codes(agent.flags.iter().map(String::as_str));
        row.number(agent.launches);
    });
}

fn models(page: &mut Page, report: &Report) {
    if report.models.is_empty() {
        page.paragraph("No response of a model was recorded.");
        return;
    }
    let columns = [
        long("Model"),
        numbers("Sessions"),
        numbers("Responses"),
        numbers("Cache read"),
        numbers("Cache written (5\u{a0}min)"),
        numbers("Cache written (1\u{a0}h)"),
        numbers("Other input"),
        numbers("Output"),
        numbers("of it reasoning"),
        numbers("Cost"),
    ];
    // What all together have comes last.
    let rows = report.models.iter().map(Some).chain([None]);
    table(page, "Models", &columns, rows, |row, model| match model {
        Some(model) => one(row, model),
        None => {
            row.text("All");
            row.number(report.totals.sessions);
            tokens(row, &report.totals.use_);
            row.text(&cost(&report.totals.use_));
        }
    });
    page.note("A session that several models answered counts for each of them.");
}

fn one(row: &mut Row<'_>, model: &ModelUse) {
    row.cell(|page| {
        page.code_or_unknown(model.model.as_deref());
        page.sub(&model.agent);
    });
    row.number(model.sessions);
    tokens(row, &model.use_);
    row.cell(|page| {
        if model.priced {
            page.text(&cost(&model.use_));
        } else {
            page.chip("quiet", "unpriced");
        }
    });
}

fn tokens(row: &mut Row<'_>, use_: &Use) {
    let tokens = &use_.tokens;
    for many in [
        use_.responses,
        tokens.cache_read,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.input,
        tokens.output,
        tokens.reasoning,
    ] {
        row.text(&number(many));
    }
}
