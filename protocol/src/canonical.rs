//! The form of JSON that a hash is reckoned from.
//!
//! It is that of RFC 8785 for texts whose numbers are integers: keys sorted, no blanks. The text is
//! rewritten while it is read, so that nothing is built of it: a report has thousands of values.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Returns a JSON object in canonical form, without one of its own fields.
///
/// # Errors
///
/// That it is no JSON, or that two fields of an object have the same name.
pub fn canonical(object: &[u8], without: &str) -> Result<Vec<u8>, serde_json::Error> {
    let (mut out, mut spare) = (Vec::with_capacity(object.len()), Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(object);
    Writer { out: &mut out, spare: &mut spare, without: Some(without) }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(out)
}

/// Writes a value that is being read.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Room for the fields of an object that are put in order.
    spare: &'o mut Vec<u8>,
    /// The field that is left out of this object, and of none below it.
    without: Option<&'o str>,
}

/// The name of a field, copied only where it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Writer<'_> {
    fn below(&mut self) -> Writer<'_> {
        Writer { out: self.out, spare: self.spare, without: None }
    }

    fn write<E: serde::de::Error>(self, value: impl Serialize) -> Result<(), E> {
        serde_json::to_writer(self.out, &value).map_err(E::custom)
    }

    /// Writes a text that has no escapes as it was read, and so needs none.
    fn write_plain(self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    /// Puts the fields that were written from `begin` on in order.
    fn sort<E: serde::de::Error>(
        self,
        begin: usize,
        mut fields: Vec<(Cow<'_, str>, Range<usize>)>,
    ) -> Result<(), E> {
        if fields.is_sorted_by(|(one, _), (other, _)| one < other) {
            return Ok(());
        }
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        if fields.windows(2).any(|two| two[0].0 == two[1].0) {
            return Err(E::custom("two fields have the same name"));
        }
        self.spare.clear();
        for (_, range) in fields {
            if !self.spare.is_empty() {
                self.spare.push(b',');
            }
            self.spare.extend_from_slice(&self.out[range]);
        }
        self.out.truncate(begin);
        self.out.extend_from_slice(self.spare);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.write(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.write(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.write(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.write(value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.write(value)
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<(), E> {
        self.write_plain(value);
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.write(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let begin = self.out.len();
        loop {
            let end = self.out.len();
            if end > begin {
                self.out.push(b',');
            }
            if values.next_element_seed(self.below())?.is_none() {
                self.out.truncate(end);
                self.out.push(b']');
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let (begin, mut fields) = (self.out.len(), Vec::new());
        while let Some(Name(name)) = object.next_key()? {
            if self.without == Some(&*name) {
                object.next_value::<serde::de::IgnoredAny>()?;
                continue;
            }
            if self.out.len() > begin {
                self.out.push(b',');
            }
            let field = self.out.len();
            match &name {
                Cow::Borrowed(name) => self.below().write_plain(name),
                Cow::Owned(name) => self.below().write(name)?,
            }
            self.out.push(b':');
            object.next_value_seed(self.below())?;
            fields.push((name, field..self.out.len()));
        }
        let Self { out, spare, .. } = self;
        Writer { out: &mut *out, spare, without: None }.sort(begin, fields)?;
        out.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn rewritten(json: &str) -> String {
        String::from_utf8(canonical(json.as_bytes(), "sha256").unwrap()).unwrap()
    }

    #[test]
    fn it_is_as_a_sorted_tree_of_values_is_written() {
        for json in [
            "{}",
            r#" { "b" : [ ] , "a" : { } } "#,
            r#"{"b":[1,-2,[null,true],{"d":"e\u0301\n\"\\","c":18446744073709551615}],"a":0.5}"#,
            r#"{"z":{"y":{"x":1,"w":2},"v":3},"aa":1,"a":2,"é":3,"\u0041":"\ud83d\ude00"}"#,
            r#"{"a":{"sha256":"is of another"},"b":[{"sha256":0}]}"#,
        ] {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(rewritten(json), value.to_string(), "{json}");
        }
    }

    #[test]
    fn only_the_outermost_object_is_without_the_field() {
        let json = r#"{"sha256":{"b":1},"b":{"sha256":1},"a":2}"#;
        assert_eq!(rewritten(json), r#"{"a":2,"b":{"sha256":1}}"#);
        assert_eq!(rewritten(r#"{"sha256":"x"}"#), "{}");
    }

    #[test]
    fn what_has_two_meanings_or_none_is_refused() {
        let deep = "[".repeat(100_000);
        for json in
            [r#"{"a":1,"b":2,"a":1}"#, r#"{"a":1,"\u0061":1}"#, "", "{", "{}{}", "{1:2}", &deep]
        {
            assert!(canonical(json.as_bytes(), "sha256").is_err(), "{json:.40}");
        }
    }
}
