//! Records without the names of places: each is replaced by its keyed hash.
//!
//! * A path is `path:` and its parts, each hashed by itself (16 hexadecimal digits of HMAC-SHA-256).
//!   The shape of the tree stays, so one can still tell what is the same and what lies below what;
//!   the price is that it stays to be seen how deep something lies and how often a name comes.
//! * A repository's address is `repo:` and the hash of its identity, whatever its spelling; one that
//!   is a directory is a path.
//! * Where a path may be a part of a text, and where it ends cannot be told, `text:` stands for it all.
//!
//! **In doubt it is hashed.** Fields that this version knows to hold no path stand as long as nothing
//! in them looks like one; of all others only numbers, times and ids do. The original bytes of paths
//! (`_b64`) are left out. Branches, commits, hosts and the programs that the table of launchers knows
//! are no places, and stand.

use serde_json::to_writer;
use trackway_protocol::log::{Hash, VerifierKey};

use self::argument::{is_id, is_word};
use self::json::{Json, said};
use self::names::{Names, is_rooted, may_hold_path};

mod argument;
mod json;
mod names;
mod prose;
mod setting;

/// Fields that are paths, wherever they stand.
const PLACES: &[&str] =
    &["path", "path_as_told", "dir", "cwd", "root", "main", "exe", "home", "transcript"];

/// Fields that are sentences.
const PROSE: &[&str] = &["reason", "why", "unreadable", "repo_unknown", "note"];

/// Fields that hold other fields.
const OBJECTS: &[&str] =
    &["body", "repo", "endpoint", "launcher", "tokens", "left_out", "changes", "sealed"];

/// Fields that are words, numbers, ids, times and hashes.
const PLAIN: &[&str] = &[
    "seq",
    "id",
    "at",
    "recorded_at",
    "kind",
    "evidence",
    "replaces",
    "launch",
    "session",
    "subagent",
    "parent_session",
    "parent_launch",
    "continued_in",
    "descent",
    "agent",
    "agent_version",
    "version",
    "host",
    "boot_id",
    "layout",
    "mode",
    "env",
    "how",
    "namespace",
    "policy",
    "before",
    "source",
    "state",
    "from",
    "until",
    "unit",
    "since",
    "last_seen",
    "code",
    "risk",
    "model",
    "permission_mode",
    "approval_policy",
    "sandbox",
    "provider",
    "entrypoint",
    "tool",
    "outcome",
    "response_id",
    "key",
    "scope",
    "file",
    "modified_at",
    "before_sha256",
    "after_sha256",
    "what",
    "commit",
    "zone",
    "rule",
    "severity",
    "told_by",
    "entry",
];

/// Hashes the paths of records under one key.
pub(crate) struct Hashing(Names);

impl Hashing {
    /// Takes the key, and whether addresses of repositories stand.
    pub(crate) fn new(key: &[u8], keeps_remotes: bool) -> Self {
        Self(Names::new(key, keeps_remotes))
    }

    /// Puts a record without paths in the place of what `hashed` has.
    pub(crate) fn record(&self, line: &[u8], hashed: &mut Vec<u8>) {
        hashed.clear();
        let record = match serde_json::from_slice(line) {
            Ok(record @ Json::Object(_)) => self.0.field("", "", record),
            _ => Json::Text(self.0.text(&String::from_utf8_lossy(line))),
        };
        to_writer(hashed, &record).expect("a Vec takes all");
    }
}

impl Names {
    /// Returns what stands for the field `name` of the object that is the field `of`.
    fn field(&self, of: &str, name: &str, value: Json) -> Json {
        match value {
            Json::List(values) => {
                Json::List(values.into_iter().map(|value| self.field(of, name, value)).collect())
            }
            Json::Object(fields) if name.is_empty() || OBJECTS.contains(&name) => {
                Json::Object(self.fields(name, fields))
            }
            Json::Text(text) => Json::Text(self.words(of, name, &text)),
            other => self.unknown(other),
        }
    }

