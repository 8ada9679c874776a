//! The flags that narrow a question, and the filter that they make.

use clap::builder::{
    NonEmptyStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser as _,
};
use clap::{Args, ValueHint};
use jiff::Zoned;
use trackway_protocol::message::Filter;
use trackway_protocol::record::Risk;

use super::place::Base;
use super::when;
use crate::error::Error;
use crate::surroundings::Surroundings;

/// Flags for a range of time.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Range {
    /// Take nothing older than this: 7d, 36h, monday, yesterday, 2026-11-16, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,

    /// Take only what is older than this; a day means its first moment
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// The flag for a point in time.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct At {
    /// Tell how it was at this time: 7d, 36h, monday, yesterday, 2026-11-16, RFC 3339
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// The agents that the daemon recognises. That nothing is recorded of any other says nothing.
const AGENTS: [&str; 2] = ["claude", "codex"];

/// Flags for which launches it is about.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Narrow {
    #[command(flatten)]
    of: Of,

    /// Take only launches in this mode: interactive, headless … as `launches` shows it
    #[arg(long, value_name = "MODE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) mode: Option<String>,

    /// Take only launches with this flag, such as --flag=--dangerously-skip-permissions
    #[arg(
        long,
        value_name = "FLAG",
        allow_hyphen_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) flag: Option<String>,

    /// Take only launches whose requests went to this host or provider
    #[arg(
        long,
        value_name = "HOST",
        value_hint = ValueHint::Hostname,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) endpoint: Option<String>,
}

/// The flag for an agent.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Agent {
    /// Take only this agent
    #[arg(long, value_name = "NAME", value_parser = AGENTS)]
    agent: Option<String>,
}

/// The flag for how much of a risk it is.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Weight {
    /// Take only what is at least this much of a risk
    #[arg(long, value_name = "RISK", value_parser = risks())]
    risk: Option<Risk>,
}

/// The flag for how much an entry into a zone matters.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Severity {
    /// Take only what matters at least this much
    #[arg(long, value_name = "SEVERITY", value_parser = risks())]
    severity: Option<Risk>,
}

fn risks() -> impl clap::builder::TypedValueParser<Value = Risk> {
    const RISKS: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];
    let named = |name: String| RISKS.into_iter().find(|risk| risk.as_str() == name);
    PossibleValuesParser::new(RISKS.map(Risk::as_str))
        .map(move |name| named(name).expect("no other value is possible"))
}

/// Flags for whose work it was.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Of {
    /// Take only this agent
    #[arg(long, value_name = "NAME", value_parser = AGENTS)]
    agent: Option<String>,

    /// Take only the work of this session: the agent's own id of it, or how that begins
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    session: Option<String>,

    /// Take only the work of this launch: its id, or how it begins
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    launch: Option<String>,
}

impl Of {
    /// Sets whose work the filter is about.
    pub(crate) fn apply(&self, filter: &mut Filter) {
        filter.agent.clone_from(&self.agent);
        filter.session.clone_from(&self.session);
        filter.launch.clone_from(&self.launch);
    }
}

/// Flags for where it was.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Place {
    /// Take only this repository: a directory in it, or its remote
    #[arg(
        long,
        value_name = "PATH|REMOTE",
        value_hint = ValueHint::DirPath,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) repo: Option<String>,

    /// Take only this directory and what lies below
    #[arg(
        long,
        value_name = "PATH",
        value_hint = ValueHint::DirPath,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) dir: Option<String>,
}

/// The flag for how a place was touched.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Touch {
    /// Take only touches of this kind
    #[arg(long, value_name = "KIND", value_parser = ways())]
    pub(crate) how: Option<String>,
}

/// How directories are known to be touched.
const WAYS: [&str; 9] =
    ["launch", "chdir", "command", "helper", "add-dir", "read", "write", "search", "trust"];

fn ways() -> PossibleValuesParser {
    PossibleValuesParser::new(WAYS.map(PossibleValue::new))
}

/// The flag for what was done to directories or files.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Deed {
    /// Take only what was done in this way; the last three are done to files only
    #[arg(long, value_name = "KIND", value_parser = deeds())]
    how: Option<String>,
}

