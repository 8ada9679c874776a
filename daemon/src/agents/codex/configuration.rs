//! Where Codex's requests go, as its command line and configuration say.
//!
//! Layers, the strongest first: `-c key=value`, the profile's `NAME.config.toml`, `config.toml`.
//! What the login decides (the vendor's API or ChatGPT's) is not read: without a setting the
//! endpoint is unknown.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use trackway_protocol::record::Endpoint;

use crate::agents::disk::read_text;
use crate::enrich::redact::{Token, own_arguments, value};
use crate::event::{AgentEnv, RawArgv};

use super::arguments::{CONFIG, GRAMMAR, PROVIDERS};

/// The longest value of `-c` that is parsed.
const MAX_SETTING: usize = 64 * 1024;

/// Returns where requests go.
pub(crate) fn endpoint(argv: &RawArgv, env: &AgentEnv) -> Option<Endpoint> {
    let flags = Flags::read(argv);
    let mut layers = vec![("flag", flags.settings)];
    if let Some(home) = home(env) {
        let profile = flags.profile.map(|name| format!("{name}.config.toml"));
        let user = (!flags.ignores_user).then(|| "config.toml".to_owned());
        let files = profile.into_iter().chain(user);
        layers.extend(files.filter_map(|file| Some(("config", table(&home.join(file))?))));
    }
    Layers(layers).endpoint()
}

/// What a command line says about the endpoint.
#[derive(Default)]
struct Flags {
    settings: Table,
    profile: Option<String>,
    ignores_user: bool,
}

impl Flags {
    fn read(argv: &RawArgv) -> Self {
        let mut flags = Self::default();
        GRAMMAR.read(own_arguments(argv), |token| {
            let Token::Flag { flag, value, .. } = token else { return };
            let text = value.and_then(|(_, text)| std::str::from_utf8(text).ok());
            match (flag.names[0], text) {
                (CONFIG, Some(text)) => flags.set(text),
                ("--local-provider", Some(name)) => flags.set(&format!("model_provider={name}")),
                ("--oss", _) => flags.oss(),
                ("--profile", Some(name)) if is_file_stem(name) => {
                    flags.profile = Some(name.to_owned());
                }
                ("--ignore-user-config", _) => flags.ignores_user = true,
                _ => {}
            }
        });
        flags
    }

    /// Takes a `key=value`, whose value is TOML or else plain text.
    fn set(&mut self, setting: &str) {
        let Some((path, text)) = setting.split_once('=') else { return };
        if text.len() > MAX_SETTING {
            return;
        }
        let parsed = format!("value={text}").parse::<Table>().ok();
        let value = parsed.and_then(|mut table| table.remove("value"));
        let plain = || Value::String(value::unquoted(text).to_owned());
        insert(&mut self.settings, path.trim(), value.unwrap_or_else(plain));
    }

    /// A local provider, unless it has been named already.
    fn oss(&mut self) {
        self.settings.entry("model_provider").or_insert_with(|| Value::String("oss".to_owned()));
    }
}

fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(table.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

struct Layers(Vec<(&'static str, Table)>);

impl Layers {
    fn endpoint(&self) -> Option<Endpoint> {
        let provider = self.text(&["model_provider"]);
        let custom = provider.filter(|(name, _)| *name != "openai");
        let Some((name, how)) = custom else {
            return host(self.text(&["openai_base_url"])?);
        };
        match self.text(&["model_providers", name, "base_url"]) {
            Some(found) => host(found),
            // A name of the user's own choice says nothing about where requests go.
            None => PROVIDERS.contains(&name).then(|| named(name, how)),
        }
    }

    /// Returns a text and the layer that has it.
    fn text(&self, path: &[&str]) -> Option<(&str, &'static str)> {
        self.0.iter().find_map(|(how, table)| {
            let (last, tables) = path.split_last()?;
            let table =
                tables.iter().try_fold(table, |table, name| table.get(*name)?.as_table())?;
            Some((table.get(*last)?.as_str()?, *how))
        })
    }
}

fn host((url, how): (&str, &str)) -> Option<Endpoint> {
    Some(named(&value::host(url)?, how))
}

fn named(host: &str, how: &str) -> Endpoint {
    Endpoint { host: host.to_owned(), how: how.to_owned() }
}

/// Returns `CODEX_HOME`, else `~/.codex`; a relative one is relative to we know not what.
fn home(env: &AgentEnv) -> Option<PathBuf> {
    let default = |home: &OsStr| Path::new(home).join(".codex");
    let home = env.get("CODEX_HOME").map(PathBuf::from);
    home.or_else(|| env.get("HOME").map(default)).filter(|home| home.is_absolute())
}

fn table(file: &Path) -> Option<Table> {
    read_text(file)?.parse().ok()
}

fn is_file_stem(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests;
