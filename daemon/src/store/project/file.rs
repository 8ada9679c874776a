//! The tables of files: who accessed them, and in which repositories they lay.

use rusqlite::{Connection, params};
use trackway_protocol::record::FileAccessed;

use super::super::register::strength;
use super::dir::RepoFact;
use super::pending::Pending;
use super::{Seen, key, launch_key, repo, summand};

/// Writes the register of a file's repository.
pub(super) const PUT_REPO: &str = "UPDATE file SET repo = ? WHERE key = ?";

/// Projects `file.accessed`, whatever its outcome: a command that failed may have read and written
/// all the same, and what may have happened must not be left out.
pub(super) fn accessed(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    session: i64,
    body: &FileAccessed,
) -> rusqlite::Result<()> {
    let launch = body.launch.map(|id| launch_key(tx, id)).transpose()?.unwrap_or(0);
    let insert = "INSERT INTO file (path, repo) VALUES (?, 'null')";
    let file = key(tx, "SELECT key FROM file WHERE path = ?", insert, [body.path.as_str()])?;
    let repo = note_repo(tx, pending, seen, file, body)?;
    // What a session tells and what was seen to change is one access: each is counted by itself.
    // Of lines the sum of what is told; NULL where neither tells.
    tx.prepare_cached(
        "INSERT INTO file_access (file, session, launch, agent, how, first_at, last_at, times, tool,
            lines_added, lines_removed, evidence, changed, repo)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, NOT ?11, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
            tool = CASE WHEN (excluded.last_at, excluded.tool) > (last_at, tool)
                THEN excluded.tool ELSE tool END,
            last_at = max(last_at, excluded.last_at), times = times + excluded.times,
            changed = changed + excluded.changed,
            lines_added = ifnull(lines_added + excluded.lines_added,
                ifnull(lines_added, excluded.lines_added)),
            lines_removed = ifnull(lines_removed + excluded.lines_removed,
                ifnull(lines_removed, excluded.lines_removed)),
            evidence = max(evidence, excluded.evidence)",
    )?
    .execute(params![
        file,
        session,
        launch,
        body.agent,
        body.how,
        seen.at.ms(),
        body.tool,
        body.lines_added.map(summand),
        body.lines_removed.map(summand),
        strength(seen.evidence),
        body.changed,
        repo,
    ])?;
    Ok(())
}

/// Notes in which repository a file lies; returns what its accesses say of all in which it lay.
fn note_repo(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    file: i64,
    body: &FileAccessed,
) -> rusqlite::Result<i64> {
    let mut is_new = false;
    if let Some(repo) = &body.repo {
        let repo = repo::seen(tx, pending, seen, repo)?;
        let mut insert =
            tx.prepare_cached("INSERT OR IGNORE INTO file_repo (file, repo) VALUES (?, ?)")?;
        is_new = insert.execute([file, repo])? > 0;
    }
    let fact = RepoFact { repo: body.repo.clone(), repo_unknown: body.repo_unknown.clone() };
    pending.files.hear(tx, "SELECT repo FROM file WHERE key = ?", file, (seen, &fact))?;
    let sql = "SELECT CASE count(*) WHEN 0 THEN 0 WHEN 1 THEN max(repo) ELSE -1 END
        FROM file_repo WHERE file = ?";
    let lay_in = tx.prepare_cached(sql)?.query_row([file], |row| row.get(0))?;
    if is_new {
        let sql = "UPDATE file_access SET repo = ?2 WHERE file = ?1 AND repo <> ?2";
        tx.prepare_cached(sql)?.execute([file, lay_in])?;
    }
    Ok(lay_in)
}
