//! The projections depend on what was recorded, not on the order in which it was.

use proptest::prelude::*;
use proptest::{collection, option};
use rusqlite::Connection;
use rusqlite::types::Value;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Launch, PathText, Repo};

use super::super::append::{Append as _, Ledger};
use super::super::project::dir::quarter_hour;
use super::super::{Draft, TouchKey, project_all, rebuild};
use super::support::{
    Fixture, at, coverage, daemon_started, ended, id, in_memory, records, reopen, started, touched,
    updated,
};
use any::{any_edge, of_a_launch, word};

mod any;

pub(super) use any::any_draft;

/// What the merged projections hold, with names in place of keys.
pub(super) const MERGED: &[&str] = &[
    "SELECT identity, first_dir, last_dir FROM repo",
    "SELECT root, main, remote, upstream, identity, seen_at, seen
     FROM clone c JOIN repo ON repo.key = c.repo",
    "SELECT id, facts, started_at, ended_at, l.agent, k.agent, mode, endpoint, flags, cwd, identity
     FROM launch l LEFT JOIN repo ON repo.key = l.repo LEFT JOIN kind k ON k.key = l.kind",
    "SELECT path, path_b64, repo FROM dir",
    "SELECT path, path_b64, identity, first_at, last_at
     FROM dir_repo r JOIN dir ON dir.key = r.dir JOIN repo ON repo.key = r.repo",
    "SELECT quarter, path, path_b64, id, session, name, ifnull(identity, t.repo), first_at, last_at,
        evidence
     FROM dir_touch t JOIN dir ON dir.key = t.dir LEFT JOIN launch ON launch.key = t.launch
        JOIN how ON how.key = t.how LEFT JOIN repo ON repo.key = t.repo",
    "SELECT level, span, path, path_b64, agent, mode, endpoint,
        (SELECT group_concat(name ORDER BY name) FROM how WHERE hows >> key & 1),
        first_at, last_at, launches, evidence
     FROM dir_sum s JOIN dir ON dir.key = s.dir LEFT JOIN kind k ON k.key = s.kind",
    "SELECT level, span, identity, agent, mode, endpoint,
        (SELECT group_concat(name ORDER BY name) FROM how WHERE hows >> key & 1),
        first_at, last_at, launches, evidence
     FROM repo_sum s JOIN repo ON repo.key = s.repo LEFT JOIN kind k ON k.key = s.kind",
    "SELECT path, path_b64, day, id
     FROM dir_stay s JOIN dir ON dir.key = s.dir JOIN launch ON launch.key = s.launch",
    "SELECT identity, day, id
     FROM repo_stay s JOIN repo ON repo.key = s.repo JOIN launch ON launch.key = s.launch",
    "SELECT id, identity, day
     FROM repo_visit v JOIN repo ON repo.key = v.repo JOIN launch ON launch.key = v.launch",
    "SELECT id, agent, facts, first_at, last_at, is_doing, evidence, cwd, identity, gone_at
     FROM session s LEFT JOIN repo ON repo.key = s.repo",
    "SELECT id, agent, subagent, calls, unresolved
     FROM session_calls c JOIN session s ON s.key = c.session",
    "SELECT s.id, s.agent, l.id, how, evidence, first_at FROM (SELECT * FROM session_launch) n
        JOIN (SELECT key, id, agent FROM session) s ON s.key = n.session
        JOIN (SELECT key, id FROM launch) l ON l.key = n.launch",
    "SELECT id, agent, name, responses, input, cache_read, cache_write_5m, cache_write_1h, output,
        reasoning
     FROM session_model n JOIN session s ON s.key = n.session JOIN model m ON m.key = n.model",
    "SELECT quarter, id, agent, name, responses, input, cache_read, cache_write_5m, cache_write_1h,
        output, reasoning
     FROM usage_quarter n JOIN session s ON s.key = n.session JOIN model m ON m.key = n.model",
    "SELECT path, repo FROM file",
    "SELECT path, identity
     FROM file_repo r JOIN file ON file.key = r.file JOIN repo ON repo.key = r.repo",
    "SELECT path, s.id, l.id, a.agent, how, a.first_at, a.last_at, tool, a.evidence,
        coalesce(r.identity, a.repo)
     FROM file_access a JOIN file f ON f.key = a.file LEFT JOIN session s ON s.key = a.session
        LEFT JOIN launch l ON l.key = a.launch LEFT JOIN repo r ON r.key = a.repo",
    "SELECT code, agent, launch, session, path, since_ms, at_ms, risk, why FROM finding",
    "SELECT entry, at_ms, note FROM zone_ack",
];

