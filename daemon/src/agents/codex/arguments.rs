//! What Codex's command line may contain, as of 0.162.1 and 0.169.0.

use crate::enrich::redact::{Command, Flag, Grammar, Key, Naming, Value, Words};

pub(crate) static GRAMMAR: Grammar = Grammar {
    programs: &[
        "codex",
        "codex-*-unknown-linux-musl",
        "codex-*-unknown-linux-gnu",
        "codex-*-apple-darwin",
        "codex-*-pc-windows-msvc",
    ],
    scripts: super::SCRIPT_NAMES,
    everywhere: EVERYWHERE,
    flags: INTERACTIVE,
    commands: COMMANDS,
    words: Words::Any,
    mode: "interactive",
};

const SANDBOXES: Value =
    Value::OneOf(&["read-only", "workspace-write", "danger-full-access", "external-sandbox"]);
const APPROVALS: Value =
    Value::OneOf(&["untrusted", "on-failure", "on-request", "never", "granular"]);
const LOCAL_PROVIDERS: Value = Value::OneOf(&["lmstudio", "ollama", "ollama-chat"]);
const WS_AUTH: Value = Value::OneOf(&["capability-token", "signed-bearer-token"]);
const BOOL: Value = Value::OneOf(&["true", "false"]);
const EFFORTS: Value =
    Value::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"]);

/// Features whose being on or off changes what the agent may do; other names are hidden.
const FEATURES: Value = Value::OneOf(&[
    "apps",
    "browser_use",
    "code_mode",
    "computer_use",
    "credential_masking",
    "daemon_auto_start",
    "exec_permission_approvals",
    "guardian_approval",
    "hooks",
    "image_generation",
    "memories",
    "multi_agent",
    "network_proxy",
    "plugins",
    "remote_plugin",
    "shell_snapshot",
    "shell_tool",
    "unified_exec",
    "web_search_cached",
    "web_search_request",
]);

/// Providers that come with the agent; any other name is the user's own.
pub(crate) const PROVIDERS: &[&str] =
    &["openai", "ollama", "ollama-chat", "lmstudio", "oss", "amazon-bedrock", "azure"];

/// The flag that carries a setting.
pub(crate) const CONFIG: &str = "--config";

/// The mode of the background service that sessions share.
pub(crate) const DAEMON: &str = "app-server-daemon";

/// Settings, which every command takes, and switches: a flag without a value gives nothing away,
/// whatever the command.
const EVERYWHERE: &[Flag] = &[
    Flag::switch(&["--help", "-h"]).mode("", "help"),
    Flag::switch(&["--version", "-V"]).mode("", "version"),
    Flag::one(&[CONFIG, "-c"], Value::Setting(KEYS)).risk(),
    Flag::one(&["--enable"], FEATURES).risk(),
    Flag::one(&["--disable"], FEATURES).risk(),
    Flag::switch(&["--dangerously-bypass-approvals-and-sandbox", "--yolo"]).risk(),
    Flag::switch(&["--dangerously-bypass-hook-trust"]).risk(),
    Flag::switch(&["--full-auto"]).risk(),
    Flag::switch(&["--approve-for-me"]).risk(),
    Flag::switch(&["--search"]).risk(),
    Flag::switch(&["--trust"]).risk(),
    Flag::switch(&["--skip-git-repo-check"]).risk(),
    Flag::switch(&["--ignore-user-config"]).risk(),
    Flag::switch(&["--ignore-rules"]).risk(),
    Flag::switch(&["--worktree"]).risk(),
    Flag::switch(&["--ephemeral"]).risk(),
    Flag::switch(&["--no-daemon"]).risk(),
    Flag::switch(&["--managed-daemon"]).mode("app-server", DAEMON),
    // Then the first word is a prompt.
    Flag::switch(&["--last"]).session(Naming::Another),
    Flag::switch(&["--all"]),
    Flag::switch(&["--include-non-interactive"]),
    Flag::switch(&["--stdio"]),
    Flag::switch(&["--analytics-default-enabled"]).risk(),
    Flag::switch(&["--print-startup-config"]),
    Flag::switch(&["--startup-sign-out"]),
    Flag::switch(&["--oss"]).risk(),
    Flag::switch(&["--json", "--experimental-json"]),
    Flag::switch(&["--no-alt-screen"]),
    Flag::switch(&["--strict-config"]),
    Flag::switch(&["--uncommitted"]),
    Flag::switch(&["--with-api-key"]),
    Flag::switch(&["--with-access-token"]),
    Flag::switch(&["--device-auth"]),
    Flag::switch(&["--include-managed-config"]),
    Flag::switch(&["--sandbox-state-disable-network"]),
    Flag::switch(&["--summary"]),
];

