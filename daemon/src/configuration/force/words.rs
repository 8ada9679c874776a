//! What each layer says of each key, and whether it counts if no stronger one says something.

use std::cmp::Reverse;
use std::path::Path;

use serde_json::Value;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::row::InForce;

use super::{Layer, Setting, Told};
use crate::configuration::catalogue::{Differs, Layers, Scope};
use crate::configuration::entry::{joined, parts};

/// One layer's word on one key.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub(super) key: String,
    pub(super) value: Option<Value>,
    pub(super) is_member: bool,
    pub(super) layer: &'static str,
    /// Where its layer stands; the least is the strongest.
    pub(super) rank: Rank,
    pub(super) scope: Scope,
    pub(super) file: Option<&'a Layer>,
    /// The file of a login, of which nothing else is told.
    pub(super) stored_in: Option<String>,
    pub(super) since: Option<Timestamp>,
    /// Whether it counts if no stronger layer says something.
    pub(super) counts: InForce,
    pub(super) why: Option<String>,
}

/// The layer, then what is nearer or on top within it, then the name that comes last.
pub(super) type Rank = (u8, usize, Reverse<String>);

pub(super) const SESSION: u8 = 0;
pub(super) const ABOVE_ALL: u8 = 1;
pub(super) const MANAGED: u8 = 2;
const ARGV: u8 = 3;
const LOCAL: u8 = 4;
const PROJECT: u8 = 5;
const PROFILE: u8 = 6;
const USER: u8 = 7;
const SYSTEM: u8 = 8;
const ENV: u8 = 9;
pub(super) const DEFAULT: u8 = 10;

pub(super) fn of_file<'a>(
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
        Scope::User if profile_flag(rules, layer).is_some() => ("user", PROFILE),
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
        Scope::Local if rules.only_in_cwd.is_some() => layer.dir.as_ref().map_or(0, String::len),
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
    if let Some(versions_differ) = rules.only_in_cwd
        && of_dir != dir
    {
        let is_top = of_dir.is_some_and(|dir| layer.tops.iter().any(|top| top == dir));
        return match layer.scope {
            Scope::Local if is_top => (InForce::Unknown, Some(versions_differ.to_owned())),
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
    if let Some(flag) = profile_flag(rules, layer) {
        return match told.is_launch && !has_flag(told, flag) {
            true => (InForce::No, Some("the profile was not chosen".to_owned())),
            false => (InForce::Unknown, Some("it counts where its profile is chosen".to_owned())),
        };
    }
    (InForce::Yes, None)
}

/// Returns the flag without which a file does not count, if there is one.
fn profile_flag(rules: &Layers, layer: &Layer) -> Option<&'static str> {
    let name = Path::new(&layer.path).file_name().unwrap_or_default();
    let (end, flag) = rules.profile?;
    name.as_encoded_bytes().ends_with(end.as_bytes()).then_some(flag)
}

/// Whether the user trusts the project that a file is of, as the user's own files say: by the top of
/// its working tree or of the main one, outside of repositories by its directory, and where all
/// directories count also by that of the start.
fn is_trusted(
    rules: &Layers,
    layers: &[&Layer],
    project: &Layer,
    dir: Option<&str>,
) -> Option<bool> {
    let of_dir = project.dir.as_deref().filter(|_| project.tops.is_empty());
    let started = dir.filter(|_| rules.only_in_cwd.is_none());
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
pub(super) fn of_launch(rules: &Layers, told: &Told, words: &mut Vec<Word<'_>>) {
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
pub(super) fn of_session(rules: &Layers, told: &Told, words: &mut Vec<Word<'_>>) {
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
pub(super) fn logins(rules: &Layers, layers: &[&Layer], told: &Told, words: &mut Vec<Word<'_>>) {
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
    pub(super) fn plain(key: &str, value: Option<Value>, layer: &'static str, rank: u8) -> Self {
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
