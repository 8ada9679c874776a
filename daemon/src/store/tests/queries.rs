//! Answers: what passes which filter, and in which order.

use trackway_protocol::message::Filter;
use trackway_protocol::record::{Body, Evidence, Launch, Record};
use trackway_protocol::row::{DirRow, GapRow, LaunchRow};

use super::super::query::COUNTED;
use super::super::{Draft, LookupError, Page, Reader, Shown};
use super::support::{
    Fixture, T0, at, coverage, daemon_started, ended, id, repo, started, touched, touched_in,
    updated,
};

const QUARTER: i64 = 900_000;

fn all() -> Filter {
    Filter::default()
}

fn between(since: i64, until: i64) -> Filter {
    Filter { since_ms: Some(T0 + since), until_ms: Some(T0 + until), ..all() }
}

/// Numbers of the launches that pass, in the order of the answer.
fn launches(reader: &Reader, filter: &Filter) -> Vec<u64> {
    let number = |id_| (0..20).find(|number| id(*number) == id_).unwrap();
    reader.launches(filter).unwrap().rows.into_iter().map(|row| number(row.id)).collect()
}

fn dirs(reader: &Reader, filter: &Filter) -> Vec<String> {
    reader.dirs(filter).unwrap().rows.into_iter().map(|row| row.dir).collect()
}

fn dir_row(reader: &Reader, filter: &Filter) -> DirRow {
    let mut rows = reader.dirs(filter).unwrap().rows;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn launch(reader: &Reader, prefix: &str) -> LaunchRow {
    let Shown::Launch(row) = reader.find(prefix, None).unwrap() else { panic!("{prefix}") };
    *row
}

fn gaps(reader: &Reader, filter: &Filter) -> Vec<GapRow> {
    reader.gaps(filter).unwrap().rows
}

fn seqs(page: &Page) -> Vec<u64> {
    let lines = page.lines.split_inclusive(|byte| *byte == b'\n');
    let seqs: Vec<u64> =
        lines.map(|line| serde_json::from_slice::<Record>(line).unwrap().seq).collect();
    assert_eq!(seqs.len() as u64, page.count);
    seqs
}

/// Numbers of the records that pass.
fn records(reader: &Reader, filter: &Filter) -> Vec<u64> {
    seqs(&reader.page(0, u64::MAX, usize::MAX, filter).unwrap())
}

fn in_repo(ms: i64, number: u64, root: &str, remote: Option<&str>) -> Draft {
    let repo = Some(repo(root, remote));
    updated(ms, Launch { launch: id(number), cwd: Some(root.into()), repo, ..Launch::default() })
}

#[test]
fn a_launch_is_shown_with_the_best_that_was_said_of_it() {
    let mut guess =
        updated(7, Launch { launch: id(1), mode: Some("headless".into()), ..Launch::default() });
    guess.evidence = Evidence::Inferred;
    if let Body::LaunchUpdated(launch) = &mut guess.body {
        launch.agent = Some("codex".into());
    }
    let fixture = Fixture::with(vec![guess, ended(900, 1, Some(3)), started(5, 1, "claude")]);
    let row = launch(&fixture.reader, &id(1).to_string());
    assert_eq!((&*row.agent, row.mode.as_deref()), ("claude", Some("headless")));
    assert_eq!((row.started_at, row.ended_at), (at(5), Some(at(900))));
    assert_eq!((row.end_seen, row.exit_code, row.signal), (Some(true), Some(3), None));
    assert_eq!((row.cwd.as_deref(), row.evidence), (Some("/src/1"), Evidence::Kernel));
    assert_eq!((row.sessions, row.unread_execs), (Some(Vec::new()), Some(0)));
}

#[test]
fn an_end_that_was_seen_beats_one_that_was_only_noticed() {
    let fixture =
        Fixture::with(vec![started(0, 1, "claude"), ended(9, 1, None), ended(4, 1, Some(0))]);
    let row = launch(&fixture.reader, &id(1).to_string());
    assert_eq!((row.ended_at, row.end_seen), (Some(at(4)), Some(true)));
}

#[test]
fn a_launch_whose_start_was_lost_is_shown_as_of_an_unknown_agent() {
    let fixture = Fixture::with(vec![ended(9, 1, Some(0))]);
    let rows = fixture.reader.launches(&all()).unwrap().rows;
    assert_eq!((&*rows[0].agent, rows[0].started_at), ("unknown", at(9)));
}

#[test]
fn a_launch_that_only_a_directory_names_is_none() {
    let fixture = Fixture::with(vec![touched(0, 1, "/src", "command")]);
    assert!(launches(&fixture.reader, &all()).is_empty());
    let counts = fixture.reader.counts().unwrap();
    assert_eq!((counts.launches, counts.running, counts.ledger.records), (0, 0, 1));
}

#[test]
fn launches_come_newest_first_and_pass_each_filter() {
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        started(10, 2, "codex"),
        ended(20, 1, Some(0)),
        started(30, 3, "claude"),
        in_repo(31, 3, "/src/3", Some("git@h:o/three.git")),
        ended(40, 3, Some(0)),
    ]);
    let reader = &fixture.reader;
    let dir = |dir: &str| Filter { dir: Some(dir.into()), ..all() };
    let repo = |repo: &str| Filter { repo: Some(repo.into()), ..all() };
    assert_eq!(launches(reader, &all()), [3, 2, 1]);
    assert_eq!(launches(reader, &Filter { limit: Some(2), ..all() }), [3, 2]);
    assert_eq!(launches(reader, &Filter { agent: Some("claude".into()), ..all() }), [3, 1]);
    assert_eq!(launches(reader, &Filter { running: true, ..all() }), [2]);
    assert_eq!(launches(reader, &dir("/src/3")), [3]);
    assert_eq!(launches(reader, &dir("/src/")), [3, 2, 1]);
    assert_eq!(launches(reader, &dir("/")), [3, 2, 1]);
    assert!(launches(reader, &dir("/sr")).is_empty());
    for wanted in ["/src/3", "/src/3/below", "https://h/o/three"] {
        assert_eq!(launches(reader, &repo(wanted)), [3], "{wanted}");
    }
    assert!(launches(reader, &repo("/src")).is_empty());
    // 1 ran until 20, 2 runs still, 3 began at 30.
    assert_eq!(launches(reader, &between(20, 30)), [2, 1]);
    assert_eq!(launches(reader, &between(21, 31)), [3, 2]);
    assert!(launches(reader, &Filter { session: Some("s".into()), ..all() }).is_empty());
    let counts = reader.counts().unwrap();
    assert_eq!((counts.launches, counts.running), (3, 1));
    assert_eq!((counts.ledger.records, counts.ledger.seq), (6, 6));
    assert!(counts.ledger.bytes > 4096);
}

