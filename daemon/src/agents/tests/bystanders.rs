//! What looks like an agent and is none.

use super::*;

/// Whether a process would count, with its script resolved to what was typed.
fn counts(exe: &str, argv: &[&str]) -> bool {
    let argv = RawArgv::from_args(argv);
    let env = AgentEnv::from_pairs([("HOME", "/home/ada"), ("CLAUDECODE", "1")]);
    let exe = Some(Path::new(exe));
    let image = Image { exe, argv: &argv, script: None, env: &env };
    let script = script_argument(&image);
    let image = Image { script: script.as_deref(), ..image };
    candidate(exe, OsStr::new("claude")) && recognise(&image).is_some()
}

#[test]
fn what_only_mentions_an_agent_does_not_count() {
    let rows: &[(&str, &[&str])] = &[
        ("/usr/bin/grep", &["grep", "-r", "claude", "."]),
        ("/usr/bin/rg", &["rg", "codex exec"]),
        ("/usr/bin/vim.basic", &["vim", "codex"]),
        ("/usr/bin/nano", &["nano", "claude.md"]),
        ("/usr/share/code/code", &["code", "/home/ada/src/codex"]),
        ("/usr/bin/python3.13", &["python3", "claude.py", "claude", "exec"]),
        ("/usr/bin/python3.13", &["python3", "-m", "codex"]),
        ("/usr/bin/less", &["less", "CLAUDE.md"]),
        ("/usr/bin/man", &["man", "claude"]),
        ("/usr/bin/bash", &["bash", "-c", "echo claude"]),
        ("/usr/bin/bash", &["/bin/bash", "/usr/local/bin/claude"]),
        ("/usr/bin/dash", &["sh", "-c", "command -v codex"]),
        ("/usr/bin/git", &["git", "commit", "-m", "claude"]),
        ("/usr/bin/tail", &["tail", "-f", "/home/ada/.codex/sessions/rollout-1.jsonl"]),
        ("/usr/bin/ssh", &["ssh", "host", "claude", "-p", "x"]),
        ("/usr/bin/docker", &["docker", "run", "claude"]),
        ("/usr/bin/sudo", &["sudo", "-u", "bob", "claude"]),
        ("/usr/bin/which", &["which", "claude"]),
        ("/usr/bin/pgrep", &["pgrep", "-f", "claude"]),
        ("/usr/bin/strace", &["strace", "codex", "exec"]),
        ("/usr/bin/sleep", &["claude", "600"]),
        ("/usr/bin/cat", &["cat", "/home/ada/.claude/settings.json"]),
        ("/usr/bin/apt", &["apt", "install", "claude-code"]),
        ("/home/ada/.cargo/bin/cargo", &["cargo", "run", "-p", "codex"]),
        ("/usr/bin/tmux", &["tmux", "new", "-s", "claude"]),
    ];
    for (exe, argv) in rows {
        assert!(!counts(exe, argv), "{exe} {argv:?}");
    }
}

#[test]
fn what_only_bears_an_agents_name_does_not_count() {
    for exe in [
        "/home/ada/src/codex/target/debug/codex",
        "/home/ada/src/codex/target/release/deps/codex-0123456789abcdef",
        "/home/ada/build/claude",
        "/tmp/claude",
        "/home/ada/claude/bin/server",
        "/home/ada/.claude/plugins/cache/tool/bin/tool",
        "/home/ada/.claude/hooks/notify",
        "/home/ada/.codex/skills/x/run",
        "/usr/bin/claude-squad",
        "/usr/local/bin/claude-monitor",
        "/usr/local/bin/codex-acp",
        "/usr/bin/codexbar",
        "/usr/lib/claude-desktop/claude-desktop",
        "/Applications/Claude.app/Contents/MacOS/Claude",
        "/Applications/ChatGPT.app/Contents/MacOS/ChatGPT",
        r"C:\Users\Ada\AppData\Local\AnthropicClaude\app-1.0.1\claude.exe",
        "/home/ada/.vscode/extensions/anthropic.claude-code-2.1.233-linux-x64/resources/rg",
        "/home/ada/.vscode/extensions/someone.claude-helper-1.0.0/bin/helper",
        "/opt/homebrew/Caskroom/claude/1.0.1/Claude.app/Contents/MacOS/Claude",
        "/home/ada/.local/share/claude/versions/current",
        "/home/ada/.local/share/claude/2.1.197",
        "/home/ada/n/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/path/jq",
    ] {
        assert!(!counts(exe, &["claude"]), "{exe}");
        assert!(!counts(exe, &[exe, "-p", "hello"]), "{exe}");
    }
}

#[test]
fn other_scripts_do_not_count() {
    for script in [
        "/home/ada/some/path/claude-tools/index.js",
        "/home/ada/.npm/_npx/1/node_modules/ccusage/dist/index.js",
        "/usr/lib/node_modules/npm/bin/npm-cli.js",
        "/home/ada/src/codex/codex.js",
        "/home/ada/src/claude-code/cli.js",
        "/home/ada/n/@zed-industries/claude-code-acp/dist/index.js",
        "/home/ada/n/@openai/codex/scripts/codex.js",
        "/home/ada/n/@other/codex/bin/codex.js",
        "/home/ada/bin/claude",
    ] {
        for (exe, name) in [("/usr/bin/node", "node"), ("/home/ada/.bun/bin/bun", "bun")] {
            assert!(!counts(exe, &[name, script, "@anthropic-ai/claude-code"]), "{script}");
        }
    }
}