/// What is known to be done to files and to no directory.
const OF_FILES: [&str; 3] = ["create", "delete", "rename"];

fn deeds() -> PossibleValuesParser {
    PossibleValuesParser::new(WAYS.into_iter().chain(OF_FILES).map(PossibleValue::new))
}

/// The flag for how many rows.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Limit {
    /// Show the newest N rows [default: 50 in tables, all with --json]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

impl Range {
    /// Sets the filter's range of time.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where a time cannot be read or the range is empty.
    pub(crate) fn apply(&self, around: &Surroundings, filter: &mut Filter) -> Result<(), Error> {
        self.apply_at(&around.view.now, filter)
    }

    /// Sets the filter's range of time, whose days are those of the time zone of `now`.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub(crate) fn apply_at(&self, now: &Zoned, filter: &mut Filter) -> Result<(), Error> {
        filter.since_ms = instant("--since", self.since.as_deref(), now)?;
        filter.until_ms = instant("--until", self.until.as_deref(), now)?;
        match (filter.since_ms, filter.until_ms) {
            (Some(since), Some(until)) if since >= until => Err(Error::Usage {
                what: "the range of time is empty: --since is not before --until".into(),
                hint: when::EXAMPLES,
            }),
            _ => Ok(()),
        }
    }
}

impl At {
    /// Returns the time in milliseconds since the epoch; nothing where none was typed.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where it cannot be read.
    pub(crate) fn ms(&self, around: &Surroundings) -> Result<Option<i64>, Error> {
        instant("--at", self.at.as_deref(), &around.view.now)
    }
}

impl Agent {
    /// Sets whose work the filter is about.
    pub(crate) fn apply(&self, filter: &mut Filter) {
        filter.agent.clone_from(&self.agent);
    }

    /// Returns whose work it is about, where only one's is.
    pub(crate) fn name(&self) -> Option<String> {
        self.agent.clone()
    }
}

impl Weight {
    /// Sets how much of a risk the filter is about.
    pub(crate) fn apply(self, filter: &mut Filter) {
        filter.risk = self.risk;
    }
}

impl Severity {
    /// Sets how much the filter's entries matter at least.
    pub(crate) fn apply(self, filter: &mut Filter) {
        filter.risk = self.severity;
    }
}

pub(crate) fn instant(flag: &str, text: Option<&str>, now: &Zoned) -> Result<Option<i64>, Error> {
    let Some(text) = text else { return Ok(None) };
    match when::parse(text, now) {
        Some(time) => Ok(Some(time.as_millisecond())),
        None => Err(Error::Usage {
            what: format!("'{text}' for {flag} is no time"),
            hint: when::EXAMPLES,
        }),
    }
}

impl Narrow {
    /// Sets which launches the filter is about.
    pub(crate) fn apply(&self, filter: &mut Filter) {
        self.of.apply(filter);
        filter.mode.clone_from(&self.mode);
        filter.flag = self.flag.as_deref().map(flag);
        filter.endpoint = self.endpoint.as_deref().map(|url| host(url).to_lowercase());
    }
}

/// Returns a flag with the dashes that one may leave out.
fn flag(typed: &str) -> String {
    if typed.starts_with('-') { typed.into() } else { format!("--{typed}") }
}

/// Returns the host, and the port if there is one, of a URL or of what is no more than a host.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

impl Place {
    /// Returns the repository that was typed, as filters have it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a relative path in a directory that was deleted.
    pub(crate) fn repository(around: &Surroundings, typed: &str) -> Result<String, Error> {
        let base = Base::of(around);
        path(Some(typed), |repo| base.repository(repo)).map(Option::unwrap_or_default)
    }

    /// Sets where the filter looks.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a relative path in a directory that was deleted.
    pub(crate) fn apply(&self, around: &Surroundings, filter: &mut Filter) -> Result<(), Error> {
        let base = Base::of(around);
        filter.repo = path(self.repo.as_deref(), |repo| base.repository(repo))?;
        filter.dir = path(self.dir.as_deref(), |dir| base.directory(dir))?;
        Ok(())
    }
}

