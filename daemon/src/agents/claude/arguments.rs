//! What Claude Code's command line may contain, as of 2.1.197 and 2.1.330.

use crate::enrich::redact::{Command, Flag, Grammar, Naming, Value, Words};

pub(crate) static GRAMMAR: Grammar = Grammar {
    programs: &["claude", "<version>"],
    scripts: super::SCRIPT_NAMES,
    everywhere: EVERYWHERE,
    flags: &[PROMPT, SESSION, PERMISSIONS, NAMES, DEBUG],
    commands: COMMANDS,
    words: Words::First,
    mode: "interactive",
};

const MODES: Value = Value::OneOf(&[
    "acceptEdits",
    "auto",
    "bypassPermissions",
    "default",
    "dontAsk",
    "manual",
    "plan",
]);
const EFFORTS: Value = Value::OneOf(&["low", "medium", "high", "xhigh", "max", "auto"]);
const SOURCES: Value = Value::SomeOf(&["user", "project", "local"]);
const FORMATS: Value = Value::OneOf(&["text", "json", "stream-json"]);
const ON_OFF: Value = Value::OneOf(&["on", "off", "true", "false", "yes", "no", "1", "0"]);
const SCOPES: Value = Value::OneOf(&["local", "user", "project"]);
const TRANSPORTS: Value = Value::OneOf(&["stdio", "sse", "http", "ws"]);

/// Switches: a flag without a value gives nothing away, whatever the command.
///
/// Here as below, not only those of `--help`: some that matter are hidden.
const EVERYWHERE: &[Flag] = &[
    Flag::switch(&["-h", "--help"]).mode("", "help"),
    Flag::switch(&["-v", "--version", "-V"]).mode("", "version"),
    Flag::switch(&["--update", "--upgrade"]).mode("", "update"),
    Flag::switch(&["-p", "--print"]).mode("interactive", "headless"),
    Flag::switch(&["--bg", "--background"]).risk().mode("interactive", "background"),
    Flag::switch(&["--dangerously-skip-permissions"]).risk(),
    Flag::switch(&["--allow-dangerously-skip-permissions"]).risk(),
    Flag::switch(&["--enable-auto-mode"]).risk(),
    Flag::switch(&["--restricted"]).risk(),
    Flag::switch(&["--safe-mode"]).risk(),
    Flag::switch(&["--bare"]).risk(),
    Flag::switch(&["--trust-workspace"]).risk(),
    Flag::switch(&["--ignore-persisted-trust"]).risk(),
    Flag::switch(&["--strict-mcp-config"]).risk(),
    Flag::switch(&["--continue", "-c"]).risk(),
    Flag::switch(&["--fork-session"]).risk().session(Naming::Another),
    Flag::switch(&["--no-session-persistence"]).risk(),
    Flag::switch(&["--tmux"]).risk(),
    Flag::switch(&["--ide"]).risk(),
    Flag::switch(&["--chrome"]).risk(),
    Flag::switch(&["--no-chrome"]),
    Flag::switch(&["--desktop"]).risk(),
    Flag::switch(&["--debug-to-stderr", "-d2e"]),
    Flag::switch(&["--verbose"]),
    Flag::switch(&["--brief"]),
    Flag::switch(&["--ax-screen-reader"]),
    Flag::switch(&["--include-hook-events"]),
    Flag::switch(&["--include-partial-messages"]),
    Flag::switch(&["--replay-user-messages"]),
    Flag::switch(&["--forward-subagent-text"]),
    Flag::switch(&["--exclude-dynamic-system-prompt-sections"]),
    Flag::switch(&["--disable-slash-commands"]),
    Flag::switch(&["--init"]),
    Flag::switch(&["--init-only"]),
    Flag::switch(&["--maintenance"]),
    Flag::switch(&["--session-mirror"]),
    Flag::switch(&["--client-secret"]),
    Flag::switch(&["--json"]),
    Flag::switch(&["--dry-run"]),
];

