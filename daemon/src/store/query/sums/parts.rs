//! Everything that was done in a range, as SQL: sums where they have it, touches elsewhere.

use rusqlite::Connection;
use rusqlite::types::Value;
use trackway_protocol::message::Filter;

use super::super::super::filter::Conditions;
use super::super::launches::of_linked_sessions;
use super::super::spans::{Spans, require_range};
use super::{Places, Question};

/// Up to so many sums are found sooner by time and place than by place alone, for which the index
/// has only where they stand.
const FEW: i64 = 4000;

/// From so many repositories on, all sums of a time are read.
const MANY: usize = 16;

/// Touches with their launch.
const KNOWN: &str = "dir_touch t LEFT JOIN launch l ON l.key = t.launch";

/// The same, of few directories.
const KNOWN_BY_DIR: &str = "dir_touch t INDEXED BY dir_touch_by_dir
    LEFT JOIN launch l ON l.key = t.launch";

/// Touches with each repository in which their directory ever lay, and their launch.
const UNKNOWN: &str = "dir_touch t INDEXED BY dir_touch_unknown
    CROSS JOIN dir_repo r ON r.dir = t.dir LEFT JOIN launch l ON l.key = t.launch";

/// Touches `t` that are to be looked at one by one.
pub(super) struct Touches {
    pub(super) place: &'static str,
    pub(super) from: &'static str,
    pub(super) wanted: Conditions,
}

/// Selections that make one together.
#[derive(Default)]
pub(super) struct Parts(Vec<String>, Vec<Value>);

impl Parts {
    pub(super) fn add(&mut self, columns: &str, from: &str, wanted: Conditions) {
        self.0.push(format!("SELECT {columns} FROM {from}{}", wanted.clause()));
        self.1.extend(wanted.into_values());
    }

    pub(super) fn all(self) -> (String, Vec<Value>) {
        (self.0.join(" UNION ALL "), self.1)
    }
}

/// Places that are asked about: their keys.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    /// A JSON array.
    pub(super) list: &'a str,
    pub(super) count: usize,
}

