//! Codex's configuration: its files, the keys that matter in them, and what is a risk.
//!
//! Sources: codex's own schema of `config.toml` and its loader (openai/codex, August 2026), and what
//! 0.169 does. Keys that are not in the table are noted as set, without their value.

use crate::configuration::catalogue::{
    Base, Catalogue, FileRule, FlagRule, Format, KeyRule, Layers, Scope, SessionKeys, Show, Trust,
};
use crate::enrich::redact::value::Value as Text;

use super::arguments::PROVIDERS;

mod risks;

pub(super) static CATALOGUE: Catalogue =
    Catalogue { files: FILES, risks: risks::RISKS, layers: &LAYERS };

/// Where whoever administers the machine puts settings.
#[cfg(windows)]
const MANAGED: Base = Base::Managed(r"C:\ProgramData\OpenAI\Codex");
#[cfg(not(windows))]
const MANAGED: Base = Base::Managed("/etc/codex");

const CONFIG: Format = Format::Toml(KEYS);
const HOOKS: Format = Format::Json(HOOK_KEYS);

const FILES: &[FileRule] = &[
    FileRule::new(Base::Home, "config.toml", Scope::User, "settings", CONFIG),
    FileRule::new(Base::Home, "*.config.toml", Scope::User, "settings", CONFIG),
    FileRule::new(Base::Home, "hooks.json", Scope::User, "hooks", HOOKS),
    FileRule::new(Base::Home, "rules/*.rules", Scope::User, "rules", Format::Hash),
    FileRule::new(Base::Home, "AGENTS.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "AGENTS.override.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "prompts/*.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "skills/*/SKILL.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "auth.json", Scope::User, "credentials", Format::Secret),
    FileRule::new(Base::Home, ".credentials.json", Scope::User, "credentials", Format::Secret),
    FileRule::new(Base::Home, ".env", Scope::User, "credentials", Format::Secret),
    FileRule::new(Base::Home, "secrets/*.age", Scope::User, "credentials", Format::Secret),
    FileRule::new(
        Base::Home,
        "cloud-config-bundle-cache.json",
        Scope::Managed,
        "requirements",
        Format::Hash,
    ),
    FileRule::new(Base::Project, ".codex/config.toml", Scope::Project, "settings", CONFIG),
    FileRule::new(Base::Project, ".codex/hooks.json", Scope::Project, "hooks", HOOKS),
    FileRule::new(Base::Project, ".codex/rules/*.rules", Scope::Project, "rules", Format::Hash),
    FileRule::new(
        Base::Project,
        ".codex/skills/*/SKILL.md",
        Scope::Project,
        "instructions",
        Format::Hash,
    ),
    FileRule::new(Base::Project, "AGENTS.md", Scope::Project, "instructions", Format::Hash),
    FileRule::new(
        Base::Project,
        "AGENTS.override.md",
        Scope::Project,
        "instructions",
        Format::Hash,
    ),
    FileRule::new(MANAGED, "managed_config.toml", Scope::Managed, "settings", CONFIG),
    FileRule::new(MANAGED, "config.toml", Scope::Managed, "defaults", CONFIG),
    FileRule::new(
        MANAGED,
        "requirements.toml",
        Scope::Managed,
        "requirements",
        Format::Toml(REQUIREMENTS),
    ),
];

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
    KeyRule::new("approval_policy", Show::Text(Text::OneOf(APPROVALS))),
    KeyRule::new("approvals_reviewer", Show::Text(Text::OneOf(REVIEWERS))),
    KeyRule::new("sandbox_mode", Show::Text(Text::OneOf(SANDBOXES))),
    KeyRule::new("sandbox_workspace_write.writable_roots", PATHS),
    KeyRule::new("sandbox_workspace_write.network_access", Show::Flag),
    KeyRule::new("sandbox_workspace_write.exclude_tmpdir_env_var", Show::Flag),
    KeyRule::new("sandbox_workspace_write.exclude_slash_tmp", Show::Flag),
    KeyRule::new("default_permissions", Show::Name(Text::OneOf(&[":read-only", ":workspace"]))),
    KeyRule::new("permissions.*.network.enabled", Show::Flag),
    KeyRule::new("permissions.*.network.dangerously_allow_all_unix_sockets", Show::Flag),
    KeyRule::new("permissions.*.network.*", Show::Hidden),
    KeyRule::new("permissions.*.workspace_roots", Show::Hidden),
    KeyRule::new("permissions.*.*", Show::Hidden),
    KeyRule::new("projects.*.trust_level", Show::Text(Text::OneOf(&["trusted", "untrusted"]))),
    KeyRule::new("model", Show::Text(Text::Models)),
    KeyRule::new("review_model", Show::Text(Text::Models)),
    KeyRule::new("model_provider", Show::Name(Text::OneOf(PROVIDERS))),
    KeyRule::new("oss_provider", Show::Text(Text::OneOf(PROVIDERS))),
    KeyRule::new("model_providers.*.base_url", Show::Host),
    KeyRule::new("model_providers.*.model_catalog_url", Show::Host),
    KeyRule::new("model_providers.*.wire_api", Show::Text(Text::OneOf(&["chat", "responses"]))),
    KeyRule::new("model_providers.*.requires_openai_auth", Show::Flag),
    KeyRule::new("model_providers.*.env_key", Show::Hidden),
    KeyRule::new("model_providers.*.experimental_bearer_token", Show::Hidden),
    KeyRule::new("model_providers.*.http_headers.*", Show::Hidden),
    KeyRule::new("model_providers.*.env_http_headers.*", Show::Hidden),
    KeyRule::new("model_providers.*.query_params.*", Show::Hidden),
    KeyRule::new("model_providers.*.*", Show::Hidden),
    KeyRule::new("openai_base_url", Show::Host),
    KeyRule::new("chatgpt_base_url", Show::Host),
    KeyRule::new("model_reasoning_effort", Show::Text(Text::OneOf(EFFORTS))),
    KeyRule::new(
        "shell_environment_policy.inherit",
        Show::Text(Text::OneOf(&["all", "core", "none"])),
    ),
    KeyRule::new("shell_environment_policy.ignore_default_excludes", Show::Flag),
    KeyRule::new("shell_environment_policy.set.*", Show::Hidden),
    KeyRule::new("shell_environment_policy.*", Show::Hidden),
    KeyRule::new("mcp_servers.*.url", Show::Host),
    KeyRule::new("mcp_servers.*.enabled", Show::Flag),
    KeyRule::new("mcp_servers.*.required", Show::Flag),
    KeyRule::new(
        "mcp_servers.*.default_tools_approval_mode",
        Show::Text(Text::OneOf(&["approve", "auto", "prompt", "never"])),
    ),
    KeyRule::new("mcp_servers.*.env.*", Show::Hidden),
    KeyRule::new("mcp_servers.*.http_headers.*", Show::Hidden),
    KeyRule::new("mcp_servers.*.env_http_headers.*", Show::Hidden),
    KeyRule::new("mcp_servers.*.*", Show::Hidden),
    KeyRule::new("notify", Show::Hidden),
    KeyRule::new("hooks.state.*.enabled", Show::Flag),
    KeyRule::new("hooks.state.*.trusted_hash", Show::Hidden),
    KeyRule::new("hooks.*", Show::List(&Show::Hidden)),
    KeyRule::new("history.persistence", Show::Text(Text::OneOf(&["none", "save-all"]))),
    KeyRule::new("history.max_bytes", Show::Number),
    KeyRule::new("otel.log_user_prompt", Show::Flag),
    KeyRule::new("otel.exporter", Show::Text(Text::OneOf(EXPORTERS))),
    KeyRule::new("otel.exporter.*.endpoint", Show::Host),
    KeyRule::new("otel.exporter.*.*", Show::Hidden),
    KeyRule::new("otel.trace_exporter", Show::Text(Text::OneOf(EXPORTERS))),
    KeyRule::new("otel.trace_exporter.*.endpoint", Show::Host),
    KeyRule::new("otel.trace_exporter.*.*", Show::Hidden),
    KeyRule::new("otel.metrics_exporter", Show::Text(Text::OneOf(EXPORTERS))),
    KeyRule::new("otel.metrics_exporter.*.endpoint", Show::Host),
    KeyRule::new("otel.metrics_exporter.*.*", Show::Hidden),
    KeyRule::new("otel.*", Show::Hidden),
    KeyRule::new("analytics.enabled", Show::Flag),
    KeyRule::new("feedback.enabled", Show::Flag),
    KeyRule::new("features.*", Show::Flag),
    KeyRule::new(
        "web_search",
        Show::FlagOr(Text::OneOf(&["cached", "disabled", "indexed", "live"])),
    ),
    KeyRule::new("tools.web_search", Show::Hidden),
    KeyRule::new("cli_auth_credentials_store", Show::Text(Text::OneOf(STORES))),
    KeyRule::new("mcp_oauth_credentials_store", Show::Text(Text::OneOf(STORES))),
    KeyRule::new("forced_login_method", Show::Text(Text::OneOf(LOGINS))),
    KeyRule::new("forced_chatgpt_workspace_id", Show::Hidden),
    KeyRule::new("sqlite_home", Show::Path),
    KeyRule::new("log_dir", Show::Path),
    KeyRule::new("model_instructions_file", Show::Path),
    KeyRule::new("project_doc_fallback_filenames", HIDDEN_LIST),
    KeyRule::new("project_doc_max_bytes", Show::Number),
    KeyRule::new("allow_login_shell", Show::Flag),
    KeyRule::new("check_for_update_on_startup", Show::Flag),
    KeyRule::new("apps.*", Show::Hidden),
    KeyRule::new("plugins.*.enabled", Show::Flag),
    KeyRule::new("plugins.*.*", Show::Hidden),
    KeyRule::new("marketplaces.*", Show::Hidden),
    // Notices that were seen, and how it looks on a terminal.
    KeyRule::new("notice", Show::Ignored),
    KeyRule::new("tui", Show::Ignored),
    KeyRule::new("file_opener", Show::Ignored),
    KeyRule::new("hide_agent_reasoning", Show::Ignored),
    KeyRule::new("show_raw_agent_reasoning", Show::Ignored),
    KeyRule::new("personality", Show::Ignored),
    KeyRule::new("disable_paste_burst", Show::Ignored),
];

