//! What tokens would cost at the vendors' APIs: an estimate by a list that is data, and dated.
//!
//! A model that no entry names has no price, and is told apart from one that costs nothing.

use serde::Deserialize;
use trackway_protocol::record::Tokens;
use trackway_protocol::report::Prices;

mod spelling;

/// The prices that Trackway knows.
const KNOWN: &str = include_str!("../prices.toml");

/// A list of prices. The first entry that names a model counts; a user's own entries go first.
#[derive(Clone, Debug)]
pub struct PriceList {
    entries: Vec<Entry>,
    about: Prices,
}

/// Why a list of prices is not used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// It is no list of prices.
    #[error("line {line}: {reason}")]
    Parse {
        /// The line of it.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A price means nothing.
    #[error("the price of {model:?}: {key} {reason}")]
    Value {
        /// The pattern of its models.
        model: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Prices of one model, in millionths of a US dollar for a million tokens. A token costs as many 10⁻¹²
/// dollars.
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

#[derive(Clone, Debug)]
struct Entry {
    pattern: String,
    agent: Option<String>,
    price: Price,
}

/// A list as it was typed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Typed {
    date: Option<String>,
    source: Option<String>,
    #[serde(default)]
    price: Vec<TypedPrice>,
}

/// US dollars for a million tokens.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TypedPrice {
    model: String,
    agent: Option<String>,
    input: f64,
    cache_read: Option<f64>,
    // Not what the case would make of the digits.
    #[serde(rename = "cache-write-5m")]
    cache_write_5m: Option<f64>,
    #[serde(rename = "cache-write-1h")]
    cache_write_1h: Option<f64>,
    output: f64,
}

impl PriceList {
    /// Returns the prices that Trackway knows.
    #[must_use]
    pub fn known() -> Self {
        let (entries, date, source) = read(KNOWN).expect("a test reads this file");
        let about = Prices {
            date: date.unwrap_or_default(),
            source: source.unwrap_or_default(),
            own: None,
        };
        Self { entries, about }
    }

    /// Puts a user's own prices before these. `file` is for reports to name.
    ///
    /// # Errors
    ///
    /// [`PriceError`] where the text is no list of prices.
    pub fn with_own(mut self, text: &str, file: &str) -> Result<Self, PriceError> {
        let (entries, ..) = read(text)?;
        self.entries.splice(0..0, entries);
        self.about.own = Some(file.to_owned());
        Ok(self)
    }

    /// Returns the price of a model that an agent used.
    #[must_use]
    pub fn find(&self, agent: &str, model: &str) -> Option<Price> {
        let plain = spelling::plain(model);
        let of_agent = |entry: &&Entry| entry.agent.as_deref().is_none_or(|it| it == agent);
        let names = |entry: &&Entry| {
            // As it is as well: somebody may price one spelling by itself.
            spelling::matches(&entry.pattern, model) || spelling::matches(&entry.pattern, &plain)
        };
        self.entries.iter().filter(of_agent).find(names).map(|entry| entry.price)
    }

    /// Returns what a report says of them.
    #[must_use]
    pub fn about(&self) -> Prices {
        self.about.clone()
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

type List = (Vec<Entry>, Option<String>, Option<String>);

fn read(text: &str) -> Result<List, PriceError> {
    let typed: Typed = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        PriceError::Parse { line, reason: error.message().to_owned() }
    })?;
    let entries = typed.price.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok((entries, typed.date, typed.source))
}

fn entry(typed: TypedPrice) -> Result<Entry, PriceError> {
    let model = &typed.model;
    if model.is_empty() || model.bytes().all(|byte| byte == b'*') {
        let reason = "names every model";
        return Err(PriceError::Value { model: model.clone(), key: "model", reason });
    }
    let micro = |key, dollars: f64| {
        micro(dollars).map_err(|reason| PriceError::Value { model: model.clone(), key, reason })
    };
    let input = micro("input", typed.input)?;
    let or_input = |key, dollars: Option<f64>| dollars.map_or(Ok(input), |it| micro(key, it));
    let price = Price {
        input,
        cache_read: or_input("cache-read", typed.cache_read)?,
        cache_write_5m: or_input("cache-write-5m", typed.cache_write_5m)?,
        cache_write_1h: or_input("cache-write-1h", typed.cache_write_1h)?,
        output: micro("output", typed.output)?,
    };
    Ok(Entry { pattern: typed.model.to_ascii_lowercase(), agent: typed.agent, price })
}

