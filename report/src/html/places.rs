//! Where agents were.

use trackway_protocol::report::{RepoUse, Report};

use super::chart::{cell_bar, total};
use super::page::Page;
use super::table::{Row, long, numbers, table, words};
use super::words::{cost, quarters};
use crate::words::number;

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("places", "Where agents were", |page| {
        let is_elsewhere = !is_unused(&report.elsewhere);
        if report.repos.is_empty() && !is_elsewhere {
            page.paragraph("No repository and no other directory was touched, as far as was recorded.");
            return;
        }
        repos(page, report, is_elsewhere);
        if report.more_repos > 0 {
            page.note(&format!("and {} more repositories", number(report.more_repos)));
        }
        page.note(
            "Active time is told in quarter-hours in which an agent touched something or a model \
             answered; what went on in two repositories at once counts for each. Tokens are those of \
             the sessions that worked in the repository's directory.",
        );
        page.details("Directories", |page| {
            for repo in report.repos.iter().chain(is_elsewhere.then_some(&report.elsewhere)) {
                directories(page, repo);
            }
        });
    });
}

fn is_unused(repo: &RepoUse) -> bool {
    let counts = [repo.launches, repo.sessions, repo.active_quarters, repo.use_.responses];
    counts == [0; 4] && repo.dirs.is_empty() && repo.files_read + repo.files_written == 0
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
    row.number(total(&repo.use_.tokens));
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
