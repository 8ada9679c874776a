//! The only text that a fact may carry: paths, and names and ids. Both refuse what is too long or
//! has control characters, so that no text of another kind fits by accident.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longer names and ids are none. The longest seen are URLs of pull requests.
const LONGEST_WORD: usize = 256;
/// Linux' own limit.
const LONGEST_PLACE: usize = 4096;

/// A name or an id: a session, a model, a tool, a branch, a version.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Word(Arc<str>);

/// A path as somebody wrote it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Place(Arc<str>);

impl Word {
    /// Returns the name, unless it is empty or none.
    pub(crate) fn new(text: &str) -> Option<Self> {
        is_plain(text, LONGEST_WORD).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// Returns the path, unless it is empty or none.
    pub(crate) fn new(text: &str) -> Option<Self> {
        is_plain(text, LONGEST_PLACE).then(|| Self(text.into()))
    }

    pub(crate) fn as_path(&self) -> &Path {
        Path::new(&*self.0)
    }
}

fn is_plain(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control)
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Word {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("no name")
    }
}

impl TryFrom<String> for Place {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("no path")
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0.as_ref().into()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0.as_ref().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_long_or_has_control_characters_is_none() {
        assert!(Word::new("claude-sonnet-5").is_some());
        for text in ["", "two\nlines", "bell\u{7}", &"x".repeat(LONGEST_WORD + 1)] {
            assert_eq!(Word::new(text), None, "{text:?}");
        }
        assert!(Place::new(&"x".repeat(LONGEST_WORD + 1)).is_some());
        assert_eq!(Place::new(&"x".repeat(LONGEST_PLACE + 1)), None);
    }
}
