//! What was done in directories or repositories, summed up: from tables where they have it, from
//! the touches themselves elsewhere.
//!
//! Two steps. The first chooses the places to show, which needs little of each; the second sums up
//! what was done there. Of directories, which are many, the last days are gone through until there
//! are enough.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Evidence;

use super::super::filter::Conditions;
use super::super::project::how::{HELPER, bit};
use super::super::project::sums::ALL;
use super::super::register;
use super::kinds::Kinds;
use super::launches::require_launch;
use super::place::Place;
use super::spans::{Spans, day_range, on_days, require_range};
use super::touches::require_manner;
use super::walk::Walk;

/// Rows that are looked at to count places.
const LOOKED_AT: u64 = 10_000;

/// A question about places that pass a filter.
pub(super) struct Question<'a> {
    filter: &'a Filter,
    /// Whether the sums answer.
    is_summed_up: bool,
    kinds: Kinds,
    places: Places,
    /// Which touches are wanted; of everything where sums answer.
    touches: Conditions,
}

/// Which places are wanted.
pub(super) enum Places {
    Dirs(Place),
    /// Those with these keys, a JSON array; all without.
    Repos(Option<String>),
}

/// Places to show, each with what was done there, last touched first.
pub(super) struct Shown {
    pub(super) places: Vec<(i64, Done)>,
    /// How many there are in all; none where they are too many to count.
    pub(super) all: Option<u64>,
}

/// What was done in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) hows: i64,
    /// Of the launches.
    pub(super) kinds: BTreeSet<i64>,
    pub(super) launches: u64,
    range: Option<(i64, i64)>,
    evidence: i64,
}

impl<'a> Question<'a> {
    /// Asks about places, and touches of which `touches` holds.
    pub(super) fn new(
        tx: &Connection,
        filter: &'a Filter,
        places: Places,
        mut touches: Conditions,
    ) -> rusqlite::Result<Self> {
        require_launch(&mut touches, filter);
        require_manner(&mut touches, tx, filter)?;
        let is_summed_up = touches.clause().is_empty();
        Ok(Self { filter, is_summed_up, kinds: Kinds::find(tx, filter)?, places, touches })
    }