#[test]
fn a_limit_tells_how_much_it_left_out() {
    let lost = |number: i64| coverage("proc", "lost", number, Some(number + 1));
    let was_in = |number| touched(0, number, &format!("/src/{number}"), "command");
    let each = |number: u64| [started(number as i64, number, "claude"), was_in(number)];
    let drafts = (0..9).flat_map(each).chain((0..9).map(lost));
    let fixture = Fixture::with(drafts.chain([touched(0, 1, "/bin", "helper")]).collect());
    let reader = &fixture.reader;
    let more = |filter: &Filter| {
        let (launches, dirs) = (reader.launches(filter).unwrap(), reader.dirs(filter).unwrap());
        [launches.more, dirs.more, reader.gaps(filter).unwrap().more]
    };
    assert_eq!(more(&all()), [None; 3]);
    assert_eq!(more(&Filter { limit: Some(10), ..all() }), [Some(0); 3]);
    assert_eq!(more(&Filter { limit: Some(9), ..all() }), [Some(0); 3]);
    assert_eq!(more(&Filter { limit: Some(2), ..all() }), [Some(7); 3]);
    assert_eq!(more(&Filter { limit: Some(2), helpers: true, ..all() })[1], Some(8));
    let ranged = Filter { limit: Some(1), ..between(4, 6) };
    assert_eq!(more(&ranged), [Some(5), Some(0), Some(2)]);
    assert_eq!(more(&Filter { dir: Some("/src/3".into()), limit: Some(0), ..all() })[0], Some(1));
}

