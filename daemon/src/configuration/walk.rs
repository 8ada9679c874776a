//! From a file's text to its entries: a value is gone through as it is parsed, whatever its format.

use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::catalogue::{KeyRule, Show};
use super::entry::{Digest, Entries, Entry};
use super::rule;
use crate::enrich::redact::{length, value};

/// How many entries of one file are kept.
const MOST: usize = 20_000;
/// How often keys may stand twice: each costs a look at all entries.
const MOST_TWICE: u64 = 100;
/// How long a part of a key may be, in bytes.
const LONGEST_PART: usize = 300;

/// Reads a value by the rules of its keys, whatever format it comes in, and keeps of it the entries
/// alone.
pub(super) struct Walk<'a> {
    into: &'a mut Entries,
    salt: &'a [u8],
    /// The rules that fit so far, each with what is left of its key.
    rules: Vec<(&'static str, Show)>,
    /// What is done with keys that no rule is of.
    others: Show,
    key: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Begins at the top of a file.
    pub(super) fn new(
        into: &'a mut Entries,
        salt: &'a [u8],
        keys: &'static [KeyRule],
        others: Show,
    ) -> Self {
        let rules = keys.iter().map(|rule| (rule.key, rule.show)).collect();
        Self { into, salt, rules, others, key: Vec::new() }
    }

    /// Returns how the values of one key are read.
    fn below(&mut self, part: &str) -> Walk<'_> {
        let fits = |is_any: bool| {
            let of_part = self.rules.iter().filter_map(move |(rule, show)| {
                let (first, rest) = rule.split_once('.').unwrap_or((rule, ""));
                let wanted = if is_any { first == "*" } else { first == part };
                wanted.then_some((rest, *show))
            });
            of_part.collect::<Vec<_>>()
        };
        let mut rules = fits(false);
        if rules.is_empty() {
            rules = fits(true);
        }
        let mut key = self.key.clone();
        key.push(bounded(part));
        Walk { into: &mut *self.into, salt: self.salt, rules, others: self.others, key }
    }

    /// The rule that is of this very key.
    fn rule(&self) -> Option<Show> {
        self.rules.iter().find(|(rest, _)| rest.is_empty()).map(|(_, show)| *show)
    }

    /// Whether rules are of keys below this one.
    fn is_above(&self) -> bool {
        self.rules.iter().any(|(rest, _)| !rest.is_empty())
    }

    fn put(self, is_member: bool, shown: Option<Value>, digest: Digest) {
        if self.into.entries.len() >= MOST {
            self.into.left_out += 1;
            return;
        }
        if let Some(Show::Name(_)) = self.rule() {
            self.into.names.insert(self.key.clone());
        }
        self.into.entries.push(Entry { key: self.key, is_member, shown, digest });
    }
}

/// Returns a part of a key as it may stand: names are no secrets, but anything may be written there.
fn bounded(part: &str) -> String {
    let may_stand = part.len() <= LONGEST_PART
        && !part.contains(char::is_control)
        && !part.contains(": ")
        && !value::holds_secret(part.as_bytes());
    if may_stand { part.to_owned() } else { length(part.as_bytes()) }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        let shape = match self.rule() {
            Some(Show::List(member)) => Shape::List(*member),
            Some(Show::Hooks) => Shape::Hooks,
            None if self.is_above() || self.key.is_empty() => Shape::Object,
            // The whole of it is one value.
            show => {
                let hashed = Salted(self.salt).deserialize(input)?;
                let show = show.unwrap_or(self.others);
                self.value(show, &hashed);
                return Ok(());
            }
        };
        input.deserialize_any(Node { walk: self, shape })
    }
}

impl Walk<'_> {
    /// Puts down one value.
    fn value(self, show: Show, hashed: &Hashed) {
        let is_true = hashed.scalar == Some(Value::Bool(true));
        if !matches!(show, Show::Ignored) && (is_true || !matches!(show, Show::True)) {
            self.put(false, shown(show, hashed.scalar.as_ref()), hashed.digest);
        }
    }
}

