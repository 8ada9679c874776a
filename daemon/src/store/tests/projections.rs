//! The projections depend on what was recorded, not on the order in which it was.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::{collection, option};
use rusqlite::Connection;
use rusqlite::types::Value;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::message::Filter;
use trackway_protocol::record::{
    Body, ConfigChange, ConfigChanged, Coverage, DaemonRun, DirTouched, Endpoint, Evidence,
    FileAccessed, Finding, Launch, LaunchEnded, LeftOut, PathText, Repo, Risk, Session,
    SessionLinked, SessionMade, Tokens, Usage,
};

use super::super::append::Append as _;
use super::super::project::dir::quarter_hour;
use super::super::{Draft, TouchKey, project_all, rebuild};
use super::support::{
    Fixture, at, daemon_started, ended, id, in_memory, records, started, touched, updated,
};

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

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn words(known: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    collection::vec(word(known), 0..3)
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    use Evidence::{Config, Inferred, Kernel, Polled, Registry, Transcript};
    select(&[Config, Inferred, Kernel, Polled, Registry, Transcript])
}

fn any_repo() -> impl Strategy<Value = Repo> {
    let remote = option::of(word(&["https://h/a.git", "git@h:b"]));
    (word(&["/src/a", "/src/b"]), remote, option::of(word(&["main", "other"])))
        .prop_map(|(root, remote, branch)| Repo { root, remote, branch, ..Repo::default() })
}

fn any_launch() -> impl Strategy<Value = Launch> {
    let cwd = option::of((word(&["/src/a", "/src/b/c"]), option::of(word(&["L3NyYw=="]))));
    let repo = (option::of(any_repo()), option::of(word(&["timeout", "permission"])));
    let kind = (option::of(word(&["claude", "codex"])), option::of(word(&["interactive"])));
    let said = (kind, option::of(any::<u32>()), cwd, repo);
    let endpoint = (word(&["h:1", "bedrock"]), word(&["env", "config"]));
    let endpoint = endpoint.prop_map(|(host, how)| Endpoint { host, how });
    let lists = (option::of(words(&["--x", "--y=1"])), option::of(words(&["CODEX_HOME"])));
    let texts = (option::of(word(&["1.0", "2.0"])), option::of(word(&["/bin/a", "/bin/b"])));
    let more = (option::of(endpoint), lists, texts, option::of((0..4_u64).prop_map(id)));
    (0..4_u64, said, more).prop_map(|(number, said, more)| {
        let ((agent, mode), pid, cwd, (repo, repo_unknown)) = said;
        let (endpoint, (flags, env), (agent_version, exe), parent_launch) = more;
        let (cwd, cwd_b64) = cwd.unzip();
        let launch = id(number);
        Launch {
            launch,
            agent,
            mode,
            pid,
            cwd,
            cwd_b64: cwd_b64.flatten(),
            repo,
            repo_unknown,
            endpoint,
            argv: flags.clone(),
            flags,
            env,
            agent_version,
            exe,
            parent_launch,
            ..Launch::default()
        }
    })
}

fn any_end() -> impl Strategy<Value = LaunchEnded> {
    let how = (option::of(any::<i32>()), option::of(1..65_i32), any::<bool>());
    (0..4_u64, how, option::of(any::<u64>()), any::<u64>()).prop_map(
        |(number, (exit_code, signal, unknown), duration_ms, unread_execs)| LaunchEnded {
            launch: id(number),
            exit_code,
            signal,
            unknown,
            duration_ms,
            last_seen: None,
            unread_execs,
        },
    )
}

fn any_touch() -> impl Strategy<Value = DirTouched> {
    let who = (option::of((0..4_u64).prop_map(id)), option::of(word(&["s1", "s2"])));
    let dir =
        (word(&["/src/a", "/src/a/x", "/src/b", "/tmp/\u{fffd}"]), option::of(word(&["L3Q="])));
    let repo = (option::of(any_repo()), option::of(word(&["timeout"])));
    (who, dir, repo, word(&["launch", "command", "helper"])).prop_map(
        |((launch, session), (dir, dir_b64), (repo, repo_unknown), how)| DirTouched {
            launch,
            session,
            agent: None,
            dir,
            dir_b64,
            repo,
            repo_unknown,
            how,
        },
    )
}

/// Two agents, of which each has a session with the other's id.
fn any_session_name() -> impl Strategy<Value = (String, String)> {
    (word(&["s1", "s2"]), word(&["claude", "codex"]))
}