#[test]
fn what_is_too_much_to_be_counted_is_unknown() {
    let enough = COUNTED as i64 + 2;
    let lost = |number| coverage("proc", "lost", number, Some(number));
    let fixture = Fixture::with((0..enough).map(lost).collect());
    let more = |shown| {
        let filter = Filter { limit: Some(shown), ..all() };
        fixture.reader.gaps(&filter).unwrap().more
    };
    assert_eq!((more(1), more(2)), (None, Some(COUNTED)));
}

#[test]
fn a_launch_is_found_by_the_beginning_of_its_id_if_no_other_begins_so() {
    let fixture = Fixture::with((0..20).map(|number| started(0, number, "claude")).collect());
    let whole = id(7).to_string();
    assert_eq!(launch(&fixture.reader, &whole[..13]).id, id(7));
    assert_eq!(launch(&fixture.reader, &whole.to_uppercase()).id, id(7));
    assert!(matches!(fixture.reader.find("zz", None), Err(LookupError::NotFound)));
    let Err(LookupError::Ambiguous(found)) = fixture.reader.find("", None) else { panic!() };
    assert_eq!(found.len(), 10);
}

#[test]
fn show_has_every_record_that_names_the_launch() {
    let fixture = Fixture::with(vec![
        touched(0, 1, "/src/1", "launch"),
        started(0, 2, "codex"),
        started(0, 1, "claude"),
        ended(5, 1, Some(0)),
    ]);
    let records = fixture.reader.records_of(id(1)).unwrap();
    let seq = |body: &Vec<u8>| serde_json::from_slice::<Record>(body).unwrap().seq;
    assert_eq!(records.iter().map(seq).collect::<Vec<_>>(), [1, 3, 4]);
    assert!(fixture.reader.records_of(id(9)).unwrap().is_empty());
}

#[test]
fn a_directory_sums_up_all_touches() {
    let mut polled = touched(QUARTER * 3, 2, "/src", "launch");
    polled.evidence = Evidence::Polled;
    let fixture = Fixture::with(vec![
        touched(0, 1, "/src", "command"),
        started(0, 1, "claude"),
        started(0, 2, "codex"),
        touched(QUARTER, 1, "/src", "command"),
        touched(QUARTER, 1, "/src", "helper"),
        polled,
    ]);
    let row = dir_row(&fixture.reader, &all());
    assert_eq!(row.agents, ["claude", "codex"]);
    assert_eq!(row.how, ["command", "helper", "launch"]);
    assert_eq!((row.first_at, row.last_at), (at(0), at(QUARTER * 3)));
    assert_eq!((row.launches, row.sessions, row.evidence), (2, Some(0), Evidence::Kernel));

    // A time, an agent or a launch sums up only what passes.
    let later = dir_row(&fixture.reader, &between(QUARTER * 2, QUARTER * 4));
    assert_eq!((later.launches, &later.agents[..]), (1, &["codex".to_owned()][..]));
    let of_claude = dir_row(&fixture.reader, &Filter { agent: Some("claude".into()), ..all() });
    assert_eq!((of_claude.launches, of_claude.last_at), (1, at(QUARTER)));
    let launch = Filter { launch: Some(id(2).to_string()), ..all() };
    assert_eq!(dir_row(&fixture.reader, &launch).how, ["launch"]);
}

#[test]
fn sums_over_all_time_equal_those_over_a_range_that_holds_everything() {
    let fixture = Fixture::with(
        (0..60)
            .map(|n| {
                touched(
                    n * 7 * QUARTER / 9,
                    n as u64 % 5,
                    ["/a", "/b", "/b/c"][n as usize % 3],
                    "command",
                )
            })
            .chain((0..4).map(|n| started(n, n as u64, ["claude", "codex"][n as usize % 2])))
            .collect(),
    );
    for filter in [
        all(),
        Filter { agent: Some("codex".into()), ..all() },
        Filter { dir: Some("/b".into()), ..all() },
    ] {
        let ranged = Filter { since_ms: Some(0), until_ms: Some(i64::MAX), ..filter.clone() };
        assert_eq!(
            fixture.reader.dirs(&filter).unwrap().rows,
            fixture.reader.dirs(&ranged).unwrap().rows
        );
    }
}

