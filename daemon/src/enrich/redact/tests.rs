//! Values that may stand, and secrets that must not.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::agents::CATALOGUE;
use crate::enrich::redact::grammar::Takes;

mod shapes;

fn arguments(args: &[&str]) -> Vec<Arguments> {
    CATALOGUE.iter().map(|agent| agent.arguments(&RawArgv::from_args(args))).collect()
}

#[test]
fn a_path_is_kept_and_a_prompt_in_its_place_is_not() {
    for path in ["/tmp/x", "src", "./a b", "~/My Project", "..", "C:\\src"] {
        assert!(value::is_path(path.as_bytes(), 0), "{path}");
    }
    for prompt in
        ["fix the bug", "{\"a\":1}", "KEY=value", "", "-x", "https://a/b", "a\nb", "/a\nb"]
    {
        assert!(!value::is_path(prompt.as_bytes(), 0), "{prompt:?}");
    }
    assert!(!value::is_path(&[b'/'; 4097], 0));
}

#[test]
fn a_further_value_of_a_flag_may_be_a_swallowed_prompt() {
    assert!(value::is_path(b"../lib", 1));
    for prompt in ["lib", "hunter2", "/fix the bug"] {
        assert!(!value::is_path(prompt.as_bytes(), 1), "{prompt}");
    }
}

#[test]
fn a_key_does_not_pass_as_a_path() {
    for secret in [
        "sk-ant-dummy",
        "/tmp/sk-ant-api03-abcdef",
        "./x/ghp_0123456789abcdef",
        "/x/eyJhbGciOiJIUzI1NiJ9.e30",
        "/x/AbCdEfGhIjKlMnOpQrStUvWx0123",
    ] {
        assert!(value::holds_secret(secret.as_bytes()), "{secret}");
        assert!(!value::is_path(secret.as_bytes(), 0), "{secret}");
    }
    for innocent in ["/src/risk-assessment", "/src/sk-a", "/nix/0f3a9bb1c8d2e4f6a7b8c9d0e1f2a3b4"] {
        assert!(value::is_path(innocent.as_bytes(), 0), "{innocent}");
    }
}

#[test]
fn a_model_has_a_known_family_and_short_pieces() {
    for model in [
        "opus",
        "sonnet[1m]",
        "claude-fable-5",
        "claude-opus-4@20250514",
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "gpt-5.1-codex-max",
        "openai/gpt-oss-20b",
        "qwen2.5-coder:32b",
        "o3",
        "opus,haiku",
    ] {
        assert_eq!(Value::Models.kept(model.as_bytes(), 0).as_deref(), Some(model));
    }
    for other in [
        "",
        "sk-ant-api03-abc",
        // Found by fuzzing: a key with the name of a family in it.
        "sk-claude-abcdef",
        "key-gpt-hunter",
        "-opus",
        "hunter2",
        "claude-aB3",
        "gpt-9f8e7d6c5b4a39281706",
        "arn:aws:bedrock:us-east-1:123456789012:x/claude",
        "a-b-c-d-claude",
        "claude code",
    ] {
        assert_eq!(Value::Models.kept(other.as_bytes(), 0), None, "{other}");
    }
}

#[test]
fn of_an_address_only_scheme_host_and_port_stay() {
    let hosts = [
        ("http://127.0.0.1:18080/v1", Some("127.0.0.1:18080")),
        ("https://user:sk-1@Proxy.Example:443/k?key=1#2", Some("proxy.example")),
        ("https://a:b@c@host:8443", Some("host:8443")),
        ("http://[::1]:80/", Some("[::1]")),
        ("wss://host:", Some("host")),
        ("https://evil\\@host", None),
        ("https://user:pa/ss@host", None),
        ("https://sk-ant-0123456789/", None),
        ("https://", None),
        ("ftp://host", None),
        ("sk-ant-key", None),
        ("https://ho st", None),
    ];
    for (url, host) in hosts {
        assert_eq!(value::host(url).as_deref(), host, "{url}");
    }
    let kept = |url: &str| Value::Url.kept(url.as_bytes(), 0);
    assert_eq!(kept("wss://u:p@h:1/x?y").as_deref(), Some("wss://h:1"));
    assert_eq!(kept("unix:///run/x.sock").as_deref(), Some("unix:///run/x.sock"));
    assert_eq!(kept("stdio://").as_deref(), Some("stdio://"));
    assert_eq!(kept("stdio://secret"), None);
}

