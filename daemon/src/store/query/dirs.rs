//! Directories: from the sums over all time, or summed up anew from the touches in question.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Evidence;
use trackway_protocol::row::DirRow;

use super::super::filter::{Conditions, Repos, require_below, sql_limit};
use super::super::project::dir::{SUMMED_UP, repo_fact};
use super::super::project::launch::unreadable;
use super::super::register;
use super::launches::require_launch;
use super::touches::require_touch;

/// Touches, or sums of them, that are looked at to count directories.
const LOOKED_AT: u64 = 30_000;

/// Returns the directories that pass `filter`, last touched first.
pub(super) fn dirs(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<DirRow>> {
    let (source, wanted) = question(tx, filter)?;
    let dirs = source.newest(tx, wanted.clone(), filter)?;
    let mut uses = source.uses(tx, wanted, &dirs)?;
    dirs.iter().map(|dir| row(tx, *dir, uses.remove(dir).unwrap_or_default())).collect()
}

/// Counts the directories that pass `filter`, whatever its limit, up to `bound`.
///
/// Says `bound` as well where too much was done in them to be looked through quickly.
pub(super) fn count(tx: &Connection, filter: &Filter, bound: u64) -> rusqlite::Result<u64> {
    let (source, mut wanted) = question(tx, filter)?;
    if wanted.clone().count(tx, source.from, LOOKED_AT)? == LOOKED_AT {
        return Ok(bound);
    }
    source.group(&mut wanted, filter);
    wanted.count(tx, source.from, bound)
}

fn question(tx: &Connection, filter: &Filter) -> rusqlite::Result<(&'static Source, Conditions)> {
    let mut wanted = Conditions::default();
    require_place(&mut wanted, tx, filter)?;
    let source = if is_about_touches(filter) {
        // The plus keeps an index from being used: an agent has more launches than a range touches.
        wanted.require_some("+l.agent = ?", filter.agent.clone());
        require_launch(&mut wanted, filter);
        require_touch(&mut wanted, filter);
        &TOUCHES
    } else {
        wanted.require_some("t.agent = ?", filter.agent.clone());
        &SUMS
    };
    Ok((source, wanted))
}

/// One of the two tables that tell what was touched.
struct Source {
    from: &'static str,
    /// Whether a row is about more than helpers.
    is_shown: &'static str,
    select: &'static str,
    group: &'static str,
}

const TOUCHES: Source = Source {
    from: "dir_touch t LEFT JOIN launch l ON l.key = t.launch",
    is_shown: "t.how <> 'helper'",
    select: SUMMED_UP,
    group: "GROUP BY 1, 2",
};

const SUMS: Source = Source {
    from: "dir_use t",
    is_shown: r#"t.hows <> '["helper"]'"#,
    select: "SELECT dir, agent, hows, first_at, last_at, launches, evidence FROM dir_use t",
    group: "",
};

impl Source {
    /// Chooses the directories to show: cheaper than to sum up all of them.
    fn newest(
        &self,
        tx: &Connection,
        mut wanted: Conditions,
        filter: &Filter,
    ) -> rusqlite::Result<Vec<i64>> {
        self.group(&mut wanted, filter);
        let sql = format!(
            "SELECT t.dir FROM {}{} ORDER BY max(t.last_at) DESC, t.dir DESC LIMIT ?",
            self.from,
            wanted.clause()
        );
        let values = wanted.into_values().into_iter().chain([sql_limit(filter.limit)]);
        let values = params_from_iter(values);
        tx.prepare_cached(&sql)?.query_map(values, |row| row.get(0))?.collect()
    }

    /// Makes one row of each directory that is to be shown.
    fn group(&self, wanted: &mut Conditions, filter: &Filter) {
        // The plus keeps an index from being chosen for its order, which would read all of it.
        let sql = format!(" GROUP BY +t.dir HAVING ? OR max({})", self.is_shown);
        wanted.append(&sql, [filter.helpers || filter.how.is_some()]);
    }

    /// Returns what was done in each of `dirs`, by agent.
    fn uses(
        &self,
        tx: &Connection,
        mut wanted: Conditions,
        dirs: &[i64],
    ) -> rusqlite::Result<BTreeMap<i64, Vec<Use>>> {
        let dirs = serde_json::to_string(dirs).expect("numbers always serialise");
        wanted.require("t.dir IN (SELECT value FROM json_each(?))", [dirs]);
        let sql = format!("{}{} {}", self.select, wanted.clause(), self.group);
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(wanted.into_values()))?;
        let mut uses = BTreeMap::<_, Vec<_>>::new();
        while let Some(row) = rows.next()? {
            uses.entry(row.get(0)?).or_default().push(Use::read(row)?);
        }
        Ok(uses)
    }
}

