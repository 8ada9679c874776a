//! What was in force: from what the layers of a configuration say, and what a launch and a session
//! tell of themselves.
//!
//! The strongest layer that says something counts; of lists all members of all layers do. A
//! session's own file has the last word, because versions differ in what they obey. Where that is
//! silent and nobody can know, it is unknown.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::{Endpoint, Risk};
use trackway_protocol::row::{InForce, SettingRow};

use super::catalogue::{Differs, Layers, Scope};
use super::compare::risk_of;
use super::entry::{joined, parts};
use crate::agents::{self, Agent};

/// One file, as it was at a time.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) scope: Scope,
    pub(crate) path: String,
    pub(crate) kind: String,
    /// The directory that it configures.
    pub(crate) dir: Option<String>,
    /// The top of the working tree that `dir` lies in, and of its main one.
    pub(crate) tops: Vec<String>,
    is_readable: bool,
    scalars: BTreeMap<String, Setting>,
    members: BTreeMap<String, Vec<Setting>>,
}

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) value: Option<Value>,
    pub(crate) since: Timestamp,
}

impl Layer {
    pub(crate) fn new(scope: Scope, path: String, kind: String, dir: Option<String>) -> Self {
        let (tops, scalars, members) = Default::default();
        Self { scope, path, kind, dir, tops, is_readable: true, scalars, members }
    }

    /// Takes the next change, in their order.
    pub(crate) fn hear(
        &mut self,
        key: &str,
        what: &str,
        before: Option<Value>,
        after: Option<Value>,
        since: Timestamp,
    ) {
        if key == "@file" {
            self.is_readable = after.as_ref().and_then(Value::as_str) != Some("unreadable");
        }
        let of_key = self.members.get_mut(key);
        let one = |members: &mut Vec<Setting>| {
            let at = members.iter().position(|member| member.value == before);
            at.map(|at| members.remove(at))
        };
        match (what, of_key) {
            ("added", _) => {
                let members = self.members.entry(key.to_owned()).or_default();
                members.push(Setting { value: after, since });
            }
            ("removed", Some(members)) => drop(one(members)),
            ("changed", Some(members)) if !members.is_empty() => {
                one(members);
                members.push(Setting { value: after, since });
            }
            ("unset", _) => drop(self.scalars.remove(key)),
            ("set" | "changed", _) => {
                self.scalars.insert(key.to_owned(), Setting { value: after, since });
            }
            _ => {}
        }
    }

    /// Returns what it says.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        let scalars = self.scalars.iter().map(|(key, setting)| (&**key, setting));
        let members = self.members.iter();
        let members = members.flat_map(|(key, all)| all.iter().map(move |one| (&**key, one)));
        // That a file is there is no setting; that it cannot be read is a finding.
        scalars.chain(members).filter(|(key, setting)| {
            *key != "@file" || setting.value.as_ref().is_some_and(|value| value == "unreadable")
        })
    }

    fn flag(&self, key: &str) -> Option<&Value> {
        self.scalars.get(key)?.value.as_ref()
    }
}

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

/// One layer's word on one key.
#[derive(Clone, Debug)]
struct Word<'a> {
    key: String,
    value: Option<Value>,
    is_member: bool,
    layer: &'static str,
    /// Where its layer stands; the least is the strongest.
    rank: Rank,
    scope: Scope,
    file: Option<&'a Layer>,
    /// The file of a login, of which nothing else is told.
    stored_in: Option<String>,
    since: Option<Timestamp>,
    /// Whether it counts if no stronger layer says something.
    counts: InForce,
    why: Option<String>,
}

/// The layer, then what is nearer or on top within it, then the name that comes last.
type Rank = (u8, usize, Reverse<String>);

const SESSION: u8 = 0;
const ABOVE_ALL: u8 = 1;
const MANAGED: u8 = 2;
const ARGV: u8 = 3;
const LOCAL: u8 = 4;
const PROJECT: u8 = 5;
const PROFILE: u8 = 6;
const USER: u8 = 7;
const SYSTEM: u8 = 8;
const ENV: u8 = 9;
const DEFAULT: u8 = 10;

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

