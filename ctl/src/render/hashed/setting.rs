//! Settings of agents: keys with directories in them, and what they say.

use super::argument::{is_length, is_word};
use super::json::Json;
use super::names::{Names, may_hold_path};

/// What the last part of a key has in it where the value is a path.
const PLACES: &[&str] = &["dir", "path", "root", "file", "home", "cwd", "@link"];

impl Names {
    /// Returns a key without paths: of its parts, those stand that need no quotes, unless they name
    /// a project.
    pub(super) fn key(&self, key: &str) -> String {
        let parts = parts(key);
        // Then it may have been cut in the midst of a path.
        if parts.iter().any(|(part, is_quoted)| !is_quoted && may_hold_path(part)) {
            return self.doubtful(key);
        }
        let mut is_project = false;
        let parts = parts.into_iter().map(|(part, is_quoted)| {
            let may_stand = !is_quoted && !is_project && is_word(&part.replace('*', ""));
            is_project = part == "projects";
            if may_stand {
                return part;
            }
            format!("\"{}\"", self.doubtful(&part).replace('\\', "\\\\"))
        });
        parts.collect::<Vec<_>>().join(".")
    }

    /// Returns what a key says, without paths.
    pub(super) fn said(&self, key: &str, value: Json) -> Json {
        match value {
            Json::Text(text) => {
                let last = parts(key).pop().map_or(String::new(), |(part, _)| part);
                let last = last.to_ascii_lowercase();
                let is_place = last != "@file" && PLACES.iter().any(|it| last.contains(it));
                let is_place = is_place && !is_length(&text);
                Json::Text(if is_place { self.path(&text) } else { self.rule(&text) })
            }
            Json::List(values) => {
                Json::List(values.into_iter().map(|value| self.said(key, value)).collect())
            }
            other => self.unknown(other),
        }
    }

    /// Of `Read(~/src/**)` the tool's name stands.
    fn rule(&self, text: &str) -> String {
        let parts =
            text.split_once('(').and_then(|(tool, rest)| Some((tool, rest.strip_suffix(')')?)));
        match parts {
            _ if !may_hold_path(text) => text.to_owned(),
            Some((tool, argument)) if is_word(tool) => format!("{tool}({})", self.path(argument)),
            _ => self.doubtful(text),
        }
    }
}

/// Takes a key apart, and tells which of its parts were in quotes.
fn parts(key: &str) -> Vec<(String, bool)> {
    let (mut parts, mut part, mut is_open, mut was_quoted) =
        (Vec::new(), String::new(), false, false);
    let mut letters = key.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => (is_open, was_quoted) = (!is_open, true),
            '\\' if is_open => part.extend(letters.next()),
            '.' if !is_open => {
                parts.push((std::mem::take(&mut part), std::mem::take(&mut was_quoted)));
            }
            letter => part.push(letter),
        }
    }
    parts.push((part, was_quoted));
    parts
}
