//! Sentences that may have a path in them.
//!
//! Where a path ends in a sentence nobody can tell: it may have spaces. So all from where one begins
//! is replaced; and the whole sentence where it may have a path that does not say where it begins.

use super::names::{Names, is_rooted, may_hold_path};

impl Names {
    /// Returns a sentence of the daemon's without paths. Those that it names say where they begin.
    pub(super) fn prose(&self, text: &str) -> String {
        let end = begin_of_path(text).unwrap_or(text.len());
        let (before, rest) = text.split_at(end);
        match is_plain(before) {
            false => self.text(text),
            true if rest.is_empty() => text.to_owned(),
            true => format!("{before}{}", self.text(rest)),
        }
    }
}

fn begin_of_path(text: &str) -> Option<usize> {
    let is_begin = |before: char| before.is_whitespace() || "\"'`([{<=".contains(before);
    let mut before = ' ';
    text.char_indices().find_map(|(at, letter)| {
        let begins = is_begin(before) && is_rooted(&text[at..]);
        before = letter;
        begins.then_some(at)
    })
}

/// Whether no word is a path, or the name of a file.
fn is_plain(text: &str) -> bool {
    let is_file = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '.');
        let word = word.trim_end_matches('.');
        let is_number = word.chars().all(|c| c.is_ascii_digit() || ".,-".contains(c));
        word.contains('.') && !is_number
    };
    !may_hold_path(text) && !text.split_whitespace().any(is_file)
}
