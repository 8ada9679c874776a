//! One table while it is made: a column stands beside what it says of each row.

use csv::{QuoteStyle, Terminator, WriterBuilder};
use trackway_protocol::ids::{LaunchId, RecordId, Timestamp};
use trackway_protocol::record::{Evidence, Risk};
use trackway_protocol::report::Use;

use super::cell::harmless;
use crate::clean::clean;

/// A table of `T`s.
pub(super) struct Sheet<T> {
    rows: Vec<(T, Vec<String>)>,
    columns: Vec<&'static str>,
}

impl<T> Sheet<T> {
    /// Returns a table without columns.
    pub(super) fn of(rows: impl IntoIterator<Item = T>) -> Self {
        let rows = rows.into_iter().map(|row| (row, Vec::new())).collect();
        Self { rows, columns: Vec::new() }
    }

    /// Adds a column of what each row has.
    pub(super) fn column<V: Value + ?Sized>(
        self,
        name: &'static str,
        value: impl Fn(&T) -> &V,
    ) -> Self {
        self.made(name, |row| value(row).text())
    }

    /// Adds a column of what is made of each row.
    pub(super) fn made<V: Value>(mut self, name: &'static str, value: impl Fn(&T) -> V) -> Self {
        self.columns.push(name);
        for (row, cells) in &mut self.rows {
            cells.push(harmless(clean(&value(row).text())).into_owned());
        }
        self
    }

    /// Adds the columns of responses, tokens and costs.
    pub(super) fn uses(self, use_: impl Fn(&T) -> &Use) -> Self {
        self.column("responses", |row| &use_(row).responses)
            .column("tokens_input", |row| &use_(row).tokens.input)
            .column("tokens_cache_read", |row| &use_(row).tokens.cache_read)
            .column("tokens_cache_write_5m", |row| &use_(row).tokens.cache_write_5m)
            .column("tokens_cache_write_1h", |row| &use_(row).tokens.cache_write_1h)
            .column("tokens_output", |row| &use_(row).tokens.output)
            .column("tokens_reasoning", |row| &use_(row).tokens.reasoning)
            .made("cost_usd", |row| use_(row).cost_microusd.map(dollars))
            .column("unpriced_responses", |row| &use_(row).unpriced_responses)
    }

    /// Returns the text of the table, with a line of headings.
    pub(super) fn text(self) -> String {
        let mut writer = WriterBuilder::new()
            .quote_style(QuoteStyle::Necessary)
            .terminator(Terminator::Any(b'\n'))
            .from_writer(Vec::new());
        writer.write_record(&self.columns).expect("a Vec takes all");
        for (_, cells) in &self.rows {
            writer.write_record(cells).expect("each column has a cell in each row");
        }
        let bytes = writer.into_inner().expect("a Vec takes all");
        String::from_utf8(bytes).expect("cells are text")
    }
}

fn dollars(microusd: u64) -> String {
    format!("{}.{:06}", microusd / 1_000_000, microusd % 1_000_000)
}

/// What a cell can say.
pub(super) trait Value {
    /// Returns it as text, empty where it is not known.
    fn text(&self) -> String;
}

impl<V: Value> Value for Option<V> {
    fn text(&self) -> String {
        self.as_ref().map(V::text).unwrap_or_default()
    }
}

/// Words, none of which has a blank in it.
impl Value for Vec<String> {
    fn text(&self) -> String {
        self.join(" ")
    }
}

impl Value for Risk {
    fn text(&self) -> String {
        self.as_str().into()
    }
}

impl Value for Evidence {
    fn text(&self) -> String {
        self.as_str().into()
    }
}

macro_rules! as_it_prints {
    ($($type:ty),*) => {
        $(impl Value for $type {
            fn text(&self) -> String {
                self.to_string()
            }
        })*
    };
}

as_it_prints!(str, String, &str, u64, u32, bool, Timestamp, LaunchId, RecordId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_rows_has_its_headings() {
        let sheet = Sheet::of(std::iter::empty::<u64>()).column("a", |row| row);
        assert_eq!(sheet.column("b", |row| row).text(), "a,b\n");
    }

    #[test]
    fn what_is_unknown_is_empty_and_nothing_is_nothing() {
        let sheet = Sheet::of([None, Some(0_u64)]).column("a", |row| row).made("b", |_| 1_u64);
        assert_eq!(sheet.text(), "a,b\n,1\n0,1\n");
    }

    #[test]
    fn costs_have_all_their_digits() {
        let costs = [0, 1, 75_000, 12_000_003, u64::MAX].map(dollars);
        let expected = ["0.000000", "0.000001", "0.075000", "12.000003", "18446744073709.551615"];
        assert_eq!(costs, expected);
    }
}
