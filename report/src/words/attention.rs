//! What somebody should look at: open entries into zones, and what is a risk worth asking about.

use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Risk;
use trackway_protocol::report::{Report, ReportChange, ReportFinding};
use trackway_protocol::row::ZoneEntryRow;

use super::{count, list};

/// What is said where there is nothing to look at.
pub const CALM: &str = "Nothing, as far as was recorded: no open entry into a zone, no finding and \
                               no change of a setting that is of medium or high risk.";

/// One thing to look at.
pub struct Matter<'a> {
    /// How much it matters.
    pub risk: Risk,
    /// The section that says more.
    pub section: &'static str,
    /// What it is, in words.
    pub what: String,
    /// The path that it is about.
    pub place: Option<&'a str>,
    /// Since when, or when last.
    pub at: Timestamp,
}

/// Returns what there is to look at, the greatest risk first.
#[must_use]
pub fn matters(report: &Report) -> Vec<Matter<'_>> {
    let entries = report.zone_entries.iter().filter(|entry| entry.acknowledged_at.is_none());
    let findings = report.findings.iter().filter(|finding| finding.risk >= Risk::Medium);
    // A setting that is a risk still is a finding as well.
    let is_finding = |change: &ReportChange| {
        report.findings.iter().any(|finding| {
            finding.path.as_ref() == Some(&change.path) && finding.key.as_ref() == Some(&change.key)
        })
    };
    let changes = report
        .risky_changes
        .iter()
        .filter(|change| change.risk >= Risk::Medium && !is_finding(change));
    let mut matters: Vec<_> = entries
        .map(of_entry)
        .chain(findings.map(of_finding))
        .chain(changes.map(of_change))
        .collect();
    // Stable: within a risk, zones stay first.
    matters.sort_by_key(|matter| std::cmp::Reverse(matter.risk));
    matters
}

fn of_entry(entry: &ZoneEntryRow) -> Matter<'_> {
    let agent = entry.agent.as_deref().unwrap_or("an agent that is not known");
    let times = count(entry.touches, "time", "times");
    Matter {
        risk: entry.severity,
        section: "zones",
        what: format!("{agent} entered zone {} ({}, {times})", entry.zone, entry.how),
        place: Some(&entry.path),
        at: entry.last_at,
    }
}

fn of_finding(finding: &ReportFinding) -> Matter<'_> {
    let ReportFinding { agent, why, .. } = finding;
    let what = match &finding.key {
        Some(key) => format!("{agent}, {key}: {why}"),
        None => format!("{agent}: {why}"),
    };
    Matter {
        risk: finding.risk,
        section: "findings",
        what,
        place: finding.path.as_deref().or(finding.dir.as_deref()),
        at: finding.since,
    }
}

fn of_change(change: &ReportChange) -> Matter<'_> {
    let ReportChange { agent, key, what, .. } = change;
    let why = change.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    Matter {
        risk: change.risk,
        section: "changes",
        what: format!("{agent}, {key} was {what}{why}"),
        place: Some(&change.path),
        at: change.at,
    }
}

/// Says what is not in the list because the report does not name it.
pub(crate) fn more(report: &Report) -> Option<String> {
    let shown = report.zone_entries.iter().filter(|entry| entry.acknowledged_at.is_none()).count();
    let open: u64 = report.zones.iter().map(|zone| zone.open).sum();
    let more = [
        (open.saturating_sub(shown as u64), "open entry into a zone", "open entries into zones"),
        (report.more_findings, "finding", "findings"),
        (report.more_risky_changes, "risky change of a setting", "risky changes of settings"),
    ];
    let more: Vec<String> = more
        .into_iter()
        .filter(|(many, _, _)| *many > 0)
        .map(|(many, one, several)| count(many, one, several))
        .collect();
    (!more.is_empty()).then(|| format!("This report leaves out {}.", list(&more)))
}
