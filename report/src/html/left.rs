//! What may have left: which files agents read, and where what was read may have gone.

use trackway_protocol::report::{ReadUnder, RepoUse, Report};

use super::page::Page;
use super::table::{long, numbers, short, table, words};
use crate::words::sentences;

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("left", "What may have left", |page| {
        let all = report.repos.iter().chain([&report.elsewhere]);
        let rows: Vec<(&RepoUse, &ReadUnder)> =
            all.flat_map(|repo| repo.read_under.iter().map(move |under| (repo, under))).collect();
        if rows.is_empty() {
            page.paragraph(sentences::NOTHING_READ);
            return;
        }
        page.paragraph(sentences::LEFT);
        let columns = [
            long("Repository"),
            numbers("Files read"),
            short("Agent"),
            long("Endpoint"),
            words("Provider"),
            words("Permission mode"),
            words("Sandbox"),
        ];
        table(page, "Files read, by endpoint", &columns, rows, |row, (repo, under)| {
            row.cell(|page| {
                if repo.id.is_empty() {
                    page.text("elsewhere");
                } else {
                    page.code(&repo.id);
                }
            });
            row.number(under.files);
            row.text(&under.agent);
            row.code_or_unknown(under.endpoint.as_deref());
            row.text_or_unknown(under.provider.as_deref());
            row.text_or_unknown(under.permission_mode.as_deref());
            row.cell(|page| match &under.sandbox {
                Some(sandbox) => page.text(sandbox),
                None => page.leaf("span", &[("class", "unknown")], "none, or not known"),
            });
        });
        page.note(sentences::MODES);
    });
}
