//! A file of rules: what was typed, checked until it can be meant.
//!
//! It is read value by value, so that whatever is wrong has its zone, its key and its line, and no
//! error quotes a value.

use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trackway_protocol::record::Risk;

use super::{RulesError, Touch, Zone};
use crate::agents::user;
use crate::logging::printable;
use crate::zones::pattern::Pattern;

/// The longest file, in bytes.
const MOST_BYTES: usize = 1 << 20;
const MOST_ZONES: usize = 10_000;
/// Patterns of all zones.
const MOST_PATTERNS: usize = 20_000;
/// The longest reason, in characters.
const MOST_REASON: usize = 500;
/// The longest name.
const MOST_NAME: usize = 64;

const KEYS: [&str; 7] = ["name", "reason", "severity", "paths", "remotes", "agents", "touches"];
const EMPTY: &str = "would apply to nothing: leave the key out for all";

/// A zone, and what its paths and its remotes mean.
type Read = (Zone, [Vec<Vec<Pattern>>; 2]);

/// Where in the text something is wrong, and what.
type Fault = (usize, String);

/// Reads the zones of a file, in its order.
pub(super) fn read(text: &str, home: Option<&Path>) -> Result<Vec<Read>, RulesError> {
    if text.len() > MOST_BYTES {
        let reason = format!("is larger than {} KiB", MOST_BYTES >> 10);
        return Err(RulesError { line: None, reason });
    }
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let error = |(at, reason): Fault| RulesError {
        line: Some(line(at)),
        reason: printable(&reason).into_owned(),
    };
    let file = DeTable::parse(text).map_err(|wrong| {
        error((wrong.span().map_or(0, |span| span.start), wrong.message().to_owned()))
    })?;
    let zones = tables(file.get_ref()).map_err(error)?;
    let mut read = Vec::new();
    let (mut known, mut patterns) = (HashMap::new(), 0);
    for (index, (at, table)) in zones.into_iter().enumerate() {
        let typed = Typed::new(index, at, table);
        let zone = typed.zone(home).map_err(error)?;
        let at = typed.key("name");
        if let Some(other) = known.insert(zone.0.name.clone(), at) {
            let why = format!("is that of the zone in line {} too", line(other));
            return Err(error(typed.fault(at, "name", &why)));
        }
        patterns += zone.0.paths.len() + zone.0.remotes.len();
        if patterns > MOST_PATTERNS {
            let why = format!("is one too many: all zones have more than {MOST_PATTERNS} patterns");
            return Err(error((typed.at, format!("{}: {why}", typed.label))));
        }
        read.push(zone);
    }
    Ok(read)
}

/// Returns the tables of zones with where they begin.
fn tables<'a>(file: &'a DeTable<'a>) -> Result<Vec<(usize, &'a DeTable<'a>)>, Fault> {
    if let Some((at, key)) = unknown(file, &["zone"]) {
        return Err((at, format!("{key} is not known: there is nothing but [[zone]]")));
    }
    let Some(zones) = file.get("zone") else { return Ok(Vec::new()) };
    let wrong = |at| (at, "zone is no list of tables: write [[zone]]".to_owned());
    let DeValue::Array(list) = zones.get_ref() else {
        return Err(wrong(zones.span().start));
    };
    if let Some(one_more) = list.get(MOST_ZONES) {
        return Err((one_more.span().start, format!("there are more than {MOST_ZONES} zones")));
    }
    let table = |zone: &'a Spanned<DeValue<'a>>| match zone.get_ref() {
        DeValue::Table(table) => Ok((zone.span().start, table)),
        _ => Err(wrong(zone.span().start)),
    };
    list.iter().map(table).collect()
}

/// Returns the first key that is not known.
fn unknown<'a>(table: &'a DeTable<'_>, known: &[&str]) -> Option<(usize, &'a str)> {
    let keys = table.keys().map(|key| (key.span().start, &**key.get_ref()));
    keys.filter(|(_, key)| !known.contains(key)).min()
}

/// A zone as it was typed.
struct Typed<'a> {
    /// What it is called in errors.
    label: String,
    at: usize,
    table: &'a DeTable<'a>,
}

/// A text, and where it begins.
type Text<'a> = (usize, &'a str);

impl<'a> Typed<'a> {
    fn new(index: usize, at: usize, table: &'a DeTable<'a>) -> Self {
        let name = table.get("name").and_then(|name| name.get_ref().as_str());
        let label = match name.filter(|name| is_name(name)) {
            Some(name) => format!("zone \"{name}\""),
            None => format!("zone {}", index + 1),
        };
        Self { label, at, table }
    }

