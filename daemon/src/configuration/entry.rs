//! What a file says, key by key: of each value what may stand, and a digest by which a change is
//! known.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::catalogue::{KeyRule, Show};
use super::rule;
use crate::enrich::redact::{length, value};

/// How many entries of one file are kept.
pub(super) const MOST: usize = 20_000;
/// How often keys may stand twice: each costs a look at all entries.
const MOST_TWICE: u64 = 100;
/// How long a part of a key may be, in bytes.
const LONGEST_PART: usize = 300;

/// One setting, or one member of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The parts of the key.
    pub(super) key: Vec<String>,
    /// Whether it is a member of a list.
    pub(super) is_member: bool,
    /// What may stand of its value.
    pub(super) shown: Option<Value>,
    pub(super) digest: Digest,
    /// Whether it is a name that may stand where it is a key of the same file as well.
    #[serde(skip)]
    pub(super) is_name: bool,
}

/// By which equal values are known. It is salted, so that a short secret cannot be found by trying,
/// unless with what the ledger's own directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Digest([u8; 12]);

impl Digest {
    /// Returns the digest of a text as a value.
    pub(super) fn of_text(salt: &[u8], text: &str) -> Self {
        Self::of(salt, &[b"s", text.as_bytes()])
    }

    pub(super) fn of(salt: &[u8], parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let hash = hash.finalize();
        Self(std::array::from_fn(|at| hash[at]))
    }
}

/// The entries of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entries {
    pub(super) entries: Vec<Entry>,
    /// How many more there are.
    pub(super) left_out: u64,
    /// Keys that one object has twice.
    pub(super) twice: u64,
}

impl Entry {
    /// Returns the key in one text.
    pub(super) fn key(&self) -> String {
        joined(self.key.iter().map(String::as_str))
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        (&self.key, self.digest).cmp(&(&other.key, other.digest))
    }
}

/// Returns the parts of a key in one text; those that are no plain words are quoted.
pub(super) fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-@*".contains(&byte);
    let quoted =
        parts.into_iter().map(|part| match !part.is_empty() && part.bytes().all(is_plain) {
            true => part.to_owned(),
            false => format!("\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\"")),
        });
    quoted.collect::<Vec<_>>().join(".")
}

/// Takes a key apart into its parts again.
pub(crate) fn parts(key: &str) -> Vec<String> {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = key.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => part.extend(letters.next()),
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
    }
    parts.push(part);
    parts
}

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
        let is_name = matches!(self.rule(), Some(Show::Name(_)));
        self.into.entries.push(Entry { key: self.key, is_member, shown, digest, is_name });
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
        match self.rule() {
            // The whole of it is one value.
            Some(Show::List(member)) => input.deserialize_any(List { of: self, member: *member }),
            Some(Show::Hooks) => input.deserialize_any(Events(self)),
            Some(show) => {
                let hashed = Hashed::deserialize_salted(self.salt, input)?;
                if let Show::Ignored = show {
                    return Ok(());
                }
                if matches!(show, Show::True) && hashed.scalar != Some(Value::Bool(true)) {
                    return Ok(());
                }
                let shown = shown(show, &hashed.scalar);
                self.put(false, shown, hashed.digest);
                Ok(())
            }
            None if self.is_above() || self.key.is_empty() => input.deserialize_any(Object(self)),
            None => {
                let hashed = Hashed::deserialize_salted(self.salt, input)?;
                if !matches!(self.others, Show::Ignored) {
                    self.put(false, None, hashed.digest);
                }
                Ok(())
            }
        }
    }
}

/// Goes through the keys of an object.
struct Object<'a>(Walk<'a>);

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut walk = self.0;
        let mut seen = std::collections::HashSet::new();
        while let Some(part) = map.next_key::<String>()? {
            if !seen.insert(Digest::of(&[], &[part.as_bytes()])) {
                walk.into.twice += 1;
                if walk.into.twice > MOST_TWICE {
                    return Err(M::Error::custom("too many keys stand twice"));
                }
                // The last one counts, with both formats' readers.
                let mut key = walk.key.clone();
                key.push(bounded(&part));
                walk.into.entries.retain(|entry| !entry.key.starts_with(&key));
            }
            map.next_value_seed(walk.below(&part))?;
        }
        Ok(())
    }

    // What should be an object and is none is noted as something that is set.
    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let mut hash = Hash::new(self.0.salt);
        while let Some(hashed) = seq.next_element_seed(Salted(self.0.salt))? {
            hash.add(hashed.digest);
        }
        let digest = hash.finish();
        self.0.put(false, None, digest);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(&[u8::from(value)])
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(&value.to_le_bytes())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(&value.to_le_bytes())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(&value.to_le_bytes())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.scalar(value.as_bytes())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl Object<'_> {
    fn scalar<E>(self, bytes: &[u8]) -> Result<(), E> {
        let digest = Digest::of(self.0.salt, &[bytes]);
        self.0.put(false, None, digest);
        Ok(())
    }
}

