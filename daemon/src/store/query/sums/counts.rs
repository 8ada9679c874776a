//! How many launches, and how many directories: what cannot be had by adding sums up.

use std::collections::BTreeMap;

use rusqlite::{Connection, params_from_iter};

use super::super::super::filter::Conditions;
use super::super::super::project::kind::OF_TOUCH;
use super::super::super::project::sums::DAY;
use super::super::spans::Spans;
use super::parts::{Keys, Parts, require_listed};
use super::{Question, list};

impl Question<'_> {
    /// Counts the launches that sums do not count, each once: those of several days, and those of
    /// touches, which are given with their places.
    pub(super) fn launches(
        &self,
        tx: &Connection,
        places: &[i64],
        mut launches: Vec<(i64, i64)>,
    ) -> rusqlite::Result<BTreeMap<i64, u64>> {
        let (column, list) = (self.column(), list(places));
        if let Some((first, last)) = self.spans(self.filter).days {
            let mut wanted = Conditions::default();
            let keys = Keys { list: &list, count: places.len() };
            require_listed(&mut wanted, &format!("s.{column}"), Some(keys));
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
                launches.push((row.get(0)?, row.get(1)?));
            }
        }
        Ok(count_each(launches))
    }

    /// Returns how many directories were touched in each of these repositories.
    ///
    /// The sums do not say in which repository a directory lay: where it was in several, it counts
    /// for each.
    pub(in super::super) fn dirs_in(
        &self,
        tx: &Connection,
        repos: &[i64],
    ) -> rusqlite::Result<BTreeMap<i64, u64>> {
        let list = list(repos);
        let keys = Keys { list: &list, count: repos.len() };
        let mut parts = Parts::default();
        if self.is_summed_up && self.kinds.are_all() && self.filter.until_ms.is_none() {
            self.add_dirs_of_late(&mut parts, keys);
        } else {
            self.add_dirs_of(&self.spans(self.filter), &mut parts, keys);
        }
        let (sql, values) = parts.all();
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut dirs = Vec::new();
        while let Some(row) = rows.next()? {
            dirs.push((row.get(0)?, row.get(1)?));
        }
        Ok(count_each(dirs))
    }

    /// Adds what was touched since the filter's begin: what was touched last since then.
    fn add_dirs_of_late(&self, parts: &mut Parts, keys: Keys<'_>) {
        let mut wanted = Conditions::default();
        require_listed(&mut wanted, "r.repo", Some(keys));
        wanted.require_some("r.last_at >= ?", self.filter.since_ms);
        parts.add(DIR_OF_REPO, "dir_repo r", wanted);
        if self.filter.since_ms.is_some() {
            for unknown in self.unknown((self.filter.since_ms, None), Some(keys)) {
                parts.add(DIR_OF_REPO, unknown.from, unknown.wanted);
            }
        }
    }

    fn add_dirs_of(&self, spans: &Spans, parts: &mut Parts, keys: Keys<'_>) {
        for (level, first, last) in &spans.sums {
            let (mut wanted, mut sums) = <(Conditions, Conditions)>::default();
            require_listed(&mut wanted, "r.repo", Some(keys));
            if first == last {
                sums.require("s.level = ? AND s.span = ?", [*level, *first]);
            } else {
                sums.require("s.level = ? AND s.span BETWEEN ? AND ?", [*level, *first, *last]);
            }
            self.kinds.require(&mut sums, "s.kind");
            if *level == DAY {
                wanted.and(&sums);
                let from = "dir_sum s CROSS JOIN dir_repo r ON r.dir = s.dir";
                parts.add(DIR_OF_REPO, from, wanted);
                continue;
            }
            // Longer times have more sums than repositories have directories.
            sums.require_that("s.dir = r.dir");
            let from = if first == last { SUMS_BY_TIME } else { SUMS_BY_DIR };
            let sql = format!("EXISTS (SELECT 1 FROM {from}{})", sums.clause());
            wanted.require(&sql, sums.into_values());
            parts.add(DIR_OF_REPO, "dir_repo r", wanted);
        }
        for mut touches in self.touches(spans, Some(keys)) {
            if self.launches.is_none() {
                self.kinds.require(&mut touches.wanted, OF_TOUCH);
            }
            let columns = format!("{} AS place, t.dir AS dir", touches.place);
            parts.add(&columns, touches.from, touches.wanted);
        }
    }
}

const DIR_OF_REPO: &str = "r.repo AS place, r.dir AS dir";
/// Sums of one time stand together, and by directory: they are found by fewer pages than those of
/// one directory, of which each has its own.
const SUMS_BY_TIME: &str = "dir_sum s INDEXED BY sqlite_autoindex_dir_sum_1";
const SUMS_BY_DIR: &str = "dir_sum s INDEXED BY dir_sum_by_dir";

/// Counts what is paired with each place, each once.
fn count_each(mut pairs: Vec<(i64, i64)>) -> BTreeMap<i64, u64> {
    pairs.sort_unstable();
    pairs.dedup();
    let groups = pairs.chunk_by(|(one, _), (other, _)| one == other);
    groups.map(|group| (group[0].0, group.len() as u64)).collect()
}
