//! Where agents were, and where what they read there may have gone.

use trackway_protocol::report::{RepoUse, Report};

use super::sheet::Sheet;

/// The repositories; in the last row, which names none, what is elsewhere.
pub(super) fn repos(report: &Report) -> String {
    Sheet::of(all(report))
        .column("repo", |repo| &repo.id)
        .column("agents", |repo| &repo.agents)
        .column("how", |repo| &repo.how)
        .column("launches", |repo| &repo.launches)
        .column("sessions", |repo| &repo.sessions)
        .column("active_quarters", |repo| &repo.active_quarters)
        .column("files_read", |repo| &repo.files_read)
        .column("files_written", |repo| &repo.files_written)
        .made("roots", |repo| repo.roots.len() as u64)
        .made("dirs", |repo| (repo.dirs.len() as u64).saturating_add(repo.more_dirs))
        .column("dirs_left_out", |repo| &repo.more_dirs)
        .uses(|repo| &repo.use_)
        .text()
}

/// The top directories of clones. A path may have blanks in it, so that each has a row.
pub(super) fn roots(report: &Report) -> String {
    let rows = all(report).flat_map(|repo| repo.roots.iter().map(move |root| (repo, root)));
    Sheet::of(rows).column("repo", |(repo, _)| &repo.id).column("root", |(_, root)| *root).text()
}

/// The directories that were touched, as far as the report names them.
pub(super) fn dirs(report: &Report) -> String {
    let rows = all(report).flat_map(|repo| repo.dirs.iter().map(move |dir| (repo, dir)));
    Sheet::of(rows).column("repo", |(repo, _)| &repo.id).column("dir", |(_, dir)| *dir).text()
}

/// Under what rights files were read.
pub(super) fn read_under(report: &Report) -> String {
    let rows = all(report).flat_map(|repo| repo.read_under.iter().map(move |under| (repo, under)));
    Sheet::of(rows)
        .column("repo", |(repo, _)| &repo.id)
        .column("agent", |(_, under)| &under.agent)
        .column("endpoint", |(_, under)| &under.endpoint)
        .column("provider", |(_, under)| &under.provider)
        .column("permission_mode", |(_, under)| &under.permission_mode)
        .column("sandbox", |(_, under)| &under.sandbox)
        .column("files", |(_, under)| &under.files)
        .text()
}

fn all(report: &Report) -> impl Iterator<Item = &RepoUse> {
    report.repos.iter().chain([&report.elsewhere])
}
