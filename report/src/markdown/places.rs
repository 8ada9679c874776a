//! Where agents were, what left, and zones.

use trackway_protocol::report::{RepoUse, Report};
use trackway_protocol::row::ZoneEntryRow;

use super::page::Page;
use super::table::Column::{Numbers, Words};
use super::table::table;
use super::text::{code, code_or_unknown, codes, prose, prose_or_unknown};
use crate::words::{cost, count, number, quarters, sentences, spent, total};

pub(super) fn write(page: &mut Page, report: &Report) {
    page.heading(2, "Where agents were");
    let is_elsewhere = !sentences::is_unused(&report.elsewhere);
    let all = || report.repos.iter().chain(is_elsewhere.then_some(&report.elsewhere));
    if all().next().is_none() {
        page.paragraph(sentences::NO_PLACE);
        return;
    }
    let columns = [
        Numbers("Active"),
        Numbers("Launches"),
        Numbers("Sessions"),
        Numbers("Tokens"),
        Numbers("Cost"),
        Words("Repository"),
    ];
    let row = |repo: &RepoUse| {
        vec![
            quarters(repo.active_quarters),
            number(repo.launches),
            number(repo.sessions),
            spent(total(&repo.use_.tokens)),
            cost(&repo.use_),
            name(repo),
        ]
    };
    table(page, &columns, &all().map(row).collect::<Vec<_>>());
    page.more(report.more_repos);
    page.paragraph(sentences::ACTIVE);
    page.heading(3, "What was touched there");
    all().for_each(|repo| touched(page, repo));
}

fn name(repo: &RepoUse) -> String {
    if repo.id.is_empty() { "elsewhere".into() } else { code(&repo.id) }
}

fn touched(page: &mut Page, repo: &RepoUse) {
    let elsewhere =
        if repo.id.is_empty() { " (in no repository, or in one that is not known)" } else { "" };
    let files = format!(
        "{} read and {} written",
        count(repo.files_read, "file", "files"),
        number(repo.files_written)
    );
    page.item(0, &format!("{}{elsewhere}: {files}", name(repo)));
    if !repo.agents.is_empty() {
        let how =
            if repo.how.is_empty() { "not known".into() } else { prose(&repo.how.join(", ")) };
        page.item(1, &format!("by {} (how: {how})", prose(&repo.agents.join(", "))));
    }
    let roots: Vec<&String> = repo.roots.iter().filter(|root| **root != repo.id).collect();
    if !roots.is_empty() {
        page.item(1, &format!("clones and working trees: {}", codes(&roots)));
    }
    repo.dirs.iter().for_each(|dir| page.item(1, &code(dir)));
    match (repo.dirs.len(), repo.more_dirs) {
        (0, 0) => page.item(1, "no directory"),
        (_, 0) => {}
        (_, more) => {
            page.item(1, &format!("and {}", count(more, "more directory", "more directories")));
        }
    }
}

pub(super) fn left(page: &mut Page, report: &Report) {
    page.heading(2, "What left");
    let all = || {
        report.repos.iter().chain([&report.elsewhere]).filter(|repo| !repo.read_under.is_empty())
    };
    if all().next().is_none() {
        page.paragraph(sentences::NOTHING_READ);
        return;
    }
    page.paragraph(sentences::LEFT);
    for repo in all() {
        page.item(0, &name(repo));
        for under in &repo.read_under {
            let text = format!(
                "{}: {} to {} (provider {}), permission mode {}, sandbox {}",
                count(under.files, "file", "files"),
                prose(&under.agent),
                code_or_unknown(under.endpoint.as_deref()),
                prose_or_unknown(under.provider.as_deref()),
                prose_or_unknown(under.permission_mode.as_deref()),
                under.sandbox.as_deref().map_or_else(|| "none, or not known".into(), prose),
            );
            page.item(1, &text);
        }
    }
    page.paragraph(sentences::MODES);
}

pub(super) fn zones(page: &mut Page, report: &Report) {
    page.heading(2, "Zones");
    if report.zones.is_empty() && report.zone_entries.is_empty() {
        page.paragraph("No zone was in force, and none was entered.");
        return;
    }
    let columns = [
        Numbers("Entries"),
        Numbers("Open"),
        Words("Severity"),
        Words("Rule of"),
        Words("State"),
        Words("Zone"),
    ];
    let rows: Vec<_> = report
        .zones
        .iter()
        .map(|zone| {
            let state = sentences::zone_state(zone);
            let gone = if zone.in_force { "" } else { ", no longer in force" };
            vec![
                number(zone.entries),
                number(zone.open),
                zone.severity.to_string(),
                if zone.managed { "machine" } else { "user" }.into(),
                format!("{state}{gone}"),
                code(&zone.zone),
            ]
        })
        .collect();
    if !rows.is_empty() {
        table(page, &columns, &rows);
        page.paragraph("What was not touched was not touched as far as was recorded.");
    }
    if report.zone_entries.is_empty() {
        return;
    }
    page.heading(3, "Entries");
    report.zone_entries.iter().for_each(|entry| self::entry(page, entry));
    page.more(report.more_zone_entries);
}

fn entry(page: &mut Page, entry: &ZoneEntryRow) {
    let agent = entry.agent.as_deref().unwrap_or("an agent that is not known");
    let (zone, path) = (code(&entry.zone), code(&entry.path));
    page.item(0, &format!("**{}** {} in {zone}: {path}", entry.severity, prose(agent)));
    let (first, last) = (page.time(entry.at), page.time(entry.last_at));
    let when = if entry.at == entry.last_at { last } else { format!("{last}, first {first}") };
    let times = count(entry.touches, "time", "times");
    let seq = number(entry.seq);
    let text = format!("{when}; {}, {times}; {}, record {seq}", prose(&entry.how), entry.evidence);
    page.item(1, &text);
    let launch = entry.launch.map(|launch| launch.to_string());
    let ids = [("session", &entry.session), ("subagent", &entry.subagent), ("launch", &launch)];
    for (what, id) in ids {
        if let Some(id) = id {
            page.item(1, &format!("{what} {}", code(id)));
        }
    }
    page.item(1, &format!("by the pattern {}", code(&entry.pattern)));
    if let Some(repo) = &entry.repo {
        let branch = repo.branch.as_deref().map(|branch| format!(", branch {}", code(branch)));
        page.item(1, &format!("in {}{}", code(&repo.root), branch.unwrap_or_default()));
    }
    let note = entry.note.as_deref().map(|note| format!(": {}", prose(note))).unwrap_or_default();
    let state = entry
        .acknowledged_at
        .map_or_else(|| "open".into(), |at| format!("acknowledged {}{note}", page.time(at)));
    page.item(1, &state);
}
