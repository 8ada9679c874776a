//! What is particular to Codex.

use std::fs;

use super::*;
use crate::agents::{Arguments, Image};

const VENDOR: &str = "/n/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl";

fn arguments(args: &[&str]) -> Arguments {
    Codex.arguments(&RawArgv::from_args([&["codex"], args].concat()))
}

fn mode_of(args: &[&str]) -> &'static str {
    arguments(args).mode
}

fn role_of(args: &[&str]) -> Role {
    Codex.role(&RawArgv::from_args(args))
}

fn process(exe: &str, args: &[&str]) -> ProcessFacts {
    ProcessFacts {
        exe: Some(exe.into()),
        argv: Some(RawArgv::from_args(args)),
        ..ProcessFacts::default()
    }
}

fn is_machinery(parent: &str, exe: &str, args: &[&str]) -> bool {
    Codex.is_machinery(Some(Path::new(parent)), &process(exe, args))
}

#[test]
fn its_chores_are_machinery() {
    for args in [
        &["/h/tmp/arg0/codex-arg0X/apply_patch", "*** Begin Patch"][..],
        &["/h/tmp/arg0/codex-arg0X/codex-linux-sandbox", "--sandbox-policy-cwd", "/x"],
        &["codex-execve-wrapper"],
        &["/proc/self/exe", "--codex-run-as-process-setup", "54"],
        &["codex", "--codex-run-as-apply-patch", "x"],
        &["codex", "app-server", "daemon", "pid-update-loop"],
        &["codex", "app-server", "daemon", "pid-update-loop", "--help"],
        &["codex", "app-server", "--managed-daemon", "--help"],
    ] {
        assert_eq!(role_of(args), Role::Machinery, "{args:?}");
    }
}

#[test]
fn the_shared_service_is_a_daemon() {
    let args = ["codex", "app-server", "--listen", "unix:///tmp/x", "--managed-daemon"];
    assert_eq!(role_of(&args), Role::Daemon);
    let arguments = arguments(&args[1..]);
    assert_eq!(arguments.mode, "app-server-daemon");
    assert_eq!(arguments.argv, args);
}

#[test]
fn a_session_that_is_worked_in_is_named_by_its_arguments() {
    const A: &str = "01a20861-8159-7700-a526-3cdda88b8944";
    let named = |args: &[&str]| {
        let args = [&["codex"], args].concat();
        Codex.session_argument(&RawArgv::from_args(args))
    };
    for args in [
        &["resume", A][..],
        &["exec", "resume", A, "go on"],
        &["exec", "--yolo", "resume", "--model", "gpt-5", A, "-"],
        &["resume", "--sandbox", "read-only", A],
    ] {
        assert_eq!(named(args).as_deref(), Some(A), "{args:?}");
    }
    for args in [
        &["resume", "--last", A][..],
        &["exec", "resume", "the walrus", A],
        &["fork", A],
        &["exec", "fork", A],
        &["archive", A],
        &["delete", A],
        &["queue", "--thread", A],
        &["exec", A],
        &["exec", "--", "resume", A],
    ] {
        assert_eq!(named(args), None, "{args:?}");
    }
}

#[test]
fn a_lock_or_a_rollout_file_names_the_thread() {
    const A: &str = "01a20861-8159-7700-a526-3cdda88b8944";
    let named = |path: &str| thread_of(Path::new(path));
    for path in [
        "/h/.codex/thread-writer-locks/01a20861-8159-7700-a526-3cdda88b8944.lock",
        "/h/.codex/sessions/2026/11/01/rollout-2026-11-01T10-00-00-01a20861-8159-7700-a526-3cdda88b8944.jsonl",
    ] {
        assert_eq!(named(path).as_deref(), Some(A), "{path}");
    }
    for path in [
        "/h/.codex/thread-writer-locks/.coordination.lock",
        "/h/other/01a20861-8159-7700-a526-3cdda88b8944.lock",
        "/h/rollout-1.jsonl",
        "/h/rollout-ä1a20861-8159-7700-a526-3cdda88b8944.jsonl",
        "/h/rollout-éééééééééééééééééé1.jsonl",
        "/h/01a20861-8159-7700-a526-3cdda88b8944.jsonl",
        "socket:[1234]",
        "/",
    ] {
        assert_eq!(named(path), None, "{path}");
    }
}

