//! Sentences for an answer without rows. They say what was asked, and no more than is known.

use std::io::{self, Write};

use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;

use super::text::{UNKNOWN, count, wrapped};
use super::{View, clean};

/// Of what there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    Launch,
    Running,
    Directory,
    Repository,
    Session,
    File,
    Configuration,
    Finding,
    AnyFinding,
    Entry,
    OpenEntry,
    Gap,
}

impl Nothing {
    /// Writes that nothing is recorded that `filter` lets through.
    pub(crate) fn write(
        self,
        filter: &Filter,
        view: &View,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let risk = if matches!(self, Self::Entry | Self::OpenEntry) { "--severity" } else { RISK };
        let selection = selected(filter, risk, view);
        let (what, limits) = match self {
            Self::Launch => ("No launch is recorded", BLIND),
            Self::Running => ("No launch is known to be running", BLIND),
            Self::Directory => ("No directory is recorded", HELPERS),
            Self::Repository => ("No repository is recorded", HELPERS),
            Self::Session => ("No session is recorded", SESSIONS),
            Self::File => ("No file is recorded", SESSIONS),
            Self::Configuration if filter.found => ("No setting is recorded", BLIND),
            Self::Configuration => ("No change of configuration is recorded", FOUND),
            Self::Finding => ("No risky setting is known", FINDINGS),
            Self::AnyFinding => ("No finding is known", ANY_FINDING),
            Self::Entry => ("No entry into a zone is recorded", ENTRIES),
            Self::OpenEntry => ("No entry into a zone is open", ENTRIES),
            Self::Gap => ("No gap is recorded", GAPS),
        };
        let sentence = wrapped(&format!("{what}{selection}."), view.width);
        writeln!(out, "{sentence}\n{limits}")
    }
}

