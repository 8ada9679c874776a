//! `privacy`: what is stored of oneself, and who may read it.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use trackway_protocol::codec;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::Status;

use super::{Console, Form};
use crate::client::Line;
use crate::error::Error;
use crate::render;
use crate::render::privacy::{Field, Stored};

/// One record of each kind, as the wire has them: which fields there can be.
const KINDS: &str = include_str!("../../../protocol/tests/wire/v1/records.jsonl");
/// So many of the newest records are looked at for examples.
const NEWEST: u64 = 20_000;

/// List every field that is stored, with an example of your own, and who may read it
///
/// The examples are the newest of the last 20,000 records; `-` where there is none.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl privacy")]
pub(crate) struct Privacy {}

impl Privacy {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let (status, _) = console.connect()?.rows::<Status>(|id| Request::Status { id })?;
        let status = status.into_iter().next();
        let seq = status.as_ref().map_or(0, |status| status.ledger.seq);
        let examples = examples(seq.saturating_sub(NEWEST), console)?;
        let kinds: Vec<Value> =
            KINDS.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let fields = render::privacy::fields(&kinds, &examples);
        let stored = status.map(|status| stored(&status)).unwrap_or_default();
        match console.form {
            Form::Table => {
                let view = &console.around.view;
                Ok(render::privacy::write(&fields, &stored, view, console.out)?)
            }
            Form::Json => json(&fields, &stored, console),
        }
    }
}

/// Returns the newest records after `after`, those of one kind in their order.
fn examples(
    after: u64,
    console: &Console<'_, impl Write, impl Write>,
) -> Result<Vec<Value>, Error> {
    let mut newest: HashMap<String, Value> = HashMap::new();
    let mut client = console.connect()?;
    let filter = Filter::default();
    let mut reply =
        client.ask(|id| Request::Export { id, after: Some(after), filter, proof: false })?;
    loop {
        match reply.line()? {
            Line::Record(line) => {
                let Ok(record) = serde_json::from_slice::<Value>(line) else { continue };
                let Some(kind) = record["kind"].as_str().map(str::to_owned) else { continue };
                // A field that the newest does not have may be in one before it.
                match newest.get_mut(&kind) {
                    Some(known) => lay(&mut known["body"], &record["body"]),
                    None => drop(newest.insert(kind, record)),
                }
            }
            Line::Row(_) => {}
            Line::End(_) => return Ok(newest.into_values().collect()),
        }
    }
}

/// Lays a newer body over an older one.
fn lay(older: &mut Value, newer: &Value) {
    let (Some(older), Some(newer)) = (older.as_object_mut(), newer.as_object()) else { return };
    older.extend(newer.iter().map(|(name, value)| (name.clone(), value.clone())));
}

/// Returns where things are, with their permissions. Looks at no content.
fn stored(status: &Status) -> Vec<Stored> {
    let state_dir = Path::new(&status.paths.state_dir);
    let place = |what, path: &Path| Stored {
        what,
        place: path.to_string_lossy().into_owned(),
        mode: mode(path),
    };
    vec![
        place("directory", state_dir),
        place("ledger", &state_dir.join("ledger.db")),
        place("signing key", &state_dir.join("signing.key")),
        place("weekly reports", &state_dir.join("reports")),
        place("socket", Path::new(&status.paths.socket)),
        place("configuration", Path::new(&status.paths.config)),
    ]
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some(format!("{:04o}", meta.permissions().mode() & 0o7777))
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<String> {
    None
}

fn json(
    fields: &[Field],
    stored: &[Stored],
    console: &mut Console<'_, impl Write, impl Write>,
) -> Result<(), Error> {
    let lines = fields.iter().map(line).chain(stored.iter().map(line));
    for line in lines {
        render::json::write(&line, console.around.terminal, console.out)?;
    }
    Ok(())
}

fn line(row: &impl Serialize) -> Vec<u8> {
    let mut line = codec::to_line(row);
    line.pop();
    line
}
