//! Recognition, over the whole catalogue.

use proptest::prelude::*;

use super::*;

mod bystanders;
mod places;
mod versions;

const VENDOR: &str = "/n/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl";

/// Recognises a process by executable, arguments and environment.
fn seen(exe: &str, args: &[&str], env: &[(&str, &str)]) -> String {
    seen_with_script(exe, args, env, None)
}

fn seen_with_script(
    exe: &str,
    args: &[&str],
    env: &[(&str, &str)],
    script: Option<&str>,
) -> String {
    let image = Image {
        exe: Some(Path::new(exe)),
        argv: &RawArgv::from_args(args),
        script: script.map(Path::new),
        env: &AgentEnv::from_pairs(env.iter().copied()),
    };
    recognise(&image).map_or("nothing".to_owned(), |found| format!("{found:?}"))
}

#[test]
fn npm_installs_are_recognised() {
    let claude = "/n/@anthropic-ai/claude-code/bin/claude.exe";
    assert_eq!(seen(claude, &["claude", "-p", "x"], &[]), "claude Agent (npm)");
    let platform = "/n/@anthropic-ai/claude-code-linux-x64/claude";
    assert_eq!(seen(platform, &["claude"], &[]), "claude Agent (npm)");
    let codex = format!("{VENDOR}/bin/codex");
    assert_eq!(seen(&codex, &[&codex, "exec", "x"], &[]), "codex Agent (npm)");
    let older = "/n/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex";
    assert_eq!(seen(older, &["codex"], &[]), "codex Agent (npm)");
}

#[test]
fn native_installs_are_recognised() {
    let native = "/home/a/.local/share/claude/versions/2.1.197";
    assert_eq!(seen(native, &["claude"], &[]), "claude Agent (native)");
    let standalone =
        "/home/a/.codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    assert_eq!(seen(standalone, &["codex"], &[]), "codex Agent (standalone)");
    let archive = "/opt/tools/codex-x86_64-unknown-linux-musl";
    assert_eq!(seen(archive, &["codex"], &[]), "codex Agent (binary)");
}

#[test]
fn a_name_alone_is_no_proof() {
    for path in ["/home/a/src/x/target/debug/codex", "/tmp/bin/claude", "/tmp/x/codex"] {
        assert_eq!(seen(path, &["codex", "hello"], &[("HOME", "/home/a")]), "nothing", "{path}");
    }
    let unpacked = "/home/a/.local/bin/codex";
    assert_eq!(seen(unpacked, &["codex"], &[("HOME", "/home/a")]), "codex Agent (binary)");
    assert_eq!(seen("/tmp/x/codex", &["codex", "exec", "x"], &[]), "codex Agent (binary)");
    let by_npm = [("CODEX_MANAGED_BY_NPM", "1")];
    assert_eq!(seen("/tmp/x/codex", &["codex"], &by_npm), "codex Agent (binary)");
    assert_eq!(seen("/usr/bin/dash", &["/bin/sh", "/usr/local/bin/codex"], &[]), "nothing");
}

#[test]
fn launchers_of_npm_are_wrappers() {
    let script = Some("/n/@openai/codex/bin/codex.js");
    let args = ["/usr/bin/env", "node", "../.bin/codex", "exec", "x"];
    assert_eq!(seen_with_script("/usr/bin/env", &args, &[], script), "codex Wrapper (npm)");
    assert_eq!(seen_with_script("/usr/bin/node", &args[1..], &[], script), "codex Wrapper (npm)");
    assert_eq!(seen_with_script("/usr/bin/node", &args[1..], &[], None), "nothing");
    let other = Some("/n/codex/lib/codex.js");
    assert_eq!(seen_with_script("/usr/bin/node", &args[1..], &[], other), "nothing");

    let fallback = Some("/n/@anthropic-ai/claude-code/cli-wrapper.cjs");
    let args = ["node", "cli-wrapper.cjs", "-p", "x"];
    assert_eq!(seen_with_script("/usr/bin/node", &args, &[], fallback), "claude Wrapper (npm)");
}

#[test]
fn the_agent_that_was_a_script_is_an_agent_and_its_env_a_wrapper() {
    let script = Some("/n/@anthropic-ai/claude-code/cli.js");
    let args = ["/usr/bin/env", "node", "/n/.bin/claude", "-p", "x"];
    assert_eq!(seen_with_script("/usr/bin/env", &args, &[], script), "claude Wrapper (npm)");
    assert_eq!(seen_with_script("/usr/bin/node", &args[1..], &[], script), "claude Agent (npm)");
}

