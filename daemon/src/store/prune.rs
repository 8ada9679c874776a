//! Pruning: bodies go, hashes stay, and a record says so.
//!
//! Which records it is about is decided first ([`plan`], which reads), and done afterwards ([`apply`]):
//! bodies, the record about it and the tables that are made of what is left are one transaction. What
//! tells of the recorder itself is never pruned.
//!
//! A record that still has its body may name a launch or session of which all others are pruned.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior, params};
use tracing::warn;
use trackway_protocol::ids::{RecordId, Timestamp};
use trackway_protocol::log::Span;
use trackway_protocol::record::{Body, Evidence, Pruned, Record};

use super::append::{insert, last_seq, tree_of};
use super::filter::Repos;
use super::{log, project_all};

/// Kinds that tell of the recorder: without them nobody could tell pruned time from blind time.
const KEPT: &str = "('pruned', 'coverage', 'daemon.started', 'daemon.stopped')";

/// What is to be pruned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Everything that happened before a time.
    Before(Timestamp),
    /// Everything that names a repository, in any of its clones, or was done in it.
    Repo(String),
}

/// The records whose bodies are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Why: `retention`, `prune` or `forget`.
    pub(crate) policy: &'static str,
    /// The time before which everything goes.
    pub(crate) before: Option<Timestamp>,
    /// Numbers of the first and the last record of each run.
    pub(crate) runs: Vec<(u64, u64)>,
}

impl Plan {
    /// Returns how many records it is about.
    pub(crate) fn count(&self) -> u64 {
        self.runs.iter().map(|(first, last)| last - first + 1).sum()
    }

    fn push(&mut self, seq: u64) {
        match self.runs.last_mut() {
            Some((_, last)) if *last + 1 == seq => *last = seq,
            _ => self.runs.push((seq, seq)),
        }
    }
}

/// Decides which records are to be pruned. Takes long on a large ledger.
pub(super) fn plan(
    connection: &Connection,
    what: &What,
    policy: &'static str,
) -> rusqlite::Result<Plan> {
    match what {
        What::Before(time) => before(connection, *time, policy),
        What::Repo(repo) => of_repo(connection, repo, policy),
    }
}

/// Returns when the oldest record happened that still has its body and may be pruned.
pub(super) fn oldest(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let sql = format!(
        "SELECT min(at_ms) FROM (SELECT at_ms FROM record
         WHERE body IS NOT NULL AND kind NOT IN {KEPT} ORDER BY seq LIMIT 1000)"
    );
    let oldest: Option<i64> = connection.query_row(&sql, [], |row| row.get(0))?;
    Ok(oldest.map(Timestamp::from_ms))
}

fn before(
    connection: &Connection,
    time: Timestamp,
    policy: &'static str,
) -> rusqlite::Result<Plan> {
    let sql = format!(
        "SELECT seq FROM record WHERE body IS NOT NULL AND at_ms < ? AND kind NOT IN {KEPT}
         ORDER BY seq"
    );
    let mut plan = Plan { policy, before: Some(time), runs: Vec::new() };
    let mut found = connection.prepare(&sql)?;
    let mut rows = found.query([time.ms()])?;
    while let Some(row) = rows.next()? {
        plan.push(row.get::<_, i64>(0)?.cast_unsigned());
    }
    Ok(plan)
}

/// What a record of a repository may have in it.
struct Marks {
    /// Paths and remotes as JSON has them: whole, or up to a slash.
    texts: Vec<String>,
    launches: HashSet<String>,
    sessions: HashSet<String>,
}

fn of_repo(connection: &Connection, repo: &str, policy: &'static str) -> rusqlite::Result<Plan> {
    let marks = Marks::of(connection, repo)?;
    let sql = format!(
        "SELECT seq, body FROM record WHERE body IS NOT NULL AND kind NOT IN {KEPT} ORDER BY seq"
    );
    let mut plan = Plan { policy, before: None, runs: Vec::new() };
    let mut found = connection.prepare(&sql)?;
    let mut rows = found.query([])?;
    while let Some(row) = rows.next()? {
        if marks.has(row.get_ref(1)?.as_blob()?) {
            plan.push(row.get::<_, i64>(0)?.cast_unsigned());
        }
    }
    Ok(plan)
}

