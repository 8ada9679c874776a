//! Zones, and who entered them.

use trackway_protocol::report::{Report, ZoneUse};
use trackway_protocol::row::ZoneEntryRow;

use super::page::Page;
use super::table::{long, numbers, short, table, words};
use crate::words::{count, sentences};

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("zones", "Zones", |page| {
        if report.zones.is_empty() && report.zone_entries.is_empty() {
            page.paragraph("No zone was in force, and none was entered.");
            return;
        }
        zones(page, &report.zones);
        if report.zone_entries.is_empty() {
            page.paragraph("None of them was entered, as far as was recorded.");
        } else {
            page.leaf("h3", &[], "Entries");
            entries(page, &report.zone_entries);
            page.more(report.more_zone_entries);
        }
    });
}

fn zones(page: &mut Page, zones: &[ZoneUse]) {
    let columns = [
        long("Zone"),
        short("Severity"),
        words("Rule of"),
        numbers("Entries"),
        numbers("Open"),
        words("State"),
    ];
    table(page, "Zones", &columns, zones, |row, zone| {
        row.code(&zone.zone);
        row.cell(|page| page.risk(zone.severity));
        row.text(if zone.managed { "the machine" } else { "the user" });
        row.number(zone.entries);
        row.number(zone.open);
        row.cell(|page| {
            let class = match (zone.entries, zone.open) {
                (0, _) => "good",
                (_, 0) => "quiet",
                _ => zone.severity.as_str(),
            };
            page.chip(class, sentences::zone_state(zone));
            if !zone.in_force {
                page.text(" ");
                page.chip("quiet", "no longer in force");
            }
            if zone.entries == 0 {
                page.sub("as far as was recorded");
            }
        });
    });
}

fn entries(page: &mut Page, entries: &[ZoneEntryRow]) {
    let columns = [
        short("Last touched"),
        words("Zone"),
        words("Agent"),
        long("Place"),
        words("How"),
        words("Known from"),
        numbers("Record"),
        words("Acknowledged"),
    ];
    table(page, "Entries into zones", &columns, entries, |row, entry| {
        row.cell(|page| {
            page.time(entry.last_at);
            if entry.at != entry.last_at {
                page.tag("span", &[("class", "sub")], |page| {
                    page.text("first ");
                    page.time(entry.at);
                });
            }
        });
        row.cell(|page| {
            page.code(&entry.zone);
            page.text(" ");
            page.risk(entry.severity);
        });
        row.cell(|page| who(page, entry));
        row.cell(|page| {
            page.code(&entry.path);
            page.sub(&format!("by the pattern {}", entry.pattern));
            if let Some(repo) = &entry.repo {
                let branch = repo.branch.as_deref().map(|branch| format!(", branch {branch}"));
                let text = format!("in {}{}", repo.root, branch.unwrap_or_default());
                page.sub(&text);
            }
        });
        row.text(&format!("{}, {}", entry.how, count(entry.touches, "time", "times")));
        row.text(entry.evidence.as_str());
        row.number(entry.seq);
        row.cell(|page| acknowledged(page, entry));
    });
}

fn who(page: &mut Page, entry: &ZoneEntryRow) {
    match &entry.agent {
        Some(agent) => page.text(agent),
        None => page.unknown(),
    }
    let sub = |page: &mut Page, what: &str, id: &str| {
        page.sub_code(&format!("{what} {id}"));
    };
    if let Some(session) = &entry.session {
        sub(page, "session", session);
    }
    if let Some(subagent) = &entry.subagent {
        sub(page, "subagent", subagent);
    }
    if let Some(launch) = &entry.launch {
        sub(page, "launch", &launch.to_string());
    }
}

fn acknowledged(page: &mut Page, entry: &ZoneEntryRow) {
    let Some(at) = entry.acknowledged_at else {
        page.chip(entry.severity.as_str(), "open");
        return;
    };
    page.time(at);
    if let Some(note) = &entry.note {
        page.sub(note);
    }
}
