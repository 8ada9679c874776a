//! The two files: each read and understood by itself, then laid over one another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::file::{self, Whose};
use super::suggest::with_suggestion;
use super::typed::Typed;
use super::{Config, ConfigError, NAME};
use crate::logging::printable;

/// Where a configuration is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Of whoever administers the machine.
    pub managed: PathBuf,
    /// Of the user.
    pub user: PathBuf,
}

/// What both files say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What is to be done.
    pub config: Config,
    /// What the machine's file decides: a key, its value and the file each.
    pub(crate) managed: Vec<String>,
    /// What of the user's file does not count for that: a sentence each.
    pub(crate) ignored: Vec<String>,
    /// The files that are there, the machine's first.
    pub(crate) files: Vec<PathBuf>,
}

/// One file.
struct Layer {
    path: PathBuf,
    table: Table,
    /// In which line each key and each table is.
    lines: BTreeMap<String, usize>,
}

impl Files {
    /// Returns the files of a machine and of a user.
    #[must_use]
    pub fn new(managed_dir: &Path, user: PathBuf) -> Self {
        Self { managed: managed_dir.join(NAME), user }
    }
}

impl Loaded {
    /// Reads both files; one that is missing says nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where a file is there and says nothing that can be understood, or may say what
    /// somebody else wants.
    pub fn read(files: &Files) -> Result<Self, ConfigError> {
        let read = |path: &Path, whose| {
            let unusable = |why| ConfigError::Unusable { path: path.to_owned(), why };
            file::read(path, whose).map_err(unusable)
        };
        let managed = read(&files.managed, Whose::Machine)?;
        let user = read(&files.user, Whose::User)?;
        Self::of(
            managed.as_deref().map(|text| (&*files.managed, text)),
            user.as_deref().map(|text| (&*files.user, text)),
        )
    }

    /// Says for people which files it is of, and what in them does not count.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let valid = self.files.iter().map(|file| format!("{} can be used", file.display()));
        let mut told: Vec<_> = valid.chain(self.ignored.iter().cloned()).collect();
        if told.is_empty() {
            told.push("there is no file: the defaults are in force".into());
        }
        told
    }

    /// Understands the texts of both files, and lays the machine's over the user's.
    pub(crate) fn of(
        managed: Option<(&Path, &str)>,
        user: Option<(&Path, &str)>,
    ) -> Result<Self, ConfigError> {
        let layer = |(path, text)| Layer::parse(path, text);
        let (managed, user) = (managed.map(layer).transpose()?, user.map(layer).transpose()?);
        let files = [&managed, &user].into_iter().flatten().map(|layer| layer.path.clone());
        let mut loaded = Self { files: files.collect(), ..Self::default() };
        let mut table = user.as_ref().map(|user| user.table.clone()).unwrap_or_default();
        if let Some(managed) = &managed {
            each(&managed.table, &mut |key, value| {
                let (path, value) = (managed.path.display(), shown(value));
                loaded.managed.push(format!("{key} = {value} ({path})"));
            });
            let ignored = user.iter().flat_map(|user| user.locked_by(managed));
            loaded.ignored = ignored.collect();
            lay(&mut table, managed.table.clone());
        }
        let path = managed.or(user).map(|layer| layer.path).unwrap_or_default();
        loaded.config = understand(table).map_err(|(key, reason)| {
            // Each is right by itself: together they have too much of something.
            ConfigError::Value { path, line: 1, key, reason }
        })?;
        Ok(loaded)
    }
}

impl Layer {
    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let invalid = |error: &toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let reason = with_suggestion(without_value(error.message()));
            let reason = printable(&reason).into_owned();
            ConfigError::Parse { path: path.to_owned(), line: line(text, at), reason }
        };
        let typed = toml::from_str(text).map_err(|error| invalid(&error))?;
        let spans = DeTable::parse(text).map_err(|error| invalid(&error))?;
        let mut table: Table = toml::from_str(text).map_err(|error| invalid(&error))?;
        respell(&mut table);
        let mut lines = BTreeMap::new();
        note_lines(spans.get_ref(), "", text, &mut lines);
        let layer = Self { path: path.to_owned(), table, lines };
        Config::of(typed).map_err(|(key, reason)| {
            let (path, line) = (path.to_owned(), layer.line(&key));
            ConfigError::Value { path, line, key: printable(&key).into_owned(), reason }
        })?;
        Ok(layer)
    }

    /// Returns where a key is, or else the table that it would be in.
    fn line(&self, key: &str) -> usize {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return *line;
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = &key[..end],
                None => return 1,
            }
        }
    }

    /// Says which of its keys another layer has locked.
    fn locked_by(&self, managed: &Self) -> Vec<String> {
        let mut locked = Vec::new();
        each(&managed.table, &mut |key, _| {
            if find(&self.table, key).is_some() {
                let (path, line, by) =
                    (self.path.display(), self.line(key), managed.path.display());
                locked.push(format!("{path}, line {line}: {key} does not count: {by} sets it"));
            }
        });
        locked
    }
}

fn understand(table: Table) -> Result<Config, (String, String)> {
    let typed = Typed::deserialize(table);
    let typed = typed.map_err(|error| (String::new(), without_value(error.message())))?;
    Config::of(typed)
}

