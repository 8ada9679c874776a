//! Sessions, from the tables that hold what session files told of each.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Session;
use trackway_protocol::report::Use;
use trackway_protocol::row::{SessionLeftOut, SessionRow, SessionTokens};
use trackway_report::prices::PriceList;

use super::super::filter::{Conditions, Repos, require_below, require_prefix, sql_limit};
use super::super::project::dir::quarter_hour;
use super::super::project::launch::unreadable;
use super::super::project::session::{Facts, parse};
use super::super::register;
use super::Found;
use super::kinds::Kinds;
use super::launches::require_launch;
use super::links;
use super::spent::{Spent, counted};
use super::touches::{dirs_below, require_manner};

/// So many sessions of a place are many.
const MANY: u64 = 1000;

/// Returns the sessions that pass `filter`, last active first; what they cost is not known without
/// prices.
pub(super) fn sessions(
    tx: &Connection,
    filter: &Filter,
    prices: Option<&PriceList>,
) -> rusqlite::Result<Found<SessionRow>> {
    let mut wanted = Conditions::default();
    // What only touches tell of a session, without its agent, makes no row.
    wanted.require_that("s.agent <> ''");
    require_session(&mut wanted, tx, filter)?;
    require_place(&mut wanted, tx, filter)?;
    wanted.require_some("s.last_at >= ?", filter.since_ms);
    wanted.require_some("s.first_at < ?", filter.until_ms);
    let rows = newest(tx, wanted.clone(), (filter.limit, prices))?;
    Found::counted(rows, filter, |bound| wanted.count(tx, "session s", bound))
}

/// Adds which session `s` is wanted, wherever and whenever it was.
pub(super) fn require_session(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    wanted.require_some("s.agent = ?", filter.agent.clone());
    if let Some(prefix) = &filter.session {
        require_prefix(wanted, "s.id", prefix);
    }
    if let Some(launches) = launches(tx, filter)? {
        let sql = format!(
            "s.key IN (SELECT n.session FROM launch l JOIN session_launch n ON n.launch = l.key{})",
            launches.clause()
        );
        wanted.require(&sql, launches.into_values());
    }
    Ok(())
}

/// Adds where session `s` must have worked.
pub(super) fn require_place(
    wanted: &mut Conditions,
    tx: &Connection,
    filter: &Filter,
) -> rusqlite::Result<()> {
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("s.repo IN (SELECT value FROM json_each(?))", [keys]);
    }
    if let Some(dir) = &filter.dir {
        let mut there = Conditions::default();
        require_below(&mut there, "s.cwd", dir);
        // Where many worked, the newest of them are found sooner by time than by place.
        match there.clone().count(tx, "session s", MANY)? < MANY {
            true => wanted.and(&there),
            false => require_below(wanted, "+s.cwd", dir),
        }
    }
    Ok(())
}

/// Returns what the filter asks of a launch `l`, where it asks for anything but the agent, which
/// sessions tell themselves.
pub(super) fn launches(tx: &Connection, filter: &Filter) -> rusqlite::Result<Option<Conditions>> {
    let Filter { launch, mode, flag, endpoint, running, .. } = filter;
    if [launch, mode, flag, endpoint].into_iter().all(Option::is_none) && !running {
        return Ok(None);
    }
    let mut wanted = Conditions::default();
    Kinds::find(tx, filter)?.require(&mut wanted, "l.kind");
    require_launch(&mut wanted, filter);
    Ok(Some(wanted))
}

/// The sessions whose files tell that they touched a place.
#[derive(Default)]
pub(super) struct There {
    sessions: u64,
    agents: BTreeSet<String>,
}

impl There {
    pub(super) fn count(&self) -> u64 {
        self.sessions
    }

    /// Returns their agents and those of launches, sorted.
    pub(super) fn agents_and(&self, others: Vec<String>) -> Vec<String> {
        let agents: BTreeSet<String> = self.agents.iter().cloned().chain(others).collect();
        agents.into_iter().collect()
    }
}

/// Returns the sessions that touched a directory.
pub(super) fn in_dir(tx: &Connection, filter: &Filter, dir: i64) -> rusqlite::Result<There> {
    let mut wanted = Conditions::default();
    wanted.require("t.dir = ?", [dir]);
    there(tx, filter, "dir_touch_of_sessions", wanted)
}

/// Returns the sessions that touched a repository, or the `part` of it that lies in a directory.
pub(super) fn in_repo(
    tx: &Connection,
    filter: &Filter,
    repo: i64,
    part: Option<&str>,
) -> rusqlite::Result<There> {
    let mut wanted = Conditions::default();
    // What may have been there counts.
    wanted.require(
        "t.repo IN (?, -1) AND (t.repo > 0 OR t.dir IN (SELECT dir FROM dir_repo WHERE repo = ?))",
        [repo; 2],
    );
    if let Some(dir) = part {
        let (select, values) = dirs_below(dir);
        wanted.require(&format!("t.dir IN ({select})"), values);
    }
    there(tx, filter, "repo_touch_of_sessions", wanted)
}