#[test]
fn only_an_agents_script_is_worth_a_look_at_the_disk() {
    let script = |exe: &str, args: &[&str]| {
        script_argument(&Image {
            exe: Some(Path::new(exe)),
            argv: &RawArgv::from_args(args),
            script: None,
            env: &AgentEnv::default(),
        })
    };
    let codex = Some(PathBuf::from("../.bin/codex"));
    assert_eq!(script("/usr/bin/env", &["/usr/bin/env", "node", "../.bin/codex", "x"]), codex);
    assert_eq!(script("/usr/bin/node", &["node", "--inspect", "../.bin/codex"]), codex);
    assert_eq!(script("/usr/bin/coreutils", &["env", "-S", "node", "../.bin/codex"]), codex);
    assert_eq!(script("/usr/bin/node", &["node", "server.js"]), None);
    assert_eq!(script("/usr/bin/cat", &["node", "codex"]), None, "the executable decides");
}

#[test]
fn bystanders_are_no_candidates() {
    let is = |exe: &str, comm: &str| candidate(Some(Path::new(exe)), OsStr::new(comm));
    for exe in ["/usr/bin/env", "/opt/node-22/bin/node", "/home/a/.bun/bin/bun"] {
        assert!(is(exe, "x"), "{exe}");
    }
    assert!(is("/home/a/.local/share/claude/versions/2.1.197", "claude"));
    assert!(is(&format!("{VENDOR}/codex-resources/bwrap"), "3"));
    assert!(is("/usr/bin/coreutils", "env") && !is("/usr/bin/coreutils", "ls"));
    for exe in ["/usr/bin/git", "/usr/bin/python3.11", "/usr/bin/dash", "/"] {
        assert!(!is(exe, "codex"), "{exe}");
    }
    assert!(candidate(None, OsStr::new("codex")) && !candidate(None, OsStr::new("git")));
}

#[test]
fn a_comm_that_no_agent_has_rules_it_out() {
    for comm in [
        "claude",
        "claude.exe",
        "2.1.197",
        "codex",
        "codex-x86_64-un",
        "exe",
        "node",
        "nodejs",
        "bun",
        "env",
        "MainThread",
        "node-MainThread",
        "3",
        "",
        "codex\n",
        "cli-wrapper.cjs",
    ] {
        assert!(!rules_out(OsStr::new(comm)), "{comm}");
    }
    for comm in ["bash", "git", "cc1", "rustc", "python3", "2.1", "envsubst", "nodemon", "code"] {
        assert!(rules_out(OsStr::new(comm)), "{comm}");
    }
}

#[test]
fn the_catalogue_is_well_formed() {
    for agent in CATALOGUE {
        let signs = agent.signs();
        for layout in signs.programs.iter().chain(signs.scripts) {
            let single = layout.path.split('/').all(|part| part.matches('*').count() <= 1);
            assert!(single, "{}: one star in a component", layout.path);
            let lacks_word = !layout.path.contains(signs.word);
            assert!(!lacks_word, "{}: the prefilter would drop it", layout.path);
        }
        for layout in signs.scripts {
            let name = Path::new(layout.path).file_name().unwrap().to_str().unwrap();
            assert!(signs.script_names.contains(&name), "{name}");
        }
    }
}

proptest! {
    #[test]
    fn any_process_is_survived(exe in ".{0,40}", comm in ".{0,15}", cmdline in proptest::collection::vec(any::<u8>(), 0..80)) {
        let argv = RawArgv::from_cmdline(cmdline);
        let env = AgentEnv::default();
        let image = Image { exe: Some(Path::new(&exe)), argv: &argv, script: None, env: &env };
        candidate(Some(Path::new(&exe)), OsStr::new(&comm));
        rules_out(OsStr::new(&comm));
        recognise(&image);
        script_argument(&image);
    }

    #[test]
    fn whatever_is_recognised_is_a_candidate(exe in "/(n|@openai|codex|vendor|bin|packages|standalone|releases|0.1.2|claude|versions|/){1,9}") {
        let argv = RawArgv::from_args(["codex", "exec"]);
        let env = AgentEnv::default();
        let image = Image { exe: Some(Path::new(&exe)), argv: &argv, script: None, env: &env };
        prop_assert!(recognise(&image).is_none() || candidate(image.exe, OsStr::new("x")));
    }
}
