//! Changes of settings, and findings.

use trackway_protocol::report::{Report, ReportChange, ReportFinding};

use super::page::Page;
use super::table::{long, short, table, words as column};
use crate::words::sentences;

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("changes", "Changes of settings", |page| changes(page, report));
    page.section("findings", "Findings", |page| findings(page, report));
}

fn changes(page: &mut Page, report: &Report) {
    page.paragraph(&sentences::changes(report));
    if report.risky_changes.is_empty() {
        return;
    }
    let columns = [
        short("When"),
        short("Risk"),
        short("Agent"),
        long("Setting"),
        long("Before"),
        long("After"),
        column("Why it matters"),
    ];
    table(page, "Risky changes of settings", &columns, &report.risky_changes, |row, change| {
        row.cell(|page| page.time(change.at));
        row.cell(|page| page.risk(change.risk));
        row.text(&change.agent);
        row.cell(|page| setting(page, change));
        row.cell(|page| value(page, change.before.as_deref()));
        row.cell(|page| value(page, change.after.as_deref()));
        row.text(change.why.as_deref().unwrap_or(""));
    });
    page.more(report.more_risky_changes);
}

fn setting(page: &mut Page, change: &ReportChange) {
    page.code(&change.key);
    page.text(&format!(" was {}", change.what));
    page.sub_code(&change.path);
    page.sub(&format!("{} settings", change.scope));
}

fn value(page: &mut Page, value: Option<&str>) {
    match value {
        Some(value) => page.code(value),
        None => page.leaf("span", &[("class", "unknown")], "nothing, or not kept"),
    }
}

fn findings(page: &mut Page, report: &Report) {
    if report.findings.is_empty() {
        page.paragraph("None.");
        return;
    }
    let columns = [
        short("Risk"),
        short("Agent"),
        column("What"),
        long("Where"),
        short("Since"),
        column("What to do"),
    ];
    table(page, "Findings", &columns, &report.findings, |row, finding| {
        row.cell(|page| page.risk(finding.risk));
        row.text(&finding.agent);
        row.cell(|page| {
            page.text(&finding.why);
            page.sub(&finding.code);
        });
        row.cell(|page| place(page, finding));
        row.cell(|page| {
            page.time(finding.since);
            if let Some(at) = finding.at {
                page.tag("span", &[("class", "sub")], |page| {
                    page.text("concluded ");
                    page.time(at);
                });
            }
        });
        row.text(&finding.fix);
    });
    page.more(report.more_findings);
}

fn place(page: &mut Page, finding: &ReportFinding) {
    let launch = finding.launch.map(|launch| launch.to_string());
    let mut is_any = false;
    for (what, text) in [
        ("key", &finding.key),
        ("file", &finding.path),
        ("directory", &finding.dir),
        ("session", &finding.session),
        ("launch", &launch),
    ] {
        let Some(text) = text else { continue };
        is_any = true;
        page.tag("div", &[], |page| {
            page.leaf("span", &[("class", "what")], what);
            page.text(" ");
            page.code(text);
        });
    }
    if !is_any {
        page.unknown();
    }
}
