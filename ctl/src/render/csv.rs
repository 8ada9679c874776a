//! Records as rows of a spreadsheet: a fixed set of columns for what one sorts and filters by, and the
//! body as it is stored, so that nothing is lost.
//!
//! **A cell cannot act**: see [`harmless`], which says as well how a program has back what was there.
//! Characters that would end a line or act on a terminal stand as the escapes that tables show: a
//! record is one line. The body has them all.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{ByteRecord, QuoteStyle, Terminator, Writer, WriterBuilder};
use serde::Deserialize;
use serde_json::value::RawValue;
use trackway_protocol::record::Risk;
use trackway_report::csv::cell::harmless;

use super::clean;
use super::json::escaped;
use line::{Change, Envelope, Facts, Parts, Value};

mod line;

/// The columns. Public: new ones are only ever added, before `body`.
pub(crate) const COLUMNS: [&str; 106] = [
    "seq",
    "id",
    "at",
    "recorded_at",
    "kind",
    "evidence",
    "replaces",
    "launch",
    "session",
    "agent",
    "agent_version",
    "mode",
    "flags",
    "endpoint",
    "namespace",
    "path",
    "how",
    "repo_root",
    "repo_remote",
    "repo_branch",
    "repo_commit",
    "pid",
    "exit_code",
    "signal",
    "duration_ms",
    "unread_execs",
    "source",
    "state",
    "from",
    "until",
    "reason",
    "missed",
    "unit",
    "version",
    "subagent",
    "parent_session",
    "model",
    "permission_mode",
    "approval_policy",
    "sandbox",
    "provider",
    "transcript",
    "shell_calls",
    "unresolved_calls",
    "tool",
    "outcome",
    "lines_added",
    "lines_removed",
    "response_id",
    "retracted",
    "tokens_input",
    "tokens_cache_read",
    "tokens_cache_write_5m",
    "tokens_cache_write_1h",
    "tokens_output",
    "tokens_reasoning",
    "scope",
    "file",
    "found",
    "unreadable",
    "modified_at",
    "size",
    "before_sha256",
    "after_sha256",
    "risk",
    "changed_keys",
    "changes_left_out",
    "layout",
    "exe",
    "argv",
    "env",
    "home",
    "tty",
    "launcher",
    "parent_launch",
    "found_running",
    "last_seen",
    "host",
    "unnamed",
    "descent",
    "continued_in",
    "entrypoint",
    "trace",
    "transcript_gone",
    "repo_main",
    "repo_upstream",
    "repo_unknown",
    "configured_dir",
    "path_as_told",
    "changed",
    "what",
    "made",
    "number",
    "code",
    "before",
    "from_seq",
    "until_seq",
    "count",
    "zone",
    "managed",
    "pattern",
    "rule",
    "told_by",
    "entry",
    "note",
    "body",
];

/// Writes records as rows.
pub(crate) struct Rows<W: Write> {
    writer: Writer<W>,
    row: ByteRecord,
    terminal: bool,
}

impl<W: Write> Rows<W> {
    /// Writes the names of the columns.
    pub(crate) fn begin(out: W, terminal: bool) -> io::Result<Self> {
        let mut writer = WriterBuilder::new()
            .quote_style(QuoteStyle::Necessary)
            .terminator(Terminator::Any(b'\n'))
            .from_writer(out);
        writer.write_byte_record(&ByteRecord::from(&COLUMNS[..]))?;
        Ok(Self { writer, row: ByteRecord::new(), terminal })
    }