/// Returns millionths of a dollar.
fn micro(dollars: f64) -> Result<u64, &'static str> {
    const MOST: f64 = 100_000.0;
    if !(0.0..=MOST).contains(&dollars) {
        return Err("is not between 0 and 100000 dollars");
    }
    let micro = dollars * 1e6;
    if (micro - micro.round()).abs() > 1e-3 {
        return Err("has more than six decimals");
    }
    // Within the bounds above this is exact.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in bounds")]
    Ok(micro.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Result<PriceList, String> {
        PriceList::known().with_own(text, "prices.toml").map_err(|error| error.to_string())
    }

    #[test]
    fn the_known_prices_are_dated_and_have_a_source() {
        let list = PriceList::known();
        assert!(list.entries.len() > 20);
        let Prices { date, source, own } = list.about();
        assert_eq!((date.len(), own), (10, None));
        assert!(source.contains("platform.claude.com") && source.contains("developers.openai.com"));
        for Entry { pattern, price, .. } in &list.entries {
            assert!(price.cache_read <= price.input && price.input < price.output, "{pattern}");
        }
    }

    #[test]
    fn a_model_is_found_by_whatever_name_it_goes() {
        let list = PriceList::known();
        let opus = Some(Price {
            input: 5_000_000,
            cache_read: 500_000,
            cache_write_5m: 6_250_000,
            cache_write_1h: 10_000_000,
            output: 25_000_000,
        });
        for name in [
            "claude-opus-4-5",
            "claude-opus-4-5-20251101",
            "claude-opus-4-5@20251101",
            "us.anthropic.claude-opus-4-5-20251101-v1:0",
            "anthropic/claude-opus-4-5",
            "Claude-Opus-4-5[1m]",
        ] {
            assert_eq!(list.find("claude", name), opus, "{name}");
        }
        let codex = list.find("codex", "gpt-5.1-codex-max").unwrap();
        assert_eq!((codex.input, codex.cache_read, codex.output), (1_250_000, 125_000, 10_000_000));
        assert_ne!(list.find("codex", "gpt-5.4-mini"), list.find("codex", "gpt-5.4"));
    }

    #[test]
    fn a_model_that_nobody_knows_has_no_price() {
        let list = PriceList::known();
        for name in ["", "claude", "claude-opus-9", "gpt-9", "llama-3", "gpt-5-x", "<synthetic>"] {
            assert_eq!(list.find("claude", name), None, "{name}");
        }
    }

    #[test]
    fn own_prices_go_first_for_everybody_or_for_one_agent() {
        let text = "[[price]]\nmodel = \"llama-*\"\ninput = 0.075\noutput = 0.3\n\
            [[price]]\nmodel = \"gpt-5\"\nagent = \"claude\"\ninput = 1\noutput = 2\n";
        let list = own(text).unwrap();
        let llama = list.find("codex", "llama-3").unwrap();
        // What has no price of its own costs what input does.
        assert_eq!((llama.input, llama.cache_read, llama.output), (75_000, 75_000, 300_000));
        assert_eq!(list.find("claude", "gpt-5").unwrap().input, 1_000_000);
        assert_eq!(list.find("codex", "gpt-5").unwrap().input, 1_250_000);
        assert_eq!(list.about().own.as_deref(), Some("prices.toml"));
    }

    #[test]
    fn a_list_that_cannot_be_meant_is_refused_with_line_or_key() {
        let error = own("[[price]]\nmodel = \"a\"\ninput = 1\noutptu = 2\n").unwrap_err();
        assert!(error.starts_with("line 4: ") && error.contains("outptu"), "{error}");
        for (fields, why) in [
            ("model = \"a\"\ninput = -1\noutput = 1", "\"a\": input is not between"),
            ("model = \"a\"\ninput = 1\noutput = nan", "output is not between"),
            ("model = \"a\"\ninput = 1e9\noutput = 1", "input is not between"),
            ("model = \"a\"\ninput = 0.0000001\noutput = 1", "more than six decimals"),
            ("model = \"*\"\ninput = 1\noutput = 1", "names every model"),
        ] {
            let error = own(&format!("[[price]]\n{fields}\n")).unwrap_err();
            assert!(error.contains(why), "{fields}: {error}");
        }
    }

    #[test]
    fn tokens_cost_what_their_classes_do_and_reasoning_is_part_of_output() {
        let price = PriceList::known().find("claude", "claude-opus-4-5").unwrap();
        let tokens = Tokens {
            input: 1,
            cache_read: 10,
            cache_write_5m: 100,
            cache_write_1h: 1000,
            output: 10_000,
            reasoning: 9000,
        };
        // In 10⁻¹² dollars: 5 + 10 × 0.5 + 100 × 6.25 + 1000 × 10 + 10000 × 25 millionths.
        assert_eq!(price.of(&tokens), 260_635_000_000);
        assert_eq!(
            Price { input: u64::MAX, ..price }.of(&Tokens { input: u64::MAX, ..Tokens::default() }),
            u128::from(u64::MAX).pow(2)
        );
    }
}
