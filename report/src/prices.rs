//! What tokens would cost at the vendor's API.

use trackway_protocol::record::Tokens;
use trackway_protocol::report::Prices;

/// A list of prices. The first entry that names a model counts; a user's own entries go first.
#[derive(Clone, Debug, Default)]
pub struct PriceList {}

/// Why a file of prices is not used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {}

/// Prices of one model, in millionths of a US dollar for a million tokens: what one token costs in
/// billionths of a thousandth of a dollar (10⁻¹² dollars).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Neither read from nor written to a cache.
    pub input: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache of five minutes.
    pub cache_write_5m: u64,
    /// Written to a cache of an hour.
    pub cache_write_1h: u64,
    /// Written by the model, reasoning included.
    pub output: u64,
}

impl PriceList {
    /// Returns the prices that Trackway knows.
    #[must_use]
    pub fn known() -> Self {
        Self {}
    }

    /// Puts a user's own prices before these. `file` is for errors, and for reports to name.
    ///
    /// # Errors
    ///
    /// [`PriceError`] where the text is no list of prices.
    pub fn with_own(self, _text: &str, _file: &str) -> Result<Self, PriceError> {
        Ok(self)
    }

    /// Returns the price of a model that an agent used.
    #[must_use]
    pub fn find(&self, _agent: &str, _model: &str) -> Option<Price> {
        None
    }

    /// Returns what a report says of them.
    #[must_use]
    pub fn about(&self) -> Prices {
        Prices::default()
    }
}

impl Price {
    /// Returns what tokens cost, in 10⁻¹² dollars: exact, for sums that are rounded once.
    #[must_use]
    pub fn of(&self, tokens: &Tokens) -> u128 {
        [
            (tokens.input, self.input),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write_5m, self.cache_write_5m),
            (tokens.cache_write_1h, self.cache_write_1h),
            (tokens.output, self.output),
        ]
        .into_iter()
        .map(|(tokens, price)| u128::from(tokens) * u128::from(price))
        .sum()
    }
}
