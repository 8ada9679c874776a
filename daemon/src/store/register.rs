//! One fact of which different witnesses may say different things.
//!
//! The better statement wins: what is known over what is not, then the stronger evidence, then an
//! update over what it updates, then the later one. Ties are broken by the value's text, so that
//! the order of arrival never matters.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Evidence;

/// On what a statement rests. The greater is the better; the order of the fields is the rule.
///
/// Stored as an array: there are several in each launch's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(bool, Evidence, bool, Timestamp)", into = "(bool, Evidence, bool, Timestamp)")]
pub(super) struct Grounds {
    /// False where it says only that, or why, the fact is unknown.
    pub(super) known: bool,
    pub(super) evidence: Evidence,
    /// Whether it was said to better an earlier statement.
    pub(super) update: bool,
    pub(super) at: Timestamp,
}

impl From<(bool, Evidence, bool, Timestamp)> for Grounds {
    fn from((known, evidence, update, at): (bool, Evidence, bool, Timestamp)) -> Self {
        Self { known, evidence, update, at }
    }
}

impl From<Grounds> for (bool, Evidence, bool, Timestamp) {
    fn from(Grounds { known, evidence, update, at }: Grounds) -> Self {
        (known, evidence, update, at)
    }
}

/// One witness's statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Statement {
    #[serde(rename = "on")]
    pub(super) grounds: Grounds,
    pub(super) value: Value,
}

/// The best statement so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Register(Option<Statement>);

impl Register {
    /// Keeps the better of what was said and `statement`; returns whether that is the latter.
    pub(super) fn hear(&mut self, statement: Statement) -> bool {
        let is_better = self.0.as_ref().is_none_or(|best| statement.is_better_than(best));
        if is_better {
            self.0 = Some(statement);
        }
        is_better
    }

    /// Returns the best statement.
    pub(super) fn best(&self) -> Option<&Statement> {
        self.0.as_ref()
    }
}

impl Statement {
    /// Whether this one is kept of the two.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        let text = |of: &Self| of.value.to_string();
        match self.grounds.cmp(&other.grounds) {
            Ordering::Equal => text(self) > text(other),
            order => order.is_gt(),
        }
    }
}

/// Returns the number that stands for `evidence` in a column; stronger is greater.
///
/// The numbers are part of the schema and leave room between them.
pub(super) fn strength(evidence: Evidence) -> i64 {
    match evidence {
        Evidence::Inferred => 10,
        Evidence::Polled => 20,
        Evidence::Config => 30,
        Evidence::Transcript => 40,
        Evidence::Registry => 50,
        Evidence::Kernel => 60,
    }
}

/// Returns the evidence that `strength` stands for.
pub(super) fn evidence(strength: i64) -> Evidence {
    match strength {
        ..20 => Evidence::Inferred,
        20..30 => Evidence::Polled,
        30..40 => Evidence::Config,
        40..50 => Evidence::Transcript,
        50..60 => Evidence::Registry,
        60.. => Evidence::Kernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(known: bool, evidence: Evidence, at: i64, value: &str) -> Statement {
        let grounds = Grounds { known, evidence, update: false, at: Timestamp::from_ms(at) };
        Statement { grounds, value: value.into() }
    }

    fn update(mut statement: Statement) -> Statement {
        statement.grounds.update = true;
        statement
    }

    #[test]
    fn the_better_statement_wins_in_either_order() {
        use Evidence::{Kernel, Polled};
        let worse_and_better = [
            (statement(false, Kernel, 9, "z"), statement(true, Polled, 1, "a")),
            (statement(true, Polled, 9, "z"), statement(true, Kernel, 1, "a")),
            (statement(true, Kernel, 1, "z"), statement(true, Kernel, 2, "a")),
            (statement(true, Kernel, 9, "z"), update(statement(true, Kernel, 1, "a"))),
            (statement(true, Kernel, 1, "a"), statement(true, Kernel, 1, "z")),
        ];
        for (worse, better) in worse_and_better {
            for pair in [[&worse, &better], [&better, &worse]] {
                let mut register = Register::default();
                pair.into_iter().for_each(|statement| _ = register.hear(statement.clone()));
                assert_eq!(register.best(), Some(&better));
            }
        }
    }

    #[test]
    fn a_strength_stands_for_one_evidence() {
        use Evidence::{Config, Inferred, Kernel, Polled, Registry, Transcript};
        let all = [Inferred, Polled, Config, Transcript, Registry, Kernel];
        assert!(all.is_sorted_by_key(|each| strength(*each)));
        assert_eq!(all.map(strength).map(evidence), all);
    }
}