#[test]
fn directories_come_last_touched_first_and_pass_each_filter() {
    let fixture = Fixture::with(vec![
        started(0, 1, "claude"),
        touched_in(0, 1, "/src/a", "launch", Some(repo("/src/a", Some("git@h:o/a.git")))),
        touched_in(1, 1, "/src/a/sub", "command", Some(repo("/src/a", Some("git@h:o/a.git")))),
        touched(2, 1, "/src/ab", "command"),
        touched(QUARTER, 1, "/usr/bin", "helper"),
    ]);
    let reader = &fixture.reader;
    let dir = |dir: &str| Filter { dir: Some(dir.into()), ..all() };
    let repo = |repo: &str| Filter { repo: Some(repo.into()), ..all() };
    assert_eq!(dirs(reader, &all()), ["/src/ab", "/src/a/sub", "/src/a"]);
    assert_eq!(dirs(reader, &Filter { limit: Some(1), ..all() }), ["/src/ab"]);
    assert_eq!(dirs(reader, &Filter { helpers: true, limit: Some(1), ..all() }), ["/usr/bin"]);
    assert_eq!(dirs(reader, &dir("/src/a")), ["/src/a/sub", "/src/a"]);
    for wanted in ["/src/a", "/src/a/sub/x", "ssh://h/o/a"] {
        assert_eq!(dirs(reader, &repo(wanted)), ["/src/a/sub", "/src/a"], "{wanted}");
    }
    assert_eq!(dirs(reader, &between(1, 2)), ["/src/a/sub"]);
    assert_eq!(dirs(reader, &Filter { running: true, ..dir("/src/ab") }), ["/src/ab"]);
    assert!(dirs(reader, &Filter { agent: Some("codex".into()), ..all() }).is_empty());
}

#[test]
fn a_directory_that_was_in_another_repository_counts_for_each_at_its_time() {
    let fixture = Fixture::with(vec![
        touched_in(0, 1, "/src/a", "command", Some(repo("/src/a", Some("h:old")))),
        touched_in(QUARTER, 1, "/src/a", "command", Some(repo("/src/a", Some("h:new")))),
        touched_in(QUARTER * 2, 1, "/src/a", "command", None),
    ]);
    let old = Filter { repo: Some("h:old".into()), ..all() };
    let row = dir_row(&fixture.reader, &old);
    assert_eq!((row.dir.as_str(), row.repo), ("/src/a", None));
    let late = Filter { since_ms: Some(T0 + QUARTER), ..old };
    assert!(dirs(&fixture.reader, &late).is_empty());
}

#[test]
fn a_repository_that_could_not_be_looked_up_is_unknown_until_it_could() {
    let failed = |ms| {
        let mut draft = touched(ms, 1, "/src", "command");
        let Body::DirTouched(touched) = &mut draft.body else { unreachable!() };
        touched.repo_unknown = Some("timeout".into());
        draft
    };
    let found = touched_in(1, 1, "/src", "command", Some(repo("/src", None)));
    let unknown = dir_row(&Fixture::with(vec![failed(0)]).reader, &all());
    assert_eq!((unknown.repo, unknown.repo_unknown.as_deref()), (None, Some("timeout")));
    let known = dir_row(&Fixture::with(vec![failed(0), found, failed(2)]).reader, &all());
    assert_eq!((known.repo, known.repo_unknown), (Some(repo("/src", None)), None));
    let none = dir_row(&Fixture::with(vec![touched(0, 1, "/src", "command")]).reader, &all());
    assert_eq!((none.repo, none.repo_unknown), (None, None));
}

#[test]
fn an_open_gap_ends_when_its_source_sees_again() {
    let fixture = Fixture::with(vec![
        coverage("proc", "active", 0, None),
        coverage("proc", "lost", 10, None),
        coverage("poll", "degraded", 15, None),
        coverage("proc", "degraded", 17, Some(18)),
        coverage("proc", "restored", 10, Some(30)),
        coverage("proc", "active", 40, None),
        coverage("daemon", "off", 50, Some(60)),
    ]);
    let ranges = |filter: &Filter| -> Vec<_> {
        let range = |gap: GapRow| (gap.seq, gap.from, gap.until);
        gaps(&fixture.reader, filter).into_iter().map(range).collect()
    };
    assert_eq!(
        ranges(&all()),
        [
            (2, at(10), Some(at(30))),
            (5, at(10), Some(at(30))),
            (3, at(15), None),
            (4, at(17), Some(at(18))),
            (7, at(50), Some(at(60))),
        ]
    );
    assert_eq!(ranges(&between(35, 45)), [(3, at(15), None)]);
    let newest = ranges(&Filter { limit: Some(2), ..all() });
    assert_eq!(newest.iter().map(|gap| gap.0).collect::<Vec<_>>(), [4, 7]);
}