    fn zone(&self, home: Option<&Path>) -> Result<Read, Fault> {
        if let Some((at, key)) = unknown(self.table, &KEYS) {
            return Err(self.fault(at, key, &format!("is none of {}", KEYS.join(", "))));
        }
        let name = self.name()?;
        let reason = self.reason()?;
        let severity = self.severity()?;
        let agents = self.words("agents", &user::agents(), |word| {
            user::by_name(word).map(|agent| agent.name().to_owned())
        })?;
        let known = Touch::ALL.map(Touch::as_str).join(", ");
        let touches = self.words("touches", &known, Touch::parse)?;
        let (paths, of_paths) =
            self.patterns("paths", |typed| Ok(vec![Pattern::of_path(typed, home)?]))?;
        let (remotes, of_remotes) = self.patterns("remotes", Pattern::of_remote)?;
        if paths.is_empty() && remotes.is_empty() {
            return Err((self.at, format!("{}: has neither paths nor remotes", self.label)));
        }
        let agents = agents.unwrap_or_default();
        let touches = touches.unwrap_or_else(|| Touch::ALL.to_vec());
        let hash = String::new();
        let zone = Zone { name, reason, severity, paths, remotes, agents, touches, hash };
        Ok((Zone { hash: hash_of(&zone), ..zone }, [of_paths, of_remotes]))
    }

    fn name(&self) -> Result<String, Fault> {
        let missing = || (self.at, format!("{}: name: is missing", self.label));
        let (at, name) = self.text("name")?.ok_or_else(missing)?;
        let why = format!("is not 1 to {MOST_NAME} letters, digits, and any of . _ -");
        is_name(name).then(|| name.to_owned()).ok_or_else(|| self.fault(at, "name", &why))
    }

    fn reason(&self) -> Result<Option<String>, Fault> {
        let Some((at, reason)) = self.text("reason")? else { return Ok(None) };
        if reason.chars().count() > MOST_REASON {
            let why = format!("is longer than {MOST_REASON} characters");
            return Err(self.fault(at, "reason", &why));
        }
        let is_plain = printable(reason) == reason;
        let why = "has control characters in it";
        is_plain.then(|| Some(reason.to_owned())).ok_or_else(|| self.fault(at, "reason", why))
    }

    fn severity(&self) -> Result<Risk, Fault> {
        match self.text("severity")? {
            None | Some((_, "medium")) => Ok(Risk::Medium),
            Some((_, "low")) => Ok(Risk::Low),
            Some((_, "high")) => Ok(Risk::High),
            Some((at, _)) => Err(self.fault(at, "severity", "is none of low, medium, high")),
        }
    }

    /// Reads a list of words, each once and in order; absent where the key is.
    fn words<T: Ord>(
        &self,
        key: &str,
        known: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Fault> {
        let Some(texts) = self.list(key, EMPTY)? else { return Ok(None) };
        let mut words = Vec::new();
        for (index, (at, text)) in texts.into_iter().enumerate() {
            let why = || self.fault(at, &format!("{key}[{index}]"), &format!("is none of {known}"));
            words.push(read(text).ok_or_else(why)?);
        }
        words.sort_unstable();
        words.dedup();
        Ok(Some(words))
    }

    /// Reads patterns: as they were typed, and what each means.
    fn patterns(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<Vec<Pattern>, String>,
    ) -> Result<(Vec<String>, Vec<Vec<Pattern>>), Fault> {
        let empty = "names nothing: leave the key out";
        let (mut typed, mut patterns) = (Vec::new(), Vec::new());
        for (index, (at, text)) in
            self.list(key, empty)?.unwrap_or_default().into_iter().enumerate()
        {
            let why = |why: String| self.fault(at, &format!("{key}[{index}]"), &why);
            patterns.push(read(text).map_err(why)?);
            typed.push(text.to_owned());
        }
        Ok((typed, patterns))
    }

    fn text(&self, key: &str) -> Result<Option<Text<'a>>, Fault> {
        let text = |value| self.text_of(value, key);
        self.table.get(key).map(text).transpose()
    }

    fn list(&self, key: &str, empty: &str) -> Result<Option<Vec<Text<'a>>>, Fault> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let DeValue::Array(list) = value.get_ref() else {
            return Err(self.fault(value.span().start, key, "is no list of texts"));
        };
        if list.is_empty() {
            return Err(self.fault(value.span().start, key, empty));
        }
        let texts = list.iter().enumerate();
        let texts = texts.map(|(index, value)| self.text_of(value, &format!("{key}[{index}]")));
        texts.collect::<Result<_, _>>().map(Some)
    }

    fn text_of(&self, value: &'a Spanned<DeValue<'a>>, key: &str) -> Result<Text<'a>, Fault> {
        let at = value.span().start;
        let text = value.get_ref().as_str().map(|text| (at, text));
        text.ok_or_else(|| self.fault(at, key, "is no text"))
    }

    /// Returns where the value of a key is.
    fn key(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.at, |value| value.span().start)
    }

    fn fault(&self, at: usize, key: &str, why: &str) -> Fault {
        (at, format!("{}: {key}: {why}", self.label))
    }
}

fn is_name(name: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=MOST_NAME).contains(&name.len()) && name.bytes().all(may_be)
}

/// Returns the hash of all that makes a zone what it is; the order of its lists does not.
fn hash_of(zone: &Zone) -> String {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list.dedup();
        list
    };
    let touches: Vec<String> = zone.touches.iter().map(|it| it.as_str().to_owned()).collect();
    let one = |text: &str| vec![text.to_owned()];
    let parts = [
        one(&zone.name),
        Vec::from_iter(zone.reason.clone()),
        one(zone.severity.as_str()),
        sorted(&zone.paths),
        sorted(&zone.remotes),
        zone.agents.clone(),
        touches,
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        for text in part {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