const SESSION: &[Flag] = &[
    Flag::one(&["--sandbox", "-s"], SANDBOXES).risk(),
    Flag::one(&["--add-dir"], Value::Path).risk().dir("add-dir"),
    Flag::one(&["--local-provider"], LOCAL_PROVIDERS).risk(),
];

const APPROVAL: &[Flag] = &[Flag::one(&["--ask-for-approval", "-a"], APPROVALS).risk()];

const MODEL: &[Flag] = &[Flag::one(&["--model", "-m"], Value::Models)];

const IMAGES: &[Flag] = &[Flag::many(&["--image", "-i"], Value::Path)];

const DIRECTORY: &[Flag] = &[Flag::one(&["--cd", "-C"], Value::Path).risk().dir("chdir")];

const PROFILE: &[Flag] = &[Flag::one(&["--profile", "-p"], Value::Hidden).risk()];

const CLIENT: &[Flag] = &[
    Flag::one(&["--remote"], Value::Url).risk(),
    Flag::one(&["--remote-auth-token-env"], Value::Hidden),
];

const RUN: &[Flag] = &[
    Flag::one(&["--output-schema"], Value::Path),
    Flag::one(&["--output-last-message", "-o"], Value::Path),
    Flag::one(&["--thread-source"], Value::Hidden),
    Flag::one(
        &["--cyber-access-program"],
        Value::OneOf(&["standard", "daybreak_blue", "daybreak_red"]),
    ),
];

const COLOR: &[Flag] = &[Flag::one(&["--color"], Value::OneOf(&["always", "never", "auto"]))];

const REVIEW: &[Flag] = &[
    Flag::one(&["--base"], Value::Hidden),
    Flag::one(&["--commit"], Value::Hidden),
    Flag::one(&["--title"], Value::Hidden),
];

const SERVICE: &[Flag] = &[
    Flag::one(&["--listen"], Value::Url).risk(),
    Flag::one(&["--ws-auth"], WS_AUTH),
    Flag::one(&["--ws-token-file"], Value::Path),
    Flag::one(&["--ws-token-sha256"], Value::Hidden),
    Flag::one(&["--ws-shared-secret-file"], Value::Path),
    Flag::one(&["--ws-issuer"], Value::Hidden),
    Flag::one(&["--ws-audience"], Value::Hidden),
    Flag::one(&["--ws-max-clock-skew-seconds"], Value::Hidden),
];

const STARTUP: &[Flag] = &[
    Flag::one(&["--cloud-skills-snapshot"], Value::Path),
    Flag::one(&["--code-mode-host"], Value::Url).risk(),
    Flag::one(&["--startup-client-info"], Value::Hidden),
];

const SERVER: &[Flag] = &[
    Flag::one(&["--env"], Value::Hidden),
    Flag::one(&["--url"], Value::Url),
    Flag::one(&["--bearer-token-env-var"], Value::Hidden),
    Flag::one(&["--oauth-client-id"], Value::Hidden),
    Flag::one(&["--oauth-client-secret"], Value::Hidden),
    Flag::one(&["--oauth-resource"], Value::Hidden),
];

const REGISTRATION: &[Flag] =
    &[Flag::one(&["--oauth-client-registration"], Value::OneOf(&["auto", "cimd", "dcr"]))];

const CONFINED: &[Flag] = &[
    Flag::one(&["--sandbox-state-readable-root"], Value::Path),
    Flag::one(&["--permission-profile", "-P"], Value::Hidden).risk(),
    Flag::one(&["--sandbox-state-json"], Value::Hidden),
];

const THREAD: &[Flag] = &[Flag::one(&["--thread"], Value::Id)];

const MESSAGE: &[Flag] = &[Flag::one(&["--message"], Value::Hidden)];

const ENVIRONMENT: &[Flag] = &[Flag::one(&["--env"], Value::Hidden)];

const NAME: &[Flag] = &[Flag::one(&["--name"], Value::Hidden)];