fn of_file<'a>(
    rules: &Layers,
    layers: &[&'a Layer],
    layer: &'a Layer,
    told: &Told,
    dir: Option<&str>,
    words: &mut Vec<Word<'a>>,
) {
    let (name, rank) = match layer.scope {
        Scope::Managed if layer.kind == "defaults" => ("managed", SYSTEM),
        Scope::Managed => ("managed", MANAGED),
        Scope::Local => ("local", LOCAL),
        Scope::Project => ("project", PROJECT),
        Scope::User if is_profile(layer) => ("user", PROFILE),
        Scope::User => ("user", USER),
    };
    let is_doubtful = rules
        .strict
        .iter()
        .any(|key| layer.scalars.get(*key).is_some_and(|setting| setting.value.is_none()));
    // The nearer directory is the stronger one, and of managed files those in a directory of their
    // own, of which the last one is the strongest.
    let is_single = usize::from(!layer.path.contains(".d/"));
    let far = match layer.scope {
        Scope::Managed => is_single,
        // Here the top of the repository is the stronger one, where it counts at all.
        Scope::Local if rules.only_in_cwd => layer.dir.as_ref().map_or(0, String::len),
        _ => usize::MAX - layer.dir.as_ref().map_or(0, String::len),
    };
    let rank = (rank, far, Reverse(layer.path.clone()));
    let is_project = matches!(layer.scope, Scope::Project | Scope::Local);
    for (key, setting) in layer.settings() {
        if let Some(key) = of_project(key)
            && dir.is_none_or(|dir| !Path::new(dir).starts_with(key))
        {
            continue;
        }
        let is_member = layer.members.contains_key(key);
        let (mut counts, mut why) = (InForce::Yes, None);
        if !layer.is_readable {
            let why_not = "the file cannot be read any more";
            let is_left_out = rules.leaves_out;
            counts = if is_left_out { InForce::No } else { InForce::Unknown };
            why = Some(match is_left_out {
                true => format!("{why_not}, and is left out"),
                false => why_not.to_owned(),
            });
        } else if is_doubtful {
            counts = InForce::Unknown;
            why = Some("the file has a value that may make the agent leave it out".to_owned());
        } else if is_project {
            (counts, why) = by_project(rules, layers, layer, (key, setting), told, dir);
        } else if layer.scope == Scope::User {
            (counts, why) = by_user(rules, layer, told);
        }
        if let Some(flag) = rules.more.iter().find(|flag| has_flag(told, flag))
            && counts == InForce::Yes
            && layer.scope != Scope::Managed
            && !is_member
        {
            counts = InForce::Unknown;
            why = Some(format!("{flag} was given, and what it says was not read"));
        }
        words.push(Word {
            key: key.to_owned(),
            value: setting.value.clone(),
            is_member,
            layer: name,
            rank: rank.clone(),
            scope: layer.scope,
            file: Some(layer),
            stored_in: None,
            since: Some(setting.since),
            counts,
            why,
        });
    }
}

/// Of a key about one project, which one.
fn of_project(key: &str) -> Option<String> {
    let rest = key.strip_prefix("projects.")?;
    parts(rest).into_iter().next()
}

