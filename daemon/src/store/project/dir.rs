//! The tables of directories: who touched them when, and in which repositories they lay.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use serde::{Deserialize, Serialize};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{DirTouched, Repo};

use super::super::register::{Grounds, Register, Statement, strength};
use super::kind::{self, session_kind, touch_kind};
use super::launch::unreadable;
use super::pending::Pending;
use super::sums::{self, Before, For, Touch};
use super::{Seen, how, key, launch_key, repo};

/// Writes the register of a directory's repository.
pub(super) const PUT_REPO: &str = "UPDATE dir SET repo = ? WHERE key = ?";

/// What is known of the repository of a directory: nothing is said of one that lies in none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct RepoFact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) repo: Option<Repo>,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) repo_unknown: Option<String>,
}

/// Returns the quarter-hour that `at` lies in, counted from 1970: a directory is recorded as
/// touched once in each.
pub(crate) fn quarter_hour(at: Timestamp) -> i64 {
    const MS: i64 = 15 * 60 * 1000;
    at.ms().div_euclid(MS)
}

/// Projects `dir.touched`.
pub(super) fn touched(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    body: &DirTouched,
) -> rusqlite::Result<()> {
    let launch = body.launch.map(|id| launch_key(tx, id)).transpose()?.unwrap_or(0);
    let dir = dir_key(tx, body)?;
    let repo = match (&body.repo, &body.repo_unknown) {
        (Some(repo), _) => repo::seen(tx, pending, seen, repo)?,
        (None, Some(_)) => repo::UNKNOWN,
        (None, None) => repo::NONE,
    };
    let touch = Touch {
        launch,
        kind: match (launch, &body.session) {
            (0, Some(session)) => kind::of_session(tx, session)?,
            (0, None) => 0,
            (launch, _) => kind_of(tx, launch)?,
        },
        how: how::key(tx, &body.how)?,
        at_ms: seen.at.ms(),
        evidence: strength(seen.evidence),
        day: quarter_hour(seen.at).div_euclid(sums::QUARTERS),
    };
    For::Dirs.add(tx, &mut pending.sums, dir, touch, dir_before(tx, dir, touch)?)?;
    match repo {
        repo::NONE => {}
        // What may have happened in a repository counts for it.
        repo::UNKNOWN => {
            for repo in repos_of(tx, dir)? {
                visit(tx, pending, repo, touch)?;
            }
        }
        repo => {
            visit(tx, pending, repo, touch)?;
            if note_repo(tx, seen, dir, repo)? {
                repo::has_dir(tx, repo, &body.dir)?;
                for touch in unknown_touches(tx, dir)? {
                    visit(tx, pending, repo, touch)?;
                }
            }
        }
    }
    note_touch(tx, seen, dir, repo, touch, body)?;
    let fact = RepoFact { repo: body.repo.clone(), repo_unknown: body.repo_unknown.clone() };
    pending.dirs.hear(tx, "SELECT repo FROM dir WHERE key = ?", dir, (seen, &fact))
}

/// Adds a touch to what was done in a repository.
fn visit(tx: &Connection, pending: &mut Pending, repo: i64, touch: Touch) -> rusqlite::Result<()> {
    For::Repos.add(tx, &mut pending.sums, repo, touch, repo_before(tx, repo, touch)?)?;
    note_visit(tx, repo, touch)
}

/// Returns the repositories that a directory is known to have been in.
fn repos_of(tx: &Connection, dir: i64) -> rusqlite::Result<Vec<i64>> {
    let mut repos = tx.prepare_cached("SELECT repo FROM dir_repo WHERE dir = ?")?;
    repos.query_map([dir], |row| row.get(0))?.collect()
}

/// Returns the touches of a directory of which the repository could not be looked up: the first and
/// the last of each row.
fn unknown_touches(tx: &Connection, dir: i64) -> rusqlite::Result<Vec<Touch>> {
    let mut touches = tx.prepare_cached(concat!(
        "SELECT t.launch, ifnull(",
        touch_kind!(),
        ", 0), t.how, t.first_at, t.last_at, t.evidence, t.quarter
         FROM dir_touch t INDEXED BY dir_touch_by_dir LEFT JOIN launch l ON l.key = t.launch
         WHERE t.dir = ? AND t.repo = -1"
    ))?;
    let mut rows = touches.query([dir])?;
    let mut touches = Vec::new();
    while let Some(row) = rows.next()? {
        let first = Touch {
            launch: row.get(0)?,
            kind: row.get(1)?,
            how: row.get(2)?,
            at_ms: row.get(3)?,
            evidence: row.get(5)?,
            day: row.get::<_, i64>(6)?.div_euclid(sums::QUARTERS),
        };
        touches.extend([first, Touch { at_ms: row.get(4)?, ..first }]);
    }
    Ok(touches)
}