    /// Returns the places that the filter's limit lets be shown.
    pub(super) fn newest(&self, tx: &Connection) -> rusqlite::Result<Shown> {
        match (&self.places, self.filter.limit) {
            (Places::Dirs(place), Some(limit)) if self.is_summed_up => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                let places = self.walk(tx, place, limit)?;
                let is_all = places.len() < limit;
                let all = if is_all { Some(places.len() as u64) } else { self.count(tx)? };
                Ok(Shown { places, all })
            }
            _ => self.newest_of_all(tx),
        }
    }

    /// Looks at every place.
    fn newest_of_all(&self, tx: &Connection) -> rusqlite::Result<Shown> {
        let mut ranked = self.ranked(tx, self.filter)?;
        ranked.retain(|(_, is_shown)| *is_shown);
        let all = Some(ranked.len() as u64);
        let limit = self.filter.limit.and_then(|limit| usize::try_from(limit).ok());
        ranked.truncate(limit.unwrap_or(usize::MAX));
        let ranked: Vec<i64> = ranked.into_iter().map(|(place, _)| place).collect();
        let mut done = self.done(tx, &ranked)?;
        let places = ranked.iter().filter_map(|place| done.remove_entry(place)).collect();
        Ok(Shown { places, all })
    }

    /// Looks at the last days until there are enough places.
    fn walk(
        &self,
        tx: &Connection,
        place: &Place,
        limit: usize,
    ) -> rusqlite::Result<Vec<(i64, Done)>> {
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        let mut walk = Walk::new(place, day_range(self.filter), limit);
        while let Some(days) = walk.next(tx, found.len())? {
            let ranked = self.ranked(tx, &on_days(self.filter, days))?;
            let ranked = ranked.into_iter().map(|(place, _)| place);
            let new: Vec<i64> = ranked.filter(|place| known.insert(*place)).collect();
            for part in new.chunks(limit.max(1)) {
                if found.len() < limit {
                    let mut done = self.done(tx, part)?;
                    let done = part.iter().filter_map(|place| done.remove_entry(place));
                    found.extend(done.filter(|(_, done)| self.is_shown(done.hows)));
                }
            }
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Counts the places; none where they are too many.
    fn count(&self, tx: &Connection) -> rusqlite::Result<Option<u64>> {
        let (parts, mut values) = self.parts(self.filter, None);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM ({parts}) LIMIT ?)");
        values.push(Value::from(LOOKED_AT.cast_signed()));
        let rows: i64 =
            tx.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        if rows.cast_unsigned() == LOOKED_AT {
            return Ok(None);
        }
        let ranked = self.ranked(tx, self.filter)?;
        Ok(Some(ranked.iter().filter(|(_, is_shown)| *is_shown).count() as u64))
    }

    /// Returns the places in a range, last touched first, and whether each is to be shown for what
    /// was done in it.
    fn ranked(&self, tx: &Connection, range: &Filter) -> rusqlite::Result<Vec<(i64, bool)>> {
        let (parts, values) = self.parts(range, None);
        let mut places = HashMap::<i64, (i64, i64)>::new();
        let mut statement =
            tx.prepare_cached(&format!("SELECT place, last_at, hows FROM ({parts})"))?;
        let mut rows = statement.query(params_from_iter(values))?;
        // Cheaper than to have SQLite sort what it groups.
        while let Some(row) = rows.next()? {
            let (last, hows) = places.entry(row.get(0)?).or_insert((i64::MIN, 0));
            *last = row.get::<_, i64>(1)?.max(*last);
            *hows |= row.get::<_, i64>(2)?;
        }
        let mut places: Vec<_> =
            places.into_iter().map(|(place, (last, hows))| (last, place, hows)).collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places.into_iter().map(|(_, place, hows)| (place, self.is_shown(hows))).collect())
    }

    /// Whether more was done than what helpers do, or helpers are asked for.
    fn is_shown(&self, hows: i64) -> bool {
        self.filter.helpers || self.filter.how.is_some() || hows != bit(HELPER)
    }

    /// Returns what was done in these places.
    fn done(&self, tx: &Connection, places: &[i64]) -> rusqlite::Result<BTreeMap<i64, Done>> {
        let list = list(places);
        let (parts, values) = self.parts(self.filter, Some(&list));
        let mut done = BTreeMap::<i64, Done>::new();
        let mut statement = tx.prepare_cached(&parts)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            done.entry(row.get(0)?).or_default().add(row)?;
        }
        for (place, launches) in count_each(tx, self.others(&list))? {
            done.entry(place).or_default().launches += launches;
        }
        Ok(done)
    }

    /// Returns how many directories were touched in each of these repositories.
    ///
    /// The sums do not say in which repository a directory lay: where it was in several, it counts
    /// for each.
    pub(super) fn dirs_in(
        &self,
        tx: &Connection,
        repos: &[i64],
    ) -> rusqlite::Result<BTreeMap<i64, u64>> {
        let (list, mut parts, spans) = (list(repos), Parts::default(), self.spans(self.filter));
        let columns = "r.repo AS place, r.dir AS dir";
        if self.is_summed_up && self.kinds.are_all() && self.filter.until_ms.is_none() {
            // What was touched last since then was touched since then.
            let mut wanted = self.wanted("", "r.repo", Some(&list));
            wanted.require_some("r.last_at >= ?", self.filter.since_ms);
            parts.add(columns, "dir_repo r", wanted);
        } else {
            for (level, first, last) in &spans.sums {
                let mut wanted = self.wanted("s.kind", "r.repo", Some(&list));
                wanted.require("s.level = ? AND s.span BETWEEN ? AND ?", [*level, *first, *last]);
                // All time has more directories than repositories have.
                let from = match *level {
                    ALL => "dir_repo r CROSS JOIN dir_sum s ON s.dir = r.dir",
                    _ => "dir_sum s CROSS JOIN dir_repo r ON r.dir = s.dir",
                };
                parts.add(columns, from, wanted);
            }
        }
        for touches in self.touches(self.filter, &spans, Some(&list)) {
            let columns = format!("{} AS place, t.dir AS dir", touches.place);
            parts.add(&columns, touches.from, touches.wanted);
        }
        count_each(tx, parts)
    }

    /// Divides a range into what sums tell and what touches do.
    fn spans(&self, range: &Filter) -> Spans {
        if self.is_summed_up { Spans::of(range) } else { Spans::touches(range) }
    }

    /// Returns the column that names a place.
    fn column(&self) -> &'static str {
        match self.places {
            Places::Dirs(_) => "dir",
            Places::Repos(_) => "repo",
        }
    }

    /// Returns a selection of everything that was done in a range: place, kind, hows, first, last,
    /// evidence and the launches that are counted there.
    fn parts(&self, range: &Filter, list: Option<&str>) -> (String, Vec<Value>) {
        let (column, spans, mut parts) = (self.column(), self.spans(range), Parts::default());
        for (level, first, last) in &spans.sums {
            let mut wanted = self.wanted("t.kind", &format!("t.{column}"), list);
            wanted.require("t.level = ? AND t.span BETWEEN ? AND ?", [*level, *first, *last]);
            let columns = format!(
                "t.{column} AS place, t.kind AS kind, t.hows AS hows, t.first_at AS first_at,
                 t.last_at AS last_at, t.evidence AS evidence, t.launches AS launches"
            );
            // Few places are found sooner one by one than in a range.
            let index = if list.is_some() {
                format!("INDEXED BY {column}_sum_by_{column}")
            } else {
                String::new()
            };
            parts.add(&columns, &format!("{column}_sum t {index} {}", self.join(list)), wanted);
        }
        for touches in self.touches(range, &spans, list) {
            let columns = format!(
                "{} AS place, ifnull(l.kind, 0) AS kind, 1 << min(t.how, 62) AS hows,
                 t.first_at AS first_at, t.last_at AS last_at, t.evidence AS evidence,
                 0 AS launches",
                touches.place
            );
            parts.add(&columns, touches.from, touches.wanted);
        }
        parts.all()
    }

    /// Returns the launches that the sums do not count: those of several days, and those of the
    /// touches.
    fn others(&self, list: &str) -> Parts {
        let (column, spans) = (self.column(), self.spans(self.filter));
        let mut parts = Parts::default();
        if let Some((first, last)) = spans.days {
            let mut wanted = self.wanted("l.kind", &format!("s.{column}"), Some(list));
            wanted.require("s.day BETWEEN ? AND ?", [first, last]);
            let from = format!("{column}_stay s LEFT JOIN launch l ON l.key = s.launch");
            parts.add(&format!("s.{column} AS place, s.launch AS launch"), &from, wanted);
        }
        for mut touches in self.touches(self.filter, &spans, Some(list)) {
            touches.wanted.require_that("t.launch <> 0");
            if touches.from == UNKNOWN && self.is_summed_up {
                // What the sums count already.
                let sql = "NOT EXISTS (SELECT 1 FROM repo_visit v WHERE v.launch = t.launch
                        AND v.repo = r.repo AND v.day BETWEEN ? AND ?)";
                let all = if spans.sums.is_empty() { (1, 0) } else { (i64::MIN, i64::MAX) };
                let (first, last) = spans.days.unwrap_or(all);
                touches.wanted.require(sql, [first, last]);
            }
            let columns = format!("{} AS place, t.launch AS launch", touches.place);
            parts.add(&columns, touches.from, touches.wanted);
        }
        parts
    }

    /// Returns what must be taken from the touches: those at the edges of the range, and for
    /// repositories those of which it is unknown where they were.
    fn touches(&self, range: &Filter, spans: &Spans, list: Option<&str>) -> Vec<Touches> {
        let is_of_repos = matches!(self.places, Places::Repos(_));
        let (place, from) = match (&self.places, list, self.join(list)) {
            (Places::Repos(_), ..) => ("t.repo", KNOWN),
            (Places::Dirs(_), Some(_), _) => ("t.dir", KNOWN_BY_DIR),
            (Places::Dirs(_), None, "") => ("t.dir", KNOWN),
            (Places::Dirs(_), None, _) => ("t.dir", KNOWN_BY_PATH),
        };
        let each = |range| {
            let mut wanted = self.wanted("l.kind", place, list);
            if is_of_repos {
                wanted.require_that("t.repo > 0");
            }
            require_range(&mut wanted, range);
            wanted.and(&self.touches);
            Touches { place, from, wanted }
        };
        let mut touches: Vec<Touches> = spans.touches.iter().copied().map(each).collect();
        if is_of_repos {
            let mut wanted = self.wanted("l.kind", "r.repo", list);
            wanted.require_that("t.repo = -1");
            require_range(&mut wanted, (range.since_ms, range.until_ms));
            wanted.and(&self.touches);
            touches.push(Touches { place: "r.repo", from: UNKNOWN, wanted });
        }
        touches
    }

    /// Returns what must be joined to say which places are wanted.
    fn join(&self, list: Option<&str>) -> &'static str {
        match (&self.places, list) {
            (Places::Dirs(place), None) => place.join(),
            _ => "",
        }
    }

    /// Returns which kinds and which places are wanted.
    fn wanted(&self, kind: &str, place: &str, list: Option<&str>) -> Conditions {
        let mut wanted = match (&self.places, list) {
            (Places::Dirs(place), None) => place.dirs("t"),
            _ => Conditions::default(),
        };
        let list = list.or(match &self.places {
            Places::Repos(keys) => keys.as_deref(),
            Places::Dirs(_) => None,
        });
        if let Some(list) = list {
            let sql = format!("{place} IN (SELECT value FROM json_each(?))");
            wanted.require(&sql, [list.to_owned()]);
        }
        self.kinds.require(&mut wanted, kind);
        wanted
    }
}

