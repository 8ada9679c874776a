//! What is stored: every field of every kind of record, what it means, and an example of one's own.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::table::{Cell, Fit, Table, Tone};
use super::text::{NOT_APPLICABLE, elide};
use super::{View, clean};

/// How much of an example is shown to a person.
const EXAMPLE: usize = 24;

/// What each field means, whatever kind of record it is in.
const MEANINGS: &[(&str, &str)] = &[
    ("after", "what a setting is now, where its key may be shown"),
    ("after_sha256", "hash of a configuration file as it is now"),
    ("agent", "which agent: claude or codex"),
    ("agent_version", "its version"),
    ("approval_policy", "when codex asks before it does something"),
    ("argv", "its command line, without prompts: unknown words are lengths"),
    ("before", "what a setting was before, or before when records were pruned"),
    ("before_sha256", "hash of a configuration file as it was"),
    ("boot_id", "which run of the machine"),
    ("branch", "the branch that was checked out"),
    ("cache_read", "tokens read from the vendor's cache"),
    ("cache_write_1h", "tokens written to it for an hour"),
    ("cache_write_5m", "tokens written to it for five minutes"),
    ("changed", "whether the file was seen to change, and no tool told of it"),
    ("changes", "which settings changed"),
    ("code", "which finding it is"),
    ("commit", "the commit that was checked out"),
    ("continued_in", "the session that goes on where this one ended"),
    ("count", "how many records were pruned"),
    ("cwd", "the directory in which it began"),
    ("descent", "how a session came from another"),
    ("dir", "a directory in which it was"),
    ("duration_ms", "for how long it ran"),
    ("endpoint", "to which host or provider its requests go"),
    ("entry", "which entry somebody has looked at"),
    ("entrypoint", "from what a session was started"),
    ("env", "names of variables that say where requests go; no values"),
    ("evidence", "how it is known"),
    ("exe", "the agent's program"),
    ("exit_code", "how it ended"),
    ("file", "which configuration file of the agent"),
    ("flags", "flags that matter for risk"),
    ("found", "whether a setting was there when it was first looked at"),
    ("found_running", "whether it ran before the daemon saw it"),
    ("from", "when a gap began"),
    ("from_seq", "the first record that was pruned"),
    ("home", "where the agent keeps its things"),
    ("host", "the name of this machine, or of the host that requests go to"),
    ("how", "in which way something was touched, or is known"),
    ("id", "a commit, a pushed branch, or the address of a pull request"),
    ("ignored", "how many changed files a repository ignores"),
    ("input", "tokens that were sent and not cached"),
    ("key", "the name of a setting, of a response, or the key that verifies checkpoints"),
    ("kind", "what started it: a shell, an editor …"),
    ("last_seen", "when it was last known to run"),
    ("launch", "an id made of boot, process and start time"),
    ("launcher", "what started it"),
    ("layout", "how the agent is installed"),
    ("lines_added", "how many lines it added"),
    ("lines_removed", "how many lines it removed"),
    ("main", "the main working tree of the repository"),
    ("managed", "whether it is the machine's rule"),
    ("missed", "how many were missed"),
    ("mode", "interactive, headless …"),
    ("model", "which model answered"),
    ("modified_at", "when a configuration file was written"),
    ("name", "the name of the program that started it"),
    ("namespace", "whether it ran in a container"),
    ("note", "what somebody had to say of an entry"),
    ("number", "the number of a pull request"),
    ("outcome", "whether a tool call is known to have been done"),
    ("output", "tokens that came back"),
    ("parent_launch", "the launch in whose tool call it was started"),
    ("parent_session", "the session that it is a part or a continuation of"),
    ("path", "a file, or a configuration file"),
    ("path_as_told", "the path as the agent wrote it, where that is another"),
    ("pattern", "which pattern of a zone it was"),
    ("permission_mode", "what the agent may do by itself"),
    ("pid", "the number of a process"),
    ("policy", "why records were pruned"),
    ("ppid", "the number of the process that started it"),
    ("provider", "who provides the model"),
    ("reason", "why there is a gap, or why the daemon starts or stops"),
    ("reasoning", "those of them that the model spent on thinking"),
    ("remote", "where the repository comes from, without credentials"),
    ("repo", "the repository of that place"),
    ("repo_unknown", "why the repository is not known"),
    ("response_id", "the vendor's id of a response"),
    ("retracted", "whether a response turned out to be a copy"),
    ("risk", "how grave it is"),
    ("root", "the repository's directory, or the hash over all records"),
    ("rule", "hash of a zone's rule"),
    ("sandbox", "what codex lets its commands do"),
    ("scope", "whose setting it is: the user's, a project's, the machine's"),
    ("sealed", "the newest checkpoint"),
    ("session", "the agent's own id of a session"),
    ("severity", "how grave an entry into a zone is"),
    ("shell_calls", "how many shell calls there were; not what they were"),
    ("signal", "the signal that ended it"),
    ("since", "since when a finding holds"),
    ("size", "of a file in bytes, or of the ledger in records"),
    ("source", "which source had a gap, or what kind of session it is"),
    ("start_ticks", "when a process was started"),
    ("state", "how it is with a source or a file"),
    ("subagent", "the id of a subagent of the session"),
    ("tokens", "what was spent"),
    ("told_by", "the record of the touch"),
    ("tool", "with which tool of the agent"),
    ("trace", "whether only a history tells of it"),
    ("transcript", "where the session's own file is; what is in it is not stored"),
    ("transcript_gone", "that it is gone"),
    ("tty", "on which terminal"),
    ("unit", "what was counted as missed"),
    ("unknown", "that nobody saw how it ended"),
    ("unnamed", "how many programs ended before they could be read"),
    ("unread_execs", "how many programs below it could not be read"),
    ("unreadable", "why a configuration file cannot be read"),
    ("unresolved_calls", "of how many shell calls it is not known what they touched"),
    ("until", "when a gap ended"),
    ("until_seq", "the last record that was pruned"),
    ("untold", "how many changed files nobody can be named for"),
    ("unwatched_dirs", "how many directories were not watched"),
    ("upstream", "what the repository is a fork of, without credentials"),
    ("version", "of the daemon"),
    ("what", "what became of a setting, or what a session made"),
    ("why", "what a finding or a risk is about"),
    ("zone", "the name of a zone"),
];

