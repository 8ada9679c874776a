//! What every form of a report says in whole sentences.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use trackway_protocol::report::{Before, RepoUse, Report, Totals, Unknown, ZoneUse};
use trackway_protocol::row::TimeRow;

use super::{
    count, count_was, dollars, length, list, number, quarters, share, spent, tokens, total,
};
use crate::calendar::zoned;

pub(crate) const ABOUT_LAUNCHES: &str = "This is about launches. The other sources, and when and why less was \
    seen, are below, under what this report does not know.";
pub(crate) const NO_PLACE: &str =
    "No repository and no other directory was touched, as far as was recorded.";
pub(crate) const ACTIVE: &str = "Active time is told in quarter-hours in which an agent touched something or \
    a model answered; what went on in two repositories at once counts for each. Tokens are those of the \
    sessions that worked in the repository's directory; – stands where no response was recorded.";
pub(crate) const NOTHING_READ: &str = "No file was read by an agent, as far as was recorded.";
pub(crate) const LEFT: &str = "What an agent reads, it may send to the endpoint of its requests. These are \
    the files that were read, by where they may have gone.";
pub(crate) const MODES: &str = "Modes are those that the session had last. A file that was read by several \
    agents or under several modes counts in each of these rows.";
pub(crate) const COSTS: &str = "A cost is what the tokens would cost at the vendor's API: an estimate to \
    compare with, not a bill. A subscription costs what it costs. Responses of models without a price are \
    counted apart, never as nothing.";
pub(crate) const LIMIT: &str =
    "This is evidence about cooperative users, not a control against a determined one.";