const RULES: &[Flag] = &[Flag::one(&["--rules", "-r"], Value::Path)];

const INTERACTIVE: &[&[Flag]] = &[SESSION, APPROVAL, MODEL, IMAGES, DIRECTORY, PROFILE, CLIENT];

const STORED: &[&[Flag]] = &[SESSION, MODEL, IMAGES, DIRECTORY, PROFILE, CLIENT];

const fn key(path: &'static str, value: Value) -> Key {
    Key { path, value, flag: None }
}

const fn same_as(flag: &'static str, path: &'static str, value: Value) -> Key {
    Key { path, value, flag: Some(flag) }
}

const KEYS: &[Key] = &[
    same_as("--sandbox", "sandbox_mode", SANDBOXES),
    same_as("--ask-for-approval", "approval_policy", APPROVALS),
    key("approvals_reviewer", Value::OneOf(&["user", "auto_review", "guardian_subagent"])),
    key("model", Value::Models),
    key("review_model", Value::Models),
    key("model_provider", Value::OneOf(PROVIDERS)),
    key("model_providers.*.base_url", Value::Url),
    key("model_providers.*", Value::Hidden),
    key("openai_base_url", Value::Url),
    key("chatgpt_base_url", Value::Url),
    key("oss_provider", LOCAL_PROVIDERS),
    key("model_reasoning_effort", EFFORTS),
    key("model_reasoning_summary", Value::OneOf(&["auto", "concise", "detailed", "none"])),
    key("model_verbosity", Value::OneOf(&["low", "medium", "high"])),
    key("service_tier", Value::OneOf(&["auto", "default", "fast", "flex"])),
    key("web_search", Value::OneOf(&["disabled", "cached", "live", "indexed"])),
    key("sandbox_workspace_write.network_access", BOOL),
    key("sandbox_workspace_write.*", Value::Hidden),
    key("default_permissions", Value::Hidden),
    key("permissions.*", Value::Hidden),
    key("history.persistence", Value::OneOf(&["save-all", "none"])),
    key("check_for_update_on_startup", BOOL),
    key("hide_agent_reasoning", BOOL),
    key("show_raw_agent_reasoning", BOOL),
    key("allow_login_shell", BOOL),
    key("forced_login_method", Value::OneOf(&["chatgpt", "api"])),
    key("cli_auth_credentials_store", Value::OneOf(&["file", "keyring", "auto", "ephemeral"])),
    key("log_dir", Value::Path),
    key("sqlite_home", Value::Path),
    key("model_catalog_json", Value::Path),
    key("model_instructions_file", Value::Path),
    // Which feature it is tells much only of these.
    key("features.hooks", BOOL),
    key("features.codex_hooks", BOOL),
    key("features.*", BOOL),
    key("shell_environment_policy.inherit", Value::OneOf(&["all", "core", "none"])),
    key("shell_environment_policy.*", Value::Hidden),
    key("projects.*", Value::Hidden),
    key("mcp_servers.*", Value::Hidden),
    key("plugins.*", Value::Hidden),
    key("apps.*", Value::Hidden),
    key("hooks.*", Value::Hidden),
    key("otel.*", Value::Hidden),
    key("analytics.*", BOOL),
    key("tui.*", Value::Hidden),
    key("tools.*", Value::Hidden),
    key("agents.*", Value::Hidden),
    key("memories.*", Value::Hidden),
    key("profile", Value::Hidden),
    key("notify", Value::Hidden),
    key("instructions", Value::Hidden),
    key("developer_instructions", Value::Hidden),
    key("personality", Value::Hidden),
];

const HELP: Command = Command::new(&["help"], "help");

