//! `status`: is it recording?

use std::io::Write;

use clap::Args;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::{self, GapRow, TimeRow};

use super::{Console, Form};
use crate::client::{Client, ClientError};
use crate::error::Error;
use crate::render;

const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Show whether launches are being recorded, and from which sources
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl status")]
pub(crate) struct Status {}

impl Status {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        if console.form == Form::Json {
            return console.verbatim(|id| Request::Status { id }).map(drop);
        }
        show(&mut console.connect()?, console)
    }
}

/// Shows the status for a person.
pub(super) fn show(
    client: &mut Client,
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<(), Error> {
    let (mut rows, _) = client.rows::<row::Status>(|id| Request::Status { id })?;
    let Some(status) = rows.pop() else {
        return Err(ClientError::Garbled("it has no status in it".into()).into());
    };
    let view = &console.around.view;
    let week_ago = view.now.timestamp().as_millisecond() - WEEK_MS;
    let gaps = gaps(client, Timestamp::from_ms(week_ago));
    let time = time(client, Timestamp::from_ms(week_ago));
    let week = (gaps.as_deref(), time.as_ref());
    Ok(render::status::write(&status, week, view, console.out)?)
}

/// Returns the gaps since `since`; nothing where they cannot be told: that spoils no status.
fn gaps(client: &mut Client, since: Timestamp) -> Option<Vec<GapRow>> {
    let filter = Filter { since_ms: Some(since.ms()), ..Filter::default() };
    client.rows(|id| Request::Gaps { id, filter }).ok().map(|(rows, _)| rows)
}

/// Returns how much of the time since then was recorded, where that can be told.
fn time(client: &mut Client, since: Timestamp) -> Option<TimeRow> {
    let filter = Filter { since_ms: Some(since.ms()), ..Filter::default() };
    let rows = client.rows(|id| Request::Time { id, filter }).ok();
    rows.and_then(|(rows, _)| rows.into_iter().next())
}
