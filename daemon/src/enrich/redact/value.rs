//! Which values of a command line may stand.
//!
//! Each kind has a shape that is as tight as the real values allow. In doubt a value becomes its
//! length: a record that says less is a smaller fault than one that holds a secret.

use super::length;

/// What a flag's value is, and so when it may stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// Content, a secret, or anything: never.
    Hidden,
    /// A path; anything that does not look like one (JSON, a prompt) is hidden.
    Path,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Some of these words, with commas between.
    SomeOf(&'static [&'static str]),
    /// Names of models, with commas between.
    Models,
    /// An id in the form of a UUID.
    Id,
    /// An address, of which scheme, host and port stand.
    Url,
    /// `key=value` of a configuration.
    Setting(&'static [Key]),
}

/// A key of a configuration that may be named.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its dotted path, where `*` is any one component and a last `*` all that follow.
    pub(crate) path: &'static str,
    pub(crate) value: Value,
    /// The flag that means the same.
    pub(crate) flag: Option<&'static str>,
}

impl Value {
    /// Returns the value as it may be recorded. `nth` is how many values of the same flag precede
    /// it: a second one may be a prompt that the flag swallowed.
    pub(crate) fn kept(self, text: &[u8], nth: usize) -> Option<String> {
        let utf8 = std::str::from_utf8(text).ok()?;
        let words = |known: &[&str]| known.contains(&utf8);
        match self {
            Self::Hidden => None,
            Self::Path => is_path(text, nth).then(|| utf8.to_owned()),
            Self::OneOf(known) => words(known).then(|| utf8.to_owned()),
            Self::SomeOf(known) => {
                utf8.split(',').all(|word| known.contains(&word)).then(|| utf8.to_owned())
            }
            Self::Models => utf8.split(',').all(is_model).then(|| utf8.to_owned()),
            Self::Id => is_uuid(utf8).then(|| utf8.to_owned()),
            Self::Url => address(utf8),
            Self::Setting(keys) => setting(keys, utf8),
        }
    }
}

/// Whether a value looks like a path, and like nothing that a prompt or a key would be.
///
/// A path with spaces has to be rooted (`/`, `./`, `../`, `~/`), and so has every value after the first of
/// a flag that takes many: real prompts end up there, because such a flag swallows them.
pub(crate) fn is_path(text: &[u8], nth: usize) -> bool {
    const MAX_PATH: usize = 4096;
    let strange = |byte: &u8| byte.is_ascii_control() || b"={}\"<>|`".contains(byte);
    let rooted = is_rooted(text);
    let spaced = text.iter().any(u8::is_ascii_whitespace);
    (1..=MAX_PATH).contains(&text.len())
        && !text.iter().any(strange)
        && !text.starts_with(b"-")
        && !contains(text, b"://")
        && (rooted || !spaced)
        && (nth == 0 || (rooted && !spaced))
        && !holds_secret(text)
}

fn is_rooted(text: &[u8]) -> bool {
    const ROOTS: [&[u8]; 4] = [b"/", b"./", b"../", b"~/"];
    ROOTS.iter().any(|root| text.starts_with(root)) || matches!(text, b"." | b".." | b"~")
}

/// Whether a text holds what has the shape of a key: a well-known prefix at the start of a word, or
/// a long run of mixed letters and digits.
pub(crate) fn holds_secret(text: &[u8]) -> bool {
    const PREFIXES: &[&str] = &[
        "sk-",
        "sk_",
        "pk_",
        "rk_",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "xoxa-",
        "xoxs-",
        "xapp-",
        "AKIA",
        "ASIA",
        "AIza",
        "ya29.",
        "eyJ",
        "npm_",
        "hf_",
        "whsec_",
        "ccpool_",
        "key-",
        "Bearer",
    ];
    const MIN_REST: usize = 6;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let starts = (0..text.len()).filter(|at| *at == 0 || !is_word(&text[at - 1]));
    let prefixed = starts.into_iter().any(|at| {
        PREFIXES.iter().any(|prefix| {
            text[at..].strip_prefix(prefix.as_bytes()).is_some_and(|rest| {
                let run = rest.iter().take_while(|byte| is_word(byte) || b"-_.".contains(byte));
                run.count() >= MIN_REST
            })
        })
    });
    prefixed || text.split(|byte| !is_word(byte)).any(looks_random)
}

fn looks_random(run: &[u8]) -> bool {
    const MIN_RUN: usize = 24;
    run.len() >= MIN_RUN
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase)
        && run.iter().any(u8::is_ascii_digit)
}

