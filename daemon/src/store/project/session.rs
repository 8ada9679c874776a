//! The tables of sessions: all that was said of each, and the launches that worked on it.

use std::cmp::Ordering;
use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Body, Evidence, Record, Repo, Session, SessionLinked};

use super::super::register::{Grounds, Register, Statement, strength};
use super::launch::unreadable;
use super::pending::Pending;
use super::sayings::Sayings;

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
    "left_out",
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
        first: seen.at.ms(),
        last: seen.at.ms(),
        is_doing: is_doing(&record.body),
        evidence: strength(seen.evidence),
    };
    let last = &pending.signs.last[usize::from(agent.is_empty())];
    let key = match last.as_ref().filter(|last| (&*last.id, &*last.agent) == (id, agent)) {
        Some(last) => last.key,
        None => key_of(tx, pending, (id, agent), sign)?,
    };
    // A touch names no agent: it is a sign of whatever session has the id.
    match agent {
        "" => pending.signs.of_all.entry(id.to_owned()).or_insert(sign).join(sign),
        _ => pending.signs.of_one.entry(key).or_insert(sign).join(sign),
    }
    tx.prepare_cached("INSERT INTO session_record (session, seq) VALUES (?, ?)")?
        .execute([key, record.seq.cast_signed()])?;
    Ok(key)
}

fn key_of(
    tx: &Connection,
    pending: &mut Pending,
    (id, agent): (&str, &str),
    sign: Sign,
) -> rusqlite::Result<i64> {
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
    let last = Last { id: id.to_owned(), agent: agent.to_owned(), key };
    pending.signs.last[usize::from(agent.is_empty())] = Some(last);
    Ok(key)
}

/// Signs of a session, put together.
#[derive(Clone, Copy)]
struct Sign {
    /// Of what was done in it, or if nothing was, of what was noted about it, in milliseconds.
    first: i64,
    last: i64,
    is_doing: bool,
    evidence: i64,
}

impl Sign {
    fn join(&mut self, other: Self) {
        match self.is_doing.cmp(&other.is_doing) {
            Ordering::Less => (self.first, self.last) = (other.first, other.last),
            Ordering::Equal => {
                self.first = self.first.min(other.first);
                self.last = self.last.max(other.last);
            }
            Ordering::Greater => {}
        }
        self.is_doing |= other.is_doing;
        self.evidence = self.evidence.max(other.evidence);
    }
}

/// What was done decides, and where nothing is known of that, what was noted.
macro_rules! add_sign {
    () => {
        "UPDATE session SET
            first_at = CASE WHEN is_doing < ?3 THEN ?1 WHEN is_doing > ?3 THEN first_at
                ELSE min(first_at, ?1) END,
            last_at = CASE WHEN is_doing < ?3 THEN ?2 WHEN is_doing > ?3 THEN last_at
                ELSE max(last_at, ?2) END,
            is_doing = max(is_doing, ?3), evidence = max(evidence, ?4)"
    };
}

/// Signs of sessions that are still to be written.
#[derive(Default)]
pub(super) struct Signs {
    of_one: HashMap<i64, Sign>,
    /// Of all sessions with an id.
    of_all: HashMap<String, Sign>,
    /// The session that was named last, with its agent and without: mostly the next is the same.
    last: [Option<Last>; 2],
}

/// A session's name and key.
struct Last {
    id: String,
    agent: String,
    key: i64,
}

impl Signs {
    pub(super) fn write(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        for (key, sign) in self.of_one.drain() {
            sign.write(tx, concat!(add_sign!(), " WHERE key = ?5"), &key)?;
        }
        for (id, sign) in self.of_all.drain() {
            sign.write(tx, concat!(add_sign!(), " WHERE id = ?5"), &id)?;
        }
        Ok(())
    }
}

impl Sign {
    fn write(self, tx: &Connection, update: &str, of: &dyn ToSql) -> rusqlite::Result<()> {
        let Self { first, last, is_doing, evidence } = self;
        tx.prepare_cached(update)?.execute(params![first, last, is_doing, evidence, of])?;
        Ok(())
    }
}

/// Whether a record tells of something that was done in a session. The others, which tell of links,
/// of counts and of what became of the file, may be made at any time after.
fn is_doing(body: &Body) -> bool {
    match body {
        Body::SessionLinked(_) => false,
        Body::SessionUpdated(body) => {
            let counts = body.shell_calls.or(body.unresolved_calls).is_some();
            let place = body.transcript.is_some() || body.transcript_gone;
            !(place || counts || body.left_out.is_some())
        }
        _ => true,
    }
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
        let Sign { first, last, is_doing, evidence } = sign;
        tx.prepare_cached(
            "INSERT INTO session (id, agent, first_at, last_at, is_doing, evidence)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![id, agent, first, last, is_doing, evidence])?;
    }
    Ok(tx.last_insert_rowid())
}

fn agent_of(body: &Body) -> &str {
    match body {
        Body::SessionStarted(body) | Body::SessionUpdated(body) => &body.agent,
        Body::SessionLinked(body) => &body.agent,
        Body::SessionMade(body) => &body.agent,
        Body::FileAccessed(body) => &body.agent,
        Body::Usage(body) => &body.agent,
        _ => "",
    }
}

/// Projects `session.started` and `session.updated`, which may come in any order.
pub(super) fn said(
    tx: &Connection,
    pending: &mut Pending,
    grounds: Grounds,
    key: i64,
    body: &Session,
) -> rusqlite::Result<()> {
    if let Some(repo) = &body.repo {
        repo::seen(tx, pending, Seen { at: grounds.at, evidence: grounds.evidence }, repo)?;
    }
    note_calls(tx, key, body)?;
    note_left_out(tx, key, body)?;
    // What is said of a subagent's model or directory is not the session's.
    if body.subagent.is_some() {
        return Ok(());
    }
    // Where there is a session file, it knows better than what is left of others.
    let evidence = if body.trace { Evidence::Inferred } else { grounds.evidence };
    change(tx, Grounds { evidence, ..grounds }, key, body)
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

fn note_left_out(tx: &Connection, key: i64, body: &Session) -> rusqlite::Result<()> {
    let Some(left_out) = body.left_out else { return Ok(()) };
    let count = |count: Option<u64>| summand(count.unwrap_or(0));
    tx.prepare_cached(
        "INSERT INTO session_left_out (session, ignored, untold, unwatched_dirs)
         VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET ignored = ignored + excluded.ignored,
            untold = untold + excluded.untold,
            unwatched_dirs = max(unwatched_dirs, excluded.unwatched_dirs)",
    )?
    .execute(params![
        key,
        count(left_out.ignored),
        count(left_out.untold),
        count(left_out.unwatched_dirs),
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
    let gone_at = facts.gone_at().map(Timestamp::ms);
    tx.prepare_cached(
        "UPDATE session SET facts = ?2, cwd = ?3, repo = ?4, gone_at = ?5 WHERE key = ?1",
    )?
    .execute(params![key, json, cwd, repo, gone_at])?;
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
