//! Where Claude's requests go, as its environment and its settings say.
//!
//! The variables of settings (`env`) are stronger than those of the process, and of settings the
//! managed ones, `--settings`, the local, the project's and the user's ones, in this order and
//! variable by variable (tried with 2.1.197 and 2.1.330; a project counts whether it is trusted or
//! not). Nothing but the variables that matter here is looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use trackway_protocol::record::Endpoint;

use super::arguments::GRAMMAR;
use crate::agents::disk::{expand, read_text};
use crate::enrich::redact::{Token, own_arguments, value};
use crate::event::{AgentEnv, RawArgv, os_string};

/// Switches to another provider than Anthropic, in the order in which the agent looks at them; the
/// name that records use; and the variable that names another host for it.
const PROVIDERS: &[(&str, &str, &str)] = &[
    ("CLAUDE_CODE_USE_BEDROCK", "bedrock", "ANTHROPIC_BEDROCK_BASE_URL"),
    ("CLAUDE_CODE_USE_FOUNDRY", "foundry", "ANTHROPIC_FOUNDRY_BASE_URL"),
    ("CLAUDE_CODE_USE_ANTHROPIC_AWS", "anthropic-aws", "ANTHROPIC_AWS_BASE_URL"),
    (
        "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
        "anthropic-google-cloud",
        "ANTHROPIC_GOOGLE_CLOUD_BASE_URL",
    ),
    ("CLAUDE_CODE_USE_MANTLE", "mantle", "ANTHROPIC_BEDROCK_MANTLE_BASE_URL"),
    ("CLAUDE_CODE_USE_VERTEX", "vertex", "ANTHROPIC_VERTEX_BASE_URL"),
    ("CLAUDE_CODE_USE_GATEWAY", "gateway", "ANTHROPIC_BASE_URL"),
];

/// Returns where requests go. `managed` is where whoever administers the machine puts settings.
pub(super) fn endpoint(
    argv: &RawArgv,
    env: &AgentEnv,
    home: Option<&Path>,
    cwd: Option<&Path>,
    managed: &Path,
) -> Option<Endpoint> {
    let flags = Flags::read(argv, cwd);
    let variables = Variables { env, settings: flags.settings(home, cwd, managed) };
    let found = |host: String, how: &str| Some(Endpoint { host, how: how.to_owned() });
    let switched = PROVIDERS.iter().find(|(switch, ..)| variables.is_true(switch));
    let variable = switched.map_or("ANTHROPIC_BASE_URL", |(_, _, url)| url);
    match (variables.get(variable), switched) {
        // An address that cannot be read is unknown, not the default.
        (Some((url, how)), _) => found(value::host(&url)?, how),
        (None, Some((switch, provider, _))) => {
            let how = variables.get(switch).map_or("env", |(_, how)| how);
            found((*provider).to_owned(), how)
        }
        (None, None) => found("api.anthropic.com".to_owned(), "default"),
    }
}

/// What the command line says about settings.
struct Flags {
    /// `--settings`: a file, or the settings themselves.
    settings: Option<BTreeMap<String, String>>,
    /// `--setting-sources`, where it is given.
    sources: Option<Vec<String>>,
}

impl Flags {
    fn read(argv: &RawArgv, cwd: Option<&Path>) -> Self {
        let mut flags = Self { settings: None, sources: None };
        GRAMMAR.read(own_arguments(argv), |token| {
            let Token::Flag { flag, value: Some((_, text)), .. } = token else { return };
            match flag.names[0] {
                "--settings" if text.trim_ascii_start().starts_with(b"{") => {
                    flags.settings = std::str::from_utf8(text).ok().and_then(variables);
                }
                "--settings" => {
                    let path = PathBuf::from(os_string(text));
                    let path = cwd.map_or(path.clone(), |cwd| cwd.join(&path));
                    flags.settings = path.is_absolute().then(|| file(&path)).flatten();
                }
                "--setting-sources" => {
                    let text = String::from_utf8_lossy(text);
                    flags.sources = Some(text.split(',').map(|it| it.trim().to_owned()).collect());
                }
                _ => {}
            }
        });
        flags
    }

