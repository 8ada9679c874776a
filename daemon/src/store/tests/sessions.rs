//! What session files told: sessions, their launches, files and tokens.

use trackway_protocol::message::Filter;
use trackway_protocol::record::{
    Body, DirTouched, Evidence, FileAccessed, LeftOut, Record, Repo, Session, SessionLinked,
    Tokens, Usage,
};
use trackway_protocol::row::{FileRow, Link, SessionLeftOut, SessionRow, SessionTokens};
use trackway_report::prices::PriceList;

use super::super::append::Append as _;
use super::super::{Draft, LookupError, Reader, Shown};
use super::support::{Fixture, T0, at, draft, id, in_memory, records, repo, started, touched};

mod corrections;
mod many;

fn told(ms: i64, body: Body) -> Draft {
    Draft { evidence: Evidence::Transcript, ..draft(ms, body) }
}

fn session_of(session: &str, agent: &str) -> Session {
    Session { session: session.into(), agent: agent.into(), ..Session::default() }
}

fn began(ms: i64, session: &str, cwd: &str) -> Draft {
    let cwd = Some(cwd.into());
    told(ms, Body::SessionStarted(Box::new(Session { cwd, ..session_of(session, "claude") })))
}

fn changed(ms: i64, session: Session) -> Draft {
    told(ms, Body::SessionUpdated(Box::new(session)))
}

fn linked(ms: i64, session: &str, number: u64, evidence: Evidence, how: &str) -> Draft {
    let (session, agent) = (session.into(), "claude".into());
    let body = SessionLinked { session, agent, launch: id(number), how: how.into() };
    Draft { evidence, ..draft(ms, Body::SessionLinked(body)) }
}

fn access(session: &str, path: &str, how: &str) -> FileAccessed {
    FileAccessed {
        launch: None,
        session: Some(session.into()),
        subagent: None,
        agent: "claude".into(),
        path: path.into(),
        path_as_told: None,
        repo: None,
        repo_unknown: None,
        how: how.into(),
        tool: "Edit".into(),
        changed: false,
        outcome: None,
        lines_added: None,
        lines_removed: None,
    }
}

fn accessed(ms: i64, session: &str, path: &str, how: &str) -> Draft {
    told(ms, Body::FileAccessed(Box::new(access(session, path, how))))
}

fn usage(session: &str, key: &str, output: u64) -> Usage {
    Usage {
        session: session.into(),
        subagent: None,
        agent: "claude".into(),
        model: Some("opus".into()),
        response_id: None,
        key: key.into(),
        retracted: false,
        tokens: Tokens {
            input: 1,
            cache_write_5m: 2,
            cache_write_1h: 3,
            output,
            ..Tokens::default()
        },
    }
}

fn used(ms: i64, usage: Usage) -> Draft {
    told(ms, Body::Usage(Box::new(usage)))
}

fn in_dir(ms: i64, session: &str, dir: &str) -> Draft {
    let body = DirTouched {
        launch: None,
        session: Some(session.into()),
        agent: None,
        dir: dir.into(),
        dir_b64: None,
        repo: None,
        repo_unknown: None,
        how: "read".into(),
    };
    told(ms, Body::DirTouched(body))
}

fn all() -> Filter {
    Filter::default()
}

