//! What is particular to Claude Code.

use std::fs;

use super::*;
use crate::agents::{Arguments, Image};

const EXE: &str = "/n/@anthropic-ai/claude-code/bin/claude.exe";

fn arguments(args: &[&str]) -> Arguments {
    Claude.arguments(&RawArgv::from_args([&["claude"], args].concat()))
}

fn mode_of(args: &[&str]) -> &'static str {
    arguments(args).mode
}

fn role_of(args: &[&str]) -> Role {
    Claude.role(&RawArgv::from_args(args))
}

fn endpoint(env: &[(&str, &str)]) -> Option<(String, String)> {
    let env = AgentEnv::from_pairs(env.iter().copied());
    Claude.endpoint(&RawArgv::default(), &env, None).map(|endpoint| (endpoint.host, endpoint.how))
}

#[test]
fn its_chores_are_machinery() {
    for args in [
        &["rg", "--no-config", "x"][..],
        &["/usr/bin/ugrep", "x"],
        &["claude bg-spare", "--bg-spare", "/tmp/x.sock"],
        &["claude", "--bg-pty-host", "/tmp/x.sock", "200", "50", "--", "claude"],
        &["claude", "bg-spare"],
        &["claude", "--daemon-worker", "x"],
    ] {
        assert_eq!(role_of(args), Role::Machinery, "{args:?}");
    }
}

#[test]
fn every_run_by_a_person_is_an_agent() {
    for args in [
        &["claude"][..],
        &["2.1.197", "-p", "x"],
        &["claude", "--version"],
        &["claude", "mcp", "list"],
        &["claude", "daemon", "status"],
        &["claude", "-p", "--bg-spare"],
        &["cc"],
    ] {
        assert_eq!(role_of(args), Role::Agent, "{args:?}");
    }
    assert_eq!(role_of(&["node", "/n/cli.js", "-p", "x"]), Role::Agent);
    assert_eq!(role_of(&["node", "/n/cli.js", "--ripgrep", "x"]), Role::Machinery);
}

#[test]
fn the_supervisor_of_background_sessions_is_a_daemon() {
    assert_eq!(role_of(&["claude", "daemon", "run"]), Role::Daemon);
    assert_eq!(
        role_of(&["claude", "--dangerously-skip-permissions", "daemon", "run"]),
        Role::Daemon
    );
    assert_eq!(mode_of(&["daemon", "run"]), "daemon");
}

#[test]
fn modes_follow_the_commands_that_the_agent_would_run() {
    let modes = [
        (&[][..], "interactive"),
        (&["fix it"], "interactive"),
        (&["-p", "x"], "headless"),
        (&["fix it", "--print"], "headless"),
        (&["--input-format", "stream-json"], "headless"),
        (&["-p", "-v"], "version"),
        (&["--version"], "version"),
        (&["mcp", "--help"], "help"),
        (&["mcp", "list"], "mcp"),
        (&["mcp", "serve"], "mcp-serve"),
        (&["-d", "mcp", "list"], "interactive"),
        (&["hello", "mcp", "list"], "interactive"),
        (&["--", "mcp"], "mcp"),
        (&["--add-dir=/x", "mcp"], "mcp"),
        (&["--add-dir", "/x", "mcp"], "interactive"),
        (&["update"], "update"),
        (&["auth", "login"], "login"),
        (&["setup-token"], "login"),
        (&["doctor"], "other:doctor"),
        (&["--bg", "x"], "background"),
        (&["-r", "--fork-session"], "interactive"),
    ];
    for (args, mode) in modes {
        assert_eq!(mode_of(args), mode, "{args:?}");
    }
}

#[test]
fn a_headless_run_keeps_all_but_its_prompt() {
    let arguments = arguments(&["-p", "a prompt", "--permission-mode", "bypassPermissions"]);
    assert_eq!(
        arguments.argv,
        ["claude", "-p", "<8 bytes>", "--permission-mode", "bypassPermissions"]
    );
    assert_eq!(arguments.flags, ["--permission-mode=bypassPermissions"]);
    assert_eq!(arguments.mode, "headless");
}