const COMMANDS: &[Command] = &[
    Command::new(&["exec", "e"], "headless")
        .has(&[SESSION, MODEL, IMAGES, DIRECTORY, PROFILE, RUN, COLOR])
        .with(&[
            Command::new(&["resume"], "headless").has(&[MODEL, IMAGES, RUN]).resumes(),
            Command::new(&["fork"], "headless").has(&[MODEL, IMAGES, RUN]).of(Value::Id),
            Command::new(&["review"], "headless").has(&[MODEL, RUN, REVIEW]),
            HELP,
        ]),
    Command::new(&["review"], "headless").has(&[REVIEW]),
    Command::new(&["resume"], "interactive").has(INTERACTIVE).resumes(),
    Command::new(&["fork"], "interactive").has(INTERACTIVE).of(Value::Id),
    Command::new(&["agents"], "other:agents").has(&[DIRECTORY, CLIENT]),
    Command::new(&["mcp"], "mcp").with(&[
        Command::new(&["list"], "mcp"),
        Command::new(&["get"], "mcp"),
        Command::new(&["add"], "mcp").has(&[SERVER, REGISTRATION]).foreign_from(2),
        Command::new(&["remove"], "mcp"),
        Command::new(&["login"], "mcp").has(&[REGISTRATION]),
        Command::new(&["logout"], "mcp"),
        HELP,
    ]),
    // Until 0.153; later it is a prompt, and one that is only this word loses nothing but its mode.
    Command::new(&["mcp-server"], "mcp-serve").has(INTERACTIVE),
    Command::new(&["app-server"], "app-server").has(&[SERVICE, STARTUP]).with(&[
        Command::new(&["daemon"], "other:app-server").with(&[
            Command::new(&["pid-update-loop"], "other:app-server"),
            Command::new(&["bootstrap"], "other:app-server"),
            Command::new(&["start"], "other:app-server"),
            Command::new(&["restart"], "other:app-server"),
            Command::new(&["update"], "update"),
            Command::new(&["enable-remote-control"], "other:app-server"),
            Command::new(&["disable-remote-control"], "other:app-server"),
            Command::new(&["stop"], "other:app-server"),
            Command::new(&["version"], "other:app-server"),
            HELP,
        ]),
        Command::new(&["proxy"], "other:app-server"),
        Command::new(&["generate-ts"], "other:app-server"),
        Command::new(&["generate-json-schema"], "other:app-server"),
        HELP,
    ]),
    Command::new(&["login"], "login").with(&[Command::new(&["status"], "other:login"), HELP]),
    Command::new(&["logout"], "other:logout"),
    Command::new(&["update"], "update"),
    Command::new(&["remote-control"], "remote-control").with(&[
        Command::new(&["start"], "remote-control"),
        Command::new(&["stop"], "remote-control"),
        Command::new(&["pair"], "remote-control"),
        HELP,
    ]),
    Command::new(&["cloud"], "other:cloud").with(&[
        Command::new(&["exec"], "other:cloud").has(&[ENVIRONMENT]),
        Command::new(&["status"], "other:cloud"),
        Command::new(&["list"], "other:cloud").has(&[ENVIRONMENT]),
        Command::new(&["apply"], "other:cloud"),
        Command::new(&["diff"], "other:cloud"),
        HELP,
    ]),
    Command::new(&["sandbox"], "other:sandbox")
        .has(&[CONFINED, DIRECTORY, PROFILE])
        .foreign_from(1),
    Command::new(&["apply", "a"], "other:apply"),
    Command::new(&["archive"], "other:archive").has(STORED).of(Value::Id),
    Command::new(&["completion"], "other:completion"),
    // `debug landlock COMMAND…` was an older name of `sandbox`.
    Command::new(&["debug"], "other:debug").foreign_from(1),
    Command::new(&["delete"], "other:delete").has(STORED).of(Value::Id),
    Command::new(&["doctor"], "other:doctor"),
    Command::new(&["exec-server"], "other:exec-server").has(&[SERVICE, CLIENT, NAME]),
    Command::new(&["execpolicy"], "other:execpolicy")
        .with(&[Command::new(&["check"], "other:execpolicy").has(&[RULES]).foreign_from(1), HELP]),
    Command::new(&["features"], "other:features"),
    // Since 0.163; earlier it is a prompt.
    Command::new(&["migrate-nfs-db"], "other:migrate").has(INTERACTIVE),
    Command::new(&["migrate-rollouts"], "other:migrate").has(&[THREAD]),
    Command::new(&["plugin"], "other:plugin"),
    Command::new(&["queue"], "other:queue").has(&[THREAD, MESSAGE, DIRECTORY, PROFILE, CLIENT]),
    Command::new(&["responses-api-proxy"], "other:proxy"),
    Command::new(&["stdio-to-uds"], "other:proxy"),
    Command::new(&["unarchive"], "other:unarchive").has(STORED).of(Value::Id),
    HELP,
];
