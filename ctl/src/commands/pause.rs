//! `pause` and `resume`: for a while nothing is recorded, and that is seen.

use std::io::Write;

use clap::{ArgGroup, Args};
use jiff::Span;
use trackway_protocol::message::Request;
use trackway_protocol::row::{PauseRow, Status};

use super::{Console, Form};
use crate::cli::filter;
use crate::error::Error;
use crate::render::View;
use crate::surroundings::Surroundings;

/// What can be typed, for an error's hint.
const EXAMPLES: &str =
    "examples: 30m, 1h, --until '2026-11-16 14:30'; it ends in the future, and by itself";

/// Record nothing of what agents do for a while
///
/// The pause is a gap like others: `gaps`, `status` and reports show it. What session files tell of that
/// time is not recorded later either. Changes of agents' configuration are recorded all the same: they
/// say what was in force, not what was done. Ends by itself, or with `resume`.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl pause 1h")]
#[command(group = ArgGroup::new("end").required(true).args(["length", "until"]))]
pub(crate) struct Pause {
    /// For how long, at most 24h: 30m, 1h
    #[arg(value_name = "LENGTH")]
    length: Option<String>,

    /// Until when instead: a date and time, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// End the pause, and record again
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl resume")]
pub(crate) struct Resume {}

impl Pause {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let until_ms = self.until_ms(console.around)?;
        change(console, |id| Request::Pause { id, until_ms })
    }

    fn until_ms(&self, around: &Surroundings) -> Result<i64, Error> {
        let now = around.view.now.timestamp().as_millisecond();
        let wrong = |what: String| Error::Usage { what, hint: EXAMPLES };
        if let Some(text) = &self.length {
            let is_none = || wrong(format!("'{text}' is no length of a pause"));
            let span = text.parse::<Span>().map_err(|_| is_none())?;
            let until = around.view.now.checked_add(span).map_err(|_| is_none())?;
            let until = until.timestamp().as_millisecond();
            return Some(until).filter(|until| *until > now).ok_or_else(is_none);
        }
        let text = self.until.as_deref();
        let until = filter::instant("--until", text, &around.view.now)?;
        let is_past = || wrong(format!("'{}' is over already", text.unwrap_or_default()));
        until.filter(|until| *until > now).ok_or_else(is_past)
    }
}

impl Resume {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        if console.form == Form::Table && !is_paused(console)? {
            return console.note("there was no pause to end");
        }
        change(console, |id| Request::Resume { id })
    }
}

/// Whether there is a pause that can be ended.
fn is_paused(console: &Console<'_, impl Write, impl Write>) -> Result<bool, Error> {
    let (rows, _) = console.connect()?.rows::<Status>(|id| Request::Status { id })?;
    Ok(rows.iter().any(|status| status.paused_until.is_some()))
}

fn change(
    console: &mut Console<'_, impl Write, impl Write>,
    with: impl FnOnce(u64) -> Request,
) -> Result<(), Error> {
    if console.form == Form::Json {
        return console.verbatim(with).map(drop);
    }
    let (rows, _) = console.connect()?.rows::<PauseRow>(with)?;
    for row in rows {
        writeln!(console.out, "{}", sentence(&row, &console.around.view))?;
    }
    Ok(())
}

fn sentence(row: &PauseRow, view: &View) -> String {
    row.paused_until.map_or_else(
        || "Recording again.".into(),
        |until| {
            let until = view.minute(until);
            format!(
                "Nothing is recorded of what agents do until {until}; `trackwayctl resume` ends it."
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_until_when() {
        let told = |paused_until| sentence(&PauseRow { paused_until }, &View::plain());
        assert_eq!(told(None), "Recording again.");
        assert_eq!(
            told(Some("2026-11-23T15:30:00Z".parse().unwrap())),
            "Nothing is recorded of what agents do until Nov 23 15:30; `trackwayctl resume` ends it."
        );
    }
}
