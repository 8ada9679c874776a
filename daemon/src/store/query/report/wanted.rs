//! Which facts a report is about, and the launches and sessions that these name.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::report::ReadUnder;

use super::super::super::filter::{Conditions, Repos, is_below, require_below};
use super::super::super::project::launch::unreadable;
use super::super::super::project::sayings::texts;
use super::accesses::DAY;
use super::keys::Keyed;

/// Stands for a repository that could not be looked up.
const UNKNOWN: i64 = -1;

/// What a filter lets pass.
#[derive(Default)]
pub(super) struct Wanted {
    agent: Option<String>,
    pub(super) dir: Option<String>,
    /// Keys of the repositories that are wanted.
    repos: Option<HashSet<i64>>,
    /// Keys of the directories that are wanted, or ever were in such a repository.
    dirs: Option<HashSet<i64>>,
}

impl Wanted {
    pub(super) fn find(tx: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let keys = filter.repo.as_deref().map(|repo| Repos::find(tx, repo)).transpose()?;
        let keys = keys.map(|repos| repos.list());
        let mut dirs = Conditions::default();
        if let Some(dir) = &filter.dir {
            require_below(&mut dirs, "d.path", dir);
        }
        if let Some(keys) = &keys {
            let keys = serde_json::to_string(keys).expect("numbers always serialise");
            let sql = "d.key IN (SELECT dir FROM dir_repo
                WHERE repo IN (SELECT value FROM json_each(?)))";
            dirs.require(sql, [keys]);
        }
        let is_anywhere = dirs.clause().is_empty();
        let sql = format!("SELECT d.key FROM dir d{}", dirs.clause());
        let dirs = || -> rusqlite::Result<HashSet<i64>> {
            let mut statement = tx.prepare_cached(&sql)?;
            statement.query_map(params_from_iter(dirs.into_values()), |row| row.get(0))?.collect()
        };
        Ok(Self {
            agent: filter.agent.clone(),
            dir: filter.dir.clone(),
            repos: keys.map(|keys| keys.into_iter().collect()),
            dirs: if is_anywhere { None } else { Some(dirs()?) },
        })
    }

    /// Whether a touch of this place is wanted. Where its repository is unknown, each in which the
    /// directory ever lay may have been it.
    pub(super) fn has_place(&self, dir: i64, repo: i64) -> bool {
        self.dirs.as_ref().is_none_or(|dirs| dirs.contains(&dir))
            && (repo == UNKNOWN || self.has_repo(repo))
    }

    /// Whether this repository is wanted; 0 is none.
    pub(super) fn has_repo(&self, repo: i64) -> bool {
        self.repos.as_ref().is_none_or(|repos| repos.contains(&repo))
    }

    /// Whether this agent is wanted; one that is not known is where none is named.
    pub(super) fn has_agent(&self, agent: &str) -> bool {
        self.agent.as_ref().is_none_or(|wanted| wanted == agent)
    }

    /// Whether what is wanted depends on the agent.
    pub(super) fn names_agent(&self) -> bool {
        self.agent.is_some()
    }

    /// Whether everything is wanted, wherever it was.
    pub(super) fn is_anywhere(&self) -> bool {
        self.repos.is_none() && self.dir.is_none()
    }

    /// Whether what was done in a working directory is wanted.
    pub(super) fn has_cwd(&self, cwd: Option<&str>, repo: Option<i64>) -> bool {
        let is_there = |dir: &String| cwd.is_some_and(|cwd| is_below(cwd, dir));
        self.dir.as_ref().is_none_or(is_there) && self.has_repo(repo.unwrap_or(0))
    }
}

/// What is known of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) agent: String,
    pub(super) repo: Option<i64>,
    pub(super) cwd: Option<String>,
}

/// The launches and sessions that were met: many facts name few of them.
///
/// Those of the range are read at once when the first of them is asked for. What else is met is asked one
/// by one, which takes a multiple.
pub(super) struct Met<'a> {
    tx: &'a Connection,
    range: (Timestamp, Timestamp),
    /// Agents of launches, and their endpoints.
    launches: Option<Keyed<(String, Option<String>)>>,
    sessions: Option<Sessions>,
    /// Where what they read may have gone, by launch and session.
    unders: Vec<ReadUnder>,
    under_of: HashMap<(i64, i64), usize>,
}