/// The day of a touch, as SQL. Shifted, since a division rounds towards zero and there are quarters
/// before 1970.
macro_rules! day {
    () => {
        "(quarter + 96000000) / 96 - 1000000"
    };
}

/// Moves what a launch did from the sums of one kind to those of another.
///
/// The kind is known when a launch starts; this serves records that arrive in another order.
pub(super) fn kind_changed(
    tx: &Connection,
    pending: &mut Pending,
    launch: i64,
    kinds: [i64; 2],
) -> rusqlite::Result<()> {
    const DIRS: &str = concat!("SELECT DISTINCT dir, ", day!(), " FROM dir_touch WHERE launch = ?");
    const REPOS: &str = "SELECT repo, day FROM repo_visit WHERE launch = ?";
    let dirs = days_by_place(tx, DIRS, launch)?;
    let repos = days_by_place(tx, REPOS, launch)?;
    move_sums(tx, pending, [(For::Dirs, dirs), (For::Repos, repos)], kinds)
}

/// Does the same for what a session did, whose agent became known.
pub(super) fn session_kind_changed(
    tx: &Connection,
    pending: &mut Pending,
    session: &str,
    kinds: [i64; 2],
) -> rusqlite::Result<()> {
    const DIRS: &str = concat!(
        "SELECT DISTINCT dir, ",
        day!(),
        " FROM dir_touch WHERE session = ? AND session <> '' AND launch = 0"
    );
    const REPOS: &str = concat!(
        "SELECT DISTINCT r.repo, ",
        day!(),
        " FROM dir_touch t JOIN dir_repo r ON r.dir = t.dir AND t.repo IN (-1, r.repo)
         WHERE session = ? AND session <> '' AND launch = 0"
    );
    let dirs = days_by_place(tx, DIRS, session)?;
    let repos = days_by_place(tx, REPOS, session)?;
    move_sums(tx, pending, [(For::Dirs, dirs), (For::Repos, repos)], kinds)
}

/// Days by place.
type Days = BTreeMap<i64, Vec<i64>>;

fn move_sums(
    tx: &Connection,
    pending: &mut Pending,
    places: [(For, Days); 2],
    kinds: [i64; 2],
) -> rusqlite::Result<()> {
    if places.iter().all(|(_, places)| places.is_empty()) {
        return Ok(());
    }
    pending.write(tx)?;
    for (of, places) in places {
        for (place, days) in places {
            of.sum_up(tx, place, &days, kinds)?;
        }
    }
    Ok(())
}

