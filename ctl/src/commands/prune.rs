//! `prune` and `forget`: bodies of records go, their hashes stay.

use std::io::Write;

use clap::{Args, ValueHint};
use trackway_protocol::message::Request;
use trackway_protocol::row::PruneRow;

use super::{Console, Form};
use crate::cli::filter::{self, Place};
use crate::error::Error;
use crate::render::text::count;

/// Remove what is older than the ledger is told to keep
///
/// The daemon does so by itself once a week. What is removed is the bodies of the records and all that
/// was made of them; the hashes stay, so that the rest can still be verified, and a record says how
/// many it were. What tells when the recorder was blind is never removed.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl prune --before 90d --dry-run")]
pub(crate) struct Prune {
    /// Remove everything before this time instead: 90d, 2026-01-01, RFC 3339
    #[arg(long, value_name = "TIME")]
    before: Option<String>,

    /// Only say how many records that would be
    #[arg(long)]
    dry_run: bool,
}

/// Remove everything about one repository
///
/// Every record that names the repository or a path in one of its clones, or tells of a launch or a
/// session that began there. The hashes stay, and a record says how many it were and not of what. What
/// agents do there from now on is recorded as before.
///
/// Left are the names of session files and how far each was read, and digests of settings: so that
/// nothing is read, and recorded, a second time. The agents' own files are not touched.
#[derive(Debug, Args)]
#[command(after_help = "Example: trackwayctl forget --repo ~/src/secret --dry-run")]
pub(crate) struct Forget {
    /// The repository: a directory in it, or its remote
    #[arg(long, value_name = "PATH|REMOTE", value_hint = ValueHint::DirPath)]
    repo: String,

    /// Only say how many records that would be
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let before_ms =
            filter::instant("--before", self.before.as_deref(), &console.around.view.now)?;
        let dry_run = self.dry_run;
        prune(console, |id| Request::Prune { id, before_ms, repo: None, dry_run })
    }
}

impl Forget {
    /// Asks and shows.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let repo = Place::repository(console.around, &self.repo)?;
        let dry_run = self.dry_run;
        prune(console, |id| Request::Prune { id, before_ms: None, repo: Some(repo), dry_run })
    }
}

fn prune(
    console: &mut Console<'_, impl Write, impl Write>,
    with: impl FnOnce(u64) -> Request,
) -> Result<(), Error> {
    if console.form == Form::Json {
        return console.verbatim(with).map(drop);
    }
    let (rows, _) = console.connect()?.rows::<PruneRow>(with)?;
    for row in rows {
        writeln!(console.out, "{}", sentence(&row))?;
    }
    Ok(())
}

fn sentence(row: &PruneRow) -> String {
    let records = count(row.records, "record", "records");
    match (row.records, row.dry_run) {
        (0, _) => "There is no record to remove.".into(),
        (1, true) => format!("{records} would lose its body. Nothing was done."),
        (_, true) => format!("{records} would lose their bodies. Nothing was done."),
        (1, false) => format!("{records} lost its body; its hash is left."),
        (_, false) => format!("{records} lost their bodies; their hashes are left."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_was_done_and_what_was_not() {
        let told = |records, dry_run| sentence(&PruneRow { records, before: None, dry_run });
        assert_eq!(told(0, false), "There is no record to remove.");
        assert_eq!(told(1, true), "1 record would lose its body. Nothing was done.");
        assert_eq!(told(1200, false), "1,200 records lost their bodies; their hashes are left.");
    }
}
