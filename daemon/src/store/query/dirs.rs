//! Directories: from the sums over all time, or summed up anew from the touches in question.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::DirRow;

use super::super::filter::{Conditions, Repos, limit, require_below, require_prefix};
use super::super::project::dir::{SUMMED_UP, quarter_hour, repo};
use super::super::project::launch::unreadable;
use super::super::register;
use super::launches::require_launch;

/// Returns the directories that pass `filter`, last touched first.
pub(super) fn dirs(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<DirRow>> {
    let mut wanted = Conditions::default();
    require_place(&mut wanted, tx, filter)?;
    let uses = if is_about_touches(filter) {
        require_touch(&mut wanted, filter);
        format!("{SUMMED_UP}{} GROUP BY 1, 2", wanted.clause())
    } else {
        wanted.require_some("agent = ?", filter.agent.clone());
        format!("SELECT * FROM dir_use{}", wanted.clause())
    };
    let shown = if filter.helpers { "" } else { r#"HAVING max(u.hows <> '["helper"]')"# };
    let sql = format!(
        "SELECT d.path, d.repo, json_group_array(u.agent), json_group_array(json(u.hows)),
            min(u.first_at), max(u.last_at) AS last_at, sum(u.launches), max(u.evidence)
         FROM ({uses}) u JOIN dir d ON d.key = u.dir
         GROUP BY u.dir {shown} ORDER BY last_at DESC, d.path LIMIT ?"
    );
    let values = wanted.into_values().into_iter().chain([limit(filter)]);
    tx.prepare_cached(&sql)?.query_map(params_from_iter(values), row)?.collect()
}

/// Whether the sums over all time do not answer.
fn is_about_touches(filter: &Filter) -> bool {
    let Filter { since_ms, until_ms, launch, session, running, .. } = filter;
    since_ms.or(*until_ms).is_some() || launch.is_some() || session.is_some() || *running
}

fn require_place(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    if let Some(dir) = &filter.dir {
        let mut below = Conditions::default();
        require_below(&mut below, "path", dir);
        let sql = format!("dir IN (SELECT key FROM dir{})", below.clause());
        wanted.require(&sql, below.into_values());
    }
    if let Some(repo) = &filter.repo {
        let mut in_it = Conditions::default();
        let keys = Repos::find(tx, repo)?.keys();
        in_it.require("repo IN (SELECT value FROM json_each(?))", [keys]);
        // Where the path lay in another repository by then, it does not count.
        in_it.require_some("last_at >= ?", filter.since_ms);
        in_it.require_some("first_at < ?", filter.until_ms);
        let sql = format!("dir IN (SELECT dir FROM dir_repo{})", in_it.clause());
        wanted.require(&sql, in_it.into_values());
    }
    Ok(())
}

fn require_touch(wanted: &mut Conditions, filter: &Filter) {
    require_launch(wanted, filter);
    if let Some(prefix) = &filter.session {
        require_prefix(wanted, "t.session", prefix);
    }
    // The quarter-hour is what the index has; the rest makes the edges exact.
    let quarter = |ms| quarter_hour(Timestamp::from_ms(ms));
    if let Some(since) = filter.since_ms {
        wanted.require("t.quarter >= ? AND t.last_at >= ?", [quarter(since), since]);
    }
    if let Some(until) = filter.until_ms {
        wanted.require("t.quarter <= ? AND t.first_at < ?", [quarter(until), until]);
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<DirRow> {
    let agents: BTreeSet<String> = json(row, 2)?;
    let hows: Vec<BTreeSet<String>> = json(row, 3)?;
    let hows: BTreeSet<String> = hows.into_iter().flatten().collect();
    Ok(DirRow {
        dir: row.get(0)?,
        repo: repo(row.get_ref(1)?.as_str()?)?,
        repo_unknown: None,
        agents: agents.into_iter().filter(|agent| !agent.is_empty()).collect(),
        how: hows.into_iter().collect(),
        first_at: Timestamp::from_ms(row.get(4)?),
        last_at: Timestamp::from_ms(row.get(5)?),
        launches: row.get::<_, i64>(6)?.cast_unsigned(),
        sessions: None,
        evidence: register::evidence(row.get(7)?),
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(unreadable)
}