#[test]
fn every_run_by_a_person_is_an_agent() {
    for args in [
        &["codex"][..],
        &["codex", "exec", "x"],
        &["codex", "--version"],
        &["codex", "app-server"],
        &["codex", "app-server", "daemon", "stop"],
        &["codex", "exec", "--managed-daemon"],
        &["codex-x86_64-unknown-linux-musl", "resume"],
    ] {
        assert_eq!(role_of(args), Role::Agent, "{args:?}");
    }
}

#[test]
fn programs_of_the_package_are_machinery_by_their_path() {
    let role = |path: &str| SIGNS.program(Path::new(path)).map(|layout| layout.role);
    for program in [
        "codex-resources/bwrap",
        "codex-path/rg",
        "bin/codex-code-mode-host",
        "codex-resources/voice/bin/codex-voice-host",
    ] {
        assert_eq!(role(&format!("{VENDOR}/{program}")), Some(Role::Machinery), "{program}");
    }
    assert_eq!(role(&format!("{VENDOR}/codex-resources/zsh/bin/zsh")), None, "runs commands");
    assert_eq!(role("/home/a/path/rg"), None);
    let staged = "/h/.codex/packages/app-server-daemon/releases/.staging.j9sI6P/bin/codex";
    assert_eq!(role(staged), Some(Role::Machinery));
}

#[test]
fn modes_follow_the_commands_that_the_agent_would_run() {
    let modes = [
        (&[][..], "interactive"),
        (&["fix it"], "interactive"),
        (&["exec", "x"], "headless"),
        (&["e", "x"], "headless"),
        (&["-c", "model=o3", "exec", "resume", "--last"], "headless"),
        (&["hello", "exec"], "headless"),
        (&["--", "exec"], "interactive"),
        (&["-i", "a.png", "exec"], "interactive"),
        (&["resume", "--last"], "interactive"),
        (&["review"], "headless"),
        (&["--version"], "version"),
        (&["exec", "--help"], "help"),
        (&["help", "exec"], "help"),
        (&["mcp", "list"], "mcp"),
        (&["mcp-server"], "mcp-serve"),
        (&["app-server"], "app-server"),
        (&["app-server", "daemon", "stop"], "other:app-server"),
        (&["login"], "login"),
        (&["update"], "update"),
        (&["sandbox", "exec"], "other:sandbox"),
    ];
    for (args, mode) in modes {
        assert_eq!(mode_of(args), mode, "{args:?}");
    }
}

#[test]
fn a_headless_run_keeps_all_but_its_prompt() {
    let arguments =
        arguments(&["exec", "-sdanger-full-access", "-C", "/x", "--add-dir=lib", "a prompt"]);
    assert_eq!(
        arguments.argv,
        ["codex", "exec", "-sdanger-full-access", "-C", "/x", "--add-dir=lib", "<8 bytes>"]
    );
    assert_eq!(arguments.flags, ["--sandbox=danger-full-access", "--cd=/x", "--add-dir=lib"]);
    assert_eq!(arguments.dirs, [("chdir", "/x".into()), ("add-dir", "lib".into())]);
}

#[test]
fn aliases_have_one_name_among_the_risks() {
    let flags = arguments(&["--yolo", "--dangerously-bypass-approvals-and-sandbox"]).flags;
    assert_eq!(flags, ["--dangerously-bypass-approvals-and-sandbox"]);
    let flags = arguments(&["-c", "sandbox_mode=\"danger-full-access\"", "-a", "never"]).flags;
    assert_eq!(flags, ["--sandbox=danger-full-access", "--ask-for-approval=never"]);
    let flags =
        arguments(&["exec", "--ephemeral", "--disable", "hooks", "--enable", "s3cret"]).flags;
    assert_eq!(flags, ["--ephemeral", "--disable=hooks", "--enable"]);
}

