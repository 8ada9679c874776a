//! The records themselves, as the bytes that were stored.

use std::collections::HashMap;

use rusqlite::{Connection, params_from_iter};
use trackway_protocol::codec;
use trackway_protocol::ids::LaunchId;
use trackway_protocol::log::{ExportOmitted, Hash, Span};
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, DirTouched, FileAccessed, Record, Repo, ZoneEntered};

use super::super::filter::{Conditions, Repos, is_below};
use super::kinds::Kinds;
use super::launches::{require_launch, require_place};
use super::sessions;

/// Records looked at per page: a filter that lets little through must not hold a read transaction,
/// and with it the write-ahead log, for long.
const LOOKED_AT: i64 = 20_000;

/// A part of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The stored bytes of those that passed, each with a line end; and where it can be verified, a
    /// line for those that did not.
    pub(crate) lines: Vec<u8>,
    /// How many lines these are.
    pub(crate) count: u64,
    /// The last number that was looked at, whether it passed or not: where the next page begins.
    pub(crate) last_seq: u64,
}

/// Returns every record that names `launch`.
pub(super) fn records_of(tx: &Connection, launch: LaunchId) -> rusqlite::Result<Vec<Vec<u8>>> {
    tx.prepare_cached(
        "SELECT r.body FROM launch l JOIN launch_record n ON n.launch = l.key
         JOIN record r ON r.seq = n.seq
         WHERE l.id = ? AND r.body IS NOT NULL ORDER BY r.seq",
    )?
    .query_map([launch.to_string()], |row| row.get(0))?
    .collect()
}

/// Returns every record that names the session `id`, the touches that name no agent included, or a
/// launch that worked on it.
pub(super) fn records_of_session(tx: &Connection, id: &str) -> rusqlite::Result<Vec<Vec<u8>>> {
    tx.prepare_cached(
        "SELECT r.body FROM
            (SELECT n.seq FROM session s JOIN session_record n ON n.session = s.key WHERE s.id = ?1
             UNION SELECT n.seq FROM session s JOIN session_launch w ON w.session = s.key
                JOIN launch_record n ON n.launch = w.launch WHERE s.id = ?1) told
         CROSS JOIN record r ON r.seq = told.seq
         WHERE r.body IS NOT NULL ORDER BY r.seq",
    )?
    .query_map([id], |row| row.get(0))?
    .collect()
}