/// Touches with their launch.
const KNOWN: &str = "dir_touch t LEFT JOIN launch l ON l.key = t.launch";

/// The same, of few directories.
const KNOWN_BY_DIR: &str = "dir_touch t INDEXED BY dir_touch_by_dir
    LEFT JOIN launch l ON l.key = t.launch";

/// The same, with the directory to look at its path.
const KNOWN_BY_PATH: &str = "dir_touch t CROSS JOIN dir d ON d.key = t.dir
    LEFT JOIN launch l ON l.key = t.launch";

/// Touches with each repository in which their directory ever lay, and their launch.
const UNKNOWN: &str = "dir_touch t INDEXED BY dir_touch_unknown CROSS JOIN dir_repo r ON r.dir = t.dir LEFT JOIN launch l ON l.key = t.launch";

/// Touches `t` that are to be looked at one by one.
struct Touches {
    place: &'static str,
    from: &'static str,
    wanted: Conditions,
}

/// Selections that make one together.
#[derive(Default)]
struct Parts(Vec<String>, Vec<Value>);

impl Parts {
    fn add(&mut self, columns: &str, from: &str, wanted: Conditions) {
        self.0.push(format!("SELECT {columns} FROM {from}{}", wanted.clause()));
        self.1.extend(wanted.into_values());
    }

