//! The week in a few sentences and numbers, beside those of the week before.

use std::collections::BTreeSet;

use trackway_protocol::report::{Before, DayUse, Report, Totals};

use super::chart::total;
use super::page::Page;
use super::words::{dollars, quarters, tokens};
use super::{chart, coverage, words};
use crate::calendar::zoned;
use crate::words::{count, number};

/// More days than these are no picture on a tile.
const MOST_DAYS: usize = 62;

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("summary", "Summary", |page| {
        page.tag("div", &[("class", "lead")], |page| {
            for sentence in sentences(report) {
                page.paragraph(&sentence);
            }
        });
        if is_empty(report) {
            return;
        }
        page.tag("ul", &[("class", "tiles")], |page| tiles(page, report));
        if let Some(before) = &report.before {
            compared(page, before);
        }
    });
}

/// Whether nothing was recorded that an agent did.
pub(super) fn is_empty(report: &Report) -> bool {
    let totals = &report.totals;
    let counts = [totals.launches, totals.sessions, totals.active_quarters, totals.use_.responses];
    counts == [0; 4] && report.repos.is_empty() && report.agents.is_empty()
}

fn sentences(report: &Report) -> Vec<String> {
    let seen = coverage::sentence(report);
    if is_empty(report) {
        return vec!["No agent was recorded in this range.".into(), seen];
    }
    let totals = &report.totals;
    let mut sentences = vec![
        format!(
            "{} ran in {}: {}, {}.",
            who(report),
            count(totals.repos, "repository", "repositories"),
            count(totals.launches, "launch", "launches"),
            count(totals.sessions, "session", "sessions"),
        ),
        format!(
            "Active for {}, {} read and {} written.",
            quarters(totals.active_quarters),
            count(totals.files_read, "file", "files"),
            number(totals.files_written),
        ),
        models(totals),
    ];
    if let Some(repo) = report.repos.first() {
        sentences.push(format!(
            "Most went on in {}: {} of activity.",
            repo.id,
            quarters(repo.active_quarters)
        ));
    }
    sentences.push(seen);
    sentences
}

fn who(report: &Report) -> String {
    let launched = report.agents.iter().map(|agent| &*agent.agent);
    let answered = report.models.iter().map(|model| &*model.agent);
    let agents: BTreeSet<&str> = launched.chain(answered).collect();
    match agents.len() {
        0 => "Agents".into(),
        _ => words::list(&agents.into_iter().collect::<Vec<_>>()),
    }
}

fn models(totals: &Totals) -> String {
    let use_ = &totals.use_;
    if use_.responses == 0 {
        return "No response of a model was recorded.".into();
    }
    let answered = format!(
        "Models answered {} with {} tokens",
        count(use_.responses, "time", "times"),
        tokens(total(&use_.tokens)),
    );
    match (use_.cost_microusd, use_.unpriced_responses) {
        (None, _) => format!("{answered}, for which there is no price."),
        (Some(cost), 0) => format!("{answered}, worth {} at API prices.", dollars(cost)),
        (Some(cost), unpriced) => format!(
            "{answered}, worth {} at API prices; {} no price.",
            dollars(cost),
            count(unpriced, "response has", "responses have"),
        ),
    }
}

/// A number of the totals: its name, where it stands, and how it is shown.
struct Number {
    name: &'static str,
    of: fn(&Totals) -> u64,
    shown: fn(u64) -> String,
}

const LAUNCHES: Number = Number { name: "Launches", of: |all| all.launches, shown: number };
const ACTIVE: Number = Number { name: "Active", of: |all| all.active_quarters, shown: quarters };
const TOKENS: Number = Number { name: "Tokens", of: |all| total(&all.use_.tokens), shown: tokens };
const OTHERS: [Number; 4] = [
    Number { name: "Sessions", of: |all| all.sessions, shown: number },
    Number { name: "Repositories", of: |all| all.repos, shown: number },
    Number { name: "Files read", of: |all| all.files_read, shown: number },
    Number { name: "Files written", of: |all| all.files_written, shown: number },
];

fn tiles(page: &mut Page, report: &Report) {
    number_tile(page, report, &LAUNCHES, &by_day(report, |day| day.launches));
    number_tile(page, report, &ACTIVE, &by_day(report, |day| day.active_quarters));
    number_tile(page, report, &TOKENS, &by_day(report, |day| total(&day.use_.tokens)));
    cost_tile(page, report);
    for number in &OTHERS {
        number_tile(page, report, number, &[]);
    }
}

/// Returns a number of each day; none where these are no picture.
fn by_day(report: &Report, of: fn(&DayUse) -> u64) -> Vec<u64> {
    match report.days.len() {
        2..=MOST_DAYS => report.days.iter().map(of).collect(),
        _ => Vec::new(),
    }
}

fn number_tile(page: &mut Page, report: &Report, number: &Number, days: &[u64]) {
    let Number { name, of, shown } = number;
    let now = of(&report.totals);
    let change = report.before.as_ref().map(|before| words::change(now, of(&before.totals), shown));
    tile(page, name, &shown(now), change.as_deref(), days);
}

fn cost_tile(page: &mut Page, report: &Report) {
    let now = &report.totals.use_;
    let shown = match now.cost_microusd {
        Some(micro) => dollars(micro),
        None => words::cost(now),
    };
    let mut notes = Vec::new();
    if let Some(before) = report.before.as_ref().map(|before| before.totals.use_) {
        notes.push(match (now.cost_microusd, before.cost_microusd) {
            (Some(now), Some(before)) => words::change(now, before, dollars),
            _ => format!("from {}", words::cost(&before)),
        });
    }
    if now.cost_microusd.is_some() && now.unpriced_responses > 0 {
        notes.push(format!("{} unpriced", number(now.unpriced_responses)));
    }
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let days = by_day(report, |day| day.use_.cost_microusd.unwrap_or(0));
    tile(page, "API-equivalent cost", &shown, note.as_deref(), &days);
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

/// Says what the changes are against, and whether that was seen as well as this.
fn compared(page: &mut Page, before: &Before) {
    let range = words::range(&zoned(before.from, page.zone()), &zoned(before.until, page.zone()));
    let time = &before.time;
    let seen = time.recorded_ms + time.off_ms;
    let all = seen + time.degraded_ms + time.blind_ms + time.unrecorded_ms;
    page.tag("p", &[("class", "note")], |page| {
        page.text(&format!("Changes are against {range}."));
        if seen < all {
            let text = format!(
                " That was not recorded in full ({}), so that more may be only more that was seen.",
                coverage::shares(time),
            );
            page.text(&text);
        }
    });
}
