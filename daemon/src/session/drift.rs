//! What a parser did not understand, counted per version of the agent.
//!
//! Names of types and fields are kept only where they look like names; their number is bounded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Different names that are kept.
const MOST: usize = 200;
/// A longer name is none.
const LONGEST: usize = 64;

/// Counts of what was not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) seen: BTreeMap<Seen, u64>,
    /// What had no place in `seen`.
    pub(crate) others: u64,
}

/// Something that was not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    /// The agent's version, as the file tells it; empty: unknown.
    pub(crate) version: String,
    pub(crate) kind: Kind,
    /// Its name; `?` where it does not look like one.
    pub(crate) name: String,
}

/// What kind of thing was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A line of an unknown type.
    Type,
    /// An unknown field at the top of a line.
    Field,
    /// A field whose value could not be used: a time that is none, a path that is too long.
    Value,
    /// A call whose result was not waited for any longer.
    Forgotten,
}

impl Drift {
    /// Counts one.
    pub(crate) fn count(&mut self, version: Option<&str>, kind: Kind, name: &str) {
        let version = version.filter(|version| is_name(version)).unwrap_or_default().to_owned();
        let name = if is_name(name) { name } else { "?" }.to_owned();
        let seen = Seen { version, kind, name };
        if self.seen.len() < MOST || self.seen.contains_key(&seen) {
            *self.seen.entry(seen).or_default() += 1;
        } else {
            self.others += 1;
        }
    }

    /// Whether everything was understood.
    pub(crate) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.others == 0
    }
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_look_like_a_name_is_not_kept() {
        let mut drift = Drift::default();
        drift.count(Some("2.1.330"), Kind::Type, "a secret, perhaps");
        drift.count(Some("2.1.330"), Kind::Type, &"x".repeat(65));
        let [(seen, 2)] = &drift.seen.into_iter().collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!((seen.name.as_str(), seen.version.as_str()), ("?", "2.1.330"));
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let mut drift = Drift::default();
        (0..1000).for_each(|n| drift.count(None, Kind::Field, &format!("f{n}")));
        assert_eq!((drift.seen.len(), drift.others), (MOST, 1000 - MOST as u64));
    }
}
