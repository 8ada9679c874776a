//! What the witnesses disagree about, together with the settings that are a risk now.

use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::row::{AnyFinding, FindingRow};

use super::super::filter::{Conditions, Repos, require_below, require_prefix};
use super::launches::launch_id;
use super::{Found, config};
use crate::agents;

/// Findings with where they are about: the directory of the launch or the session.
const FINDINGS: &str =
    "(SELECT f.*, coalesce(l.cwd, s.cwd) AS dir, coalesce(l.repo, s.repo) AS repo
    FROM finding f LEFT JOIN launch l ON l.id = f.launch
        LEFT JOIN session s ON s.id = f.session AND s.agent = f.agent) f";

/// Returns all that pass `filter`, the greatest risk first, then the newest.
///
/// A setting lasts from when it was made until now; what was concluded counts where it was concluded.
pub(super) fn all(tx: &Connection, filter: &Filter) -> rusqlite::Result<Found<AnyFinding>> {
    let mut found = concluded(tx, filter)?;
    if filter.launch.is_none() && filter.session.is_none() {
        let unlimited = Filter { limit: None, ..filter.clone() };
        let settings = config::findings(tx, &unlimited)?.rows.into_iter();
        let began = |row: &FindingRow| filter.until_ms.is_none_or(|until| row.since.ms() < until);
        found.extend(settings.filter(began).map(of_setting));
    }
    found.sort_by(|a, b| {
        let time = |row: &AnyFinding| row.at.unwrap_or(row.since);
        let rest = |row: &AnyFinding| (row.code.clone(), row.path.clone(), row.key.clone());
        b.risk.cmp(&a.risk).then_with(|| time(b).cmp(&time(a))).then_with(|| rest(a).cmp(&rest(b)))
    });
    let all = found.len() as u64;
    found.truncate(filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0)));
    Ok(Found::of_all(found, filter, Some(all)))
}

fn concluded(tx: &Connection, filter: &Filter) -> rusqlite::Result<Vec<AnyFinding>> {
    let mut wanted = Conditions::default();
    wanted.require_some("f.at_ms >= ?", filter.since_ms);
    wanted.require_some("f.at_ms < ?", filter.until_ms);
    wanted.require_some("f.agent = ?", filter.agent.clone());
    wanted.require_some("f.risk >= ?", filter.risk.map(|risk| risk as i64));
    if let Some(launch) = &filter.launch {
        require_prefix(&mut wanted, "f.launch", launch);
    }
    if let Some(session) = &filter.session {
        require_prefix(&mut wanted, "f.session", session);
    }
    if let Some(dir) = &filter.dir {
        require_below(&mut wanted, "f.dir", dir);
    }
    if let Some(repo) = &filter.repo {
        let keys = Repos::find(tx, repo)?.keys();
        wanted.require("f.repo IN (SELECT value FROM json_each(?))", [keys]);
    }
    let sql = format!(
        "SELECT f.code, f.agent, f.launch, f.session, f.path, f.since_ms, f.at_ms, f.risk, f.why, f.dir
         FROM {FINDINGS}{}",
        wanted.clause()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    statement.query_map(params_from_iter(wanted.into_values()), row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<AnyFinding> {
    let text = |column| row.get::<_, String>(column);
    let some = |column| text(column).map(|text| Some(text).filter(|text| !text.is_empty()));
    let launch = some(2)?.map(|id| launch_id(&id)).transpose()?;
    let code = text(0)?;
    Ok(AnyFinding {
        risk: config::risk(row.get(7)?),
        agent: text(1)?,
        at: Some(Timestamp::from_ms(row.get(6)?)),
        since: Timestamp::from_ms(row.get(5)?),
        launch,
        session: some(3)?,
        dir: row.get(9)?,
        path: some(4)?,
        key: None,
        value: None,
        why: text(8)?,
        fix: fix(&code).to_owned(),
        code,
    })
}

fn of_setting(row: FindingRow) -> AnyFinding {
    let agent = agents::CATALOGUE.iter().find(|agent| agent.name() == row.agent);
    let code = agent.and_then(|agent| agent.finding_of_setting(&row.key)).unwrap_or("setting");
    AnyFinding {
        code: code.to_owned(),
        risk: row.risk,
        agent: row.agent,
        at: None,
        since: row.since,
        launch: None,
        session: None,
        dir: row.dir,
        path: Some(row.path),
        key: Some(row.key),
        value: row.value,
        why: row.why,
        fix: row.fix,
    }
}

/// Returns what to do about a finding.
fn fix(code: &str) -> &'static str {
    match code {
        "launch-without-session" => {
            "Ask who started it what it was for: only its processes tell of it."
        }
        "transcripts-off" => {
            "Have it started without that, where what agents do is to be known from session files."
        }
        "session-without-launch" => {
            "Find out where that agent ran: on another machine that shares the home, or under a name \
             to be told to trackwayd in agents.NAME.programs."
        }
        "session-file-vanished" => {
            "Ask who deleted it: what was read of it before is kept, the rest is gone."
        }
        "hooks-off" => "Have it started with its hooks, where they are relied upon.",
        "recorder-stopped-while-agent-ran" => {
            "See `trackwayctl gaps` for when; keep trackwayd running for as long as agents do."
        }
        _ => "See `trackwayctl show` for what is known of it.",
    }
}
