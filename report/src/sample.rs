//! An invented week, to look at and to test with: a report in which nothing is empty. Its sums are
//! right: days, models and repositories are the same responses, added up differently.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use trackway_protocol::report::{Before, DayUse, Report, ReportRange, Totals, Use};
use trackway_protocol::row::TimeRow;

mod entries;
mod facts;
mod responses;

use responses::{MODELS, REPOS};

/// For each weekday and hour, the quarter-hours in which something went on.
const HOURS: [&[u8; 24]; 7] = [
    b"000000000244301344420000",
    b"000000001344402443310110",
    b"000000000444314444322000",
    b"000000002344302342000000",
    b"000000000134201331000000",
    b"000000000002330000001200",
    b"000000000000001220000000",
];
const LAUNCHES: [u64; 7] = [11, 9, 15, 12, 7, 2, 1];
const MINUTE: u64 = 60_000;

/// Returns the report.
///
/// # Panics
///
/// Never: what is invented here has the form of a report.
#[must_use]
pub fn report() -> Report {
    let hours = HOURS.map(|hours| hours.map(|digit| u64::from(digit - b'0')));
    let days: Vec<DayUse> = (0..7)
        .map(|day| DayUse {
            date: format!("2026-11-{}", 16 + day),
            launches: LAUNCHES[day],
            active_quarters: hours[day].iter().sum(),
            use_: responses::sum(|entry, of| (of == day).then_some(entry)),
        })
        .collect();
    let mut repos: Vec<_> = (0..=REPOS.len()).map(responses::repo_use).collect();
    let elsewhere = repos.pop().unwrap_or_default();
    let all = || repos.iter().chain([&elsewhere]);
    let totals = Totals {
        launches: LAUNCHES.iter().sum(),
        sessions: 43,
        repos: 5,
        dirs: all().map(|repo| repo.dirs.len() as u64 + repo.more_dirs).sum(),
        files_read: all().map(|repo| repo.files_read).sum(),
        files_written: all().map(|repo| repo.files_written).sum(),
        active_quarters: days.iter().map(|day| day.active_quarters).sum(),
        use_: responses::sum(|entry, _| Some(entry)),
    };
    let report = Report {
        report: trackway_protocol::report::VERSION,
        sha256: None,
        seq: 184_213,
        made_at: of(json!("2026-11-23T05:00:12.480Z")),
        version: "0.1.0".into(),
        host: Some("wren".into()),
        range: range(),
        before: Some(before()),
        days,
        hours: hours.to_vec(),
        agents: of(facts::agents()),
        models: (0..MODELS.len()).map(responses::model_use).collect(),
        prices: of(facts::prices()),
        zones: of(facts::zones()),
        zone_entries: of(entries::zone_entries()),
        more_zone_entries: 2,
        config_changes: of(facts::config_changes()),
        risky_changes: of(entries::risky_changes()),
        more_risky_changes: 1,
        findings: of(entries::findings()),
        more_findings: 3,
        unknown: of(facts::unknown(&time_rows())),
        repos,
        more_repos: 0,
        elsewhere,
        totals,
    };
    by_rank(report).sealed()
}

/// Puts first what reports put first.
fn by_rank(mut report: Report) -> Report {
    report.models.sort_by_key(|model| std::cmp::Reverse(tokens(&model.use_)));
    report.repos.sort_by_key(|repo| std::cmp::Reverse(repo.active_quarters));
    report
}

fn tokens(use_: &Use) -> u64 {
    let tokens = &use_.tokens;
    tokens.input + tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h + tokens.output
}

fn range() -> ReportRange {
    ReportRange {
        week: Some("2026-W47".into()),
        from: of(json!("2026-11-15T23:00:00.000Z")),
        until: of(json!("2026-11-22T23:00:00.000Z")),
        time_zone: "Europe/Berlin".into(),
        complete: true,
        agent: None,
        repo: None,
        dir: None,
    }
}