#[test]
fn a_key_does_not_pass_as_a_host() {
    for url in [
        "https://AKIAIOSFODNN7EXAMPLE",
        "https://AIzaSyA1234567/v1",
        "https://eyJhbGciOiJIUzI1NiJ9.e30:443",
        "https://x.AbCdEfGhIjKlMnOpQrStUvWx0123.example",
        "https://SK-ANT-0123456789",
    ] {
        assert_eq!(value::host(url), None, "{url}");
    }
}

#[test]
fn what_precedes_a_late_at_sign_is_no_host() {
    for url in [
        "https://AKIAIOSFODNN7EXAMPLE/x@h",
        "https://tok/x@h",
        "https://tok?x@h",
        "https://tok#x@h",
        "https://tok\\x@h",
        "https://u@tok/x@h",
    ] {
        assert_eq!(value::host(url), None, "{url}");
    }
}

#[test]
fn bytes_that_are_no_text_become_a_length() {
    let argv =
        RawArgv::from_cmdline(b"claude\0--settings\0/tmp/\xff\0--add-dir\0/tmp/\xff\0".into());
    let arguments = CATALOGUE[0].arguments(&argv);
    assert_eq!(arguments.argv, ["claude", "--settings", "<6 bytes>", "--add-dir", "<6 bytes>"]);
    assert_eq!(arguments.dirs, [("add-dir", os_string(b"/tmp/\xff").into())], "but it is a path");
}

#[test]
fn of_very_many_arguments_the_rest_is_counted() {
    let args: Vec<_> = std::iter::once("claude").chain(std::iter::repeat_n("x", 1000)).collect();
    for arguments in arguments(&args) {
        assert_eq!(arguments.argv.len(), MAX_ARGUMENTS + 1);
        assert_eq!(arguments.argv.last().map(String::as_str), Some("<745 more>"));
    }
    let args: Vec<_> = std::iter::once("claude").chain(std::iter::repeat_n("x", 10_000)).collect();
    assert!(arguments(&args).iter().all(|a| a.argv.last().unwrap() == "<9745 more>"));
}

#[test]
fn without_a_command_line_the_mode_is_unknown() {
    assert!(CATALOGUE.iter().all(|agent| agent.arguments(&RawArgv::default()).mode == "unknown"));
}

#[test]
fn only_known_programs_stay_as_the_first_argument() {
    let first = |program: &str| arguments(&[program])[0].argv[0].clone();
    for known in ["claude", "../.bin/claude", "/n/claude.exe", "/v/2.1.330", "/usr/bin/env"] {
        assert_eq!(first(known), known);
    }
    assert_eq!(first("my secret"), "<9 bytes>");
    assert_eq!(first("sk-ant-0123456"), "<14 bytes>");
    assert_eq!(first("/tmp/a=b/claude"), "<15 bytes>");
}

/// Command-line pieces in which a secret must not survive. `S` stands for the secret.
const PLACES: &[&str] = &[
    "S",
    "--S",
    "-S",
    "-pS",
    "-cS",
    "-dS",
    "-rS",
    "-cafeS",
    "-help-S",
    "--api-key=S",
    "--model=S",
    "--resume=S",
    "--permission-mode=S",
    "--append-system-prompt=S",
    "--settings={\"env\":{\"K\":\"S\"}}",
    "--config=S",
    "--config=mcp_servers.x.env.K=S",
    "--config=model=S",
    "--config=S=1",
    "-cmodel_providers.S.base_url=http://h",
    "-cmodel_providers.x.http_headers={k=\"S\"}",
    "--remote=wss://user:S@host/S?token=S",
    "--plugin-url=https://S@host/S#S",
    "--plugin-url=https://S/x@host",
    "--remote=https://user:S?x@host",
    "--url=https://S\\@host",
    "{\"k\":\"S\"}",
    "KEY=S",
    "the key is S",
];

