//! The configuration file: what was typed, and what it means.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::agents::user;
pub use crate::agents::user::Program;
use crate::logging::printable;
use crate::report::weekly::{self, Weekly};
pub(crate) use crate::store::Sealing;

/// The default configuration, commented for people.
pub const DEFAULT: &str = include_str!("../../packaging/config.toml");

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not valid. Nothing of it is quoted: it may be another program's, with secrets.
    #[error("{}, line {line}, is not valid: {reason}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else can decide what is in it.
    #[error("{} is not used: {why}", path.display())]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A value means nothing.
    #[error("{}: {key} {reason}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What the daemon is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which tier notices launches.
    pub tier: Tier,
    /// How often the `poll` tier looks.
    pub poll_interval: Duration,
    /// How much is logged.
    pub level: tracing::Level,
    /// What is added to the catalogue of agents.
    pub programs: Vec<Program>,
    /// For how long records keep their bodies; none: for ever.
    pub keep: Option<Duration>,
    /// How often records are sealed.
    pub(crate) sealing: Sealing,
    /// Which reports are written every week.
    pub(crate) weekly: Weekly,
    /// Where every checkpoint is copied to: a file, or a directory. It may begin with `~/`.
    pub copy_to: Option<PathBuf>,
}

/// A choice of tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tier {
    /// The best that answers.
    #[default]
    Auto,
    /// The kernel's process events, or nothing.
    ProcConnector,
    /// Polling, even where better can be had.
    Poll,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The file as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Typed {
    launches: TypedLaunches,
    log: TypedLog,
    ledger: TypedLedger,
    checkpoint: TypedCheckpoint,
    report: weekly::Typed,
    agents: BTreeMap<String, TypedAgent>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct TypedLaunches {
    tier: Option<String>,
    poll_interval: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct TypedLog {
    level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct TypedLedger {
    keep: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct TypedCheckpoint {
    every: Option<String>,
    #[serde(alias = "copy_to")]
    copy_to: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct TypedAgent {
    programs: Vec<TypedProgram>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TypedProgram {
    path: String,
    role: Option<String>,
    interpreter: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tier: Tier::Auto,
            poll_interval: Duration::from_secs(1),
            level: tracing::Level::INFO,
            programs: Vec::new(),
            keep: Some(400 * DAY),
            sealing: Sealing::default(),
            weekly: Weekly::default(),
            copy_to: None,
        }
    }
}

impl Config {
    /// Reads a file; one that is missing means the defaults.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the file is there and says nothing that can be understood, or may say
    /// what somebody else wants.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let Some(text) = read_trusted(path, u64::MAX)? else { return Ok(Self::default()) };
        Self::parse(&text, path)
    }

    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let typed: Typed = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
            let reason = printable(&without_value(error.message())).into_owned();
            ConfigError::Parse { path: path.to_owned(), line, reason }
        })?;
        let invalid = |key: &str, reason: String| ConfigError::Value {
            path: path.to_owned(),
            key: key.to_owned(),
            reason,
        };
        let mut config = Self::default();
        if let Some(value) = &typed.launches.tier {
            config.tier = tier(value).map_err(|why| invalid("launches.tier", why))?;
        }
        if let Some(value) = &typed.launches.poll_interval {
            let key = "launches.poll-interval";
            let often = Duration::from_millis(50)..=Duration::from_secs(60);
            config.poll_interval =
                interval(value, often, "50ms and 60s").map_err(|why| invalid(key, why))?;
        }
        if let Some(value) = &typed.ledger.keep {
            config.keep = keep(value).map_err(|why| invalid("ledger.keep", why))?;
        }
        if let Some(value) = &typed.checkpoint.every {
            let often = Duration::from_secs(60)..=DAY;
            config.sealing.every = interval(value, often, "1m and 24h")
                .map_err(|why| invalid("checkpoint.every", why))?;
        }
        if let Some(path) = typed.checkpoint.copy_to {
            let is_whole = path.is_absolute() || path.starts_with("~");
            let why = "is no whole path, and does not begin with ~/";
            config.copy_to = is_whole
                .then_some(Some(path))
                .ok_or_else(|| invalid("checkpoint.copy-to", why.to_owned()))?;
        }
        if let Some(value) = &typed.log.level {
            let why = "is none of error, warn, info, debug, trace";
            config.level = value.parse().map_err(|_| invalid("log.level", why.to_owned()))?;
        }
        config.weekly = Weekly::read(typed.report).map_err(|(key, why)| invalid(key, why))?;
        config.programs = programs(typed.agents).map_err(|(key, why)| invalid(&key, why))?;
        Ok(config)
    }
}