#[test]
fn a_session_costs_what_its_responses_do_and_without_every_price_nobody_knows() {
    let prices = PriceList::known().with_own(
        "date = \"2026-01-01\"\nsource = \"a test\"\n[[price]]\nmodel = \"dear\"\ninput = 1\n\
         output = 2.5\ncache-read = 0.1\ncache-write-5m = 3\ncache-write-1h = 4\n",
        "prices.toml",
    );
    let prices = prices.unwrap();
    let by = |session: &str, key: &str, model: &str| Usage {
        model: Some(model.into()),
        ..usage(session, key, 2_000_000)
    };
    let fixture = Fixture::with(vec![
        began(1, "priced", "/src"),
        used(2, by("priced", "k1", "dear")),
        used(3, by("priced", "k2", "dear")),
        began(1, "mixed", "/src"),
        used(2, by("mixed", "k3", "dear")),
        used(3, by("mixed", "k4", "unheard-of")),
        began(1, "idle", "/src"),
        changed(2, Session { transcript: Some("/t".into()), ..session_of("idle", "claude") }),
        linked(5, "heard-of", 1, Evidence::Inferred, "place-and-time"),
    ]);
    let rows = fixture.reader.sessions(&all(), Some(&prices)).unwrap().rows;
    let cost = |id: &str| rows.iter().find(|row| row.id == id).map(|row| row.cost_usd);
    // The input of `usage` is too little to be seen.
    let told = cost("priced").unwrap().unwrap();
    assert!((10.0..10.01).contains(&told), "{told}");
    assert_eq!(cost("mixed"), Some(None));
    assert_eq!(cost("idle"), Some(Some(0.0)));
    assert_eq!(cost("heard-of").flatten(), None);
}