#[derive(Default)]
struct Sessions {
    known: Keyed<Known>,
    /// Their keys by their ids, and the one that was asked for last: mostly it is the next as well.
    ids: HashMap<String, i64>,
    last: (String, i64),
}

impl<'a> Met<'a> {
    pub(super) fn new(tx: &'a Connection, range: (Timestamp, Timestamp)) -> Self {
        let (launches, sessions, unders, under_of) = Default::default();
        Self { tx, range, launches, sessions, unders, under_of }
    }

    /// Returns the agent of a launch, empty where it is not known, and its endpoint.
    pub(super) fn launch(&mut self, key: i64) -> rusqlite::Result<&(String, Option<String>)> {
        let launches = match &mut self.launches {
            Some(launches) => launches,
            none => none.insert(launches_of(self.tx, self.range)?),
        };
        let entry = match launches.entry(key) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(entry) => entry,
        };
        let sql = "SELECT ifnull(l.agent, ''), k.endpoint
            FROM launch l LEFT JOIN kind k ON k.key = l.kind WHERE l.key = ?";
        let found = self.tx.prepare_cached(sql)?.query_row([key], launch).optional()?;
        Ok(entry.insert(found.unwrap_or_default()))
    }

    /// Returns the key of a session that touches name by its id: they know no agent.
    pub(super) fn named(&mut self, id: &str) -> rusqlite::Result<i64> {
        let tx = self.tx;
        let sessions = self.sessions()?;
        if sessions.last.0 == id {
            return Ok(sessions.last.1);
        }
        let key = match sessions.ids.get(id) {
            Some(key) => *key,
            None => sessions.find(tx, id)?,
        };
        id.clone_into(&mut sessions.last.0);
        sessions.last.1 = key;
        Ok(key)
    }

    /// Returns a session.
    pub(super) fn session(&mut self, key: i64) -> rusqlite::Result<&Known> {
        let tx = self.tx;
        let entry = match self.sessions()?.known.entry(key) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(entry) => entry,
        };
        let sql = "SELECT key, agent, repo, cwd FROM session WHERE key = ?";
        let found = tx.prepare_cached(sql)?.query_row([key], known).optional()?;
        Ok(entry.insert(found.unwrap_or_default()))
    }

    fn sessions(&mut self) -> rusqlite::Result<&mut Sessions> {
        match &mut self.sessions {
            Some(sessions) => Ok(sessions),
            none => Ok(none.insert(Sessions::of(self.tx, self.range)?)),
        }
    }

    /// Returns the number of where what a launch or a session read may have gone.
    pub(super) fn under(
        &mut self,
        (launch, session): (i64, i64),
        agent: &str,
    ) -> rusqlite::Result<usize> {
        if let Some(under) = self.under_of.get(&(launch, session))
            && self.unders[*under].agent == agent
        {
            return Ok(*under);
        }
        let mut under = match session {
            0 => ReadUnder::default(),
            session => self.modes(session)?,
        };
        if launch != 0 {
            under.endpoint = self.launch(launch)?.1.clone().or(under.endpoint);
        }
        agent.clone_into(&mut under.agent);
        let known = self.unders.iter().position(|known| *known == under);
        let number = known.unwrap_or(self.unders.len());
        if known.is_none() {
            self.unders.push(under);
        }
        self.under_of.insert((launch, session), number);
        Ok(number)
    }

    /// Returns what each number stands for.
    pub(super) fn into_unders(self) -> Vec<ReadUnder> {
        self.unders
    }

    /// Returns what a session tells of where its requests go, and under which modes; and the endpoint of
    /// the launch that it is the work of.
    fn modes(&mut self, session: i64) -> rusqlite::Result<ReadUnder> {
        // Nothing is sorted in SQL: of the few rows that there are, mostly one, that would take most of the
        // time.
        let mut statement = self.tx.prepare_cached(
            "SELECT n.evidence, n.launch, k.endpoint, s.facts
            FROM session s LEFT JOIN session_launch n ON n.session = s.key
            LEFT JOIN launch l ON l.key = n.launch LEFT JOIN kind k ON k.key = l.kind
            WHERE s.key = ?",
        )?;
        let mut rows = statement.query([session])?;
        let (mut told, mut best) = (None, None);
        while let Some(row) = rows.next()? {
            if told.is_none() {
                let facts = row.get_ref(3)?.as_str_or_null()?;
                let names = ["provider", "permission_mode", "approval_policy", "sandbox"];
                let texts = facts.map(|facts| texts(facts, names)).transpose();
                told = Some(texts.map_err(unreadable)?.unwrap_or_default());
            }
            if let Some(endpoint) = row.get::<_, Option<String>>(2)?.filter(|it| !it.is_empty()) {
                let link = (Reverse(row.get::<_, i64>(0)?), row.get::<_, i64>(1)?, endpoint);
                best = match best {
                    Some(best) if best <= link => Some(best),
                    _ => Some(link),
                };
            }
        }
        let [provider, permission_mode, approval_policy, sandbox] = told.unwrap_or_default();
        Ok(ReadUnder {
            endpoint: best.map(|(_, _, endpoint)| endpoint),
            provider,
            permission_mode: permission_mode.or(approval_policy),
            sandbox,
            ..ReadUnder::default()
        })
    }
}