impl Touch {
    /// Sets how the filter's places were touched.
    pub(crate) fn apply(&self, filter: &mut Filter) {
        filter.how.clone_from(&self.how);
    }
}

impl Deed {
    /// Sets what was done in the filter's places.
    pub(crate) fn apply(&self, filter: &mut Filter) {
        filter.how.clone_from(&self.how);
    }
}

/// Sets the one place that a question is about: a repository by its remote, or a path.
///
/// # Errors
///
/// [`Error::Usage`] for a relative path in a directory that was deleted.
pub(crate) fn aim(typed: &str, around: &Surroundings, filter: &mut Filter) -> Result<(), Error> {
    let base = Base::of(around);
    if base.is_remote(typed) {
        filter.repo = Some(typed.into());
    } else {
        filter.dir = path(Some(typed), |dir| base.directory(dir))?;
    }
    Ok(())
}

/// Returns a place as questions about zones name it: a repository by its remote, or a path.
///
/// # Errors
///
/// [`Error::Usage`] for a relative path in a directory that was deleted.
pub(crate) fn target(typed: &str, around: &Surroundings) -> Result<String, Error> {
    let mut filter = Filter::default();
    aim(typed, around, &mut filter)?;
    Ok(filter.repo.or(filter.dir).unwrap_or_default())
}

fn path(
    typed: Option<&str>,
    read: impl FnOnce(&str) -> Option<String>,
) -> Result<Option<String>, Error> {
    let Some(typed) = typed else { return Ok(None) };
    match read(typed) {
        Some(path) => Ok(Some(path)),
        None => Err(Error::Usage {
            what: format!("'{typed}' is relative, and the current directory has no name"),
            hint: "the current directory was deleted: give an absolute path",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(since: &str, until: Option<&str>) -> Result<Filter, Error> {
        let mut filter = Filter::default();
        let range = Range { since: Some(since.into()), until: until.map(Into::into) };
        range.apply(&Surroundings::plain(), &mut filter).map(|()| filter)
    }

    #[test]
    fn a_range_becomes_milliseconds() {
        let filter = range("2026-11-16", Some("2026-11-23")).unwrap();
        assert_eq!(filter.until_ms.unwrap() - filter.since_ms.unwrap(), 7 * 86_400_000);
    }

    #[test]
    fn a_time_that_is_none_is_refused_with_examples() {
        let error = range("soon", None).unwrap_err();
        assert_eq!(error.exit_code(), crate::exit::USAGE);
        let lines = error.lines();
        assert_eq!(lines[0].1, "'soon' for --since is no time");
        assert!(lines[1].1.contains("examples: 7d, 36h"), "{lines:?}");
    }

    #[test]
    fn an_empty_range_is_refused_instead_of_answered_with_nothing() {
        assert!(range("today", Some("today")).is_err());
        assert!(range("1h", Some("2h")).is_err());
    }

    fn narrowed(narrow: &Narrow) -> Filter {
        let mut filter = Filter::default();
        narrow.apply(&mut filter);
        filter
    }

    #[test]
    fn what_it_is_about_is_taken_over() {
        let of = Of { agent: Some("codex".into()), ..Of::default() };
        let narrow = Narrow { of, ..Narrow::default() };
        let expected = Filter { agent: Some("codex".into()), ..Filter::default() };
        assert_eq!(narrowed(&narrow), expected);
    }

    #[test]
    fn a_flag_may_be_typed_without_its_dashes() {
        for typed in ["add-dir", "--add-dir"] {
            let narrow = Narrow { flag: Some(typed.into()), ..Narrow::default() };
            assert_eq!(narrowed(&narrow).flag.as_deref(), Some("--add-dir"));
        }
    }

    #[test]
    fn an_endpoint_may_be_typed_as_a_url() {
        for (typed, host) in [
            ("https://Proxy.example/v1?x=/", "proxy.example"),
            ("http://ann:pass@localhost:8080/", "localhost:8080"),
            ("api.anthropic.com", "api.anthropic.com"),
            ("bedrock", "bedrock"),
        ] {
            let narrow = Narrow { endpoint: Some(typed.into()), ..Narrow::default() };
            assert_eq!(narrowed(&narrow).endpoint.as_deref(), Some(host));
        }
    }
}
