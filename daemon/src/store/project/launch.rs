//! The `launch` table: everything that was said of a launch, merged field by field.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use trackway_protocol::ids::{LaunchId, Timestamp};
use trackway_protocol::record::{Evidence, Launch, LaunchEnded, Repo};

use super::super::register::{Grounds, Register, Statement};
use super::pending::Pending;
use super::sayings::Sayings;
use super::{Seen, dir, launch_key, repo};

/// The field that says which launch it is.
const IDENTITY: &[&str] = &["launch"];

/// What is known of one launch: the `facts` column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Facts {
    /// Earliest `launch.started`.
    started: Option<Timestamp>,
    /// Earliest record about the launch itself.
    first: Timestamp,
    /// The strongest evidence of any of them.
    pub(in super::super) evidence: Evidence,
    /// The fields of [`Launch`].
    fields: Sayings,
    /// The body of [`LaunchEnded`]. An end that was seen beats one that was only noticed.
    end: Register,
}

/// Projects `launch.started`.
pub(super) fn started(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    body: &Launch,
) -> rusqlite::Result<()> {
    note_repo(tx, pending, seen, body)?;
    change(tx, pending, body.launch, seen, |facts| {
        facts.started = Some(facts.started.unwrap_or(seen.at).min(seen.at));
        facts.fields.hear(seen.grounds(false), body, IDENTITY);
    })
}

/// Projects `launch.updated`, which may come before the start.
pub(super) fn updated(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    body: &Launch,
) -> rusqlite::Result<()> {
    note_repo(tx, pending, seen, body)?;
    change(tx, pending, body.launch, seen, |facts| {
        facts.fields.hear(seen.grounds(true), body, IDENTITY);
    })
}

/// Projects `launch.ended`, which may come before the start.
pub(super) fn ended(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    body: &LaunchEnded,
) -> rusqlite::Result<()> {
    let value = serde_json::to_value(body).expect("an end is an object of plain fields");
    let grounds = Grounds { known: !body.unknown, ..seen.grounds(false) };
    change(tx, pending, body.launch, seen, |facts| {
        facts.end.hear(Statement { grounds, value });
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
        Some((end.grounds.at, LaunchEnded::deserialize(&end.value).ok()?))
    }

    /// Returns the launch `id` with the best statement of each field.
    pub(in super::super) fn launch(&self, id: LaunchId) -> serde_json::Result<Launch> {
        let mut fields = Map::from_iter([("launch".to_owned(), id.to_string().into())]);
        fields.extend(self.fields.fields().map(|(name, value)| (name.clone(), value.clone())));
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

    /// Returns the best statement of a field that is a text.
    pub(in super::super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.field(name)?.as_str()
    }
}

/// Makes the repository known even if another is believed: which are known must not depend on the
/// order in which they were heard of.
fn note_repo(
    tx: &Connection,
    pending: &mut Pending,
    seen: Seen,
    body: &Launch,
) -> rusqlite::Result<()> {
    body.repo.as_ref().map_or(Ok(()), |repo| repo::seen(tx, pending, seen, repo).map(drop))
}

fn change(
    tx: &Connection,
    pending: &mut Pending,
    id: LaunchId,
    seen: Seen,
    change: impl FnOnce(&mut Facts),
) -> rusqlite::Result<()> {
    let key = launch_key(tx, id)?;
    let (mut facts, kind_before) = load(tx, key)?;
    let facts = facts.get_or_insert_with(|| Facts::new(seen));
    facts.witnessed(seen);
    change(facts);
    let kind = kind_key(tx, facts)?;
    save(tx, key, kind, facts)?;
    if kind != kind_before {
        dir::kind_changed(tx, pending, key, [kind_before, kind])?;
    }
    Ok(())
}

/// Returns the key of the kind of launch; 0 where nothing of it is known.
fn kind_key(tx: &Connection, facts: &Facts) -> rusqlite::Result<i64> {
    let text = |name| facts.text(name).unwrap_or("");
    let endpoint = facts.fields.field("endpoint").and_then(|endpoint| endpoint["host"].as_str());
    let kind = [text("agent"), text("mode"), endpoint.unwrap_or("")];
    if kind == [""; 3] {
        return Ok(0);
    }
    super::kind::key(tx, kind)
}

fn load(tx: &Connection, key: i64) -> rusqlite::Result<(Option<Facts>, i64)> {
    let mut statement = tx.prepare_cached("SELECT facts, kind FROM launch WHERE key = ?")?;
    statement.query_row([key], |row| {
        let facts = row.get_ref(0)?.as_str_or_null()?.map(parse).transpose()?;
        Ok((facts, row.get(1)?))
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

fn save(tx: &Connection, key: i64, kind: i64, facts: &Facts) -> rusqlite::Result<()> {
    let repo = match facts.fields.field("repo").and_then(|repo| Repo::deserialize(repo).ok()) {
        Some(repo) => Some(repo::identity_key(tx, &repo)?),
        None => None,
    };
    let json = serde_json::to_string(facts).expect("facts have string keys");
    let ended_at = facts.end.best().map(|end| end.grounds.at.ms());
    tx.prepare_cached(
        "UPDATE launch SET facts = ?2, started_at = ?3, ended_at = ?4, agent = ?5, kind = ?6,
            flags = ?7, cwd = ?8, repo = ?9 WHERE key = ?1",
    )?
    .execute(params![
        key,
        json,
        facts.started_at().ms(),
        ended_at,
        facts.text("agent"),
        kind,
        facts.fields.field("flags").map(ToString::to_string),
        facts.text("cwd"),
        repo,
    ])?;
    Ok(())
}