impl Sessions {
    /// Returns those that were over in a range or soon after: most of what was done in it is theirs. One
    /// whose agent is not known is left out: another of its id may be known by it.
    fn of(tx: &Connection, (from, until): (Timestamp, Timestamp)) -> rusqlite::Result<Self> {
        let mut sessions = Self::default();
        let mut statement = tx.prepare_cached(
            "SELECT key, agent, repo, cwd, id FROM session INDEXED BY session_by_time
            WHERE last_at >= ? AND last_at < ? AND agent <> ''",
        )?;
        let mut rows = statement.query([from.ms(), until.ms().saturating_add(DAY)])?;
        while let Some(row) = rows.next()? {
            let session = known(row)?;
            match sessions.ids.entry(row.get(4)?) {
                Entry::Vacant(id) => drop(id.insert(session.key)),
                // Of several agents' the first by name is meant, as where there is but one question.
                Entry::Occupied(mut id) => {
                    if sessions.known.get(id.get()).is_none_or(|it| rank(&session) < rank(it)) {
                        id.insert(session.key);
                    }
                }
            }
            sessions.known.insert(session.key, session);
        }
        Ok(sessions)
    }

    /// Finds a session by its id.
    fn find(&mut self, tx: &Connection, id: &str) -> rusqlite::Result<i64> {
        let sql = "SELECT key, agent, repo, cwd FROM session WHERE id = ?";
        let mut statement = tx.prepare_cached(sql)?;
        let mut found: Vec<Known> = statement.query_map([id], known)?.collect::<Result<_, _>>()?;
        found.sort_by(|one, other| rank(one).cmp(&rank(other)));
        let found = found.into_iter().next();
        let key = found.as_ref().map_or(0, |session| session.key);
        self.ids.insert(id.to_owned(), key);
        self.known.extend(found.map(|session| (key, session)));
        Ok(key)
    }
}

/// Returns the agents of the launches that began in a range, and their endpoints.
fn launches_of(
    tx: &Connection,
    (from, until): (Timestamp, Timestamp),
) -> rusqlite::Result<Keyed<(String, Option<String>)>> {
    let mut launches = tx.prepare_cached(
        "SELECT ifnull(l.agent, ''), k.endpoint, l.key
        FROM launch l LEFT JOIN kind k ON k.key = l.kind
        WHERE l.started_at >= ? AND l.started_at < ?",
    )?;
    let found =
        launches.query_map([from.ms(), until.ms()], |row| Ok((row.get(2)?, launch(row)?)))?;
    found.collect()
}

/// Orders sessions of one id: one whose agent is known comes first.
fn rank(session: &Known) -> (bool, &str) {
    (session.agent.is_empty(), &session.agent)
}

/// Returns the agent of a launch, and its endpoint.
fn launch(row: &Row<'_>) -> rusqlite::Result<(String, Option<String>)> {
    let endpoint: Option<String> = row.get(1)?;
    Ok((row.get(0)?, endpoint.filter(|endpoint| !endpoint.is_empty())))
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known { key: row.get(0)?, agent: row.get(1)?, repo: row.get(2)?, cwd: row.get(3)? })
}
