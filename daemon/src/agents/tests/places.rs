//! Where agents lie on real machines, and what each of their processes is.

use super::*;

/// What is recognised: agent, role, layout, mode, and the version that the path tells.
fn told(exe: &str, argv: &str, script: Option<&str>, env: &[(&str, &str)]) -> String {
    let argv = RawArgv::from_args(argv.split('|'));
    let env = AgentEnv::from_pairs(env.iter().copied());
    let (exe, script) = (Path::new(exe), script.map(Path::new));
    let image = Image { exe: Some(exe), argv: &argv, script, env: &env };
    let Some(Recognised { agent, role, layout }) = recognise(&image) else {
        return "nothing".into();
    };
    assert!(candidate(Some(exe), OsStr::new("x")), "{exe:?} must get past the prefilter");
    let mode = agent.arguments(&argv).mode;
    let version = agent.signs().version_in_path(script.unwrap_or(exe));
    let version = version.as_deref().unwrap_or("-");
    format!("{} {role:?} {layout} {mode} {version}", agent.name())
}

#[track_caller]
fn all(rows: &[(&str, &str, &str)]) {
    for (exe, argv, expected) in rows {
        assert_eq!(told(exe, argv, None, &[("HOME", "/home/ada")]), *expected, "{exe} {argv}");
    }
}

#[track_caller]
fn all_scripts(rows: &[(&str, &str, &str, &str)]) {
    for (exe, argv, script, expected) in rows {
        assert_eq!(told(exe, argv, Some(script), &[]), *expected, "{argv}: {script}");
    }
}

#[test]
fn claude_by_npm_and_its_kin() {
    let agent = "claude Agent npm interactive -";
    all(&[
        ("/usr/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe", "claude", agent),
        ("/usr/local/lib/node_modules/@anthropic-ai/claude-code-linux-x64/claude", "claude", agent),
        (
            "/home/ada/.nvm/versions/node/v22.20.0/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
            "claude|-p|x",
            "claude Agent npm headless -",
        ),
        (
            "/home/ada/.volta/tools/image/packages/@anthropic-ai/claude-code/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
            "claude",
            agent,
        ),
        (
            "/home/ada/.bun/install/global/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
            "claude",
            agent,
        ),
        (
            "/home/ada/.local/share/pnpm/global/5/.pnpm/@anthropic-ai+claude-code-linux-x64@2.1.197/node_modules/@anthropic-ai/claude-code-linux-x64/claude",
            "claude",
            agent,
        ),
        (
            "/home/ada/.config/yarn/global/node_modules/@anthropic-ai/claude-code-linux-arm64-musl/claude",
            "claude",
            agent,
        ),
        (
            "/home/ada/.npm/_npx/becf7b9e49303068/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
            "claude|--version",
            "claude Agent npm version -",
        ),
        (
            "/home/ada/.claude/local/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
            "claude",
            agent,
        ),
        (
            "/usr/lib/node_modules/@anthropic-ai/.claude-code-bXq3Yw1d/bin/claude.exe",
            "claude",
            agent,
        ),
        (
            r"C:\Users\Ada\AppData\Roaming\npm\node_modules\@anthropic-ai\claude-code\bin\claude.exe",
            r"C:\Users\Ada\AppData\Roaming\npm\node_modules\@anthropic-ai\claude-code\bin\claude.exe|mcp|serve",
            "claude Agent npm mcp-serve -",
        ),
    ]);
    let package = "/usr/lib/node_modules/@anthropic-ai/claude-code";
    all_scripts(&[
        (
            "/usr/bin/node",
            "node|/usr/bin/claude|-p|x",
            &format!("{package}/cli-wrapper.cjs"),
            "claude Wrapper npm headless -",
        ),
        (
            "/usr/bin/node",
            "node|/usr/bin/claude",
            &format!("{package}/cli.js"),
            "claude Agent npm interactive -",
        ),
        (
            "/opt/node-22/bin/node",
            "node|cli.mjs|-p|x",
            &format!("{package}/cli.mjs"),
            "claude Agent npm headless -",
        ),
        (
            r"C:\Program Files\nodejs\node.exe",
            r"C:\Program Files\nodejs\node.exe|C:\n\@anthropic-ai\claude-code\cli.js|-p|x",
            r"C:\n\@anthropic-ai\claude-code\cli.js",
            "claude Agent npm headless -",
        ),
    ]);
}