/// Returns records after `after`, up to and including `upto`.
pub(super) fn page(
    tx: &Connection,
    after: u64,
    upto: u64,
    max_bytes: usize,
    filter: &Filter,
) -> rusqlite::Result<Page> {
    let mut sieve = Sieve::new(tx, filter)?;
    let mut page = Page { last_seq: after, ..Page::default() };
    let mut statement = tx.prepare_cached(
        "SELECT seq, at_ms, body FROM record WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    )?;
    let mut rows = statement.query([signed(after), signed(upto), LOOKED_AT])?;
    while let Some(row) = rows.next()? {
        page.last_seq = row.get::<_, i64>(0)?.cast_unsigned();
        // A pruned record has no body, and nothing to show.
        let Some(body) = row.get_ref(2)?.as_blob_or_null()? else { continue };
        if sieve.passes(row.get(1)?, body)? {
            page.push(body);
        }
        if page.lines.len() >= max_bytes {
            break;
        }
    }
    Ok(page)
}

/// Returns the same with a line for all records that are left out: so many that the page can be
/// verified. Records up to `skipped` are left out, whatever they are.
pub(super) fn proven_page(
    tx: &Connection,
    after: u64,
    upto: u64,
    max_bytes: usize,
    (filter, skipped): (&Filter, u64),
) -> rusqlite::Result<Page> {
    let mut sieve = Sieve::new(tx, filter)?;
    let mut page = Page { last_seq: after, ..Page::default() };
    let (mut omitted, mut pruned) = (Span::starting_at(after), 0);
    let mut statement = tx.prepare_cached(
        "SELECT seq, at_ms, body, leaf FROM record WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    )?;
    let mut rows = statement.query([signed(after), signed(upto), LOOKED_AT])?;
    while let Some(row) = rows.next()? {
        page.last_seq = row.get::<_, i64>(0)?.cast_unsigned();
        let body = row.get_ref(2)?.as_blob_or_null()?;
        pruned += u64::from(body.is_none());
        let passes = match body.filter(|_| page.last_seq > skipped) {
            Some(body) => sieve.passes(row.get(1)?, body)?,
            None => false,
        };
        match body.filter(|_| passes) {
            Some(body) => {
                page.leave_out(&omitted, pruned);
                page.push(body);
                (omitted, pruned) = (Span::starting_at(page.last_seq), 0);
            }
            None => omitted.push(Hash::from_bytes(row.get(3)?)),
        }
        if page.lines.len() >= max_bytes {
            break;
        }
    }
    page.leave_out(&omitted, pruned);
    Ok(page)
}

impl Page {
    fn push(&mut self, line: &[u8]) {
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        self.count += 1;
    }

    fn leave_out(&mut self, omitted: &Span, pruned: u64) {
        if let Some(omitted) = ExportOmitted::of(omitted, pruned) {
            self.lines.extend(codec::to_line(&omitted));
            self.count += 1;
        }
    }
}

fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Decides record by record what passes a filter.
struct Sieve<'a> {
    tx: &'a Connection,
    filter: &'a Filter,
    repos: Option<Repos>,
    /// Which launches are wanted.
    by_launch: Conditions,
    /// Which launches are wanted, for the place where they were started as well.
    by_launch_and_place: Conditions,
    /// The same of sessions.
    by_session: Conditions,
    by_session_and_place: Conditions,
    /// What was found of launches and sessions so far: one page has many records of few.
    known: HashMap<(Named, bool), bool>,
}

/// What a record names.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Named {
    Launch(LaunchId),
    /// A session's id, and its agent where the record names one.
    Session(String, Option<String>),
}

impl<'a> Sieve<'a> {
    fn new(tx: &'a Connection, filter: &'a Filter) -> rusqlite::Result<Self> {
        let repos = filter.repo.as_deref().map(|repo| Repos::find(tx, repo)).transpose()?;
        let mut by_launch = Conditions::default();
        Kinds::find(tx, filter)?.require(&mut by_launch, "l.kind");
        require_launch(&mut by_launch, filter);
        let mut by_launch_and_place = by_launch.clone();
        require_place(&mut by_launch_and_place, tx, filter, "l.cwd")?;
        let mut by_session = Conditions::default();
        sessions::require_session(&mut by_session, tx, filter)?;
        let mut by_session_and_place = by_session.clone();
        sessions::require_place(&mut by_session_and_place, tx, filter)?;
        Ok(Self {
            tx,
            filter,
            repos,
            by_launch,
            by_launch_and_place,
            by_session,
            by_session_and_place,
            known: HashMap::new(),
        })
    }

    fn passes(&mut self, at_ms: i64, body: &[u8]) -> rusqlite::Result<bool> {
        let Filter { since_ms, until_ms, .. } = self.filter;
        if since_ms.is_some_and(|since| at_ms < since)
            || until_ms.is_some_and(|until| at_ms >= until)
        {
            return Ok(false);
        }
        if !self.is_narrow() {
            return Ok(true);
        }
        // What this program cannot read is about no launch that it knows.
        let Ok(record) = serde_json::from_slice::<Record>(body) else { return Ok(false) };
        match &record.body {
            Body::DirTouched(touched) => self.passes_touch(touched),
            Body::FileAccessed(accessed) => self.passes_access(accessed),
            Body::ZoneEntered(entered) => self.passes_entry(entered),
            _ if self.filter.how.is_some() => Ok(false),
            Body::SessionStarted(body) | Body::SessionUpdated(body) => {
                self.passes_session(&body.session, &body.agent)
            }
            Body::SessionLinked(body) => self.passes_session(&body.session, &body.agent),
            Body::SessionMade(body) => self.passes_session(&body.session, &body.agent),
            Body::Usage(body) => self.passes_session(&body.session, &body.agent),
            body => match body.launch() {
                Some(launch) if self.filter.session.is_none() => {
                    self.is_wanted(Named::Launch(launch), true)
                }
                _ => Ok(false),
            },
        }
    }