const BLIND: &str = "`trackwayctl gaps` tells when the recorder was blind.";
const HELPERS: &str = "\
`--all` lists also where only the agents' own helpers were; `trackwayctl gaps`
tells when the recorder was blind.";
const SESSIONS: &str = "\
Sessions and files are known from the agents' own session files; `trackwayctl
doctor` tells whether all that was read of them was understood.";
const FOUND: &str = "\
`--found` lists also what was there when a file was first looked at;
`trackwayctl gaps` tells when the recorder was blind.";
const FINDINGS: &str = "\
That holds for the files of the agents' configuration that trackwayd has read,
as they were then: `trackwayctl config --found` lists what they say. What a
launch is told by its command line and its environment is not looked at here.";
const ANY_FINDING: &str = "\
That holds for what trackwayd could know: where a witness was blind, or could
not tell, there is no finding. `trackwayctl gaps` tells when it was blind.";
const ENTRIES: &str = "\
Entries are judged by the rule that was in force at the time; `trackwayctl zones
check` asks the rules of today, and says what else is not known.";
const GAPS: &str = "\
That holds for the sources that `trackwayctl status` lists, and for no time
before the first record.";

/// Shell calls of which not everything could be told: what they did to files may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// How many.
    pub(crate) calls: u64,
    /// Whether there are no others.
    pub(crate) is_all: bool,
}

impl Unresolved {
    /// Returns what that means for an answer without rows; `None` is what could not be learnt.
    pub(crate) fn told(unresolved: Option<Self>) -> String {
        let calls = match unresolved {
            None | Some(Self { calls: 0, is_all: false }) => format!("{UNKNOWN} shell calls"),
            Some(Self { calls: 0, is_all: true }) => {
                return "No shell call in the range asked for was left unresolved.".into();
            }
            Some(Self { calls, is_all }) => {
                let least = if is_all { "" } else { "at least " };
                format!("{least}{}", count(calls, "shell call", "shell calls"))
            }
        };
        format!("Of {calls} in the range asked for, it is not known what\nthey did to files.")
    }
}

/// Returns what a filter lets through, as the end of a sentence.
pub(super) fn selection(filter: &Filter, view: &View) -> String {
    selected(filter, RISK, view)
}

/// The flag for the least risk, where it has no other name.
const RISK: &str = "--risk";

fn selected(filter: &Filter, of_risk: &str, view: &View) -> String {
    let path = |path: &String| view.path(path);
    let parts = [
        filter.agent.as_ref().map(|agent| format!("of {}", clean(agent))),
        filter.launch.as_ref().map(|id| format!("for launch {}", clean(id))),
        filter.session.as_ref().map(|id| format!("for session {}", clean(id))),
        filter.mode.as_ref().map(|mode| format!("with --mode {}", clean(mode))),
        filter.flag.as_ref().map(|flag| format!("with {}", clean(flag))),
        filter.endpoint.as_ref().map(|host| format!("with requests to {}", clean(host))),
        filter.how.as_ref().map(|how| format!("with --how {}", clean(how))),
        filter.risk.map(|risk| format!("with {of_risk} {risk}")),
        filter.repo.as_ref().map(|repo| format!("in the repository {}", path(repo))),
        filter.dir.as_ref().map(|dir| format!("in {} or below", path(dir))),
        range(filter, view),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" {}", parts.join(", ")) }
}

fn range(filter: &Filter, view: &View) -> Option<String> {
    let minute = |ms| view.minute(Timestamp::from_ms(ms));
    match (filter.since_ms, filter.until_ms) {
        (Some(since), Some(until)) => Some(format!("from {} to {}", minute(since), minute(until))),
        (Some(since), None) => Some(format!("from {} to now", minute(since))),
        (None, Some(until)) => Some(format!("before {}", minute(until))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::Risk;

    use super::*;
    use crate::render::written;

    fn nothing(what: Nothing, filter: &Filter) -> String {
        written(|out| what.write(filter, &View::plain(), out))
    }

    #[test]
    fn the_absence_of_gaps_is_not_overclaimed() {
        let filter = Filter { since_ms: Some(1_794_787_200_000), ..Filter::default() };
        assert_eq!(
            nothing(Nothing::Gap, &filter),
            "No gap is recorded from Nov 16 00:00 to now.\n\
             That holds for the sources that `trackwayctl status` lists, and for no time\n\
             before the first record.\n"
        );
    }

    #[test]
    fn no_sentence_is_wider_than_80_columns() {
        use Nothing::{Configuration, Directory, File, Finding, Gap, Launch, Repository};
        let of_work = [Directory, File, Launch, Repository, Nothing::Running, Nothing::Session];
        let of_zones = [Nothing::Entry, Nothing::OpenEntry];
        for what in of_work.into_iter().chain([Configuration, Finding, Gap]).chain(of_zones) {
            let told = nothing(what, &Filter::default());
            assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
        }
    }

    #[test]
    fn what_shell_calls_may_have_done_is_told_where_nothing_is_known() {
        let told = |calls, is_all| Unresolved::told(Some(Unresolved { calls, is_all }));
        assert!(told(0, true).starts_with("No shell call in the range"));
        assert!(told(1, true).starts_with("Of 1 shell call in the range"));
        assert!(told(2000, false).starts_with("Of at least 2,000 shell calls in the range"));
        for unknown in [Unresolved::told(None), told(0, false)] {
            assert!(unknown.starts_with("Of ? shell calls in the range"), "{unknown}");
        }
    }

    #[test]
    fn every_filter_is_repeated() {
        let some = |text: &str| Some(text.to_owned());
        let filter = Filter {
            launch: some("3f"),
            mode: some("headless"),
            flag: some("--bare"),
            endpoint: some("h"),
            how: some("chdir"),
            risk: Some(Risk::Medium),
            repo: some("github.com/o/r"),
            ..Filter::default()
        };
        assert_eq!(
            selection(&filter, &View::plain()),
            " for launch 3f, with --mode headless, with --bare, with requests to h, with --how \
             chdir, with --risk medium, in the repository github.com/o/r"
        );
    }

    #[test]
    fn of_entries_the_least_severity_is_repeated() {
        let filter = Filter { risk: Some(Risk::High), ..Filter::default() };
        let told = nothing(Nothing::OpenEntry, &filter);
        assert!(told.starts_with("No entry into a zone is open with --severity high.\n"), "{told}");
    }

    #[test]
    fn what_was_asked_is_repeated() {
        let filter = Filter {
            agent: Some("codex".into()),
            dir: Some("/home/ann/\x1b[1m".into()),
            since_ms: Some(1_794_787_200_000),
            until_ms: Some(1_795_392_000_000),
            ..Filter::default()
        };
        assert_eq!(
            nothing(Nothing::Launch, &filter),
            "No launch is recorded of codex, in ~/\\x1b[1m or below, from Nov 16 00:00 to Nov\n\
             23 00:00.\n`trackwayctl gaps` tells when the recorder was blind.\n"
        );
        assert!(
            nothing(Nothing::Running, &Filter::default())
                .starts_with("No launch is known to be running.\n")
        );
    }
}