fn any_session() -> impl Strategy<Value = Session> {
    let place = (option::of(word(&["/src/a", "/tmp"])), option::of(any_repo()));
    let said = (option::of(word(&["plan", "default"])), option::of(word(&["/t/1", "/t/2"])));
    let left_out = (option::of(any::<u64>()), option::of(0..9_u64))
        .prop_map(|(ignored, dirs)| LeftOut { ignored, untold: dirs, unwatched_dirs: dirs });
    let calls = (option::of(any::<u64>()), option::of(any::<u64>()), option::of(left_out));
    let of = (any_session_name(), option::weighted(0.2, word(&["sub"])), any::<bool>());
    let kin = (option::of(word(&["s1", "s2", "s3"])), option::of(word(&["fork", "subagent"])));
    let more = (kin, option::of(word(&["m1", "m2"])), any::<bool>(), option::of(word(&["1.0"])));
    (of, place, option::of(word(&["timeout"])), said, calls, more).prop_map(
        |(
            ((session, agent), subagent, transcript_gone),
            (cwd, repo),
            repo_unknown,
            said,
            calls,
            ((parent_session, descent), model, trace, agent_version),
        )| {
            Session {
                session,
                agent,
                subagent,
                cwd,
                repo,
                repo_unknown,
                permission_mode: said.0,
                transcript: said.1,
                transcript_gone,
                shell_calls: calls.0,
                unresolved_calls: calls.1,
                left_out: calls.2,
                continued_in: parent_session.clone(),
                parent_session,
                descent,
                sandbox: model.clone(),
                model,
                trace,
                agent_version,
                ..Session::default()
            }
        },
    )
}

fn any_link() -> impl Strategy<Value = SessionLinked> {
    (any_session_name(), 0..4_u64, word(&["environment", "place-and-time"])).prop_map(
        |((session, agent), number, how)| SessionLinked { session, agent, launch: id(number), how },
    )
}

fn any_access() -> impl Strategy<Value = FileAccessed> {
    let who = (option::of((0..4_u64).prop_map(id)), option::of(word(&["s1", "s2"])));
    let what = (word(&["claude", "codex"]), word(&["/src/a/f", "/tmp/g"]));
    let how = (word(&["read", "write"]), word(&["Edit", "Bash"]), option::of(word(&["failed"])));
    let lines = (option::of(any::<u64>()), option::of(0..9_u64));
    let repo = (option::of(any_repo()), option::of(word(&["timeout"])));
    (who, what, how, lines, (repo, any::<bool>())).prop_map(
        |(who, (agent, path), (how, tool, outcome), lines, (repo, changed))| FileAccessed {
            launch: who.0,
            session: who.1,
            subagent: None,
            agent,
            path,
            path_as_told: None,
            repo: repo.0,
            repo_unknown: repo.1,
            how,
            tool,
            changed,
            outcome,
            lines_added: lines.0,
            lines_removed: lines.1,
        },
    )
}

fn any_made() -> impl Strategy<Value = SessionMade> {
    (any_session_name(), word(&["commit", "push"]), option::of(any_repo())).prop_map(
        |((session, agent), what, repo)| SessionMade {
            session,
            agent,
            what,
            id: "1b32344".into(),
            repo,
            ..SessionMade::default()
        },
    )
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let tokens = (option::of(any::<u64>()), 0..3_u64).prop_map(|(input, output)| Tokens {
        input: input.unwrap_or(7),
        output,
        ..Tokens::default()
    });
    let of = (any_session_name(), word(&["k1", "k2"]), option::of(word(&["m1", "m2"])));
    (of, proptest::bool::weighted(0.1), tokens).prop_map(
        |(((session, agent), key, model), retracted, tokens)| Usage {
            session,
            subagent: None,
            agent,
            model,
            response_id: None,
            key,
            retracted,
            tokens,
        },
    )
}

fn any_coverage() -> impl Strategy<Value = Coverage> {
    let state = word(&["active", "degraded", "lost", "restored", "off"]);
    let counts = (option::of(any::<u64>()), option::of(any::<u64>()));
    (word(&["proc-connector", "poll"]), state, 0..9_i64, option::of(0..9_i64), counts).prop_map(
        |(source, state, from, until, (missed, unnamed))| Coverage {
            source,
            state,
            from: at(from),
            until: until.map(at),
            missed,
            unnamed,
            ..Coverage::default()
        },
    )
}