/// Goes through the members of a list.
struct List<'a> {
    of: Walk<'a>,
    member: Show,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        let mut seen = std::collections::HashSet::new();
        while let Some(hashed) = seq.next_element_seed(Salted(self.of.salt))? {
            if seen.insert(hashed.digest) {
                let shown = shown(self.member, &hashed.scalar);
                let Walk { salt, others, .. } = self.of;
                let (rules, key) = (Vec::new(), self.of.key.clone());
                let one = Walk { into: &mut *self.of.into, salt, rules, others, key };
                one.put(true, shown.or(hashed.length), hashed.digest);
            }
        }
        Ok(())
    }

    // Several lists have a form in which one word stands for all.
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        let digest = Digest::of(self.of.salt, &[&[u8::from(value)]]);
        self.of.put(false, Some(value.into()), digest);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let digest = Digest::of(self.of.salt, &[value.as_bytes()]);
        let shown = shown(self.member, &Some(value.into()));
        self.of.put(false, shown, digest);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        let digest = hash_map(self.of.salt, map)?;
        self.of.put(false, None, digest);
        Ok(())
    }
}

/// Goes through hooks: by event a list of groups, each with what it matches and what runs.
struct Events<'a>(Walk<'a>);

impl<'de> Visitor<'de> for Events<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hooks by event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut walk = self.0;
        while let Some(event) = map.next_key::<String>()? {
            // Hooks are small: a group of them is read as a whole.
            let groups = map.next_value::<Value>()?;
            let groups = groups.as_array().cloned().unwrap_or_else(|| vec![groups]);
            for group in &groups {
                let hooks = group.get("hooks").and_then(Value::as_array);
                let hooks = hooks.map_or_else(|| vec![group], |hooks| hooks.iter().collect());
                let matcher = group.get("matcher").map(ToString::to_string).unwrap_or_default();
                for hook in hooks {
                    const TYPES: &[&str] = &["command", "prompt", "agent", "http", "mcp_tool"];
                    let kind = hook.get("type").and_then(Value::as_str).unwrap_or_default();
                    let kind = TYPES.iter().find(|known| **known == kind).copied();
                    let text = hook.to_string();
                    let parts = [matcher.as_bytes(), text.as_bytes()];
                    let digest = Digest::of(walk.salt, &parts);
                    walk.below(&event).put(true, Some(kind.unwrap_or("hook").into()), digest);
                }
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, seq: S) -> Result<(), S::Error> {
        Object(self.0).visit_seq(seq)
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        Object(self.0).scalar(&[u8::from(value)])
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        Object(self.0).scalar(&value.to_le_bytes())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        Object(self.0).scalar(&value.to_le_bytes())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        Object(self.0).scalar(&value.to_le_bytes())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        Object(self.0).scalar(value.as_bytes())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A value of which nothing is kept but its digest, unless it is a plain one.
struct Hashed {
    digest: Digest,
    scalar: Option<Value>,
    /// What stands for a text that is not shown.
    length: Option<Value>,
}

impl Hashed {
    fn deserialize_salted<'de, D: Deserializer<'de>>(
        salt: &[u8],
        input: D,
    ) -> Result<Self, D::Error> {
        Salted(salt).deserialize(input)
    }

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
        let mut hash = Hash::new(self.0);
        while let Some(hashed) = seq.next_element_seed(self)? {
            hash.add(hashed.digest);
        }
        Ok(Hashed { digest: hash.finish(), scalar: None, length: None })
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Hashed, M::Error> {
        Ok(Hashed { digest: hash_map(self.0, map)?, scalar: None, length: None })
    }
}

/// Returns a digest of an object that does not depend on the order of its keys.
fn hash_map<'de, M: MapAccess<'de>>(salt: &[u8], mut map: M) -> Result<Digest, M::Error> {
    let mut members = Vec::new();
    while let Some(key) = map.next_key::<String>()? {
        let value = map.next_value_seed(Salted(salt))?.digest;
        members.push(Digest::of(salt, &[key.as_bytes(), &value.0]));
    }
    members.sort_unstable();
    let mut hash = Hash::new(salt);
    members.into_iter().for_each(|member| hash.add(member));
    Ok(hash.finish())
}

struct Hash(Sha256);

impl Hash {
    fn new(salt: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        Self(hash)
    }

    fn add(&mut self, digest: Digest) {
        self.0.update(digest.0);
    }

    fn finish(self) -> Digest {
        let hash = self.0.finalize();
        Digest(std::array::from_fn(|at| hash[at]))
    }
}

/// Returns what of a plain value may stand.
fn shown(show: Show, value: &Option<Value>) -> Option<Value> {
    let value = value.as_ref()?;
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