/// Reads a file that nobody else can have written, `most` bytes at most; nothing where it is missing.
///
/// # Errors
///
/// [`ConfigError`] where it cannot be read, or may say what somebody else wants.
pub(crate) fn read_trusted(path: &Path, most: u64) -> Result<Option<String>, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if let Some(why) = distrust(&file.metadata().map_err(failed)?) {
        return Err(ConfigError::Untrusted { path: path.to_owned(), why });
    }
    let mut text = String::new();
    file.take(most).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Returns why a file may say what somebody else wants.
#[cfg(unix)]
pub(crate) fn distrust(meta: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (ours, our_group) = (rustix::process::geteuid(), rustix::process::getegid());
    let (owner, mode) = (meta.uid(), meta.mode() & 0o7777);
    if owner != ours.as_raw() && owner != 0 {
        let ours = ours.as_raw();
        return Some(format!("it belongs to user {owner}, and this is user {ours}"));
    }
    // Where everybody has a group of their own, what they write is their group's to write.
    let is_open = mode & 0o002 != 0 || (mode & 0o020 != 0 && meta.gid() != our_group.as_raw());
    is_open.then(|| {
        format!("its owner is user {owner}, its mode {mode:04o}: others can write to it; run `chmod go-w` on it")
    })
}

/// Elsewhere the user's profile is what protects it.
#[cfg(not(unix))]
pub(crate) fn distrust(_meta: &fs::Metadata) -> Option<String> {
    None
}

/// Takes the value out of an error of serde's.
fn without_value(message: &str) -> String {
    let expected =
        message.strip_prefix("invalid ").and_then(|rest| rest.rsplit_once(", expected "));
    expected.map_or_else(
        || message.to_owned(),
        |(_, expected)| format!("wrong kind of value, expected {expected}"),
    )
}

/// Reads what is added to the catalogue; an error comes with its key.
fn programs(agents: BTreeMap<String, TypedAgent>) -> Result<Vec<Program>, (String, String)> {
    let mut programs = Vec::new();
    for (name, agent) in agents {
        let known = user::by_name(&name)
            .ok_or_else(|| ("agents".to_owned(), format!("knows only {}", user::agents())))?;
        for (index, typed) in agent.programs.into_iter().enumerate() {
            let key = format!("agents.{}.programs[{index}]", known.name());
            let TypedProgram { path, role, interpreter } = typed;
            let program = Program::new(known.name(), path, role.as_deref(), interpreter)
                .map_err(|(field, why)| (format!("{key}.{field}"), why))?;
            programs.push(program);
        }
    }
    if programs.len() > user::MAX_PROGRAMS {
        let why = format!("has more than {} programs", user::MAX_PROGRAMS);
        return Err(("agents".to_owned(), why));
    }
    Ok(programs)
}

/// Reads a tier. An error of serde's own would quote the value.
fn tier(text: &str) -> Result<Tier, String> {
    match text {
        "auto" => Ok(Tier::Auto),
        "proc-connector" => Ok(Tier::ProcConnector),
        "poll" => Ok(Tier::Poll),
        _ => Err("is none of auto, proc-connector, poll".into()),
    }
}

/// Reads a duration such as `500ms`; what is too often or too seldom is refused.
fn interval(text: &str, bounds: RangeInclusive<Duration>, named: &str) -> Result<Duration, String> {
    let signed: jiff::SignedDuration =
        text.parse().map_err(|_| "is no duration such as 500ms or 2s".to_owned())?;
    let interval = Duration::try_from(signed).map_err(|_| "is negative".to_owned())?;
    if bounds.contains(&interval) { Ok(interval) } else { Err(format!("is not between {named}")) }
}

