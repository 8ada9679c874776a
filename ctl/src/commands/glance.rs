//! No command: today at a glance.

use std::io::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::report::Report;
use trackway_protocol::row::{LaunchRow, Status};

use super::report::answer::Answer;
use super::{Console, Form};
use crate::client::{Client, ClientError};
use crate::error::Error;
use crate::render;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a program reads.
#[derive(Serialize)]
struct Glance<'a> {
    status: Box<RawValue>,
    running: Vec<Box<RawValue>>,
    day: Option<&'a RawValue>,
}

/// Asks and shows, over one connection.
pub(super) fn run(console: &mut Console<'_, impl Write, impl Write>) -> Result<(), Error> {
    let mut client = match console.connect() {
        Ok(client) => client,
        Err(error) => {
            console.note("`trackwayctl help` lists what can be asked of trackwayd.")?;
            return Err(error);
        }
    };
    if console.form == Form::Json {
        let status = one(&mut client, |id| Request::Status { id })?;
        let running = client.rows(running)?.0;
        let day = day(&mut client, console)?;
        let day = day.as_ref().map(Answer::line).transpose()?;
        let glance = Glance { status, running, day };
        let line = serde_json::to_vec(&glance).expect("it is made of JSON");
        return Ok(render::json::write(&line, console.around.terminal, console.out)?);
    }
    let status: Status = one(&mut client, |id| Request::Status { id })?;
    let running: Vec<LaunchRow> = client.rows(running)?.0;
    let answer = day(&mut client, console)?;
    let day: Option<Report> = match answer.as_ref().map(|answer| answer.read(|day| day)) {
        Some(Err(Error::ForeignReport { .. })) => None,
        day => day.transpose()?,
    };
    render::glance::write(&status, &running, day.as_ref(), &console.around.view, console.out)?;
    answer.map_or(Ok(()), |answer| answer.notes(console))
}

fn running(id: u64) -> Request {
    Request::Launches { id, filter: Filter { running: true, ..Filter::default() } }
}

/// Returns the one row of an answer.
fn one<T: DeserializeOwned>(
    client: &mut Client,
    with: impl FnOnce(u64) -> Request,
) -> Result<T, ClientError> {
    let row = client.rows(with)?.0.pop();
    row.ok_or_else(|| ClientError::Garbled("there is nothing in it".into()))
}

/// Returns a report of the last 24 hours; nothing where the daemon is too old to make any: that spoils
/// no glance. Any other failure does.
fn day(
    client: &mut Client,
    console: &Console<'_, impl Write, impl Write>,
) -> Result<Option<Answer>, Error> {
    let now = console.around.view.now.timestamp().as_millisecond();
    let (since_ms, until_ms) = (Some(now - DAY_MS), Some(now));
    let filter = Filter { since_ms, until_ms, ..Filter::default() };
    match Answer::of(client, |id| Request::Report { id, filter, week: None, time_zone: None }) {
        Err(Error::TooOld { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}
