//! What somebody should look at.

use trackway_protocol::report::Report;

use super::sheet::Sheet;

/// The zones.
pub(super) fn zones(report: &Report) -> String {
    Sheet::of(&report.zones)
        .column("zone", |zone| &zone.zone)
        .column("managed", |zone| &zone.managed)
        .column("in_force", |zone| &zone.in_force)
        .column("severity", |zone| &zone.severity)
        .column("entries", |zone| &zone.entries)
        .column("open", |zone| &zone.open)
        .text()
}

/// The entries into zones.
pub(super) fn zone_entries(report: &Report) -> String {
    Sheet::of(&report.zone_entries)
        .column("seq", |entry| &entry.seq)
        .column("id", |entry| &entry.id)
        .column("at", |entry| &entry.at)
        .column("last_at", |entry| &entry.last_at)
        .column("touches", |entry| &entry.touches)
        .column("zone", |entry| &entry.zone)
        .column("managed", |entry| &entry.managed)
        .column("severity", |entry| &entry.severity)
        .column("agent", |entry| &entry.agent)
        .column("launch", |entry| &entry.launch)
        .column("session", |entry| &entry.session)
        .column("subagent", |entry| &entry.subagent)
        .column("how", |entry| &entry.how)
        .column("path", |entry| &entry.path)
        .column("pattern", |entry| &entry.pattern)
        .made("repo_root", |entry| entry.repo.as_ref().map(|repo| repo.root.clone()))
        .made("repo_remote", |entry| entry.repo.as_ref().and_then(|repo| repo.remote.clone()))
        .made("repo_branch", |entry| entry.repo.as_ref().and_then(|repo| repo.branch.clone()))
        .made("repo_commit", |entry| entry.repo.as_ref().and_then(|repo| repo.commit.clone()))
        .column("rule", |entry| &entry.rule)
        .column("evidence", |entry| &entry.evidence)
        .column("acknowledged_at", |entry| &entry.acknowledged_at)
        .column("note", |entry| &entry.note)
        .text()
}

/// How often settings changed, by risk.
pub(super) fn config_changes(report: &Report) -> String {
    Sheet::of(&report.config_changes)
        .column("risk", |change| &change.risk)
        .column("changes", |change| &change.changes)
        .text()
}

/// The changes of settings that are a risk.
pub(super) fn risky_changes(report: &Report) -> String {
    Sheet::of(&report.risky_changes)
        .column("at", |change| &change.at)
        .column("agent", |change| &change.agent)
        .column("scope", |change| &change.scope)
        .column("path", |change| &change.path)
        .column("key", |change| &change.key)
        .column("what", |change| &change.what)
        .column("before", |change| &change.before)
        .column("after", |change| &change.after)
        .column("risk", |change| &change.risk)
        .column("why", |change| &change.why)
        .text()
}

/// The findings.
pub(super) fn findings(report: &Report) -> String {
    Sheet::of(&report.findings)
        .column("code", |finding| &finding.code)
        .column("risk", |finding| &finding.risk)
        .column("agent", |finding| &finding.agent)
        .column("at", |finding| &finding.at)
        .column("since", |finding| &finding.since)
        .column("launch", |finding| &finding.launch)
        .column("session", |finding| &finding.session)
        .column("dir", |finding| &finding.dir)
        .column("path", |finding| &finding.path)
        .column("key", |finding| &finding.key)
        .column("why", |finding| &finding.why)
        .column("fix", |finding| &finding.fix)
        .text()
}
