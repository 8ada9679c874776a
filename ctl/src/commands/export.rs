//! `export`: the records themselves, byte for byte, or with their paths hashed.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use trackway_protocol::log::ExportLine;
use trackway_protocol::message::{Filter, Request};
use trackway_protocol::row::Status;

use super::target::Target;
use super::{Console, Form};
use crate::cli::filter::{Deed, Narrow, Place, Range};
use crate::client::{Client, End, Line};
use crate::error::Error;
use crate::render::csv::Rows;
use crate::render::hashed::Hashing;
use crate::render::{json, record, text};

mod key;
mod progress;

use progress::Progress;

/// Write the records themselves, as they are stored
///
/// Every record that is in the ledger when the export begins, in order. With -o, the file appears when
/// it is complete, readable by its owner alone; what was there before stays until then. At the end
/// stderr tells the number to go on from with --after.
///
/// With --format ndjson, lines of the kind `export.omitted` stand for records that are not in the file,
/// and the last, `export.checkpoint`, seals all: `trackwayctl verify FILE` needs nothing else, also
/// where filters or --after left records out.
///
/// With --hash-paths the export has no path in it. Every part of a path is replaced by a keyed hash, 16
/// hexadecimal digits each: `/home/ann/src` becomes `path:/…/…/…`. What is the same and what lies below
/// what can still be told; so can how deep something lies, and how often a name comes. Remotes become
/// `repo:…`, the same for all spellings of one. Where a text may have a path in it, `text:…` stands for
/// it. Branches, commits, host names and ids stay. These are not the records that were sealed: such an
/// export cannot be verified.
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

    /// Replace all paths, and the addresses of repositories, by keyed hashes
    #[arg(long)]
    hash_paths: bool,

    /// Hash with the key in this file, of 16 bytes or more: exports with the same key have the same
    /// hashes, and whoever has it can try names. Without it the key is random, and not kept
    #[arg(long, value_name = "FILE", requires = "hash_paths", value_hint = ValueHint::FilePath)]
    hash_key: Option<PathBuf>,

    /// Keep the addresses of repositories, unless they are directories
    #[arg(long, requires = "hash_paths")]
    keep_remotes: bool,

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
count, zone, managed, pattern, rule, told_by, entry, note, body. More may come before body, which is JSON as it is stored. A finding's since is in from, \
and its why in reason, as is the policy of what was pruned. An empty cell is unknown or does not apply.

So that no spreadsheet takes a cell for a formula, one that begins with = + - @ or with ' gets a ' \
in front. Control and invisible characters stand as escapes (\\n, \\x1b, \\u{202e}): a record is one \
line. The body has them as they are.