/// What may come before it: flags whose value is no path, commands, and whole harmless pairs.
const BEFORE: &[&[&str]] = &[
    &["-p"],
    &["--"],
    &["-"],
    &["mcp"],
    &["add"],
    &["add", "srv", "pg"],
    &["execpolicy", "check"],
    &["queue"],
    &["debug"],
    &["agents"],
    &["exec"],
    &["resume"],
    &["app-server"],
    &["sandbox"],
    &["daemon"],
    &["--unknown"],
    &["--verbose"],
    &["--model"],
    &["-m"],
    &["-c"],
    &["-e"],
    &["-H"],
    &["--resume"],
    &["--session-id"],
    &["--allowedTools"],
    &["--append-system-prompt"],
    &["--config"],
    &["--enable"],
    &["--sandbox"],
    &["--remote"],
    &["--add-dir", "/tmp"],
    &["--mcp-config", "/tmp/m.json"],
    &["-i", "/tmp/x.png"],
];

/// Ways in which the kernel shows an agent.
const STARTS: &[&[&str]] = &[
    &["claude"],
    &["/n/@openai/codex-linux-x64/vendor/x/bin/codex"],
    &["/usr/bin/env", "node", "/n/.bin/codex"],
    &["node", "--no-warnings", "cli.js"],
];

#[test]
fn no_flag_keeps_a_value_that_it_does_not_expect() {
    let content = ["two words", "k=S3cretS3cretS3cret", "{\"k\":\"S3cretS3cret\"}"];
    let word = "Hunter2Hunter2Hunter2";
    for agent in CATALOGUE {
        for flag in flags_of(agent.grammar().everywhere, agent.grammar().flags) {
            let word = (!matches!(flag.value, Value::Path)).then_some(word);
            for secret in content.into_iter().chain(word) {
                let (name, joined) = (flag.names[0], format!("{}={secret}", flag.names[0]));
                let argv = RawArgv::from_args(["claude", name, secret, name, &joined]);
                let found = format!("{:?}", agent.arguments(&argv));
                assert!(!found.contains(secret), "{name} {secret}: {found}");
            }
        }
    }
}

#[test]
fn a_flags_name_means_one_thing() {
    for agent in CATALOGUE {
        for (command, flags) in commands(agent.grammar()) {
            let mut names: Vec<_> = flags.iter().flat_map(|flag| flag.names).collect();
            names.sort();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{command:?} {names:?}");
        }
    }
}

#[test]
fn a_flag_of_another_command_keeps_no_value() {
    let id = "01a20861-8159-7700-a526-3cdda88b8944";
    let values = ["word", "/a/path", "https://a.host", "read-only", "o3", id];
    for agent in CATALOGUE {
        let commands = commands(agent.grammar());
        let all = commands.iter().flat_map(|(_, flags)| flags);
        let all: BTreeMap<_, _> = all.map(|flag| (flag.names[0], flag)).collect();
        for (command, own) in &commands {
            let is_own = |name: &str| own.iter().any(|flag| flag.names.contains(&name));
            let takes_value = |flag: &Flag| flag.takes != Takes::Nothing;
            for (name, _) in all.iter().filter(|(name, flag)| takes_value(flag) && !is_own(name)) {
                for value in values {
                    let (long, short) = (format!("{name}={value}"), format!("{name}{value}"));
                    let args = [&["claude"], &command[..], &[name, &long, &short]].concat();
                    let arguments = agent.arguments(&RawArgv::from_args(&args));
                    assert!(!format!("{arguments:?}").contains(value), "{args:?} {arguments:?}");
                    let args = [&args[..], &[value]].concat();
                    let arguments = agent.arguments(&RawArgv::from_args(&args));
                    assert!(arguments.dirs.is_empty() && arguments.flags.is_empty(), "{args:?}");
                }
            }
        }
    }
}

