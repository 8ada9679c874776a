//! No command: today at a glance.

use std::io::Write;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::report::{Report, VERSION};
use trackway_protocol::row::{LaunchRow, Status};

use super::{Console, Form};
use crate::client::{Client, ClientError, End};
use crate::error::Error;
use crate::render;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a program reads.
#[derive(Serialize)]
struct Glance {
    status: Box<RawValue>,
    running: Vec<Box<RawValue>>,
    day: Option<Box<RawValue>>,
}

/// What every version of a report has.
#[derive(Deserialize)]
struct Head {
    report: u32,
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
        let glance = Glance {
            status: one(&mut client, |id| Request::Status { id })?,
            running: client.rows(running)?.0,
            day: day(&mut client, console)?.map(|(day, _)| day),
        };
        let line = serde_json::to_vec(&glance).expect("it is made of JSON");
        return Ok(render::json::write(&line, console.around.terminal, console.out)?);
    }
    let status: Status = one(&mut client, |id| Request::Status { id })?;
    let running: Vec<LaunchRow> = client.rows(running)?.0;
    let (day, end) = day(&mut client, console)?.map_or((None, End::default()), |(day, end)| {
        (serde_json::from_str::<Report>(day.get()).ok(), end)
    });
    render::glance::write(&status, &running, day.as_ref(), &console.around.view, console.out)?;
    end.backfill.as_ref().map_or(Ok(()), |backfill| console.note(&super::unread(backfill)))
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

/// Returns a report of the last 24 hours; nothing where the daemon makes none that this program
/// understands: that spoils no glance.
fn day(
    client: &mut Client,
    console: &Console<'_, impl Write, impl Write>,
) -> Result<Option<(Box<RawValue>, End)>, ClientError> {
    let now = console.around.view.now.timestamp().as_millisecond();
    let (since_ms, until_ms) = (Some(now - DAY_MS), Some(now));
    let filter = Filter { since_ms, until_ms, ..Filter::default() };
    let ask = |id| Request::Report { id, filter, week: None, time_zone: None };
    let (mut rows, end) = match client.rows::<Box<RawValue>>(ask) {
        Err(ClientError::Failure { .. }) => return Ok(None),
        rows => rows?,
    };
    let is_known = |row: &RawValue| {
        serde_json::from_str::<Head>(row.get()).is_ok_and(|head| head.report == VERSION)
    };
    Ok(rows.pop().filter(|row| is_known(row)).map(|row| (row, end)))
}