/// Visits every key that is set, with its whole name. What is no table is one value.
fn each(table: &Table, visit: &mut dyn FnMut(&str, &Value)) {
    fn below(table: &Table, prefix: &str, visit: &mut dyn FnMut(&str, &Value)) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            match value {
                Value::Table(table) => below(table, &format!("{key}."), visit),
                value => visit(&key, value),
            }
        }
    }
    below(table, "", visit);
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        Some((name, rest)) => find(table.get(name)?.as_table()?, rest),
        None => table.get(key),
    }
}

/// Lays one table over another: what both set is as the upper one has it.
fn lay(lower: &mut Table, upper: Table) {
    for (name, value) in upper {
        match (lower.get_mut(&name), value) {
            (Some(Value::Table(lower)), Value::Table(upper)) => lay(lower, upper),
            (_, value) => drop(lower.insert(name, value)),
        }
    }
}

/// Gives a key that may be spelt in two ways the one that is documented.
fn respell(table: &mut Table) {
    let checkpoint = table.get_mut("checkpoint").and_then(Value::as_table_mut);
    if let Some(checkpoint) = checkpoint
        && let Some(value) = checkpoint.remove("copy_to")
    {
        checkpoint.insert("copy-to".into(), value);
    }
}

/// Returns a value as people read it.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_str) => {
            let texts: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        Value::Array(values) => format!("{} of them", values.len()),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        _ => "set".into(),
    };
    printable(&text).into_owned()
}

fn note_lines(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let spelt = name.get_ref().replace("copy_to", "copy-to");
        note_line(&format!("{prefix}{spelt}"), name.span().start, value, text, lines);
    }
}

fn note_line(
    key: &str,
    at: usize,
    value: &Spanned<DeValue<'_>>,
    text: &str,
    lines: &mut BTreeMap<String, usize>,
) {
    lines.insert(key.to_owned(), line(text, at));
    match value.get_ref() {
        DeValue::Table(table) => note_lines(table, &format!("{key}."), text, lines),
        DeValue::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                note_line(&format!("{key}[{index}]"), value.span().start, value, text, lines);
            }
        }
        _ => {}
    }
}

/// Returns the line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(managed: &str, user: &str) -> Result<Loaded, String> {
        let loaded = Loaded::of(
            Some((Path::new("/etc/t/config.toml"), managed)),
            Some((Path::new("/u/config.toml"), user)),
        );
        loaded.map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_machine_sets_is_locked_and_the_rest_is_the_users() {
        let managed = "[ledger]\nkeep = \"30d\"\n[checkpoint]\ncopy-to = \"/srv/t\"\n";
        let user = "[log]\nlevel = \"debug\"\n\n[ledger]\nkeep = \"2y\"\n\
            [checkpoint]\ncopy_to = \"~/t\"\nevery = \"1h\"\n";
        let loaded = of(managed, user).unwrap();
        assert_eq!(loaded.config.keep, Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(loaded.config.copy_to.as_deref(), Some(Path::new("/srv/t")));
        assert_eq!(loaded.config.sealing.every, Duration::from_secs(3600));
        assert_eq!(loaded.config.level, tracing::Level::DEBUG);
        assert_eq!(
            loaded.managed,
            [
                "checkpoint.copy-to = /srv/t (/etc/t/config.toml)",
                "ledger.keep = 30d (/etc/t/config.toml)"
            ]
        );
        assert_eq!(
            loaded.ignored,
            [
                "/u/config.toml, line 7: checkpoint.copy-to does not count: /etc/t/config.toml sets it",
                "/u/config.toml, line 5: ledger.keep does not count: /etc/t/config.toml sets it"
            ]
        );
    }

    #[test]
    fn programs_of_one_agent_are_one_value() {
        let one = "[[agents.claude.programs]]\npath = \"/a/b\"\n";
        let other = "[[agents.codex.programs]]\npath = \"/c/d\"\n";
        let loaded = of(one, &format!("{other}{}", one.replace("/a/b", "/x/y"))).unwrap();
        assert_eq!(loaded.config.programs.len(), 2);
        assert_eq!(loaded.managed, ["agents.claude.programs = 1 of them (/etc/t/config.toml)"]);
        assert_eq!(loaded.ignored.len(), 1);
    }

    #[test]
    fn each_file_is_held_to_account_for_what_it_says_itself() {
        let error = of("[ledger]\n\nkeep = \"soon\"\n", "").unwrap_err();
        assert!(error.starts_with("/etc/t/config.toml, line 3: ledger.keep is no time"), "{error}");
        // Also where it would not count.
        let error = of("[ledger]\nkeep = \"1y\"\n", "[ledger]\nkeep = \"\"\n").unwrap_err();
        assert!(error.starts_with("/u/config.toml, line 2: ledger.keep "), "{error}");
        let many = "[[agents.codex.programs]]\npath = \"/x/y\"\n".repeat(40);
        let error = of(&many, &many.replace("codex", "claude")).unwrap_err();
        assert!(error.contains("agents has more than 64 programs"), "{error}");
    }

    #[test]
    fn a_machine_without_a_file_decides_nothing() {
        let loaded = Loaded::of(None, Some((Path::new("/u"), "[log]\nlevel = \"warn\"\n")));
        let loaded = loaded.unwrap();
        assert_eq!((loaded.managed.len(), loaded.ignored.len()), (0, 0));
        assert_eq!(loaded.config.level, tracing::Level::WARN);
    }
}
