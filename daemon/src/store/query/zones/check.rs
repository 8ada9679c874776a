//! What was touched that the rules of today restrict, whether they were there at the time or not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::{Connection, params};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Repo, Risk};
use trackway_protocol::row::{TimeRow, ZoneCheckedRow, ZoneTouchRow};

use super::super::super::filter::{Conditions, Repos, require_below};
use super::super::super::{register, zones as judging};
use super::super::launches::launch_id;
use super::super::{gaps, time};
use super::touched::{Clones, Touched};
use super::{entry_of, unresolved};
use crate::zones::{Hit, InForce, Place};

/// A place that is asked about.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// As it was asked: an absolute path, or a repository's remote.
    pub(crate) place: String,
    /// The repository in which it lies now; for a remote, one that has it.
    pub(crate) repo: Option<Repo>,
    /// Whether it could be looked up.
    pub(crate) is_known: bool,
}

/// The answer to a check.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) touches: Vec<ZoneTouchRow>,
    pub(crate) checked: ZoneCheckedRow,
}

impl Asked {
    fn is_path(&self) -> bool {
        PathBuf::from(&self.place).is_absolute()
    }

    /// Whether some rule is about the place itself.
    fn is_restricted(&self, in_force: &InForce) -> bool {
        let path = PathBuf::from(if self.is_path() { &self.place } else { "/" });
        let place = Place { path: &path, repo: self.repo.as_ref() };
        // Of a remote the path says nothing.
        let of_remote = |hit: &Hit<'_>| hit.zone.remotes.iter().any(|it| it == hit.pattern);
        let counts = |hit: &Hit<'_>| self.is_path() || of_remote(hit);
        in_force.sets().iter().any(|(_, rules)| rules.all(&place).iter().any(counts))
    }
}

/// Returns what was touched of places, or of all zones where none is named.
pub(in super::super) fn check(
    tx: &Connection,
    in_force: &InForce,
    (asked, filter): (&[Asked], &Filter),
    now: Timestamp,
) -> rusqlite::Result<Checked> {
    let mut search = Search::new(tx, in_force, filter)?;
    if asked.is_empty() {
        search.look(None)?;
    }
    let mut outside = Vec::new();
    for asked in asked {
        let found = search.look(Some(asked))?;
        search.unknown += u64::from(!asked.is_known);
        if !found && !asked.is_restricted(in_force) {
            outside.push(asked.place.clone());
        }
    }
    let unknown_repos = search.unknown;
    let touches = search.rows()?;
    let range = Filter { limit: None, agent: None, ..filter.clone() };
    let time = time::time(tx, &range, now)?.into_iter().next().unwrap_or_default();
    let TimeRow { from, until, blind_ms, degraded_ms, off_ms, unrecorded_ms, .. } = time;
    let checked = ZoneCheckedRow {
        checked: true,
        from,
        until,
        zones: in_force.sets().iter().map(|(_, rules)| rules.zones().len() as u64).sum(),
        outside,
        unknown_repos,
        unresolved_calls: unresolved(tx, (from, until))?,
        blind_ms,
        degraded_ms,
        off_ms,
        unrecorded_ms,
        missed: gaps::missed_launches(&gaps::gaps(tx, &range)?.rows),
        reading: false,
        failing: Vec::new(),
    };
    Ok(Checked { touches, checked })
}

/// Who touched which zone, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: Option<String>,
    managed: bool,
    zone: String,
    launch: String,
    session: String,
    agent: String,
    how: &'static str,
}

struct Visit {
    severity: Risk,
    path: String,
    first_at: i64,
    last_at: i64,
    evidence: i64,
}

/// One row of touches.
struct Touch {
    launch: String,
    session: String,
    agent: String,
    how: String,
    first_at: i64,
    last_at: i64,
    evidence: i64,
    /// The repository's key; none where it does not tell.
    repo: Option<i64>,
}