#[test]
fn of_settings_known_keys_and_harmless_values_stay() {
    let arguments = arguments(&[
        "-c",
        "model=\"gpt-5.1-codex\"",
        "-cmodel_provider=mycorp",
        "--config",
        "model_providers.mycorp.base_url=\"https://u:p@h.example/v1?k=s\"",
        "-c",
        "mcp_servers.x.env={KEY=\"s3cret\"}",
        "-c=api_key=s3cret",
        "-c",
        "sandbox_mode=s3cret",
        "-c",
        "s3cret",
    ]);
    assert_eq!(
        arguments.argv[1..],
        [
            "-c",
            "model=gpt-5.1-codex",
            "-cmodel_provider=<6 bytes>",
            "--config",
            "model_providers.*.base_url=https://h.example",
            "-c",
            "mcp_servers.*=<14 bytes>",
            "-c<14 bytes>",
            "-c",
            "sandbox_mode=<6 bytes>",
            "-c",
            "<6 bytes>",
        ]
    );
    assert_eq!(
        arguments.flags,
        [
            "--config=model=gpt-5.1-codex",
            "--config=model_provider",
            "--config=model_providers.*.base_url=https://h.example",
            "--config=mcp_servers.*",
            "--config",
            "--sandbox",
        ]
    );
}

#[test]
fn images_do_not_take_the_prompt_with_them() {
    let arguments = arguments(&["-i", "shot.png", "what is this", "./b.png"]);
    assert_eq!(arguments.argv, ["codex", "-i", "shot.png", "<12 bytes>", "./b.png"]);
}

#[test]
fn a_foreign_command_line_is_hidden_whole() {
    let arguments = arguments(&["sandbox", "-C", "/x", "ls", "--add-dir", "/y", "--yolo"]);
    let expected =
        ["codex", "sandbox", "-C", "/x", "<2 bytes>", "<9 bytes>", "<2 bytes>", "<6 bytes>"];
    assert_eq!(arguments.argv, expected);
    assert_eq!(arguments.dirs.len(), 1);
    assert_eq!(arguments.flags, ["--cd=/x"]);
}

#[test]
fn the_arguments_of_an_added_server_are_not_the_agents() {
    let server = [
        "srv",
        "pg",
        "-i",
        "S",
        "-oS",
        "--cd",
        "S",
        "--cd=S",
        "--url",
        "https://s",
        "-c",
        "model=o3",
    ];
    let arguments = arguments(&[&["mcp", "add", "--env", "A=B"], &server[..]].concat());
    assert_eq!(arguments.argv[..5], ["codex", "mcp", "add", "--env", "<3 bytes>"]);
    let hidden: Vec<_> = server.iter().map(|text| format!("<{} bytes>", text.len())).collect();
    assert_eq!(arguments.argv[5..], hidden);
    assert!(arguments.dirs.is_empty() && arguments.flags.is_empty(), "{arguments:?}");
}

#[test]
fn a_server_that_is_an_address_keeps_its_host() {
    let arguments = arguments(&["mcp", "add", "srv", "--url", "https://u:p@h/x"]);
    assert_eq!(arguments.argv[3..], ["<3 bytes>", "--url", "https://h"]);
}

#[test]
fn a_command_under_test_of_the_policy_is_hidden_whole() {
    let arguments =
        arguments(&["execpolicy", "check", "-r", "/r", "git", "-m", "o3", "-o", "S", "-C", "S"]);
    let shown = ["codex", "execpolicy", "check", "-r", "/r"];
    assert_eq!(arguments.argv[..5], shown);
    assert!(arguments.argv[5..].iter().all(|argument| argument.starts_with('<')), "{arguments:?}");
    assert!(arguments.dirs.is_empty() && arguments.flags.is_empty(), "{arguments:?}");
}

#[test]
fn a_word_with_a_dash_is_no_cluster_of_flags() {
    let arguments = arguments(&["-help-me", "-hVx"]);
    assert_eq!(arguments.argv[1..], ["<8 bytes>", "<4 bytes>"]);
    assert_eq!(arguments.mode, "interactive");
}

