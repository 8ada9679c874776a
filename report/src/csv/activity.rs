//! How much went on, when, and by whom.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::report::{Report, Totals};

use super::sheet::Sheet;

/// What a row of the summary is about.
struct Range<'r> {
    name: &'static str,
    week: Option<&'r str>,
    from: Timestamp,
    until: Timestamp,
    complete: bool,
    totals: &'r Totals,
    /// How much of what it found the report leaves out; of what was before, it lists nothing.
    left_out: Option<&'r Report>,
}

/// The sums, and those of the range before where there was one.
pub(super) fn summary(report: &Report) -> String {
    let of = &report.range;
    let this = Range {
        name: "this",
        week: of.week.as_deref(),
        from: of.from,
        until: of.until,
        complete: of.complete,
        totals: &report.totals,
        left_out: Some(report),
    };
    let before = report.before.as_ref().map(|before| Range {
        name: "before",
        week: None,
        from: before.from,
        until: before.until,
        complete: before.until <= report.made_at,
        totals: &before.totals,
        left_out: None,
    });
    let left_out = |of: fn(&Report) -> u64| move |range: &Range<'_>| range.left_out.map(of);
    Sheet::of([this].into_iter().chain(before))
        .column("range", |range| range.name)
        .made("week", |range| range.week)
        .column("from", |range| &range.from)
        .column("until", |range| &range.until)
        .made("time_zone", |_| of.time_zone.as_str())
        .column("complete", |range| &range.complete)
        .made("agent", |_| of.agent.as_deref())
        .made("repo", |_| of.repo.as_deref())
        .made("dir", |_| of.dir.as_deref())
        .column("launches", |range| &range.totals.launches)
        .column("sessions", |range| &range.totals.sessions)
        .column("repos", |range| &range.totals.repos)
        .column("dirs", |range| &range.totals.dirs)
        .column("files_read", |range| &range.totals.files_read)
        .column("files_written", |range| &range.totals.files_written)
        .column("active_quarters", |range| &range.totals.active_quarters)
        .uses(|range| &range.totals.use_)
        .made("repos_left_out", left_out(|report| report.more_repos))
        .made("zone_entries_left_out", left_out(|report| report.more_zone_entries))
        .made("risky_changes_left_out", left_out(|report| report.more_risky_changes))
        .made("findings_left_out", left_out(|report| report.more_findings))
        .made("gaps_left_out", left_out(|report| report.unknown.more_gaps))
        .made("prices_date", |_| report.prices.date.as_str())
        .made("prices_source", |_| report.prices.source.as_str())
        .made("own_prices", |_| report.prices.own.as_deref())
        .made("host", |_| report.host.as_deref())
        .made("made_at", |_| report.made_at)
        .made("version", |_| report.version.as_str())
        .made("report", |_| report.report)
        .made("seq", |_| report.seq)
        .made("sha256", |_| report.sha256.as_deref())
        .text()
}

/// The days.
pub(super) fn days(report: &Report) -> String {
    Sheet::of(&report.days)
        .column("date", |day| &day.date)
        .column("launches", |day| &day.launches)
        .column("active_quarters", |day| &day.active_quarters)
        .uses(|day| &day.use_)
        .text()
}

/// The hours of the weekdays, Monday being 1.
pub(super) fn hours(report: &Report) -> String {
    let days = (1_u64..).zip(&report.hours);
    let rows = days.flat_map(|(day, hours)| (0_u64..).zip(hours).map(move |of| (day, of)));
    Sheet::of(rows)
        .column("weekday", |(day, _)| day)
        .column("hour", |(_, (hour, _))| hour)
        .column("active_quarters", |(_, (_, quarters))| *quarters)
        .text()
}

/// The launches by what they have in common.
pub(super) fn agents(report: &Report) -> String {
    Sheet::of(&report.agents)
        .column("agent", |agent| &agent.agent)
        .column("agent_version", |agent| &agent.version)
        .column("mode", |agent| &agent.mode)
        .column("endpoint", |agent| &agent.endpoint)
        .column("flags", |agent| &agent.flags)
        .column("launches", |agent| &agent.launches)
        .text()
}

/// The models.
pub(super) fn models(report: &Report) -> String {
    Sheet::of(&report.models)
        .column("agent", |model| &model.agent)
        .column("model", |model| &model.model)
        .column("sessions", |model| &model.sessions)
        .column("priced", |model| &model.priced)
        .uses(|model| &model.use_)
        .text()
}