const HOOK_KEYS: &[KeyRule] =
    &[KeyRule::new("hooks", Show::Hooks), KeyRule::new("description", Show::Ignored)];

/// What whoever administers the machine demands.
const REQUIREMENTS: &[KeyRule] = &[
    KeyRule::new("allowed_approval_policies", Show::List(&Show::Text(Text::OneOf(APPROVALS)))),
    KeyRule::new("allowed_approvals_reviewers", Show::List(&Show::Text(Text::OneOf(REVIEWERS)))),
    KeyRule::new("allowed_sandbox_modes", Show::List(&Show::Text(Text::OneOf(SANDBOXES)))),
    KeyRule::new("allowed_login_methods", Show::List(&Show::Text(Text::OneOf(LOGINS)))),
    KeyRule::new("allow_managed_hooks_only", Show::Flag),
    KeyRule::new("allow_remote_control", Show::Flag),
    KeyRule::new("allow_login_shell", Show::Flag),
    KeyRule::new("allow_appshots", Show::Flag),
    KeyRule::new("features.*", Show::Flag),
    KeyRule::new("mcp_servers.*", Show::Hidden),
    KeyRule::new("log_dir", Show::Path),
    KeyRule::new("sqlite_home", Show::Path),
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
    only_in_cwd: None,
    profile: Some((".config.toml", "--profile")),
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