    fn all(self) -> (String, Vec<Value>) {
        (self.0.join(" UNION ALL "), self.1)
    }
}

/// Counts the different values of the second column for each place.
fn count_each(tx: &Connection, parts: Parts) -> rusqlite::Result<BTreeMap<i64, u64>> {
    let (sql, values) = parts.all();
    let mut counts = BTreeMap::new();
    if sql.is_empty() {
        return Ok(counts);
    }
    let mut known = HashSet::<(i64, i64)>::new();
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let each = (row.get(0)?, row.get(1)?);
        if known.insert(each) {
            *counts.entry(each.0).or_default() += 1;
        }
    }
    Ok(counts)
}

fn list(keys: &[i64]) -> String {
    serde_json::to_string(keys).expect("numbers always serialise")
}

impl Done {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let (first, last): (i64, i64) = (row.get(3)?, row.get(4)?);
        self.kinds.insert(row.get(1)?);
        self.hows |= row.get::<_, i64>(2)?;
        self.range = Some(match self.range {
            Some((earliest, latest)) => (earliest.min(first), latest.max(last)),
            None => (first, last),
        });
        self.evidence = self.evidence.max(row.get(5)?);
        self.launches += row.get::<_, i64>(6)?.cast_unsigned();
        Ok(())
    }

    pub(super) fn first_at(&self) -> Timestamp {
        Timestamp::from_ms(self.range.unwrap_or_default().0)
    }

    pub(super) fn last_at(&self) -> Timestamp {
        Timestamp::from_ms(self.range.unwrap_or_default().1)
    }

    pub(super) fn evidence(&self) -> Evidence {
        register::evidence(self.evidence)
    }
}
