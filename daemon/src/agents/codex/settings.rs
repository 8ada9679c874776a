//! Codex's configuration: its files, the keys that matter in them, and what is a risk.
//!
//! Sources: codex's own schema of `config.toml` and its loader (openai/codex, August 2026), and what
//! 0.169 does. Keys that are not in the table are noted as set, without their value.

use trackway_protocol::record::Risk::{High, Low, Medium};

use crate::configuration::catalogue::{
    Base, Catalogue, FileRule, FlagRule, Format, KeyRule, Layers, RiskRule, Scope, SessionKeys,
    Show, Trust, When,
};
use crate::enrich::redact::value::Value as Text;

use super::arguments::PROVIDERS;

pub(super) static CATALOGUE: Catalogue = Catalogue { files: FILES, risks: RISKS, layers: &LAYERS };

/// Where whoever administers the machine puts settings.
#[cfg(windows)]
const MANAGED: Base = Base::Managed(r"C:\ProgramData\OpenAI\Codex");
#[cfg(not(windows))]
const MANAGED: Base = Base::Managed("/etc/codex");

const CONFIG: Format = Format::Toml(KEYS);
const HOOKS: Format = Format::Json(HOOK_KEYS);

const FILES: &[FileRule] = &[
    file(Base::Home, "config.toml", Scope::User, "settings", CONFIG),
    file(Base::Home, "*.config.toml", Scope::User, "settings", CONFIG),
    file(Base::Home, "hooks.json", Scope::User, "hooks", HOOKS),
    file(Base::Home, "rules/*.rules", Scope::User, "rules", Format::Hash),
    file(Base::Home, "AGENTS.md", Scope::User, "instructions", Format::Hash),
    file(Base::Home, "AGENTS.override.md", Scope::User, "instructions", Format::Hash),
    file(Base::Home, "prompts/*.md", Scope::User, "instructions", Format::Hash),
    file(Base::Home, "skills/*/SKILL.md", Scope::User, "instructions", Format::Hash),
    file(Base::Home, "auth.json", Scope::User, "credentials", Format::Secret),
    file(Base::Home, ".credentials.json", Scope::User, "credentials", Format::Secret),
    file(Base::Home, ".env", Scope::User, "credentials", Format::Secret),
    file(Base::Home, "secrets/*.age", Scope::User, "credentials", Format::Secret),
    file(
        Base::Home,
        "cloud-config-bundle-cache.json",
        Scope::Managed,
        "requirements",
        Format::Hash,
    ),
    file(Base::Project, ".codex/config.toml", Scope::Project, "settings", CONFIG),
    file(Base::Project, ".codex/hooks.json", Scope::Project, "hooks", HOOKS),
    file(Base::Project, ".codex/rules/*.rules", Scope::Project, "rules", Format::Hash),
    file(Base::Project, ".codex/skills/*/SKILL.md", Scope::Project, "instructions", Format::Hash),
    file(Base::Project, "AGENTS.md", Scope::Project, "instructions", Format::Hash),
    file(Base::Project, "AGENTS.override.md", Scope::Project, "instructions", Format::Hash),
    file(MANAGED, "managed_config.toml", Scope::Managed, "settings", CONFIG),
    file(MANAGED, "config.toml", Scope::Managed, "defaults", CONFIG),
    file(MANAGED, "requirements.toml", Scope::Managed, "requirements", Format::Toml(REQUIREMENTS)),
];

const fn file(
    base: Base,
    path: &'static str,
    scope: Scope,
    kind: &'static str,
    format: Format,
) -> FileRule {
    FileRule { base, path, scope, kind, format }
}

const fn key(key: &'static str, show: Show) -> KeyRule {
    KeyRule { key, show }
}

const SANDBOXES: &[&str] = &["danger-full-access", "read-only", "workspace-write"];
const APPROVALS: &[&str] = &["granular", "never", "on-failure", "on-request", "untrusted"];
const REVIEWERS: &[&str] = &["auto_review", "guardian_subagent", "user"];
const STORES: &[&str] = &["auto", "ephemeral", "file", "keyring"];
const LOGINS: &[&str] = &["api", "chatgpt"];
const EXPORTERS: &[&str] = &["none", "otlp-grpc", "otlp-http", "statsig"];
const EFFORTS: &[&str] = &["high", "low", "max", "medium", "minimal", "none", "xhigh"];
const PATHS: Show = Show::List(&Show::Path);
const HIDDEN_LIST: Show = Show::List(&Show::Hidden);

