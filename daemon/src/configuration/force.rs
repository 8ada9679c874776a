//! What was in force: from what the layers of a configuration say, and what a launch and a session
//! tell of themselves.
//!
//! The strongest layer that says something counts; of lists all members of all layers do. A
//! session's own file has the last word, because versions differ in what they obey. Where that is
//! silent and nobody can know, it is unknown.

use std::path::{Path, PathBuf};

use serde_json::Value;
use trackway_protocol::record::{Endpoint, Risk};
use trackway_protocol::row::{InForce, SettingRow};

use super::catalogue::{Layers, Scope};
use super::compare::risk_of;
use super::entry::parts;
use crate::agents::{self, Agent};

mod layer;
mod words;

pub(crate) use layer::{Layer, Setting};
use words::{ABOVE_ALL, DEFAULT, MANAGED, Word, logins, of_file, of_launch, of_session};

/// What a launch and a session tell of themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Whether a launch is known.
    pub(crate) is_launch: bool,
    pub(crate) session: Option<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) version: Option<String>,
    pub(crate) permission_mode: Option<String>,
    pub(crate) sandbox: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) models: Vec<String>,
    /// The agent's own directory.
    pub(crate) home: Option<String>,
    /// Whether it is of a time at which nobody looked at files.
    pub(crate) is_before: bool,
}

/// Kinds of files of which the keys are settings.
const KINDS: &[&str] =
    &["settings", "defaults", "state", "mcp", "hooks", "requirements", "credentials"];