impl Marks {
    fn of(connection: &Connection, repo: &str) -> rusqlite::Result<Self> {
        let keys = Repos::find(connection, repo)?.keys();
        let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
            let sql = format!("{sql} IN (SELECT value FROM json_each(?))");
            connection.prepare(&sql)?.query_map([&keys], |row| row.get(0))?.collect()
        };
        let mut names = Vec::new();
        for column in ["root", "main", "remote"] {
            names.extend(texts(&format!("SELECT DISTINCT {column} FROM clone WHERE repo"))?);
        }
        names.retain(|name| !name.is_empty());
        let launches = texts("SELECT id FROM launch WHERE repo")?;
        let sessions = texts("SELECT id FROM session WHERE repo")?;
        Ok(Self {
            texts: names.iter().flat_map(|name| quoted(name)).collect(),
            launches: launches.into_iter().collect(),
            sessions: sessions.into_iter().collect(),
        })
    }

    fn has(&self, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        if self.texts.iter().any(|mark| text.contains(&**mark)) {
            return true;
        }
        let Ok(record) = serde_json::from_str::<Record>(text) else { return false };
        let of_launch = record.body.launch().map(|id| id.to_string());
        of_launch.is_some_and(|id| self.launches.contains(&id))
            || record.body.session().is_some_and(|id| self.sessions.contains(id))
    }
}

/// Returns how a path, and what lies below it, begins in JSON.
fn quoted(name: &str) -> [String; 2] {
    let json = serde_json::to_string(name).unwrap_or_default();
    let below = format!("{}/", json.trim_end_matches('"'));
    [json, below]
}

/// Removes the bodies, says so, and fills the tables anew: all or nothing. Returns how many bodies
/// there were, and the number of the record about it with the tree that it belongs to; none where
/// there were none.
pub(super) fn apply(
    connection: &mut Connection,
    known: (&Span, Option<u64>),
    plan: &Plan,
    between: &mut dyn FnMut(),
) -> rusqlite::Result<Option<(u64, u64, Span)>> {
    // What is removed shall not be found in the file's free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    let done = remove(connection, known, plan, between);
    connection.pragma_update(None, "secure_delete", false)?;
    let done = done?;
    // Nor in the log, where no reader keeps it: then it is with the next checkpoint of the log.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        warn!(%error, "the write-ahead log could not be emptied");
    }
    Ok(done)
}

fn remove(
    connection: &mut Connection,
    known: (&Span, Option<u64>),
    plan: &Plan,
    between: &mut dyn FnMut(),
) -> rusqlite::Result<Option<(u64, u64, Span)>> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut count = 0;
    {
        let sql = "UPDATE record SET body = NULL WHERE seq BETWEEN ? AND ? AND body IS NOT NULL";
        let mut update = tx.prepare(sql)?;
        for (first, last) in &plan.runs {
            count += update.execute(params![first.cast_signed(), last.cast_signed()])? as u64;
        }
    }
    let (Some((from_seq, _)), Some((_, until_seq))) = (plan.runs.first(), plan.runs.last()) else {
        return Ok(None);
    };
    if count == 0 {
        // Somebody else was faster.
        return Ok(None);
    }
    let newest = last_seq(&tx)?;
    let mut tree = tree_of(known, newest, &tx)?;
    let seq = newest + 1;
    let now = Timestamp::now();
    let record = Record {
        seq,
        id: RecordId::new(),
        at: now,
        recorded_at: now,
        evidence: Evidence::Kernel,
        replaces: None,
        body: Body::Pruned(Pruned {
            policy: plan.policy.to_owned(),
            before: plan.before,
            from_seq: *from_seq,
            until_seq: *until_seq,
            count,
        }),
    };
    tree.push(insert(&tx, &record)?);
    project_all(&tx, between)?;
    tx.execute("DELETE FROM zone_count WHERE entry NOT IN (SELECT seq FROM zone_entry)", [])?;
    log::save_tree(&tx, &tree)?;
    tx.commit()?;
    Ok(Some((count, seq, tree)))
}
