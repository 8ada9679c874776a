//! What was done in directories or repositories, summed up: from tables where they have it, from
//! the touches themselves elsewhere.
//!
//! Two steps. The first chooses the places to show, which needs little of each; the second sums up
//! what was done there.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Evidence;

use super::super::filter::Conditions;
use super::super::project::how::{HELPER, bit};
use super::super::register;
use super::kinds::Kinds;
use super::launches::require_launch;
use super::spans::{Spans, require_range};
use super::touches::require_manner;

/// What is summed up for: the column that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Dirs,
    Repos,
}

impl Of {
    fn column(self) -> &'static str {
        match self {
            Self::Dirs => "dir",
            Self::Repos => "repo",
        }
    }
}

/// A question about places that pass a filter.
pub(super) struct Question<'a> {
    of: Of,
    filter: &'a Filter,
    spans: Spans,
    kinds: Kinds,
    /// Selections of places, in each of which one must be that is wanted.
    places: Vec<Selection>,
    /// Which touches are wanted besides; of everything where sums answer.
    touches: Conditions,
}

/// SQL, and the values of its parameters.
pub(super) type Selection = (String, Vec<Value>);

/// What was done in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) hows: i64,
    /// Of the launches.
    pub(super) kinds: BTreeSet<i64>,
    range: Option<(i64, i64)>,
    evidence: i64,
    pub(super) launches: u64,
}

impl<'a> Question<'a> {
    /// Asks about places in each of `places`, and touches of which `touches` holds.
    pub(super) fn new(
        tx: &Connection,
        of: Of,
        filter: &'a Filter,
        places: Vec<Selection>,
        mut touches: Conditions,
    ) -> rusqlite::Result<Self> {
        require_launch(&mut touches, filter);
        require_manner(&mut touches, tx, filter)?;
        let is_summed_up = touches.clause().is_empty();
        let spans = if is_summed_up { Spans::of(filter) } else { Spans::touches(filter) };
        Ok(Self { of, filter, spans, kinds: Kinds::find(tx, filter)?, places, touches })
    }

    /// Returns the places to show, last touched first, and how many there are in all.
    pub(super) fn newest(&self, tx: &Connection) -> rusqlite::Result<(Vec<i64>, u64)> {
        let (parts, mut values) = self.parts(None);
        // The pluses keep an index from being chosen for its order, which would read all of it.
        let sql = format!(
            "SELECT place, max(last_at) FROM ({parts}) GROUP BY +place
             HAVING ? OR max(hows <> ?)"
        );
        let helpers = self.filter.helpers || self.filter.how.is_some();
        values.extend([helpers.into(), bit(HELPER).into()]);
        let mut places: Vec<(i64, i64)> = tx
            .prepare_cached(&sql)?
            .query_map(params_from_iter(values), |row| Ok((row.get(1)?, row.get(0)?)))?
            .collect::<Result<_, _>>()?;
        let (all, limit) = (places.len(), self.filter.limit.map(usize::try_from));
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.truncate(limit.map_or(all, |limit| limit.unwrap_or(all)));
        Ok((places.into_iter().map(|(_, place)| place).collect(), all as u64))
    }

    /// Returns what was done in these places.
    pub(super) fn done(
        &self,
        tx: &Connection,
        places: &[i64],
    ) -> rusqlite::Result<BTreeMap<i64, Done>> {
        let list = serde_json::to_string(places).expect("numbers always serialise");
        let (parts, values) = self.parts(Some(&list));
        let mut done = BTreeMap::<i64, Done>::new();
        let mut statement = tx.prepare_cached(&parts)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            done.entry(row.get(0)?).or_default().add(row)?;
        }
        for (place, launches) in count_each(tx, &self.others(&list))? {
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
        let list = serde_json::to_string(repos).expect("numbers always serialise");
        let mut parts = Parts::default();
        for (level, first, last) in &self.spans.sums {
            let mut wanted = self.wanted("s.kind", "r.repo", Some(&list));
            wanted.require("s.level = ? AND s.span BETWEEN ? AND ?", [*level, *first, *last]);
            let from = "dir_sum s JOIN dir_repo r ON r.dir = s.dir";
            parts.add("r.repo AS place, s.dir AS dir", from, wanted);
        }
        for touches in self.touches(Some(&list)) {
            parts.add(
                &format!("{} AS place, t.dir AS dir", touches.place),
                touches.from,
                touches.wanted,
            );
        }
        let parts = parts.count("dir");
        count_each(tx, &parts)
    }

