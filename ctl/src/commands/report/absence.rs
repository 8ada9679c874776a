//! `report --absence`: whether a place was touched at all, for whoever has to show that it was not.
//!
//! That nothing was recorded is an answer only where something could have been.

use std::io::Write;

use trackway_protocol::message::{Filter, Request};
use trackway_protocol::report::Absence;
use trackway_protocol::row::TimeRow;
use trackway_report::{Format, markdown};

use super::Report;
use super::answer::Answer;
use super::destination::{Destination, Text, chosen};
use super::span::Span;
use crate::commands::Console;
use crate::error::Error;

impl Report {
    /// Asks, says what is known, and fails where that is no absence.
    pub(super) fn absence(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let destination = Destination::of(self.output.as_deref());
        let format = chosen(self.format, &destination, console.form)?;
        if matches!(format, Format::Html | Format::Csv) {
            return Err(Error::Usage {
                what: format!("--absence is told as md or json, not as {}", format.name()),
                hint: "leave --format out, or name the file after -o for one of them",
            });
        }
        if self.place.repo.is_some() == self.place.dir.is_some() {
            return Err(Error::Usage {
                what: "--absence is about one place: --repo or --dir".into(),
                hint: "such as `--absence --dir ~/src/secret-model`",
            });
        }
        let span = Span::of_absence(self.week.as_deref(), &self.range, self.now(console)?)?;
        let mut filter = Filter::default();
        self.place.apply(console.around, &mut filter)?;
        let name = format!("{}.{}", span.stem("trackway-absence", &filter), format.name());
        let place = filter.repo.as_deref().or(filter.dir.as_deref()).unwrap_or_default();
        let place = console.around.view.path(place);
        span.apply(&mut filter);
        let answer = Answer::ask(console, |id| Request::Absence { id, filter })?;
        if format == Format::Json {
            destination.write(&name, &Text::Json(answer.line()?.get().as_bytes()), console)?;
        } else {
            let text = answer.read(|absence: Absence| markdown::absence(&absence))?;
            destination.write(&name, &Text::Plain(&text), console)?;
        }
        answer.notes(console)?;
        let absence = answer.read(|absence: Absence| absence)?;
        if !absence.known {
            console.note(&format!("the ledger has never heard of {place}: is it spelt so?"))?;
        }
        outcome(&absence, place)
    }
}

fn outcome(absence: &Absence, place: String) -> Result<(), Error> {
    let is_seen = |time: &TimeRow| time.recorded_ms + time.degraded_ms > 0;
    if !absence.absent {
        Err(Error::Touched(place))
    } else if absence.outside_scope == Some(true) {
        Err(Error::OutsideScope(place))
    } else if absence.time.first().is_some_and(is_seen) {
        Ok(())
    } else {
        Err(Error::NoEvidence(place))
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::ids::Timestamp;

    use super::*;

    fn told(absent: bool, time: &[(u64, u64)]) -> Result<(), String> {
        let time = time.iter().map(|(recorded_ms, degraded_ms)| TimeRow {
            source: "proc-connector".into(),
            from: Timestamp::default(),
            until: Timestamp::default(),
            recorded_ms: *recorded_ms,
            degraded_ms: *degraded_ms,
            blind_ms: 5,
            off_ms: 0,
            unrecorded_ms: 0,
            blind_gaps: 1,
        });
        let absence = Absence { absent, time: time.collect(), ..Absence::default() };
        outcome(&absence, "~/r".into()).map_err(|error| {
            assert_eq!(error.exit_code(), crate::exit::FAILED);
            error.to_string()
        })
    }

    #[test]
    fn an_absence_is_one_where_something_could_have_been_recorded() {
        assert_eq!(told(true, &[(1, 0), (0, 0)]), Ok(()));
        assert_eq!(told(true, &[(0, 1)]), Ok(()));
        let nothing = "nothing was recorded in that time: it is not known whether ~/r was touched";
        // The other sources see less than all.
        for time in [&[][..], &[(0, 0)], &[(0, 0), (7, 0)]] {
            assert_eq!(told(true, time), Err(nothing.into()));
        }
    }

    #[test]
    fn what_lies_outside_of_the_scope_is_not_known_to_be_absent() {
        let (absent, outside_scope) = (true, Some(true));
        let outside = Absence { absent, outside_scope, ..Absence::default() };
        let told = outcome(&outside, "~/r".into()).unwrap_err();
        assert_eq!(told.exit_code(), crate::exit::FAILED);
        assert!(told.to_string().starts_with("~/r lies outside of the scope"), "{told}");
    }

    #[test]
    fn a_touch_counts_however_little_was_recorded() {
        assert_eq!(told(false, &[(1, 0)]), Err("~/r was touched".into()));
        assert_eq!(told(false, &[]), Err("~/r was touched".into()));
    }
}
