//! What was done in directories or repositories, summed up: from tables where they have it, from
//! the touches themselves elsewhere.
//!
//! Where little was done, or in repositories, which are few, all of it is added up. Else there are two
//! steps: the first chooses the places to show, which needs little of each; the second sums up what
//! was done there. The last days are gone through until there are enough.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Evidence;

use super::super::filter::Conditions;
use super::super::project::how::{HELPER, bit};
use super::super::project::sums::DAY;
use super::super::register;
use super::kinds::Kinds;
use super::launches::require_launch;
use super::place::Place;
use super::spans::{Spans, day_range, on_days, require_range};
use super::touches::require_manner;
use super::walk::Walk;

/// From so many rows on, places are neither all looked at nor counted.
const LOOKED_AT: i64 = 10_000;

/// A question about places that pass a filter.
pub(super) struct Question<'a> {
    filter: &'a Filter,
    /// Whether the sums answer.
    is_summed_up: bool,
    kinds: Kinds,
    places: Places,
    /// Which touches are wanted; of everything where sums answer.
    touches: Conditions,
    /// Of the launches that were met.
    kinds_met: RefCell<HashMap<i64, i64>>,
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
        let (kinds, kinds_met) = (Kinds::find(tx, filter)?, RefCell::default());
        Ok(Self { filter, is_summed_up, kinds, places, touches, kinds_met })
    }

    /// Returns the places that the filter's limit lets be shown.
    pub(super) fn newest(&self, tx: &Connection) -> rusqlite::Result<Shown> {
        let limit = self.filter.limit.and_then(|limit| usize::try_from(limit).ok());
        match (&self.places, limit) {
            (Places::Dirs(place), Some(limit)) if self.is_summed_up && self.is_much(tx)? => {
                let places = self.walk(tx, place, limit)?;
                let all = (places.len() < limit).then_some(places.len() as u64);
                Ok(Shown { places, all })
            }
            (Places::Dirs(_), Some(_)) if self.is_summed_up => self.newest_of_few(tx),
            (Places::Dirs(_), _) => self.newest_of_many(tx),
            (Places::Repos(_), _) => self.newest_of_few(tx),
        }
    }

    /// Looks at every place twice, to keep little of each.
    fn newest_of_many(&self, tx: &Connection) -> rusqlite::Result<Shown> {
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

    /// Looks at every place once.
    fn newest_of_few(&self, tx: &Connection) -> rusqlite::Result<Shown> {
        let Tally { done, launches } = self.tally(tx, None)?;
        let mut places: Vec<(i64, Done)> = done.into_iter().collect();
        places.retain(|(_, done)| self.is_shown(done.hows));
        places.sort_unstable_by_key(|(place, done)| Reverse((done.last_at(), *place)));
        let all = Some(places.len() as u64);
        let limit = self.filter.limit.and_then(|limit| usize::try_from(limit).ok());
        places.truncate(limit.unwrap_or(usize::MAX));
        let shown: Vec<i64> = places.iter().map(|(place, _)| *place).collect();
        let counts = self.launches(tx, &shown, launches)?;
        for (place, done) in &mut places {
            done.launches += counts.get(place).copied().unwrap_or_default();
        }
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

    /// Whether too much was done to look at all of it.
    fn is_much(&self, tx: &Connection) -> rusqlite::Result<bool> {
        let (parts, mut values) = self.parts(self.filter, None);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM ({parts}) LIMIT ?)");
        values.push(Value::from(LOOKED_AT));
        let mut count = tx.prepare_cached(&sql)?;
        count.query_row(params_from_iter(values), |row| Ok(row.get::<_, i64>(0)? == LOOKED_AT))
    }

    /// Returns the places in a range, last touched first, and whether each is to be shown for what
    /// was done in it.
    fn ranked(&self, tx: &Connection, range: &Filter) -> rusqlite::Result<Vec<(i64, bool)>> {
        let mut places = HashMap::<i64, (i64, i64)>::new();
        // Cheaper than to have SQLite sort what it groups.
        self.each(tx, range, None, |place, row| {
            let (last, hows) = places.entry(place).or_insert((i64::MIN, 0));
            *last = row.get::<_, i64>(5)?.max(*last);
            *hows |= row.get::<_, i64>(3)?;
            Ok(())
        })?;
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
    fn done(&self, tx: &Connection, places: &[i64]) -> rusqlite::Result<HashMap<i64, Done>> {
        let Tally { mut done, launches } = self.tally(tx, Some(&list(places)))?;
        for (place, launches) in self.launches(tx, places, launches)? {
            done.entry(place).or_default().launches += launches;
        }
        Ok(done)
    }

    /// Adds up what was done in these places, or in all.
    fn tally(&self, tx: &Connection, list: Option<&str>) -> rusqlite::Result<Tally> {
        let Tally { mut done, mut launches } = Tally::default();
        self.each(tx, self.filter, list, |place, row| {
            let (kind, count): (Option<i64>, i64) = (row.get(2)?, row.get(7)?);
            let done: &mut Done = done.entry(place).or_default();
            if let Some(kind) = kind {
                done.kinds.insert(kind);
                done.launches += count.cast_unsigned();
            } else if count != 0 {
                // Of a launch that the sums count they tell the kind, too.
                let launch = row.get(1)?;
                done.kinds.insert(self.kind_of(tx, launch)?);
                launches.insert((place, launch));
            }
            done.add(row)
        })?;
        Ok(Tally { done, launches })
    }

    /// Reads everything that was done in a range, in these places or in all, as of [`Self::parts`].
    fn each(
        &self,
        tx: &Connection,
        range: &Filter,
        list: Option<&str>,
        mut add: impl FnMut(i64, &Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let (parts, values) = self.parts(range, list);
        let mut statement = tx.prepare_cached(&parts)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            // Of sums only those of wanted kinds are there.
            let launch: Option<i64> = row.get(1)?;
            let is_wanted = match launch {
                Some(launch) if !self.kinds.are_all() => {
                    self.kinds.contain(self.kind_of(tx, launch)?)
                }
                _ => true,
            };
            if is_wanted {
                add(row.get(0)?, row)?;
            }
        }
        Ok(())
    }

    /// Returns the kind of a launch. Of a few launches come many touches.
    fn kind_of(&self, tx: &Connection, launch: i64) -> rusqlite::Result<i64> {
        if let Some(kind) = self.kinds_met.borrow().get(&launch) {
            return Ok(*kind);
        }
        let mut kind = tx.prepare_cached("SELECT kind FROM launch WHERE key = ?")?;
        let kind = kind.query_row([launch], |row| row.get(0)).optional()?.unwrap_or(0);
        self.kinds_met.borrow_mut().insert(launch, kind);
        Ok(kind)
    }

    /// Counts the launches that sums do not count, each once: those of several days, and those of
    /// touches, which are given with their places.
    fn launches(
        &self,
        tx: &Connection,
        places: &[i64],
        mut launches: HashSet<(i64, i64)>,
    ) -> rusqlite::Result<BTreeMap<i64, u64>> {
        let (column, list) = (self.column(), list(places));
        if let Some((first, last)) = self.spans(self.filter).days {
            let mut wanted = self.wanted(&format!("s.{column}"), Some(&list));
            self.kinds.require(&mut wanted, "l.kind");
            wanted.require("s.day BETWEEN ? AND ?", [first, last]);
            let sql = format!(
                "SELECT s.{column}, s.launch FROM {column}_stay s
                    LEFT JOIN launch l ON l.key = s.launch{}",
                wanted.clause()
            );
            let mut stays = tx.prepare_cached(&sql)?;
            let mut stays = stays.query(params_from_iter(wanted.into_values()))?;
            while let Some(row) = stays.next()? {
                launches.insert((row.get(0)?, row.get(1)?));
            }
        }
        Ok(count_each(launches))
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
        let (list, mut parts) = (list(repos), Parts::default());
        let (columns, mut spans) = ("r.repo AS place, r.dir AS dir", self.spans(self.filter));
        if self.is_summed_up && self.kinds.are_all() && self.filter.until_ms.is_none() {
            // What was touched last since then was touched since then.
            let mut wanted = self.wanted("r.repo", Some(&list));
            wanted.require_some("r.last_at >= ?", self.filter.since_ms);
            parts.add(columns, "dir_repo r", wanted);
            spans = Spans::default();
        }
        for (level, first, last) in &spans.sums {
            let mut wanted = self.wanted("r.repo", Some(&list));
            let mut sums = Conditions::default();
            sums.require("s.level = ? AND s.span BETWEEN ? AND ?", [*level, *first, *last]);
            self.kinds.require(&mut sums, "s.kind");
            if *level == DAY {
                wanted.and(&sums);
                parts.add(columns, "dir_sum s CROSS JOIN dir_repo r ON r.dir = s.dir", wanted);
            } else {
                // Longer times have more sums than repositories have directories.
                sums.require_that("s.dir = r.dir");
                let sql = format!(
                    "(SELECT 1 FROM dir_sum s INDEXED BY dir_sum_by_dir{} LIMIT 1)",
                    sums.clause()
                );
                wanted.require(&sql, sums.into_values());
                parts.add(columns, "dir_repo r", wanted);
            }
        }
        for mut touches in self.touches(self.filter, &spans, Some(&list)) {
            self.kinds.require(&mut touches.wanted, "l.kind");
            let columns = format!("{} AS place, t.dir AS dir", touches.place);
            parts.add(&columns, touches.from, touches.wanted);
        }
        let (sql, values) = parts.all();
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut dirs = HashSet::new();
        while let Some(row) = rows.next()? {
            dirs.insert((row.get(0)?, row.get(1)?));
        }
        Ok(count_each(dirs))
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

    /// Returns a selection of everything that was done in a range: place, launch, kind, hows, first,
    /// last, evidence and launches. Sums have no launch and count them; touches have no kind, and
    /// the last tells whether their launch is to be counted.
    fn parts(&self, range: &Filter, list: Option<&str>) -> (String, Vec<Value>) {
        let (column, spans, mut parts) = (self.column(), self.spans(range), Parts::default());
        for (level, first, last) in &spans.sums {
            let mut wanted = self.wanted(&format!("t.{column}"), list);
            self.kinds.require(&mut wanted, "t.kind");
            wanted.require("t.level = ? AND t.span BETWEEN ? AND ?", [*level, *first, *last]);
            let columns = format!(
                "t.{column} AS place, NULL AS launch, t.kind AS kind, t.hows AS hows,
                 t.first_at AS first_at, t.last_at AS last_at, t.evidence AS evidence,
                 t.launches AS launches"
            );
            let from = match (&self.places, self.join(list)) {
                (Places::Repos(_), _) => "repo_sum t".to_owned(),
                // Few directories are found sooner one by one than in a range.
                (Places::Dirs(_), "") => "dir_sum t INDEXED BY dir_sum_by_dir".to_owned(),
                (Places::Dirs(_), join) => format!("dir_sum t {join}"),
            };
            parts.add(&columns, &from, wanted);
        }
        for touches in self.touches(range, &spans, list) {
            let mut counted = Conditions::default();
            counted.append("t.launch <> 0", None::<Value>);
            if touches.from == UNKNOWN && self.is_summed_up {
                // Unless the sums count it already.
                let sql = " AND NOT EXISTS (SELECT 1 FROM repo_visit v WHERE v.launch = t.launch
                        AND v.repo = r.repo AND v.day BETWEEN ? AND ?)";
                let all = if spans.sums.is_empty() { (1, 0) } else { (i64::MIN, i64::MAX) };
                let (first, last) = spans.days.unwrap_or(all);
                counted.append(sql, [first, last]);
            }
            let columns = format!(
                "{} AS place, t.launch AS launch, NULL AS kind, 1 << min(t.how, 62) AS hows,
                 t.first_at AS first_at, t.last_at AS last_at, t.evidence AS evidence,
                 {} AS launches",
                touches.place,
                counted.clause()
            );
            parts.1.extend(counted.into_values());
            parts.add(&columns, touches.from, touches.wanted);
        }
        parts.all()
    }

    /// Returns what must be taken from the touches: those at the edges of the range, and for
    /// repositories those of which it is unknown where they were.
    fn touches(&self, range: &Filter, spans: &Spans, list: Option<&str>) -> Vec<Touches> {
        let is_of_repos = matches!(self.places, Places::Repos(_));
        let (place, from) = match (&self.places, self.join(list)) {
            (Places::Repos(_), _) => ("t.repo", KNOWN),
            (Places::Dirs(_), "") => ("t.dir", KNOWN_BY_DIR),
            (Places::Dirs(_), _) => ("t.dir", KNOWN_BY_PATH),
        };
        let each = |range| {
            let mut wanted = self.wanted(place, list);
            if is_of_repos {
                wanted.require_that("t.repo > 0");
            }
            require_range(&mut wanted, range);
            wanted.and(&self.touches);
            Touches { place, from, wanted }
        };
        let mut touches: Vec<Touches> = spans.touches.iter().copied().map(each).collect();
        if is_of_repos {
            let mut wanted = self.wanted("r.repo", list);
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

    /// Returns which places are wanted.
    fn wanted(&self, place: &str, list: Option<&str>) -> Conditions {
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

/// What was done in places, and the launches that were met there one by one.
#[derive(Default)]
struct Tally {
    done: HashMap<i64, Done>,
    launches: HashSet<(i64, i64)>,
}

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

/// Counts what is paired with each place.
fn count_each(pairs: HashSet<(i64, i64)>) -> BTreeMap<i64, u64> {
    let mut counts = BTreeMap::new();
    for (place, _) in pairs {
        *counts.entry(place).or_default() += 1;
    }
    counts
}

fn list(keys: &[i64]) -> String {
    serde_json::to_string(keys).expect("numbers always serialise")
}

impl Done {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let (first, last): (i64, i64) = (row.get(4)?, row.get(5)?);
        self.hows |= row.get::<_, i64>(3)?;
        self.range = Some(match self.range {
            Some((earliest, latest)) => (earliest.min(first), latest.max(last)),
            None => (first, last),
        });
        self.evidence = self.evidence.max(row.get(6)?);
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