    /// Returns a selection of everything that was done: place, kind, hows, first, last, evidence
    /// and launches that are counted there.
    fn parts(&self, list: Option<&str>) -> Selection {
        let (column, mut parts) = (self.of.column(), Parts::default());
        for (level, first, last) in &self.spans.sums {
            let mut wanted = self.wanted("s.kind", &format!("s.{column}"), list);
            wanted.require("s.level = ? AND s.span BETWEEN ? AND ?", [*level, *first, *last]);
            let columns = format!(
                "s.{column} AS place, s.kind AS kind, s.hows AS hows, s.first_at AS first_at,
                 s.last_at AS last_at, s.evidence AS evidence, s.launches AS launches"
            );
            parts.add(&columns, &format!("{column}_sum s"), wanted);
        }
        for touches in self.touches(list) {
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

    /// Returns a selection of how many launches the sums do not count: those of several days, and
    /// those of the touches.
    fn others(&self, list: &str) -> Selection {
        let (column, mut parts) = (self.of.column(), Parts::default());
        if let Some((first, last)) = self.spans.days {
            let mut wanted = self.wanted("l.kind", &format!("s.{column}"), Some(list));
            wanted.require("s.day BETWEEN ? AND ?", [first, last]);
            let from = format!("{column}_stay s LEFT JOIN launch l ON l.key = s.launch");
            parts.add(&format!("s.{column} AS place, s.launch AS launch"), &from, wanted);
        }
        for mut touches in self.touches(Some(list)) {
            touches.wanted.require_that("t.launch <> 0");
            if touches.from == UNKNOWN && !self.spans.sums.is_empty() {
                // What the sums count already.
                let sql = "NOT EXISTS (SELECT 1 FROM repo_visit v WHERE v.launch = t.launch
                        AND v.repo = r.repo AND v.day BETWEEN ? AND ?)";
                let (first, last) = self.spans.days.unwrap_or((i64::MIN, i64::MAX));
                touches.wanted.require(sql, [first, last]);
            }
            let columns = format!("{} AS place, t.launch AS launch", touches.place);
            parts.add(&columns, touches.from, touches.wanted);
        }
        parts.count("launch")
    }

    /// Returns what must be taken from the touches: those at the edges of the range, and for
    /// repositories those of which it is unknown where they were.
    fn touches(&self, list: Option<&str>) -> Vec<Touches> {
        let column = match self.of {
            Of::Dirs => "t.dir",
            Of::Repos => "t.repo",
        };
        let each = |range| {
            let mut wanted = self.wanted("l.kind", column, list);
            if self.of == Of::Repos {
                wanted.require_that("t.repo > 0");
            }
            require_range(&mut wanted, range);
            wanted.and(&self.touches);
            Touches { place: column, from: KNOWN, wanted }
        };
        let mut touches: Vec<Touches> = self.spans.touches.iter().copied().map(each).collect();
        if self.of == Of::Repos {
            let mut wanted = self.wanted("l.kind", "r.repo", list);
            wanted.require_that("t.repo = -1");
            require_range(&mut wanted, (self.filter.since_ms, self.filter.until_ms));
            wanted.and(&self.touches);
            touches.push(Touches { place: "r.repo", from: UNKNOWN, wanted });
        }
        touches
    }

    /// Adds which kinds and which places are wanted.
    fn wanted(&self, kind: &str, place: &str, list: Option<&str>) -> Conditions {
        let mut wanted = Conditions::default();
        if let Some(list) = list {
            let sql = format!("{place} IN (SELECT value FROM json_each(?))");
            wanted.require(&sql, [list.to_owned()]);
        } else {
            for (select, values) in &self.places {
                wanted.require(&format!("{place} IN ({select})"), values.clone());
            }
        }
        self.kinds.require(&mut wanted, kind);
        wanted
    }
}

/// Touches with their launch.
const KNOWN: &str = "dir_touch t LEFT JOIN launch l ON l.key = t.launch";

/// Touches with each repository in which their directory ever lay, and their launch.
const UNKNOWN: &str = "dir_touch t JOIN dir_repo r ON r.dir = t.dir
    LEFT JOIN launch l ON l.key = t.launch";

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

    fn all(self) -> Selection {
        (self.0.join(" UNION ALL "), self.1)
    }

    /// Counts the different values of a column for each place.
    fn count(self, column: &str) -> Selection {
        let (parts, values) = self.all();
        let sql = format!("SELECT place, count(DISTINCT {column}) FROM ({parts}) GROUP BY place");
        (if parts.is_empty() { String::new() } else { sql }, values)
    }
}

/// Returns the numbers that [`Parts::count`] selects.
fn count_each(tx: &Connection, (sql, values): &Selection) -> rusqlite::Result<BTreeMap<i64, u64>> {
    if sql.is_empty() {
        return Ok(BTreeMap::new());
    }
    let count = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
    tx.prepare_cached(sql)?.query_map(params_from_iter(values), count)?.collect()
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