/// What has a row for each record.
pub(super) const LISTED: &[&str] = &[
    "SELECT source, state, from_ms, until_ms, closes_ms, reason, missed, unit, unnamed FROM coverage",
    "SELECT kind, at_ms, boot_id FROM daemon_run",
    "SELECT id, record.kind, at_ms FROM launch_record n JOIN record USING (seq)
     JOIN launch ON launch.key = n.launch",
    "SELECT id, agent, record.kind, at_ms FROM session_record n JOIN record USING (seq)
     JOIN session ON session.key = n.session",
    "SELECT path, session.id, launch.id, a.agent, how, times, changed, lines_added, lines_removed
     FROM file_access a JOIN file ON file.key = a.file
        LEFT JOIN session ON session.key = a.session LEFT JOIN launch ON launch.key = a.launch",
    "SELECT u.key, retracted, corrects, at_ms, id, agent, name, input, cache_read,
        cache_write_5m, cache_write_1h, output, reasoning
     FROM usage u JOIN session ON session.key = u.session JOIN model m ON m.key = u.model",
    "SELECT key FROM usage_corrected",
    "SELECT id, agent, ignored, untold, unwatched_dirs
     FROM session_left_out c JOIN session s ON s.key = c.session",
    "SELECT f.agent, path, scope, kind, dir, at_ms, since_ms, found, identity, c.key, what, before,
        after, risk, why, evidence
     FROM config_change c JOIN config_file f ON f.key = c.file LEFT JOIN repo ON repo.key = c.repo",
    "SELECT id, at_ms, zone, managed, severity, agent, launch, session, how, path, identity
     FROM zone_entry e LEFT JOIN repo ON repo.key = e.repo",
];

/// What a rebuild must leave as it was, numbers included.
pub(super) const NUMBERED: &[&str] = &[
    "SELECT seq, source, state FROM coverage",
    "SELECT seq, kind FROM daemon_run",
    "SELECT id, seq FROM launch_record n JOIN launch ON launch.key = n.launch",
    "SELECT id, agent, seq FROM session_record n JOIN session ON session.key = n.session",
    "SELECT seq, id FROM zone_entry",
    "SELECT seq, number, path FROM config_change c JOIN config_file f ON f.key = c.file",
];

pub(super) fn dump(connection: &Connection, queries: &[&str]) -> Vec<Vec<Vec<Value>>> {
    let table = |sql: &&str| {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        let mut rows: Vec<Vec<Value>> =
            statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
        rows.sort_by_key(|row| format!("{row:?}"));
        rows
    };
    queries.iter().map(table).collect()
}

fn dump_of(drafts: Vec<Draft>, queries: &[&str]) -> Vec<Vec<Vec<Value>>> {
    dump(in_memory(drafts).connection(), queries)
}

/// The same drafts twice, the second time in another order.
fn any_two_orders() -> impl Strategy<Value = (Vec<Draft>, Vec<Draft>)> {
    collection::vec(any_draft(), 0..24)
        .prop_flat_map(|drafts| (Just(drafts.clone()), Just(drafts).prop_shuffle()))
}

