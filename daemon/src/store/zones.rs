//! Entries into zones: concluded where every record passes, in the transaction that stores it.
//!
//! So an entry is as durable as the touch that it follows from, whoever recorded that, and follows it
//! at once. It is recorded once for each zone, launch or session, and way of touching; further
//! touches are counted.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};
use trackway_protocol::ids::{LaunchId, RecordId, Timestamp};
use trackway_protocol::record::{Body, PathText, Record, Repo, ZoneEntered};

use crate::event::os_string;
use crate::zones::{Hit, InForce, Place, Touch, Zones};

/// Launches and sessions of which the agent is remembered.
const AGENTS: usize = 4096;

/// Judges what is written, by the rules in force.
#[derive(Default)]
pub(super) struct Judge {
    zones: Zones,
    agents: HashMap<String, String>,
}

/// What one transaction has counted.
pub(super) struct Batch {
    in_force: Arc<InForce>,
    entries: HashMap<Key, i64>,
    counts: BTreeMap<i64, Count>,
}

/// What makes an entry another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    zone: String,
    managed: bool,
    launch: String,
    session: String,
    agent: String,
    how: &'static str,
}

#[derive(Clone, Copy)]
struct Count {
    touches: i64,
    first_at: i64,
    last_at: i64,
}

/// A touch, as its record tells it.
struct Touched<'a> {
    launch: Option<LaunchId>,
    session: Option<&'a str>,
    subagent: Option<&'a str>,
    agent: Option<&'a str>,
    path: (&'a str, Option<&'a str>),
    repo: Option<&'a Repo>,
    touch: Touch,
}

impl Judge {
    pub(super) fn new(zones: Zones) -> Self {
        Self { zones, agents: HashMap::new() }
    }

    /// Begins a transaction, which is judged by the same rules throughout; none where there are none.
    pub(super) fn begin(&self) -> Option<Batch> {
        let in_force = self.zones.in_force();
        let (entries, counts) = Default::default();
        (!in_force.is_empty()).then_some(Batch { in_force, entries, counts })
    }

    /// Returns the entries that follow from a record, which has its number; they have none yet.
    ///
    /// Each is to be written, and its number told to [`Batch::entered`].
    pub(super) fn entries(
        &mut self,
        tx: &Connection,
        batch: &mut Batch,
        record: &Record,
    ) -> rusqlite::Result<Vec<Record>> {
        self.learn(&record.body);
        let Some(touched) = Touched::of(&record.body) else { return Ok(Vec::new()) };
        let in_force = Arc::clone(&batch.in_force);
        let path = touched.path();
        let place = Place { path: &path, repo: touched.repo };
        // Most touches are in no zone, whoever touched.
        if in_force.judge(&place, None, touched.touch).next().is_none() {
            return Ok(Vec::new());
        }
        let agent = match touched.agent {
            Some(agent) => Some(agent.to_owned()),
            None => self.agent(tx, &touched)?,
        };
        let mut entries = Vec::new();
        for (managed, hit) in in_force.judge(&place, agent.as_deref(), touched.touch) {
            let key = touched.key(&hit, managed, agent.as_deref());
            match batch.find(tx, &key)? {
                Some(entry) => batch.count(entry, record.at),
                None => {
                    let body = touched.entry(&hit, managed, agent.clone(), record.id);
                    let body = Body::ZoneEntered(Box::new(body));
                    entries.push(Record { id: RecordId::new(), replaces: None, body, ..*record });
                }
            }
        }
        Ok(entries)
    }

    /// Remembers whose a launch or a session is.
    fn learn(&mut self, body: &Body) {
        let (id, agent) = match body {
            Body::LaunchStarted(launch) => (launch.launch.to_string(), launch.agent.as_ref()),
            Body::SessionStarted(session) => (session.session.clone(), Some(&session.agent)),
            _ => return,
        };
        if let Some(agent) = agent {
            if self.agents.len() >= AGENTS {
                self.agents.clear();
            }
            self.agents.insert(id, agent.clone());
        }
    }

    /// Returns whose launch or session touched; none where that is not known.
    fn agent(&self, tx: &Connection, touched: &Touched<'_>) -> rusqlite::Result<Option<String>> {
        let launch = touched.launch.map(|launch| launch.to_string());
        let (id, sql) = match (&launch, touched.session) {
            (Some(launch), _) => (&launch[..], "SELECT agent FROM launch WHERE id = ?"),
            (None, Some(session)) => {
                (session, "SELECT max(agent) FROM session WHERE id = ? AND agent <> ''")
            }
            (None, None) => return Ok(None),
        };
        if let Some(agent) = self.agents.get(id) {
            return Ok(Some(agent.clone()));
        }
        let agent = tx.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
        Ok(agent.flatten())
    }
}