#[test]
fn sessions_are_named_only_by_id() {
    let id = "01a20861-8159-7700-a526-3cdda88b8944";
    assert_eq!(arguments(&["exec", "resume", id, "go on"]).argv[3..], [id, "<5 bytes>"]);
    assert_eq!(arguments(&["resume", "my session"]).argv[2], "<10 bytes>");
}

#[test]
fn behind_an_interpreter_the_agents_own_arguments_are_read() {
    let args = ["/usr/bin/env", "node", "../.bin/codex", "exec", "s3cret"];
    let arguments = Codex.arguments(&RawArgv::from_args(args));
    assert_eq!(arguments.argv, ["/usr/bin/env", "node", "../.bin/codex", "exec", "<6 bytes>"]);
    assert_eq!(arguments.mode, "headless");
}

#[test]
fn a_tool_call_is_one_that_the_launch_does_not_inherit() {
    let env = |call: &str| {
        AgentEnv::from_pairs([
            ("CODEX_THREAD_ID", "t"),
            ("CODEX_SESSION_ID", "t"),
            ("CODEX_TOOL_CALL_ID", call),
        ])
    };
    let managed = AgentEnv::from_pairs([("CODEX_MANAGED_BY_NPM", "1"), ("HOME", "/h")]);
    assert!(Codex.marks_tool_call(&managed, &env("call_0")));
    assert!(Codex.marks_tool_call(&env("call_0"), &env("call_1")));
    assert!(!Codex.marks_tool_call(&env("call_0"), &env("call_0")), "its helper");
    assert!(!Codex.marks_tool_call(&env("call_0"), &managed), "cleared");
    assert!(!Codex.marks_tool_call(&managed, &managed));
}

/// The processes of one sandboxed tool call of 0.169.0, in order.
#[test]
fn of_a_sandboxed_tool_call_only_the_command_is_work() {
    let codex = &format!("{VENDOR}/bin/codex");
    let bwrap = &format!("{VENDOR}/codex-resources/bwrap");
    let sandbox = "/h/.codex/tmp/arg0-linux/codex-arg0B/codex-linux-sandbox";
    assert!(is_machinery(codex, codex, &["/proc/self/exe", "--codex-run-as-process-setup"]));
    assert!(is_machinery(codex, codex, &[sandbox, "--sandbox-policy-cwd", "/x"]));
    assert!(is_machinery(codex, bwrap, &["bwrap", "--as-pid-1", "--", "/usr/bin/true"]));
    assert!(is_machinery(bwrap, "/usr/bin/true", &["/usr/bin/true"]), "the probe, in /");
    assert!(is_machinery(codex, bwrap, &["bwrap", "--as-pid-1"]));
    assert!(is_machinery(bwrap, codex, &["codex-linux-sandbox", "--apply-seccomp-then-exec"]));
    assert!(!is_machinery(codex, "/usr/bin/bash", &["/bin/bash", "-c", "cd /y && cat a"]));
    assert!(!is_machinery("/usr/bin/bash", "/usr/bin/cat", &["cat", "a"]));
    assert!(!is_machinery("/usr/bin/bash", "/usr/bin/true", &["true"]), "the model's own");
}

#[test]
fn the_models_own_tools_are_work() {
    let codex = &format!("{VENDOR}/bin/codex");
    let rg = &format!("{VENDOR}/codex-path/rg");
    assert!(!is_machinery("/usr/bin/bash", rg, &["rg", "x"]));
    assert!(!is_machinery("/usr/bin/bash", codex, &["apply_patch", "x"]));
    assert!(!is_machinery("/usr/bin/bash", codex, &["codex", "exec", "x"]), "a launch");
    assert!(is_machinery(codex, codex, &["codex", "--codex-run-as-apply-patch", "x"]));
    assert!(is_machinery(codex, "/usr/bin/bwrap", &["bwrap"]), "the system's");
    assert!(!is_machinery("/usr/bin/bash", "/usr/bin/bwrap", &["bwrap", "ls"]));
    let host = &format!("{VENDOR}/bin/codex-code-mode-host");
    assert!(is_machinery(codex, host, &["codex-code-mode-host"]));
}

