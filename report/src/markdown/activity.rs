//! Which agents ran, which models answered, and when.

use trackway_protocol::report::{Report, Use};

use super::page::Page;
use super::table::Column::{Numbers, Words};
use super::table::table;
use super::text::{code_or_unknown, codes, prose, prose_or_unknown};
use crate::words::{cost, number, quarters, spent, tokens, total};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// From nothing to the most.
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
/// So long is the longest bar.
const BAR: u64 = 16;

pub(super) fn agents(page: &mut Page, report: &Report) {
    page.heading(2, "Agents");
    if report.agents.is_empty() {
        page.paragraph("No launch was recorded.");
        return;
    }
    let columns = [
        Numbers("Launches"),
        Words("Agent"),
        Words("Version"),
        Words("Mode"),
        Words("Endpoint"),
        Words("Flags that matter"),
    ];
    let rows: Vec<_> = report
        .agents
        .iter()
        .map(|agent| {
            vec![
                number(agent.launches),
                prose(&agent.agent),
                prose_or_unknown(agent.version.as_deref()),
                prose_or_unknown(agent.mode.as_deref()),
                code_or_unknown(agent.endpoint.as_deref()),
                codes(&agent.flags),
            ]
        })
        .collect();
    table(page, &columns, &rows);
}

pub(super) fn models(page: &mut Page, report: &Report) {
    page.heading(2, "Models");
    if report.models.is_empty() {
        page.paragraph("No response of a model was recorded.");
        return;
    }
    let name = |model: Option<&str>| code_or_unknown(model);
    let columns = [
        Numbers("Responses"),
        Numbers("Sessions"),
        Numbers("Tokens"),
        Numbers("Cost"),
        Words("Agent"),
        Words("Model"),
    ];
    let row = |use_: &Use, sessions, cost, agent, model| {
        let all = tokens(total(&use_.tokens));
        vec![number(use_.responses), number(sessions), all, cost, agent, model]
    };
    let mut rows: Vec<_> = report
        .models
        .iter()
        .map(|model| {
            let cost = if model.priced { cost(&model.use_) } else { "unpriced".into() };
            let agent = prose(&model.agent);
            row(&model.use_, model.sessions, cost, agent, name(model.model.as_deref()))
        })
        .collect();
    let all = &report.totals;
    rows.push(row(&all.use_, all.sessions, cost(&all.use_), String::new(), "all".into()));
    table(page, &columns, &rows);
    page.paragraph(
        "A session that several models answered counts for each of them. Tokens that were read from a \
         cache, written to one of five minutes or of an hour, other input, output, and what of the \
         output was reasoning:",
    );
    let columns = [
        Numbers("Cached"),
        Numbers("5 min"),
        Numbers("1 h"),
        Numbers("Input"),
        Numbers("Output"),
        Numbers("Thought"),
        Words("Model"),
    ];
    let row = |use_: &Use, model: String| {
        let many = &use_.tokens;
        let classes = [
            many.cache_read,
            many.cache_write_5m,
            many.cache_write_1h,
            many.input,
            many.output,
            many.reasoning,
        ];
        classes.into_iter().map(tokens).chain([model]).collect::<Vec<_>>()
    };
    let models = report.models.iter();
    let mut rows: Vec<_> =
        models.map(|model| row(&model.use_, name(model.model.as_deref()))).collect();
    rows.push(row(&all.use_, "all".into()));
    table(page, &columns, &rows);
}

pub(super) fn write(page: &mut Page, report: &Report) {
    page.heading(2, "Activity");
    hours(page, &report.hours);
    if report.days.is_empty() {
        return;
    }
    let columns = [
        Words("Day"),
        Numbers("Launches"),
        Numbers("Active"),
        Numbers("Tokens"),
        Numbers("Cost"),
        Words("Activity"),
    ];
    let most = report.days.iter().map(|day| day.active_quarters).max().unwrap_or(0);
    let rows: Vec<_> = report
        .days
        .iter()
        .map(|day| {
            vec![
                prose(&day.date),
                number(day.launches),
                quarters(day.active_quarters),
                spent(total(&day.use_.tokens)),
                cost(&day.use_),
                bar(day.active_quarters, most),
            ]
        })
        .collect();
    table(page, &columns, &rows);
}

/// Draws how active each hour of each weekday was.
fn hours(page: &mut Page, hours: &[[u64; 24]]) {
    let most = hours.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 {
        page.paragraph("No activity was recorded in any hour.");
        return;
    }
    page.paragraph(&format!(
        "Activity by weekday and hour, {} for none to {} for {}:",
        SHADES[0],
        SHADES[4],
        quarters(most)
    ));
    let scale: String = (0..24).step_by(3).map(|hour| format!("{hour:<6}")).collect();
    let mut lines = vec![format!("     {}", scale.trim_end())];
    for (day, hours) in WEEKDAYS.iter().zip(hours) {
        let cells: String = hours.iter().flat_map(|many| [shade(*many, most); 2]).collect();
        let sum = hours.iter().fold(0, |sum: u64, many| sum.saturating_add(*many));
        lines.push(format!("{day}  {cells}  {:>11}", quarters(sum)));
    }
    page.block(&lines);
}

/// Returns how dark a number is. What is not nothing is to be seen.
fn shade(many: u64, most: u64) -> char {
    SHADES[usize::try_from(scaled(many, most, 4)).unwrap_or(4)]
}

fn bar(many: u64, most: u64) -> String {
    "█".repeat(usize::try_from(scaled(many, most, BAR)).unwrap_or(0))
}

fn scaled(many: u64, most: u64, length: u64) -> u64 {
    if many == 0 || most == 0 {
        return 0;
    }
    let scaled = (u128::from(many) * u128::from(length)).div_ceil(u128::from(most));
    u64::try_from(scaled).unwrap_or(length).clamp(1, length)
}
