//! The tables of sessions: all that was said of each, and the launches that worked on it.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, Record, Repo, Session, SessionLinked};

use super::super::register::{Grounds, Register, Statement, strength};
use super::launch::unreadable;
use super::sayings::Sayings;
use super::sums::Pending;
use super::{Seen, dir, kind, launch_key, repo, summand};

/// Fields that are not merged with the others: they have columns, tables or a register of their own.
const APART: &[&str] = &[
    "session",
    "subagent",
    "agent",
    "cwd",
    "repo",
    "repo_unknown",
    "transcript_gone",
    "shell_calls",
    "unresolved_calls",
];

/// What is known of one session: the `facts` column.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in super::super) struct Facts {
    /// Directory and repository, which are said together: where a session moves out of a
    /// repository, that one must not stay behind.
    place: Register,
    /// The other fields of [`Session`].
    fields: Sayings,
    /// When its file was last said to be there, and to be gone.
    present: Option<Timestamp>,
    gone: Option<Timestamp>,
}

impl Facts {
    /// Returns the session `id` of `agent` with the best statement of each field.
    pub(in super::super) fn session(&self, id: &str, agent: &str) -> serde_json::Result<Session> {
        let mut fields = Map::from_iter([
            ("session".to_owned(), Value::from(id)),
            ("agent".to_owned(), Value::from(agent)),
        ]);
        fields.extend(self.fields.fields().map(|(name, value)| (name.clone(), value.clone())));
        let place = self.place.best().and_then(|place| place.value.as_object());
        fields.extend(place.cloned().into_iter().flatten());
        serde_json::from_value(fields.into())
    }

    /// Returns since when its file is missed, if it is.
    pub(in super::super) fn gone_at(&self) -> Option<Timestamp> {
        self.gone.filter(|gone| self.present.is_none_or(|present| present <= *gone))
    }

    fn hear(&mut self, grounds: Grounds, body: &Session) {
        if body.cwd.is_some() {
            let Session { cwd, repo, repo_unknown, .. } = body;
            let value = json!({ "cwd": cwd, "repo": repo, "repo_unknown": repo_unknown });
            self.place.hear(Statement { grounds, value });
        }
        self.fields.hear(grounds, body, APART);
        let at = Some(grounds.at);
        if body.transcript_gone {
            self.gone = self.gone.max(at);
        } else if body.transcript.is_some() {
            self.present = self.present.max(at);
        }
    }

    fn place(&self, name: &str) -> Option<&Value> {
        self.place.best()?.value.get(name)
    }
}

/// Makes the session that a record names known, and returns its key; 0 where it names none.
pub(super) fn named(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    record: &Record,
) -> rusqlite::Result<i64> {
    let Some(id) = record.body.session() else { return Ok(0) };
    let agent = agent_of(&record.body);
    let sign = Sign {
        at_ms: seen.at.ms(),
        is_doing: is_doing(&record.body),
        evidence: strength(seen.evidence),
    };
    let mut known = tx.prepare_cached("SELECT key FROM session WHERE id = ? AND agent = ?")?;
    let key = match known.query_row([id, agent], |row| row.get(0)).optional()? {
        Some(key) => key,
        None => {
            let before = kind::of_session(tx, id)?;
            let key = insert(tx, id, agent, sign)?;
            let kinds = [before, kind::of_session(tx, id)?];
            if kinds[0] != kinds[1] {
                dir::session_kind_changed(tx, pending, id, kinds)?;
            }
            key
        }
    };
    // A touch names no agent: it is a sign of whatever session has the id.
    add_sign(tx, key, agent.is_empty().then_some(id), sign)?;
    tx.prepare_cached("INSERT INTO session_record (session, seq) VALUES (?, ?)")?
        .execute([key, record.seq.cast_signed()])?;
    Ok(key)
}

/// One sign of a session.
#[derive(Clone, Copy)]
struct Sign {
    at_ms: i64,
    /// Whether something was done in it, or only noted about it.
    is_doing: bool,
    evidence: i64,
}

/// Whether a record tells of something that was done in a session. The others, which tell of links,
/// of counts and of what became of the file, may be made at any time after.
fn is_doing(body: &Body) -> bool {
    match body {
        Body::SessionLinked(_) => false,
        Body::SessionStarted(body) | Body::SessionUpdated(body) => {
            !body.transcript_gone && body.shell_calls.or(body.unresolved_calls).is_none()
        }
        _ => true,
    }
}

