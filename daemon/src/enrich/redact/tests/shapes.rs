//! What has the shape of a secret, wherever it stands: after every flag of every command, as a path, a
//! model, an address or a setting.

use super::*;

/// Text around a secret, in the shapes that values of flags have.
const AROUND: &[&str] = &[
    "S",
    "/tmp/S",
    "./a/S.json",
    "~/S/x",
    "../S",
    "a b S",
    "x,S",
    "opus,S",
    "S,haiku",
    "gpt-S",
    "claude-S",
    "S-opus",
    "https://S.example/",
    "https://h.example/S",
    "wss://u:S@h",
    "unix:///run/S.sock",
    "model=S",
    "model=\"S\"",
    "model=gpt-S",
    "sandbox_mode='S'",
    "S=1",
    "model_providers.S.base_url=https://h",
    "model_providers.x.base_url=https://S",
    "{\"a\":\"S\"}",
    "@S",
    "S:S",
];

fn any_secret() -> impl Strategy<Value = String> {
    let known = &[
        "sk-",
        "sk-ant-api03-",
        "sk_live_",
        "ghp_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "AKIA",
        "AIza",
        "ya29.",
        "eyJ",
        "npm_",
        "hf_",
        "whsec_",
        "key-",
    ][..];
    let prefixed = (proptest::sample::select(known), "[A-Za-z0-9][A-Za-z0-9_-]{11,40}");
    prop_oneof![
        prefixed.prop_map(|(prefix, rest)| format!("{prefix}{rest}")),
        "[A-Z]{3}[a-z]{3}[0-9]{3}[A-Za-z0-9]{15,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_looks_like_a_secret_stands_nowhere(
        agent in 0..CATALOGUE.len(),
        (command, flag, before) in any::<(prop::sample::Index, prop::sample::Index, bool)>(),
        glue in proptest::sample::select(vec![None, Some(""), Some("="), Some("=\"")]),
        around in proptest::sample::select(AROUND),
        secret in any_secret(),
    ) {
        let agent = CATALOGUE[agent];
        let commands = commands(agent.grammar());
        let (typed, flags) = command.get(&commands);
        let value = around.replace('S', &secret);
        let name = flags.get(flag.index(flags.len().max(1))).map_or("--x", |flag| flag.names[0]);
        let joined = glue.map_or(name.to_owned(), |glue| format!("{name}{glue}{value}"));
        let mut args = vec![agent.name()];
        args.extend(before.then_some([&*joined, &value]).into_iter().flatten());
        args.extend(typed);
        args.extend([&*joined, &value, &value]);
        let found = format!("{:?}", agent.arguments(&RawArgv::from_args(&args)));
        prop_assert!(!found.contains(&secret), "{args:?} {found}");
        let (found, secret) = (found.to_ascii_lowercase(), secret.to_ascii_lowercase());
        prop_assert!(!found.contains(&secret), "{args:?} {found}");
    }

    #[test]
    fn a_word_that_is_on_no_list_stands_nowhere(
        agent in 0..CATALOGUE.len(),
        command in any::<prop::sample::Index>(),
        word in "zq[a-z]{6,20}",
    ) {
        let agent = CATALOGUE[agent];
        let commands = commands(agent.grammar());
        let (typed, flags) = command.get(&commands);
        for flag in flags.iter().filter(|flag| !matches!(flag.value, Value::Path | Value::Setting(_))) {
            for name in flag.names {
                let joined = format!("{name}={word}");
                let unknown = [format!("--{word}"), format!("-{word}"), format!("--{word}={word}")];
                let mut args = vec![agent.name()];
                args.extend(typed);
                args.extend([*name, &word, &joined]);
                args.extend(unknown.iter().map(String::as_str));
                let found = format!("{:?}", agent.arguments(&RawArgv::from_args(&args)));
                prop_assert!(!found.contains(&word), "{args:?} {found}");
            }
        }
    }
}
