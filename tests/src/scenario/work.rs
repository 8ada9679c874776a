//! What a session did, as its file tells it: claims about sessions, files and tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trackway_protocol::ids::LaunchId;
use trackway_protocol::record::{Evidence, Tokens};
use trackway_protocol::row::{FileRow, SessionRow};

use super::outcome::Outcome;
use crate::agent::Agent;
use crate::wait;
use crate::watch::Watch;

/// What one answer of the mock costs, as each agent's file tells it.
#[must_use]
pub fn price(agent: &str) -> Tokens {
    let none = Tokens::default();
    match agent {
        "claude" => Tokens { input: 100, cache_read: 30, cache_write_5m: 20, output: 42, ..none },
        // 200 tokens of input of which 50 were cached; 33 of output of which 3 were reasoning.
        _ => Tokens { input: 150, cache_read: 50, output: 33, reasoning: 3, ..none },
    }
}

impl Watch {
    /// The sessions in this world, the first one first.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionRow> {
        let mut sessions: Vec<SessionRow> = self.daemon.rows(&["sessions"]);
        sessions.retain(|row| self.is_ours(row.cwd.as_deref()));
        sessions.sort_by_key(|row| row.started_at);
        sessions
    }

    /// Waits until so many sessions have so many responses in all.
    #[track_caller]
    pub fn wait_for_responses(&self, sessions: usize, responses: u64) -> Vec<SessionRow> {
        let all_there = || {
            let rows = self.sessions();
            let sum: u64 = rows.iter().filter_map(|row| row.responses).sum();
            (rows.len() == sessions && sum == responses).then_some(rows)
        };
        wait::until(Duration::from_secs(20), all_there).unwrap_or_else(|| {
            let (rows, log) = (self.sessions(), self.daemon.log());
            panic!("{sessions} sessions with {responses} responses, and not {rows:#?}\n{log}")
        })
    }

    /// Waits until a session is known to be the work of these launches, by all these ways and no
    /// others.
    #[track_caller]
    pub fn claim_links(&self, session: &str, expected: &[(LaunchId, &[&str])]) {
        let wanted: BTreeMap<LaunchId, BTreeSet<&str>> =
            expected.iter().map(|(launch, how)| (*launch, how.iter().copied().collect())).collect();
        let told = || {
            let rows: Vec<SessionRow> = self.daemon.rows(&["sessions", "--session", session]);
            rows.into_iter().flat_map(|row| row.links).collect::<Vec<_>>()
        };
        let are_right = || {
            let links = told();
            let known = links.iter().map(|link| {
                (link.launch, link.how.iter().map(String::as_str).collect::<BTreeSet<_>>())
            });
            (known.collect::<BTreeMap<_, _>>() == wanted).then_some(())
        };
        if wait::until(Duration::from_secs(10), are_right).is_none() {
            let log = self.daemon.log();
            panic!("{session} is linked to {wanted:#?}, and not by {:#?}\n{log}", told());
        }
    }

    /// The files that a session accessed.
    #[must_use]
    pub fn files(&self, session: &str) -> Vec<FileRow> {
        self.daemon.rows(&["files", "--session", session])
    }

    /// Claims what a session accessed, and that it was nothing else. What is claimed as inferred may
    /// be known better: some versions of the agents tell themselves what a shell command did.
    #[track_caller]
    pub fn claim_files(&self, session: &str, expected: &[(&str, &str, Evidence)]) {
        let name = |(how, path, _): &(&str, &str, _)| ((*how).to_owned(), self.world.tell(path));
        let wanted: BTreeSet<(String, String)> = expected.iter().map(name).collect();
        let told = |rows: &[FileRow]| -> BTreeSet<(String, String)> {
            rows.iter().map(|row| (row.how.clone(), row.path.clone())).collect()
        };
        // What was seen to change is told a moment after the session file has told its part.
        let all_there = || told(&self.files(session)).is_superset(&wanted).then_some(());
        wait::until(Duration::from_secs(5), all_there);
        let rows = self.files(session);
        let told = told(&rows);
        let missing: Vec<_> = wanted.difference(&told).collect();
        let besides: Vec<_> = told.difference(&wanted).collect();
        assert!(
            missing.is_empty() && besides.is_empty(),
            "missing: {missing:#?}\nbesides: {besides:#?}"
        );
        for claim in expected {
            let row = rows.iter().find(|row| (row.how.clone(), row.path.clone()) == name(claim));
            let known = row.is_some_and(|row| row.evidence >= claim.2);
            assert!(known, "{claim:?} is known better than by {row:#?}");
        }
    }
}

impl Outcome {
    /// Waits for the session of a script with so many answers of the model, and claims what is
    /// known of it without looking at the script.
    #[must_use]
    #[track_caller]
    pub fn one_session(&self, responses: u64) -> SessionRow {
        let mut rows = self.watch.wait_for_responses(1, responses);
        let row = rows.remove(0);
        claim_session(&row, self.agent, responses);
        row
    }
}

/// Claims agent, version and tokens.
#[track_caller]
pub fn claim_session(row: &SessionRow, agent: Agent, responses: u64) {
    assert_eq!(row.agent, agent.name());
    assert_eq!(row.agent_version.as_deref(), Some(agent.version()));
    let mut expected = Tokens::default();
    (0..responses).for_each(|_| expected.add(&price(agent.name())));
    assert_eq!((row.responses, row.tokens), (Some(responses), expected.into()), "{row:#?}");
}