fn row(reader: &Reader, session: &str) -> SessionRow {
    let filter = Filter { session: Some(session.into()), ..all() };
    let mut rows = reader.sessions(&filter, None).unwrap().rows;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn ids(reader: &Reader, filter: &Filter) -> Vec<String> {
    reader.sessions(filter, None).unwrap().rows.into_iter().map(|row| row.id).collect()
}

fn files(reader: &Reader, filter: &Filter) -> Vec<String> {
    let rows = reader.files(filter).unwrap().rows;
    rows.into_iter().map(|FileRow { path, how, .. }| format!("{how} {path}")).collect()
}

#[test]
fn a_session_is_shown_with_all_that_is_known_of_it() {
    let gone = Session { transcript_gone: true, ..session_of("s1", "claude") };
    let calls = |calls, subagent: Option<&str>| Session {
        shell_calls: Some(calls),
        unresolved_calls: Some(1),
        subagent: subagent.map(Into::into),
        permission_mode: Some(if subagent.is_some() { "plan" } else { "default" }.into()),
        transcript: Some("/t/s1.jsonl".into()),
        ..session_of("s1", "claude")
    };
    let fixture = Fixture::with(vec![
        in_dir(3, "s1", "/src/1"),
        began(5, "s1", "/src/1"),
        changed(6, calls(3, None)),
        changed(7, calls(2, Some("sub"))),
        changed(8, calls(5, None)),
        accessed(9, "s1", "/src/1/a", "read"),
        accessed(10, "s1", "/src/1/a", "write"),
        accessed(11, "s1", "/src/1/b", "create"),
        accessed(12, "s1", "/src/1/b", "delete"),
        used(13, usage("s1", "k1", 5)),
        used(14, usage("s1", "k2", 6)),
        used(15, Usage { retracted: true, ..usage("s1", "k3", 7) }),
        in_dir(16, "s1", "/src/2"),
        linked(17, "s1", 2, Evidence::Inferred, "place-and-time"),
        linked(18, "s1", 1, Evidence::Kernel, "environment"),
        changed(19, gone),
    ]);
    let row = row(&fixture.reader, "s1");
    assert_eq!((&*row.agent, row.cwd.as_deref()), ("claude", Some("/src/1")));
    assert_eq!((row.started_at, row.last_at), (at(3), at(16)));
    assert_eq!((row.shell_calls, row.unresolved_calls), (Some(7), Some(2)));
    assert_eq!(row.permission_mode.as_deref(), Some("default"));
    assert_eq!((row.files_read, row.files_written, row.dirs), (Some(1), Some(2), Some(2)));
    assert_eq!((&row.models[..], row.responses), (&["opus".to_owned()][..], Some(2)));
    let SessionTokens { input, cache_write, output, .. } = row.tokens;
    assert_eq!((input, cache_write, output), (Some(2), Some(10), Some(11)));
    assert_eq!(row.launches, [id(1), id(2)]);
    assert_eq!((row.launch, row.linked_by.as_deref()), (Some(id(1)), Some("environment")));
    let link = |number, how: &str, evidence| Link {
        launch: id(number),
        session: "s1".into(),
        how: vec![how.into()],
        evidence,
    };
    let links =
        [link(1, "environment", Evidence::Kernel), link(2, "place-and-time", Evidence::Inferred)];
    assert_eq!(row.links, links);
    assert_eq!(row.transcript.as_deref(), Some("/t/s1.jsonl"));
    assert_eq!(row.transcript_gone_at, Some(at(19)));
}

#[test]
fn of_a_session_that_only_a_link_names_nothing_is_counted() {
    let link = || linked(9, "s1", 1, Evidence::Kernel, "environment");
    let fixture = Fixture::with(vec![link()]);
    let counted = |row: &SessionRow| {
        let files = [row.files_read, row.files_written, row.dirs];
        let calls = [row.responses, row.shell_calls, row.unresolved_calls];
        ([files, calls].concat(), row.tokens)
    };
    let unknown = row(&fixture.reader, "s1");
    assert_eq!(counted(&unknown), (vec![None; 6], SessionTokens::default()));
    // What others saw of it tells nothing of what it did not do.
    let left_out = Some(LeftOut { ignored: Some(1), untold: None, unwatched_dirs: None });
    let seen = [
        changed(2, Session { left_out, ..session_of("s1", "claude") }),
        accessed(3, "s1", "/src/1/a", "write"),
    ];
    let unknown = row(&Fixture::with(seen.into()).reader, "s1");
    assert_eq!(counted(&unknown), (vec![None; 6], SessionTokens::default()));
    let read = Session { transcript: Some("/t".into()), ..session_of("s1", "claude") };
    let fixture = Fixture::with(vec![link(), changed(1, read)]);
    let nothing = row(&fixture.reader, "s1");
    let no_tokens = SessionTokens::from(Tokens::default());
    assert_eq!(counted(&nothing), (vec![Some(0); 6], no_tokens));
}

#[test]
fn the_records_of_a_session_are_those_of_its_launches_too() {
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        started(1, 2, "claude"),
        started(2, 3, "claude"),
        began(3, "s1", "/src/1"),
        linked(4, "s1", 1, Evidence::Kernel, "environment"),
        linked(5, "s1", 2, Evidence::Inferred, "place"),
        touched(6, 2, "/src/2", "command"),
        touched(7, 3, "/src/3", "command"),
    ]);
    let records = fixture.reader.records_of_session("s1").unwrap();
    let seq = |body: &Vec<u8>| serde_json::from_slice::<Record>(body).unwrap().seq;
    assert_eq!(records.iter().map(seq).collect::<Vec<_>>(), [1, 2, 4, 5, 6, 7]);
    let launches = fixture.reader.launches_of(&row(&fixture.reader, "s1")).unwrap();
    assert_eq!(launches.iter().map(|row| row.id).collect::<Vec<_>>(), [id(1), id(2)]);
}

#[test]
fn a_session_that_moves_out_of_a_repository_leaves_it_behind() {
    let (cwd, repo) = (Some("/src/1".into()), Some(repo("/src/1", None)));
    let inside = Session { cwd, repo, ..session_of("s1", "claude") };
    let outside = Session { cwd: Some("/tmp".into()), ..session_of("s1", "claude") };
    let fixture = Fixture::with(vec![changed(0, inside), changed(1, outside)]);
    let row = row(&fixture.reader, "s1");
    assert_eq!((row.cwd.as_deref(), row.repo), (Some("/tmp"), None));
    assert!(ids(&fixture.reader, &Filter { repo: Some("/src/1".into()), ..all() }).is_empty());
}

