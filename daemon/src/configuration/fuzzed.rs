//! What fuzzing reaches of reading configuration: any text, by the tables of every agent.

use serde_json::Value;

use super::catalogue::Format;
use super::entry::{Entries, Entry, parts};
use super::read::parse;
use crate::agents::CATALOGUE;
use crate::enrich::redact::value;

const SALT: &[u8] = b"salt";

/// Settings in JSON: what is shown has no secret and nothing that acts on a terminal, and spacing
/// and the order of keys change nothing.
pub fn configuration_json(bytes: &[u8]) {
    for format in formats().filter(|format| !matches!(format, Format::Toml(_))) {
        if read(bytes, format).is_none() {
            continue;
        }
        // Here no key stands twice.
        let Ok(parsed) = serde_json::from_slice::<Value>(bytes) else { continue };
        if !has_fraction(&parsed) {
            let entries = read(parsed.to_string().as_bytes(), format).expect("it was read before");
            let again = read(otherwise(&parsed).as_bytes(), format).expect("it says the same");
            assert_eq!(sorted(again), sorted(entries));
        }
    }
}

/// Settings in TOML: as for JSON.
pub fn configuration_toml(bytes: &[u8]) {
    for format in formats().filter(|format| matches!(format, Format::Toml(_))) {
        if let Some(entries) = read(bytes, format) {
            let with_comment = [bytes, b"\n# a remark"].concat();
            let again = read(&with_comment, format).expect("a remark says nothing");
            assert_eq!(sorted(again), sorted(entries));
        }
    }
}

fn formats() -> impl Iterator<Item = Format> {
    let rules = CATALOGUE.iter().flat_map(|agent| agent.configuration().files);
    let parsed = |format: &Format| !matches!(format, Format::Hash | Format::Secret);
    rules.map(|rule| rule.format).filter(parsed)
}

fn read(bytes: &[u8], format: Format) -> Option<Entries> {
    let entries = match parse(bytes, format, SALT) {
        Ok(entries) => entries,
        Err(why) => {
            assert!(!why.contains(char::is_control) && why.len() < 100, "{why:?}");
            return None;
        }
    };
    for entry in &entries.entries {
        let key = entry.key();
        assert!(!key.contains(char::is_control), "{key:?}");
        assert!(entry.key.is_empty() || parts(&key) == entry.key, "{key:?}");
        entry.shown.iter().for_each(assert_may_stand);
    }
    Some(entries)
}

fn assert_may_stand(shown: &Value) {
    match shown {
        Value::String(text) => {
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(!value::holds_secret(text.as_bytes()), "{text:?}");
        }
        Value::Array(_) | Value::Object(_) => panic!("one value: {shown}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn sorted(mut entries: Entries) -> Vec<Entry> {
    entries.entries.sort_by(Entry::order);
    entries.entries
}

/// Writes a value with its keys in another order, and with spaces.
fn otherwise(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                format!("{} :\t{}", Value::from(&**key), otherwise(value))
            };
            format!("{{ {} }}", fields.iter().rev().map(field).collect::<Vec<_>>().join(" ,\n"))
        }
        Value::Array(values) => {
            format!("[ {} ]", values.iter().map(otherwise).collect::<Vec<_>>().join(" , "))
        }
        value => value.to_string(),
    }
}

/// Whether a number in it may be written in more than one way.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        _ => false,
    }
}
