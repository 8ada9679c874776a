//! Layers of configuration, as files and flags.

use std::fs;

use super::*;

fn at(files: &[(&str, &str)], args: &[&str]) -> Option<(String, String)> {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        fs::write(root.path().join(file), text).unwrap();
    }
    let env = AgentEnv::from_pairs([("CODEX_HOME", root.path().to_str().unwrap())]);
    let argv = RawArgv::from_args([&["codex"], args].concat());
    endpoint(&argv, &env).map(|endpoint| (endpoint.host, endpoint.how))
}

fn some(host: &str, how: &str) -> Option<(String, String)> {
    Some((host.to_owned(), how.to_owned()))
}

const MOCK: &str = r#"
    model_provider = "mock"
    [model_providers.mock]
    base_url = "http://u:s3cret@127.0.0.1:18080/v1"
"#;

#[test]
fn without_a_setting_the_endpoint_is_unknown() {
    assert_eq!(at(&[], &["exec", "x"]), None);
    assert_eq!(at(&[("config.toml", "model = \"gpt-5\"")], &[]), None);
    assert_eq!(at(&[("config.toml", "not [ toml")], &[]), None);
    assert_eq!(at(&[("config.toml", "model_provider = \"s3cret\"")], &[]), None);
}

#[test]
fn the_configuration_names_a_provider_and_its_address() {
    assert_eq!(at(&[("config.toml", MOCK)], &["exec"]), some("127.0.0.1:18080", "config"));
    let own = "openai_base_url = \"https://proxy.example/v1\"";
    assert_eq!(at(&[("config.toml", own)], &[]), some("proxy.example", "config"));
    let local = "model_provider = \"ollama\"";
    assert_eq!(at(&[("config.toml", local)], &[]), some("ollama", "config"));
}

#[test]
fn flags_are_stronger_than_files() {
    let files = [("config.toml", MOCK)];
    let other = "-cmodel_providers.mock.base_url=https://other.example";
    assert_eq!(at(&files, &[other]), some("other.example", "flag"));
    let table = "model_providers.mock={base_url=\"https://table.example\"}";
    assert_eq!(at(&files, &["exec", "-c", table]), some("table.example", "flag"));
    let openai = ["-c", "model_provider=openai", "--config=openai_base_url=\"https://o.example\""];
    assert_eq!(at(&files, &openai), some("o.example", "flag"));
    assert_eq!(at(&files, &["--oss"]), some("oss", "flag"));
    assert_eq!(at(&files, &["--oss", "--local-provider", "ollama"]), some("ollama", "flag"));
    assert_eq!(at(&files, &["exec", "--ignore-user-config", "x"]), None);
}

#[test]
fn a_profile_lies_over_the_configuration() {
    let work = "[model_providers.mock]\nbase_url = \"https://work.example\"";
    let files = [("config.toml", MOCK), ("work.config.toml", work)];
    assert_eq!(at(&files, &["-p", "work"]), some("work.example", "config"));
    assert_eq!(at(&files, &["-p", "../work"]), some("127.0.0.1:18080", "config"));
}

#[test]
fn the_home_is_found_as_the_agent_finds_it() {
    let env = |pairs: &[(&str, &str)]| home(&AgentEnv::from_pairs(pairs.iter().copied()));
    assert_eq!(env(&[("HOME", "/h")]), Some("/h/.codex".into()));
    assert_eq!(env(&[("HOME", "/h"), ("CODEX_HOME", "/c")]), Some("/c".into()));
    assert_eq!(env(&[("HOME", "/h"), ("CODEX_HOME", "")]), Some("/h/.codex".into()));
    assert_eq!(env(&[("CODEX_HOME", "relative")]), None);
    assert_eq!(env(&[]), None);
}
