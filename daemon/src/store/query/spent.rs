//! Responses and tokens, and what they cost: summed up exactly, and rounded once.

use rusqlite::Row;
use trackway_protocol::record::Tokens;
use trackway_protocol::report::Use;
use trackway_report::prices::Price;

/// Of so many parts is a millionth of a dollar.
const PARTS: u128 = 1_000_000;

/// Returns responses and their tokens, from columns side by side: input, read from a cache, written to one
/// for five minutes and for an hour, output, reasoning.
pub(super) fn counted(row: &Row<'_>, responses: usize) -> rusqlite::Result<(u64, Tokens)> {
    let count = |column| row.get::<_, i64>(responses + column).map(i64::cast_unsigned);
    let tokens = Tokens {
        input: count(1)?,
        cache_read: count(2)?,
        cache_write_5m: count(3)?,
        cache_write_1h: count(4)?,
        output: count(5)?,
        reasoning: count(6)?,
    };
    Ok((count(0)?, tokens))
}

/// A sum.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    responses: u64,
    tokens: Tokens,
    /// In 10⁻¹² dollars.
    cost: u128,
    unpriced: u64,
}

impl Spent {
    /// Returns what responses of a model cost; nothing is known of that where it has no price.
    pub(super) fn by(responses: u64, tokens: Tokens, price: Option<Price>) -> Self {
        let cost = price.map_or(0, |price| price.of(&tokens));
        let unpriced = if price.is_some() { 0 } else { responses };
        Self { responses, tokens, cost, unpriced }
    }

    /// Adds another sum.
    pub(super) fn add(&mut self, other: &Self) {
        self.responses = self.responses.saturating_add(other.responses);
        self.tokens.add(&other.tokens);
        self.cost = self.cost.saturating_add(other.cost);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
    }

    /// Returns the sum, rounded to what reports show.
    pub(super) fn total(&self) -> Use {
        let Self { responses, tokens, cost, unpriced } = *self;
        let rounded = u64::try_from((cost + PARTS / 2) / PARTS).unwrap_or(u64::MAX);
        let is_priced = responses == 0 || unpriced < responses;
        Use {
            responses,
            tokens,
            cost_microusd: is_priced.then_some(rounded),
            unpriced_responses: unpriced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(output: u64) -> Tokens {
        Tokens { output, ..Tokens::default() }
    }

    #[test]
    fn what_is_too_little_to_show_adds_up() {
        // A token for a third of a millionth of a dollar.
        let price = Price { output: 333_333, ..Price::default() };
        let mut spent = Spent::default();
        for _ in 0..3000 {
            spent.add(&Spent::by(1, output(1), Some(price)));
        }
        assert_eq!(spent.total().cost_microusd, Some(1000));
    }

    #[test]
    fn without_a_price_nothing_is_known_and_nothing_costs_nothing() {
        assert_eq!(Spent::default().total().cost_microusd, Some(0));
        let mut spent = Spent::by(2, output(5), None);
        assert_eq!((spent.total().cost_microusd, spent.total().unpriced_responses), (None, 2));
        spent.add(&Spent::by(1, output(1), Some(Price { output: 7_000_000, ..Price::default() })));
        assert_eq!((spent.total().cost_microusd, spent.total().unpriced_responses), (Some(7), 2));
        assert_eq!(spent.total().tokens.output, 6);
    }
}
