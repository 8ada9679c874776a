//! Touches summed up over days, weeks and all time: of each directory, and of each repository.
//!
//! # Launches
//!
//! Launches cannot be counted by adding up the days: one may touch a place on several of them. So
//! the sums of days and weeks count those that touched the place on one day only; the others stand
//! in a table of stays, with each of their days, and are few.
//!
//! # Batches
//!
//! Of a batch of touches many are of the same places: they are added up in memory, and written once.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, Row, params};

use super::how;
use super::kind::{session_kind, touch_kind};

/// Quarter-hours in a day.
pub(in super::super) const QUARTERS: i64 = 96;
/// Days in a week; weeks begin on Thursday, as 1970 did.
pub(in super::super) const DAYS: i64 = 7;

/// The levels of sums.
pub(in super::super) const ALL: i64 = 0;
pub(in super::super) const WEEK: i64 = 1;
pub(in super::super) const DAY: i64 = 2;

/// Sums that are still to be written.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<Key, Sum>);

/// What is summed up, the level, the span, the place and the kind.
type Key = (For, [i64; 4]);

/// What touches are summed up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    Dirs,
    Repos,
}

/// What touches are summed up for, as SQL.
struct Of {
    add: &'static str,
    stay: &'static str,
    /// The touches of one day and kind, and whether their launch stays.
    touches: &'static str,
    /// The sums below a level.
    below: &'static str,
    staying: &'static str,
    replace: &'static str,
    remove: &'static str,
}