#[test]
fn claude_by_other_ways() {
    all(&[
        (
            "/home/ada/.local/share/claude/versions/2.1.197",
            "claude",
            "claude Agent native interactive 2.1.197",
        ),
        (
            "/Users/ada/.local/share/claude/versions/2.1.330",
            "/Users/ada/.local/bin/claude|-c",
            "claude Agent native interactive 2.1.330",
        ),
        (r"C:\Users\Ada\.local\bin\claude.exe", "claude", "claude Agent native interactive -"),
        (
            "/opt/homebrew/Caskroom/claude-code/2.1.197/claude",
            "claude",
            "claude Agent homebrew interactive 2.1.197",
        ),
        (
            "/usr/local/Caskroom/claude-code@latest/2.1.330/claude",
            "claude",
            "claude Agent homebrew interactive 2.1.330",
        ),
        (
            "/home/linuxbrew/.linuxbrew/Caskroom/claude-code/latest/claude",
            "claude",
            "claude Agent homebrew interactive -",
        ),
        (
            r"C:\Users\Ada\AppData\Local\Microsoft\WinGet\Packages\Anthropic.ClaudeCode_Microsoft.Winget.Source_8wekyb3d8bbwe\claude.exe",
            "claude",
            "claude Agent winget interactive -",
        ),
        ("/usr/bin/claude", "claude", "claude Agent system interactive -"),
        ("/usr/lib/claude-code/claude", "claude", "claude Agent system interactive -"),
        ("/usr/local/bin/claude", "claude", "claude Agent binary interactive -"),
        ("/opt/claude-code/bin/claude", "claude", "claude Agent binary interactive -"),
        ("/home/ada/.local/bin/claude", "claude", "claude Agent binary interactive -"),
        (
            "/home/ada/.local/share/mise/installs/claude/2.1.197/claude",
            "claude",
            "claude Agent mise interactive 2.1.197",
        ),
        (
            "/nix/store/0d3n5bqz-claude-code-2.1.197/bin/.claude-wrapped",
            "claude",
            "claude Agent nix interactive -",
        ),
    ]);
}

#[test]
fn claude_inside_other_programs() {
    let stream = "claude|--output-format|stream-json|--input-format|stream-json|--verbose";
    let editor = "claude Agent vscode headless -";
    let file = "anthropic.claude-code-2.1.233-linux-x64/resources/native-binary/claude";
    for family in [
        "/home/ada/.vscode",
        "/home/ada/.vscode-insiders",
        "/home/ada/.vscode-oss",
        "/home/ada/.vscode-server",
        "/home/ada/.vscode-server-insiders",
        "/home/ada/.cursor",
        "/home/ada/.cursor-server",
        "/home/ada/.windsurf",
        "/home/ada/.windsurf-server",
        "/home/ada/.local/share/code-server",
    ] {
        assert_eq!(told(&format!("{family}/extensions/{file}"), stream, None, &[]), editor);
    }
    all(&[
        (
            r"C:\Users\Ada\.vscode\extensions\anthropic.claude-code-2.1.288-win32-x64\resources\native-binary\claude.exe",
            stream,
            editor,
        ),
        (
            "/Users/ada/Library/Application Support/Claude/claude-code/2.1.209/claude.app/Contents/MacOS/claude",
            stream,
            "claude Agent desktop headless 2.1.209",
        ),
        (
            r"C:\Users\Ada\AppData\Roaming\Claude\claude-code\2.1.209\claude.exe",
            stream,
            "claude Agent desktop headless 2.1.209",
        ),
        (
            "/home/ada/app/node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude",
            stream,
            "claude Agent npm-sdk headless -",
        ),
        (
            "/home/ada/app/.venv/lib/python3.13/site-packages/claude_agent_sdk/_bundled/claude",
            stream,
            "claude Agent python-sdk headless -",
        ),
    ]);
    all_scripts(&[(
        "/usr/bin/node",
        "node|/a/node_modules/@anthropic-ai/claude-agent-sdk/cli.js|--output-format|stream-json|-p",
        "/a/node_modules/@anthropic-ai/claude-agent-sdk/cli.js",
        "claude Agent npm-sdk headless -",
    )]);
}