proptest! {
    #[test]
    fn any_order_of_records_gives_the_same_tables((one, other) in any_two_orders()) {
        let queries = [MERGED, LISTED].concat();
        prop_assert_eq!(dump_of(one, &queries), dump_of(other, &queries));
    }

    #[test]
    fn what_is_recorded_twice_counts_once((drafts, mut twice) in any_two_orders()) {
        twice.extend(drafts.iter().cloned());
        prop_assert_eq!(dump_of(drafts, MERGED), dump_of(twice, MERGED));
    }

    #[test]
    fn a_rebuild_gives_the_tables_that_were_there(drafts in collection::vec(any_draft(), 0..24)) {
        let ledger = in_memory(drafts.clone());
        let queries = [MERGED, LISTED, NUMBERED].concat();
        let before = dump(ledger.connection(), &queries);
        let rebuilt = project_all(ledger.connection(), &mut || ()).unwrap();
        prop_assert_eq!((rebuilt.records, rebuilt.unreadable), (drafts.len() as u64, 0));
        prop_assert_eq!(dump(ledger.connection(), &queries), before);
    }
}

proptest! {
    // Each has a ledger on disk.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_answer_as_the_touches_do(
        drafts in collection::vec(any_draft().prop_map(of_a_launch), 0..40),
        (since, until) in (option::of(any_edge()), option::of(any_edge())),
        agent in option::of(word(&["claude"])),
    ) {
        let fixture = Fixture::with(drafts);
        let (since_ms, until_ms) = (since.map(|at| at.ms()), until.map(|at| at.ms()));
        let summed = Filter { since_ms, until_ms, agent, helpers: true, ..Filter::default() };
        // Every id begins so, and sums know of no ids.
        let touched = Filter { launch: Some(String::new()), ..summed.clone() };
        let (one, other) = (fixture.reader.dirs(&summed), fixture.reader.dirs(&touched));
        prop_assert_eq!(one.unwrap(), other.unwrap());
        // In how many directories is known of touches alone where one changes its repository.
        let repos = |filter| {
            let mut rows = fixture.reader.repos(filter).unwrap().rows;
            rows.iter_mut().for_each(|row| row.dirs = 0);
            rows
        };
        prop_assert_eq!(repos(&summed), repos(&touched));
    }

    #[test]
    fn sums_of_sessions_answer_as_their_touches_do(
        drafts in collection::vec(any_draft(), 0..40),
        (since, until) in (option::of(any_edge()), option::of(any_edge())),
        agent in option::of(word(&["claude", "codex"])),
    ) {
        let fixture = Fixture::with(drafts);
        let (since_ms, until_ms) = (since.map(|at| at.ms()), until.map(|at| at.ms()));
        let summed = Filter { since_ms, until_ms, agent, helpers: true, ..Filter::default() };
        // Every id begins so, that of no session as well.
        let touched = Filter { session: Some(String::new()), ..summed.clone() };
        let (one, other) = (fixture.reader.dirs(&summed), fixture.reader.dirs(&touched));
        prop_assert_eq!(one.unwrap(), other.unwrap());
        let repos = |filter| {
            let mut rows = fixture.reader.repos(filter).unwrap().rows;
            rows.iter_mut().for_each(|row| row.dirs = 0);
            rows
        };
        prop_assert_eq!(repos(&summed), repos(&touched));
    }
}

#[test]
fn a_rebuild_replaces_whatever_was_in_the_tables() {
    let fixture = Fixture::with(vec![started(0, 1, "claude"), touched(1, 1, "/src/1", "launch")]);
    let connection = fixture.ledger.connection();
    let before = dump(connection, MERGED);
    for spoilt in
        ["DELETE FROM dir", "UPDATE launch SET agent = 'x', id = 'y'", "DELETE FROM dir_sum"]
    {
        connection.execute(spoilt, []).unwrap();
    }
    rebuild(fixture.path()).unwrap();
    assert_eq!(dump(connection, MERGED), before);
}

#[test]
fn a_record_that_cannot_be_read_is_kept_and_left_out_of_a_rebuild() {
    let mut fixture = Fixture::with(vec![started(0, 1, "claude")]);
    let connection = fixture.ledger.connection();
    let body = r#"{"seq":2,"kind":"dir.touched","body":"of a newer shape"}"#;
    let sql = "INSERT INTO record VALUES (2, 'dir.touched', 0, ?, zeroblob(32))";
    connection.execute(sql, [body.as_bytes()]).unwrap();
    let rebuilt = rebuild(fixture.path()).unwrap();
    assert_eq!((rebuilt.records, rebuilt.unreadable), (1, 1));
    let seq = fixture.ledger.append(&mut records(vec![daemon_started(0, "b")]), &[]).unwrap();
    assert_eq!(seq, 3);
}