macro_rules! of {
    ($of:literal, $touches:literal) => {
        Of {
            add: concat!(
                "INSERT INTO ",
                $of,
                "_sum
                    (level, span, ",
                $of,
                ", kind, hows, first_at, last_at, launches, evidence)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET hows = hows | excluded.hows,
                    first_at = min(first_at, excluded.first_at),
                    last_at = max(last_at, excluded.last_at),
                    launches = launches + excluded.launches,
                    evidence = max(evidence, excluded.evidence)"
            ),
            stay: concat!("INSERT INTO ", $of, "_stay (", $of, ", day, launch) VALUES (?, ?, ?)"),
            touches: concat!(
                "SELECT 1 << min(t.how, 62), t.first_at, t.last_at, 0, t.evidence, t.launch,
                    EXISTS (SELECT 1 FROM ",
                $of,
                "_stay s
                        WHERE s.",
                $of,
                " = ?1 AND s.day = ?2 AND s.launch = t.launch)
                 FROM dir_touch t LEFT JOIN launch l ON l.key = t.launch
                 WHERE ",
                $touches,
                " AND t.quarter BETWEEN ?2 * 96 AND ?2 * 96 + 95
                    AND ifnull(",
                touch_kind!(),
                ", 0) = ?3"
            ),
            below: concat!(
                "SELECT hows, first_at, last_at, launches, evidence FROM ",
                $of,
                "_sum
                 WHERE ",
                $of,
                " = ? AND level = ? AND span BETWEEN ? AND ? AND kind = ?"
            ),
            staying: concat!(
                "SELECT count(DISTINCT s.launch) FROM ",
                $of,
                "_stay s
                    JOIN launch l ON l.key = s.launch
                 WHERE s.",
                $of,
                " = ? AND l.kind = ?"
            ),
            replace: concat!(
                "INSERT OR REPLACE INTO ",
                $of,
                "_sum
                    (level, span, ",
                $of,
                ", kind, hows, first_at, last_at, launches, evidence)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            ),
            remove: concat!(
                "DELETE FROM ",
                $of,
                "_sum
                 WHERE level = ? AND span = ? AND ",
                $of,
                " = ? AND kind = ?"
            ),
        }
    };
}

impl For {
    fn sql(self) -> &'static Of {
        match self {
            Self::Dirs => &const { of!("dir", "t.dir = ?1") },
            Self::Repos => {
                const {
                    &of!(
                        "repo",
                        "(t.repo = ?1 OR t.repo = -1 AND t.dir IN
                            (SELECT dir FROM dir_repo WHERE repo = ?1))"
                    )
                }
            }
        }
    }
}

/// One touch, as sums see it.
#[derive(Clone, Copy)]
pub(super) struct Touch {
    /// 0 where there is none.
    pub(super) launch: i64,
    pub(super) kind: i64,
    pub(super) how: i64,
    pub(super) at_ms: i64,
    pub(super) evidence: i64,
    pub(super) day: i64,
}

/// On which days a launch was known to have touched a place, before one more touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Never,
    /// On the day of the touch, and perhaps on others.
    ThatDay,
    /// On one other day.
    Once(i64),
    /// On several other days.
    Often,
}

impl Sums {
    /// Writes the sums.
    pub(super) fn write(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        // In the order of the tables, which is cheaper than any other.
        for ((of, [level, span, place, kind]), sum) in std::mem::take(&mut self.0) {
            let (first, last) = sum.range.unwrap_or((i64::MAX, i64::MIN));
            let Sum { hows, launches, evidence, .. } = sum;
            let row = [level, span, place, kind, hows, first, last, launches, evidence];
            tx.prepare_cached(of.sql().add)?.execute(row)?;
        }
        Ok(())
    }

    fn sum(&mut self, of: For, key: [i64; 4]) -> &mut Sum {
        self.0.entry((of, key)).or_default()
    }
}

impl For {
    /// Adds a touch of `place`.
    pub(super) fn add(
        self,
        tx: &Connection,
        pending: &mut Sums,
        place: i64,
        touch: Touch,
        before: Before,
    ) -> rusqlite::Result<()> {
        let Touch { kind, at_ms, evidence, day, launch, .. } = touch;
        let launches = i64::from(before == Before::Never && launch != 0);
        let range = Some((at_ms, at_ms));
        let one = Sum { hows: how::bit(touch.how), range, launches, evidence };
        for (level, span) in [(ALL, 0), (WEEK, day.div_euclid(DAYS)), (DAY, day)] {
            pending.sum(self, [level, span, place, kind]).add(&one);
        }
        let other = match before {
            Before::Never | Before::ThatDay => return Ok(()),
            Before::Once(other) => Some(other),
            Before::Often => None,
        };
        if let Some(other) = other {
            pending.sum(self, [WEEK, other.div_euclid(DAYS), place, kind]).launches -= 1;
            pending.sum(self, [DAY, other, place, kind]).launches -= 1;
        }
        let mut stay = tx.prepare_cached(self.sql().stay)?;
        for day in other.into_iter().chain([day]) {
            stay.execute([place, day, launch])?;
        }
        Ok(())
    }

    /// Sums up anew what was done in `place` on these days by launches of these kinds; nothing may
    /// be pending.
    pub(super) fn sum_up(
        self,
        tx: &Connection,
        place: i64,
        days: &[i64],
        kinds: [i64; 2],
    ) -> rusqlite::Result<()> {
        let weeks: HashSet<i64> = days.iter().map(|day| day.div_euclid(DAYS)).collect();
        for kind in kinds {
            for day in days {
                let sum = self.of_touches(tx, place, *day, kind)?;
                self.put(tx, [DAY, *day, place, kind], sum)?;
            }
            for week in &weeks {
                let (first, last) = (week * DAYS, week * DAYS + DAYS - 1);
                let sum = self.of_level(tx, [place, DAY, first, last, kind])?;
                self.put(tx, [WEEK, *week, place, kind], sum)?;
            }
            let mut sum = self.of_level(tx, [place, WEEK, i64::MIN, i64::MAX, kind])?;
            let mut staying = tx.prepare_cached(self.sql().staying)?;
            sum.launches += staying.query_row([place, kind], |row| row.get::<_, i64>(0))?;
            self.put(tx, [ALL, 0, place, kind], sum)?;
        }
        Ok(())
    }

    fn of_touches(self, tx: &Connection, place: i64, day: i64, kind: i64) -> rusqlite::Result<Sum> {
        let (mut sum, mut launches) = (Sum::default(), HashSet::new());
        let mut touches = tx.prepare_cached(self.sql().touches)?;
        let mut rows = touches.query([place, day, kind])?;
        while let Some(row) = rows.next()? {
            sum.add(&Sum::read(row)?);
            let (launch, stays): (i64, bool) = (row.get(5)?, row.get(6)?);
            if launch != 0 && !stays {
                launches.insert(launch);
            }
        }
        sum.launches = launches.len() as i64;
        Ok(sum)
    }

    fn of_level(self, tx: &Connection, below: [i64; 5]) -> rusqlite::Result<Sum> {
        let mut sum = Sum::default();
        let mut sums = tx.prepare_cached(self.sql().below)?;
        let mut rows = sums.query(below)?;
        while let Some(row) = rows.next()? {
            sum.add(&Sum::read(row)?);
        }
        Ok(sum)
    }

    fn put(self, tx: &Connection, key: [i64; 4], sum: Sum) -> rusqlite::Result<()> {
        let [level, span, place, kind] = key;
        match sum.range {
            Some((first, last)) => tx.prepare_cached(self.sql().replace)?.execute(params![
                level,
                span,
                place,
                kind,
                sum.hows,
                first,
                last,
                sum.launches,
                sum.evidence
            ]),
            None => tx.prepare_cached(self.sql().remove)?.execute(key),
        }?;
        Ok(())
    }
}

/// A sum, or what is to be added to one.
#[derive(Clone, Copy, Default)]
struct Sum {
    hows: i64,
    /// First and last touch, where there is one.
    range: Option<(i64, i64)>,
    launches: i64,
    evidence: i64,
}

impl Sum {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let range = Some((row.get(1)?, row.get(2)?));
        Ok(Self { hows: row.get(0)?, range, launches: row.get(3)?, evidence: row.get(4)? })
    }

    fn add(&mut self, other: &Self) {
        self.hows |= other.hows;
        self.range = match (self.range, other.range) {
            (Some((first, last)), Some((begin, end))) => Some((first.min(begin), last.max(end))),
            (range, None) | (None, range) => range,
        };
        self.launches += other.launches;
        self.evidence = self.evidence.max(other.evidence);
    }
}
