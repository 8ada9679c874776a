//! `export`: the records themselves, byte for byte.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use trackway_protocol::message::{Filter, Request};

use super::{Console, Form};
use crate::cli::filter::{Deed, Narrow, Place, Range};
use crate::client::{Client, End, Line};
use crate::error::Error;
use crate::render::csv::Rows;
use crate::render::{json, record, text};

mod target;

use target::Target;

/// Write the records themselves, as they are stored
///
/// Every record that is in the ledger when the export begins, in order. With -o, the file appears
/// when it is complete, readable by its owner alone.
///
/// With --format ndjson, lines of the kind `export.omitted` stand for records that are not in the file,
/// and the last, `export.checkpoint`, seals all: `trackwayctl verify FILE` needs nothing else.
#[derive(Debug, Args)]
#[command(
    after_long_help = AFTER,
    after_help = "Example: trackwayctl export --since 2026-11-16 -o week.ndjson"
)]
pub(crate) struct Export {
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Write records and nothing else: such a file cannot be verified
    #[arg(long)]
    bare: bool,

    /// Begin with the records after this number
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,

    #[command(flatten)]
    range: Range,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    deed: Deed,

    #[command(flatten)]
    narrow: Narrow,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One JSON object per line, each the bytes of the record
    Ndjson,
    /// A header and one line per record, for spreadsheets
    Csv,
}

pub(crate) const AFTER: &str = "\
The columns of --format csv: seq, id, at, recorded_at, kind, evidence, replaces, launch, session, \
agent, agent_version, mode, flags, endpoint (its host), namespace, path (the directory), how, \
repo_root, repo_remote, repo_branch, repo_commit, pid, exit_code, signal, duration_ms, \
unread_execs, source, state, from, until, reason, missed, unit, version, subagent, parent_session, \
model, permission_mode, approval_policy, sandbox, provider, transcript, shell_calls, \
unresolved_calls, tool, outcome, lines_added, lines_removed, response_id, retracted, tokens_input, \
tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_1h, tokens_output, tokens_reasoning, \
scope, file (what it is), found, unreadable, modified_at, size, before_sha256, after_sha256, risk \
(of changes the greatest), changed_keys, changes_left_out, layout, exe, argv, env, home, tty, \
launcher, parent_launch, found_running, last_seen, host, unnamed, descent, continued_in, entrypoint, \
trace, transcript_gone, repo_main, repo_upstream, repo_unknown, configured_dir, path_as_told, \
changed, what, made (a commit, branch or pull request), number, code, before, from_seq, until_seq, \
count, body. More may come before body, which is JSON as it is stored. A finding's since is in from, \
and its why in reason, as is the policy of what was pruned. An empty cell is unknown or does not apply.

So that no spreadsheet takes a cell for a formula, one that begins with = + - @ or with ' gets a ' \
in front. Control and invisible characters stand as escapes (\\n, \\x1b, \\u{202e}): a record is one \
line. The body has them as they are.

Example: trackwayctl export --since 2026-11-16 -o week.ndjson";

impl Export {
    /// Asks and writes.
    pub(crate) fn run(
        &self,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let mut filter = Filter::default();
        self.range.apply(console.around, &mut filter)?;
        self.place.apply(console.around, &mut filter)?;
        self.deed.apply(&mut filter);
        self.narrow.apply(&mut filter);
        let mut client = console.connect()?;
        let Some(path) = self.output.as_deref().filter(|path| *path != Path::new("-")) else {
            let terminal = console.around.terminal;
            self.copy(&mut client, filter, terminal, console.out, Error::Output)?;
            return Ok(());
        };
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut file = Target::create(path).map_err(failed)?;
        let (records, end) =
            self.copy(&mut client, filter, file.terminal(), &mut file.writer, failed)?;
        file.complete().map_err(failed)?;
        if console.form == Form::Table {
            let records = text::count(records, "record", "records");
            let path = console.around.view.path(&path.to_string_lossy());
            let upto = end.seq.map_or(String::new(), |seq| format!(", up to number {seq}"));
            writeln!(console.out, "{records}{upto}, in {path}")?;
        }
        Ok(())
    }

    /// Copies the answer's records to `out`, which may be a terminal; returns how many there were.
    fn copy(
        &self,
        client: &mut Client,
        filter: Filter,
        terminal: bool,
        out: &mut impl Write,
        failed: impl Fn(io::Error) -> Error,
    ) -> Result<(u64, End), Error> {
        let after = self.after;
        let proof = matches!(self.format, Format::Ndjson) && !self.bare;
        let mut reply = client.ask(|id| Request::Export { id, after, filter, proof })?;
        let (mut records, mut last) = (0, Vec::new());
        let mut sheet = Sheet::begin(self.format, terminal, out).map_err(&failed)?;
        loop {
            match reply.line() {
                Ok(Line::Record(line)) => {
                    sheet.write(line).map_err(&failed)?;
                    // Lines that tell what is left out, and the checkpoint, are none.
                    if record::seq(line).is_none() {
                        continue;
                    }
                    records += 1;
                    last.clear();
                    last.extend_from_slice(line);
                }
                Ok(Line::Row(_)) => {}
                Ok(Line::End(end)) => {
                    sheet.flush().map_err(&failed)?;
                    return Ok((records, end));
                }
                Err(source) => {
                    sheet.flush().map_err(&failed)?;
                    // Of a file nothing is kept that one could go on from.
                    let after = record::seq(&last).filter(|_| self.output.is_none());
                    let what = "the export is not complete";
                    return Err(Error::Interrupted { what, after, source });
                }
            }
        }
    }
}

/// Where records go, in their format.
enum Sheet<'o, O: Write> {
    /// An output, and whether it is a terminal.
    Ndjson(&'o mut O, bool),
    Csv(Box<Rows<&'o mut O>>),
}

impl<'o, O: Write> Sheet<'o, O> {
    fn begin(format: Format, terminal: bool, out: &'o mut O) -> io::Result<Self> {
        Ok(match format {
            Format::Ndjson => Self::Ndjson(out, terminal),
            Format::Csv => Self::Csv(Box::new(Rows::begin(out, terminal)?)),
        })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Ndjson(out, terminal) => json::write(line, *terminal, out),
            Self::Csv(rows) => rows.write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Ndjson(out, _) => out.flush(),
            Self::Csv(rows) => rows.flush(),
        }
    }
}