#[test]
fn codex_by_npm_and_its_kin() {
    let triple = "vendor/x86_64-unknown-linux-musl";
    let agent = "codex Agent npm interactive -";
    for package in [
        "/usr/lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64",
        "/home/ada/.nvm/versions/node/v22.20.0/lib/node_modules/@openai/codex-linux-x64",
        "/home/ada/.volta/tools/image/packages/@openai/codex/lib/node_modules/@openai/codex",
        "/home/ada/.bun/install/global/node_modules/@openai/codex-linux-x64",
        "/home/ada/.local/share/pnpm/5/.pnpm/@openai+codex@0.169.0-linux-x64/node_modules/@openai/codex-linux-x64",
        "/home/ada/.config/yarn/global/node_modules/@openai/codex-linux-x64",
        "/home/ada/.npm/_npx/1a2b/node_modules/@openai/codex-linux-x64",
    ] {
        assert_eq!(told(&format!("{package}/{triple}/bin/codex"), "codex", None, &[]), agent);
        assert_eq!(told(&format!("{package}/{triple}/codex/codex"), "codex", None, &[]), agent);
    }
    all(&[
        ("/n/@openai/codex/bin/codex-x86_64-unknown-linux-musl", "codex", agent),
        (
            r"C:\n\@openai\codex-win32-x64\vendor\x86_64-pc-windows-msvc\bin\codex.exe",
            "codex|exec|x",
            "codex Agent npm headless -",
        ),
        (
            "/a/node_modules/@openai/codex-sdk/vendor/aarch64-apple-darwin/codex/codex",
            "codex|exec|--experimental-json",
            "codex Agent npm-sdk headless -",
        ),
    ]);
    let script = "/usr/lib/node_modules/@openai/codex/bin/codex.js";
    let wrapper = "codex Wrapper npm headless -";
    all_scripts(&[
        ("/usr/bin/env", "/usr/bin/env|node|/usr/bin/codex|exec|x", script, wrapper),
        ("/usr/bin/node", "node|/usr/bin/codex|exec|x", script, wrapper),
        ("/home/ada/.bun/bin/bun", "bun|/usr/bin/codex|exec|x", script, wrapper),
    ]);
}

#[test]
fn codex_by_other_ways() {
    let packages = "/home/ada/.codex/packages";
    let at = |place: &str, argv: &str| told(&format!("{packages}/{place}"), argv, None, &[]);
    let standalone = "codex Agent standalone interactive 0.169.0";
    let release = "standalone/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    assert_eq!(at(release, "codex"), standalone);
    assert_eq!(at("standalone/releases/0.169.0-aarch64-apple-darwin/codex", "codex"), standalone);
    assert_eq!(at("standalone/current/bin/codex", "codex"), "codex Agent standalone interactive -");
    all(&[
        (
            "/opt/homebrew/Caskroom/codex/0.169.0/codex-aarch64-apple-darwin",
            "codex",
            "codex Agent homebrew interactive 0.169.0",
        ),
        (
            "/home/linuxbrew/.linuxbrew/Caskroom/codex/0.169.0/codex-x86_64-unknown-linux-musl",
            "codex",
            "codex Agent homebrew interactive 0.169.0",
        ),
        (
            "/home/linuxbrew/.linuxbrew/Cellar/codex/0.20.0_1/bin/codex",
            "codex",
            "codex Agent homebrew interactive 0.20.0",
        ),
        (
            "/home/ada/Downloads/codex-x86_64-unknown-linux-musl",
            "./codex-x86_64-unknown-linux-musl",
            "codex Agent binary interactive -",
        ),
        (
            "/Users/ada/Downloads/codex-aarch64-apple-darwin",
            "codex",
            "codex Agent binary interactive -",
        ),
        (
            "/home/ada/Downloads/codex-exec-x86_64-unknown-linux-musl",
            "codex-exec-x86_64-unknown-linux-musl|x",
            "codex Agent binary headless -",
        ),
        (
            "/home/ada/Downloads/codex-responses-api-proxy-x86_64-unknown-linux-musl",
            "codex",
            "codex Machinery package interactive -",
        ),
        (
            r"C:\Users\Ada\AppData\Local\Microsoft\WinGet\Packages\OpenAI.Codex_Microsoft.Winget.Source_8wekyb3d8bbwe\codex-x86_64-pc-windows-msvc.exe",
            "codex",
            "codex Agent winget interactive -",
        ),
        ("/usr/bin/codex", "codex|resume", "codex Agent system interactive -"),
        ("/usr/local/bin/codex", "codex", "codex Agent binary interactive -"),
        ("/home/ada/.cargo/bin/codex", "codex", "codex Agent binary interactive -"),
        (
            "/home/ada/.local/share/mise/installs/codex/0.169.0/codex-x86_64-unknown-linux-musl",
            "codex",
            "codex Agent mise interactive 0.169.0",
        ),
        ("/nix/store/0d3n-codex-0.169.0/bin/codex", "codex", "codex Agent nix interactive -"),
        (
            "/home/ada/.venv/lib/python3.13/site-packages/codex_cli_bin/bin/codex",
            "codex|exec|x",
            "codex Agent wheel headless -",
        ),
        (
            "/usr/lib/python3/dist-packages/openai_codex_cli_bin/bin/codex",
            "codex",
            "codex Agent wheel interactive -",
        ),
    ]);
}