/// What one agent did in one directory.
struct Use {
    agent: String,
    hows: BTreeSet<String>,
    first_at: Timestamp,
    last_at: Timestamp,
    launches: u64,
    evidence: Evidence,
}

impl Use {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            agent: row.get(1)?,
            hows: serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(unreadable)?,
            first_at: Timestamp::from_ms(row.get(3)?),
            last_at: Timestamp::from_ms(row.get(4)?),
            launches: row.get::<_, i64>(5)?.cast_unsigned(),
            evidence: register::evidence(row.get(6)?),
        })
    }
}

fn row(tx: &Connection, dir: i64, uses: Vec<Use>) -> rusqlite::Result<DirRow> {
    let mut statement = tx.prepare_cached("SELECT path, repo FROM dir WHERE key = ?")?;
    let (path, fact) = statement
        .query_row([dir], |row| Ok((row.get(0)?, repo_fact(row.get_ref(1)?.as_str()?)?)))?;
    let known = |agent: &String| !agent.is_empty();
    let hows: BTreeSet<&String> = uses.iter().flat_map(|each| &each.hows).collect();
    Ok(DirRow {
        dir: path,
        repo: fact.repo,
        repo_unknown: fact.repo_unknown,
        agents: uses.iter().map(|each| each.agent.clone()).filter(known).collect(),
        how: hows.into_iter().cloned().collect(),
        first_at: uses.iter().map(|each| each.first_at).min().unwrap_or_default(),
        last_at: uses.iter().map(|each| each.last_at).max().unwrap_or_default(),
        launches: uses.iter().map(|each| each.launches).sum(),
        sessions: None,
        evidence: uses.iter().map(|each| each.evidence).max().unwrap_or(Evidence::Inferred),
    })
}

/// Whether the sums over all time do not answer.
fn is_about_touches(filter: &Filter) -> bool {
    let Filter { since_ms, until_ms, launch, session, running, mode, flag, endpoint, how, .. } =
        filter;
    let texts = [launch, session, mode, flag, endpoint, how];
    since_ms.or(*until_ms).is_some() || texts.into_iter().any(Option::is_some) || *running
}

fn require_place(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    if let Some(dir) = &filter.dir {
        let mut below = Conditions::default();
        require_below(&mut below, "path", dir);
        let sql = format!("t.dir IN (SELECT key FROM dir{})", below.clause());
        wanted.require(&sql, below.into_values());
    }
    if let Some(repo) = &filter.repo {
        let mut in_it = Conditions::default();
        let keys = Repos::find(tx, repo)?.keys();
        in_it.require("repo IN (SELECT value FROM json_each(?))", [keys]);
        // Where the path lay in another repository by then, it does not count.
        in_it.require_some("last_at >= ?", filter.since_ms);
        in_it.require_some("first_at < ?", filter.until_ms);
        let sql = format!("t.dir IN (SELECT dir FROM dir_repo{})", in_it.clause());
        wanted.require(&sql, in_it.into_values());
    }
    Ok(())
}
