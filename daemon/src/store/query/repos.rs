//! Repositories: all clones and working trees of one together.

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Repo;
use trackway_protocol::row::RepoRow;

use super::super::filter::{Conditions, Repos, require_below, sql_limit};
use super::super::project::launch::unreadable;
use super::super::register;
use super::launches::require_launch;
use super::touches::require_touch;

/// Touches with the repository `repo` that they count for.
///
/// Where it could not be looked up, that is each in which the directory ever lay: what may have
/// happened there must not be left out.
const FROM: &str = "(SELECT *, repo AS counts_for FROM dir_touch WHERE repo > 0
        UNION ALL SELECT u.*, r.repo AS counts_for FROM dir_touch u JOIN dir_repo r ON r.dir = u.dir
        WHERE u.repo = -1) t LEFT JOIN launch l ON l.key = t.launch";

/// Returns the repositories that pass `filter`, last touched first.
pub(super) fn repos(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<RepoRow>> {
    let wanted = question(tx, filter)?;
    let sql = format!(
        "SELECT t.counts_for, json_group_array(DISTINCT l.agent ORDER BY l.agent),
            json_group_array(DISTINCT t.how ORDER BY t.how), min(t.first_at), max(t.last_at),
            count(DISTINCT t.dir), count(DISTINCT nullif(t.launch, 0)), max(t.evidence)
         FROM {FROM}{} ORDER BY max(t.last_at) DESC, t.counts_for DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(filter.limit)]);
    let mut statement = tx.prepare_cached(&sql)?;
    statement.query_map(params_from_iter(values), |found| row(tx, found))?.collect()
}

/// Counts the repositories that pass `filter`, whatever its limit, up to `bound`.
pub(super) fn count(tx: &Connection, filter: &Filter, bound: u64) -> rusqlite::Result<u64> {
    question(tx, filter)?.count(tx, FROM, bound)
}

fn question(tx: &Connection, filter: &Filter) -> rusqlite::Result<Conditions> {
    let mut wanted = Conditions::default();
    if let Some(dir) = &filter.dir {
        let mut below = Conditions::default();
        require_below(&mut below, "path", dir);
        let sql = format!("t.dir IN (SELECT key FROM dir{})", below.clause());
        wanted.require(&sql, below.into_values());
    }
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("t.counts_for IN (SELECT value FROM json_each(?))", [keys]);
    }
    require_touch(&mut wanted, filter);
    wanted.require_some("+l.agent = ?", filter.agent.clone());
    require_launch(&mut wanted, filter);
    let group = " GROUP BY t.counts_for HAVING ? OR max(t.how <> 'helper')";
    wanted.append(group, [filter.helpers || filter.how.is_some()]);
    Ok(wanted)
}

fn row(tx: &Connection, found: &Row<'_>) -> rusqlite::Result<RepoRow> {
    let key: i64 = found.get(0)?;
    let clones = clones(tx, key)?;
    let texts = |column| -> rusqlite::Result<Vec<Option<String>>> {
        serde_json::from_str(found.get_ref(column)?.as_str()?).map_err(unreadable)
    };
    let number = |column| found.get::<_, i64>(column).map(i64::cast_unsigned);
    let id = tx
        .prepare_cached("SELECT identity FROM repo WHERE key = ?")?
        .query_row([key], |row| row.get(0))?;
    let mut roots: Vec<String> = Vec::new();
    for clone in &clones {
        if !roots.contains(&clone.root) {
            roots.push(clone.root.clone());
        }
    }
    Ok(RepoRow {
        id,
        repo: clones.into_iter().next().unwrap_or_default(),
        roots,
        agents: texts(1)?.into_iter().flatten().collect(),
        how: texts(2)?.into_iter().flatten().collect(),
        first_at: Timestamp::from_ms(found.get(3)?),
        last_at: Timestamp::from_ms(found.get(4)?),
        dirs: number(5)?,
        launches: number(6)?,
        sessions: None,
        evidence: register::evidence(found.get(7)?),
    })
}

/// Returns the clones of a repository, each as it was seen last, the last seen first.
fn clones(tx: &Connection, repo: i64) -> rusqlite::Result<Vec<Repo>> {
    let mut statement = tx
        .prepare_cached("SELECT seen FROM clone WHERE repo = ? ORDER BY seen_at DESC, seen DESC")?;
    let clone = |row: &Row<'_>| serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(unreadable);
    statement.query_map([repo], clone)?.collect()
}
