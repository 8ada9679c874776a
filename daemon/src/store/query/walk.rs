//! From the last day on which a place was touched to the first, as far as it takes.

use rusqlite::{Connection, params_from_iter};

use super::super::filter::Conditions;
use super::super::project::sums::{DAY, DAYS, WEEK};
use super::place::Place;

/// Days that are taken together at most.
const LONGEST: i64 = 16;

/// A walk through the days, from the last on.
pub(super) struct Walk<'a> {
    place: &'a Place,
    first: i64,
    last: i64,
    /// How many findings are wanted.
    limit: usize,
    /// Days that are taken together: more, the less is found.
    stride: i64,
    found: Option<usize>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(place: &'a Place, (first, last): (i64, i64), limit: usize) -> Self {
        Self { place, first, last, limit, stride: 1, found: None }
    }

    /// Returns the next days, first and last, unless enough was `found` so far; between those that
    /// it returns and those before them the place was not touched.
    pub(super) fn next(
        &mut self,
        tx: &Connection,
        found: usize,
    ) -> rusqlite::Result<Option<(i64, i64)>> {
        if found >= self.limit {
            return Ok(None);
        }
        let is_little = |before| (found - before) * 4 < self.limit;
        if self.found.replace(found).is_some_and(is_little) {
            self.stride = (self.stride * 2).min(LONGEST);
        }
        let Some(last) = self.touched_last(tx)? else { return Ok(None) };
        let first = (last - self.stride + 1).max(self.first);
        self.last = first - 1;
        Ok(Some((first, last)))
    }

    /// Returns the last day on which the place was touched, of those that are left.
    fn touched_last(&self, tx: &Connection) -> rusqlite::Result<Option<i64>> {
        let (first, mut last) = (self.first, self.last);
        while first <= last {
            let weeks = (first.div_euclid(DAYS), last.div_euclid(DAYS));
            let Some(week) = self.span(tx, WEEK, weeks)? else { return Ok(None) };
            let days = (first.max(week * DAYS), last.min(week * DAYS + DAYS - 1));
            if let Some(day) = self.span(tx, DAY, days)? {
                return Ok(Some(day));
            }
            last = week * DAYS - 1;
        }
        Ok(None)
    }

    fn span(
        &self,
        tx: &Connection,
        level: i64,
        (first, last): (i64, i64),
    ) -> rusqlite::Result<Option<i64>> {
        let mut wanted = Conditions::default();
        wanted.require("t.level = ? AND t.span BETWEEN ? AND ?", [level, first, last]);
        let (sql, values) = if let Some((dirs, _)) = self.place.few() {
            // Few directories are found sooner one by one than in a range.
            let sql = format!(
                "SELECT max((SELECT max(t.span) FROM dir_sum t INDEXED BY dir_sum_by_dir{}
                    AND t.dir = w.value))
                 FROM json_each(?) w",
                wanted.clause()
            );
            wanted.append("", [dirs.to_owned()]);
            (sql, wanted.into_values())
        } else {
            wanted.and(&self.place.dirs("t"));
            let (join, clause) = (self.place.join(), wanted.clause());
            (format!("SELECT max(t.span) FROM dir_sum t {join}{clause}"), wanted.into_values())
        };
        tx.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
    }
}