fn by_project(
    rules: &Layers,
    layers: &[&Layer],
    layer: &Layer,
    (key, setting): (&str, &Setting),
    told: &Told,
    dir: Option<&str>,
) -> (InForce, Option<String>) {
    let of_dir = layer.dir.as_deref();
    if rules.only_in_cwd && of_dir != dir {
        let is_top = of_dir.is_some_and(|dir| layer.tops.iter().any(|top| top == dir));
        return match layer.scope {
            Scope::Local if is_top => {
                let why = "versions differ: 2.1.330 reads it at the top of the repository, 2.1.197 only \
                           in the directory in which it is started";
                (InForce::Unknown, Some(why.to_owned()))
            }
            _ => {
                let why = "only the directory in which the agent is started counts";
                (InForce::No, Some(why.to_owned()))
            }
        };
    }
    let first = parts(key).into_iter().next().unwrap_or_default();
    if rules.not_by_project.contains(&&*first) {
        return (InForce::No, Some("a project cannot set it".to_owned()));
    }
    let value = setting.value.as_ref().and_then(Value::as_str);
    let differs = rules.differs.iter().find(|rule| rule.key == key && Some(rule.value) == value);
    if let Some(rule) = differs {
        return (obeyed(rule, told.version.as_deref()), Some(rule.why.to_owned()));
    }
    let needs_trust = rules.if_trusted.iter().any(|pattern| *pattern == "*" || *pattern == key)
        && (layer.scope == Scope::Project || rules.if_trusted.contains(&"*"));
    if !needs_trust {
        return (InForce::Yes, None);
    }
    match is_trusted(rules, layers, layer, dir) {
        Some(true) => (InForce::Yes, None),
        Some(false) => (InForce::No, Some("the project is not trusted".to_owned())),
        None => (InForce::No, Some("nobody is known to have trusted the project".to_owned())),
    }
}

/// Whether a version obeys a project where versions differ: known of those that were tried.
fn obeyed(rule: &Differs, version: Option<&str>) -> InForce {
    let is_one = |tried: &[&str]| version.is_some_and(|version| tried.contains(&version));
    match (is_one(rule.obeyed_by), is_one(rule.ignored_by)) {
        (true, _) => InForce::Yes,
        (_, true) => InForce::No,
        _ => InForce::Unknown,
    }
}

fn by_user(rules: &Layers, layer: &Layer, told: &Told) -> (InForce, Option<String>) {
    if let Some(flag) = rules.without_user.iter().find(|flag| has_flag(told, flag)) {
        return (InForce::Unknown, Some(format!("{flag} was given, which may leave it out")));
    }
    if is_profile(layer) {
        return match told.is_launch && !has_flag(told, "--profile") {
            true => (InForce::No, Some("the profile was not chosen".to_owned())),
            false => (InForce::Unknown, Some("it counts where its profile is chosen".to_owned())),
        };
    }
    (InForce::Yes, None)
}

/// Whether a file counts only where its name is chosen.
fn is_profile(layer: &Layer) -> bool {
    let name = Path::new(&layer.path).file_name().unwrap_or_default();
    name.as_encoded_bytes().ends_with(b".config.toml")
}

/// Whether the user trusts the project that a file is of, as the user's own files say: by the top of
/// its working tree or of the main one, or outside of repositories by its directory; codex by the
/// directory of the start as well.
fn is_trusted(
    rules: &Layers,
    layers: &[&Layer],
    project: &Layer,
    dir: Option<&str>,
) -> Option<bool> {
    let of_dir = project.dir.as_deref().filter(|_| project.tops.is_empty());
    let started = dir.filter(|_| !rules.only_in_cwd);
    let tops = project.tops.iter().map(String::as_str).chain(of_dir).chain(started);
    let tops: Vec<&str> = tops.collect();
    let users = layers.iter().filter(|layer| layer.scope == Scope::User);
    let mut said = users.flat_map(|layer| {
        tops.iter().filter_map(|top| {
            let key = joined(["projects", *top, rules.trust.0]);
            Some(layer.flag(&key)? == &rules.trust.value())
        })
    });
    said.next()
}

