//! Values: texts, numbers, truths, lists and tables, and texts of which little is taken.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use crate::session::Lines;

use super::{Key, Lax, Take};

macro_rules! lax {
    ($($kind:ty),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_any(Lax::default())
            }
        }
    )*};
}
lax!(Str<'de>, Number, Flag);

/// A text.
#[derive(Default)]
pub(crate) struct Str<'a>(pub(crate) Option<Cow<'a, str>>);

impl<'de> Take<'de> for Str<'de> {
    fn text(text: Cow<'de, str>) -> Self {
        Self(Some(text))
    }
}

impl Str<'_> {
    /// Returns the text, empty where there is none.
    pub(crate) fn get(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether it is this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_deref() == Some(text)
    }
}

/// A number that is whole and not negative.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) Option<u64>);

impl Take<'_> for Number {
    fn number(number: u64) -> Self {
        Self(Some(number))
    }
}

impl Number {
    /// Returns the number, 0 where there is none.
    pub(crate) fn get(self) -> u64 {
        self.0.unwrap_or_default()
    }
}

/// A truth.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

impl Take<'_> for Flag {
    fn flag(flag: bool) -> Self {
        Self(Some(flag))
    }
}

impl Flag {
    /// Whether it is there and true.
    pub(crate) fn is_set(self) -> bool {
        self.0 == Some(true)
    }
}

/// Bytes at the beginning of a text that [`Head`] takes: some lines of a heading.
const HEAD: usize = 512;

/// A value of any type; of a text only its beginning is decoded.
pub(crate) enum Head<'a> {
    Text(String),
    Other(&'a str),
}

impl<'a> Head<'a> {
    /// Reads the source of a value.
    pub(crate) fn of(source: &'a str) -> Self {
        let Some(text) = source.strip_prefix('"') else { return Self::Other(source) };
        // A pair of escapes may be cut in two, where a shorter beginning has another end.
        let head = (0..12).map(|less| HEAD - less).find_map(|most| {
            let head = format!("\"{}\"", &text[..end_of_head(text, most)]);
            serde_json::from_str(&head).ok()
        });
        Self::Text(head.unwrap_or_default())
    }
}

/// Returns where the text ends, or the end of the character or escape that reaches `most`.
fn end_of_head(text: &str, most: usize) -> usize {
    let mut rest = text.chars();
    let mut end = 0;
    while end < most {
        match rest.next() {
            Some('"') | None => break,
            // Of an escape's four digits none needs to be looked at: they are characters like others.
            Some('\\') => {
                rest.next();
            }
            Some(_) => {}
        }
        end = text.len() - rest.as_str().len();
    }
    end
}

impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(input).map(|source| Self::of(source.get()))
    }
}

/// An array.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Take<'de> for List<T> {
    fn items<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut list = Self::default();
        while let Some(item) = seq.next_element()? {
            list.0.push(item);
        }
        Ok(list)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}

/// An object with names that are data, such as paths.
pub(crate) struct Table<'a, T>(pub(crate) Vec<(Cow<'a, str>, T)>);

impl<T> Default for Table<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Take<'de> for Table<'de, T> {
    fn fields<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut table = Self::default();
        while let Some((key, value)) = map.next_entry::<Key<'de>, T>()? {
            table.0.push((key.0, value));
        }
        Ok(table)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<'de, T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Lax::default())
    }
}

/// A text of which only the number of its lines is taken, and how many of them a diff adds or
/// removes.
#[derive(Clone, Copy, Default)]
pub(crate) struct LineCount {
    pub(crate) all: u64,
    pub(crate) diff: Lines,
}

impl LineCount {
    /// Counts in the source of a JSON text: a line feed can stand there only as an escape.
    fn of(source: &str) -> Self {
        let Some(text) = source.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
            return Self::default();
        };
        let mut count = Self::default();
        let mut begin = true;
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            if begin {
                count.all += 1;
                count.diff.added += u64::from(byte == b'+');
                count.diff.removed += u64::from(byte == b'-');
            }
            begin = byte == b'\\' && bytes.next() == Some(b'n');
        }
        count
    }
}

impl<'de> Deserialize<'de> for LineCount {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(input).map(|source| Self::of(source.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_without_being_read() {
        let count = |text: &str| {
            let count = LineCount::of(&serde_json::to_string(text).unwrap());
            (count.all, count.diff.added, count.diff.removed)
        };
        assert_eq!(count(""), (0, 0, 0));
        assert_eq!(count("one"), (1, 0, 0));
        assert_eq!(count("one\ntwo\n"), (2, 0, 0));
        assert_eq!(count("-a\\n\n+b \"\n+c\n d\n"), (4, 2, 1));
    }

    #[test]
    fn of_a_text_only_the_beginning_is_decoded() {
        let head = |text: &str| match Head::of(&serde_json::to_string(text).unwrap()) {
            Head::Text(head) => head,
            Head::Other(_) => panic!("it is a text"),
        };
        assert_eq!(head("Exit \"code\" 1\n\u{1}é"), "Exit \"code\" 1\n\u{1}é");
        for long in ["\n\"".repeat(900), "é".repeat(900), "\u{1}".repeat(900), "a".repeat(900)] {
            let head = head(&long);
            assert!(long.starts_with(&head) && head.len() > 60 && head.len() < 600, "{head:?}");
        }
        let Head::Text(pairs) = Head::of(&format!("\"a{}\"", r"\ud83d\ude00".repeat(90))) else {
            panic!("it is a text")
        };
        assert!(pairs.chars().count() > 30);
        assert!(matches!(Head::of("[1]"), Head::Other("[1]")));
    }
}
