//! The files that both agents are configured by, and what can be written into each.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use trackway_protocol::record::ConfigChanged;
use trackway_tests::watch::Watch;
use trackway_tests::world::World;

use super::{last, put, wait_for_change};
use crate::stub;

/// How long the stub lives at most that makes the repository known, in milliseconds: so long that a
/// busy machine does not matter.
const MS: u32 = 20_000;

/// What a file consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Toml,
    /// Any text: only that it changed is told.
    Text,
    /// Secrets: it is never opened.
    Secret,
}

/// A file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) path: &'static str,
    pub(super) form: Form,
}

const fn known(path: &'static str, form: Form) -> Known {
    Known { path, form }
}

/// One of a kind in each place.
pub(super) const FILES: [Known; 16] = [
    known("{home}/.claude.json", Form::Json),
    known("{home}/.claude/settings.json", Form::Json),
    known("{home}/.claude/CLAUDE.md", Form::Text),
    known("{home}/.claude/.credentials.json", Form::Secret),
    known("{repo}/.claude/settings.json", Form::Json),
    known("{repo}/.claude/settings.local.json", Form::Json),
    known("{repo}/.mcp.json", Form::Json),
    known("{repo}/CLAUDE.md", Form::Text),
    known("{home}/.codex/config.toml", Form::Toml),
    known(PROFILE, Form::Toml),
    known("{home}/.codex/hooks.json", Form::Json),
    known("{home}/.codex/AGENTS.md", Form::Text),
    known("{home}/.codex/auth.json", Form::Secret),
    known("{repo}/.codex/config.toml", Form::Toml),
    known("{repo}/.codex/hooks.json", Form::Json),
    known("{repo}/AGENTS.md", Form::Text),
];

/// A file that is found by a pattern.
pub(super) const PROFILE: &str = "{home}/.codex/work.config.toml";

/// Keys of every kind that a file of settings, servers, hooks or an agent's state has, and one that
/// none has. `WORD` is every value that is a text, but for the hosts of addresses.
const JSON: &str = r#"{
  "model": "WORD", "apiKeyHelper": "WORD", "awsAuthRefresh": "WORD", "otelHeadersHelper": "WORD",
  "outputStyle": "WORD", "forceLoginMethod": "WORD", "forceLoginOrgUUID": "WORD",
  "statusLine": {"type": "command", "command": "WORD"},
  "attribution": {"commit": "WORD"},
  "env": {
    "ANTHROPIC_BASE_URL": "https://WORD:WORD@api.example.com/WORD?key=WORD#WORD",
    "ANTHROPIC_AUTH_TOKEN": "WORD", "ANTHROPIC_MODEL": "WORD", "CLAUDE_CODE_USE_BEDROCK": "WORD",
    "HTTPS_PROXY": "http://WORD:WORD@proxy.example.com:3128/WORD", "DISABLE_TELEMETRY": "WORD",
    "OTEL_EXPORTER_OTLP_HEADERS": "WORD", "MY_TOKEN": "WORD"
  },
  "permissions": {
    "allow": ["Bash(WORD)", "WebFetch(domain:WORD)", "Read(//WORD/**)", "WORD"],
    "deny": ["Bash(WORD)"], "ask": ["Edit(WORD)"], "defaultMode": "WORD",
    "additionalDirectories": ["WORD"], "disableBypassPermissionsMode": "WORD"
  },
  "sandbox": {
    "enabled": "WORD", "excludedCommands": ["WORD"],
    "network": {"allowedDomains": ["WORD"], "allowUnixSockets": ["WORD"]},
    "filesystem": {"allowWrite": ["WORD"], "denyRead": ["WORD"]},
    "credentials": {"envVars": ["WORD"], "files": ["WORD"]}
  },
  "hooks": {
    "PreToolUse": [{"matcher": "WORD", "hooks": [
      {"type": "command", "command": "WORD"},
      {"type": "http", "url": "https://WORD@hook.example.com/WORD", "headers": {"X": "WORD"}},
      {"type": "WORD", "prompt": "WORD"}
    ]}]
  },
  "mcpServers": {
    "local": {"type": "WORD", "command": "WORD", "args": ["WORD"], "env": {"TOKEN": "WORD"}},
    "remote": {"type": "http", "url": "https://WORD:WORD@mcp.example.com/WORD?k=WORD",
      "headers": {"Authorization": "Bearer WORD"}, "headersHelper": "WORD"}
  },
  "enabledMcpjsonServers": ["WORD"], "enabledPlugins": {"plugin@market": "WORD"},
  "extraKnownMarketplaces": {
    "market": {"source": {"source": "url", "url": "https://WORD@market.example.com/WORD"}}
  },
  "oauthAccount": {"emailAddress": "WORD", "accountUuid": "WORD"}, "primaryApiKey": "WORD",
  "customApiKeyResponses": {"approved": ["WORD"]},
  "projects": {"{repo}": {
    "allowedTools": ["WORD"], "history": [{"display": "WORD"}], "lastSessionFirstPrompt": "WORD",
    "enabledMcpjsonServers": ["WORD"],
    "mcpServers": {"own": {"command": "WORD", "args": ["WORD"], "env": {"TOKEN": "WORD"}}}
  }},
  "unheardOf": {"deep": ["WORD", {"deeper": "WORD"}]}
}
"#;

