//! What was done in directories or repositories, summed up: from tables where they have it, from
//! the touches themselves elsewhere.
//!
//! Where little was done, or in repositories, which are few, all of it is added up. Else there are two
//! steps: the first chooses the places to show, which needs little of each; the second sums up what
//! was done there. The last days are gone through until there are enough.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use trackway_protocol::message::Filter;

use super::super::filter::Conditions;
use super::super::project::how::{HELPER, bit};
use super::super::project::kind;
use super::kinds::Kinds;
use super::launches::require_launch;
use super::place::Place;
use super::spans::{day_range, on_days};
use super::touches::require_manner;
use super::walk::Walk;
use parts::Keys;

mod counts;
mod done;
mod parts;

pub(super) use done::Done;

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
    /// Of which launches `l`, where that is asked.
    launches: Option<Conditions>,
    /// Of the launches and sessions that were met.
    kinds_met: RefCell<HashMap<i64, i64>>,
    sessions_met: RefCell<HashMap<String, i64>>,
}

/// Which places are wanted.
pub(super) enum Places {
    Dirs(Place),
    /// Those with these keys, a JSON array, and how many these are; all without.
    Repos(Option<(String, usize)>),
}

/// Places to show, each with what was done there, last touched first.
pub(super) struct Shown {
    pub(super) places: Vec<(i64, Done)>,
    /// How many there are in all; none where they are too many to count.
    pub(super) all: Option<u64>,
}

impl<'a> Question<'a> {
    /// Asks about places, and touches of which `touches` holds.
    pub(super) fn new(
        tx: &Connection,
        filter: &'a Filter,
        places: Places,
        mut touches: Conditions,
    ) -> rusqlite::Result<Self> {
        require_manner(&mut touches, tx, filter)?;
        let kinds = Kinds::find(tx, filter)?;
        let mut launches = Conditions::default();
        require_launch(&mut launches, filter);
        let launches = Some(launches).filter(|launches| !launches.clause().is_empty());
        let is_summed_up = touches.clause().is_empty() && launches.is_none();
        let (kinds_met, sessions_met) = Default::default();
        Ok(Self { filter, is_summed_up, kinds, places, touches, launches, kinds_met, sessions_met })
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
        let ranked: Vec<i64> = ranked.into_iter().map(|(place, _)| place).collect();
        let mut ranked = self.asked(tx, ranked)?;
        let all = Some(ranked.len() as u64);
        let limit = self.filter.limit.and_then(|limit| usize::try_from(limit).ok());
        ranked.truncate(limit.unwrap_or(usize::MAX));
        let mut done = self.done(tx, &ranked)?;
        let places = ranked.iter().filter_map(|place| done.remove_entry(place)).collect();
        Ok(Shown { places, all })
    }

    /// Looks at every place once.
    fn newest_of_few(&self, tx: &Connection) -> rusqlite::Result<Shown> {
        let Tally { mut done, launches } = self.tally(tx, None)?;
        let asked = self.asked(tx, done.keys().copied().collect())?;
        let mut places: Vec<(i64, Done)> =
            asked.into_iter().filter_map(|place| done.remove_entry(&place)).collect();
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
                    let part = self.asked(tx, part.to_vec())?;
                    let mut done = self.done(tx, &part)?;
                    let done = part.iter().filter_map(|place| done.remove_entry(place));
                    found.extend(done.filter(|(_, done)| self.is_shown(done.hows)));
                }
            }
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Returns those of some places that are asked about, in their order.
    fn asked(&self, tx: &Connection, places: Vec<i64>) -> rusqlite::Result<Vec<i64>> {
        match &self.places {
            Places::Dirs(place) => place.among(tx, places),
            Places::Repos(_) => Ok(places),
        }
    }

    /// Whether too much was done to look at all of it.
    fn is_much(&self, tx: &Connection) -> rusqlite::Result<bool> {
        let (parts, mut values) = self.parts(tx, self.filter, None)?;
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
        let keys = list(places);
        let keys = Keys { list: &keys, count: places.len() };
        let Tally { mut done, launches } = self.tally(tx, Some(keys))?;
        for (place, launches) in self.launches(tx, places, launches)? {
            done.entry(place).or_default().launches += launches;
        }
        Ok(done)
    }

    /// Adds up what was done in these places, or in all.
    fn tally(&self, tx: &Connection, keys: Option<Keys<'_>>) -> rusqlite::Result<Tally> {
        let Tally { mut done, mut launches } = Tally::default();
        self.each(tx, self.filter, keys, |place, row| {
            let (kind, count): (Option<i64>, i64) = (row.get(2)?, row.get(7)?);
            let done: &mut Done = done.entry(place).or_default();
            if let Some(kind) = kind {
                done.kinds.insert(kind);
                done.launches += count.cast_unsigned();
            } else if count != 0 {
                // Of a launch that the sums count they tell the kind, too.
                let launch = row.get(1)?;
                done.kinds.insert(self.kind_of(tx, launch)?);
                launches.push((place, launch));
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
        keys: Option<Keys<'_>>,
        mut add: impl FnMut(i64, &Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let (parts, values) = self.parts(tx, range, keys)?;
        let mut statement = tx.prepare_cached(&parts)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            // Of sums only those of wanted kinds are there.
            let launch: Option<i64> = row.get(1)?;
            let is_wanted = match launch {
                Some(0) if self.launches.is_some() => true,
                Some(0) if !self.kinds.are_all() => {
                    self.kinds.contain(self.kind_of_session(tx, row.get_ref(8)?.as_str()?)?)
                }
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

    /// Returns the kind of what a session touched.
    fn kind_of_session(&self, tx: &Connection, session: &str) -> rusqlite::Result<i64> {
        if let Some(kind) = self.sessions_met.borrow().get(session) {
            return Ok(*kind);
        }
        let kind = kind::of_session(tx, session)?;
        self.sessions_met.borrow_mut().insert(session.to_owned(), kind);
        Ok(kind)
    }
}

/// What was done in places, and the launches that were met there one by one.
#[derive(Default)]
struct Tally {
    done: HashMap<i64, Done>,
    launches: Vec<(i64, i64)>,
}

fn list(keys: &[i64]) -> String {
    serde_json::to_string(keys).expect("numbers always serialise")
}