const KEYS: &[KeyRule] = &[
    key("approval_policy", Show::Text(Text::OneOf(APPROVALS))),
    key("approvals_reviewer", Show::Text(Text::OneOf(REVIEWERS))),
    key("sandbox_mode", Show::Text(Text::OneOf(SANDBOXES))),
    key("sandbox_workspace_write.writable_roots", PATHS),
    key("sandbox_workspace_write.network_access", Show::Flag),
    key("sandbox_workspace_write.exclude_tmpdir_env_var", Show::Flag),
    key("sandbox_workspace_write.exclude_slash_tmp", Show::Flag),
    key("default_permissions", Show::Name(Text::OneOf(&[":read-only", ":workspace"]))),
    key("permissions.*.network.enabled", Show::Flag),
    key("permissions.*.network.dangerously_allow_all_unix_sockets", Show::Flag),
    key("permissions.*.network.*", Show::Hidden),
    key("permissions.*.workspace_roots", Show::Hidden),
    key("permissions.*.*", Show::Hidden),
    key("projects.*.trust_level", Show::Text(Text::OneOf(&["trusted", "untrusted"]))),
    key("model", Show::Text(Text::Models)),
    key("review_model", Show::Text(Text::Models)),
    key("model_provider", Show::Name(Text::OneOf(PROVIDERS))),
    key("oss_provider", Show::Text(Text::OneOf(PROVIDERS))),
    key("model_providers.*.base_url", Show::Host),
    key("model_providers.*.model_catalog_url", Show::Host),
    key("model_providers.*.wire_api", Show::Text(Text::OneOf(&["chat", "responses"]))),
    key("model_providers.*.requires_openai_auth", Show::Flag),
    key("model_providers.*.env_key", Show::Hidden),
    key("model_providers.*.experimental_bearer_token", Show::Hidden),
    key("model_providers.*.http_headers.*", Show::Hidden),
    key("model_providers.*.env_http_headers.*", Show::Hidden),
    key("model_providers.*.query_params.*", Show::Hidden),
    key("model_providers.*.*", Show::Hidden),
    key("openai_base_url", Show::Host),
    key("chatgpt_base_url", Show::Host),
    key("model_reasoning_effort", Show::Text(Text::OneOf(EFFORTS))),
    key("shell_environment_policy.inherit", Show::Text(Text::OneOf(&["all", "core", "none"]))),
    key("shell_environment_policy.ignore_default_excludes", Show::Flag),
    key("shell_environment_policy.set.*", Show::Hidden),
    key("shell_environment_policy.*", Show::Hidden),
    key("mcp_servers.*.url", Show::Host),
    key("mcp_servers.*.enabled", Show::Flag),
    key("mcp_servers.*.required", Show::Flag),
    key(
        "mcp_servers.*.default_tools_approval_mode",
        Show::Text(Text::OneOf(&["approve", "auto", "prompt", "never"])),
    ),
    key("mcp_servers.*.env.*", Show::Hidden),
    key("mcp_servers.*.http_headers.*", Show::Hidden),
    key("mcp_servers.*.env_http_headers.*", Show::Hidden),
    key("mcp_servers.*.*", Show::Hidden),
    key("notify", Show::Hidden),
    key("hooks.state.*.enabled", Show::Flag),
    key("hooks.state.*.trusted_hash", Show::Hidden),
    key("hooks.*", Show::List(&Show::Hidden)),
    key("history.persistence", Show::Text(Text::OneOf(&["none", "save-all"]))),
    key("history.max_bytes", Show::Number),
    key("otel.log_user_prompt", Show::Flag),
    key("otel.exporter", Show::Text(Text::OneOf(EXPORTERS))),
    key("otel.exporter.*.endpoint", Show::Host),
    key("otel.exporter.*.*", Show::Hidden),
    key("otel.trace_exporter", Show::Text(Text::OneOf(EXPORTERS))),
    key("otel.trace_exporter.*.endpoint", Show::Host),
    key("otel.trace_exporter.*.*", Show::Hidden),
    key("otel.metrics_exporter", Show::Text(Text::OneOf(EXPORTERS))),
    key("otel.metrics_exporter.*.endpoint", Show::Host),
    key("otel.metrics_exporter.*.*", Show::Hidden),
    key("otel.*", Show::Hidden),
    key("analytics.enabled", Show::Flag),
    key("feedback.enabled", Show::Flag),
    key("features.*", Show::Flag),
    key("web_search", Show::FlagOr(Text::OneOf(&["cached", "disabled", "indexed", "live"]))),
    key("tools.web_search", Show::Hidden),
    key("cli_auth_credentials_store", Show::Text(Text::OneOf(STORES))),
    key("mcp_oauth_credentials_store", Show::Text(Text::OneOf(STORES))),
    key("forced_login_method", Show::Text(Text::OneOf(LOGINS))),
    key("forced_chatgpt_workspace_id", Show::Hidden),
    key("sqlite_home", Show::Path),
    key("log_dir", Show::Path),
    key("model_instructions_file", Show::Path),
    key("project_doc_fallback_filenames", HIDDEN_LIST),
    key("project_doc_max_bytes", Show::Number),
    key("allow_login_shell", Show::Flag),
    key("check_for_update_on_startup", Show::Flag),
    key("apps.*", Show::Hidden),
    key("plugins.*.enabled", Show::Flag),
    key("plugins.*.*", Show::Hidden),
    key("marketplaces.*", Show::Hidden),
    // Notices that were seen, and how it looks on a terminal.
    key("notice", Show::Ignored),
    key("tui", Show::Ignored),
    key("file_opener", Show::Ignored),
    key("hide_agent_reasoning", Show::Ignored),
    key("show_raw_agent_reasoning", Show::Ignored),
    key("personality", Show::Ignored),
    key("disable_paste_burst", Show::Ignored),
];