/// Fields that a record of this kind may have besides those of the wire's examples. A path whose bytes
/// are no UTF-8 has them in a field of its own, which ends in `_b64`.
const MORE: &[(&str, &[&str])] = &[
    ("config.changed", &["before_sha256", "changes.before", "unreadable"]),
    ("coverage", &["missed", "unit"]),
    ("dir.touched", &["agent", "repo.main", "repo.upstream", "repo_unknown"]),
    (
        "file.accessed",
        &["changed", "launch", "outcome", "path_as_told", "repo_unknown", "subagent"],
    ),
    ("launch.ended", &["last_seen", "signal", "unknown"]),
    (
        "launch.started",
        &["found_running", "parent_launch", "repo.main", "repo.upstream", "repo_unknown"],
    ),
    ("launch.updated", &["agent_version", "endpoint.host", "exe", "launch", "layout"]),
    ("session.made", &["number", "repo_unknown", "subagent"]),
    (
        "session.started",
        &[
            "approval_policy",
            "descent",
            "model",
            "parent_session",
            "provider",
            "repo_unknown",
            "sandbox",
            "source",
            "subagent",
            "trace",
        ],
    ),
    (
        "session.updated",
        &[
            "continued_in",
            "cwd",
            "left_out.ignored",
            "left_out.untold",
            "left_out.unwatched_dirs",
            "permission_mode",
            "sandbox",
            "shell_calls",
            "subagent",
            "unresolved_calls",
        ],
    ),
    ("usage", &["retracted", "subagent"]),
    ("zone.entered", &["launch", "subagent"]),
];

/// One stored field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    /// The kind of record.
    pub(crate) kind: String,
    /// Its name in the body, with those of the objects that it is in.
    pub(crate) field: String,
    /// What it means; null where this program does not know.
    pub(crate) meaning: Option<&'static str>,
    /// The newest value in the ledger; null where there is none.
    pub(crate) example: Option<Value>,
}

/// A place where something is stored, and who may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stored {
    /// What it is.
    pub(crate) what: &'static str,
    /// Where.
    pub(crate) place: String,
    /// Its permissions, as `ls` has them in octal; null where it is not there or has none.
    pub(crate) mode: Option<String>,
}

