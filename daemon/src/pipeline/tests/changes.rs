//! Whose work it is that files changed.

use std::ffi::OsString;

use trackway_protocol::row::{FileRow, SessionRow};

use super::links::{A, B, claude_s};
use super::*;
use crate::event::{Alteration, Altered};

/// A directory that is there, and is no repository: only such a one is watched.
const REPO: &str = "/usr/share";

/// A change that is made now.
fn change(dir: &str, name: &str, what: Alteration) -> Event {
    change_at(dir, name, what, Timestamp::now())
}

fn change_at(dir: &str, name: &str, what: Alteration, at: Timestamp) -> Event {
    let files = vec![(OsString::from(name), what, at, at)];
    Event::Altered(vec![Altered { dir: Path::new(dir).into(), repo: None, files }])
}

fn written(name: &str) -> Event {
    change(REPO, name, Alteration::Written)
}

fn bash(pid: u32, ppid: u32, session: &str) -> Event {
    process(pid, "/usr/bin/bash").below(ppid).cwd(REPO).env(&claude_s(session)).exec()
}

fn claude() -> Event {
    process(10, CLAUDE).argv(&["claude"]).cwd(REPO).exec()
}

/// So long after the end of a call nothing is its any more.
fn later() -> Timestamp {
    Timestamp::from_ms(Timestamp::now().ms() + 50)
}

impl Ledger {
    fn files(&self) -> Vec<FileRow> {
        let mut rows = self.reader().files(&Filter::default()).unwrap().rows;
        rows.sort_by(|left, right| left.path.cmp(&right.path));
        rows
    }

    /// Files with the session whose they are, and how, in order of name.
    fn changed(&self) -> Vec<(String, Option<String>, String)> {
        self.files().into_iter().map(|row| (row.path, row.session, row.how)).collect()
    }

    fn session(&self, id: &str) -> SessionRow {
        let rows = self.reader().sessions(&Filter::default(), None).unwrap().rows;
        rows.into_iter().find(|row| row.id == id).unwrap()
    }
}

fn by(session: &str, name: &str, how: &str) -> (String, Option<String>, String) {
    (format!("{REPO}/{name}"), Some(session.into()), how.into())
}

#[tokio::test]
async fn what_changes_while_a_call_runs_is_its_session_s() {
    let ledger = Ledger::new();
    let events = vec![
        claude(),
        bash(11, 10, A),
        fork(11, 12),
        exit(11, 0),
        written("a"),
        change(REPO, "b", Alteration::Deleted),
        change(REPO, "c", Alteration::Renamed),
        written("a"),
        change("/elsewhere", "d", Alteration::Written),
    ];
    ledger.run(events).await;
    let expected = [by(A, "a", "write"), by(A, "b", "delete"), by(A, "c", "rename")];
    assert_eq!(ledger.changed(), expected);
    let row = &ledger.files()[0];
    assert_eq!((row.times, row.changed, &*row.tool, row.launch), (1, 1, "shell", None));
    assert_eq!(row.evidence, Evidence::Inferred);
    let how = vec!["command".into(), "launch".into(), "write".into()];
    assert_eq!(ledger.dirs(), [(REPO.to_owned(), how)]);
}

#[tokio::test]
async fn what_changes_while_no_call_runs_is_nobody_s() {
    let ledger = Ledger::new();
    let before =
        change_at(REPO, "a", Alteration::Written, Timestamp::from_ms(Timestamp::now().ms() - 50));
    let events = vec![
        claude(),
        before,
        bash(11, 10, A),
        exit(11, 0),
        change_at(REPO, "b", Alteration::Written, later()),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.changed(), []);
}

#[tokio::test]
async fn a_call_that_is_told_late_has_its_changes_all_the_same() {
    let ledger = Ledger::new();
    let call = bash(11, 10, A);
    ledger.run(vec![claude(), written("a"), call]).await;
    assert_eq!(ledger.changed(), [by(A, "a", "write")]);
}

#[tokio::test]
async fn of_two_sessions_of_a_launch_it_is_the_launch() {
    let ledger = Ledger::new();
    ledger.run(vec![claude(), bash(11, 10, A), bash(12, 10, B), written("a")]).await;
    let rows = ledger.files();
    assert_eq!(rows[0].session, None);
    assert_eq!(rows[0].launch, Some(ledger.the_launch().id));
}

#[tokio::test]
async fn of_two_launches_it_is_neither_and_each_says_so() {
    let ledger = Ledger::new();
    let other = process(20, CLAUDE).argv(&["claude"]).cwd(REPO).exec();
    let both = [bash(11, 10, A), bash(21, 20, B)];
    let mut events = vec![claude(), other];
    events.extend(both);
    events.extend([written("a"), written("a"), exit(11, 0), exit(21, 0)]);
    ledger.run(events).await;
    assert_eq!(ledger.changed(), []);
    for session in [A, B] {
        assert_eq!(ledger.session(session).left_out.unwrap().untold, 1);
    }
}

#[tokio::test]
async fn what_is_ignored_or_not_watched_is_counted() {
    let ledger = Ledger::new();
    let ignored = |name| change(REPO, name, Alteration::Ignored);
    let events = vec![
        claude(),
        Event::Unwatched { root: REPO.into(), dirs: 7 },
        bash(11, 10, A),
        ignored("a.o"),
        ignored("b.o"),
        ignored("a.o"),
        exit(11, 0),
        bash(12, 10, A),
        exit(12, 0),
    ];
    ledger.run(events).await;
    let left_out = ledger.session(A).left_out;
    let left_out = left_out.unwrap();
    assert_eq!((left_out.ignored, left_out.untold, left_out.unwatched_dirs), (2, 0, 7));
    assert_eq!(ledger.changed(), []);
}

#[tokio::test]
async fn a_shell_that_was_gone_too_soon_leaves_a_count_and_its_child_a_call() {
    let ledger = Ledger::new();
    let gone = |pid| Event::Unread { pid, may_be_agent: false };
    let events = vec![
        claude(),
        bash(9, 10, A),
        exit(9, 0),
        fork(10, 11),
        gone(11),
        change_at(REPO, "a", Alteration::Written, later()),
        fork(11, 12),
        process(12, "/usr/bin/python3").below(11).cwd(REPO).env(&claude_s(A)).exec(),
        change_at(REPO, "b", Alteration::Written, later()),
    ];
    ledger.run(events).await;
    assert_eq!(ledger.changed(), [by(A, "b", "write")]);
    assert_eq!(ledger.session(A).left_out.unwrap().untold, 1);
}

#[tokio::test]
async fn what_an_agent_s_own_helper_does_is_no_call() {
    let ledger = Ledger::new();
    let helper = process(11, "/usr/bin/git").below(10).exec();
    ledger.run(vec![claude(), helper, written("a")]).await;
    assert_eq!(ledger.changed(), []);
}

#[tokio::test]
async fn where_everybody_writes_nobody_is_named_and_that_is_said() {
    let ledger = Ledger::new();
    let call = process(11, "/usr/bin/bash").below(10).env(&claude_s(A)).cwd("/tmp");
    ledger.run(vec![claude(), call.exec(), change("/tmp", "a", Alteration::Written)]).await;
    assert_eq!(ledger.changed(), []);
    assert_eq!(ledger.session(A).left_out.unwrap().unwatched_dirs, 1);
}