#[test]
fn where_the_last_records_were_cut_off_those_that_follow_are_taken() {
    let fixture = Fixture::with(vec![
        daemon_started(0, "b"),
        started(1, 1, "claude"),
        coverage("launches", "lost", 2, Some(3)),
        touched(4, 1, "/src/1", "launch"),
        daemon_started(5, "c"),
    ]);
    let cut = "DROP TRIGGER record_is_never_deleted; DELETE FROM record WHERE seq > 2";
    fixture.ledger.connection().execute_batch(cut).unwrap();
    drop(fixture.ledger);
    let store = reopen(fixture.dir.path());
    assert_eq!(store.recover().unwrap().last_run.unwrap().boot_id, "b");
    let mut ledger = Ledger::new(store.connection, store.tree, store.signer);
    let again = vec![coverage("launches", "lost", 6, Some(7)), touched(8, 1, "/src/2", "launch")];
    assert_eq!(ledger.append(&mut records(again), &[]).unwrap(), 4);
    let gaps = fixture.reader.gaps(&Filter::default()).unwrap().rows;
    assert_eq!(gaps.iter().map(|gap| gap.from).collect::<Vec<_>>(), [at(6)]);
}

#[test]
fn what_is_known_of_a_launch_takes_less_room_than_its_records() {
    let Body::LaunchStarted(launch) = started(0, 1, "claude").body else { unreachable!() };
    let (pid, exe, tty) = (Some(7), Some("/usr/bin/claude".into()), Some("pts/3".into()));
    let start = Launch { pid, exe, tty, mode: Some("headless".into()), ..*launch };
    let repo = Some(Repo { root: "/src".into(), ..Repo::default() });
    let found = updated(1, Launch { launch: id(1), repo, ..Launch::default() });
    let start = super::support::draft(0, Body::LaunchStarted(Box::new(start)));
    let ledger = in_memory(vec![start, found, ended(9, 1, Some(0))]);
    let size =
        |sql: &str| -> i64 { ledger.connection().query_row(sql, [], |row| row.get(0)).unwrap() };
    let facts = size("SELECT length(facts) FROM launch");
    assert!(facts < size("SELECT sum(length(body)) FROM record"), "{facts}");
}

#[test]
fn a_restarted_daemon_learns_what_is_open_and_what_was_touched() {
    let began = Timestamp::now();
    let update = Launch { launch: id(1), agent_version: Some("2.0".into()), ..Launch::default() };
    let fixture = Fixture::with(vec![
        daemon_started(0, "b"),
        started(1, 1, "claude"),
        updated(2, update),
        touched(900_003, 1, "/src/1", "launch"),
        started(4, 2, "codex"),
        touched(5, 2, "/src/2", "launch"),
        ended(6, 2, Some(0)),
    ]);
    drop(fixture.ledger);
    let recovered = reopen(fixture.dir.path()).recover().unwrap();
    let [open] = &recovered.open_launches[..] else { panic!("{recovered:?}") };
    assert_eq!(open.launch, id(1));
    assert_eq!(open.agent.as_deref(), Some("claude"));
    assert_eq!(open.agent_version.as_deref(), Some("2.0"));
    let dir = PathText { text: "/src/1".into(), b64: None };
    let quarter = quarter_hour(at(900_099));
    assert_eq!(recovered.touched, [TouchKey { launch: id(1), dir, how: "launch".into(), quarter }]);
    let last = recovered.last_run.unwrap();
    assert_eq!((&*last.kind, last.at, &*last.boot_id), ("daemon.started", at(0), "b"));
    // The sign of life is when the record was written, and not the time that it tells of.
    let written_at = last.last_written_at;
    assert!((began..=Timestamp::now()).contains(&written_at), "{written_at:?}");
}
