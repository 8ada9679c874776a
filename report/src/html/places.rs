//! Where agents were.

use trackway_protocol::report::{RepoUse, Report};

use super::chart::cell_bar;
use super::page::Page;
use super::table::{Row, long, numbers, table, words};
use crate::words::{UNTOLD, cost, count, number, quarters, sentences, total};

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("places", "Where agents were", |page| {
        let is_elsewhere = !sentences::is_unused(&report.elsewhere);
        if report.repos.is_empty() && !is_elsewhere {
            page.paragraph(sentences::NO_PLACE);
            return;
        }
        repos(page, report, is_elsewhere);
        if report.more_repos > 0 {
            page.note(&format!(
                "and {} more",
                count(report.more_repos, "repository", "repositories")
            ));
        }
        page.note(sentences::ACTIVE);
        page.details("Directories", |page| {
            for repo in report.repos.iter().chain(is_elsewhere.then_some(&report.elsewhere)) {
                directories(page, repo);
            }
        });
    });
}

fn repos(page: &mut Page, report: &Report, is_elsewhere: bool) {
    let columns = [
        long("Repository"),
        words("Agents, and how"),
        numbers("Launches"),
        numbers("Sessions"),
        numbers("Active"),
        numbers("Files read"),
        numbers("Files written"),
        numbers("Tokens"),
        numbers("Cost"),
    ];
    let all = || report.repos.iter().chain(is_elsewhere.then_some(&report.elsewhere));
    let most = all().map(|repo| repo.active_quarters).max().unwrap_or(0);
    table(page, "Repositories", &columns, all(), |row, repo| {
        row.cell(|page| name(page, repo));
        row.cell(|page| {
            page.text(&repo.agents.join(", "));
            page.sub(&repo.how.join(", "));
        });
        counts(row, repo, most);
    });
}

fn counts(row: &mut Row<'_>, repo: &RepoUse, most: u64) {
    row.number(repo.launches);
    row.number(repo.sessions);
    row.cell(|page| {
        page.text(&quarters(repo.active_quarters));
        cell_bar(page, repo.active_quarters, most);
    });
    row.number(repo.files_read);
    row.number(repo.files_written);
    match total(&repo.use_.tokens) {
        0 => row.text(UNTOLD),
        many => row.number(many),
    }
    row.text(&cost(&repo.use_));
}

/// Writes what a repository is called, and where its clones are.
fn name(page: &mut Page, repo: &RepoUse) {
    if repo.id.is_empty() {
        page.text("elsewhere");
        page.sub("in no repository, or in one that is not known");
        return;
    }
    page.code(&repo.id);
    for root in repo.roots.iter().filter(|root| **root != repo.id) {
        page.sub_code(root);
    }
}

fn directories(page: &mut Page, repo: &RepoUse) {
    page.tag("h3", &[], |page| {
        if repo.id.is_empty() {
            page.text("elsewhere");
        } else {
            page.code(&repo.id);
        }
    });
    page.tag("ul", &[("class", "paths")], |page| {
        for dir in &repo.dirs {
            page.tag("li", &[], |page| page.code(dir));
        }
        if repo.more_dirs > 0 {
            let more = format!("and {} more", number(repo.more_dirs));
            page.leaf("li", &[("class", "note")], &more);
        }
        if repo.dirs.is_empty() && repo.more_dirs == 0 {
            page.leaf("li", &[("class", "note")], "none");
        }
    });
}