#[test]
fn sessions_pass_each_filter_last_active_first() {
    let in_repo = Session {
        cwd: Some("/src/3".into()),
        repo: Some(repo("/src/3", Some("git@h:o/three.git"))),
        ..session_of("b3", "codex")
    };
    let fixture = Fixture::with(vec![
        began(0, "a1", "/src/1"),
        began(10, "a2", "/src/2"),
        changed(20, in_repo),
        accessed(30, "a1", "/f", "read"),
        started(0, 7, "claude"),
        linked(5, "a1", 7, Evidence::Kernel, "environment"),
    ]);
    let ids = |filter| ids(&fixture.reader, &filter);
    assert_eq!(ids(all()), ["a1", "b3", "a2"]);
    assert_eq!(ids(Filter { agent: Some("codex".into()), ..all() }), ["b3"]);
    assert_eq!(ids(Filter { dir: Some("/src/2".into()), ..all() }), ["a2"]);
    assert_eq!(ids(Filter { repo: Some("h:o/three".into()), ..all() }), ["b3"]);
    assert_eq!(ids(Filter { session: Some("A".into()), ..all() }), ["a1", "a2"]);
    assert_eq!(ids(Filter { launch: Some(id(7).to_string()), ..all() }), ["a1"]);
    assert_eq!(ids(Filter { since_ms: Some(T0 + 25), ..all() }), ["a1"]);
    assert_eq!(ids(Filter { until_ms: Some(T0 + 10), ..all() }), ["a1"]);
    let two = fixture.reader.sessions(&Filter { limit: Some(2), ..all() }, None).unwrap();
    assert_eq!((two.rows.len(), two.more), (2, Some(1)));
}

#[test]
fn the_same_id_of_two_agents_is_two_sessions() {
    let other = changed(1, session_of("s1", "codex"));
    let fixture = Fixture::with(vec![began(0, "s1", "/src/1"), other]);
    assert_eq!(ids(&fixture.reader, &all()), ["s1", "s1"]);
}

#[test]
fn files_pass_each_filter_last_accessed_first() {
    let witnessed = FileAccessed {
        launch: Some(id(7)),
        session: None,
        repo: Some(Repo { root: "/src/w".into(), ..Repo::default() }),
        ..access("", "/src/w/x", "write")
    };
    let fixture = Fixture::with(vec![
        accessed(0, "s1", "/src/1/a", "read"),
        accessed(5, "s1", "/src/1/a", "read"),
        accessed(6, "s1", "/src/1/b", "write"),
        accessed(9, "s2", "/src/1x", "read"),
        started(0, 7, "claude"),
        draft(12, Body::FileAccessed(Box::new(witnessed))),
        linked(12, "s2", 7, Evidence::Kernel, "environment"),
    ]);
    let files = |filter| files(&fixture.reader, &filter);
    let (a, b, x, w) = ("read /src/1/a", "write /src/1/b", "read /src/1x", "write /src/w/x");
    assert_eq!(files(all()), [w, x, b, a]);
    assert_eq!(files(Filter { dir: Some("/src/1".into()), ..all() }), [b, a]);
    assert_eq!(files(Filter { dir: Some("/src/1/a".into()), ..all() }), [a]);
    assert_eq!(files(Filter { how: Some("read".into()), ..all() }), [x, a]);
    assert_eq!(files(Filter { session: Some("s1".into()), ..all() }), [b, a]);
    assert_eq!(files(Filter { launch: Some(id(7).to_string()), ..all() }), [w, x]);
    assert_eq!(files(Filter { repo: Some("/src/w".into()), ..all() }), [w]);
    assert_eq!(files(Filter { agent: Some("codex".into()), ..all() }), [""; 0]);
    assert_eq!(files(Filter { since_ms: Some(T0 + 6), until_ms: Some(T0 + 9), ..all() }), [b]);
    let one = fixture.reader.files(&Filter { limit: Some(1), ..all() }).unwrap();
    assert_eq!((one.rows.len(), one.more), (1, Some(3)));
}

