//! Claude's configuration: its files, the keys that matter in them, and what is a risk.
//!
//! Sources: the types of `@anthropic-ai/claude-agent-sdk` 0.3.197 and 0.3.330 (`interface Settings`)
//! and the settings pages of code.claude.com of August 2026; what the layers do was tried with
//! 2.1.197 and 2.1.330. Keys that are not in the table are noted as set, without their value.

use crate::configuration::catalogue::{
    Base, Catalogue, Differs, FileRule, FlagRule, Format, KeyRule, Layers, Says, Scope,
    SessionKeys, Show, Switch, Trust,
};
use crate::enrich::redact::value::Value as Text;

mod risks;

pub(super) static CATALOGUE: Catalogue =
    Catalogue { files: FILES, risks: risks::RISKS, layers: &LAYERS };

/// Where whoever administers the machine puts settings.
#[cfg(target_os = "macos")]
pub(super) const MANAGED_DIR: &str = "/Library/Application Support/ClaudeCode";
#[cfg(windows)]
pub(super) const MANAGED_DIR: &str = r"C:\Program Files\ClaudeCode";
#[cfg(not(any(target_os = "macos", windows)))]
pub(super) const MANAGED_DIR: &str = "/etc/claude-code";

const MANAGED: Base = Base::Managed(MANAGED_DIR);
const SETTINGS: Format = Format::Json(KEYS);
const MCP: Format = Format::Json(MCP_KEYS);
const STATE: Format = Format::JsonOnly(STATE_KEYS);

const FILES: &[FileRule] = &[
    FileRule::new(Base::Home, "settings.json", Scope::User, "settings", SETTINGS),
    FileRule::new(Base::Home, "remote-settings.json", Scope::Managed, "settings", SETTINGS),
    FileRule::new(Base::BesideHome, ".claude.json", Scope::User, "state", STATE),
    FileRule::new(Base::Home, ".claude.json", Scope::User, "state", STATE),
    FileRule::new(Base::Home, "CLAUDE.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "agents/**/*.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "commands/**/*.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "rules/**/*.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, "skills/*/SKILL.md", Scope::User, "instructions", Format::Hash),
    FileRule::new(Base::Home, ".credentials.json", Scope::User, "credentials", Format::Secret),
    FileRule::new(Base::Project, ".claude/settings.json", Scope::Project, "settings", SETTINGS),
    FileRule::new(Base::Project, ".claude/settings.local.json", Scope::Local, "settings", SETTINGS),
    FileRule::new(Base::Project, ".mcp.json", Scope::Project, "mcp", MCP),
    FileRule::new(Base::Project, "CLAUDE.md", Scope::Project, "instructions", Format::Hash),
    FileRule::new(Base::Project, "CLAUDE.local.md", Scope::Local, "instructions", Format::Hash),
    FileRule::new(Base::Project, ".claude/CLAUDE.md", Scope::Project, "instructions", Format::Hash),
    FileRule::new(
        Base::Project,
        ".claude/agents/**/*.md",
        Scope::Project,
        "instructions",
        Format::Hash,
    ),
    FileRule::new(
        Base::Project,
        ".claude/commands/**/*.md",
        Scope::Project,
        "instructions",
        Format::Hash,
    ),
    FileRule::new(
        Base::Project,
        ".claude/rules/**/*.md",
        Scope::Project,
        "instructions",
        Format::Hash,
    ),
    FileRule::new(
        Base::Project,
        ".claude/skills/*/SKILL.md",
        Scope::Project,
        "instructions",
        Format::Hash,
    ),
    FileRule::new(MANAGED, "managed-settings.json", Scope::Managed, "settings", SETTINGS),
    FileRule::new(MANAGED, "managed-settings.d/*.json", Scope::Managed, "settings", SETTINGS),
    FileRule::new(MANAGED, "managed-mcp.json", Scope::Managed, "mcp", MCP),
    FileRule::new(MANAGED, "CLAUDE.md", Scope::Managed, "instructions", Format::Hash),
];

const MODES: &[&str] = &["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan"];

/// A variable that switches something on; `0` does so as well.
const SWITCH: Show = Show::Text(Text::OneOf(&["", "0", "1", "false", "true"]));
const PATHS: Show = Show::List(&Show::Path);
const RULES: Show = Show::List(&Show::Rule);
const HIDDEN_LIST: Show = Show::List(&Show::Hidden);

