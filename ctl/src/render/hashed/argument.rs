//! Arguments as records have them: known flags, words of a few lists, lengths, and paths.
//!
//! A word may be a directory's name as well, so it stands only after a flag that takes no path, or
//! where it is the agents' own.

use super::names::Names;

/// Flags whose value is one of a few words, a model's name or an id.
const OF_WORDS: &[&str] = &[
    "--advisor",
    "--ask-for-approval",
    "--color",
    "--cyber-access-program",
    "--disable",
    "--effort",
    "--enable",
    "--fallback-model",
    "--fast-mode",
    "--inherit-permission-mode",
    "--input-format",
    "--local-provider",
    "--model",
    "--output-format",
    "--permission-mode",
    "--permission-prompts",
    "--prompt-suggestions",
    "--resume",
    "--resume-session-at",
    "--rewind-files",
    "--sandbox",
    "--scope",
    "--session-id",
    "--setting-sources",
    "--system-prompt-snapshot",
    "--thinking",
    "--transport",
    "--ws-auth",
    "-a",
    "-m",
];

/// Keys of codex's settings whose value is such a word.
const KEYS: &[&str] = &[
    "approval_policy",
    "approvals_reviewer",
    "cli_auth_credentials_store",
    "forced_login_method",
    "history.persistence",
    "model",
    "model_provider",
    "model_reasoning_effort",
    "model_reasoning_summary",
    "model_verbosity",
    "oss_provider",
    "review_model",
    "sandbox_mode",
    "service_tier",
    "shell_environment_policy.inherit",
    "web_search",
];

/// Programs and commands.
const WORDS: &[&str] = &[
    "add",
    "agents",
    "app-server",
    "apply",
    "archive",
    "attach",
    "auth",
    "bun",
    "claude",
    "claude.exe",
    "cloud",
    "codex",
    "codex.exe",
    "completion",
    "config",
    "daemon",
    "debug",
    "delete",
    "deno",
    "diff",
    "doctor",
    "exec",
    "exec-server",
    "execpolicy",
    "false",
    "features",
    "fork",
    "get",
    "help",
    "install",
    "list",
    "login",
    "logout",
    "logs",
    "mcp",
    "mcp-server",
    "migrate-installer",
    "node",
    "plugin",
    "plugins",
    "remote-control",
    "remove",
    "resume",
    "review",
    "sandbox",
    "serve",
    "server",
    "setup-token",
    "status",
    "true",
    "update",
    "upgrade",
];

impl Names {
    /// Returns an argument without paths. `before` is the one before it.
    pub(super) fn argument(&self, before: Option<&str>, argument: &str) -> String {
        if let Some((name, value)) = flag_and_value(argument) {
            let glue = &argument[name.len()..argument.len() - value.len()];
            return format!("{name}{glue}{}", self.value(Some(name), value));
        }
        if is_flag(argument) { argument.to_owned() } else { self.value(before, argument) }
    }

    fn value(&self, flag: Option<&str>, value: &str) -> String {
        if let Some(setting) = flag.filter(|flag| ["-c", "--config"].contains(flag)) {
            return self.setting(setting, value);
        }
        let is_of_words = flag.is_some_and(|flag| OF_WORDS.contains(&flag)) && is_word(value);
        let may_stand = is_of_words || WORDS.contains(&value) || value.is_empty();
        if may_stand || is_length(value) || is_id(value) || is_host(value) {
            value.to_owned()
        } else {
            self.path(value)
        }
    }

    fn setting(&self, flag: &str, setting: &str) -> String {
        match setting.split_once('=') {
            Some((key, value)) if is_word(&key.replace('*', "")) => {
                let may_stand = KEYS.contains(&key) && is_word(value);
                let value = if may_stand { value.into() } else { self.value(None, value) };
                format!("{key}={value}")
            }
            // Claude's `-c` takes none, and what follows is something else.
            _ => self.value(Some(flag).filter(|flag| OF_WORDS.contains(flag)), setting),
        }
    }
}

/// Whether it is a flag's name and nothing else. One short name has several letters.
fn is_flag(argument: &str) -> bool {
    match argument.strip_prefix('-') {
        Some("" | "-" | "d2e") => true,
        Some(rest) => rest.strip_prefix('-').map_or(rest.len() == 1, is_word),
        None => false,
    }
}

/// Splits `--name=value`, `-n=value` and `-nvalue`.
fn flag_and_value(argument: &str) -> Option<(&str, &str)> {
    if let Some((name, value)) = argument.split_once('=') {
        return is_flag(name).then_some((name, value));
    }
    let is_short = argument.starts_with('-') && !argument.starts_with("--");
    let end = argument.char_indices().nth(2).filter(|_| is_short && !is_flag(argument))?.0;
    Some(argument.split_at(end))
}

/// Whether a text is made of what names of flags, models and modes are made of.
pub(super) fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,:@".contains(&byte);
    text.bytes().all(is_plain)
}

/// Whether a text stands for one that was not recorded: `<17 bytes>`, `<3 more>`.
pub(super) fn is_length(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let number = inner.and_then(|it| it.strip_suffix(" bytes").or(it.strip_suffix(" more")));
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text is a UUID.
pub(super) fn is_id(text: &str) -> bool {
    let is_dash = |at: usize| [8, 13, 18, 23].contains(&at);
    let fits = |(at, byte): (usize, u8)| match is_dash(at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// Whether a text is an address of which only scheme, host and port were recorded.
fn is_host(text: &str) -> bool {
    let rest =
        ["http://", "https://", "ws://", "wss://"].iter().find_map(|it| text.strip_prefix(it));
    rest.is_some_and(|rest| {
        rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte))
    })
}