fn days_by_place(tx: &Connection, select: &str, of: impl ToSql) -> rusqlite::Result<Days> {
    let mut statement = tx.prepare_cached(select)?;
    let mut rows = statement.query([of])?;
    let mut days = Days::new();
    while let Some(row) = rows.next()? {
        days.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(days)
}

fn kind_of(tx: &Connection, launch: i64) -> rusqlite::Result<i64> {
    let mut statement = tx.prepare_cached("SELECT kind FROM launch WHERE key = ?")?;
    Ok(statement.query_row([launch], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Returns on which days the launch of a touch was in its directory before.
fn dir_before(tx: &Connection, dir: i64, touch: Touch) -> rusqlite::Result<Before> {
    const LAST: &str = "SELECT quarter FROM dir_touch WHERE launch = ? AND dir = ?
        ORDER BY quarter DESC LIMIT 1";
    const FIRST: &str = "SELECT quarter FROM dir_touch WHERE launch = ? AND dir = ?
        ORDER BY quarter LIMIT 1";
    const WITHIN: &str = "SELECT 1 FROM dir_touch
        WHERE launch = ? AND dir = ? AND quarter BETWEEN ? AND ?";
    let one = |sql: &str| -> rusqlite::Result<Option<i64>> {
        let mut statement = tx.prepare_cached(sql)?;
        let quarter = statement.query_row([touch.launch, dir], |row| row.get::<_, i64>(0));
        Ok(quarter.optional()?.map(|quarter| quarter.div_euclid(sums::QUARTERS)))
    };
    let begin = touch.day * sums::QUARTERS;
    let was_that_day = || {
        let values = [touch.launch, dir, begin, begin + sums::QUARTERS - 1];
        tx.prepare_cached(WITHIN)?.exists(values)
    };
    before(touch, || one(LAST), || one(FIRST), was_that_day)
}

/// Returns on which days the launch of a touch was in its repository before.
fn repo_before(tx: &Connection, repo: i64, touch: Touch) -> rusqlite::Result<Before> {
    const LAST: &str =
        "SELECT day FROM repo_visit WHERE launch = ? AND repo = ? ORDER BY day DESC LIMIT 1";
    const FIRST: &str =
        "SELECT day FROM repo_visit WHERE launch = ? AND repo = ? ORDER BY day LIMIT 1";
    const WITHIN: &str = "SELECT 1 FROM repo_visit WHERE launch = ? AND repo = ? AND day = ?";
    let one = |sql: &str| -> rusqlite::Result<Option<i64>> {
        let mut statement = tx.prepare_cached(sql)?;
        statement.query_row([touch.launch, repo], |row| row.get(0)).optional()
    };
    let was_that_day = || tx.prepare_cached(WITHIN)?.exists([touch.launch, repo, touch.day]);
    before(touch, || one(LAST), || one(FIRST), was_that_day)
}

/// Asks no more than it takes: mostly the last day is the one in question.
fn before(
    touch: Touch,
    last: impl FnOnce() -> rusqlite::Result<Option<i64>>,
    first: impl FnOnce() -> rusqlite::Result<Option<i64>>,
    was_that_day: impl FnOnce() -> rusqlite::Result<bool>,
) -> rusqlite::Result<Before> {
    if touch.launch == 0 {
        // A session is none of the launches that are counted.
        return Ok(Before::ThatDay);
    }
    let Some(last) = last()? else { return Ok(Before::Never) };
    if last == touch.day {
        return Ok(Before::ThatDay);
    }
    let first = first()?.unwrap_or(last);
    let is_within = (first..last).contains(&touch.day);
    Ok(match first {
        _ if is_within && was_that_day()? => Before::ThatDay,
        _ if first == last => Before::Once(first),
        _ => Before::Often,
    })
}

fn note_visit(tx: &Connection, repo: i64, touch: Touch) -> rusqlite::Result<()> {
    if touch.launch != 0 {
        tx.prepare_cached("INSERT OR IGNORE INTO repo_visit (launch, repo, day) VALUES (?, ?, ?)")?
            .execute([touch.launch, repo, touch.day])?;
    }
    Ok(())
}

fn dir_key(tx: &Connection, body: &DirTouched) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO dir (path, path_b64, repo) VALUES (?, ?, 'null')";
    let path = [body.dir.as_str(), body.dir_b64.as_deref().unwrap_or("")];
    key(tx, "SELECT key FROM dir WHERE path = ? AND path_b64 = ?", insert, path)
}

fn note_touch(
    tx: &Connection,
    seen: Seen,
    dir: i64,
    repo: i64,
    touch: Touch,
    body: &DirTouched,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO dir_touch (quarter, dir, launch, session, how, repo, first_at, last_at,
            evidence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)
         ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at), evidence = max(evidence, excluded.evidence)",
    )?
    .execute(params![
        quarter_hour(seen.at),
        dir,
        touch.launch,
        body.session.as_deref().unwrap_or(""),
        touch.how,
        repo,
        touch.at_ms,
        touch.evidence,
    ])?;
    Ok(())
}

/// Notes that a directory lay in a repository; returns whether that is new.
fn note_repo(tx: &Connection, seen: Seen, dir: i64, repo: i64) -> rusqlite::Result<bool> {
    let known = tx
        .prepare_cached(
            "UPDATE dir_repo SET first_at = min(first_at, ?3), last_at = max(last_at, ?3)
             WHERE dir = ?1 AND repo = ?2",
        )?
        .execute([dir, repo, seen.at.ms()])?;
    if known == 0 {
        tx.prepare_cached(
            "INSERT INTO dir_repo (dir, repo, first_at, last_at) VALUES (?1, ?2, ?3, ?3)",
        )?
        .execute([dir, repo, seen.at.ms()])?;
    }
    Ok(known == 0)
}

/// Has a register hear of a repository; returns whether that changed it.
pub(super) fn hear(register: &mut Register, seen: Seen, fact: &RepoFact) -> bool {
    let grounds = Grounds { known: fact.repo_unknown.is_none(), ..seen.grounds(false) };
    if register.best().is_some_and(|best| best.grounds > grounds) {
        return false;
    }
    let value = serde_json::to_value(fact).expect("a repository has plain fields");
    register.hear(Statement { grounds, value })
}

/// Returns what a register's text holds.
pub(in super::super) fn repo_fact(text: &str) -> rusqlite::Result<RepoFact> {
    let register: Register = serde_json::from_str(text).map_err(unreadable)?;
    let best = register.best().map(|best| RepoFact::deserialize(&best.value));
    best.transpose().map(Option::unwrap_or_default).map_err(unreadable)
}
