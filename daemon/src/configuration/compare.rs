//! What is new between two states of a file, and what it means.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use trackway_protocol::record::{ConfigChange, Risk};

use super::catalogue::{OF_FILES, RiskRule, Scope, When, fits};
use super::entry::Entry;
use super::rule;

/// Compares what was said with what is said, key by key.
pub(super) fn compare(
    before: &[Entry],
    after: &[Entry],
    scope: Scope,
    risks: &[RiskRule],
) -> Vec<ConfigChange> {
    let mut changes = Vec::new();
    for (is_member, (old, new)) in join(before, after) {
        match is_member {
            true => members(&old, &new, &mut changes),
            false => scalar(old.last().copied(), new.last().copied(), &mut changes),
        }
    }
    let judged = changes.into_iter().map(|(parts, mut change)| {
        if let Some(rule) = judge(risks, scope, &parts, &change) {
            (change.risk, change.why) = (rule.risk, Some(rule.why.to_owned()));
        }
        change
    });
    judged.collect()
}

type Both<'a> = (Vec<&'a Entry>, Vec<&'a Entry>);
type Keyed = (Vec<String>, ConfigChange);

/// Puts the entries of each key together.
fn join<'a>(before: &'a [Entry], after: &'a [Entry]) -> Vec<(bool, Both<'a>)> {
    let mut keys: BTreeMap<(&[String], bool), Both<'a>> = BTreeMap::new();
    for entry in before {
        keys.entry((&entry.key, entry.is_member)).or_default().0.push(entry);
    }
    for entry in after {
        keys.entry((&entry.key, entry.is_member)).or_default().1.push(entry);
    }
    keys.into_iter().map(|((_, is_member), both)| (is_member, both)).collect()
}

fn scalar(old: Option<&Entry>, new: Option<&Entry>, changes: &mut Vec<Keyed>) {
    if old.map(|entry| entry.digest) != new.map(|entry| entry.digest) {
        changes.extend(change(old, new, ["unset", "set"]));
    }
}

fn members(old: &[&Entry], new: &[&Entry], changes: &mut Vec<Keyed>) {
    let digests = |entries: &[&Entry]| entries.iter().map(|it| it.digest).collect::<HashSet<_>>();
    let (before, after) = (digests(old), digests(new));
    let mut gone: Vec<&Entry> =
        old.iter().filter(|entry| !after.contains(&entry.digest)).copied().collect();
    for entry in new.iter().filter(|entry| !before.contains(&entry.digest)) {
        // One that looks the same is taken for the same one, changed where nothing is shown of it.
        let same = gone.iter().position(|other| other.shown == entry.shown);
        let before = same.map(|at| gone.remove(at));
        changes.extend(change(before, Some(entry), ["removed", "added"]));
    }
    for entry in gone {
        changes.extend(change(Some(entry), None, ["removed", "added"]));
    }
}

fn change(old: Option<&Entry>, new: Option<&Entry>, words: [&str; 2]) -> Option<Keyed> {
    let what = match (old, new) {
        (None, None) => return None,
        (Some(_), None) => words[0],
        (None, Some(_)) => words[1],
        (Some(_), Some(_)) => "changed",
    };
    let entry = new.or(old)?;
    let value = |entry: Option<&Entry>| entry.and_then(|entry| entry.shown.clone());
    let (before, after) = (value(old), value(new));
    let what = what.to_owned();
    let change = ConfigChange { key: entry.key(), what, before, after, ..ConfigChange::default() };
    Some((entry.key.clone(), change))
}

/// Returns the rules of a key, those of all agents' files among them.
fn of_key<'a>(risks: &'a [RiskRule], parts: &[String]) -> impl Iterator<Item = &'a RiskRule> {
    let all = risks.iter().chain(&OF_FILES);
    all.filter(|rule| fits(rule.key, parts.iter().map(String::as_str)))
}

/// Returns the rule of the greatest risk that a change is of.
fn judge<'a>(
    risks: &'a [RiskRule],
    scope: Scope,
    parts: &[String],
    change: &ConfigChange,
) -> Option<&'a RiskRule> {
    let is_gone = matches!(&*change.what, "unset" | "removed");
    let of_key = of_key(risks, parts);
    let met = of_key.filter(|rule| match rule.when {
        When::Gone => is_gone,
        when => !is_gone && is_met(when, scope, change.after.as_ref()),
    });
    met.max_by_key(|rule| rule.risk)
}

/// Returns the rule of the greatest risk that a setting, as it is, is of.
pub(crate) fn risk_of<'a>(
    risks: &'a [RiskRule],
    scope: Scope,
    parts: &[String],
    value: Option<&Value>,
) -> Option<&'a RiskRule> {
    let of_key = of_key(risks, parts);
    let met = of_key.filter(|rule| is_met(rule.when, scope, value));
    met.max_by_key(|rule| rule.risk).filter(|rule| rule.risk > Risk::None)
}

fn is_met(when: When, scope: Scope, value: Option<&Value>) -> bool {
    let text = value.and_then(Value::as_str);
    match when {
        When::Set => true,
        When::SetByProject => matches!(scope, Scope::Project | Scope::Local),
        When::Is(words) => text.is_some_and(|text| words.contains(&text)),
        When::IsNot(words) => !text.is_some_and(|text| words.contains(&text)),
        When::True => value == Some(&Value::Bool(true)),
        When::False => value == Some(&Value::Bool(false)),
        When::Below(limit) => value.and_then(Value::as_u64).is_some_and(|number| number < limit),
        When::Broad => text.is_some_and(rule::is_broad),
        When::Mode(bits) => {
            let mode = text.and_then(|text| u32::from_str_radix(text, 8).ok());
            mode.is_some_and(|mode| mode & bits != 0)
        }
        When::Gone => false,
    }
}