/// The week before was recorded in part only.
fn before() -> Before {
    let (from, until) =
        (of(json!("2026-11-08T23:00:00.000Z")), of(json!("2026-11-15T23:00:00.000Z")));
    let time = TimeRow {
        source: "launches".into(),
        from,
        until,
        recorded_ms: 118 * 60 * MINUTE,
        degraded_ms: 0,
        blind_ms: 30 * MINUTE,
        off_ms: 12 * 60 * MINUTE,
        unrecorded_ms: 37 * 60 * MINUTE + 30 * MINUTE,
        blind_gaps: 1,
    };
    let (tokens, cost) = (
        json!({
            "input": 2_311_940, "cache_read": 171_220_310, "cache_write_5m": 4_180_233,
            "cache_write_1h": 2_600_118, "output": 1_922_008, "reasoning": 411_002
        }),
        131_482_117,
    );
    let use_ = Use {
        responses: 2104,
        tokens: of(tokens),
        cost_microusd: Some(cost),
        unpriced_responses: 0,
    };
    let totals = Totals {
        launches: 45,
        sessions: 36,
        repos: 4,
        dirs: 39,
        files_read: 702,
        files_written: 155,
        active_quarters: 98,
        use_,
    };
    Before { from, until, time, totals }
}

/// Each adds up to the 168 hours of the week.
fn time_rows() -> Vec<TimeRow> {
    let row = |source: &str, [degraded, blind, off]: [u64; 3], blind_gaps| TimeRow {
        source: source.into(),
        from: range().from,
        until: range().until,
        recorded_ms: (168 * 60 - degraded - blind - off) * MINUTE,
        degraded_ms: degraded * MINUTE,
        blind_ms: blind * MINUTE,
        off_ms: off * MINUTE,
        unrecorded_ms: 0,
        blind_gaps,
    };
    vec![
        row("launches", [12, 47, 570], 2),
        row("changes", [0, 52, 570], 2),
        row("configuration", [0, 47, 570], 2),
        row("sessions", [0, 47, 570], 2),
    ]
}

/// Returns what is written as JSON.
fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it has the form of a report's part")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up() {
        let report = report();
        let mut sums = [(0, 0, 0); 3];
        let mut add = |at: usize, use_: &Use| {
            let (tokens, cost, unpriced) =
                (tokens(use_), use_.cost_microusd, use_.unpriced_responses);
            let sum: &mut (u64, u64, u64) = &mut sums[at];
            *sum = (sum.0 + tokens, sum.1 + cost.unwrap_or(0), sum.2 + unpriced);
        };
        report.days.iter().for_each(|day| add(0, &day.use_));
        report.models.iter().for_each(|model| add(1, &model.use_));
        report.repos.iter().chain([&report.elsewhere]).for_each(|repo| add(2, &repo.use_));
        let all = &report.totals.use_;
        let all = (tokens(all), all.cost_microusd.unwrap(), all.unpriced_responses);
        assert_eq!(sums, [all; 3]);
        let launches: u64 = report.agents.iter().map(|agent| agent.launches).sum();
        assert_eq!(launches, report.totals.launches);
        for repo in &report.repos {
            let read: u64 = repo.read_under.iter().map(|under| under.files).sum();
            assert_eq!(read, repo.files_read, "{}", repo.id);
        }
        for row in &report.unknown.time {
            let all = row.recorded_ms + row.degraded_ms + row.blind_ms + row.off_ms;
            assert_eq!(i64::try_from(all).unwrap(), row.until.ms() - row.from.ms());
        }
        let changes: u64 = report.config_changes.iter().map(|change| change.changes).sum();
        assert!(changes >= report.risky_changes.len() as u64 + report.more_risky_changes);
    }

    #[test]
    fn nothing_is_empty_and_it_is_the_same_every_time() {
        let value = serde_json::to_value(super::report()).unwrap();
        for (key, part) in value.as_object().unwrap() {
            assert!(!part.is_null() && part != &json!([]) && part != "", "{key}");
        }
        assert_eq!(report(), report());
        assert_eq!(report().sha256, Some(report().hash()));
    }
}