#[test]
fn of_two_in_one_millisecond_the_later_record_closes_the_gap() {
    let states = |states: [&str; 2]| {
        let fixture = Fixture::with(states.map(|state| coverage("proc", state, 5, None)).to_vec());
        gaps(&fixture.reader, &all())[0].until
    };
    assert_eq!(states(["lost", "active"]), Some(at(5)));
    assert_eq!(states(["active", "lost"]), None);
    assert_eq!(states(["degraded", "degraded"]), Some(at(5)), "a former daemon's");
}

#[test]
fn records_are_paged_without_gap_or_repetition() {
    let fixture = Fixture::with((0..50).map(|number| started(0, number, "claude")).collect());
    let (mut after, mut seen) = (3, Vec::new());
    while after < 47 {
        let page = fixture.reader.page(after, 47, 1000, &all()).unwrap();
        assert!(page.last_seq > after && page.count < 10);
        seen.extend(seqs(&page));
        after = page.last_seq;
    }
    assert_eq!(seen, (4..=47).collect::<Vec<_>>());
    let beyond = fixture.reader.page(50, 99, 1000, &all()).unwrap();
    assert_eq!((beyond.count, beyond.last_seq), (0, 50));
}

#[test]
fn a_page_of_what_does_not_pass_still_moves_on() {
    let fixture = Fixture::with((0..50).map(|number| started(0, number, "claude")).collect());
    let none = Filter { agent: Some("codex".into()), ..all() };
    let page = fixture.reader.page(0, u64::MAX, 1, &none).unwrap();
    assert_eq!((page.count, page.last_seq), (0, 50));
}

#[test]
fn records_pass_each_filter() {
    let fixture = Fixture::with(vec![
        daemon_started(0, "b"),
        coverage("proc", "lost", 1, None),
        started(2, 1, "claude"),
        in_repo(3, 1, "/src/1", Some("h:one")),
        started(4, 2, "codex"),
        touched(5, 2, "/src/2", "launch"),
        touched_in(6, 2, "/src/1/sub", "command", Some(repo("/src/1", Some("h:one")))),
        ended(7, 1, Some(0)),
    ]);
    let reader = &fixture.reader;
    let dir = |dir: &str| Filter { dir: Some(dir.into()), ..all() };
    assert_eq!(records(reader, &all()), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(records(reader, &between(1, 4)), [2, 3, 4]);
    assert_eq!(records(reader, &Filter { agent: Some("claude".into()), ..all() }), [3, 4, 8]);
    let launch = Filter { launch: Some(id(2).to_string()[..20].into()), ..all() };
    assert_eq!(records(reader, &launch), [5, 6, 7]);
    // The end of a launch was where the launch was; a touch is where it was itself.
    assert_eq!(records(reader, &dir("/src/1")), [3, 4, 7, 8]);
    assert_eq!(records(reader, &Filter { repo: Some("h:one".into()), ..all() }), [3, 4, 7, 8]);
    assert_eq!(records(reader, &Filter { running: true, ..all() }), [5, 6, 7]);
    let codex_there = Filter { agent: Some("codex".into()), ..dir("/src/1") };
    assert_eq!(records(reader, &codex_there), [7]);
    assert!(records(reader, &Filter { session: Some("s".into()), ..all() }).is_empty());
}

#[test]
fn a_pruned_record_is_passed_over() {
    let fixture = Fixture::with((0..3).map(|number| started(0, number, "claude")).collect());
    fixture.ledger.connection().execute("UPDATE record SET body = NULL WHERE seq = 2", []).unwrap();
    assert_eq!(records(&fixture.reader, &all()), [1, 3]);
    assert!(fixture.reader.records_of(id(1)).unwrap().is_empty());
}