#[test]
fn one_file_is_one_row_with_what_was_done_to_it_together() {
    let edit = |tool: &str, lines| {
        let (tool, lines_added) = (tool.into(), lines);
        FileAccessed { tool, lines_added, ..access("s1", "/f", "write") }
    };
    let failed = FileAccessed { outcome: Some("failed".into()), ..edit("Bash", None) };
    let drafts = [edit("Write", Some(4)), edit("Edit", None), edit("Bash", Some(2)), failed];
    let drafts = [7, 3, 5, 4].into_iter().zip(drafts);
    let drafts = drafts.map(|(ms, body)| told(ms, Body::FileAccessed(Box::new(body)))).collect();
    let rows = Fixture::with(drafts).reader.files(&all()).unwrap().rows;
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.first_at, row.at, row.times), (at(3), at(7), 4));
    assert_eq!((&*row.tool, row.lines_added, row.lines_removed), ("Write", Some(6), None));
}

#[test]
fn what_a_session_tells_and_what_was_seen_to_change_is_one_access() {
    let told = access("s1", "/f", "write");
    let seen = FileAccessed { changed: true, ..told.clone() };
    let alone = FileAccessed { changed: true, ..access("s1", "/g", "delete") };
    let drafts = [(3, seen.clone()), (4, told), (5, seen), (6, alone)];
    let drafts = drafts.map(|(ms, body)| draft(ms, Body::FileAccessed(Box::new(body))));
    let rows = Fixture::with(drafts.to_vec()).reader.files(&all()).unwrap().rows;
    let rows: Vec<_> = rows.iter().map(|row| (&*row.path, row.times, row.changed)).collect();
    assert_eq!(rows, [("/g", 1, 1), ("/f", 2, 2)]);
}

#[test]
fn what_was_left_out_adds_up() {
    let left_out = |ms, ignored, untold, unwatched_dirs| {
        let left_out = Some(LeftOut { ignored, untold, unwatched_dirs });
        changed(ms, Session { left_out, ..session_of("s1", "claude") })
    };
    let drafts = vec![
        began(1, "s1", "/src"),
        left_out(5, Some(2), None, Some(7)),
        left_out(6, Some(3), Some(1), Some(4)),
    ];
    let row = &Fixture::with(drafts).reader.sessions(&all(), None).unwrap().rows[0];
    assert_eq!(row.left_out, Some(SessionLeftOut { ignored: 5, untold: 1, unwatched_dirs: 7 }));
    assert_eq!(row.last_at, at(1), "what was noted is no work");
}

#[test]
fn a_launch_knows_its_sessions_and_is_found_by_them() {
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        started(0, 2, "claude"),
        linked(5, "s1", 1, Evidence::Kernel, "environment"),
        linked(6, "s1", 1, Evidence::Inferred, "place-and-time"),
        linked(3, "s2", 1, Evidence::Registry, "registry"),
        linked(4, "s1", 1, Evidence::Kernel, "argument"),
    ]);
    let rows = fixture.reader.launches(&Filter { session: Some("s1".into()), ..all() });
    let rows = rows.unwrap().rows;
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.id, row.sessions.clone()), (id(1), Some(vec!["s1".into(), "s2".into()])));
    let how: Vec<_> = row.links.iter().map(|link| link.how.join(" ")).collect();
    assert_eq!(how, ["environment argument place-and-time", "registry"], "the best first");
}

#[test]
fn what_is_only_noted_about_a_session_makes_it_no_younger() {
    let counted = Session { shell_calls: Some(3), ..session_of("s1", "claude") };
    let gone = Session { transcript_gone: true, ..session_of("s1", "claude") };
    let link = || linked(99, "s1", 1, Evidence::Inferred, "place-and-time");
    let fixture = Fixture::with(vec![link(), changed(95, counted), began(5, "s1", "/src/1")]);
    let fixture = fixture.and(vec![changed(90, gone), used(7, usage("s1", "k1", 5))]);
    let row_of_work = row(&fixture.reader, "s1");
    assert_eq!((row_of_work.started_at, row_of_work.last_at), (at(5), at(7)));
    let only_linked = row(&Fixture::with(vec![link()]).reader, "s1");
    assert_eq!((only_linked.started_at, only_linked.last_at), (at(99), at(99)));
}