/// What only a session that starts at once takes.
const PROMPT: &[Flag] = &[
    Flag::one(&["--input-format"], FORMATS).mode("interactive", "headless"),
    Flag::one(&["--output-format"], FORMATS),
    Flag::one(&["--inherit-permission-mode"], MODES).risk(),
    Flag::one(&["--permission-prompts"], Value::OneOf(&["host", "none"])).risk(),
    Flag::one(&["--permission-prompt-tool"], Value::Hidden).risk(),
    Flag::many(&["--dangerously-load-development-channels"], Value::Hidden).risk(),
    Flag::many(&["--allowedTools", "--allowed-tools"], Value::Hidden).risk(),
    Flag::many(&["--disallowedTools", "--disallowed-tools"], Value::Hidden).risk(),
    Flag::many(&["--tools"], Value::Hidden).risk(),
    Flag::one(&["--managed-settings"], Value::Path).risk(),
    Flag::one(&["--plugin-dir-no-mcp"], Value::Path).risk(),
    Flag::one(&["--plugin-url"], Value::Url).risk(),
    Flag::one(&["--agents"], Value::Path),
    Flag::one(&["--system-prompt-file"], Value::Path),
    Flag::one(&["--append-system-prompt-file"], Value::Path),
    Flag::one(&["--append-subagent-system-prompt-file"], Value::Path),
    Flag::one(&["--messaging-socket-path"], Value::Path),
    Flag::perhaps(&["--resume", "-r"], Value::Id).risk().session(Naming::Resumed),
    Flag::perhaps(&["--from-pr"], Value::Hidden).risk(),
    Flag::perhaps(&["--teleport"], Value::Hidden).risk(),
    Flag::perhaps(&["--cloud", "--remote"], Value::Hidden).risk(),
    Flag::one(&["--environment"], Value::Hidden).risk(),
    Flag::perhaps(&["--remote-control", "--rc"], Value::Hidden).risk(),
    Flag::one(&["--sdk-url"], Value::Url).risk(),
    Flag::perhaps(&["--worktree", "-w"], Value::Hidden).risk(),
    Flag::one(&["--resume-session-at"], Value::Id),
    Flag::one(&["--rewind-files"], Value::Id).risk(),
    Flag::one(&["--fallback-model"], Value::Models),
    Flag::one(&["--advisor"], Value::Models),
    Flag::one(&["--thinking"], Value::OneOf(&["enabled", "adaptive", "disabled"])),
    Flag::one(&["--fast-mode"], ON_OFF),
    Flag::one(&["--system-prompt-snapshot"], ON_OFF),
    Flag::perhaps(&["--prompt-suggestions"], ON_OFF),
    Flag::one(&["--append-system-prompt"], Value::Hidden),
    Flag::one(&["--append-subagent-system-prompt"], Value::Hidden),
    Flag::one(&["--system-prompt"], Value::Hidden),
    Flag::one(&["--plan-mode-instructions"], Value::Hidden),
    Flag::one(&["--prefill"], Value::Hidden),
    Flag::one(&["--json-schema"], Value::Hidden),
    Flag::one(&["--autocompact"], Value::Hidden),
    Flag::one(&["--max-turns"], Value::Hidden),
    Flag::one(&["--max-budget-usd"], Value::Hidden),
    Flag::one(&["--max-thinking-tokens"], Value::Hidden),
    Flag::one(&["--task-budget"], Value::Hidden),
    Flag::many(&["--betas"], Value::Hidden),
    Flag::many(&["--channels"], Value::Hidden),
    Flag::many(&["--file"], Value::Hidden),
];

/// What the list of background sessions takes as well.
const SESSION: &[Flag] = &[
    Flag::many(&["--add-dir"], Value::Path).risk().dir("add-dir"),
    Flag::many(&["--mcp-config"], Value::Path).risk(),
    Flag::one(&["--plugin-dir"], Value::Path).risk(),
    Flag::one(&["--agent"], Value::Hidden),
    Flag::one(&["--setting-sources"], SOURCES).risk(),
    Flag::one(&["--model"], Value::Models),
    Flag::one(&["--effort"], EFFORTS),
];

/// What every way to start a session takes.
const PERMISSIONS: &[Flag] = &[
    Flag::one(&["--permission-mode"], MODES).risk(),
    Flag::one(&["--settings"], Value::Path).risk(),
];