const HOOK_KEYS: &[KeyRule] = &[key("hooks", Show::Hooks), key("description", Show::Ignored)];

/// What whoever administers the machine demands.
const REQUIREMENTS: &[KeyRule] = &[
    key("allowed_approval_policies", Show::List(&Show::Text(Text::OneOf(APPROVALS)))),
    key("allowed_approvals_reviewers", Show::List(&Show::Text(Text::OneOf(REVIEWERS)))),
    key("allowed_sandbox_modes", Show::List(&Show::Text(Text::OneOf(SANDBOXES)))),
    key("allowed_login_methods", Show::List(&Show::Text(Text::OneOf(LOGINS)))),
    key("allow_managed_hooks_only", Show::Flag),
    key("allow_remote_control", Show::Flag),
    key("allow_login_shell", Show::Flag),
    key("allow_appshots", Show::Flag),
    key("features.*", Show::Flag),
    key("mcp_servers.*", Show::Hidden),
    key("log_dir", Show::Path),
    key("sqlite_home", Show::Path),
];

const RISKS: &[RiskRule] = &[
    RiskRule {
        key: "sandbox_mode",
        when: When::Is(&["danger-full-access"]),
        risk: High,
        why: "commands run without a sandbox",
        fix: "choose workspace-write or read-only",
    },
    RiskRule {
        key: "approval_policy",
        when: When::Is(&["never"]),
        risk: Medium,
        why: "nothing is asked for",
        fix: "choose on-request where somebody should be asked",
    },
    RiskRule {
        key: "approvals_reviewer",
        when: When::IsNot(&["user"]),
        risk: Medium,
        why: "a model approves in the user's place",
        fix: "choose user",
    },
    RiskRule {
        key: "sandbox_workspace_write.network_access",
        when: When::True,
        risk: Medium,
        why: "commands in the sandbox have the network",
        fix: "set it to false",
    },
    RiskRule {
        key: "sandbox_workspace_write.writable_roots",
        when: When::Set,
        risk: Medium,
        why: "commands may write outside of the project",
        fix: "take out what is not needed",
    },
    RiskRule {
        key: "permissions.*.network.enabled",
        when: When::True,
        risk: Medium,
        why: "commands in the sandbox have the network",
        fix: "set it to false",
    },
    RiskRule {
        key: "permissions.*.network.dangerously_allow_all_unix_sockets",
        when: When::True,
        risk: Medium,
        why: "commands may talk to every local service",
        fix: "take it out",
    },
    RiskRule {
        key: "projects.*.trust_level",
        when: When::Is(&["trusted"]),
        risk: Low,
        why: "the project's own settings, hooks and rules count; codex writes this by itself when it \
              first works in a repository",
        fix: "set it to untrusted where the project's settings are not to count",
    },
    RiskRule {
        key: "model_provider",
        when: When::IsNot(&["openai"]),
        risk: Medium,
        why: "requests, and the code in them, go to another provider",
        fix: "make sure that it is meant",
    },
    RiskRule {
        key: "model_providers.*.base_url",
        when: When::Set,
        risk: High,
        why: "requests, and the code in them, go to this host where the provider is chosen",
        fix: "make sure that the host is yours, or take it out",
    },
    RiskRule {
        key: "model_providers.*.experimental_bearer_token",
        when: When::Set,
        risk: High,
        why: "a token stands in the file",
        fix: "use env_key",
    },
    RiskRule {
        key: "openai_base_url",
        when: When::IsNot(&["api.openai.com"]),
        risk: High,
        why: "requests, and the code in them, go to another host than OpenAI's",
        fix: "make sure that the host is yours, or take it out",
    },
    RiskRule {
        key: "chatgpt_base_url",
        when: When::IsNot(&["chatgpt.com"]),
        risk: High,
        why: "requests, and the code in them, go to another host than OpenAI's",
        fix: "make sure that the host is yours, or take it out",
    },
    RiskRule {
        key: "shell_environment_policy.set.*",
        when: When::Set,
        risk: Low,
        why: "commands are given a variable",
        fix: "",
    },
    RiskRule {
        key: "mcp_servers.*.url",
        when: When::Set,
        risk: Medium,
        why: "what tools are given goes to another host",
        fix: "make sure that the host may have it",
    },
    RiskRule {
        key: "mcp_servers.*.command",
        when: When::SetByProject,
        risk: Medium,
        why: "the project has a server of tools run on this machine",
        fix: "look at what it runs",
    },
    RiskRule {
        key: "mcp_servers.*.command",
        when: When::Set,
        risk: Low,
        why: "a server of tools runs on this machine",
        fix: "look at what it runs",
    },
    RiskRule {
        key: "mcp_servers.*.default_tools_approval_mode",
        when: When::Is(&["approve", "auto", "never"]),
        risk: Medium,
        why: "the server's tools run without asking",
        fix: "choose prompt",
    },
    RiskRule {
        key: "notify",
        when: When::SetByProject,
        risk: High,
        why: "a program is given prompts and answers",
        fix: "look at what it does with them",
    },
    RiskRule {
        key: "notify",
        when: When::Set,
        risk: Medium,
        why: "a program is given prompts and answers",
        fix: "look at what it does with them",
    },
    RiskRule {
        key: "hooks.*",
        when: When::SetByProject,
        risk: High,
        why: "the project has a program run at events",
        fix: "look at what it runs",
    },
    RiskRule {
        key: "hooks.*",
        when: When::Set,
        risk: Medium,
        why: "a program runs at events, without asking",
        fix: "look at what it runs",
    },
    RiskRule {
        key: "hooks.*",
        when: When::Gone,
        risk: Low,
        why: "a hook, which may have been a guard, is gone",
        fix: "",
    },
    RiskRule {
        key: "hooks.state.*.enabled",
        when: When::False,
        risk: Medium,
        why: "a hook, which may have been a guard, does not run",
        fix: "enable it again",
    },
    RiskRule {
        key: "hooks.state.*.trusted_hash",
        when: When::Set,
        risk: Low,
        why: "a hook is trusted",
        fix: "",
    },
    RiskRule {
        key: "features.hooks",
        when: When::False,
        risk: Medium,
        why: "hooks, which may be guards, do not run",
        fix: "take it out",
    },
    RiskRule {
        key: "features.codex_hooks",
        when: When::False,
        risk: Medium,
        why: "hooks, which may be guards, do not run",
        fix: "take it out",
    },
    RiskRule {
        key: "features.remote_control",
        when: When::True,
        risk: High,
        why: "sessions on this machine can be controlled from elsewhere",
        fix: "take it out",
    },
    RiskRule {
        key: "features.computer_use",
        when: When::True,
        risk: High,
        why: "the agent may use the screen, the keyboard and all programs",
        fix: "take it out",
    },
    RiskRule {
        key: "features.browser_use_full_cdp_access",
        when: When::True,
        risk: High,
        why: "the agent has the browser and its logins",
        fix: "take it out",
    },
    RiskRule {
        key: "features.browser_use",
        when: When::True,
        risk: Medium,
        why: "the agent may use a browser",
        fix: "take it out",
    },
    RiskRule {
        key: "history.persistence",
        when: When::Is(&["none"]),
        risk: Low,
        why: "the history of sessions is not kept",
        fix: "take it out where sessions are to be kept",
    },
    RiskRule {
        key: "otel.log_user_prompt",
        when: When::True,
        risk: Medium,
        why: "prompts are exported with the telemetry",
        fix: "take it out, or make sure where the telemetry goes",
    },
    RiskRule {
        key: "otel.exporter.*.endpoint",
        when: When::Set,
        risk: Low,
        why: "telemetry goes to this host",
        fix: "make sure that the host is yours",
    },
    RiskRule {
        key: "web_search",
        when: When::Is(&["live"]),
        risk: Low,
        why: "searches, and what is in them, go to the web",
        fix: "choose cached or disabled",
    },
    RiskRule {
        key: "cli_auth_credentials_store",
        when: When::Is(&["file"]),
        risk: Low,
        why: "the login's token lies in a file",
        fix: "choose keyring",
    },
    RiskRule {
        key: "model_instructions_file",
        when: When::Set,
        risk: Low,
        why: "the model is given other instructions than codex's own",
        fix: "",
    },
    RiskRule {
        key: "marketplaces.*",
        when: When::Set,
        risk: Medium,
        why: "plugins may come from another place",
        fix: "make sure whose it is",
    },
    RiskRule {
        key: "allow_managed_hooks_only",
        when: When::Gone,
        risk: Medium,
        why: "hooks of users and projects run again",
        fix: "",
    },
    RiskRule {
        key: "allow_managed_hooks_only",
        when: When::False,
        risk: Low,
        why: "hooks of users and projects run",
        fix: "",
    },
    RiskRule {
        key: "allowed_sandbox_modes",
        when: When::Is(&["danger-full-access"]),
        risk: Medium,
        why: "commands without a sandbox are allowed",
        fix: "take it out",
    },
    RiskRule {
        key: "allowed_approval_policies",
        when: When::Is(&["never"]),
        risk: Low,
        why: "that nothing is asked for is allowed",
        fix: "take it out",
    },
    RiskRule {
        key: "@mode",
        when: When::Mode(0o077),
        risk: High,
        why: "others than the owner can get at it",
        fix: "chmod 600",
    },
    RiskRule {
        key: "@link",
        when: When::Set,
        risk: Low,
        why: "the file is a link to another one",
        fix: "",
    },
    RiskRule {
        key: "@content",
        when: When::SetByProject,
        risk: Low,
        why: "the project's instructions to the model changed",
        fix: "",
    },
    RiskRule {
        key: "@file",
        when: When::Is(&["unreadable"]),
        risk: Low,
        why: "codex leaves it out, or does not start with such a file",
        fix: "mend the file",
    },
];