/// Returns the fields of records, each with the value of the last that has it; of `examples` values are
/// taken, of `kinds` only that there are such fields.
pub(crate) fn fields(kinds: &[Value], examples: &[Value]) -> Vec<Field> {
    let mut fields: BTreeMap<(String, String), Option<Value>> = BTreeMap::new();
    for (kind, more) in MORE {
        let more = more.iter().map(|field| (((*kind).to_owned(), (*field).to_owned()), None));
        fields.extend(more);
    }
    let lines = kinds.iter().map(|it| (it, false)).chain(examples.iter().map(|it| (it, true)));
    for (record, is_example) in lines {
        let Some(kind) = record["kind"].as_str() else { continue };
        walk(&record["body"], "", &mut |field, value| {
            let example = is_example.then(|| value.clone());
            let known = fields.entry((kind.to_owned(), field.to_owned())).or_default();
            *known = example.or(known.take());
        });
    }
    let field = |((kind, field), example): ((String, String), _)| Field {
        meaning: meaning(&field),
        kind,
        field,
        example,
    };
    fields.into_iter().map(field).collect()
}

/// Visits every value that is no object, with the names that lead to it.
fn walk(value: &Value, name: &str, visit: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                walk(value, &name, visit);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            values.iter().for_each(|value| walk(value, name, visit));
        }
        value => visit(name, value),
    }
}

/// Returns what a field means, by its last name.
fn meaning(field: &str) -> Option<&'static str> {
    let name = field.rsplit('.').next().unwrap_or(field);
    let name = name.strip_suffix("_b64").unwrap_or(name);
    let at = MEANINGS.iter().find(|(known, _)| *known == name);
    at.map(|(_, meaning)| *meaning)
}

/// Writes fields, and below them who may read them.
pub(crate) fn write(
    fields: &[Field],
    stored: &[Stored],
    view: &View,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut table =
        Table::new(&[("FIELD", Fit::Left), ("EXAMPLE", Fit::Left), ("MEANING", Fit::Wrap)]);
    for of_kind in fields.chunk_by(|one, next| one.kind == next.kind) {
        let kind = clean(&of_kind[0].kind);
        table.row([Cell::toned(kind, Tone::Good), "".into(), "".into()]);
        for Field { field, meaning, example, .. } in of_kind {
            let field = format!("  {}", clean(field));
            let example = example.as_ref().map_or(NOT_APPLICABLE.into(), shown);
            let meaning = meaning.unwrap_or("not known to this program");
            table.row([field, example, meaning.into()].map(Into::into));
        }
    }
    table.write(view, out)?;
    writeln!(
        out,
        "\nAnd of each record its number, an id, when it happened, when it was written, and how it is known."
    )?;
    writeln!(
        out,
        "No prompt, no answer, no code, no output of a tool. Who may read what is stored:\n"
    )?;
    let mut table = Table::new(&[("WHAT", Fit::Left), ("MODE", Fit::Left), ("PLACE", Fit::Elide)]);
    for Stored { what, place, mode } in stored {
        let mode = mode.clone().unwrap_or_else(|| NOT_APPLICABLE.into());
        table.row(vec![(*what).into(), mode.into(), view.path(place).into()]);
    }
    table.write(view, out)
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    elide(&clean(&text), EXAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    const GOLDEN: &str = include_str!("../../../protocol/tests/wire/v1/records.jsonl");

    fn golden() -> Vec<Value> {
        GOLDEN.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_field_has_a_meaning() {
        let unknown: Vec<_> =
            fields(&golden(), &[]).into_iter().filter(|it| it.meaning.is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:#?}");
    }

    #[test]
    fn an_example_is_the_newest_and_what_has_none_says_so() {
        let [one, two] = ["/a", "/b\u{1b}[2J"]
            .map(|cwd| serde_json::json!({"kind": "launch.started", "body": {"cwd": cwd}}));
        let told = fields(&golden(), &[one, two]);
        let cwd = told.iter().find(|it| (&*it.kind, &*it.field) == ("launch.started", "cwd"));
        assert_eq!(cwd.unwrap().example, Some("/b\u{1b}[2J".into()));
        let stored = Stored {
            what: "ledger",
            place: "/home/ann/.local/state/trackway".into(),
            mode: Some("0700".into()),
        };
        let text = written(|out| write(&told, &[stored], &View::piped(), out));
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("0700") && text.contains("~/.local/state/trackway"), "{text}");
        let tty = text.lines().find(|line| line.contains(" tty ")).unwrap();
        assert!(tty.contains(" - ") && tty.ends_with("on which terminal"), "{tty}");
        let kinds: Vec<_> = text.lines().filter(|line| *line == "launch.started").collect();
        assert_eq!(kinds.len(), 1, "{text}");
    }
}