#[test]
fn the_version_is_read_from_the_path_or_the_package() {
    let root = tempfile::tempdir().unwrap();
    let file = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    let version = |exe: &Path, script: Option<&Path>| {
        let (argv, env) = Default::default();
        Codex.version(&Image { exe: Some(exe), argv: &argv, script, env: &env })
    };
    let standalone =
        "/h/.codex/packages/standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    assert_eq!(version(Path::new(standalone), None).as_deref(), Some("0.169.0"));

    let platform = r#"{"name":"@openai/codex","version":"0.169.0-linux-x64"}"#;
    file("node_modules/@openai/codex-linux-x64/package.json", platform);
    let npm = file("node_modules/@openai/codex-linux-x64/vendor/t/bin/codex", "");
    assert_eq!(version(&npm, None).as_deref(), Some("0.169.0"));

    let unpacked = r#"{"layoutVersion":1,"version":"0.168.1","variant":"codex"}"#;
    file("node_modules/@openai/codex-linux-x64/vendor/t/codex-package.json", unpacked);
    assert_eq!(version(&npm, None).as_deref(), Some("0.168.1"), "the nearest");

    let wrapper = r#"{"name":"@openai/codex","version":"0.162.1"}"#;
    file("node_modules/@openai/codex/package.json", wrapper);
    let script = file("node_modules/@openai/codex/bin/codex.js", "");
    let node = Path::new("/usr/bin/node");
    assert_eq!(version(node, Some(&script)).as_deref(), Some("0.162.1"));
}

#[cfg(unix)]
#[test]
fn installs_are_the_native_programs_behind_the_scripts() {
    use std::os::unix::fs::symlink;

    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let file = |path: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        path
    };
    let script = file("npm/lib/node_modules/@openai/codex/bin/codex.js");
    let nested = file(
        "npm/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/t/bin/codex",
    );
    let beside = file("local/node_modules/@openai/codex-linux-x64/vendor/t/bin/codex");
    let local = file("local/node_modules/@openai/codex/bin/codex.js");
    let standalone = file("home/.codex/packages/standalone/releases/0.169.0-x86_64-x/bin/codex");
    symlink(
        root.join("home/.codex/packages/standalone/releases/0.169.0-x86_64-x"),
        root.join("home/.codex/packages/standalone/current"),
    )
    .unwrap();
    let daemon = file("home/.codex/packages/app-server-daemon/releases/0.169.0/bin/codex");
    for (bin, target) in [("npm/bin", &script), ("local/node_modules/.bin", &local)] {
        fs::create_dir_all(root.join(bin)).unwrap();
        symlink(target, root.join(bin).join("codex")).unwrap();
    }

    let path = ["npm/bin", "local/node_modules/.bin"].map(|dir| root.join(dir));
    let mut expected = [nested, beside, standalone, daemon];
    expected.sort();
    let found = Codex.installed(&root.join("home"), &path);
    let found: Vec<_> = found.into_iter().map(|install| install.exe).collect();
    assert_eq!(found, expected);
}

#[test]
fn by_what_a_launch_leaves_less_than_others_is_known() {
    let of = |argv: &[&str]| {
        let flags = arguments(argv).flags;
        let silence = Codex.silence(&flags, &AgentEnv::default());
        let hooks = Codex.hooks_off(&flags).map(str::to_owned);
        (silence.map(|it| (it.by, it.leaves_file)), hooks)
    };
    assert_eq!(of(&["exec", "x"]), (None, None));
    assert_eq!(of(&["exec", "--ephemeral", "x"]), (Some(("--ephemeral", false)), None));
    let history = of(&["-c", "history.persistence=\"none\"", "exec", "x"]);
    assert_eq!(history, (Some(("history.persistence=none", true)), None));
    assert_eq!(of(&["-c", "history.persistence=save-all"]), (None, None));
    assert_eq!(of(&["--disable", "hooks"]), (None, Some("--disable=hooks".into())));
    let hooks = of(&["-c", "features.hooks=false"]);
    assert_eq!(hooks, (None, Some("--config=features.hooks=false".into())));
}