/// What a session that is controlled from elsewhere takes as well.
const NAMES: &[Flag] = &[
    Flag::one(&["--session-id"], Value::Id).session(Naming::Own),
    Flag::one(&["--name", "-n"], Value::Hidden),
    Flag::one(&["--remote-control-session-name-prefix"], Value::Hidden),
];

const DEBUG: &[Flag] =
    &[Flag::perhaps(&["--debug", "-d"], Value::Hidden), Flag::one(&["--debug-file"], Value::Path)];

const DIRECTORY: &[Flag] = &[Flag::one(&["--cwd"], Value::Path).dir("chdir")];

const SERVER: &[Flag] = &[
    Flag::many(&["--env", "-e"], Value::Hidden),
    Flag::many(&["--header", "-H"], Value::Hidden),
    Flag::one(&["--transport", "-t"], TRANSPORTS),
    Flag::one(&["--client-id"], Value::Hidden),
    Flag::one(&["--callback-port"], Value::Hidden),
];

const SCOPE: &[Flag] = &[Flag::one(&["--scope", "-s"], SCOPES)];

const ALL: &[Flag] = &[Flag::switch(&["--all"])];

const FORCE: &[Flag] = &[Flag::switch(&["--force"])];

const YES: &[Flag] = &[Flag::switch(&["--yes", "-y"])];

const COMMANDS: &[Command] = &[
    Command::new(&["mcp"], "mcp").with(&[
        Command::new(&["serve"], "mcp-serve").has(&[DEBUG]),
        Command::new(&["add"], "mcp").has(&[SERVER, SCOPE]).foreign_from(2),
        Command::new(&["add-from-claude-desktop"], "mcp").has(&[SCOPE]),
        Command::new(&["add-json"], "mcp").has(&[SCOPE]),
        Command::new(&["get"], "mcp"),
        Command::new(&["help"], "help"),
        Command::new(&["list"], "mcp"),
        Command::new(&["login"], "mcp"),
        Command::new(&["logout"], "mcp"),
        Command::new(&["remove"], "mcp").has(&[SCOPE]),
        Command::new(&["reset-project-choices"], "mcp"),
    ]),
    Command::new(&["daemon"], "other:daemon").with(&[
        Command::new(&["run"], DAEMON),
        Command::new(&["status"], "other:daemon"),
        Command::new(&["logs"], "other:daemon"),
        Command::new(&["stop"], "other:daemon"),
        Command::new(&["uninstall"], "other:daemon"),
    ]),
    Command::new(&["auth"], "login").with(&[
        Command::new(&["login"], "login"),
        Command::new(&["logout"], "other:logout"),
        Command::new(&["status"], "other:auth"),
    ]),
    Command::new(&["setup-token"], "login"),
    Command::new(&["update", "upgrade"], "update"),
    Command::new(&["install"], "update").has(&[FORCE]).of(Value::OneOf(&["stable", "latest"])),
    Command::new(&["agents"], "other:agents").has(&[SESSION, PERMISSIONS, DIRECTORY, ALL]),
    Command::new(&["attach"], "other:attach"),
    Command::new(&["auto-mode"], "other:auto-mode"),
    Command::new(&["doctor"], "other:doctor"),
    Command::new(&["gateway"], "other:gateway"),
    Command::new(&["import"], "other:import").has(&[YES]),
    Command::new(&["logs"], "other:logs"),
    Command::new(&["plugin", "plugins"], "other:plugin").has(&[SCOPE, YES]),
    Command::new(&["project"], "other:project")
        .with(&[Command::new(&["purge"], "other:purge").has(&[ALL, YES])]),
    Command::new(&["purge"], "other:purge").has(&[ALL, YES]),
    Command::new(&["remote-control", "rc", "remote", "sync", "bridge"], "remote-control").has(&[
        PERMISSIONS,
        NAMES,
        DEBUG,
    ]),
    Command::new(&["respawn"], "other:respawn").has(&[ALL]),
    Command::new(&["rm"], "other:rm"),
    Command::new(&["stop", "kill"], "other:stop"),
    Command::new(&["ultrareview"], "other:ultrareview"),
];

/// The mode of the supervisor of background sessions.
pub(crate) const DAEMON: &str = "daemon";