/// A value that is more than one.
struct Node<'a> {
    walk: Walk<'a>,
    shape: Shape,
}

/// What a value should be; what it is instead is noted as something that is set.
#[derive(Clone, Copy)]
enum Shape {
    /// Of its keys there are rules.
    Object,
    /// A list, whose members count as a set of this. One word may stand for all of them.
    List(Show),
    /// By event a list of groups, each with what it matches and what runs.
    Hooks,
}

impl Node<'_> {
    fn something_else<E>(self, hashed: &Hashed) -> Result<(), E> {
        let show = if let Shape::List(member) = self.shape { member } else { Show::Hidden };
        self.walk.value(show, hashed);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        match self.shape {
            Shape::Object => keys(self.walk, map),
            Shape::Hooks => events(self.walk, map),
            Shape::List(_) => {
                let hashed = Salted(self.walk.salt).visit_map(map)?;
                self.something_else(&hashed)
            }
        }
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let salt = self.walk.salt;
        let Shape::List(member) = self.shape else {
            let hashed = Salted(salt).visit_seq(seq)?;
            return self.something_else(&hashed);
        };
        let mut seen = HashSet::new();
        while let Some(hashed) = seq.next_element_seed(Salted(salt))? {
            if seen.insert(hashed.digest) {
                let Walk { others, ref key, .. } = self.walk;
                let (rules, key) = (Vec::new(), key.clone());
                let one = Walk { into: &mut *self.walk.into, salt, rules, others, key };
                let shown = shown(member, hashed.scalar.as_ref());
                one.put(true, shown.or(hashed.length), hashed.digest);
            }
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        let hashed = Salted(self.walk.salt).visit_bool(value)?;
        self.something_else(&hashed)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        let hashed = Salted(self.walk.salt).visit_i64(value)?;
        self.something_else(&hashed)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        let hashed = Salted(self.walk.salt).visit_u64(value)?;
        self.something_else(&hashed)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        let hashed = Salted(self.walk.salt).visit_f64(value)?;
        self.something_else(&hashed)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        let hashed = Salted(self.walk.salt).visit_str(value)?;
        self.something_else(&hashed)
    }

    /// Nothing is set.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Goes through the keys of an object.
fn keys<'de, M: MapAccess<'de>>(mut walk: Walk<'_>, mut map: M) -> Result<(), M::Error> {
    let mut seen = HashSet::new();
    while let Some(part) = map.next_key::<String>()? {
        if !seen.insert(Digest::of(&[], &[part.as_bytes()])) {
            walk.into.twice += 1;
            if walk.into.twice > MOST_TWICE {
                return Err(de::Error::custom("too many keys stand twice"));
            }
            // The last one counts, with both formats' readers.
            let mut key = walk.key.clone();
            key.push(bounded(&part));
            walk.into.forget(&key);
        }
        map.next_value_seed(walk.below(&part))?;
    }
    Ok(())
}

/// Goes through hooks: by event a list of groups, each with what it matches and what runs.
fn events<'de, M: MapAccess<'de>>(mut walk: Walk<'_>, mut map: M) -> Result<(), M::Error> {
    const TYPES: &[&str] = &["command", "prompt", "agent", "http", "mcp_tool"];
    while let Some(event) = map.next_key::<String>()? {
        // Hooks are small: those of an event are read as a whole.
        let groups = map.next_value::<Value>()?;
        for group in groups.as_array().map_or(std::slice::from_ref(&groups), Vec::as_slice) {
            let hooks = group.get("hooks").and_then(Value::as_array);
            let matcher = group.get("matcher").map(ToString::to_string).unwrap_or_default();
            for hook in hooks.map_or(std::slice::from_ref(group), Vec::as_slice) {
                let kind = hook.get("type").and_then(Value::as_str).unwrap_or_default();
                let kind = TYPES.iter().find(|known| **known == kind).unwrap_or(&"hook");
                let parts = [matcher.as_bytes(), &hook.to_string().into_bytes()];
                let digest = Digest::of(walk.salt, &parts);
                walk.below(&event).put(true, Some((*kind).into()), digest);
            }
        }
    }
    Ok(())
}

/// A value of which nothing is kept but its digest, unless it is a plain one.
struct Hashed {
    digest: Digest,
    scalar: Option<Value>,
    /// What stands for a text that is not shown.
    length: Option<Value>,
}

impl Hashed {
    fn of_scalar(salt: &[u8], scalar: Option<Value>, bytes: &[u8]) -> Self {
        let length = scalar.as_ref().and_then(Value::as_str).map(|text| length(text.as_bytes()));
        Self { digest: Digest::of(salt, &[bytes]), scalar, length: length.map(Value::from) }
    }
}

/// Hashes a value while it is read.
#[derive(Clone, Copy)]
struct Salted<'a>(&'a [u8]);