#[test]
fn places_name_the_sessions_that_were_there_and_their_agents() {
    let fixture = Fixture::with(vec![
        in_dir(0, "s1", "/src/1"),
        in_dir(1, "s2", "/src/1"),
        in_dir(2, "s2", "/src/2"),
        began(0, "s1", "/src/1"),
        changed(0, session_of("s2", "codex")),
    ]);
    let dirs = |filter: Filter| {
        let rows = fixture.reader.dirs(&filter).unwrap().rows;
        let said = rows.into_iter().map(|row| (row.dir, row.agents.join(" "), row.sessions));
        said.collect::<Vec<_>>()
    };
    let one = |agents: &str, count| ("/src/1".to_owned(), agents.to_owned(), Some(count));
    let two = ("/src/2".to_owned(), "codex".to_owned(), Some(1));
    assert_eq!(dirs(all()), [two.clone(), one("claude codex", 2)]);
    assert_eq!(dirs(Filter { session: Some("s1".into()), ..all() }), [one("claude", 1)]);
    assert_eq!(dirs(Filter { since_ms: Some(T0 + 1), ..all() }), [two.clone(), one("codex", 1)]);
    assert_eq!(dirs(Filter { agent: Some("codex".into()), ..all() }), [two, one("codex", 1)]);
    assert_eq!(dirs(Filter { agent: Some("claude".into()), ..all() }), [one("claude", 1)]);
}

#[test]
fn a_launch_was_where_the_sessions_were_that_it_worked_on() {
    let in_repo = |ms, session: &str, dir: &str| {
        let mut draft = in_dir(ms, session, dir);
        let Body::DirTouched(touched) = &mut draft.body else { unreachable!() };
        touched.repo = Some(repo(dir, None));
        draft
    };
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        began(0, "s1", "/src/1"),
        began(0, "s2", "/src/2"),
        in_repo(1, "s1", "/src/1"),
        in_repo(2, "s2", "/src/2"),
        linked(3, "s1", 1, Evidence::Kernel, "environment"),
    ]);
    let of = Filter { launch: Some(id(1).to_string()), ..all() };
    let dirs = fixture.reader.dirs(&of).unwrap().rows;
    let [dir] = &dirs[..] else { panic!("{dirs:?}") };
    assert_eq!((&*dir.dir, dir.launches, dir.sessions), ("/src/1", 0, Some(1)));
    let repos = fixture.reader.repos(&of).unwrap().rows;
    let [repo] = &repos[..] else { panic!("{repos:?}") };
    assert_eq!((&*repo.id, repo.dirs, repo.sessions), ("/src/1", 1, Some(1)));
    let who = |filter| fixture.reader.who(&Filter { dir: Some("/src".into()), ..filter }).unwrap();
    let rows = who(of.clone()).rows;
    assert_eq!(rows.iter().map(|row| row.session.as_deref()).collect::<Vec<_>>(), [Some("s1")]);
    let of_codex = Filter { agent: Some("codex".into()), ..of };
    assert!(fixture.reader.dirs(&of_codex).unwrap().rows.is_empty());
}