fn add_sign(tx: &Connection, key: i64, of_all: Option<&str>, sign: Sign) -> rusqlite::Result<()> {
    // What was done decides, and where nothing is known of that, what was noted.
    tx.prepare_cached(
        "UPDATE session SET
            first_at = CASE WHEN is_doing < ?2 THEN ?1 WHEN is_doing > ?2 THEN first_at
                ELSE min(first_at, ?1) END,
            last_at = CASE WHEN is_doing < ?2 THEN ?1 WHEN is_doing > ?2 THEN last_at
                ELSE max(last_at, ?1) END,
            is_doing = max(is_doing, ?2), evidence = max(evidence, ?3)
         WHERE (key = ?4 OR id = ?5)
            AND NOT (is_doing >= ?2 AND ?1 BETWEEN first_at AND last_at AND evidence >= ?3)",
    )?
    .execute(params![sign.at_ms, sign.is_doing, sign.evidence, key, of_all])?;
    Ok(())
}

/// Inserts a session with the signs that touches gave of it before, or else with its first.
fn insert(tx: &Connection, id: &str, agent: &str, sign: Sign) -> rusqlite::Result<i64> {
    if !agent.is_empty() {
        kind::key(tx, [agent, "", ""])?;
    }
    let touched = tx
        .prepare_cached(
            "INSERT INTO session (id, agent, first_at, last_at, is_doing, evidence)
             SELECT id, ?2, first_at, last_at, is_doing, evidence FROM session
             WHERE id = ?1 AND agent = ''",
        )?
        .execute([id, agent])?;
    if touched == 0 {
        let Sign { at_ms, is_doing, evidence } = sign;
        tx.prepare_cached(
            "INSERT INTO session (id, agent, first_at, last_at, is_doing, evidence)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
        )?
        .execute(params![id, agent, at_ms, is_doing, evidence])?;
    }
    Ok(tx.last_insert_rowid())
}

fn agent_of(body: &Body) -> &str {
    match body {
        Body::SessionStarted(body) | Body::SessionUpdated(body) => &body.agent,
        Body::SessionLinked(body) => &body.agent,
        Body::FileAccessed(body) => &body.agent,
        Body::Usage(body) => &body.agent,
        _ => "",
    }
}

/// Projects `session.started` and `session.updated`, which may come in any order.
pub(super) fn said(
    tx: &Connection,
    grounds: Grounds,
    key: i64,
    body: &Session,
) -> rusqlite::Result<()> {
    if let Some(repo) = &body.repo {
        repo::seen(tx, Seen { at: grounds.at, evidence: grounds.evidence }, repo)?;
    }
    note_calls(tx, key, body)?;
    // What is said of a subagent's model or directory is not the session's.
    if body.subagent.is_none() { change(tx, grounds, key, body) } else { Ok(()) }
}

fn note_calls(tx: &Connection, key: i64, body: &Session) -> rusqlite::Result<()> {
    let Session { shell_calls, unresolved_calls, subagent, .. } = body;
    if shell_calls.or(*unresolved_calls).is_none() {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO session_calls (session, subagent, calls, unresolved) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET calls = max(calls, excluded.calls),
            unresolved = max(unresolved, excluded.unresolved)",
    )?
    .execute(params![
        key,
        subagent.as_deref().unwrap_or(""),
        summand(shell_calls.unwrap_or(0)),
        summand(unresolved_calls.unwrap_or(0)),
    ])?;
    Ok(())
}

fn change(tx: &Connection, grounds: Grounds, key: i64, body: &Session) -> rusqlite::Result<()> {
    let mut facts = tx.prepare_cached("SELECT facts FROM session WHERE key = ?")?;
    let facts = facts.query_row([key], |row| {
        row.get_ref(0)?.as_str_or_null()?.map(parse).transpose().map(Option::unwrap_or_default)
    });
    let mut facts: Facts = facts?;
    facts.hear(grounds, body);
    let repo = facts.place("repo").and_then(|repo| Repo::deserialize(repo).ok());
    let repo = repo.map(|repo| repo::identity_key(tx, &repo)).transpose()?;
    let cwd = facts.place("cwd").and_then(Value::as_str);
    let json = serde_json::to_string(&facts).expect("facts have string keys");
    tx.prepare_cached("UPDATE session SET facts = ?2, cwd = ?3, repo = ?4 WHERE key = ?1")?
        .execute(params![key, json, cwd, repo])?;
    Ok(())
}

/// Reads the `facts` column.
pub(in super::super) fn parse(text: &str) -> rusqlite::Result<Facts> {
    serde_json::from_str(text).map_err(unreadable)
}

/// Projects `session.linked`.
pub(super) fn linked(
    tx: &Connection,
    seen: Seen,
    key: i64,
    body: &SessionLinked,
) -> rusqlite::Result<()> {
    let launch = launch_key(tx, body.launch)?;
    tx.prepare_cached(
        "INSERT INTO session_launch (session, launch, how, evidence, first_at)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET evidence = max(evidence, excluded.evidence),
            first_at = min(first_at, excluded.first_at)",
    )?
    .execute(params![key, launch, body.how, strength(seen.evidence), seen.at.ms()])?;
    Ok(())
}