/// Returns what each layer says, by key, the strongest first, and whether it counts.
pub(crate) fn in_force(
    agent: &dyn Agent,
    layers: &[Layer],
    told: &Told,
    dir: Option<&str>,
) -> Vec<SettingRow> {
    let catalogue = agent.configuration();
    let (homes, usual) = (homes(agent, layers, told), format!(".{}", agent.name()));
    let top = dir.and_then(|dir| top_of(layers, dir));
    let layers: Vec<&Layer> =
        layers.iter().filter(|layer| is_of(layer, &homes, &usual, dir, top.as_deref())).collect();
    let mut words = Vec::new();
    for layer in &layers {
        of_file(catalogue.layers, &layers, layer, told, dir, &mut words);
    }
    // What is told of files is no setting.
    words.retain(|word: &Word<'_>| !word.key.starts_with('@'));
    if words.is_empty() && !told.is_launch && told.session.is_none() {
        return Vec::new();
    }
    of_launch(catalogue.layers, told, &mut words);
    of_session(catalogue.layers, told, &mut words);
    logins(catalogue.layers, &layers, told, &mut words);
    for (key, value) in catalogue.layers.defaults {
        let mut word = Word::plain(key, Some((*value).into()), "default", DEFAULT);
        if told.is_before {
            let why = "nobody looked at the configuration at that time";
            (word.counts, word.why) = (InForce::Unknown, Some(why.to_owned()));
        }
        words.push(word);
    }
    switch_off(catalogue.layers, &mut words);
    words.sort_by(|a, b| (&a.key, &a.rank, &a.since).cmp(&(&b.key, &b.rank, &b.since)));
    let mut rows = Vec::new();
    for words in words.chunk_by(|a, b| a.key == b.key) {
        decide(agent, words, &mut rows);
    }
    rows
}

/// Returns the directories of which the user's files count: the launch's own, else the usual ones,
/// and where there is nothing all that are known.
fn homes(agent: &dyn Agent, layers: &[Layer], told: &Told) -> Vec<PathBuf> {
    if let Some(home) = &told.home {
        return vec![home.into()];
    }
    let usual = agents::homes().into_iter().filter(|(name, _)| *name == agent.name());
    let usual: Vec<PathBuf> = usual.map(|(_, dir)| dir).collect();
    let has = |home: &PathBuf| layers.iter().any(|layer| Path::new(&layer.path).starts_with(home));
    if usual.iter().any(has) { usual } else { Vec::new() }
}

/// Returns the top of the repository that a directory lies in, as far as it is known.
fn top_of(layers: &[Layer], dir: &str) -> Option<String> {
    let tops = layers.iter().flat_map(|layer| layer.tops.first());
    let around = tops.filter(|top| Path::new(dir).starts_with(top));
    around.max_by_key(|top| top.len()).cloned()
}

/// Whether a file is one of those that are asked for.
fn is_of(
    layer: &Layer,
    homes: &[PathBuf],
    usual: &str,
    dir: Option<&str>,
    top: Option<&str>,
) -> bool {
    if !KINDS.contains(&&*layer.kind) {
        return false;
    }
    let path = Path::new(&layer.path);
    match (layer.scope, &layer.dir) {
        (Scope::Managed, None) => true,
        (Scope::User, None) => {
            // Beside the usual directory lies a file of the same user.
            let is_beside = |home: &PathBuf| {
                layer.kind == "state" && home.ends_with(usual) && path.parent() == home.parent()
            };
            homes.is_empty() || homes.iter().any(|home| path.starts_with(home) || is_beside(home))
        }
        (_, Some(of)) => dir.is_some_and(|dir| {
            let is_within = top.is_none_or(|top| Path::new(of).starts_with(top));
            Path::new(dir).starts_with(of) && (of == dir || (top.is_some() && is_within))
        }),
        _ => false,
    }
}

/// Takes what is switched off out of force.
fn switch_off(rules: &Layers, words: &mut [Word<'_>]) {
    for switch in rules.switches {
        let says = |word: &Word<'_>| switch.says.is(word.value.as_ref());
        let is_on = words.iter().any(|word| word.key == switch.key && says(word));
        let is_off = |word: &Word<'_>| {
            let is_below = word
                .key
                .strip_prefix(switch.off)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            is_below
                && switch.value.is_none_or(|value| word.value == Some(value.into()))
                && !(switch.spares_managed && word.rank.0 == MANAGED)
                && word.layer != "session"
                && word.rank.0 != ABOVE_ALL
        };
        for word in words.iter_mut().filter(|word| is_on && is_off(word)) {
            (word.counts, word.why) = (InForce::No, Some(format!("{} says so", switch.key)));
        }
    }
}

/// Decides which of the words on one key count.
fn decide(agent: &dyn Agent, words: &[Word<'_>], rows: &mut Vec<SettingRow>) {
    let session: Vec<&Word<'_>> = words.iter().filter(|word| word.layer == "session").collect();
    // The strongest that counts, and whether a stronger one may.
    let (mut winner, mut may_be) = (None::<&Word<'_>>, false);
    let mut is_explained = false;
    for word in words {
        let (mut counts, mut why) = (word.counts, word.why.clone());
        if word.is_member || word.layer == "session" {
            // All members count.
        } else if !session.is_empty() {
            let says = session.iter().find(|said| said.value == word.value);
            let is_it = says.is_some() && !is_explained && counts != InForce::No;
            is_explained |= is_it;
            // Of models there are several names.
            let is_model = word.key == agent.configuration().layers.session.model;
            counts = match is_it {
                true => InForce::Yes,
                false if is_model && counts != InForce::No => InForce::Unknown,
                false => InForce::No,
            };
            let said = session[0].value.as_ref().and_then(Value::as_str).unwrap_or_default();
            why = Some(match is_it {
                true => "the session's own file says so".to_owned(),
                false => why.unwrap_or_else(|| format!("the session's own file says {said}")),
            });
        } else if let Some(winner) = winner {
            if counts != InForce::No {
                counts = InForce::No;
                why = Some(format!("{} says otherwise", named(winner)));
            }
        } else if may_be && counts == InForce::Yes {
            (counts, why) = (InForce::Unknown, Some("a stronger layer may count".to_owned()));
        } else {
            match counts {
                InForce::Yes => winner = Some(word),
                InForce::Unknown => may_be = true,
                InForce::No => {}
            }
        }
        rows.push(row(agent, word, counts, why));
    }
}

fn named(word: &Word<'_>) -> String {
    match word.layer {
        "argv" => "the command line".to_owned(),
        "env" => "the environment".to_owned(),
        layer => format!("the {layer} layer"),
    }
}

fn row(agent: &dyn Agent, word: &Word<'_>, in_force: InForce, why: Option<String>) -> SettingRow {
    let risks = agent.configuration().risks;
    let rule = risk_of(risks, word.scope, &parts(&word.key), word.value.as_ref());
    SettingRow {
        agent: agent.name().to_owned(),
        key: word.key.clone(),
        value: word.value.clone(),
        layer: word.layer.to_owned(),
        path: word.file.map(|file| file.path.clone()).or_else(|| word.stored_in.clone()),
        since: word.since,
        in_force,
        why,
        risk: rule.filter(|_| word.layer != "default").map_or(Risk::None, |rule| rule.risk),
    }
}

/// Returns the agent's own directory from the path of one of its session files.
pub(crate) fn home_of(transcript: &str) -> Option<String> {
    const BELOW: &[&str] = &["projects", "sessions", "archived_sessions"];
    let above = Path::new(transcript)
        .ancestors()
        .find(|dir| dir.file_name().is_some_and(|name| BELOW.iter().any(|below| name == *below)))?;
    Some(above.parent()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests;