#[test]
fn who_names_the_sessions_that_accessed_a_file_or_what_lies_below() {
    let fixture = Fixture::with(vec![
        began(0, "s1", "/src/1"),
        accessed(3, "s1", "/src/1/a", "read"),
        accessed(5, "s1", "/src/1/a", "write"),
        accessed(6, "s2", "/src/1/b", "read"),
        in_dir(4, "s1", "/src/1"),
    ]);
    let who = |filter: Filter| fixture.reader.who(&filter).unwrap();
    let at_path = |path: &str| Filter { dir: Some(path.into()), ..all() };
    let rows = who(at_path("/src/1/a")).rows;
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.session.as_deref(), row.agent.as_deref()), (Some("s1"), Some("claude")));
    assert_eq!((row.how.join(" "), row.paths, &*row.path), ("read write".into(), 1, "/src/1/a"));
    assert_eq!((row.first_at, row.last_at, row.cwd.as_deref()), (at(3), at(5), Some("/src/1")));
    let below = who(at_path("/src")).rows;
    let below: Vec<_> = below.iter().map(|row| (row.session.as_deref(), row.paths)).collect();
    assert_eq!(below, [(Some("s2"), 1), (Some("s1"), 2)]);
    let newest = who(Filter { limit: Some(1), ..at_path("/src") }).rows;
    assert_eq!(newest[0].session.as_deref(), Some("s2"));
    let claude = Filter { agent: Some("claude".into()), ..at_path("/src") };
    assert_eq!(who(claude).rows.len(), 2);
    assert!(who(Filter { agent: Some("codex".into()), ..at_path("/src") }).rows.is_empty());
}

#[test]
fn an_id_stands_for_a_session_where_no_launch_begins_so() {
    let launch = id(1).to_string();
    let alike = format!("{}x", &launch[..4]);
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        in_dir(1, "z1", "/src/1"),
        began(2, "z1", "/src/1"),
        began(3, &alike, "/src/1"),
        began(4, &launch, "/src/1"),
    ]);
    let Shown::Session(row) = fixture.reader.find("z", None).unwrap() else { panic!() };
    assert_eq!(fixture.reader.records_of_session(&row.id).unwrap().len(), 2);
    let Shown::Launch(row) = fixture.reader.find(&launch, None).unwrap() else { panic!() };
    assert_eq!(row.id, id(1));
    let Err(LookupError::Ambiguous(ids)) = fixture.reader.find(&launch[..4], None) else {
        panic!()
    };
    assert_eq!(ids, [launch.clone(), launch, alike]);
}

#[test]
fn records_of_sessions_pass_each_filter() {
    let in_codex = Session { cwd: Some("/src/2".into()), ..session_of("s2", "codex") };
    let fixture = Fixture::with(vec![
        began(0, "s1", "/src/1"),
        used(1, usage("s1", "k1", 5)),
        accessed(2, "s1", "/src/2/f", "write"),
        in_dir(3, "s1", "/src/2"),
        started(4, 7, "claude"),
        linked(5, "s1", 7, Evidence::Kernel, "environment"),
        changed(6, in_codex),
        in_dir(7, "s3", "/src/3"),
    ]);
    let seqs = |filter: Filter| {
        let page = fixture.reader.page(0, u64::MAX, usize::MAX, &filter).unwrap();
        let lines = page.lines.split_inclusive(|byte| *byte == b'\n');
        let seqs = lines.map(|line| serde_json::from_slice::<Record>(line).unwrap().seq);
        seqs.collect::<Vec<_>>()
    };
    assert_eq!(seqs(Filter { session: Some("s1".into()), ..all() }), [1, 2, 3, 4, 6]);
    assert_eq!(seqs(Filter { agent: Some("codex".into()), ..all() }), [7]);
    assert_eq!(seqs(Filter { agent: Some("claude".into()), ..all() }), [1, 2, 3, 4, 5, 6]);
    assert_eq!(seqs(Filter { dir: Some("/src/2".into()), ..all() }), [3, 4, 7]);
    assert_eq!(seqs(Filter { dir: Some("/src/3".into()), ..all() }), [8]);
    assert_eq!(seqs(Filter { how: Some("write".into()), ..all() }), [3]);
    assert_eq!(seqs(Filter { launch: Some(id(7).to_string()), ..all() }), [1, 2, 3, 4, 5, 6]);
}