fn there(
    tx: &Connection,
    filter: &Filter,
    index: &str,
    mut place: Conditions,
) -> rusqlite::Result<There> {
    place.require_that("t.session <> ''");
    require_manner(&mut place, tx, filter)?;
    require_range(&mut place, (filter.since_ms, filter.until_ms));
    let touched =
        format!("SELECT DISTINCT t.session FROM dir_touch t INDEXED BY {index}{}", place.clause());
    let values = place.into_values();
    let mut wanted = Conditions::default();
    require_session(&mut wanted, tx, filter)?;
    let known = format!("({touched}) w JOIN session s ON s.id = w.session{}", wanted.clause());
    let of_known = [values.clone(), wanted.clone().into_values()].concat();
    let (from, of_from) = match wanted.clause() {
        "" => (format!("({touched}) w"), values),
        _ => (known.clone(), of_known.clone()),
    };
    let count = format!("SELECT count(DISTINCT w.session) FROM {from}");
    let sessions: i64 =
        tx.prepare_cached(&count)?.query_row(params_from_iter(of_from), |row| row.get(0))?;
    if sessions == 0 {
        return Ok(There::default());
    }
    let agents = agents(tx, &format!("SELECT s.agent FROM {known}"), of_known)?;
    Ok(There { sessions: sessions.cast_unsigned(), agents })
}

/// Returns the agents that a query finds, of which it may find each for many sessions: no more is looked
/// at than until all are found that there are.
fn agents(tx: &Connection, sql: &str, values: Vec<Value>) -> rusqlite::Result<BTreeSet<String>> {
    let mut next = tx.prepare_cached("SELECT min(agent) FROM session WHERE agent > ?")?;
    let (mut all, mut last) = (0, String::new());
    while let Some(agent) = next.query_row([&last], |row| row.get(0))? {
        (all, last) = (all + 1, agent);
    }
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = BTreeSet::new();
    while found.len() < all
        && let Some(row) = rows.next()?
    {
        found.extend(row.get::<_, Option<String>>(0)?.filter(|agent| !agent.is_empty()));
    }
    Ok(found)
}

/// Adds when a touch `t` must have been, where all is looked for in an index that has quarter-hours, and not
/// the times in them: those count only where the range begins and ends.
fn require_range(wanted: &mut Conditions, (since, until): (Option<i64>, Option<i64>)) {
    if since.is_none() && until.is_none() {
        return;
    }
    let quarter = |ms| quarter_hour(Timestamp::from_ms(ms));
    wanted.require_some("t.quarter >= ?", since.map(quarter));
    wanted.require_some("t.quarter <= ?", until.map(quarter));
    let sql = "(t.quarter > ? AND t.quarter < ? OR EXISTS (SELECT 1 FROM dir_touch e
        WHERE e.quarter = t.quarter AND e.dir = t.dir AND e.launch = t.launch
            AND e.session = t.session AND e.how = t.how AND e.repo = t.repo
            AND e.last_at >= ? AND e.first_at < ?))";
    let between = [since.map_or(i64::MIN, quarter), until.map_or(i64::MAX, quarter)];
    let within = [since.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX)];
    wanted.require(sql, [between, within].concat());
}

/// Returns the best that was said of the session `id`, where more than its touches is known.
pub(super) fn said_of(tx: &Connection, id: &str) -> rusqlite::Result<Option<Session>> {
    let mut statement = tx.prepare_cached(
        "SELECT agent, facts FROM session WHERE id = ? AND agent <> '' ORDER BY agent LIMIT 1",
    )?;
    let said = |row: &Row<'_>| {
        let facts = row.get_ref(1)?.as_str_or_null()?.map(parse).transpose()?;
        facts.unwrap_or_default().session(id, row.get_ref(0)?.as_str()?).map_err(unreadable)
    };
    statement.query_row([id], said).optional()
}

fn newest(
    tx: &Connection,
    wanted: Conditions,
    (limit, prices): (Option<u64>, Option<&PriceList>),
) -> rusqlite::Result<Vec<SessionRow>> {
    let sql = format!(
        "SELECT s.key, s.id, s.agent, s.facts, s.first_at, s.last_at, s.evidence, s.is_doing
         FROM session s{}
         ORDER BY s.last_at DESC, s.key DESC LIMIT ?",
        wanted.clause()
    );
    let values = wanted.into_values().into_iter().chain([sql_limit(limit)]);
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| session_row(tx, row, prices))?;
    rows.collect()
}