    fn fields(&self, of: &str, fields: Vec<(String, Json)>) -> Vec<(String, Json)> {
        let told = |name: &str| said(&fields, name).unwrap_or_default().to_owned();
        let (what, kind, key) = (told("what"), told("kind"), told("key"));
        let fields = fields.into_iter().filter(|(name, _)| !name.ends_with("_b64"));
        let fields = fields.map(|(name, value)| {
            let value = match (of, &*name, value) {
                ("changes", "key", Json::Text(key)) => Json::Text(self.key(&key)),
                ("changes", "before" | "after", value) => self.said(&key, value),
                ("launcher", "name", Json::Text(name)) => {
                    // Of `other` the name is whatever somebody called a program.
                    let is_known = !matches!(&*kind, "" | "other") && !may_hold_path(&name);
                    Json::Text(if is_known { name } else { self.path(&name) })
                }
                ("body", "id", Json::Text(id)) => Json::Text(self.made(&what, &id)),
                (_, "argv" | "flags", Json::List(arguments)) => self.arguments(arguments),
                (of, name, value) => self.field(of, name, value),
            };
            (self.name(name), value)
        });
        fields.collect()
    }

    /// Returns what stands for a text.
    fn words(&self, of: &str, name: &str, text: &str) -> String {
        let stands = match name {
            "root" if of == "sealed" => Hash::from_base64(text).is_some(),
            name if PLACES.contains(&name) => return self.path(text),
            name if PROSE.contains(&name) => return self.prose(text),
            "pattern" if is_rooted(text) => return self.path(text),
            "remote" | "upstream" | "pattern" => return self.remote(text),
            "branch" => is_branch(text),
            "tty" => is_terminal(text),
            "key" if text.starts_with("trackway/") => VerifierKey::parse(text).is_ok(),
            name if PLAIN.contains(&name) => !may_hold_path(text),
            _ => return self.guessed(text),
        };
        if stands { text.to_owned() } else { self.doubtful(text) }
    }

    /// Returns what stands for what a session made.
    fn made(&self, what: &str, id: &str) -> String {
        match what {
            "pull-request" => self.pull_request(id),
            "push" if is_branch(id) => id.to_owned(),
            _ => self.words("body", "id", id),
        }
    }

    fn arguments(&self, arguments: Vec<Json>) -> Json {
        let mut before: Option<String> = None;
        let arguments = arguments.into_iter().map(|argument| match argument {
            Json::Text(text) => {
                let hashed = self.argument(before.as_deref(), &text);
                before = Some(text);
                Json::Text(hashed)
            }
            other => self.unknown(other),
        });
        Json::List(arguments.collect())
    }

    /// Returns what stands for something of which nothing is known.
    fn unknown(&self, value: Json) -> Json {
        match value {
            Json::Text(text) => Json::Text(self.guessed(&text)),
            Json::List(values) => {
                Json::List(values.into_iter().map(|value| self.unknown(value)).collect())
            }
            Json::Object(fields) => {
                let fields = fields.into_iter().filter(|(name, _)| !name.ends_with("_b64"));
                let fields = fields.map(|(name, value)| (self.name(name), self.unknown(value)));
                Json::Object(fields.collect())
            }
            plain @ (Json::Null | Json::Bool(_) | Json::Number(_)) => plain,
        }
    }

    /// Of a text that may be anything, only times and ids stand.
    fn guessed(&self, text: &str) -> String {
        let stands = is_id(text) || text.parse::<jiff::Timestamp>().is_ok();
        if stands { text.to_owned() } else { self.doubtful(text) }
    }

    /// Names of fields stand; but an object may as well have paths for names.
    fn name(&self, name: String) -> String {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.bytes().all(is_plain) { name } else { self.doubtful(&name) }
    }
}

fn is_branch(text: &str) -> bool {
    !is_rooted(text) && !text.contains(['\\', '~'])
}

/// Whether a text is a terminal's name: `pts/3`, `ttyS0`, `none`.
fn is_terminal(text: &str) -> bool {
    let name = text.strip_prefix("pts/").unwrap_or(text);
    name.len() <= 8 && is_word(name)
}

#[cfg(test)]
mod tests;
