//! Answers about places: repositories, and who was in them.

use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Endpoint, Evidence, Launch, Repo};
use trackway_protocol::row::{RepoRow, WhoRow};

use super::super::{Draft, Reader};
use super::support::{Fixture, T0, at, id, repo, started, touched, touched_in, updated};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn all() -> Filter {
    Filter::default()
}

fn in_dir(dir: &str) -> Filter {
    Filter { dir: Some(dir.into()), ..all() }
}

fn in_repo(repo: &str) -> Filter {
    Filter { repo: Some(repo.into()), ..all() }
}

fn ids(reader: &Reader, filter: &Filter) -> Vec<String> {
    reader.repos(filter).unwrap().rows.into_iter().map(|row| row.id).collect()
}

/// Numbers of the launches that answer, in the order of the answer.
fn who(reader: &Reader, filter: &Filter) -> Vec<u64> {
    let number = |row: WhoRow| (0..20).find(|number| row.launch == Some(id(*number))).unwrap();
    reader.who(filter).unwrap().rows.into_iter().map(number).collect()
}

fn unknown(ms: i64, number: u64, dir: &str) -> Draft {
    let mut draft = touched(ms, number, dir, "command");
    let Body::DirTouched(touched) = &mut draft.body else { unreachable!() };
    touched.repo_unknown = Some("timeout".into());
    draft
}

/// Two clones of one remote, a working tree of one without, and what lies in none.
fn places() -> Fixture {
    let (https, ssh) = (Some("https://h/o/r.git"), Some("git@h:o/r"));
    let tree = Repo { main: Some("/lone".into()), ..repo("/tree", None) };
    Fixture::with(vec![
        started(0, 1, "claude"),
        started(0, 2, "codex"),
        touched_in(1, 1, "/a", "launch", Some(repo("/a", https))),
        touched_in(2, 1, "/a/x", "command", Some(repo("/a", https))),
        touched_in(DAY, 2, "/b", "launch", Some(repo("/b", ssh))),
        touched_in(3, 2, "/tree/x", "command", Some(tree)),
        touched_in(4, 2, "/lone", "command", Some(repo("/lone", None))),
        touched(5, 2, "/tmp", "command"),
        touched_in(6, 1, "/dep", "helper", Some(repo("/dep", None))),
    ])
}

#[test]
fn clones_and_working_trees_of_a_repository_are_one_row() {
    let fixture = places();
    let rows = fixture.reader.repos(&all()).unwrap().rows;
    let [remote, lone] = &rows[..] else { panic!("{rows:?}") };
    let expected = RepoRow {
        id: "h/o/r".into(),
        repo: repo("/b", Some("git@h:o/r")),
        roots: vec!["/b".into(), "/a".into()],
        agents: vec!["claude".into(), "codex".into()],
        how: vec!["command".into(), "launch".into()],
        first_at: at(1),
        last_at: at(DAY),
        dirs: 3,
        launches: 2,
        sessions: Some(0),
        evidence: Evidence::Kernel,
    };
    assert_eq!(*remote, expected);
    assert_eq!((&*lone.id, &lone.roots[..]), ("/lone", &["/lone".into(), "/tree".into()][..]));
    assert_eq!((lone.dirs, lone.launches), (2, 1));
}

#[test]
fn repositories_pass_each_filter() {
    let fixture = places();
    let reader = &fixture.reader;
    assert_eq!(ids(reader, &Filter { limit: Some(1), ..all() }), ["h/o/r"]);
    let helpers = Filter { helpers: true, ..all() };
    assert_eq!(ids(reader, &helpers), ["h/o/r", "/dep", "/lone"]);
    assert_eq!(ids(reader, &Filter { how: Some("helper".into()), ..all() }), ["/dep"]);
    for wanted in ["/a", "/b/deep", "ssh://git@h/o/r/"] {
        assert_eq!(ids(reader, &in_repo(wanted)), ["h/o/r"], "{wanted}");
    }
    assert_eq!(ids(reader, &in_repo("/tree/x")), ["/lone"]);
    assert_eq!(ids(reader, &in_dir("/a/x")), ["h/o/r"]);
    let of_claude = Filter { agent: Some("claude".into()), ..all() };
    let row = &reader.repos(&of_claude).unwrap().rows[0];
    assert_eq!((row.dirs, row.launches, row.last_at), (2, 1, at(2)));
    let later = Filter { since_ms: Some(T0 + HOUR), ..all() };
    let row = &reader.repos(&later).unwrap().rows[0];
    assert_eq!((row.dirs, row.launches, row.first_at), (1, 1, at(DAY)));
    assert_eq!(reader.repos(&Filter { limit: Some(1), ..all() }).unwrap().more, Some(1));
}

#[test]
fn a_touch_counts_for_the_repository_that_its_directory_was_in_if_it_could_not_be_asked() {
    let drafts = vec![
        unknown(DAY, 2, "/a"),
        unknown(DAY, 2, "/elsewhere"),
        touched_in(1, 1, "/a", "launch", Some(repo("/a", None))),
    ];
    let fixture = Fixture::with(drafts);
    let row = &fixture.reader.repos(&all()).unwrap().rows[0];
    assert_eq!((row.launches, row.dirs, row.last_at), (2, 1, at(DAY)));
    assert_eq!(who(&fixture.reader, &in_repo("/a")), [2, 1]);
}

