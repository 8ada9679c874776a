//! The flags that narrow a question, and the filter that they make.

use std::path::Path;

use clap::Args;
use trackway_protocol::message::Filter;

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

/// The agents that the daemon recognises. That nothing is recorded of any other says nothing.
const AGENTS: [&str; 2] = ["claude", "codex"];

/// Flags for what it is about.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Narrow {
    /// Take only this agent
    #[arg(long, value_name = "NAME", value_parser = AGENTS)]
    pub(crate) agent: Option<String>,

    /// Take only this repository: a directory in it, or its remote
    #[arg(long, value_name = "PATH|URL")]
    pub(crate) repo: Option<String>,

    /// Take only this directory and what lies below
    #[arg(long, value_name = "PATH")]
    pub(crate) dir: Option<String>,

    /// Take only this session: refused as long as no session file is read
    #[arg(long, value_name = "ID", hide = true)]
    pub(crate) session: Option<String>,

    /// Take only this launch: its id, or how it begins
    #[arg(long, value_name = "ID")]
    pub(crate) launch: Option<String>,
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
        filter.since_ms = instant("--since", self.since.as_deref(), around)?;
        filter.until_ms = instant("--until", self.until.as_deref(), around)?;
        match (filter.since_ms, filter.until_ms) {
            (Some(since), Some(until)) if since >= until => Err(Error::Usage {
                what: "the range of time is empty: --since is not before --until".into(),
                hint: when::EXAMPLES,
            }),
            _ => Ok(()),
        }
    }
}

fn instant(flag: &str, text: Option<&str>, around: &Surroundings) -> Result<Option<i64>, Error> {
    let Some(text) = text else { return Ok(None) };
    match when::parse(text, &around.view.now) {
        Some(time) => Ok(Some(time.as_millisecond())),
        None => Err(Error::Usage {
            what: format!("'{text}' for {flag} is no time"),
            hint: when::EXAMPLES,
        }),
    }
}

impl Narrow {
    /// Sets what the filter is about.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a session, and for a relative path in a directory that was deleted.
    pub(crate) fn apply(&self, around: &Surroundings, filter: &mut Filter) -> Result<(), Error> {
        if self.session.is_some() {
            return Err(Error::Usage {
                what: "session files are not read yet: nothing is known of any session".into(),
                hint: "`--launch ID` takes one run of an agent",
            });
        }
        let home = around.view.home.as_deref().map(Path::new);
        let base = Base { cwd: around.cwd.as_deref(), home };
        filter.agent.clone_from(&self.agent);
        filter.repo = path(self.repo.as_deref(), |repo| base.repository(repo))?;
        filter.dir = path(self.dir.as_deref(), |dir| base.directory(dir))?;
        filter.launch.clone_from(&self.launch);
        Ok(())
    }
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

    #[test]
    fn what_it_is_about_is_taken_over() {
        let narrow = Narrow { agent: Some("codex".into()), ..Narrow::default() };
        let mut filter = Filter::default();
        narrow.apply(&Surroundings::plain(), &mut filter).unwrap();
        assert_eq!(filter, Filter { agent: Some("codex".into()), ..Filter::default() });
    }

    #[test]
    fn a_session_is_refused_instead_of_answered_with_nothing() {
        let narrow = Narrow { session: Some("abc".into()), ..Narrow::default() };
        let refused = narrow.apply(&Surroundings::plain(), &mut Filter::default());
        assert_eq!(refused.unwrap_err().exit_code(), crate::exit::USAGE);
    }
}
