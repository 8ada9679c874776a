//! What was not understood of session files, since the daemon started.

use std::collections::{BTreeMap, BTreeSet};

use crate::session::Drift;
use crate::session::drift::Kind;

/// Counts by agent and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Misread(BTreeMap<(&'static str, String), Counts>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    names: BTreeSet<(Kind, String)>,
    lines: u64,
    unreadable: u64,
}

impl Misread {
    /// Adds what one file told that was not understood.
    pub(crate) fn add(&mut self, agent: &'static str, drift: Drift, unreadable: u64) {
        for (seen, count) in drift.seen {
            let counts = self.0.entry((agent, seen.version)).or_default();
            counts.names.insert((seen.kind, seen.name));
            counts.lines += count;
        }
        if drift.others + unreadable > 0 {
            let counts = self.0.entry((agent, String::new())).or_default();
            counts.lines += drift.others;
            counts.unreadable += unreadable;
        }
    }

    /// Returns a line for each agent and version; none where everything was understood.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |((agent, version), counts): (&(&str, String), &Counts)| {
            let version = if version.is_empty() { "(version unknown)" } else { version };
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
        misread.add("claude", drift, 2);
        assert_eq!(
            misread.lines(),
            [
                "claude (version unknown): 2 unreadable lines",
                "claude 2.1.330: 1 unknown line types, 1 unknown fields, 4 times",
            ]
        );
    }
}