Examples:
  trackwayctl export --since 2026-11-16 -o week.ndjson
  trackwayctl export --format csv --after 41250 -o new.csv
  trackwayctl export --hash-paths --hash-key ~/export.key -o for-others.ndjson";

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
        let hashing = self.hashing()?;
        let mut client = console.connect()?;
        let Some(path) = self.output.as_deref().filter(|path| *path != Path::new("-")) else {
            let terminal = console.around.terminal;
            let is_seen = console.around.watched && !terminal;
            let progress = is_seen.then(|| self.progress(&mut client, &mut *console.notes));
            let mut progress = progress.flatten();
            let sheet = Sheet::begin(self.format, terminal, &mut *console.out)?;
            let course = Course { filter, hashing, progress: progress.as_mut() };
            let copied = self.copy(&mut client, course, sheet, Error::Output);
            progress.iter_mut().for_each(Progress::clear);
            return self.conclude(&copied?.1, console);
        };
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut file = Target::create(path).map_err(failed)?;
        let terminal = file.terminal();
        let is_seen = console.around.watched && !terminal;
        let progress = is_seen.then(|| self.progress(&mut client, &mut *console.notes));
        let mut progress = progress.flatten();
        let sheet = Sheet::begin(self.format, terminal, &mut file.writer).map_err(failed)?;
        let course = Course { filter, hashing, progress: progress.as_mut() };
        let copied = self.copy(&mut client, course, sheet, failed);
        progress.iter_mut().for_each(Progress::clear);
        let (records, end) = copied?;
        file.complete().map_err(failed)?;
        if console.form == Form::Table {
            let records = text::count(records, "record", "records");
            let path = console.around.view.path(&path.to_string_lossy());
            let upto = end.seq.map_or(String::new(), |seq| format!(", up to number {seq}"));
            writeln!(console.out, "{records}{upto}, in {path}")?;
        }
        self.conclude(&end, console)
    }

    fn hashing(&self) -> Result<Option<Hashing>, Error> {
        if !self.hash_paths {
            return Ok(None);
        }
        let key = self.hash_key.as_deref().map_or_else(key::random, key::read)?;
        Ok(Some(Hashing::new(&key, self.keep_remotes)))
    }

    /// Whether what it takes to verify it is asked for: of sealed bytes alone it means something.
    fn is_proven(&self) -> bool {
        matches!(self.format, Format::Ndjson) && !self.bare && !self.hash_paths
    }

    /// Begins to show how far it is.
    fn progress<N: Write>(&self, client: &mut Client, notes: N) -> Option<Progress<N>> {
        // Without a number to come to there is nothing to show, and no reason to stop.
        let (status, _) = client.rows::<Status>(|id| Request::Status { id }).ok()?;
        let end = status.first()?.ledger.seq;
        Some(Progress::begin(notes, self.after.unwrap_or(0), end))
    }

    /// Copies the answer's records to the sheet; returns how many there were.
    fn copy<O: Write, N: Write>(
        &self,
        client: &mut Client,
        course: Course<'_, N>,
        mut sheet: Sheet<'_, O>,
        failed: impl Fn(io::Error) -> Error,
    ) -> Result<(u64, End), Error> {
        let Course { filter, hashing, mut progress } = course;
        let (after, proof) = (self.after, self.is_proven());
        let mut reply = client.ask(|id| Request::Export { id, after, filter, proof })?;
        let (mut records, mut last, mut hashed) = (0, None, Vec::new());
        loop {
            match reply.line() {
                Ok(Line::Record(line)) => {
                    let seq = record::seq(line);
                    if let Some(progress) = &mut progress
                        && let Some(seq) = seq.or_else(|| omitted(line))
                    {
                        progress.reached(seq);
                    }
                    let written = match &hashing {
                        Some(hashing) => {
                            hashing.record(line, &mut hashed);
                            sheet.write(&hashed)
                        }
                        None => sheet.write(line),
                    };
                    written.map_err(&failed)?;
                    // Lines that tell what is left out, and the checkpoint, are no records.
                    records += u64::from(seq.is_some());
                    last = seq.or(last);
                }
                Ok(Line::Row(_)) => {}
                Ok(Line::End(end)) => {
                    sheet.flush().map_err(&failed)?;
                    return Ok((records, end));
                }
                Err(source) => {
                    sheet.flush().map_err(&failed)?;
                    // Of a file nothing is kept that one could go on from.
                    let after = last.filter(|_| self.output.is_none());
                    let what = "the export is not complete";
                    return Err(Error::Interrupted { what, after, source });
                }
            }
        }
    }

    /// Tells what to know of a file that others may read, and how to go on.
    fn conclude(
        &self,
        end: &End,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        if self.hash_paths && matches!(self.format, Format::Ndjson) && !self.bare {
            console.note("these are not the bytes that were sealed: they cannot be verified")?;
        }
        if self.hash_paths && self.hash_key.is_none() {
            console.note("the key is not kept: another export will have other hashes")?;
        }
        let Some(seq) = end.seq else { return Ok(()) };
        if let Some(after) = self.after.filter(|after| *after > seq) {
            console.note(&format!("there is no record {after}: the newest is {seq}"))?;
        }
        console.note(&format!("`--after {seq}` continues from here"))
    }
}

/// What happens to records on their way.
struct Course<'p, N: Write> {
    filter: Filter,
    hashing: Option<Hashing>,
    progress: Option<&'p mut Progress<N>>,
}

/// Returns the last record for which a line stands.
fn omitted(line: &[u8]) -> Option<u64> {
    match ExportLine::read(line)? {
        ExportLine::Omitted(omitted) => Some(omitted.until),
        ExportLine::Record(_) | ExportLine::Checkpoint(_) => None,
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