#[test]
fn directories_are_found_in_every_form() {
    let arguments = arguments(&["--add-dir", "../apps", "../lib", "-p", "--add-dir=/x", "go on"]);
    let dirs: Vec<_> = arguments.dirs.iter().map(|(how, dir)| (*how, dir.to_str())).collect();
    let expected = ["../apps", "../lib", "/x"].map(|dir| ("add-dir", Some(dir)));
    assert_eq!(dirs, expected);
    assert_eq!(arguments.flags, ["--add-dir=../apps", "--add-dir=../lib", "--add-dir=/x"]);
    assert_eq!(arguments.argv.last().map(String::as_str), Some("<5 bytes>"));
}

#[test]
fn a_prompt_that_a_flag_swallowed_is_no_directory() {
    let arguments = arguments(&["-p", "--add-dir", "/x", "tell me the password"]);
    assert_eq!(arguments.argv, ["claude", "-p", "--add-dir", "/x", "<20 bytes>"]);
    assert_eq!(arguments.dirs.len(), 1);
}

#[test]
fn settings_are_a_file_or_a_length() {
    let arguments = arguments(&[
        "--settings",
        "{\"env\":{\"KEY\":\"s3cret\"}}",
        "--settings=/etc/s.json",
        "--mcp-config",
        "m.json",
        "{\"mcpServers\":{}}",
        "--append-system-prompt",
        "be s3cret",
    ]);
    assert_eq!(
        arguments.argv[1..],
        [
            "--settings",
            "<24 bytes>",
            "--settings=/etc/s.json",
            "--mcp-config",
            "m.json",
            "<17 bytes>",
            "--append-system-prompt",
            "<9 bytes>",
        ]
    );
    assert_eq!(
        arguments.flags,
        ["--settings", "--settings=/etc/s.json", "--mcp-config=m.json", "--mcp-config"]
    );
}

#[test]
fn sessions_are_named_only_by_id() {
    let id = "455b4bcd-bba9-4fba-9400-21259d84c04f";
    assert_eq!(arguments(&["--resume", id]).argv[2], id);
    assert_eq!(arguments(&["-r", "my secret name"]).argv[2], "<14 bytes>");
    assert_eq!(arguments(&["-r", "name"]).flags, ["--resume"]);
}

#[test]
fn a_session_that_is_worked_in_is_named_by_its_arguments() {
    const A: &str = "455b4bcd-bba9-4fba-9400-21259d84c04f";
    const B: &str = "11111111-2222-4333-8444-555555555555";
    let named = |args: &[&str]| {
        let args = [&["claude"], args].concat();
        Claude.session_argument(&RawArgv::from_args(args))
    };
    for args in [
        &["--session-id", A][..],
        &["--session-id=455b4bcd-bba9-4fba-9400-21259d84c04f", "-p", "x"],
        &["-p", "x", "--resume", A],
        &["-r", A, "x"],
        &["--resume", B, "--fork-session", "--session-id", A],
    ] {
        assert_eq!(named(args).as_deref(), Some(A), "{args:?}");
    }
    for args in [
        &["--resume", A, "--fork-session"][..],
        &["--fork-session", "-r", A, "-p", "x"],
        &["--resume", "the walrus"],
        &["--resume"],
        &["-p", A],
        &["--", "--resume", A],
        &["mcp", "add", "x", "--", "claude", "--resume", A],
        &["--continue"],
    ] {
        assert_eq!(named(args), None, "{args:?}");
    }
}

#[test]
fn unknown_flags_lose_their_names() {
    let arguments = arguments(&["-p", "x", "--no-such-flag", "--sk-ant-1=2", "-Zsecret"]);
    assert_eq!(
        arguments.argv,
        ["claude", "-p", "<1 bytes>", "<14 bytes>", "<12 bytes>", "<8 bytes>"]
    );
}

#[test]
fn servers_are_added_without_their_secrets() {
    let arguments = arguments(&[
        "mcp",
        "add",
        "-t",
        "http",
        "-H",
        "Authorization: Bearer x",
        "-e",
        "KEY=x",
        "--",
        "name",
        "https://u:p@h/?k=1",
        "--token=x",
    ]);
    assert_eq!(
        arguments.argv[1..],
        [
            "mcp",
            "add",
            "-t",
            "http",
            "-H",
            "<23 bytes>",
            "-e",
            "<5 bytes>",
            "--",
            "<4 bytes>",
            "<18 bytes>",
            "<9 bytes>",
        ]
    );
}

