//! The `launch` table: everything that was said of a launch, merged field by field.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Evidence, Launch, LaunchEnded, Repo};

use super::super::register::{Register, Statement};
use super::{Seen, dir, launch_key, repo_key};

/// What is known of one launch: the `facts` column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Facts {
    /// Earliest `launch.started`.
    started: Option<Timestamp>,
    /// Earliest record about the launch itself.
    first: Timestamp,
    /// The strongest evidence of any of them.
    pub(in super::super) evidence: Evidence,
    /// The fields of [`Launch`], by the name of their [`group`].
    fields: BTreeMap<String, Register>,
    /// The body of [`LaunchEnded`]. An end that was seen beats one that was only noticed.
    end: Register,
}

/// Projects `launch.started`.
pub(super) fn started(tx: &Connection, seen: Seen, body: &Launch) -> rusqlite::Result<()> {
    note_repo(tx, body)?;
    change(tx, body.launch, seen, |facts| {
        facts.started = Some(facts.started.unwrap_or(seen.at).min(seen.at));
        facts.hear(seen, body, false);
    })
}

/// Projects `launch.updated`, which may come before the start.
pub(super) fn updated(tx: &Connection, seen: Seen, body: &Launch) -> rusqlite::Result<()> {
    note_repo(tx, body)?;
    change(tx, body.launch, seen, |facts| facts.hear(seen, body, true))
}

/// Projects `launch.ended`, which may come before the start.
pub(super) fn ended(tx: &Connection, seen: Seen, body: &LaunchEnded) -> rusqlite::Result<()> {
    let Seen { at, evidence } = seen;
    let value = serde_json::to_value(body).expect("an end is an object of plain fields");
    change(tx, body.launch, seen, |facts| {
        let known = !body.unknown;
        facts.end.hear(Statement { known, update: false, evidence, at, value });
    })
}

impl Facts {
    /// Returns when it started: the best that is known where `launch.started` is missing.
    pub(in super::super) fn started_at(&self) -> Timestamp {
        self.started.unwrap_or(self.first)
    }

    /// Returns when it ended, and how.
    pub(in super::super) fn end(&self) -> Option<(Timestamp, LaunchEnded)> {
        let end = self.end.best()?;
        Some((end.at, LaunchEnded::deserialize(&end.value).ok()?))
    }

    /// Returns the launch `id` with the best statement of each field.
    pub(in super::super) fn launch(&self, id: LaunchId) -> serde_json::Result<Launch> {
        let mut fields = Map::from_iter([("launch".to_owned(), id.to_string().into())]);
        for statement in self.fields.values().filter_map(Register::best) {
            if let Value::Object(group) = &statement.value {
                fields.extend(group.clone());
            }
        }
        serde_json::from_value(fields.into())
    }

    fn new(seen: Seen) -> Self {
        let Seen { at, evidence } = seen;
        let (fields, end) = Default::default();
        Self { started: None, first: at, evidence, fields, end }
    }

    fn witnessed(&mut self, seen: Seen) {
        self.first = self.first.min(seen.at);
        self.evidence = self.evidence.max(seen.evidence);
    }

    fn hear(&mut self, seen: Seen, body: &Launch, update: bool) {
        let Seen { at, evidence } = seen;
        for (group, fields) in said(body) {
            let (known, value) = (!fields.contains_key("repo_unknown"), fields.into());
            let statement = Statement { known, update, evidence, at, value };
            self.fields.entry(group).or_default().hear(statement);
        }
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(group(name))?.best()?.value.get(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }
}

/// Returns the name of the fields that are said together or not at all: a path's bytes without its
/// text, or a repository beside the reason why it is unknown, would be nonsense.
fn group(field: &str) -> &str {
    match field {
        "exe_b64" => "exe",
        "cwd_b64" => "cwd",
        "repo_unknown" => "repo",
        other => other,
    }
}

fn said(body: &Launch) -> BTreeMap<String, Map<String, Value>> {
    let body = serde_json::to_value(body).expect("a launch has nothing but plain fields");
    let mut said = BTreeMap::<_, Map<_, _>>::new();
    for (field, value) in body.as_object().cloned().into_iter().flatten() {
        if field != "launch" {
            said.entry(group(&field).to_owned()).or_default().insert(field, value);
        }
    }
    said
}

/// Makes the repository known even if another is believed: which are known must not depend on the
/// order in which they were heard of.
fn note_repo(tx: &Connection, body: &Launch) -> rusqlite::Result<()> {
    body.repo.as_ref().map_or(Ok(()), |repo| repo_key(tx, repo).map(drop))
}

fn change(
    tx: &Connection,
    id: LaunchId,
    seen: Seen,
    change: impl FnOnce(&mut Facts),
) -> rusqlite::Result<()> {
    let key = launch_key(tx, id)?;
    let before = load(tx, key)?;
    let agent_before = before.as_ref().and_then(|facts| facts.text("agent")).map(str::to_owned);
    let mut facts = before.unwrap_or_else(|| Facts::new(seen));
    facts.witnessed(seen);
    change(&mut facts);
    save(tx, key, &facts)?;
    let agent = facts.text("agent");
    if agent != agent_before.as_deref() {
        dir::agent_changed(tx, key, agent_before.as_deref(), agent)?;
    }
    Ok(())
}

fn load(tx: &Connection, key: i64) -> rusqlite::Result<Option<Facts>> {
    let mut statement = tx.prepare_cached("SELECT facts FROM launch WHERE key = ?")?;
    statement.query_row([key], |row| match row.get_ref(0)?.as_str_or_null()? {
        Some(text) => parse(text).map(Some),
        None => Ok(None),
    })
}

/// Reads the `facts` column.
pub(in super::super) fn parse(text: &str) -> rusqlite::Result<Facts> {
    serde_json::from_str(text).map_err(unreadable)
}

/// Returns the error of a column whose JSON is not what this program wrote.
pub(in super::super) fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
}

fn save(tx: &Connection, key: i64, facts: &Facts) -> rusqlite::Result<()> {
    let repo = match facts.field("repo").and_then(|repo| Repo::deserialize(repo).ok()) {
        Some(repo) => Some(repo_key(tx, &repo)?),
        None => None,
    };
    let json = serde_json::to_string(facts).expect("facts have string keys");
    let ended_at = facts.end.best().map(|end| end.at.ms());
    tx.prepare_cached(
        "UPDATE launch SET facts = ?2, started_at = ?3, ended_at = ?4, agent = ?5, cwd = ?6,
            repo = ?7 WHERE key = ?1",
    )?
    .execute(params![
        key,
        json,
        facts.started_at().ms(),
        ended_at,
        facts.text("agent"),
        facts.text("cwd"),
        repo,
    ])?;
    Ok(())
}
