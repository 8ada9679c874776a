//! The configuration: what was typed, and what it means.
//!
//! There are two files. The machine's locks every key that it sets: the user's own value of it is
//! ignored, and that is said. What neither sets is as `packaging/config.toml` has it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use crate::agents::user::Program;
use crate::report::weekly::Weekly;
pub(crate) use crate::store::Sealing;

pub(crate) mod file;
mod layer;
mod scope;
pub(crate) mod standing;
mod suggest;
mod typed;
mod value;
pub(crate) mod watching;

pub use layer::{Files, Loaded};
pub(crate) use scope::Scope;
pub(crate) use standing::Standing;
use typed::{Typed, TypedScope};

/// The default configuration, commented for people.
pub const DEFAULT: &str = include_str!("../../packaging/config.toml");

/// The name of both files.
const NAME: &str = "config.toml";

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or somebody else can decide what is in it.
    #[error("{} is not used: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
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
    /// A value means nothing.
    #[error("{}, line {line}: {key} {reason}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
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
    /// How long a pause may be; zero: there is none.
    pub longest_pause: Duration,
    /// Of which places anything is recorded.
    pub(crate) scope: Arc<Scope>,
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
            longest_pause: DAY,
            scope: Arc::default(),
        }
    }
}

impl Config {
    /// Returns what was meant; an error comes with its key.
    fn of(typed: Typed) -> Result<Self, (String, String)> {
        let invalid = |key: &str, reason: String| (key.to_owned(), reason);
        let mut config = Self::default();
        if let Some(value) = &typed.launches.tier {
            config.tier = value::tier(value).map_err(|why| invalid("launches.tier", why))?;
        }
        if let Some(value) = &typed.launches.poll_interval {
            let key = "launches.poll-interval";
            let often = Duration::from_millis(50)..=Duration::from_secs(60);
            config.poll_interval =
                value::interval(value, often, "50ms and 60s").map_err(|why| invalid(key, why))?;
        }
        if let Some(value) = &typed.ledger.keep {
            config.keep = value::keep(value).map_err(|why| invalid("ledger.keep", why))?;
        }
        if let Some(value) = &typed.checkpoint.every {
            let often = Duration::from_secs(60)..=DAY;
            config.sealing.every = value::interval(value, often, "1m and 24h")
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
        if let Some(value) = &typed.pause.max {
            config.longest_pause =
                value::longest_pause(value).map_err(|why| invalid("pause.max", why))?;
        }
        let home = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let TypedScope { include, exclude } = typed.scope;
        let scope =
            Scope::new(include.unwrap_or_default(), exclude.unwrap_or_default(), home.as_deref())?;
        config.scope = Arc::new(scope);
        config.weekly = Weekly::read(typed.report).map_err(|(key, why)| invalid(key, why))?;
        config.programs = value::programs(typed.agents)?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let loaded = Loaded::of(None, Some((Path::new("/c.toml"), text)));
        loaded.map(|loaded| loaded.config).map_err(|error| error.to_string())
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
            let key = format!(": agents.claude.programs[0]{key} ");
            assert!(
                error.starts_with("/c.toml, line ")
                    && error.contains(&key)
                    && error.contains(reason),
                "{fields}: {error}"
            );
        }
        assert!(claude("role = \"agent\"").contains("missing field `path`"));
        assert!(claude("path = \"/x\"\nrool = \"agent\"").contains("line 3"));
        let error = parse("[[agents.gemini.programs]]\npath = \"/x/y\"").unwrap_err();
        assert_eq!(error, "/c.toml, line 1: agents knows only claude, codex");
        let many = "[[agents.codex.programs]]\npath = \"/x/y\"\n".repeat(65);
        assert!(parse(&many).unwrap_err().contains("more than 64"));
    }

    /// Found by fuzzing.
    #[test]
    fn an_unknown_key_cannot_carry_an_escape_sequence_to_the_terminal() {
        let error = parse("[launches]\n\"\\u001b[2J\" = 1\n").unwrap_err();
        assert!(error.contains("\\u{1b}[2J") && !error.contains('\x1b'), "{error:?}");
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