#[test]
fn the_arguments_of_an_added_server_are_not_the_agents() {
    let arguments = arguments(&[
        "mcp",
        "add",
        "-s",
        "user",
        "srv",
        "npx",
        "--settings",
        "S",
        "--cwd",
        "S",
        "--debug-file=S",
    ]);
    assert_eq!(arguments.argv[..5], ["claude", "mcp", "add", "-s", "user"]);
    assert!(arguments.argv[5..].iter().all(|argument| argument.starts_with('<')), "{arguments:?}");
    assert!(arguments.dirs.is_empty() && arguments.flags.is_empty(), "{arguments:?}");
}

#[test]
fn a_word_with_a_dash_is_no_cluster_of_flags() {
    for word in ["-help-me", "-cafepay", "-vacation", "-capay"] {
        let arguments = arguments(&[word]);
        assert_eq!(arguments.argv[1..], [format!("<{} bytes>", word.len())], "{word}");
        assert!(arguments.flags.is_empty(), "{word}");
        assert_eq!(arguments.mode, "interactive", "{word}");
    }
    assert_eq!(arguments(&["-pc", "x"]).argv[1..], ["-p", "-c", "<1 bytes>"]);
    assert_eq!(arguments(&["-pnname"]).argv[1..], ["-p", "-n<4 bytes>"]);
    assert_eq!(arguments(&[&format!("-{}", "p".repeat(1000))]).argv[1..], ["<1001 bytes>"]);
}

#[test]
fn behind_an_interpreter_the_agents_own_arguments_are_read() {
    let argv = RawArgv::from_args(["node", "--import", "s3cret", "/n/cli-wrapper.cjs", "-p", "x"]);
    let arguments = Claude.arguments(&argv);
    assert_eq!(
        arguments.argv,
        ["node", "<8 bytes>", "<6 bytes>", "/n/cli-wrapper.cjs", "-p", "<1 bytes>"]
    );
    assert_eq!(arguments.mode, "headless");
}

#[test]
fn requests_go_where_the_environment_says() {
    let some = |host: &str, how: &str| Some((host.to_owned(), how.to_owned()));
    assert_eq!(endpoint(&[]), some("api.anthropic.com", "default"));
    let proxy = ("ANTHROPIC_BASE_URL", "http://key:s3cret@127.0.0.1:18080/v1?k=s3cret");
    assert_eq!(endpoint(&[proxy]), some("127.0.0.1:18080", "env"));
    let bedrock = ("CLAUDE_CODE_USE_BEDROCK", "1");
    assert_eq!(endpoint(&[proxy, bedrock]), some("bedrock", "env"));
    let own = ("ANTHROPIC_BEDROCK_BASE_URL", "https://gateway.example/bedrock");
    assert_eq!(endpoint(&[bedrock, own]), some("gateway.example", "env"));
    assert_eq!(endpoint(&[("CLAUDE_CODE_USE_VERTEX", "True")]), some("vertex", "env"));
    assert_eq!(endpoint(&[("CLAUDE_CODE_USE_VERTEX", "0")]), some("api.anthropic.com", "default"));
    for unknown in ["sk-ant-s3cret", "https://AKIAIOSFODNN7EXAMPLE/x@h", "https://s3cret/x@h"] {
        assert_eq!(endpoint(&[("ANTHROPIC_BASE_URL", unknown)]), None, "{unknown}");
    }
}

#[test]
fn a_tool_call_is_one_that_the_launch_does_not_inherit() {
    let env = |session: &str| {
        AgentEnv::from_pairs([
            ("CLAUDE_CODE_CHILD_SESSION", "1"),
            ("CLAUDE_CODE_SESSION_ID", session),
        ])
    };
    let plain = AgentEnv::from_pairs([("CLAUDECODE", "1")]);
    assert!(Claude.marks_tool_call(&AgentEnv::default(), &env("a")));
    assert!(Claude.marks_tool_call(&env("a"), &env("b")), "an agent in another's tool call");
    assert!(!Claude.marks_tool_call(&env("a"), &env("a")), "its helper");
    assert!(!Claude.marks_tool_call(&AgentEnv::default(), &plain));
}

#[test]
fn a_search_is_machinery_only_where_the_agent_started_it() {
    let rg = ProcessFacts {
        exe: Some(EXE.into()),
        argv: Some(RawArgv::from_args(["rg", "--files"])),
        ..ProcessFacts::default()
    };
    assert!(Claude.is_machinery(Some(Path::new(EXE)), &rg));
    assert!(!Claude.is_machinery(Some(Path::new("/usr/bin/bash")), &rg), "the model's own grep");
    let nested = ProcessFacts { argv: Some(RawArgv::from_args(["claude", "-p"])), ..rg };
    assert!(!Claude.is_machinery(Some(Path::new(EXE)), &nested));
    assert!(!Claude.is_machinery(Some(Path::new(EXE)), &ProcessFacts::default()));
}