#[test]
fn who_tells_what_each_launch_did_there() {
    let fixture = places();
    let launch = Launch {
        launch: id(1),
        agent_version: Some("2.0".into()),
        mode: Some("headless".into()),
        flags: Some(vec!["--permission-mode=plan".into()]),
        endpoint: Some(Endpoint { host: "api.h".into(), how: "default".into() }),
        ..Launch::default()
    };
    let fixture = fixture.and(vec![updated(7, launch.clone())]);
    let rows = fixture.reader.who(&in_dir("/a")).unwrap().rows;
    let expected = WhoRow {
        launch: Some(id(1)),
        session: None,
        agent: Some("claude".into()),
        agent_version: launch.agent_version,
        mode: launch.mode,
        flags: launch.flags,
        endpoint: launch.endpoint,
        cwd: Some("/src/1".into()),
        path: "/a/x".into(),
        paths: 2,
        how: vec!["command".into(), "launch".into()],
        first_at: at(1),
        last_at: at(2),
        evidence: Evidence::Kernel,
    };
    assert_eq!(rows, [expected]);
}

#[test]
fn who_comes_last_touch_first_and_passes_each_filter() {
    let headless = Launch { launch: id(1), mode: Some("headless".into()), ..Launch::default() };
    let fixture = places().and(vec![updated(7, headless)]);
    let reader = &fixture.reader;
    assert_eq!(who(reader, &in_dir("/")), [2, 1]);
    assert_eq!(who(reader, &in_repo("h/o/r")), [2, 1]);
    assert_eq!(who(reader, &in_dir("/a")), [1]);
    assert!(who(reader, &in_dir("/dep")).is_empty(), "only a helper was there");
    assert_eq!(who(reader, &Filter { helpers: true, ..in_dir("/dep") }), [1]);
    let there = in_repo("h/o/r");
    assert_eq!(who(reader, &Filter { limit: Some(1), ..there.clone() }), [2]);
    assert_eq!(who(reader, &Filter { until_ms: Some(T0 + DAY), ..there.clone() }), [1]);
    assert_eq!(who(reader, &Filter { since_ms: Some(T0 + 3), ..there.clone() }), [2]);
    assert_eq!(who(reader, &Filter { agent: Some("codex".into()), ..there.clone() }), [2]);
    assert_eq!(who(reader, &Filter { mode: Some("headless".into()), ..there.clone() }), [1]);
    assert_eq!(who(reader, &Filter { how: Some("command".into()), ..there.clone() }), [1]);
    assert_eq!(who(reader, &Filter { launch: Some(id(2).to_string()), ..there.clone() }), [2]);
    assert_eq!(reader.who(&Filter { limit: Some(1), ..there }).unwrap().more, Some(1));
}

#[test]
fn a_session_that_no_process_told_of_is_a_row_of_its_own() {
    let mut draft = touched(1, 1, "/a", "read");
    let Body::DirTouched(body) = &mut draft.body else { unreachable!() };
    (body.launch, body.session) = (None, Some("s1".into()));
    let fixture = Fixture::with(vec![draft, touched(2, 3, "/a", "command")]);
    let rows = fixture.reader.who(&in_dir("/a")).unwrap().rows;
    let told: Vec<_> = rows.iter().map(|row| (row.launch, row.session.as_deref())).collect();
    assert_eq!(told, [(Some(id(3)), None), (None, Some("s1"))]);
    let of_session = Filter { session: Some("s".into()), ..in_dir("/a") };
    assert_eq!(fixture.reader.who(&of_session).unwrap().rows.len(), 1);
}

#[test]
fn facts_of_launches_narrow_every_question() {
    let risky = Launch {
        launch: id(1),
        flags: Some(vec!["--permission-mode=plan".into(), "--yolo".into()]),
        endpoint: Some(Endpoint { host: "h.example:8080".into(), how: "env".into() }),
        ..Launch::default()
    };
    let fixture = places().and(vec![updated(7, risky)]);
    let reader = &fixture.reader;
    let flag = |flag: &str| Filter { flag: Some(flag.into()), ..all() };
    let endpoint = |host: &str| Filter { endpoint: Some(host.into()), ..all() };
    for filter in [
        flag("--yolo"),
        flag("--permission-mode"),
        flag("--permission-mode=plan"),
        flag("--permission-mode plan"),
        endpoint("H.example"),
        endpoint("h.example:8080"),
    ] {
        assert_eq!(reader.launches(&filter).unwrap().rows.len(), 1, "{filter:?}");
        assert_eq!(reader.dirs(&filter).unwrap().rows.len(), 2, "{filter:?}");
        assert_eq!(reader.repos(&filter).unwrap().rows.len(), 1, "{filter:?}");
    }
    for filter in [flag("--yo"), flag("--permission-mode=pla"), endpoint("example")] {
        assert!(reader.launches(&filter).unwrap().rows.is_empty(), "{filter:?}");
        assert!(reader.dirs(&filter).unwrap().rows.is_empty(), "{filter:?}");
    }
}

#[test]
fn launches_with_a_how_are_those_that_touched_the_place_so() {
    let fixture = places();
    let ids = |filter: Filter| -> Vec<_> {
        fixture.reader.launches(&filter).unwrap().rows.into_iter().map(|row| row.id).collect()
    };
    let command = Filter { how: Some("command".into()), ..all() };
    assert_eq!(ids(command.clone()), [id(2), id(1)]);
    assert_eq!(ids(Filter { dir: Some("/a".into()), ..command.clone() }), [id(1)]);
    assert_eq!(ids(Filter { repo: Some("/lone".into()), ..command }), [id(2)]);
}