    /// Returns the variables of all settings, the weakest first overwritten by stronger ones.
    fn settings(
        self,
        home: Option<&Path>,
        cwd: Option<&Path>,
        managed: &Path,
    ) -> BTreeMap<String, String> {
        let has = |source: &str| {
            self.sources.as_ref().is_none_or(|sources| sources.iter().any(|it| it == source))
        };
        let mut layers = Vec::new();
        if let Some(home) = home.filter(|_| has("user")) {
            layers.push(file(&home.join("settings.json")));
        }
        if let Some(cwd) = cwd {
            let of =
                |source: &str, name: &str| has(source).then(|| file(&cwd.join(name))).flatten();
            layers.push(of("project", ".claude/settings.json"));
            layers.push(of("local", ".claude/settings.local.json"));
        }
        layers.push(self.settings);
        layers.push(file(&managed.join("managed-settings.json")));
        let mut parts = expand(managed, "managed-settings.d/*.json");
        parts.sort();
        layers.extend(parts.iter().map(|part| file(part)));
        let mut all = BTreeMap::new();
        layers.into_iter().flatten().for_each(|layer| all.extend(layer));
        all
    }
}

/// Reads the variables of a settings file.
fn file(path: &Path) -> Option<BTreeMap<String, String>> {
    variables(&read_text(path)?)
}

/// Reads the variables that matter here.
fn variables(text: &str) -> Option<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct Settings {
        #[serde(default)]
        env: BTreeMap<String, serde_json::Value>,
    }
    let matters =
        |name: &str| PROVIDERS.iter().any(|(switch, _, url)| *switch == name || *url == name);
    let settings: Settings = serde_json::from_str(text).ok()?;
    let texts = settings.env.into_iter().filter_map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        matters(&name).then_some((name, text))
    });
    Some(texts.collect())
}

/// The variables as the agent has them.
struct Variables<'a> {
    env: &'a AgentEnv,
    settings: BTreeMap<String, String>,
}

impl Variables<'_> {
    /// Returns a variable, and who sets it.
    fn get(&self, name: &str) -> Option<(String, &'static str)> {
        match self.settings.get(name) {
            Some(value) => Some((value.clone(), "config")).filter(|(value, _)| !value.is_empty()),
            None => Some((self.env.get(name)?.to_str()?.to_owned(), "env")),
        }
    }

    /// Whether a switch is on, as the agent reads it.
    fn is_true(&self, name: &str) -> bool {
        let value = self.get(name).unwrap_or_default().0.trim().to_ascii_lowercase();
        matches!(value.as_str(), "1" | "true" | "yes" | "on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "home/settings.json";
    const PROJECT: &str = "r/.claude/settings.json";
    const LOCAL: &str = "r/.claude/settings.local.json";
    const MANAGED: &str = "etc/managed-settings.json";
    const DROP_IN: &str = "etc/managed-settings.d/1.json";

    /// Where requests go with these addresses in files, and this command line.
    fn at(files: &[(&str, &str)], argv: &[&str]) -> (String, String) {
        let root = tempfile::tempdir().unwrap();
        for (path, host) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let url = format!("https://u:s3cret@{host}/v1");
            let text = format!(r#"{{"env": {{"ANTHROPIC_BASE_URL": "{url}", "OTHER": 1}}}}"#);
            std::fs::write(path, text).unwrap();
        }
        let [home, cwd, managed] = ["home", "r", "etc"].map(|dir| root.path().join(dir));
        let env = AgentEnv::from_pairs([("ANTHROPIC_BASE_URL", "http://e.example")]);
        let argv = RawArgv::from_args(["claude"].iter().chain(argv));
        let found = endpoint(&argv, &env, Some(&home), Some(&cwd), &managed).unwrap();
        (found.host, found.how)
    }

    fn config(host: &str) -> (String, String) {
        (host.to_owned(), "config".to_owned())
    }

    #[test]
    fn settings_are_stronger_than_the_environment_and_each_other() {
        let order = [
            (USER, "user.example"),
            (PROJECT, "project.example"),
            (LOCAL, "local.example"),
            (MANAGED, "managed.example"),
            (DROP_IN, "drop-in.example"),
        ];
        assert_eq!(at(&[], &["-p"]), ("e.example".to_owned(), "env".to_owned()));
        for strongest in 1..=order.len() {
            let (_, host) = order[strongest - 1];
            assert_eq!(at(&order[..strongest], &["-p"]), config(host));
        }
        let flag = r#"--settings={"env":{"ANTHROPIC_BASE_URL":"https://flag.example"}}"#;
        assert_eq!(at(&order[..3], &["-p", flag]), config("flag.example"));
        assert_eq!(at(&order[..4], &["-p", flag]), config("managed.example"));
        assert_eq!(
            at(&order[..3], &["--settings", "../home/settings.json"]),
            config("user.example")
        );
        assert_eq!(at(&order[..3], &["--setting-sources", "user"]), config("user.example"));
    }
}