#[test]
fn codex_inside_other_programs() {
    let serve = "codex|app-server|--analytics-default-enabled";
    let editor = "codex Agent vscode app-server -";
    let file = "openai.chatgpt-26.5.1117-linux-x64/bin/linux-x86_64/codex";
    for family in [
        "/home/ada/.vscode",
        "/home/ada/.vscode-insiders",
        "/home/ada/.vscode-oss",
        "/home/ada/.vscode-server",
        "/home/ada/.cursor",
        "/home/ada/.cursor-server",
        "/home/ada/.windsurf",
    ] {
        assert_eq!(told(&format!("{family}/extensions/{file}"), serve, None, &[]), editor);
    }
    let desktop = "codex Agent desktop app-server -";
    all(&[
        (
            r"C:\Users\Ada\.vscode\extensions\openai.chatgpt-26.5.1117-win32-x64\bin\windows-x86_64\codex.exe",
            serve,
            editor,
        ),
        ("/Applications/ChatGPT.app/Contents/Resources/codex", serve, desktop),
        ("/Applications/Codex.app/Contents/Resources/codex", serve, desktop),
        (
            r"C:\Program Files\WindowsApps\OpenAI.Codex_26.1117.1.0_x64__2p2nqsd0c76g0\app\resources\codex.exe",
            serve,
            desktop,
        ),
    ]);
}

#[test]
fn sessions_are_told_apart_from_what_serves_them() {
    let native = "/home/ada/.local/share/claude/versions/2.1.201";
    let claude = |argv: &str, role_and_mode: (&str, &str)| {
        let (role, mode) = role_and_mode;
        let expected = format!("claude {role} native {mode} 2.1.201");
        assert_eq!(told(native, argv, None, &[]), expected, "{argv}");
    };
    claude("claude|daemon|run", ("Daemon", "daemon"));
    claude("claude|daemon|some-future-word", ("Agent", "other:daemon"));
    claude("claude|--bg|x", ("Agent", "background"));
    claude("claude|agents", ("Agent", "other:agents"));
    claude("claude|attach|x", ("Agent", "other:attach"));
    claude("claude|mcp|serve", ("Agent", "mcp-serve"));
    claude("claude|remote-control", ("Agent", "remote-control"));
    claude("", ("Agent", "interactive"));
    for chore in [
        "2.1.201|--bg-spare|/tmp/cc-daemon-1000/spare/a.claim.sock",
        "2.1.201|--bg-pty-host|/tmp/a.pty.sock",
        "claude|bg-spare|/tmp/a.sock",
        "claude|bg-pty-host|/tmp/a.sock",
        "claude bg-spare",
        "claude|--daemon-worker|x",
    ] {
        assert!(told(native, chore, None, &[]).starts_with("claude Machinery native"), "{chore}");
    }

    let copy = "/home/ada/.codex/packages/app-server-daemon/releases/0.169.0-x86_64-unknown-linux-musl/bin/codex";
    let codex = |argv: &str| told(copy, argv, None, &[]);
    let managed = "codex|app-server|--listen|unix:///tmp/x|--managed-daemon";
    assert_eq!(codex(managed), "codex Daemon daemon app-server-daemon 0.169.0");
    let updater = "codex|app-server|daemon|pid-update-loop";
    assert!(codex(updater).starts_with("codex Machinery"));
    let ours = "codex|app-server|--listen|unix:///tmp/x";
    assert_eq!(codex(ours), "codex Agent daemon app-server 0.169.0");
    assert!(codex("codex|agents").contains("Agent daemon other:agents"));
}

#[test]
fn without_a_command_line_a_program_is_known_and_its_mode_is_not() {
    let (argv, env) = (RawArgv::default(), AgentEnv::default());
    let exe = Some(Path::new("/home/ada/.local/share/claude/versions/2.1.201"));
    let image = Image { exe, argv: &argv, script: None, env: &env };
    let found = recognise(&image).unwrap();
    assert_eq!((found.role, found.agent.arguments(&argv).mode), (Role::Agent, "unknown"));
}