/// A sum by its name, and how it is shown.
pub(crate) type Figure = (&'static str, fn(&Totals) -> u64, fn(u64) -> String);

/// What is told of a range beside its cost.
pub(crate) const FIGURES: [Figure; 7] = [
    ("Launches", |all| all.launches, number),
    ("Active", |all| all.active_quarters, quarters),
    ("Tokens", |all| total(&all.use_.tokens), spent),
    ("Sessions", |all| all.sessions, number),
    ("Repositories", |all| all.repos, number),
    ("Files read", |all| all.files_read, number),
    ("Files written", |all| all.files_written, number),
];

/// Whether nothing was recorded that an agent did.
pub(crate) fn is_empty(report: &Report) -> bool {
    let totals = &report.totals;
    let counts = [totals.launches, totals.sessions, totals.active_quarters, totals.use_.responses];
    counts == [0; 4] && report.repos.is_empty() && report.agents.is_empty()
}

/// Tells a range in a few sentences.
pub(crate) fn summary(report: &Report) -> Vec<String> {
    let seen = seen(report);
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
        _ => list(&agents.into_iter().collect::<Vec<_>>()),
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

/// Says what changes are against, and whether that was seen as well as this.
pub(crate) fn compared(before: &Before, zone: &TimeZone) -> String {
    let range = super::range(&zoned(before.from, zone), &zoned(before.until, zone));
    let time = &before.time;
    if time.recorded_ms + time.off_ms == all(time) {
        return format!("Changes are against {range}.");
    }
    format!(
        "Changes are against {range}. That was not recorded in full ({}), so that more may be only \
         more that was seen.",
        shares(time),
    )
}

/// Returns the parts of a range by how much was seen.
pub(crate) fn parts(time: &TimeRow) -> [(&'static str, u64); 5] {
    [
        ("recorded", time.recorded_ms),
        ("recorded in part", time.degraded_ms),
        ("blind", time.blind_ms),
        ("machine off", time.off_ms),
        ("before Trackway was there", time.unrecorded_ms),
    ]
}

/// Returns how long a range is, as far as it is over.
pub(crate) fn all(time: &TimeRow) -> u64 {
    parts(time).iter().fold(0, |sum, (_, ms)| sum.saturating_add(*ms))
}

/// Returns the parts of a range that there are, as shares of it.
pub(crate) fn shares(time: &TimeRow) -> String {
    let parts = parts(time).into_iter().filter(|(_, ms)| *ms > 0);
    let shares: Vec<_> =
        parts.map(|(name, ms)| format!("{name} {}", share(ms, all(time)))).collect();
    shares.join(", ")
}

/// Says in a sentence how much of a report's range was seen.
pub(crate) fn seen(report: &Report) -> String {
    seen_of(report.unknown.time.first(), report.range.complete)
}

/// Says in a sentence how much of a range was seen.
pub(crate) fn seen_of(time: Option<&TimeRow>, is_complete: bool) -> String {
    let Some(time) = time.filter(|time| all(time) > 0) else {
        return "How much of it was recorded is not known.".into();
    };
    let recorded = share(time.recorded_ms, all(time));
    let gaps = match time.blind_gaps {
        0 => "no gap".into(),
        gaps => format!("blind for {} in {}", length(time.blind_ms), count(gaps, "gap", "gaps")),
    };
    let mut rest = vec![gaps];
    for (ms, what) in [
        (time.degraded_ms, "recorded in part for"),
        (time.off_ms, "the machine off for"),
        (time.unrecorded_ms, "not recorded at all for"),
    ] {
        if ms > 0 {
            rest.push(format!("{what} {}", length(ms)));
        }
    }
    let so_far = if is_complete { "" } else { " so far" };
    format!("Recorded {recorded} of {}{so_far}; {}.", length(all(time)), list(&rest))
}

/// Says what a report does not know. A nothing is said as well: it is known then.
pub(crate) fn unknown(unknown: &Unknown) -> Vec<String> {
    let mut sentences = vec![unnamed_launches(unknown.unnamed_launches)];
    let launches = |many| count(many, "launch", "launches");
    let sessions = |many| count(many, "session", "sessions");
    sentences.extend([
        format!("{} left no session file.", launches(unknown.launches_without_session)),
        format!(
            "{} told to keep no session file, or not to keep it.",
            launches_were(unknown.launches_without_transcript)
        ),
        match unknown.sessions_without_launch {
            1 => "1 session has no known launch.".into(),
            many => format!("{} have no known launch.", sessions(many)),
        },
        match unknown.sessions_without_file {
            1 => "1 session is known without a session file that tells of it.".into(),
            many => {
                format!("{} are known without a session file that tells of them.", sessions(many))
            }
        },
        format!(
            "{} missed in the range.",
            count_was(unknown.session_files_gone, "session file", "session files")
        ),
        format!(
            "Of {}, {} could not be resolved in full: what those touched may be missing here.",
            count(unknown.shell_calls, "shell call", "shell calls"),
            number(unknown.unresolved_calls),
        ),
        pruned(unknown.pruned),
        out_of_scope(unknown.out_of_scope),
        reading(unknown.reading).into(),
    ]);
    if unknown.not_understood.is_empty() {
        sentences.push("No line of a session file was left that was not understood.".into());
    }
    if unknown.unpriced.is_empty() {
        sentences.push("No model was without a price.".into());
    }
    sentences
}

/// Says how many launches nobody named.
pub(crate) fn unnamed_launches(many: Option<u64>) -> String {
    match many {
        Some(many) => format!("{} counted by the kernel and named by nobody.", launches_were(many)),
        None => "How many launches the kernel counted and nobody named is not known.".into(),
    }
}

/// Says how many records are gone.
pub(crate) fn pruned(many: u64) -> String {
    match many {
        0 => "No record of the range was pruned since.".into(),
        1 => "1 record of the range was pruned since, and counts nowhere here.".into(),
        many => format!(
            "{} records of the range were pruned since, and count nowhere here.",
            number(many)
        ),
    }
}

/// Says how many records were left out for where they lay.
pub(crate) fn out_of_scope(many: Option<u64>) -> String {
    match many {
        None => "No scope is set: no record was left out for where it lay.".into(),
        Some(0) => {
            "A scope is set, and as yet no record is known to have been left out for it.".into()
        }
        Some(many) => format!(
            "{} left out for lying outside of the scope that is set.",
            count_was(many, "record", "records")
        ),
    }
}

/// Says whether older session files had been read.
pub(crate) fn reading(is_reading: bool) -> &'static str {
    if is_reading {
        "Older session files were still being read when this was made: there may be more."
    } else {
        "All session files that were there had been read."
    }
}

fn launches_were(many: u64) -> String {
    count_was(many, "launch", "launches")
}

/// Whether nothing went on in a repository.
pub(crate) fn is_unused(repo: &RepoUse) -> bool {
    let counts = [repo.launches, repo.sessions, repo.active_quarters, repo.use_.responses];
    counts == [0; 4] && repo.dirs.is_empty() && repo.files_read + repo.files_written == 0
}

/// Says in which state a zone is.
pub(crate) fn zone_state(zone: &ZoneUse) -> &'static str {
    match (zone.entries, zone.open) {
        (0, _) => "not touched",
        (_, 0) => "entered, all acknowledged",
        _ => "entered, open",
    }
}

/// Says how many settings were changed.
pub(crate) fn changes(report: &Report) -> String {
    let all: u64 = report.config_changes.iter().map(|change| change.changes).sum();
    if all == 0 && report.risky_changes.is_empty() {
        return "No setting of an agent was changed, as far as was recorded.".into();
    }
    let by_risk: Vec<String> = report
        .config_changes
        .iter()
        .map(|change| match change.risk.as_str() {
            "none" => format!("{} of no risk", number(change.changes)),
            risk => format!("{} of {risk} risk", number(change.changes)),
        })
        .collect();
    format!("{} changed: {}.", count(all, "setting was", "settings were"), list(&by_risk))
}
