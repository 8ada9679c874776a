//! What was not understood of session files, ever: whoever reads them keeps it with how far they were
//! read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::session::Drift;
use crate::session::drift::Kind;

/// Names that are kept of one version.
const MOST_NAMES: usize = 200;
/// Versions that are told apart. Nobody has had that many.
const MOST_VERSIONS: usize = 200;

/// Counts by agent and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Misread(BTreeMap<Version, Counts>);

/// An agent and its version; that is empty where it is unknown.
pub(crate) type Version = (String, String);

/// What was not understood of one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    names: BTreeSet<(Kind, String)>,
    lines: u64,
    unreadable: u64,
}

impl Misread {
    /// Adds what one file told that was not understood. Returns the versions of which that is.
    pub(crate) fn add(&mut self, agent: &str, drift: Drift, unreadable: u64) -> BTreeSet<Version> {
        let mut changed = BTreeSet::new();
        for (seen, count) in drift.seen {
            let counts = self.counts(agent, seen.version, &mut changed);
            counts.lines += count;
            let name = (seen.kind, seen.name);
            if counts.names.len() < MOST_NAMES {
                counts.names.insert(name);
            }
        }
        if drift.others + unreadable > 0 {
            let counts = self.counts(agent, String::new(), &mut changed);
            counts.lines += drift.others;
            counts.unreadable += unreadable;
        }
        changed
    }

    fn counts(
        &mut self,
        agent: &str,
        version: String,
        changed: &mut BTreeSet<Version>,
    ) -> &mut Counts {
        let mut of = (agent.to_owned(), version);
        if self.0.len() >= MOST_VERSIONS && !self.0.contains_key(&of) {
            of.1.clear();
        }
        changed.insert(of.clone());
        self.0.entry(of).or_default()
    }

    /// Takes in what an earlier run kept of a version.
    pub(crate) fn restore(&mut self, version: Version, counts: Counts) {
        self.0.insert(version, counts);
    }

    /// Returns what is known of a version.
    pub(crate) fn of(&self, version: &Version) -> Option<&Counts> {
        self.0.get(version)
    }

    /// Returns all versions of which anything is known.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.0.keys()
    }

    /// Returns a line for each agent and version; none where everything was understood.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |((agent, version), counts): (&Version, &Counts)| {
            let version = if version.is_empty() { "(version unknown)" } else { version.as_str() };
            let mut parts = Vec::new();
            for (kind, what) in [
                (Kind::Type, "unknown line types"),
                (Kind::Field, "unknown fields"),
                (Kind::Value, "fields of unusable values"),
                (Kind::Forgotten, "kinds of calls without a result"),
            ] {
                let count = counts.names.iter().filter(|(known, _)| *known == kind).count();
                if count > 0 {
                    parts.push(format!("{count} {what}"));
                }
            }
            if counts.lines > 0 {
                parts.push(format!("{} times", counts.lines));
            }
            if counts.unreadable > 0 {
                parts.push(format!("{} unreadable lines", counts.unreadable));
            }
            format!("{agent} {version}: {}", parts.join(", "))
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_understood_is_counted_by_version() {
        let mut drift = Drift::default();
        (0..3).for_each(|_| drift.count(Some("2.1.330"), Kind::Type, "new-thing"));
        drift.count(Some("2.1.330"), Kind::Field, "user/odd");
        let mut misread = Misread::default();
        assert_eq!(misread.lines(), [""; 0]);
        let of = |version: &str| ("claude".to_owned(), version.to_owned());
        assert_eq!(misread.add("claude", drift, 2), [of(""), of("2.1.330")].into());
        assert_eq!(
            misread.lines(),
            [
                "claude (version unknown): 2 unreadable lines",
                "claude 2.1.330: 1 unknown line types, 1 unknown fields, 4 times",
            ]
        );
    }
}