/// The same for files in TOML.
const TOML: &str = r#"model = "WORD"
model_provider = "WORD"
approval_policy = "WORD"
approvals_reviewer = "WORD"
sandbox_mode = "WORD"
default_permissions = "WORD"
web_search = "WORD"
openai_base_url = "https://WORD:WORD@api.example.com/WORD?key=WORD"
notify = ["WORD", "WORD"]
developer_instructions = "WORD"
instructions = """
WORD
"""
model_instructions_file = "WORD"
cli_auth_credentials_store = "WORD"
forced_login_method = "WORD"
forced_chatgpt_workspace_id = "WORD"
sqlite_home = "WORD"

[sandbox_workspace_write]
writable_roots = ["WORD"]

[model_providers.own]
name = "WORD"
base_url = "https://WORD:WORD@own.example.com/WORD?key=WORD"
env_key = "WORD"
experimental_bearer_token = "WORD"
wire_api = "WORD"
http_headers = { Authorization = "Bearer WORD" }
query_params = { key = "WORD" }
auth = { command = "WORD", args = ["WORD"] }

[mcp_servers.local]
command = "WORD"
args = ["WORD"]
cwd = "WORD"
env = { TOKEN = "WORD" }

[mcp_servers.remote]
url = "https://WORD:WORD@mcp.example.com/WORD?key=WORD"
bearer_token_env_var = "WORD"
http_headers = { Authorization = "Bearer WORD" }

[shell_environment_policy]
inherit = "WORD"
exclude = ["WORD"]
set = { TOKEN = "WORD" }

[history]
persistence = "WORD"

[otel]
environment = "WORD"

[otel.exporter.otlp-http]
endpoint = "https://WORD:WORD@otel.example.com/WORD"
protocol = "WORD"
headers = { Authorization = "WORD" }

[projects."{repo}"]
trust_level = "WORD"

[permissions.own]
extends = "WORD"

[permissions.own.network.domains]
"code.example.com" = "WORD"

[[hooks.PreToolUse]]
matcher = "WORD"

[[hooks.PreToolUse.hooks]]
type = "command"
command = "WORD"

[hooks.state."own:0"]
trusted_hash = "WORD"

[unheard.of]
deep = ["WORD", { deeper = "WORD" }]
"#;

impl Known {
    /// Where it is in a world.
    pub(super) fn place(&self, world: &World) -> PathBuf {
        world.tell(self.path).into()
    }

    /// Writes it, with `word` as every value that is a text.
    pub(super) fn write(&self, world: &World, word: &str) {
        self.write_to(&self.place(world), world, word);
    }

    /// Writes it to another place.
    pub(super) fn write_to(&self, path: &Path, world: &World, word: &str) {
        let text = match self.form {
            Form::Json => JSON,
            Form::Toml => TOML,
            Form::Text => "Be WORD.\n",
            Form::Secret => "{\"tokens\": {\"access_token\": \"WORD\"}}\n",
        };
        put(path, &world.tell(&text.replace("WORD", word)));
        // Of a file that is never opened its permissions are told.
        let mode = if word == FIRST { 0o600 } else { 0o640 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it was just made");
    }
}

/// What is written at first. No word of it is a name, a path or a model's, which are told. Its
/// beginning is what to look for.
pub(super) const FIRST: &str = "planted-text+=61";
/// What is written in its place.
pub(super) const SECOND: &str = "planted-text+=62";

/// A file of the repository that is there whatever else is.
const MARK: &str = "{repo}/CLAUDE.local.md";

/// A daemon in a world that `furnish` changes first. An agent has worked in the repository, and what
/// is configured there is known.
pub(super) fn watch_in(furnish: impl FnOnce(&World)) -> Watch {
    let watch = stub::watch_in(|world| {
        put(world.tell(MARK), "Be brief.\n");
        furnish(world);
    });
    let mut agent = stub::call(&watch.world, MS).spawn().expect("the stub is there");
    wait_for_change(&watch, 0, MARK, |changed| changed.state == "present");
    agent.kill().expect("it is our child");
    agent.wait().expect("it is our child");
    watch
}

/// The same, with all files as they should be, and all of them told.
pub(super) fn watch() -> Watch {
    let watch = watch_in(|world| FILES.iter().for_each(|known| known.write(world, FIRST)));
    for known in &FILES {
        wait_for_change(&watch, 0, known.path, |changed| changed.state == "present");
    }
    watch
}

/// Writes a file anew, and waits until that is told.
#[track_caller]
pub(super) fn write_and_wait(watch: &Watch, known: &Known, word: &str) -> ConfigChanged {
    let after = last(watch);
    known.write(&watch.world, word);
    wait_for_change(watch, after, known.path, |changed| changed.state == "present")
}