#[test]
fn the_version_is_read_from_the_path_or_the_package() {
    let root = tempfile::tempdir().unwrap();
    let package = root.path().join("node_modules/@anthropic-ai/claude-code");
    fs::create_dir_all(package.join("bin")).unwrap();
    let exe = package.join("bin/claude.exe");
    let version = |exe: &Path| {
        let (argv, env) = Default::default();
        Claude.version(&Image { exe: Some(exe), argv: &argv, script: None, env: &env })
    };
    assert_eq!(version(Path::new("/h/share/claude/versions/2.1.197")).as_deref(), Some("2.1.197"));
    assert_eq!(version(&exe), None);
    let write = |text: &str| fs::write(package.join("package.json"), text).unwrap();
    write(r#"{"name":"@anthropic-ai/claude-code","version":"2.1.330"}"#);
    assert_eq!(version(&exe).as_deref(), Some("2.1.330"));
    for wrong in [
        r#"{"name":"other","version":"2.1.330"}"#,
        r#"{"name":"@anthropic-ai/claude-code","version":"a secret"}"#,
        r#"{"name":"@anthropic-ai/claude-code"}"#,
        "[",
    ] {
        write(wrong);
        assert_eq!(version(&exe), None, "{wrong}");
    }
    let above = r#"{"name":"@anthropic-ai/claude-code","version":"1.0.0"}"#;
    fs::write(root.path().join("package.json"), above).unwrap();
    assert_eq!(version(&exe), None, "what lies above node_modules is another's");
}

#[cfg(unix)]
#[test]
fn installs_are_found_below_home_and_beside_path_once_each() {
    use std::os::unix::fs::symlink;

    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let file = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    let native = file("home/.local/share/claude/versions/2.1.197", "");
    fs::create_dir_all(root.join("home/.local/bin")).unwrap();
    symlink(&native, root.join("home/.local/bin/claude")).unwrap();
    let npm = file("npm/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe", "");
    let package = r#"{"name":"@anthropic-ai/claude-code","version":"2.1.330"}"#;
    file("npm/lib/node_modules/@anthropic-ai/claude-code/package.json", package);
    fs::create_dir_all(root.join("npm/bin")).unwrap();
    symlink(&npm, root.join("npm/bin/claude")).unwrap();
    file("tools/claude", "somebody else's");
    file("home/bin/claude", "#!/bin/sh\nexec /opt/claude");

    let path =
        ["npm/bin", "home/.local/bin", "home/bin", "tools", "absent"].map(|dir| root.join(dir));
    let found = Claude.installed(&root.join("home"), &path);
    let found: Vec<_> = found.iter().map(|i| (i.exe.clone(), i.version.as_deref())).collect();
    assert_eq!(found, [(native, Some("2.1.197")), (npm, Some("2.1.330"))]);
}

#[test]
fn by_what_a_launch_leaves_no_session_file_is_known() {
    let silence = |flags: &[&str], env: &[(&str, &str)]| {
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        Claude.silence(&flags, &AgentEnv::from_pairs(env.iter().copied())).map(|it| it.by)
    };
    assert_eq!(silence(&["--bare"], &[("HOME", "/h")]), None);
    assert_eq!(silence(&["--no-session-persistence"], &[]), Some("--no-session-persistence"));
    let skip = "CLAUDE_CODE_SKIP_PROMPT_HISTORY";
    assert_eq!(silence(&[], &[(skip, "1")]), Some(skip));
    assert_eq!(silence(&[], &[(skip, "")]), None, "empty is unset");
}

#[test]
fn what_asks_nothing_by_itself_or_elsewhere_is_told_apart() {
    let asks = |args: &[&str]| Claude.asks_at_once(&arguments(args).argv);
    assert!(asks(&["-p", "x"]) && asks(&["-p", "--output-format", "json", "x"]));
    for other in [&["-p", "--input-format", "stream-json"][..], &["-p", "--cloud", "x"]] {
        assert!(!asks(other), "{other:?}");
    }
}
