//! Of which time a report tells: a week by its name, or any other range.

use jiff::Zoned;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_report::calendar::{Week, zoned};
use trackway_report::zone;

use crate::cli::filter::Range;
use crate::error::Error;

/// A range of time, and the zone whose days it is made of.
#[derive(Clone, Debug)]
pub(super) struct Span {
    week: Option<Week>,
    /// Begin; none where it is that of the ledger.
    from: Option<Timestamp>,
    /// End; none where it is when the daemon answers.
    until: Option<Timestamp>,
    now: Zoned,
}

/// Returns the current time in a time zone: the one that was typed, else the system's.
///
/// # Errors
///
/// [`Error::Usage`] where there is no time zone of this name.
pub(super) fn now(typed: Option<&str>, now: &Zoned) -> Result<Zoned, Error> {
    let Some(name) = typed else { return Ok(now.clone()) };
    match zone::named(name) {
        Some(zone) => Ok(now.with_time_zone(zone)),
        None => Err(Error::Usage {
            what: format!("'{name}' for --time-zone is no time zone that this system knows"),
            hint: ZONES,
        }),
    }
}

const ZONES: &str = "name it as in Europe/Berlin, or UTC";

impl Span {
    /// Returns what a report is about: the last full week where nobody says.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where it is no range of time, or one that has not begun.
    pub(super) fn of_report(week: Option<&str>, range: &Range, now: Zoned) -> Result<Self, Error> {
        match (&range.since, &range.until) {
            (None, None) => Self::of_week(week.unwrap_or("last"), now),
            (None, Some(_)) => Err(Error::Usage {
                what: "--until needs --since: a report has a begin".into(),
                hint: "`--since 2026-11-01 --until 2026-12-01` is November",
            }),
            (Some(_), _) => {
                let span = Self::of_range(range, now)?;
                let now = millisecond(&span.now);
                if span.from >= Some(now) {
                    return Err(Error::Usage {
                        what: "the range of time has not begun: --since is not before now".into(),
                        hint: "examples: 7d, monday, 2026-11-16",
                    });
                }
                Ok(Self { until: span.until.or(Some(now)), ..span })
            }
        }
    }

    /// Returns in which time a place was touched or not: all of it where nobody says.
    ///
    /// # Errors
    ///
    /// As [`of_report`](Self::of_report).
    pub(super) fn of_absence(week: Option<&str>, range: &Range, now: Zoned) -> Result<Self, Error> {
        match week {
            Some(week) => Self::of_week(week, now),
            None if range.since.is_some() => {
                let typed = range.until.is_some();
                let span = Self::of_report(None, range, now)?;
                // Whether it is over is said by the clock that ends it.
                Ok(Self { until: span.until.filter(|_| typed), ..span })
            }
            None => Self::of_range(range, now),
        }
    }

    fn of_range(range: &Range, now: Zoned) -> Result<Self, Error> {
        let mut filter = Filter::default();
        range.apply_at(&now, &mut filter)?;
        let [from, until] = [filter.since_ms, filter.until_ms].map(|ms| ms.map(Timestamp::from_ms));
        Ok(Self { week: None, from, until, now })
    }

    fn of_week(text: &str, now: Zoned) -> Result<Self, Error> {
        let (at, zone) = (millisecond(&now), now.time_zone());
        let week = match text.trim().to_ascii_lowercase().as_str() {
            "last" => Some(Week::last_full(at, zone)),
            "this" => Some(Week::of(at, zone)),
            _ => Week::parse(text),
        };
        let week = week.ok_or_else(|| Error::Usage {
            what: format!("'{text}' for --week is no ISO week"),
            hint: "examples: 2026-W47, last, this",
        })?;
        let (from, until) = week.range(zone);
        if from > at {
            return Err(Error::Usage {
                what: format!("{week} has not begun"),
                hint: "`--week this` is the current week, `--week last` the one before",
            });
        }
        Ok(Self { week: Some(week), from: Some(from), until: Some(until), now })
    }

    /// Sets the filter's range of time.
    pub(super) fn apply(&self, filter: &mut Filter) {
        filter.since_ms = self.from.map(Timestamp::ms);
        filter.until_ms = self.until.map(Timestamp::ms);
    }

    /// Returns the name of the week, where it is one.
    pub(super) fn week_name(&self) -> Option<String> {
        self.week.map(|week| week.to_string())
    }

    /// Returns the name of the time zone.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where it has none: the daemon could not know which one it is.
    pub(super) fn zone_name(&self) -> Result<String, Error> {
        let zone = self.now.time_zone();
        if zone.is_unknown() {
            // A system that says nothing of its zone keeps UTC, and all was reckoned so.
            return Ok("UTC".to_owned());
        }
        let name = zone.iana_name();
        name.map(str::to_owned).ok_or_else(|| Error::Usage {
            what: "this system's time zone has no name: give one with --time-zone".into(),
            hint: ZONES,
        })
    }

    /// Returns what a file about this time is named, but for its ending: after what it is, its week or
    /// its first and last day, and what it is narrowed to.
    pub(super) fn stem(&self, what: &str, filter: &Filter) -> String {
        let date = |at| zoned(at, self.now.time_zone()).date().to_string();
        let until = date(self.until.unwrap_or_else(|| millisecond(&self.now)));
        let time = match (self.week, self.from) {
            (Some(week), _) => week.to_string(),
            (None, Some(from)) => format!("{}--{until}", date(from)),
            (None, None) => format!("until-{until}"),
        };
        let last = |place: &str| {
            let place = place.trim_end_matches(['/', '\\']);
            let last = place.rsplit(['/', '\\', ':']).next().unwrap_or(place);
            last.strip_suffix(".git").unwrap_or(last).to_owned()
        };
        let narrowed = [filter.agent.clone(), filter.repo.as_deref().map(last)];
        let narrowed = narrowed.into_iter().chain([filter.dir.as_deref().map(last)]).flatten();
        let mut stem = format!("{what}-{time}");
        for name in narrowed.filter(|name| !name.is_empty()) {
            stem.push('-');
            // A name that another program chose, cut to what every file system takes.
            stem.extend(name.chars().take(40).map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' }
            }));
        }
        stem
    }
}

fn millisecond(at: &Zoned) -> Timestamp {
    Timestamp::from_ms(at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests;