const KEYS: &[KeyRule] = &[
    KeyRule::new("$schema", Show::Ignored),
    KeyRule::new("permissions.allow", RULES),
    KeyRule::new("permissions.ask", RULES),
    KeyRule::new("permissions.deny", RULES),
    KeyRule::new("permissions.defaultMode", Show::Text(Text::OneOf(MODES))),
    KeyRule::new("permissions.additionalDirectories", PATHS),
    KeyRule::new("permissions.disableBypassPermissionsMode", Show::Text(Text::OneOf(&["disable"]))),
    KeyRule::new("permissions.disableAutoMode", Show::Text(Text::OneOf(&["disable"]))),
    KeyRule::new("permissions.*", Show::Hidden),
    KeyRule::new("skipDangerousModePermissionPrompt", Show::Flag),
    KeyRule::new("skipAutoPermissionPrompt", Show::Flag),
    KeyRule::new("disableAutoMode", Show::FlagOr(Text::OneOf(&["disable"]))),
    KeyRule::new("sandbox.enabled", Show::Flag),
    KeyRule::new("sandbox.failIfUnavailable", Show::Flag),
    KeyRule::new("sandbox.autoAllowBashIfSandboxed", Show::Flag),
    KeyRule::new("sandbox.allowUnsandboxedCommands", Show::Flag),
    KeyRule::new("sandbox.excludedCommands", RULES),
    KeyRule::new("sandbox.network.allowedDomains", HIDDEN_LIST),
    KeyRule::new("sandbox.network.deniedDomains", HIDDEN_LIST),
    KeyRule::new("sandbox.network.allowUnixSockets", PATHS),
    KeyRule::new("sandbox.network.allowAllUnixSockets", Show::Flag),
    KeyRule::new("sandbox.network.allowLocalBinding", Show::Flag),
    KeyRule::new("sandbox.network.allowManagedDomainsOnly", Show::Flag),
    KeyRule::new("sandbox.network.strictAllowlist", Show::Flag),
    KeyRule::new("sandbox.network.*", Show::Hidden),
    KeyRule::new("sandbox.filesystem.allowWrite", PATHS),
    KeyRule::new("sandbox.filesystem.allowRead", PATHS),
    KeyRule::new("sandbox.filesystem.denyWrite", PATHS),
    KeyRule::new("sandbox.filesystem.denyRead", PATHS),
    KeyRule::new("sandbox.filesystem.disabled", Show::Flag),
    KeyRule::new("sandbox.*", Show::Hidden),
    KeyRule::new("env.ANTHROPIC_BASE_URL", Show::Host),
    KeyRule::new("env.ANTHROPIC_AWS_BASE_URL", Show::Host),
    KeyRule::new("env.ANTHROPIC_BEDROCK_BASE_URL", Show::Host),
    KeyRule::new("env.ANTHROPIC_BEDROCK_MANTLE_BASE_URL", Show::Host),
    KeyRule::new("env.ANTHROPIC_FOUNDRY_BASE_URL", Show::Host),
    KeyRule::new("env.ANTHROPIC_GOOGLE_CLOUD_BASE_URL", Show::Host),
    KeyRule::new("env.ANTHROPIC_VERTEX_BASE_URL", Show::Host),
    KeyRule::new("env.HTTP_PROXY", Show::Host),
    KeyRule::new("env.HTTPS_PROXY", Show::Host),
    KeyRule::new("env.OTEL_EXPORTER_OTLP_ENDPOINT", Show::Host),
    KeyRule::new("env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", Show::Host),
    KeyRule::new("env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Show::Host),
    KeyRule::new("env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Show::Host),
    KeyRule::new("env.ANTHROPIC_MODEL", Show::Text(Text::Models)),
    KeyRule::new("env.ANTHROPIC_SMALL_FAST_MODEL", Show::Text(Text::Models)),
    KeyRule::new("env.CLAUDE_CODE_USE_ANTHROPIC_AWS", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_USE_BEDROCK", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_USE_FOUNDRY", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_USE_MANTLE", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_USE_VERTEX", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_ENABLE_TELEMETRY", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", SWITCH),
    KeyRule::new("env.CLAUDE_CODE_SKIP_PROMPT_HISTORY", SWITCH),
    KeyRule::new("env.DISABLE_ERROR_REPORTING", SWITCH),
    KeyRule::new("env.DISABLE_TELEMETRY", SWITCH),
    KeyRule::new("env.DO_NOT_TRACK", SWITCH),
    KeyRule::new("env.OTEL_LOG_ASSISTANT_RESPONSES", SWITCH),
    KeyRule::new("env.OTEL_LOG_RAW_API_BODIES", SWITCH),
    KeyRule::new("env.OTEL_LOG_TOOL_CONTENT", SWITCH),
    KeyRule::new("env.OTEL_LOG_TOOL_DETAILS", SWITCH),
    KeyRule::new("env.OTEL_LOG_USER_PROMPTS", SWITCH),
    KeyRule::new("env.*", Show::Hidden),
    KeyRule::new("hooks", Show::Hooks),
    KeyRule::new("disableAllHooks", Show::Flag),
    KeyRule::new("allowManagedHooksOnly", Show::Flag),
    KeyRule::new("allowedHttpHookUrls", HIDDEN_LIST),
    KeyRule::new("allowManagedPermissionRulesOnly", Show::Flag),
    KeyRule::new("enabledPlugins.*", Show::Flag),
    KeyRule::new("extraKnownMarketplaces.*", Show::Hidden),
    KeyRule::new("enableAllProjectMcpServers", Show::Flag),
    KeyRule::new("enabledMcpjsonServers", HIDDEN_LIST),
    KeyRule::new("disabledMcpjsonServers", HIDDEN_LIST),
    KeyRule::new("allowedMcpServers", HIDDEN_LIST),
    KeyRule::new("deniedMcpServers", HIDDEN_LIST),
    KeyRule::new("allowManagedMcpServersOnly", Show::Flag),
    KeyRule::new("disableClaudeAiConnectors", Show::Flag),
    KeyRule::new("allowAllClaudeAiMcps", Show::Flag),
    KeyRule::new("autoUploadSessions", Show::Flag),
    KeyRule::new("remoteControlAtStartup", Show::Flag),
    KeyRule::new("disableRemoteControl", Show::Flag),
    KeyRule::new("isolatePeerMachines", Show::Flag),
    KeyRule::new("disableAgentView", Show::Flag),
    KeyRule::new("channelsEnabled", Show::Flag),
    KeyRule::new("forceLoginMethod", Show::Text(Text::OneOf(&["claudeai", "console", "gateway"]))),
    KeyRule::new("forceLoginOrgUUID", Show::Hidden),
    KeyRule::new("forceLoginGatewayUrl", Show::Host),
    KeyRule::new("model", Show::Text(Text::Models)),
    KeyRule::new("fallbackModel", Show::Text(Text::Models)),
    KeyRule::new("availableModels", Show::List(&Show::Text(Text::Models))),
    KeyRule::new("deniedModels", Show::List(&Show::Text(Text::Models))),
    KeyRule::new("enforceAvailableModels", Show::Flag),
    KeyRule::new("cleanupPeriodDays", Show::Number),
    KeyRule::new("desktopSessionCleanupPeriodDays", Show::Number),
    KeyRule::new("autoMemoryEnabled", Show::Flag),
    KeyRule::new("autoMemoryDirectory", Show::Path),
    KeyRule::new("autoDreamEnabled", Show::Flag),
    KeyRule::new("fileCheckpointingEnabled", Show::Flag),
    KeyRule::new("skipWebFetchPreflight", Show::Flag),
    KeyRule::new("includeCoAuthoredBy", Show::Flag),
    KeyRule::new("respectGitignore", Show::Flag),
    KeyRule::new("claudeMdExcludes", HIDDEN_LIST),
    KeyRule::new("companyAnnouncements", HIDDEN_LIST),
    KeyRule::new(
        "autoUpdatesChannel",
        Show::Text(Text::OneOf(&["latest", "stable", "rc", "disabled"])),
    ),
    KeyRule::new("minimumVersion", Show::Hidden),
    // How it looks on a terminal is nobody's business.
    KeyRule::new("theme", Show::Ignored),
    KeyRule::new("viewMode", Show::Ignored),
    KeyRule::new("editorMode", Show::Ignored),
    KeyRule::new("verbose", Show::Ignored),
    KeyRule::new("tui", Show::Ignored),
    KeyRule::new("spinnerTipsEnabled", Show::Ignored),
    KeyRule::new("spinnerVerbs", Show::Ignored),
    KeyRule::new("prefersReducedMotion", Show::Ignored),
    KeyRule::new("terminalProgressBarEnabled", Show::Ignored),
    KeyRule::new("showTurnDuration", Show::Ignored),
];

/// A server of tools: what starts it or where it is.
const MCP_KEYS: &[KeyRule] = &[
    KeyRule::new("mcpServers.*.type", Show::Text(Text::OneOf(&["stdio", "http", "sse", "ws"]))),
    KeyRule::new("mcpServers.*.url", Show::Host),
    KeyRule::new("mcpServers.*.command", Show::Hidden),
    KeyRule::new("mcpServers.*.args", Show::Hidden),
    KeyRule::new("mcpServers.*.env.*", Show::Hidden),
    KeyRule::new("mcpServers.*.headers.*", Show::Hidden),
    KeyRule::new("mcpServers.*.*", Show::Hidden),
];

/// Of what claude writes by itself at each start, what it was told by its user.
const STATE_KEYS: &[KeyRule] = &[
    KeyRule::new("bypassPermissionsModeAccepted", Show::True),
    KeyRule::new("mcpServers.*.type", Show::Text(Text::OneOf(&["stdio", "http", "sse", "ws"]))),
    KeyRule::new("mcpServers.*.url", Show::Host),
    KeyRule::new("mcpServers.*.command", Show::Hidden),
    KeyRule::new("mcpServers.*.args", Show::Hidden),
    KeyRule::new("mcpServers.*.env.*", Show::Hidden),
    KeyRule::new("mcpServers.*.headers.*", Show::Hidden),
    KeyRule::new("projects.*.hasTrustDialogAccepted", Show::True),
    KeyRule::new("projects.*.hasClaudeMdExternalIncludesApproved", Show::True),
    KeyRule::new("projects.*.allowedTools", RULES),
    KeyRule::new("projects.*.enabledMcpjsonServers", HIDDEN_LIST),
    KeyRule::new("projects.*.disabledMcpjsonServers", HIDDEN_LIST),
    KeyRule::new("projects.*.enabledMcpServers", HIDDEN_LIST),
    KeyRule::new("projects.*.disabledMcpServers", HIDDEN_LIST),
    KeyRule::new(
        "projects.*.mcpServers.*.type",
        Show::Text(Text::OneOf(&["stdio", "http", "sse", "ws"])),
    ),
    KeyRule::new("projects.*.mcpServers.*.url", Show::Host),
    KeyRule::new("projects.*.mcpServers.*.command", Show::Hidden),
    KeyRule::new("projects.*.mcpServers.*.args", Show::Hidden),
    KeyRule::new("projects.*.mcpServers.*.env.*", Show::Hidden),
    KeyRule::new("projects.*.mcpServers.*.headers.*", Show::Hidden),
];

/// Managed, `--settings`, local, project, user: the first that says something counts, and of lists
/// all do.
static LAYERS: Layers = Layers {
    flags: &[
        FlagRule::is(
            "--dangerously-skip-permissions",
            "permissions.defaultMode",
            "bypassPermissions",
        ),
        FlagRule::of("--permission-mode", "permissions.defaultMode"),
        FlagRule::of("--model", "model").above_all(),
    ],
    session: SessionKeys {
        permission_mode: "permissions.defaultMode",
        sandbox: None,
        provider: None,
        model: "model",
    },
    defaults: &[
        ("permissions.defaultMode", "default"),
        ("env.ANTHROPIC_BASE_URL", "api.anthropic.com"),
        ("cleanupPeriodDays", "30"),
    ],
    not_by_project: &[],
    if_trusted: &["permissions.allow", "permissions.additionalDirectories"],
    trust: Trust("hasTrustDialogAccepted", None),
    only_in_cwd: Some(
        "versions differ: 2.1.330 reads it at the top of the repository, 2.1.197 only in the directory \
         in which it is started",
    ),
    profile: None,
    differs: &[
        Differs {
            key: "permissions.defaultMode",
            value: "bypassPermissions",
            obeyed_by: &["2.1.197"],
            ignored_by: &["2.1.330"],
            why: "versions differ: 2.1.197 obeys a project here, 2.1.330 does not",
        },
        Differs {
            key: "permissions.defaultMode",
            value: "auto",
            obeyed_by: &[],
            ignored_by: &["2.1.197", "2.1.330"],
            why: "2.1.197 and 2.1.330 do not obey a project here; others may",
        },
    ],
    switches: &[
        Switch {
            key: "env.ANTHROPIC_MODEL",
            says: Says::Set,
            off: "model",
            value: None,
            spares_managed: true,
        },
        Switch {
            key: "permissions.disableBypassPermissionsMode",
            says: Says::Word("disable"),
            off: "permissions.defaultMode",
            value: Some("bypassPermissions"),
            spares_managed: false,
        },
        Switch {
            key: "disableAllHooks",
            says: Says::True,
            off: "hooks",
            value: None,
            spares_managed: true,
        },
        Switch {
            key: "allowManagedHooksOnly",
            says: Says::True,
            off: "hooks",
            value: None,
            spares_managed: true,
        },
        Switch {
            key: "allowManagedPermissionRulesOnly",
            says: Says::True,
            off: "permissions.allow",
            value: None,
            spares_managed: true,
        },
    ],
    strict: &["permissions.defaultMode", "cleanupPeriodDays"],
    leaves_out: true,
    logins: &[
        ("ANTHROPIC_API_KEY", "api-key"),
        ("ANTHROPIC_AUTH_TOKEN", "token"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "oauth-token"),
    ],
    names_endpoint: false,
    without_user: &["--bare", "--safe-mode", "--setting-sources"],
    more: &["--settings"],
};