fn has_flag(told: &Told, flag: &str) -> bool {
    told.flags
        .iter()
        .any(|one| one == flag || one.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
}

/// What the command line and the environment say.
fn of_launch(rules: &Layers, told: &Told, words: &mut Vec<Word<'_>>) {
    for rule in rules.flags {
        for flag in &told.flags {
            let value = match flag.strip_prefix(rule.flag) {
                Some("") if !rule.value.is_empty() => rule.value,
                Some(rest) if rule.value.is_empty() => match rest.strip_prefix('=') {
                    Some(value) => value,
                    None => continue,
                },
                _ => continue,
            };
            let rank = if rule.beats_managed { ABOVE_ALL } else { ARGV };
            words.push(Word::plain(rule.key, Some(value.into()), "argv", rank));
        }
    }
    for flag in &told.flags {
        // `-c key=value`, whatever name it was given.
        let setting = flag.strip_prefix("--config=").or_else(|| flag.strip_prefix("-c="));
        if let Some((key, value)) = setting.and_then(|setting| setting.split_once('=')) {
            let value = value.trim_matches('"');
            let is_length = value.starts_with('<');
            let value = (!is_length).then(|| Value::from(value));
            words.push(Word::plain(key, value, "argv", ARGV));
        }
    }
    let is_url = |name: &&String| name.ends_with("_BASE_URL");
    // Of several it is not known whose the host is.
    let is_one = told.env.iter().filter(is_url).count() == 1;
    for name in &told.env {
        let host = told.endpoint.as_ref().filter(|endpoint| endpoint.how == "env");
        let host = host.filter(|_| is_one && is_url(&name)).map(|it| Value::from(&*it.host));
        words.push(Word::plain(&format!("env.{name}"), host, "env", ENV));
    }
    if let Some(endpoint) = &told.endpoint
        && rules.names_endpoint
    {
        let layer = match &*endpoint.how {
            "env" => ("env", ENV),
            "flag" => ("argv", ARGV),
            "config" => ("user", USER),
            _ => ("default", DEFAULT),
        };
        words.push(Word::plain("endpoint", Some((&*endpoint.host).into()), layer.0, layer.1));
    }
}

/// What a session's own file says.
fn of_session(rules: &Layers, told: &Told, words: &mut Vec<Word<'_>>) {
    let keys = &rules.session;
    let said = [
        (Some(keys.permission_mode), &told.permission_mode),
        (keys.sandbox, &told.sandbox),
        (keys.provider, &told.provider),
    ];
    for (key, value) in said {
        if let (Some(key), Some(value)) = (key, value) {
            words.push(Word::plain(key, Some((&**value).into()), "session", SESSION));
        }
    }
    for model in &told.models {
        words.push(Word::plain(keys.model, Some((&**model).into()), "session", SESSION));
    }
}

/// Which logins there are, as far as that can be known without reading a secret.
fn logins(rules: &Layers, layers: &[&Layer], told: &Told, words: &mut Vec<Word<'_>>) {
    let is_set = |name: &str| told.env.iter().any(|set| set == name);
    let of_env = rules.logins.iter().filter(|(name, _)| is_set(name)).map(|(_, kind)| *kind);
    let mut found: Vec<Word<'_>> =
        of_env.map(|kind| Word::plain("login", Some(kind.into()), "env", LOCAL)).collect();
    let stored = layers.iter().filter(|layer| layer.kind == "credentials");
    let stored = stored.filter(|layer| layer.scalars.contains_key("@mode"));
    found.extend(stored.map(|layer| {
        let since = layer.scalars.get("@mode").map(|mode| mode.since);
        let mut word = Word::plain("login", Some("stored".into()), "user", USER);
        (word.stored_in, word.since) = (Some(layer.path.clone()), since);
        word
    }));
    let why = match (found.len(), told.is_launch) {
        (1, true) => None,
        (_, false) => Some("the environment may hold another one"),
        _ => Some("there are several"),
    };
    for word in &mut found {
        if let Some(why) = why {
            (word.counts, word.why) = (InForce::Unknown, Some(why.to_owned()));
        }
    }
    words.extend(found);
}

impl Word<'_> {
    fn plain(key: &str, value: Option<Value>, layer: &'static str, rank: u8) -> Self {
        Self {
            key: key.to_owned(),
            value,
            is_member: false,
            layer,
            rank: (rank, 0, Reverse(String::new())),
            scope: Scope::User,
            file: None,
            stored_in: None,
            since: None,
            counts: InForce::Yes,
            why: None,
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