impl<'de> DeserializeSeed<'de> for Salted<'_> {
    type Value = Hashed;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Hashed, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Salted<'_> {
    type Value = Hashed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Hashed, E> {
        Ok(Hashed::of_scalar(self.0, Some(value.into()), &[b'b', u8::from(value)]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Hashed, E> {
        Ok(Hashed::of_scalar(self.0, Some(value.into()), value.to_string().as_bytes()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Hashed, E> {
        Ok(Hashed::of_scalar(self.0, Some(value.into()), value.to_string().as_bytes()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Hashed, E> {
        Ok(Hashed::of_scalar(self.0, Some(value.into()), value.to_string().as_bytes()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Hashed, E> {
        /// Longer texts are none that may stand.
        const LONGEST: usize = 8192;
        let digest = Digest::of_text(self.0, value);
        let scalar = (value.len() <= LONGEST).then(|| Value::from(value));
        let length = Some(length(value.as_bytes()).into());
        Ok(Hashed { digest, scalar, length })
    }

    fn visit_unit<E>(self) -> Result<Hashed, E> {
        Ok(Hashed::of_scalar(self.0, None, b"null"))
    }

    fn visit_none<E>(self) -> Result<Hashed, E> {
        Ok(Hashed::of_scalar(self.0, None, b"null"))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Hashed, S::Error> {
        let mut members = Vec::new();
        while let Some(hashed) = seq.next_element_seed(self)? {
            members.push(hashed.digest);
        }
        let digest = Digest::of_all(self.0, members);
        Ok(Hashed { digest, scalar: None, length: None })
    }

    /// The order of keys does not matter.
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Hashed, M::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self)?.digest;
            members.push(Digest::of_key(self.0, &key, value));
        }
        members.sort_unstable();
        let digest = Digest::of_all(self.0, members);
        Ok(Hashed { digest, scalar: None, length: None })
    }
}

/// Returns what of a plain value may stand.
fn shown(show: Show, value: Option<&Value>) -> Option<Value> {
    let value = value?;
    let text = value.as_str();
    match show {
        Show::Flag | Show::True => value.is_boolean().then(|| value.clone()),
        Show::Number => value.is_number().then(|| value.clone()),
        Show::Text(form) | Show::Name(form) => Some(form.kept(text?.as_bytes(), 0)?.into()),
        Show::FlagOr(form) => match value {
            Value::Bool(_) => Some(value.clone()),
            _ => Some(form.kept(text?.as_bytes(), 0)?.into()),
        },
        Show::Path => rule::path(text?).then(|| value.clone()),
        Show::Host => Some(value::host(text?)?.into()),
        Show::Rule => Some(rule::shown(text?).into()),
        Show::Hidden | Show::Ignored | Show::List(_) | Show::Hooks => None,
    }
}
