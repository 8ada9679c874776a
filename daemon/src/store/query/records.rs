//! The records themselves, as the bytes that were stored.

use std::collections::HashMap;

use rusqlite::{Connection, params_from_iter};
use trackway_protocol::ids::LaunchId;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, DirTouched, Record};

use super::super::filter::{Conditions, Repos, is_below};
use super::kinds::Kinds;
use super::launches::{require_launch, require_place};

/// Records looked at per page: a filter that lets little through must not hold a read transaction,
/// and with it the write-ahead log, for long.
const LOOKED_AT: i64 = 20_000;

/// A part of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The stored bytes of those that passed, each with a line end.
    pub(crate) lines: Vec<u8>,
    /// How many passed.
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
            page.lines.extend_from_slice(body);
            page.lines.push(b'\n');
            page.count += 1;
        }
        if page.lines.len() >= max_bytes {
            break;
        }
    }
    Ok(page)
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
    /// What was found of launches so far: one page has many records of few.
    known: HashMap<(LaunchId, bool), bool>,
}

impl<'a> Sieve<'a> {
    fn new(tx: &'a Connection, filter: &'a Filter) -> rusqlite::Result<Self> {
        let repos = filter.repo.as_deref().map(|repo| Repos::find(tx, repo)).transpose()?;
        let mut by_launch = Conditions::default();
        Kinds::find(tx, filter)?.require(&mut by_launch, "l.kind");
        require_launch(&mut by_launch, filter);
        let mut by_launch_and_place = by_launch.clone();
        require_place(&mut by_launch_and_place, tx, filter, "l.cwd")?;
        Ok(Self { tx, filter, repos, by_launch, by_launch_and_place, known: HashMap::new() })
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
            body => match body.launch() {
                Some(launch) if !self.is_about_touches() => self.is_wanted(launch, true),
                _ => Ok(false),
            },
        }
    }

    /// Whether the filter asks for more than a time: then only what is about a launch or a session
    /// can pass.
    fn is_narrow(&self) -> bool {
        let Filter { agent, repo, dir, launch, mode, flag, endpoint, running, .. } = self.filter;
        let texts = [agent, repo, dir, launch, mode, flag, endpoint];
        texts.into_iter().any(Option::is_some) || *running || self.is_about_touches()
    }

    /// Whether nothing but a touch can pass.
    fn is_about_touches(&self) -> bool {
        self.filter.session.is_some() || self.filter.how.is_some()
    }

    fn passes_touch(&mut self, touched: &DirTouched) -> rusqlite::Result<bool> {
        let in_repo = match (&self.repos, &touched.repo) {
            (None, _) => true,
            (Some(wanted), Some(repo)) => wanted.contains(repo),
            (Some(_), None) => false,
        };
        let in_dir = self.filter.dir.as_ref().is_none_or(|dir| is_below(&touched.dir, dir));
        let of_session = self.filter.session.as_ref().is_none_or(|prefix| {
            touched.session.as_ref().is_some_and(|session| session.starts_with(prefix))
        });
        let is_so = self.filter.how.as_ref().is_none_or(|how| touched.how == *how);
        if !(in_repo && in_dir && of_session && is_so) {
            return Ok(false);
        }
        match touched.launch {
            Some(launch) => self.is_wanted(launch, false),
            None => Ok(self.by_launch.clause().is_empty()),
        }
    }

    fn is_wanted(&mut self, launch: LaunchId, by_place: bool) -> rusqlite::Result<bool> {
        if let Some(known) = self.known.get(&(launch, by_place)) {
            return Ok(*known);
        }
        let mut wanted =
            if by_place { self.by_launch_and_place.clone() } else { self.by_launch.clone() };
        wanted.require("l.id = ?", [launch.to_string()]);
        let sql = format!("SELECT 1 FROM launch l{}", wanted.clause());
        let values = params_from_iter(wanted.into_values());
        let is_wanted = self.tx.prepare_cached(&sql)?.exists(values)?;
        self.known.insert((launch, by_place), is_wanted);
        Ok(is_wanted)
    }
}