fn session_row(
    tx: &Connection,
    row: &Row<'_>,
    prices: Option<&PriceList>,
) -> rusqlite::Result<SessionRow> {
    let (key, id, agent): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let facts = row.get_ref(3)?.as_str_or_null()?.map(parse).transpose()?;
    let facts: Facts = facts.unwrap_or_default();
    let said: Session = facts.session(&id, &agent).map_err(unreadable)?;
    let is_trace = said.trace && said.transcript.is_none();
    let links = links::of_session(tx, key)?;
    let (models, spent) = spent(tx, (key, &agent), prices)?;
    let best = links.first();
    let counts = counts(tx, key, &id)?;
    // Where nothing was read of a file of its own, nothing that only such a file tells is known: not
    // even that there was none of it.
    let is_told = said.transcript.is_some() || spent.responses > 0 || counts[3] > 0;
    let counts = counts.map(|count| is_told.then_some(count));
    let [files_read, files_written, dirs, shell_calls, unresolved_calls] = counts;
    Ok(SessionRow {
        id,
        agent,
        agent_version: said.agent_version,
        models,
        cwd: said.cwd,
        repo: said.repo,
        repo_unknown: said.repo_unknown,
        launch: best.map(|link| link.launch),
        launches: links.iter().map(|link| link.launch).collect(),
        linked_by: best.and_then(|link| link.how.first().cloned()),
        links,
        parent_session: said.parent_session,
        permission_mode: said.permission_mode.or(said.approval_policy),
        sandbox: said.sandbox,
        provider: said.provider,
        trace: is_trace,
        transcript: said.transcript,
        transcript_gone_at: facts.gone_at(),
        started_at: Timestamp::from_ms(row.get(4)?),
        last_at: Timestamp::from_ms(row.get(5)?),
        responses: is_told.then_some(spent.responses),
        tokens: if is_told { spent.tokens.into() } else { SessionTokens::default() },
        cost_usd: cost(&spent).filter(|_| is_told && prices.is_some()),
        files_read,
        files_written,
        dirs,
        shell_calls,
        unresolved_calls,
        left_out: left_out(tx, key)?,
        evidence: register::evidence(row.get(6)?),
    })
}

/// Returns what changed while its shell calls ran and is not told.
fn left_out(tx: &Connection, session: i64) -> rusqlite::Result<Option<SessionLeftOut>> {
    let select = "SELECT ignored, untold, unwatched_dirs FROM session_left_out WHERE session = ?";
    let found = tx.prepare_cached(select)?.query_row([session], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(SessionLeftOut { ignored: count(0)?, untold: count(1)?, unwatched_dirs: count(2)? })
    });
    found.optional()
}

/// Returns the models that answered in a session, and what their responses cost.
fn spent(
    tx: &Connection,
    (session, agent): (i64, &str),
    prices: Option<&PriceList>,
) -> rusqlite::Result<(Vec<String>, Use)> {
    let mut statement = tx.prepare_cached(
        "SELECT m.name, responses, input, cache_read, cache_write_5m, cache_write_1h, output,
            reasoning
         FROM session_model n JOIN model m ON m.key = n.model
         WHERE n.session = ? ORDER BY m.name",
    )?;
    let (mut models, mut spent) = (Vec::new(), Spent::default());
    let mut rows = statement.query([session])?;
    while let Some(row) = rows.next()? {
        let model: String = row.get(0)?;
        let price = prices.and_then(|prices| prices.find(agent, &model));
        let (responses, tokens) = counted(row, 1)?;
        spent.add(&Spent::by(responses, tokens, price));
        if !model.is_empty() {
            models.push(model);
        }
    }
    Ok((models, spent.total()))
}

/// Returns what responses cost in dollars; nothing where one of them has no price.
fn cost(spent: &Use) -> Option<f64> {
    let micro = spent.cost_microusd.filter(|_| spent.unpriced_responses == 0)?;
    #[expect(clippy::cast_precision_loss, reason = "it is exact up to nine billion dollars")]
    Some(micro as f64 / 1e6)
}

/// Returns how many files it read and wrote, directories it touched, shell calls it made and how
/// many of these are unresolved.
fn counts(tx: &Connection, session: i64, id: &str) -> rusqlite::Result<[u64; 5]> {
    const COUNTS: &str = "SELECT
        (SELECT count(DISTINCT file) FROM file_access WHERE session = ?1 AND how = 'read'),
        (SELECT count(DISTINCT file) FROM file_access
            WHERE session = ?1 AND how IN ('write', 'create', 'delete', 'rename')),
        (SELECT count(DISTINCT dir) FROM dir_touch WHERE session = ?2 AND session <> ''),
        (SELECT ifnull(sum(calls), 0) FROM session_calls WHERE session = ?1),
        (SELECT ifnull(sum(unresolved), 0) FROM session_calls WHERE session = ?1)";
    tx.prepare_cached(COUNTS)?.query_row((session, id), |row| {
        let mut counts = [0; 5];
        for (column, count) in counts.iter_mut().enumerate() {
            *count = row.get::<_, i64>(column)?.cast_unsigned();
        }
        Ok(counts)
    })
}