/// Returns every command as typed, and the flags that it has; the first is none.
fn commands(grammar: &'static Grammar) -> Vec<(Vec<&'static str>, Vec<&'static Flag>)> {
    let mut found = vec![(Vec::new(), flags_of(grammar.everywhere, grammar.flags))];
    let mut open: Vec<_> = grammar.commands.iter().map(|command| (Vec::new(), command)).collect();
    while let Some((above, command)) = open.pop() {
        let typed = [&above[..], &[command.names[0]]].concat();
        open.extend(command.commands.iter().map(|command| (typed.clone(), command)));
        found.push((typed, flags_of(grammar.everywhere, command.flags)));
    }
    found
}

fn flags_of(everywhere: &'static [Flag], groups: &[&'static [Flag]]) -> Vec<&'static Flag> {
    everywhere.iter().chain(groups.iter().copied().flatten()).collect()
}

/// Command lines of which the rest is another program's, and the agent that reads them.
const FOREIGN: &[(&str, &[&str])] = &[
    ("claude", &["mcp", "add", "srv", "pg"]),
    ("claude", &["mcp", "add", "-s", "user", "--", "srv", "pg"]),
    ("codex", &["mcp", "add", "srv", "pg"]),
    ("codex", &["mcp", "add", "--env", "A=B", "srv", "--", "pg"]),
    ("codex", &["execpolicy", "check", "git"]),
    ("codex", &["sandbox", "ls"]),
    ("codex", &["sandbox", "--", "ls"]),
    ("codex", &["debug", "landlock", "ls"]),
];

proptest! {
    #[test]
    fn a_secret_survives_nowhere(
        start in proptest::sample::select(STARTS),
        before in proptest::collection::vec(proptest::sample::select(BEFORE), 0..4),
        place in proptest::sample::select(PLACES),
        secret in "[A-Za-z0-9]{16,48}",
        after in proptest::collection::vec(proptest::sample::select(BEFORE), 0..2),
    ) {
        let planted = place.replace('S', &secret);
        let mut args = start.to_vec();
        args.extend(before.concat());
        args.push(&planted);
        args.extend(after.concat());
        for arguments in arguments(&args) {
            prop_assert!(!format!("{arguments:?}").contains(&secret), "{args:?} {arguments:?}");
        }
    }

    #[test]
    fn of_another_programs_command_line_nothing_is_read(
        (agent, foreign) in proptest::sample::select(FOREIGN),
        which in any::<proptest::sample::Index>(),
        between in proptest::collection::vec("-{0,2}[a-z]{1,8}", 0..3),
        glue in proptest::sample::select(vec![None, Some(""), Some("=")]),
        secret in "[A-Za-z]{16,20}",
    ) {
        let agent = CATALOGUE.iter().find(|known| known.name() == agent).unwrap();
        let flags: Vec<_> =
            commands(agent.grammar()).into_iter().flat_map(|(_, flags)| flags).collect();
        let name = which.get(&flags).names[0];
        let joined = glue.map_or(name.to_owned(), |glue| format!("{name}{glue}{secret}"));
        let mut args = [&["claude"], foreign].concat();
        args.extend(between.iter().map(String::as_str));
        args.extend([&joined[..], &secret]);
        let found = agent.arguments(&RawArgv::from_args(&args));
        prop_assert!(!format!("{found:?}").contains(&secret), "{args:?} {found:?}");
        prop_assert!(found.flags.is_empty() && found.dirs.is_empty(), "{args:?} {found:?}");
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for agent in CATALOGUE {
            agent.arguments(&RawArgv::from_cmdline(bytes.clone()));
        }
    }

    #[test]
    fn any_mix_of_flags_and_words_is_survived_and_bounded(
        args in proptest::collection::vec("(-{0,2}[a-z]{1,3}|--[a-z-]{1,20}|[a-z=./{}\" ]{0,9})(=.{0,5})?", 0..40),
    ) {
        let argv = RawArgv::from_args(&args);
        for agent in CATALOGUE {
            let arguments = agent.arguments(&argv);
            prop_assert!(arguments.argv.len() <= MAX_ARGUMENTS + 1);
            prop_assert!(!arguments.argv.iter().any(|arg| arg.contains(|c: char| c.is_control())));
        }
    }

    #[test]
    fn any_text_is_survived_as_an_address(text in ".{0,40}") {
        value::host(&text);
        value::host(&format!("https://{text}"));
    }
}