/// Reads for how long records are kept: `400d`, `1y`, or `forever`.
fn keep(text: &str) -> Result<Option<Duration>, String> {
    if text == "forever" {
        return Ok(None);
    }
    let wrong = || "is no time such as 400d or 2y, and not forever".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    // From some day on: years are not equally long, and nobody means that here.
    let from = jiff::civil::date(2026, 1, 1);
    let days = span.total((jiff::Unit::Day, from)).map_err(|_| wrong())?;
    if (1.0..=36_600.0).contains(&days) {
        Ok(Some(Duration::from_secs_f64(days * DAY.as_secs_f64())))
    } else {
        Err("is not between 1d and 100y".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/c.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_packaged_configuration_is_the_default() {
        assert_eq!(parse(DEFAULT), Ok(Config::default()));
        assert_eq!(parse(""), Ok(Config::default()));
    }

    #[test]
    fn a_value_takes_effect() {
        let config = parse("[launches]\ntier = \"poll\"\npoll-interval = \"250ms\"\n").unwrap();
        assert_eq!(config.tier, Tier::Poll);
        assert_eq!(config.poll_interval, Duration::from_millis(250));
    }

    #[test]
    fn an_error_names_file_line_and_reason() {
        let error = parse("[launches]\nteir = \"poll\"\n").unwrap_err();
        assert!(error.contains("/c.toml") && error.contains("line 2"), "{error}");
        assert!(error.contains("teir"), "{error}");
        let error = parse("[launches]\npoll-interval = \"2h\"\n").unwrap_err();
        assert!(error.contains("50ms and 60s"), "{error}");
    }

    #[test]
    fn programs_are_added_to_the_catalogue() {
        let text = "[[agents.claude.programs]]\npath = \"/opt/corp/ai/start\"\nrole = \"wrapper\"\n\
            [[agents.claude.programs]]\npath = \"corp/*/assistant-*\"\n\
            [[agents.codex.programs]]\npath = \"~/bin/ask\"\ninterpreter = \"bash\"\n";
        assert_eq!(parse(text).unwrap().programs.len(), 3);
    }

    #[test]
    fn a_program_that_cannot_be_meant_is_refused_with_its_key() {
        let claude =
            |fields: &str| parse(&format!("[[agents.claude.programs]]\n{fields}\n")).unwrap_err();
        for (fields, key, reason) in [
            ("path = \"wrapper\"", ".path", "bare name"),
            ("path = \"\"", ".path", "bare name"),
            ("path = \"/opt//x\"", ".path", "empty name"),
            ("path = \"/opt/../x\"", ".path", ".."),
            ("path = \"/opt/*\"", ".path", "every program"),
            ("path = \"/opt/*a*/x\"", ".path", "two *"),
            ("path = \"/usr/bin/bash\"", ".path", "interpreter"),
            ("path = \"/usr/bin/node\"", ".path", "interpreter"),
            ("path = \"/opt/x\"\nrole = \"boss\"", ".role", "neither agent nor wrapper"),
            ("path = \"/opt/x\"\ninterpreter = \"/bin/sh\"", ".interpreter", "is a path"),
            ("path = \"/opt/x\"\ninterpreter = \"*\"", ".interpreter", "every program"),
        ] {
            let error = claude(fields);
            let key = format!("/c.toml: agents.claude.programs[0]{key} ");
            assert!(error.starts_with(&key) && error.contains(reason), "{fields}: {error}");
        }
        assert!(claude("role = \"agent\"").contains("missing field `path`"));
        assert!(claude("path = \"/x\"\nrool = \"agent\"").contains("line 3"));
        let error = parse("[[agents.gemini.programs]]\npath = \"/x/y\"").unwrap_err();
        assert_eq!(error, "/c.toml: agents knows only claude, codex");
        let many = "[[agents.codex.programs]]\npath = \"/x/y\"\n".repeat(65);
        assert!(parse(&many).unwrap_err().contains("more than 64"));
    }

    /// Found by fuzzing.
    #[test]
    fn an_unknown_key_cannot_carry_an_escape_sequence_to_the_terminal() {
        let error = parse("[launches]\n\"\\u001b[2J\" = 1\n").unwrap_err();
        assert!(error.contains("\\u{1b}[2J") && !error.contains('\x1b'), "{error:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_write_is_not_obeyed() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "[log]\nlevel = \"debug\"\n").unwrap();
        for (mode, trusted) in [(0o600, true), (0o644, true), (0o664, true), (0o666, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let loaded = Config::load(&path);
            assert_eq!(loaded.is_ok(), trusted, "{mode:o}");
            if let Err(error) = loaded {
                let error = error.to_string();
                assert!(
                    error.contains("config.toml is not used: ") && error.contains("0666"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn an_error_quotes_no_value() {
        let texts = [
            "api_key = \"sk-secret\"",
            "[log]\nlevel = \"sk-secret",
            "[log]\nlevel = \"sk-secret\"",
            "[launches]\ntier = \"sk-secret\"",
            "launches = \"sk-secret\"",
            "agents = \"sk-secret, expected x\"",
            "[[agents.claude.programs]]\npath = [\"sk-secret\"]",
            "[[agents.claude.programs]]\npath = \"sk-secret\"",
            "[[agents.claude.programs]]\npath = \"/x/y\"\nrole = \"sk-secret\"",
        ];
        for text in texts {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("sk-secret"), "{error}");
        }
    }
}