impl Question<'_> {
    /// Returns a selection of everything that was done in a range: place, launch, kind, hows, first,
    /// last, evidence, launches and session. Sums have no launch and count them; touches have no
    /// kind, and for them `launches` tells whether theirs is to be counted.
    ///
    /// Of directories that are neither listed nor few, it selects all.
    pub(super) fn parts(
        &self,
        tx: &Connection,
        range: &Filter,
        keys: Option<Keys<'_>>,
    ) -> rusqlite::Result<(String, Vec<Value>)> {
        let (column, spans, mut parts) = (self.column(), self.spans(range), Parts::default());
        let columns = format!(
            "t.{column} AS place, NULL AS launch, t.kind AS kind, t.hows AS hows,
             t.first_at AS first_at, t.last_at AS last_at, t.evidence AS evidence,
             t.launches AS launches, NULL AS session"
        );
        for sums in &spans.sums {
            let (from, wanted) = self.sums(tx, *sums, keys)?;
            parts.add(&columns, from, wanted);
        }
        for Touches { place, from, wanted } in self.touches(&spans, keys) {
            let columns = format!(
                "{place} AS place, t.launch AS launch, NULL AS kind, 1 << min(t.how, 62) AS hows,
                 t.first_at AS first_at, t.last_at AS last_at, t.evidence AS evidence,
                 t.launch <> 0 AS launches, t.session AS session"
            );
            parts.add(&columns, from, wanted);
        }
        Ok(parts.all())
    }

    /// Returns sums `t` of some spans, and what is wanted of them.
    fn sums(
        &self,
        tx: &Connection,
        (level, first, last): (i64, i64, i64),
        keys: Option<Keys<'_>>,
    ) -> rusqlite::Result<(&'static str, Conditions)> {
        let mut wanted = Conditions::default();
        wanted.require("t.level = ?", [level]);
        self.kinds.require(&mut wanted, "t.kind");
        let between = |wanted: &mut Conditions| {
            wanted.require("t.span BETWEEN ? AND ?", [first, last]);
        };
        Ok(match (&self.places, self.keys(keys)) {
            (Places::Repos(_), keys) => {
                let place = match keys {
                    Some(keys) if keys.count >= MANY => "+t.repo",
                    _ => "t.repo",
                };
                require_listed(&mut wanted, place, keys);
                between(&mut wanted);
                ("repo_sum t", wanted)
            }
            (Places::Dirs(_), None) => {
                between(&mut wanted);
                ("dir_sum t", wanted)
            }
            (Places::Dirs(_), Some(keys)) => {
                require_listed(&mut wanted, "t.dir", Some(keys));
                match few_spans(tx, (level, first, last), keys.count)? {
                    Some(spans) => {
                        wanted.require("t.span IN (SELECT value FROM json_each(?))", [spans]);
                        ("dir_sum t", wanted)
                    }
                    None => {
                        between(&mut wanted);
                        ("dir_sum t INDEXED BY dir_sum_by_dir", wanted)
                    }
                }
            }
        })
    }

    /// Returns what must be taken from the touches: those at the edges of the range, and for
    /// repositories those there of which it is unknown where they were.
    pub(super) fn touches(&self, spans: &Spans, keys: Option<Keys<'_>>) -> Vec<Touches> {
        let mut touches = Vec::new();
        for part in &spans.touches {
            match (&self.places, self.keys(keys)) {
                (Places::Dirs(_), None) => touches.extend(self.part("t.dir", KNOWN, *part, None)),
                (Places::Dirs(_), keys) => {
                    touches.extend(self.part("t.dir", KNOWN_BY_DIR, *part, keys));
                }
                (Places::Repos(_), keys) => {
                    let mut known = self.part("t.repo", KNOWN, *part, keys);
                    known.iter_mut().for_each(|known| known.wanted.require_that("t.repo > 0"));
                    touches.extend(known.into_iter().chain(self.unknown(*part, keys)));
                }
            }
        }
        touches
    }

    /// Returns touches in a range of which it is unknown in which repository they were.
    pub(super) fn unknown(
        &self,
        range: (Option<i64>, Option<i64>),
        keys: Option<Keys<'_>>,
    ) -> Vec<Touches> {
        // A directory lay in few repositories: it is not looked up in each that is asked about.
        let mut unknown = self.part("+r.repo", UNKNOWN, range, keys);
        unknown.iter_mut().for_each(|unknown| unknown.wanted.require_that("t.repo = -1"));
        unknown
    }

    /// Returns touches in a range: those of the launches that are asked about, and apart from them,
    /// since another index finds them, those of the sessions that are linked to these.
    fn part(
        &self,
        place: &'static str,
        from: &'static str,
        range: (Option<i64>, Option<i64>),
        keys: Option<Keys<'_>>,
    ) -> Vec<Touches> {
        let mut wanted = Conditions::default();
        require_listed(&mut wanted, place, keys);
        require_range(&mut wanted, range);
        wanted.and(&self.touches);
        let Some(launches) = &self.launches else { return vec![Touches { place, from, wanted }] };
        let (mut launches, mut of_sessions) = (launches.clone(), wanted.clone());
        self.kinds.require(&mut launches, "l.kind");
        wanted.and(&launches);
        of_sessions.and(&of_linked_sessions(&launches));
        [wanted, of_sessions].map(|wanted| Touches { place, from, wanted }).into()
    }

    /// Divides a range into what sums tell and what touches do.
    pub(super) fn spans(&self, range: &Filter) -> Spans {
        if self.is_summed_up { Spans::of(range) } else { Spans::touches(range) }
    }

    /// Returns the column that names a place.
    pub(super) fn column(&self) -> &'static str {
        match self.places {
            Places::Dirs(_) => "dir",
            Places::Repos(_) => "repo",
        }
    }

    /// Returns the places that are asked about, where they are listed or few.
    fn keys<'a>(&'a self, keys: Option<Keys<'a>>) -> Option<Keys<'a>> {
        keys.or(match &self.places {
            Places::Dirs(place) => place.few().map(|(list, count)| Keys { list, count }),
            Places::Repos(repos) => {
                repos.as_ref().map(|(list, count)| Keys { list, count: *count })
            }
        })
    }
}

/// Adds that a column has one of these keys.
pub(super) fn require_listed(wanted: &mut Conditions, column: &str, keys: Option<Keys<'_>>) {
    if let Some(keys) = keys {
        let sql = format!("{column} IN (SELECT value FROM json_each(?))");
        wanted.require(&sql, [keys.list.to_owned()]);
    }
}

/// Returns the spans that there are, a JSON array, unless so many `places` have too many sums then.
fn few_spans(
    tx: &Connection,
    (level, first, last): (i64, i64, i64),
    places: usize,
) -> rusqlite::Result<Option<String>> {
    // Each bound by itself, which the index answers at once.
    let mut ends = tx.prepare_cached(
        "SELECT max(?2, (SELECT min(span) FROM dir_sum WHERE level = ?1)),
            min(?3, (SELECT max(span) FROM dir_sum WHERE level = ?1))",
    )?;
    let (first, last): (Option<i64>, Option<i64>) =
        ends.query_row([level, first, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(Some("[]".into())) };
    let places = i64::try_from(places).unwrap_or(i64::MAX);
    if last.saturating_sub(first).saturating_add(1).saturating_mul(places) > FEW {
        return Ok(None);
    }
    Ok(Some(super::list(&(first..=last).collect::<Vec<_>>())))
}
