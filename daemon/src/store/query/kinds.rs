//! The kinds of launches, and the ways of touching, by number.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::message::Filter;

use super::super::filter::Conditions;
use super::super::project::how::bit;

/// No kind has this number.
const NONE: i64 = -1;

/// The kinds that a filter lets pass.
pub(super) struct Kinds(Option<Vec<i64>>);

impl Kinds {
    /// Finds those that pass agent, mode and endpoint.
    pub(super) fn find(tx: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let mut wanted = Conditions::default();
        wanted.require_some("agent = ?", filter.agent.clone());
        wanted.require_some("mode = ?", filter.mode.clone());
        if let Some(host) = &filter.endpoint {
            // The port may be left out.
            wanted.require(
                "(endpoint = ? COLLATE NOCASE
                    OR substr(endpoint, 1, length(?) + 1) = ? || ':' COLLATE NOCASE)",
                [host.clone(), host.clone(), host.clone()],
            );
        }
        if wanted.clause().is_empty() {
            return Ok(Self(None));
        }
        let mut kinds = tx.prepare_cached(&format!("SELECT key FROM kind{}", wanted.clause()))?;
        let kinds = kinds.query_map(params_from_iter(wanted.into_values()), |row| row.get(0))?;
        let mut kinds: Vec<i64> = kinds.collect::<Result<_, _>>()?;
        if kinds.is_empty() {
            // Of an empty list SQLite makes "nothing", and forgets by what an index is chosen.
            kinds.push(NONE);
        }
        Ok(Self(Some(kinds)))
    }

    /// Whether every kind passes.
    pub(super) fn are_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a kind passes.
    pub(super) fn contain(&self, kind: i64) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Adds that a column holds one of them.
    pub(super) fn require(&self, wanted: &mut Conditions, column: &str) {
        if let Some(kinds) = &self.0 {
            let marks = vec!["?"; kinds.len()].join(", ");
            let kinds = kinds.iter().copied().map(Value::Integer);
            wanted.require(&format!("{column} IN ({marks})"), kinds);
        }
    }
}

/// What the numbers of kinds and of ways of touching stand for.
pub(super) struct Names {
    agents: Vec<(i64, String)>,
    hows: Vec<(i64, String)>,
}

impl Names {
    pub(super) fn read(tx: &Connection) -> rusqlite::Result<Self> {
        let read = |sql: &str| -> rusqlite::Result<Vec<(i64, String)>> {
            let name = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            tx.prepare_cached(sql)?.query_map([], name)?.collect()
        };
        Ok(Self {
            agents: read("SELECT key, agent FROM kind WHERE agent <> '' ORDER BY agent")?,
            hows: read("SELECT key, name FROM how ORDER BY name")?,
        })
    }

    /// Returns the agents of kinds, sorted.
    pub(super) fn agents(&self, kinds: &BTreeSet<i64>) -> Vec<String> {
        let of_kinds = self.agents.iter().filter(|(key, _)| kinds.contains(key));
        let agents: BTreeSet<&String> = of_kinds.map(|(_, agent)| agent).collect();
        agents.into_iter().cloned().collect()
    }

    /// Returns the ways of touching in a set of them, sorted.
    pub(super) fn hows(&self, set: i64) -> Vec<String> {
        let in_set = self.hows.iter().filter(|(key, _)| set & bit(*key) != 0);
        in_set.map(|(_, name)| name.clone()).collect()
    }
}