/// Whether a text is the name of a model: short lower-case pieces, one of the first of a known
/// family.
fn is_model(text: &str) -> bool {
    const FAMILIES: &[&str] = &[
        "chatgpt",
        "claude",
        "codestral",
        "codex",
        "default",
        "deepseek",
        "devstral",
        "fable",
        "gemini",
        "gemma",
        "glm",
        "gpt",
        "grok",
        "haiku",
        "kimi",
        "llama",
        "mistral",
        "nova",
        "o1",
        "o3",
        "o4",
        "opus",
        "opusplan",
        "phi",
        "qwen",
        "sonnet",
    ];
    const MAX_PIECE: usize = 12;
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let family = |piece: &str| {
        FAMILIES.iter().any(|family| {
            let version = |rest: &str| rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit());
            piece.strip_prefix(family).is_some_and(version)
        })
    };
    let fine = |piece: &str| {
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        let mixed = digits > 0 && digits < piece.len();
        piece.bytes().all(lower) && piece.len() <= if mixed { 6 } else { MAX_PIECE }
    };
    let pieces = || text.split(['-', '.', '_', ':', '/', '@', '[', ']']);
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !holds_secret(text.as_bytes())
        && pieces().all(|piece| fine(piece) || family(piece))
        && pieces().take(3).any(family)
}

/// Whether a text has the form of a UUID, as both agents name their sessions.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Returns the host, and the port where it is not the scheme's own, of a web address. What may hold
/// a secret (user, path, query) is left behind, and a text that is no web address has no host. Nor has
/// one with an `@` after its authority: what looks like the host may be a user with a slash in the
/// password.
pub(crate) fn host(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => "80",
        "https" | "wss" => "443",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host_and_port = authority.rsplit('@').next()?;
    let (typed, port) = split_port(host_and_port)?;
    let host = typed.to_ascii_lowercase();
    // As typed, too, because the case is what gives a key away.
    let is_secret = |text: &str| holds_secret(text.as_bytes());
    let is_valid = !path.contains('@') && is_host(&host) && !is_secret(typed) && !is_secret(&host);
    is_valid.then(|| match port {
        Some(port) if port != default => format!("{host}:{port}"),
        _ => host,
    })
}

/// Splits `host:port` and `[::1]:port`; a port that is no number makes it no address.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    let end = text.rfind(']').map_or(0, |at| at + 1);
    match text[end..].find(':') {
        None => Some((text, None)),
        Some(colon) => {
            let port = &text[end + colon + 1..];
            let number = port.bytes().all(|byte| byte.is_ascii_digit()) && port.len() <= 5;
            number.then_some((&text[..end + colon], (!port.is_empty()).then_some(port)))
        }
    }
}

fn is_host(host: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => (2..=45).contains(&inner.len()) && inner.bytes().all(address),
        None => (1..=253).contains(&host.len()) && host.bytes().all(name),
    }
}

/// Keeps of an address the scheme and the host, or a local socket's path.
fn address(text: &str) -> Option<String> {
    if matches!(text, "stdio://" | "unix://" | "off") {
        return Some(text.to_owned());
    }
    if let Some(path) = text.strip_prefix("unix://") {
        return is_path(path.as_bytes(), 0).then(|| text.to_owned());
    }
    let (scheme, _) = text.split_once("://")?;
    Some(format!("{}://{}", scheme.trim().to_ascii_lowercase(), host(text)?))
}

/// Keeps of `key=value` a known key, and the value where the key says so.
fn setting(keys: &[Key], text: &str) -> Option<String> {
    let (name, value) = text.split_once('=')?;
    let key = find_key(keys, name.trim())?;
    let value = unquoted(value);
    let kept = key.value.kept(value.as_bytes(), 0).unwrap_or_else(|| length(value.as_bytes()));
    Some(format!("{}={kept}", key.path))
}

fn find_key<'a>(keys: &'a [Key], name: &str) -> Option<&'a Key> {
    keys.iter().find(|key| is_key(key.path, name))
}

fn is_key(pattern: &str, name: &str) -> bool {
    let mut names = name.split('.');
    let mut patterns = pattern.split('.').peekable();
    while let Some(part) = patterns.next() {
        let Some(name) = names.next() else { return false };
        if part == "*" && patterns.peek().is_none() {
            return true;
        }
        if part != "*" && part != name {
            return false;
        }
    }
    names.next().is_none()
}

/// Takes the quotes of TOML off a value.
pub(crate) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let quoted = |quote| text.strip_prefix(quote).and_then(|text: &str| text.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Gives a kept setting the name of the flag that means the same.
pub(crate) fn normal_setting(keys: &[Key], name: &str, setting: &str) -> String {
    let (path, value) = setting.split_once('=').unwrap_or((setting, ""));
    let hidden = value.starts_with('<');
    match keys.iter().find(|key| key.path == path).and_then(|key| key.flag) {
        Some(flag) if hidden => flag.to_owned(),
        Some(flag) => format!("{flag}={value}"),
        None if hidden => format!("{name}={path}"),
        None => format!("{name}={setting}"),
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