struct Search<'a> {
    tx: &'a Connection,
    in_force: &'a InForce,
    filter: &'a Filter,
    clones: Clones,
    visits: BTreeMap<Key, Visit>,
    unknown: u64,
}

impl<'a> Search<'a> {
    fn new(
        tx: &'a Connection,
        in_force: &'a InForce,
        filter: &'a Filter,
    ) -> rusqlite::Result<Self> {
        let (visits, unknown) = Default::default();
        Ok(Self { tx, in_force, filter, clones: Clones::read(tx)?, visits, unknown })
    }

    /// Judges what was touched at a place and below; returns whether any of it is restricted.
    fn look(&mut self, asked: Option<&Asked>) -> rusqlite::Result<bool> {
        let before = self.visits.len();
        let [dirs, files] = match asked {
            None => [Conditions::default(), Conditions::default()],
            Some(asked) => self.conditions(asked)?,
        };
        let clones = std::mem::take(&mut self.clones);
        let place = asked.map(|asked| &asked.place);
        let looked = Touched::each_dir(self.tx, &clones, &dirs, |dir| self.judge_dir(place, &dir));
        self.clones = clones;
        looked?;
        Touched::each_file(self.tx, &files, |file| self.judge_file(place, &file))?;
        Ok(self.visits.len() > before)
    }

    /// Returns which directories and which files lie there.
    fn conditions(&self, asked: &Asked) -> rusqlite::Result<[Conditions; 2]> {
        let (mut dirs, mut files) = (Conditions::default(), Conditions::default());
        if asked.is_path() {
            require_below(&mut dirs, "d.path", &asked.place);
            require_below(&mut files, "f.path", &asked.place);
        } else {
            let keys = Repos::find(self.tx, &asked.place)?.keys();
            let among = "(SELECT value FROM json_each(?))";
            let sql = format!("d.key IN (SELECT dir FROM dir_repo WHERE repo IN {among})");
            dirs.require(&sql, [keys.clone()]);
            let sql = format!("f.key IN (SELECT file FROM file_repo WHERE repo IN {among})");
            files.require(&sql, [keys]);
        }
        Ok([dirs, files])
    }