impl Batch {
    /// Takes note of an entry that was written; the touch that it follows from is its first.
    pub(super) fn entered(&mut self, entry: &Record) {
        let Body::ZoneEntered(body) = &entry.body else { return };
        let seq = entry.seq.cast_signed();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let how = Touch::ALL.iter().map(|touch| touch.as_str()).find(|how| *how == body.how);
        let key = Key {
            zone: body.zone.clone(),
            managed: body.managed,
            launch: body.launch.map(|launch| launch.to_string()).unwrap_or_default(),
            session: text(&body.session),
            agent: text(&body.agent),
            how: how.unwrap_or_default(),
        };
        self.entries.insert(key, seq);
        self.count(seq, entry.at);
    }

    fn count(&mut self, entry: i64, at: Timestamp) {
        let at = at.ms();
        let count = Count { touches: 0, first_at: at, last_at: at };
        let count = self.counts.entry(entry).or_insert(count);
        count.touches += 1;
        (count.first_at, count.last_at) = (count.first_at.min(at), count.last_at.max(at));
    }

    /// Returns the number of the entry that there is already.
    fn find(&mut self, tx: &Connection, key: &Key) -> rusqlite::Result<Option<i64>> {
        if let Some(entry) = self.entries.get(key) {
            return Ok(Some(*entry));
        }
        let entry = tx
            .prepare_cached(
                "SELECT min(seq) FROM zone_entry WHERE launch = ? AND session = ? AND zone = ?
                 AND how = ? AND managed = ? AND agent = ?",
            )?
            .query_row(
                params![key.launch, key.session, key.zone, key.how, key.managed, key.agent],
                |row| row.get::<_, Option<i64>>(0),
            )?;
        if let Some(entry) = entry {
            self.entries.insert(key.clone(), entry);
        }
        Ok(entry)
    }

    /// Writes what was counted.
    pub(super) fn write(self, tx: &Connection) -> rusqlite::Result<()> {
        let mut put = tx.prepare_cached(
            "INSERT INTO zone_count (entry, touches, first_at, last_at) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET touches = touches + excluded.touches,
                first_at = min(first_at, excluded.first_at),
                last_at = max(last_at, excluded.last_at)",
        )?;
        for (entry, Count { touches, first_at, last_at }) in self.counts {
            put.execute([entry, touches, first_at, last_at])?;
        }
        Ok(())
    }
}

impl<'a> Touched<'a> {
    fn of(body: &'a Body) -> Option<Self> {
        match body {
            Body::DirTouched(body) => Some(Self {
                launch: body.launch,
                session: body.session.as_deref(),
                subagent: None,
                agent: body.agent.as_deref(),
                path: (&body.dir, body.dir_b64.as_deref()),
                repo: body.repo.as_ref(),
                touch: touch(&body.how)?,
            }),
            Body::FileAccessed(body) => Some(Self {
                launch: body.launch,
                session: body.session.as_deref(),
                subagent: body.subagent.as_deref(),
                agent: Some(&body.agent),
                path: (&body.path, None),
                repo: body.repo.as_ref(),
                touch: touch(&body.how)?,
            }),
            _ => None,
        }
    }

    fn path(&self) -> PathBuf {
        os_string(&PathText::bytes(self.path.0, self.path.1)).into()
    }

    fn key(&self, hit: &Hit<'_>, managed: bool, agent: Option<&str>) -> Key {
        Key {
            zone: hit.zone.name.clone(),
            managed,
            launch: self.launch.map(|launch| launch.to_string()).unwrap_or_default(),
            session: self.session.unwrap_or_default().to_owned(),
            agent: agent.unwrap_or_default().to_owned(),
            how: self.touch.as_str(),
        }
    }

    fn entry(
        &self,
        hit: &Hit<'_>,
        managed: bool,
        agent: Option<String>,
        told_by: RecordId,
    ) -> ZoneEntered {
        ZoneEntered {
            zone: hit.zone.name.clone(),
            rule: hit.zone.hash.clone(),
            managed,
            severity: hit.zone.severity,
            agent,
            launch: self.launch,
            session: self.session.map(str::to_owned),
            subagent: self.subagent.map(str::to_owned),
            how: self.touch.as_str().to_owned(),
            path: self.path.0.to_owned(),
            path_b64: self.path.1.map(str::to_owned),
            pattern: hit.pattern.to_owned(),
            repo: self.repo.cloned(),
            told_by,
        }
    }
}

/// Returns what a way of touching is to a rule; none where it is the agent's own business.
pub(super) fn touch(how: &str) -> Option<Touch> {
    match how {
        "launch" | "chdir" | "trust" => Some(Touch::Launch),
        "command" => Some(Touch::Command),
        "read" | "search" => Some(Touch::Read),
        "write" | "create" | "delete" | "rename" => Some(Touch::Write),
        "add-dir" => Some(Touch::AddDir),
        _ => None,
    }
}
