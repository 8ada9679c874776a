//! `tail`: records as they are committed.

use std::io::{self, Write};

use clap::Args;
use trackway_protocol::message::{Filter, Request};

use super::{Console, Form};
use crate::cli::filter::{Deed, Narrow, Place};
use crate::client::{Client, ClientError, Line};
use crate::error::Error;
use crate::render::json;
use crate::render::record::{self, Entry};

/// Follow the ledger: print each record as it is written, until interrupted
///
/// With --json, records are printed as they are stored, one per line, as `export` does.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl tail --json --after 0")]
pub(crate) struct Tail {
    /// Begin with the records after this number; 0 is the beginning [default: only new records]
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    deed: Deed,

    #[command(flatten)]
    narrow: Narrow,
}

impl Tail {
    /// Asks, and shows for as long as the daemon answers and somebody reads.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter::default();
        self.place.apply(console.around, &mut filter)?;
        self.deed.apply(&mut filter);
        self.narrow.apply(&mut filter);
        let mut last = None;
        let mut client = console.connect()?;
        let ended = self.follow(&mut client, filter, console, &mut last)?;
        let after = last.as_deref().and_then(record::seq).or(self.after);
        Err(Error::Interrupted { what: "trackwayd has gone away", after, source: ended })
    }

    /// Shows records; returns why there are no more. `last` is the last one shown.
    fn follow(
        &self,
        client: &mut Client,
        filter: Filter,
        console: &mut Console<'_, impl Write, impl Write>,
        last: &mut Option<Vec<u8>>,
    ) -> Result<ClientError, Error> {
        let after = self.after;
        let mut reply = client.ask(|id| Request::Tail { id, after, filter })?;
        if console.form == Form::Table {
            console.note("Following the ledger; Ctrl-C ends.")?;
        }
        loop {
            match reply.line() {
                Ok(Line::Record(line)) => {
                    show(line, console)?;
                    let kept = last.get_or_insert_default();
                    kept.clear();
                    kept.extend_from_slice(line);
                }
                Ok(Line::Row(_)) => {}
                Ok(Line::End(_)) => return Ok(ClientError::Gone { source: None }),
                Err(error @ ClientError::Gone { .. }) => return Ok(error),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Shows one record at once.
fn show(line: &[u8], console: &mut Console<'_, impl Write, impl Write>) -> io::Result<()> {
    match console.form {
        Form::Json => json::write(line, console.around.terminal, console.out)?,
        Form::Table => {
            let view = &console.around.view;
            Entry::of(line, view).write(view, console.out)?;
            writeln!(console.out)?;
        }
    }
    console.out.flush()
}