const YOLO: &str = "--dangerously-bypass-approvals-and-sandbox";

/// Managed configuration, `-c` and flags, the project's where it is trusted, the profile's, the
/// user's.
static LAYERS: Layers = Layers {
    flags: &[
        FlagRule::is(YOLO, "sandbox_mode", "danger-full-access"),
        FlagRule::is(YOLO, "approval_policy", "never"),
        FlagRule::of("--sandbox", "sandbox_mode"),
        FlagRule::of("--ask-for-approval", "approval_policy"),
        FlagRule::of("--model", "model").above_all(),
        FlagRule::is("--oss", "model_provider", "oss"),
        FlagRule::of("--local-provider", "model_provider"),
        FlagRule::is("--search", "web_search", "live"),
    ],
    session: SessionKeys {
        permission_mode: "approval_policy",
        sandbox: Some("sandbox_mode"),
        provider: Some("model_provider"),
        model: "model",
    },
    defaults: &[],
    not_by_project: &[
        "apps_mcp_product_sku",
        "chatgpt_base_url",
        "experimental_realtime_ws_base_url",
        "model_provider",
        "model_providers",
        "notify",
        "openai_base_url",
        "otel",
        "profile",
        "profiles",
        "responses_api_metadata",
    ],
    if_trusted: &["*"],
    trust: Trust("trust_level", Some("trusted")),
    only_in_cwd: false,
    differs: &[],
    switches: &[],
    strict: &[],
    // It does not start with such a file.
    leaves_out: false,
    logins: &[("CODEX_ACCESS_TOKEN", "token"), ("CODEX_API_KEY", "api-key")],
    names_endpoint: true,
    without_user: &["--ignore-user-config"],
    more: &["--profile"],
};