    /// Whether the filter asks for more than a time: then only what is about a launch or a session
    /// can pass.
    fn is_narrow(&self) -> bool {
        let Filter { agent, repo, dir, launch, mode, flag, endpoint, running, .. } = self.filter;
        let Filter { session, how, .. } = self.filter;
        let texts = [agent, repo, dir, launch, mode, flag, endpoint, session, how];
        texts.into_iter().any(Option::is_some) || *running
    }

    fn passes_touch(&mut self, touched: &DirTouched) -> rusqlite::Result<bool> {
        let DirTouched { launch, session, dir, repo, how, .. } = touched;
        if !self.is_in_place(dir, repo.as_ref()) || !self.is_so(how) {
            return Ok(false);
        }
        let session = session.clone().map(|session| Named::Session(session, None));
        self.is_any_wanted(*launch, session)
    }

    fn passes_access(&mut self, accessed: &FileAccessed) -> rusqlite::Result<bool> {
        let FileAccessed { launch, session, agent, path, repo, how, .. } = accessed;
        if !self.is_in_place(path, repo.as_ref()) || !self.is_so(how) {
            return Ok(false);
        }
        let session = session.clone();
        let session = session.map(|session| Named::Session(session, Some(agent.clone())));
        self.is_any_wanted(*launch, session)
    }

    fn passes_entry(&mut self, entered: &ZoneEntered) -> rusqlite::Result<bool> {
        let ZoneEntered { launch, session, agent, path, repo, how, .. } = entered;
        if !self.is_in_place(path, repo.as_ref()) || !self.is_so(how) {
            return Ok(false);
        }
        let session = session.clone().map(|session| Named::Session(session, agent.clone()));
        self.is_any_wanted(*launch, session)
    }

    fn passes_session(&mut self, session: &str, agent: &str) -> rusqlite::Result<bool> {
        self.is_wanted(Named::Session(session.to_owned(), Some(agent.to_owned())), true)
    }

    fn is_in_place(&self, path: &str, repo: Option<&Repo>) -> bool {
        let in_repo = match (&self.repos, repo) {
            (None, _) => true,
            (Some(wanted), Some(repo)) => wanted.contains(repo),
            (Some(_), None) => false,
        };
        in_repo && self.filter.dir.as_ref().is_none_or(|dir| is_below(path, dir))
    }

    fn is_so(&self, how: &str) -> bool {
        self.filter.how.as_ref().is_none_or(|wanted| wanted == how)
    }

    /// Whether the launch or the session is wanted, wherever they were.
    fn is_any_wanted(
        &mut self,
        launch: Option<LaunchId>,
        session: Option<Named>,
    ) -> rusqlite::Result<bool> {
        // A launch by itself is no session.
        let launch = launch.filter(|_| self.filter.session.is_none()).map(Named::Launch);
        for named in launch.into_iter().chain(session) {
            if self.is_wanted(named, false)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_wanted(&mut self, named: Named, by_place: bool) -> rusqlite::Result<bool> {
        let known = (named, by_place);
        if let Some(known) = self.known.get(&known) {
            return Ok(*known);
        }
        let (table, mut wanted) = match (&known.0, by_place) {
            (Named::Launch(_), false) => ("launch l", self.by_launch.clone()),
            (Named::Launch(_), true) => ("launch l", self.by_launch_and_place.clone()),
            (Named::Session(..), false) => ("session s", self.by_session.clone()),
            (Named::Session(..), true) => ("session s", self.by_session_and_place.clone()),
        };
        match &known.0 {
            Named::Launch(launch) => wanted.require("l.id = ?", [launch.to_string()]),
            Named::Session(id, agent) => {
                wanted.require("s.id = ?", [id.clone()]);
                wanted.require_some("s.agent = ?", agent.clone());
            }
        }
        let sql = format!("SELECT 1 FROM {table}{}", wanted.clause());
        let values = params_from_iter(wanted.into_values());
        let is_wanted = self.tx.prepare_cached(&sql)?.exists(values)?;
        self.known.insert(known, is_wanted);
        Ok(is_wanted)
    }
}