fn any_config() -> impl Strategy<Value = ConfigChanged> {
    let change = (word(&["model", "hooks.Stop"]), word(&["set", "unset"]), option::of(0..3_i32));
    let change = change.prop_map(|(key, what, after)| ConfigChange {
        key,
        what,
        after: after.map(Into::into),
        risk: Risk::Low,
        ..ConfigChange::default()
    });
    let changes = proptest::collection::vec(change, 0..3);
    let of = (word(&["claude", "codex"]), word(&["/c/1", "/c/2"]), word(&["user", "project"]));
    let seen = (any::<bool>(), option::of(0..9_i64), option::of(any_repo()));
    (of, seen, changes).prop_map(|((agent, path, scope), (found, modified, repo), changes)| {
        ConfigChanged {
            agent,
            path,
            scope,
            found,
            modified_at: modified.map(at),
            repo,
            changes,
            ..ConfigChanged::default()
        }
    })
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let launch = option::of((0..3_u64).prop_map(id));
    let of = (word(&["hooks-off", "transcripts-off"]), launch, option::of(word(&["s", "t"])));
    (of, 0..3_i64, word(&["a", "b"])).prop_map(|((code, launch, session), since, why)| Finding {
        agent: "claude".into(),
        code,
        launch,
        session,
        since: at(since),
        risk: Risk::Low,
        why,
        ..Finding::default()
    })
}

fn any_body() -> impl Strategy<Value = Body> {
    let run = || {
        word(&["boot", "toob"]).prop_map(|boot_id| DaemonRun { boot_id, ..DaemonRun::default() })
    };
    let json = || serde_json::value::RawValue::from_string("{}".into()).unwrap();
    prop_oneof![
        2 => any_launch().prop_map(|it| Body::LaunchStarted(Box::new(it))),
        2 => any_launch().prop_map(|it| Body::LaunchUpdated(Box::new(it))),
        2 => any_end().prop_map(Body::LaunchEnded),
        4 => any_touch().prop_map(Body::DirTouched),
        2 => any_session().prop_map(|it| Body::SessionStarted(Box::new(it))),
        2 => any_session().prop_map(|it| Body::SessionUpdated(Box::new(it))),
        2 => any_link().prop_map(Body::SessionLinked),
        2 => any_access().prop_map(|it| Body::FileAccessed(Box::new(it))),
        1 => any_made().prop_map(|it| Body::SessionMade(Box::new(it))),
        3 => any_usage().prop_map(|it| Body::Usage(Box::new(it))),
        1 => any_coverage().prop_map(Body::Coverage),
        1 => any_config().prop_map(|it| Body::ConfigChanged(Box::new(it))),
        1 => any_finding().prop_map(|it| Body::Finding(Box::new(it))),
        1 => run().prop_map(Body::DaemonStarted),
        1 => run().prop_map(Body::DaemonStopped),
        1 => word(&["weather.changed"]).prop_map(move |kind| Body::Other { kind, json: json() }),
    ]
}

pub(super) fn any_draft() -> impl Strategy<Value = Draft> {
    // Few times, so that they collide, on both sides of quarter-hours and of the epoch's minute 0.
    // And in several days, of which the last is in another week.
    const DAY: i64 = 86_400_000;
    let times = select(&[-1, 0, 1, 899_999, 900_000, 900_001, DAY, DAY + 1, 2 * DAY, 9 * DAY]);
    (times, any_evidence(), any_body()).prop_map(|(ms, evidence, body)| Draft {
        at: at(ms),
        evidence,
        replaces: None,
        body,
    })
}

/// A time at which a range may begin or end.
fn any_edge() -> impl Strategy<Value = Timestamp> {
    const DAY: i64 = 86_400_000;
    let day = select(&[-DAY / 2, 0, 1, 900_000, DAY / 2, DAY, DAY + 1, 3 * DAY / 2, 7 * DAY]);
    day.prop_map(at)
}

/// Makes a session's touch one of a launch.
fn of_a_launch(mut draft: Draft) -> Draft {
    if let Body::DirTouched(touched) = &mut draft.body {
        (touched.launch, touched.session) = (touched.launch.or(Some(id(0))), None);
    }
    draft
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
    let recovered = super::support::reopen(fixture.dir.path()).recover().unwrap();
    let [open] = &recovered.open_launches[..] else { panic!("{recovered:?}") };
    assert_eq!(open.launch, id(1));
    assert_eq!(open.agent.as_deref(), Some("claude"));
    assert_eq!(open.agent_version.as_deref(), Some("2.0"));
    let dir = PathText { text: "/src/1".into(), b64: None };
    let quarter = quarter_hour(at(900_099));
    assert_eq!(recovered.touched, [TouchKey { launch: id(1), dir, how: "launch".into(), quarter }]);
    let last = recovered.last_run.unwrap();
    assert_eq!((&*last.kind, last.at, &*last.boot_id), ("daemon.started", at(0), "b"));
    assert_eq!(last.last_record_at, at(6));
}