    fn judge_dir(&mut self, place: Option<&String>, dir: &Touched) -> rusqlite::Result<()> {
        if !self.may_be_restricted(dir) {
            return Ok(());
        }
        let sql = "SELECT ifnull(l.id, ''), t.session, coalesce(l.agent, (SELECT max(s.agent)
                FROM session s WHERE s.id = t.session), ''), h.name, t.first_at, t.last_at,
                t.evidence, t.repo
            FROM dir_touch t INDEXED BY dir_touch_by_dir JOIN how h ON h.key = t.how
                LEFT JOIN launch l ON l.key = t.launch
            WHERE t.dir = ? AND t.last_at >= ? AND t.first_at < ?";
        self.judge(place, dir, sql)
    }

    fn judge_file(&mut self, place: Option<&String>, file: &Touched) -> rusqlite::Result<()> {
        if !self.may_be_restricted(file) {
            return Ok(());
        }
        let sql = "SELECT ifnull(l.id, ''), ifnull(s.id, ''), a.agent, a.how, a.first_at,
                a.last_at, a.evidence, 0
            FROM file_access a LEFT JOIN launch l ON l.key = a.launch
                LEFT JOIN session s ON s.key = a.session
            WHERE a.file = ? AND a.last_at >= ? AND a.first_at < ?";
        self.judge(place, file, sql)
    }

    /// Whether some rule is about it; counts it where that is not known.
    fn may_be_restricted(&mut self, touched: &Touched) -> bool {
        let places = touched.lain_in(None);
        let is_hit = places.iter().any(|place| {
            self.in_force.sets().iter().any(|(_, rules)| !rules.all(place).is_empty())
        });
        if !is_hit && touched.is_unknown && self.has_remotes() {
            self.unknown += 1;
        }
        is_hit
    }

    fn has_remotes(&self) -> bool {
        let sets = self.in_force.sets();
        sets.iter().any(|(_, rules)| rules.zones().iter().any(|zone| !zone.remotes.is_empty()))
    }

    fn judge(
        &mut self,
        place: Option<&String>,
        touched: &Touched,
        sql: &str,
    ) -> rusqlite::Result<()> {
        let range =
            (self.filter.since_ms.unwrap_or(i64::MIN), self.filter.until_ms.unwrap_or(i64::MAX));
        let mut statement = self.tx.prepare_cached(sql)?;
        let mut rows = statement.query(params![touched.key, range.0, range.1])?;
        while let Some(row) = rows.next()? {
            let touch = Touch {
                launch: row.get(0)?,
                session: row.get(1)?,
                agent: row.get(2)?,
                how: row.get(3)?,
                first_at: row.get(4)?,
                last_at: row.get(5)?,
                evidence: row.get(6)?,
                repo: Some(row.get(7)?).filter(|repo| *repo >= 0),
            };
            self.note(place, touched, touch);
        }
        Ok(())
    }

    fn note(&mut self, asked: Option<&String>, touched: &Touched, touch: Touch) {
        let agent = Some(&touch.agent).filter(|agent| !agent.is_empty());
        let is_wanted =
            self.filter.agent.is_none() || agent.is_none() || agent == self.filter.agent.as_ref();
        let Some(way) = judging::touch(&touch.how).filter(|_| is_wanted) else { return };
        let mut hits = Vec::new();
        for place in touched.lain_in(touch.repo) {
            hits.extend(self.in_force.judge(&place, agent.map(String::as_str), way));
        }
        for (managed, hit) in hits {
            let key = Key {
                place: asked.cloned(),
                managed,
                zone: hit.zone.name.clone(),
                launch: touch.launch.clone(),
                session: touch.session.clone(),
                agent: touch.agent.clone(),
                how: way.as_str(),
            };
            let visit = self.visits.entry(key).or_insert_with(|| Visit {
                severity: hit.zone.severity,
                path: touched.text.clone(),
                first_at: touch.first_at,
                last_at: touch.last_at,
                evidence: touch.evidence,
            });
            if touch.last_at > visit.last_at {
                visit.path.clone_from(&touched.text);
            }
            visit.first_at = visit.first_at.min(touch.first_at);
            visit.last_at = visit.last_at.max(touch.last_at);
            visit.evidence = visit.evidence.max(touch.evidence);
        }
    }

    /// Returns a row for each, the gravest first, then the newest.
    fn rows(self) -> rusqlite::Result<Vec<ZoneTouchRow>> {
        let mut rows = Vec::new();
        for (key, visit) in self.visits {
            let toucher = (&key.launch[..], &key.session[..], &key.agent[..]);
            let entry = entry_of(self.tx, (&key.zone, key.managed), toucher, key.how)?;
            let launch = Some(&key.launch).filter(|id| !id.is_empty());
            rows.push(ZoneTouchRow {
                place: key.place,
                zone: key.zone,
                managed: key.managed,
                severity: visit.severity,
                agent: Some(key.agent).filter(|agent| !agent.is_empty()),
                launch: launch.map(|id| launch_id(id)).transpose()?,
                session: Some(key.session).filter(|session| !session.is_empty()),
                how: key.how.to_owned(),
                path: visit.path,
                first_at: Timestamp::from_ms(visit.first_at),
                last_at: Timestamp::from_ms(visit.last_at),
                evidence: register::evidence(visit.evidence),
                entry: entry.map(|(entry, _)| entry),
                acknowledged: entry.is_some_and(|(_, is_acknowledged)| is_acknowledged),
            });
        }
        rows.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| b.last_at.cmp(&a.last_at)));
        Ok(rows)
    }
}
