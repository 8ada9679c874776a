//! Changes of settings, and findings.

use trackway_protocol::report::Report;

use super::page::Page;
use super::text::{code, prose};
use crate::words::sentences;

pub(super) fn changes(page: &mut Page, report: &Report) {
    page.heading(2, "Changes of settings");
    page.paragraph(&sentences::changes(report));
    for change in &report.risky_changes {
        let why = change.why.as_deref().map(|why| format!(": {}", prose(why))).unwrap_or_default();
        let (agent, key, what) = (prose(&change.agent), code(&change.key), prose(&change.what));
        page.item(0, &format!("**{}** {agent}, {key} was {what}{why}", change.risk));
        let scope = prose(&change.scope);
        let text = format!("{}, {scope} settings, {}", page.time(change.at), code(&change.path));
        page.item(1, &text);
        let value = |value: Option<&str>| value.map_or_else(|| "nothing, or not kept".into(), code);
        page.item(1, &format!("before: {}", value(change.before.as_deref())));
        page.item(1, &format!("after: {}", value(change.after.as_deref())));
    }
    page.more(report.more_risky_changes);
}

pub(super) fn findings(page: &mut Page, report: &Report) {
    page.heading(2, "Findings");
    if report.findings.is_empty() {
        page.paragraph("None.");
    }
    for finding in &report.findings {
        let (agent, code_) = (prose(&finding.agent), prose(&finding.code));
        page.item(0, &format!("**{}** {agent}: {} ({code_})", finding.risk, prose(&finding.why)));
        let launch = finding.launch.map(|launch| launch.to_string());
        for (what, text) in [
            ("key", &finding.key),
            ("file", &finding.path),
            ("directory", &finding.dir),
            ("session", &finding.session),
            ("launch", &launch),
        ] {
            if let Some(text) = text {
                page.item(1, &format!("{what} {}", code(text)));
            }
        }
        let at = finding.at.map(|at| format!(", concluded {}", page.time(at)));
        page.item(1, &format!("since {}{}", page.time(finding.since), at.unwrap_or_default()));
        page.item(1, &format!("to do: {}", prose(&finding.fix)));
    }
    page.more(report.more_findings);
}