    /// Writes a record's stored bytes as a row. What is no record stands in the last column.
    pub(crate) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.row.clear();
        let body = match serde_json::from_slice::<Envelope<'_>>(line) {
            Ok(envelope) => {
                self.envelope(&envelope);
                self.facts(&serde_json::from_str(envelope.body.get()).unwrap_or_default());
                Cow::Borrowed(envelope.body.get())
            }
            Err(_) => {
                (1..COLUMNS.len()).for_each(|_| self.row.push_field(b""));
                String::from_utf8_lossy(line)
            }
        };
        self.row.push_field(harmless(verbatim(&body, self.terminal)).as_bytes());
        Ok(self.writer.write_byte_record(&self.row)?)
    }

    /// Hands on what is written so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn envelope(&mut self, envelope: &Envelope<'_>) {
        let Envelope { seq, id, at, recorded_at, kind, evidence, replaces, body: _ } = envelope;
        self.row.push_field(seq.to_string().as_bytes());
        for text in [id, at, recorded_at, kind, evidence] {
            self.text(text);
        }
        self.text(replaces.as_deref().unwrap_or_default());
    }

    fn facts(&mut self, facts: &Facts<'_>) {
        let (repo, endpoint, tokens) =
            (parts(facts.repo), parts(facts.endpoint), parts(facts.tokens));
        let path = facts.path.or(facts.dir).or(facts.cwd);
        let launch = [facts.launch, facts.session, facts.agent, facts.agent_version, facts.mode];
        let about = [facts.flags, endpoint.host, facts.namespace, path, facts.how];
        let more_of_repo = [repo.main, repo.upstream, facts.repo_unknown];
        let repo = [repo.root, repo.remote, repo.branch, repo.commit];
        let end = [facts.pid, facts.exit_code, facts.signal, facts.duration_ms, facts.unread_execs];
        let from = facts.from.or(facts.since);
        let reason = facts.reason.or(facts.why).or(facts.policy);
        let coverage = [facts.source, facts.state, from, facts.until, reason];
        let missed = [facts.missed, facts.unit, facts.version];
        let session = [facts.subagent, facts.parent_session, facts.model];
        let rights = [facts.permission_mode, facts.approval_policy, facts.sandbox, facts.provider];
        let told = [facts.transcript, facts.shell_calls, facts.unresolved_calls];
        let access = [facts.tool, facts.outcome, facts.lines_added, facts.lines_removed];
        let response = [facts.response_id, facts.retracted];
        let read = [tokens.input, tokens.cache_read];
        let written = [tokens.cache_write_5m, tokens.cache_write_1h];
        let made = [tokens.output, tokens.reasoning];
        let values = [&launch[..], &about, &repo, &end, &coverage, &missed, &session, &rights];
        let more = [&told[..], &access, &response, &read, &written, &made];
        let file = [facts.scope, facts.file, facts.found, facts.unreadable];
        let state = [facts.modified_at, facts.size, facts.before_sha256, facts.after_sha256];
        let more = more.into_iter().chain([&file[..], &state]);
        for value in values.into_iter().chain(more).flatten().copied() {
            self.text(&plain(value));
        }
        self.changes(facts);
        let launcher = parts(facts.launcher).name;
        let program = [facts.layout, facts.exe, facts.argv, facts.env, facts.home, facts.tty];
        let around = [launcher, facts.parent_launch, facts.found_running, facts.last_seen];
        let recorder = [facts.host, facts.unnamed];
        let session = [facts.descent, facts.continued_in, facts.entrypoint, facts.trace];
        let gone = [facts.transcript_gone];
        // Where a file has a path, the directory is the one that it configures.
        let configured = [facts.dir.filter(|_| facts.path.is_some())];
        let file = [facts.path_as_told, facts.changed];
        let made = [facts.what, facts.id, facts.number, facts.code];
        let pruned = [facts.before, facts.from_seq, facts.until_seq, facts.count];
        let rule = [facts.zone, facts.managed, facts.pattern, facts.rule];
        let zone = [facts.told_by, facts.entry, facts.note];
        let values = [&program[..], &around, &recorder, &session, &gone, &more_of_repo];
        let more = [&configured[..], &file, &made, &pruned, &rule, &zone];
        for value in values.into_iter().chain(more).flatten().copied() {
            self.text(&plain(value));
        }
    }

    /// The changes of a file: the greatest risk among them, and their keys. Of what has no changes,
    /// its own risk; of an entry into a zone how much it matters.
    fn changes(&mut self, facts: &Facts<'_>) {
        let Some(changes) = facts.changes else {
            self.text(&plain(facts.risk.or(facts.severity)));
            return (0..2).for_each(|_| self.row.push_field(b""));
        };
        let changes: Vec<Change<'_>> = serde_json::from_str(changes.get()).unwrap_or_default();
        let keys: Vec<_> = changes.iter().map(|change| plain(change.key)).collect();
        self.text(greatest(&changes).as_str());
        self.text(&keys.join(" "));
        self.text(&plain(facts.left_out));
    }

    fn text(&mut self, text: &str) {
        self.row.push_field(harmless(clean(text)).as_bytes());
    }
}

fn greatest(changes: &[Change<'_>]) -> Risk {
    let risk = |change: &Change<'_>| serde_json::from_str(change.risk?.get()).ok();
    changes.iter().filter_map(risk).max().unwrap_or_default()
}

fn parts(object: Value<'_>) -> Parts<'_> {
    object.and_then(|object| serde_json::from_str(object.get()).ok()).unwrap_or_default()
}

/// Returns a value's own text: a list has spaces between its values, what is unknown is empty.
fn plain(value: Value<'_>) -> Cow<'_, str> {
    let Some(json) = value.map(RawValue::get) else { return Cow::Borrowed("") };
    match json.as_bytes() {
        [b'"', ..] => serde_json::from_str(json).map_or(Cow::Borrowed(json), Text::into),
        [b'[', ..] => {
            let values: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            let values: Vec<_> = values.into_iter().map(|value| plain(Some(value))).collect();
            values.join(" ").into()
        }
        _ => Cow::Borrowed(json),
    }
}

/// A text that is borrowed where JSON escapes nothing in it.
#[derive(Deserialize)]
struct Text<'l>(#[serde(borrow)] Cow<'l, str>);

impl<'l> From<Text<'l>> for Cow<'l, str> {
    fn from(text: Text<'l>) -> Self {
        text.0
    }
}

/// Returns JSON as it is, unless it would end a line or act on a terminal; it means the same.
fn verbatim(json: &str, terminal: bool) -> Cow<'_, str> {
    let acts = terminal || json.bytes().any(|byte| byte < b' ');
    if acts { escaped(json).into() } else { json.into() }
}

#[cfg(test)]
mod tests;
